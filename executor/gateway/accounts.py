"""Whose call it is, told by the access key that signed it.

A run has one account of its own, and may have others that the target names. A call is made in
another account only with a key that STS gave out for a role there, within the run: whatever else
a client signs with, it is the run's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from executor.gateway.wire import Identity


class Accounts:
    """The accounts of one run; used by one event loop."""

    def __init__(self, own: str, others: Iterable[str] = ()) -> None:
        """Args:
        own: 12-digit account of the run.
        others: further accounts whose roles it may take.
        """
        self.own = own
        self._others = frozenset(others)
        self._of_key: dict[str, str] = {}

    def knows(self, account: str) -> bool:
        """Whether calls may be made in an account."""
        return account == self.own or account in self._others

    def of(self, identity: Identity) -> str:
        """Return the account that a call is made in."""
        return self._of_key.get(identity.access_key, self.own)

    def learn(self, identity: Identity, response: Mapping[str, object]) -> None:
        """Remember whom the key in an answer of STS was given out for."""
        keys = response.get("Credentials")
        if identity.service != "sts" or not isinstance(keys, Mapping):
            return
        account = asked_for(identity) or self.of(identity)
        if self.knows(account):
            self._of_key[str(keys.get("AccessKeyId"))] = account


def asked_for(identity: Identity) -> str:
    """Return the account whose role or root a call to STS asks for; empty for none."""
    if identity.service != "sts" or not identity.operation.startswith("Assume"):
        return ""
    parts = str(identity.params.get("RoleArn", "")).split(":")
    return parts[4] if len(parts) > 4 else str(identity.params.get("TargetPrincipal") or "")
