"""A stand-in for the gateway's side of a door: two unix sockets that answer any request."""

from __future__ import annotations

import contextlib
import datetime
import socket
import ssl
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from sandboxes.model import Door

BODY = b"<?xml version='1.0'?><GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:root</Arn><UserId>a</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"  # noqa: E501
PORT = 40_001


@dataclass(slots=True)
class Gateway:
    """Answers every request with the same body.

    Attributes:
        door: where it is found.
        requests: heads of the requests, in order.
    """

    door: Door
    requests: list[str] = field(default_factory=list)

    def hosts(self) -> list[str]:
        """The hosts that were asked for."""
        lines = [line for head in self.requests for line in head.split("\r\n")]
        return [line[6:] for line in lines if line.lower().startswith("host: ")]


@contextlib.contextmanager
def open_gateway(directory: Path) -> Iterator[Gateway]:
    """Serve at unix sockets in `directory`."""
    # Socket paths have a short limit, which temporary directories of tests exceed.
    with tempfile.TemporaryDirectory(prefix="doors-") as short:
        place = Path(short)
        authority = directory / "authority.pem"
        context = _context(authority, directory)
        door = Door(
            url=f"http://127.0.0.1:{PORT}",
            http=place / "http",
            tls=place / "tls",
            authority=authority,
        )
        gateway = Gateway(door)
        with contextlib.ExitStack() as stack:
            for name, tls in (("http", None), ("tls", context)):
                listener = stack.enter_context(socket.socket(socket.AF_UNIX))
                listener.bind(str(place / name))
                listener.listen(64)
                thread = threading.Thread(target=_accept, args=(listener, tls, gateway))
                thread.start()
                stack.callback(thread.join)
                stack.callback(listener.shutdown, socket.SHUT_RDWR)
            yield gateway


def _accept(listener: socket.socket, tls: ssl.SSLContext | None, gateway: Gateway) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        connection.settimeout(10)
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            stack.enter_context(connection)
            if tls is not None:
                connection = stack.enter_context(tls.wrap_socket(connection, server_side=True))
            _answer(connection, gateway)


def _answer(connection: socket.socket, gateway: Gateway) -> None:
    received = b""
    while b"\r\n\r\n" not in received:
        data = connection.recv(65_536)
        if not data:
            return
        received += data
    head, _, body = received.partition(b"\r\n\r\n")
    text = head.decode()
    lengths = [
        line[15:] for line in text.split("\r\n") if line.lower().startswith("content-length:")
    ]
    wanted = int(lengths[0]) if lengths else 0
    missing = wanted - len(body)
    while missing > 0:
        data = connection.recv(65_536)
        if not data:
            return
        missing -= len(data)
    gateway.requests.append(text)
    connection.sendall(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nConnection: close\r\n"
        + f"Content-Length: {len(BODY)}\r\n\r\n".encode()
        + BODY
    )


def _context(authority: Path, directory: Path) -> ssl.SSLContext:
    ca_key, ca = _certificate("a test's authority", None, ())
    authority.write_bytes(ca.public_bytes(serialization.Encoding.PEM))
    regions = (f"*.{region}.amazonaws.com" for region in ("us-east-1", "eu-west-1"))
    names = ("*.amazonaws.com", "*.s3.amazonaws.com", *regions)
    key, certificate = _certificate("gateway", (ca_key, ca), names)
    chain = directory / "gateway.pem"
    chain.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    return context


_Signed = tuple[ec.EllipticCurvePrivateKey, x509.Certificate]


def _certificate(name: str, issuer: _Signed | None, names: tuple[str, ...]) -> _Signed:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    signer = issuer[0] if issuer else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[1].subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()),
            critical=False,
        )
    )
    if issuer is None:
        usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
        builder = builder.add_extension(usage, critical=True)
    if names:
        builder = builder.add_extension(
            x509.SubjectAlternativeName([x509.DNSName(n) for n in names]), critical=False
        )
    return key, builder.sign(signer, hashes.SHA256())
