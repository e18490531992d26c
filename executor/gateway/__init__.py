"""The only road from a change to any AWS: identifies, admits, records, forwards.

Names are loaded when they are first asked for: `doors` must not wait for the rest.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from executor.gateway.admission import Implements, Refused, Rule
    from executor.gateway.aliases import Aliases
    from executor.gateway.doors import Doors
    from executor.gateway.recorder import FileRecorder, Recorder
    from executor.gateway.server import Gateway
    from executor.gateway.vault import Vault
    from executor.gateway.wire import unchunked_pieces

_HOMES = {
    "Aliases": "aliases",
    "Doors": "doors",
    "FileRecorder": "recorder",
    "Gateway": "server",
    "Implements": "admission",
    "Recorder": "recorder",
    "Refused": "admission",
    "Rule": "admission",
    "Vault": "vault",
    "unchunked_pieces": "wire",
}

__all__ = [
    "Aliases",
    "Doors",
    "FileRecorder",
    "Gateway",
    "Implements",
    "Recorder",
    "Refused",
    "Rule",
    "Vault",
    "unchunked_pieces",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
