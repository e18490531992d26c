"""What makes clients trust the gateway: bundles, variables, a trust store for Java."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/ssl/cert.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/tls/cert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/usr/local/share/certs/ca-root-nss.crt",
    "/var/lib/ca-certificates/ca-bundle.pem",
)
_JAVA = (
    "/etc/ssl/certs/java/cacerts",
    "/etc/pki/ca-trust/extracted/java/cacerts",
    "/etc/pki/java/cacerts",
    "/var/lib/ca-certificates/java-cacerts",
)
_VARIABLES = (
    "AWS_CA_BUNDLE",
    "CARGO_HTTP_CAINFO",
    "CURL_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "NIX_SSL_CERT_FILE",
    "NODE_EXTRA_CA_CERTS",
    "PIP_CERT",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_FILE",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """What is put in place of a machine's trust.

    Attributes:
        bundle: PEM file, in the run's private directory.
        java: PKCS12 trust store there; None where there is no Java.
        replaced: real paths inside -> which file takes their place.
    """

    bundle: Path
    java: Path | None
    replaced: Mapping[Path, Path]

    def variables(self, shown: Path) -> dict[str, str]:
        """Return variables for clients, given where the files' directory is shown inside."""
        variables = {name: str(shown / self.bundle.name) for name in _VARIABLES}
        if self.java is not None:
            variables["JAVA_TOOL_OPTIONS"] = (
                f"-Djavax.net.ssl.trustStore={shown / self.java.name}"
                " -Djavax.net.ssl.trustStoreType=PKCS12"
            )
        return variables


def make_trust(authority: Path, private: Path, *, java: Path | None, others: bool) -> Trust:
    """Write the files.

    Args:
        authority: PEM file of the gateway's certificate.
        private: the directory to write to.
        java: the `java` that the command would start; None where there is none.
        others: servers besides the gateway will be talked to, so that the machine's own
            authorities stay trusted.

    Raises:
        OSError: a file cannot be read or written.
        ValueError: the authority is no certificate.
    """
    present = [path for path in map(Path, BUNDLES) if path.is_file()]
    bundle = _write_bundle(authority, private, present if others else ())
    replaced = {path.resolve(): bundle for path in present}
    store = None
    if java is not None:
        store = _write_store(bundle, private)
        homes = [java.resolve().parents[1] / "lib" / "security" / "cacerts"]
        for path in (*homes, *map(Path, _JAVA)):
            if path.is_file():
                replaced[path.resolve()] = store
    return Trust(bundle=bundle, java=store, replaced=replaced)


def make_trust_elsewhere(authority: Path, private: Path, *, java_home: str, others: bool) -> Trust:
    """Write the files for an image, of which it is not known what it has.

    Args:
        authority: as for `make_trust`.
        private: as for `make_trust`.
        java_home: where the image has Java; empty where it does not say.
        others: as for `make_trust`.

    Raises:
        OSError: a file cannot be read or written.
        ValueError: the authority is no certificate.
    """
    present = [path for path in map(Path, BUNDLES) if path.is_file()]
    bundle = _write_bundle(authority, private, present if others else ())
    store = _write_store(bundle, private)
    replaced = {Path(path): bundle for path in BUNDLES} | {Path(path): store for path in _JAVA}
    if java_home.startswith("/"):
        replaced[Path(java_home, "lib", "security", "cacerts")] = store
    return Trust(bundle=bundle, java=store, replaced=replaced)


def find_java(environment: Mapping[str, str], programs: Sequence[str]) -> Path | None:
    """Return the `java` that a command finds; None where there is none.

    Args:
        environment: the command's.
        programs: directories of the PATH.
    """
    homes = [Path(environment["JAVA_HOME"], "bin")] if environment.get("JAVA_HOME") else []
    for directory in (*homes, *map(Path, programs)):
        found = directory / "java"
        if os.access(found, os.X_OK):
            return found
    return None


def some_authority() -> bytes:
    """Return a certificate that the machine has anyway, to practise with; empty for none."""
    for path in map(Path, BUNDLES):
        if path.is_file():
            first, end, _ = path.read_bytes().partition(b"-----END CERTIFICATE-----\n")
            return first + end
    return b""


def _write_bundle(authority: Path, private: Path, present: Sequence[Path]) -> Path:
    own = authority.read_bytes()
    if b"-----BEGIN CERTIFICATE-----" not in own:
        raise ValueError(f"{authority.name} is no certificate")
    bundle = private / "trusted.pem"
    bundle.write_bytes(own.strip() + b"\n" + (present[0].read_bytes() if present else b""))
    return bundle


def _write_store(bundle: Path, private: Path) -> Path:
    store = private / "trusted.p12"
    store.write_bytes(_java_store(bundle.read_bytes()))
    return store


def _java_store(bundle: bytes) -> bytes:
    # Loaded here because only a machine with Java needs it, and it takes its time.
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import NoEncryption, pkcs12

    with warnings.catch_warnings():
        # Some of the world's authorities are older than the rules.
        warnings.simplefilter("ignore")
        certificates = x509.load_pem_x509_certificates(bundle)
    entries = [
        pkcs12.PKCS12Certificate(certificate, b"%d" % number)
        for number, certificate in enumerate(certificates)
    ]
    # Without a password: Java opens its own store without one where no option names it.
    return pkcs12.serialize_java_truststore(entries, NoEncryption())
