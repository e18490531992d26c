"""The only road from a change to any AWS: identifies, admits, records, forwards."""

from executor.gateway.admission import Implements, Refused, Rule
from executor.gateway.aliases import Aliases
from executor.gateway.recorder import FileRecorder, Recorder
from executor.gateway.server import Gateway
from executor.gateway.vault import Vault
from executor.gateway.wire import unchunked_pieces

__all__ = [
    "Aliases",
    "FileRecorder",
    "Gateway",
    "Implements",
    "Recorder",
    "Refused",
    "Rule",
    "Vault",
    "unchunked_pieces",
]
