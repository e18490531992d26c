"""The certificates that a replica has in place of those imported into the target.

Private keys cannot be read, so a certificate for the same names is made with a key of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

_FROM = datetime(2020, 1, 1, tzinfo=UTC)
_UNTIL = datetime(2120, 1, 1, tzinfo=UTC)
_MOST_LETTERS = 64


def placeholder_certificate(
    domain: str, names: Sequence[str], *, serial: int | None = None
) -> tuple[bytes, bytes]:
    """Return a certificate and its private key, both in PEM.

    Args:
        domain: the name that it is for.
        names: further names, `domain` among them or not.
        serial: its serial number; None takes any.
    """
    # Loaded only where a certificate is rebuilt.
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, domain[:_MOST_LETTERS])])
    every = [x509.DNSName(name) for name in dict.fromkeys((domain, *names))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(_FROM)
        .not_valid_after(_UNTIL)
        .add_extension(x509.SubjectAlternativeName(every), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return certificate.public_bytes(serialization.Encoding.PEM), private
