"""Certificates of one run: an authority that clients are told to trust, and leaves that it signs.

Its key is made in memory and never leaves it; it is gone when the run is. Should the certificate
be found in a trust store later, it is worth nothing: it expires within days, may sign no further
authority, and may vouch for AWS's own host names only.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from executor.gateway.domains import AWS_DOMAINS

if TYPE_CHECKING:
    from ssl import SSLContext

    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

# Clocks of containers and virtual machines are sometimes off by a few hours.
_BEFORE = timedelta(days=1)
_AFTER = timedelta(days=2)
# A client that asks for ever new names must not fill the memory.
_MOST_CONTEXTS = 256


class Authority:
    """Signs a certificate for every name it is asked for; thread-safe."""

    def __init__(self) -> None:
        from cryptography import x509
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.x509.oid import NameOID

        self._key = ec.generate_private_key(ec.SECP256R1())
        # One for all leaves: they live in this process, and end with it.
        self._leaf_key = ec.generate_private_key(ec.SECP256R1())
        name = x509.NameAttribute(NameOID.COMMON_NAME, "executor rehearsal, this run only")
        self._name = x509.Name([name])
        self._certificate = self._own()
        self._contexts: OrderedDict[str, SSLContext] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def pem(self) -> bytes:
        """The certificate to trust."""
        return _pem(self._certificate)

    def context(self, name: str) -> SSLContext:
        """Return a server's context for a host name.

        Args:
            name: in lower case, ASCII, of at most 253 characters.
        """
        with self._lock:
            context = self._contexts.get(name)
            if context is None:
                context = self._contexts[name] = self._context(name)
                if len(self._contexts) > _MOST_CONTEXTS:
                    self._contexts.popitem(last=False)
            self._contexts.move_to_end(name)
            return context

    def _context(self, name: str) -> SSLContext:
        from cryptography.hazmat.primitives import serialization as form

        context = server_context()
        key = self._leaf_key.private_bytes(
            form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption()
        )
        _load(context, _pem(self._leaf(name)), key)
        return context

    def _leaf(self, name: str) -> x509.Certificate:
        from cryptography import x509
        from cryptography.x509.oid import ExtendedKeyUsageOID as Usage

        # Names are longer than what a common name can hold; clients go by the other field.
        builder = self._unsigned(self._leaf_key, f"{len(name)} characters of AWS")
        return self._signed(
            builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([Usage.SERVER_AUTH]), critical=False)
            .add_extension(_usage(digital_signature=True), critical=True)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
        )

    def _own(self) -> x509.Certificate:
        import ipaddress

        from cryptography import x509

        permitted = [x509.DNSName(domain.removeprefix(".")) for domain in AWS_DOMAINS]
        # Names of another kind are not constrained by what is said of these.
        excluded = [
            x509.IPAddress(ipaddress.ip_network("0.0.0.0/0")),
            x509.IPAddress(ipaddress.ip_network("::/0")),
        ]
        return self._signed(
            self._unsigned(self._key, "")
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(key_cert_sign=True), critical=True)
            .add_extension(x509.NameConstraints(permitted, excluded), critical=True)
        )

    def _unsigned(self, key: EllipticCurvePrivateKey, common_name: str) -> x509.CertificateBuilder:
        from cryptography import x509
        from cryptography.x509.oid import NameOID

        now = datetime.now(UTC)
        subject = self._name
        if common_name:
            subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _BEFORE)
            .not_valid_after(now + _AFTER)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
        )

    def _signed(self, builder: x509.CertificateBuilder) -> x509.Certificate:
        from cryptography.hazmat.primitives.hashes import SHA256

        return builder.sign(self._key, SHA256())


def server_context() -> SSLContext:
    """Return a context that speaks what AWS's endpoints speak to any client."""
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    # A resumed session would not say again for which name it is.
    context.options |= ssl.OP_NO_TICKET
    context.num_tickets = 0
    return context


def _usage(*, digital_signature: bool = False, key_cert_sign: bool = False) -> x509.KeyUsage:
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.PEM)


def _load(context: SSLContext, certificate: bytes, key: bytes) -> None:
    """Give a context its key; Python takes it from a file only, so the files are pipes."""
    with closing(_Pipe(certificate)) as first, closing(_Pipe(key)) as second:
        context.load_cert_chain(first.path, second.path)


class _Pipe:
    """Bytes that can be read once by a path, and are nowhere on a disk."""

    def __init__(self, data: bytes) -> None:
        self._reader, writer = os.pipe()
        # A certificate and a key are far less than the 16 KiB that every system's pipe holds.
        with os.fdopen(writer, "wb") as stream:
            stream.write(data)
        self.path = f"/dev/fd/{self._reader}"

    def close(self) -> None:
        os.close(self._reader)
