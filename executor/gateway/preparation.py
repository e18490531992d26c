"""Before the first call of a kind is forwarded, the replica is made ready for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from executor.errors import ExecutorError
from executor.gateway.accounts import Accounts
from executor.gateway.admission import Refused
from executor.gateway.wire import Identity
from executor.model.call import Refusal

Prepare = Callable[[str, str, str, str, Mapping[str, object]], None]
"""Told service, operation, region, account and parameters before a call is forwarded; may take
its time."""


class Preparation:
    """Asks once for each service, operation, region and account; used by one event loop.

    Where the parameters matter it asks for every call.

    Calls of one service wait for each other's preparation, those of others go on.
    """

    def __init__(
        self, prepare: Prepare, accounts: Accounts, parameters_tell: Callable[[str], bool]
    ) -> None:
        """Args:
        prepare: blocks until the replica is ready; runs in a thread of its own.
        accounts: whose call it is.
        parameters_tell: whether a service's calls reach as far as their parameters say.
        """
        self._prepare = prepare
        self._parameters_tell = parameters_tell
        self._accounts = accounts
        self._done: set[tuple[str, str, str, str]] = set()
        self._locks: dict[tuple[str, str, str], asyncio.Lock] = {}

    def is_done(self, identity: Identity) -> bool:
        """Whether a call need not wait."""
        return self._key(identity) in self._done

    def _key(self, identity: Identity) -> tuple[str, str, str, str]:
        account = self._accounts.of(identity)
        return identity.service, identity.operation, identity.region, account

    async def refusal(self, identity: Identity) -> Refused | None:
        """Prepare for a call; returns why it must not be made, if so."""
        key = self._key(identity)
        if key in self._done:
            return None
        place = (identity.service, identity.region, key[3])
        lock = self._locks.setdefault(place, asyncio.Lock())
        async with lock:
            if key in self._done:
                return None
            try:
                await asyncio.get_running_loop().run_in_executor(
                    None, self._prepare, *key, identity.params
                )
            except ExecutorError as error:
                return _unprepared(error.message)
            except Exception as error:  # the end of a thread; what it raises is no client's loss
                return _unprepared(f"preparing failed: {type(error).__name__}: {error}")
            if not self._parameters_tell(identity.service):
                self._done.add(key)
        return None


def _unprepared(message: str) -> Refused:
    return Refused(refusal=Refusal.NOT_HYDRATED, code="NotHydrated", message=message)
