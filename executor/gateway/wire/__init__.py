"""What a request asks for, told from its bytes by botocore's own models."""

from executor.gateway.wire.answers import Answers, error_response
from executor.gateway.wire.codings import unchunked_pieces
from executor.gateway.wire.hosts import bucket_of_host
from executor.gateway.wire.identify import Identifier
from executor.gateway.wire.models import Models
from executor.gateway.wire.redaction import Redaction, decode, encode
from executor.gateway.wire.request import (
    STREAMED,
    Identity,
    Outcome,
    Signed,
    Streamed,
    Unidentifiable,
    WireRequest,
    WireResponse,
)

__all__ = [
    "STREAMED",
    "Answers",
    "Identifier",
    "Identity",
    "Models",
    "Outcome",
    "Redaction",
    "Signed",
    "Streamed",
    "Unidentifiable",
    "WireRequest",
    "WireResponse",
    "bucket_of_host",
    "decode",
    "encode",
    "error_response",
    "unchunked_pieces",
]
