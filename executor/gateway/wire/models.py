"""Botocore's service models, loaded as they are needed, and an index of all of them.

The index (`services.json`) saves reading 434 models to find the one a request is for. It is
made by `python -m executor.gateway.wire.models` from the botocore it was made for; a service
that is not in it cannot be identified, and is refused.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from botocore.loaders import Loader
    from botocore.model import OperationModel, ServiceModel

_INDEX = Path(__file__).with_name("services.json")
# Services that speak another's protocol under its signing name; the first is what is meant.
_ALSO = {"rds": ("rds", "docdb", "neptune")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One service of the index.

    Attributes:
        service: botocore name.
        signing: names it is signed for, and the first label of its host.
        target: prefix of `X-Amz-Target`; empty when it has none.
        protocols: protocols that clients may speak.
        version: API version.
    """

    service: str
    signing: tuple[str, ...]
    target: str
    protocols: tuple[str, ...]
    version: str


class Models:
    """Finds and loads models; thread-safe."""

    def __init__(self, loader: Loader | None = None) -> None:
        """Args:
        loader: a botocore loader to share; None makes one.
        """
        self._given = loader
        self._lock = threading.Lock()
        self._services: dict[str, ServiceModel] = {}
        self._operations: dict[tuple[str, str], OperationModel | None] = {}

    @cached_property
    def _loader(self) -> Loader:
        from botocore.loaders import Loader

        return self._given or Loader()

    @cached_property
    def entries(self) -> Mapping[str, Entry]:
        """The index, by botocore name."""
        rows = json.loads(_INDEX.read_text(encoding="utf-8"))
        return {
            name: Entry(
                service=name,
                signing=tuple(row["signing"]),
                target=row["target"],
                protocols=tuple(row["protocols"]),
                version=row["version"],
            )
            for name, row in rows.items()
        }

    @cached_property
    def _by_signing(self) -> Mapping[str, tuple[Entry, ...]]:
        return _grouped(self.entries.values(), lambda e: e.signing)

    @cached_property
    def _by_target(self) -> Mapping[str, tuple[Entry, ...]]:
        return _grouped(self.entries.values(), lambda e: (e.target,) if e.target else ())

    def signed_for(self, signing_name: str) -> tuple[Entry, ...]:
        """Return the services that are signed for under a name."""
        found = self._by_signing.get(signing_name, ())
        preferred = _ALSO.get(signing_name, ())
        return tuple(sorted(found, key=lambda e: (e.service in preferred[1:], e.service)))

    def targeted(self, prefix: str) -> tuple[Entry, ...]:
        """Return the services of an `X-Amz-Target` prefix."""
        return self._by_target.get(prefix, ())

    def service(self, name: str) -> ServiceModel:
        """Return the model of a service.

        Raises:
            KeyError: botocore has none of that name.
        """
        with self._lock:
            model = self._services.get(name)
            if model is None:
                model = self._load(name)
                self._services[name] = model
            return model

    def operation(self, service: str, name: str) -> OperationModel | None:
        """Return the model of an operation; None when the service has none of that name."""
        key = (service, name)
        if key not in self._operations:
            model = self.service(service)
            known = name in model.operation_names
            self._operations[key] = model.operation_model(name) if known else None
        return self._operations[key]

    def _load(self, name: str) -> ServiceModel:
        from botocore.exceptions import UnknownServiceError
        from botocore.model import ServiceModel

        try:
            return ServiceModel(self._loader.load_service_model(name, "service-2"), name)
        except UnknownServiceError as error:
            raise KeyError(name) from error


def _grouped(entries: Iterable[Entry], keys: object) -> dict[str, tuple[Entry, ...]]:
    assert callable(keys)
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        for key in keys(entry):
            found.setdefault(key, []).append(entry)
    return {key: tuple(group) for key, group in found.items()}


def make_index() -> dict[str, dict[str, object]]:
    """Read every model of the installed botocore; takes seconds."""
    from botocore.loaders import Loader

    loader = Loader()
    index: dict[str, dict[str, object]] = {}
    for name in sorted(loader.list_available_services("service-2")):
        metadata = loader.load_service_model(name, "service-2")["metadata"]
        protocols = list(metadata.get("protocols") or [metadata["protocol"]])
        if "awsQueryCompatible" in metadata and "query" not in protocols:
            protocols.append("query")
        signing = [metadata.get("signingName") or metadata["endpointPrefix"]]
        prefix = metadata["endpointPrefix"]
        if prefix not in signing:
            signing.append(prefix)
        index[name] = {
            "signing": signing,
            "target": metadata.get("targetPrefix", ""),
            "protocols": protocols,
            "version": metadata["apiVersion"],
        }
    return index


if __name__ == "__main__":
    _INDEX.write_text(json.dumps(make_index(), indent=0) + "\n", encoding="utf-8")
