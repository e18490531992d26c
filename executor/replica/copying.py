"""Copy the data of named resources, where a person asks for more than its likeness.

Bodies go from the target into the sandbox, which lives in memory, and nowhere else. What
cannot be copied stays a placeholder, and is a gap.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from executor.aws import CallFailed, RawCaller
from executor.catalog.catalog import Catalog
from executor.model.resource import GLOBAL, Gap, Resource

MOST_BYTES = 256 * 1024 * 1024
"""How much of streamed bodies one dry run copies at most."""


class Copier:
    """Fills seed calls with the target's data; see `executor.replica.seeder.Filling`."""

    def __init__(
        self,
        catalog: Catalog,
        target: RawCaller,
        *,
        wanted: Callable[[Resource], bool],
        most_bytes: int = MOST_BYTES,
    ) -> None:
        """Args:
        catalog: the declarations.
        target: reads the target.
        wanted: whether the data of a resource is to be copied.
        most_bytes: how much of streamed bodies to copy at most.
        """
        self._catalog = catalog
        self._target = target
        self._wanted = wanted
        self._left = most_bytes
        self._gaps: dict[str, Gap] = {}

    def __call__(
        self, resource: Resource, operation: str, params: Mapping[str, object]
    ) -> Mapping[str, object]:
        """Return the parameters of a seed call with data of the target, or as they are."""
        if not self._wanted(resource):
            return params
        kind = self._catalog.type(resource.type)
        if kind is None or kind.copy is None:
            self._failed(resource, "data of this type is never copied")
            return params
        service = self._catalog.service_of(resource.type)
        try:
            return kind.copy.fill(
                _Copying(self, service, resource), resource.raw, operation, params
            )
        except CallFailed as failure:
            self._failed(resource, f"{failure.operation}: {failure.code}: {failure.message}")
            return params

    def taken(self) -> tuple[Gap, ...]:
        """Return what could not be copied since this was last asked."""
        gaps, self._gaps = tuple(self._gaps.values()), {}
        return gaps

    def _failed(self, resource: Resource, reason: str) -> None:
        self._gaps.setdefault(
            resource.address,
            Gap(
                service=self._catalog.service_of(resource.type),
                type=resource.type,
                address=resource.address,
                reason=f"its data could not be copied: {reason}"[:300],
            ),
        )


class _Copying:
    """What a declaration sees of the target."""

    def __init__(self, copier: Copier, service: str, resource: Resource) -> None:
        self._copier = copier
        self._service = service
        self._region = "" if resource.region == GLOBAL else resource.region

    def call(self, operation: str, params: Mapping[str, object]) -> Mapping[str, object]:
        """Make one call; see `executor.catalog.declarations.Copying`."""
        return self._copier._target.raw_call(self._service, operation, params, region=self._region)

    def body(self, answer: Mapping[str, object], key: str) -> bytes:
        """Read a streamed body; see `executor.catalog.declarations.Copying`."""
        read = getattr(answer.get(key), "read", None)
        left = self._copier._left
        data = read(left + 1) if callable(read) else b""
        if len(data) > left:
            raise CallFailed(
                service=self._service,
                operation="copying",
                code="TooMuch",
                message=f"only {MOST_BYTES} bytes are copied in one run",
                status=0,
            )
        self._copier._left = left - len(data)
        return bytes(data)
