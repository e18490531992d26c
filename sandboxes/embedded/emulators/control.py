"""Which requests are no AWS calls but orders to the emulator; a sandbox obeys none of them.

Emulators take orders (forget everything, answer differently, start recording to a file) at the
port at which they serve, from whoever reaches it. Nothing of ours gives such orders, so there is
no secret to keep: they are refused whoever asks. What an emulator reads as an order is not an
AWS call to it either, so that nothing is lost.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

STATUS: Final = 403


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """Where an emulator takes orders; paths without their first slash, in lower case.

    Attributes:
        below: every path that begins so.
        at: these paths alone.
    """

    below: tuple[str, ...]
    at: frozenset[str]

    def include(self, path: str) -> bool:
        """Return whether a decoded path is one of them."""
        bare = path.lstrip("/").casefold()
        return bare.startswith(self.below) or bare.rstrip("/") in self.at


MINISTACK: Final = Orders(
    below=("_ministack", "_localstack", "_aws/", "_alb/", "@connections/"),
    at=frozenset({"health"}),
)
MOTO: Final = Orders(
    below=("moto-api", "latest/meta-data/", "latest/api/"), at=frozenset({"favicon.ico"})
)


def refusal() -> bytes:
    """Return the body of the answer to an order, JSON."""
    return json.dumps({"message": "a sandbox takes no orders; start another one"}).encode()
