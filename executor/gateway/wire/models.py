"""Botocore's service models, loaded as they are needed, and an index of all of them.

The index (`services.json`) saves reading 434 models to find the one a request is for. It is
made by `python -m executor.gateway.wire.models` from the botocore it was made for; a service
that is not in it cannot be identified, and is refused.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from executor.gateway.wire.hosts import Hosts

if TYPE_CHECKING:
    from botocore.loaders import Loader
    from botocore.model import OperationModel, ServiceModel

    from executor.gateway.wire.rest import Route

_INDEX = Path(__file__).with_name("services.json")
# Services of which, at an address that is not AWS's, nothing in a request tells one from the
# others where they have an operation in common; the first that has it is reported.
_FAMILIES = (
    ("rds", "docdb", "neptune"),
    ("timestream-write", "timestream-query"),
    ("bedrock-agent", "bedrock-agent-runtime"),
    (
        "chime-sdk-voice",
        "chime-sdk-identity",
        "chime-sdk-media-pipelines",
        "chime-sdk-meetings",
        "chime-sdk-messaging",
    ),
)
_PLACES = {service: place for family in _FAMILIES for place, service in enumerate(family)}
# Botocore's clients take the bucket out of the paths of the very model that their loader holds,
# operation by operation as they are called. Routes made of it would be wrong.
_REWRITTEN = frozenset({"s3"})
_ENDS_HOST = re.compile(
    r"^(?:\{(?:Region|\w*[pP]artition\w*#.*|\w+#region)\}|[a-z]{2,4}(?:-[a-z]+)+-\d|us-gov|global"
    r"|api|aws|amazonaws(?:-us-gov)?|amazonwebservices|c2s|sc2s|csp|cloud|cloud-aws)$"
)
_LITERAL_HOST = re.compile(r"https://([^\"/]*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One service of the index.

    Attributes:
        service: botocore name.
        signing: names it is signed for, and the first label of its host.
        target: prefix of `X-Amz-Target`; empty when it has none.
        protocols: protocols that clients may speak.
        version: API version.
        hosts: what stands for it in host names, before region and domain.
    """

    service: str
    signing: tuple[str, ...]
    target: str
    protocols: tuple[str, ...]
    version: str
    hosts: tuple[str, ...] = ()


class Models:
    """Finds and loads models; thread-safe.

    Attributes:
        routes: by service and method; made by who identifies requests, and kept with the models.
    """

    def __init__(
        self,
        make_loader: Callable[[], Loader] | None = None,
        *,
        rewritten: frozenset[str] = _REWRITTEN,
    ) -> None:
        """Args:
        make_loader: gives a botocore loader to share, when one is needed; None makes one.
        rewritten: services whose models others who share the loader rewrite; they are read
            apart from it. Empty for a loader that gives each taker a copy.
        """
        self._make_loader = make_loader
        self._rewritten = rewritten
        self.routes: dict[str, dict[str, tuple[Route, ...]]] = {}
        self._lock = threading.Lock()
        self._services: dict[str, ServiceModel] = {}
        self._operations: dict[tuple[str, str], OperationModel | None] = {}

    @cached_property
    def _loader(self) -> Loader:
        if self._make_loader is not None:
            return self._make_loader()
        from botocore.loaders import create_loader

        return create_loader()

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
                hosts=tuple(row["hosts"]),
            )
            for name, row in rows.items()
        }

    @cached_property
    def _by_signing(self) -> Mapping[str, tuple[Entry, ...]]:
        return _grouped(self.entries.values(), lambda e: e.signing)

    @cached_property
    def _by_version(self) -> Mapping[str, tuple[Entry, ...]]:
        forms = [e for e in self.entries.values() if {"query", "ec2"} & set(e.protocols)]
        return _grouped(forms, lambda e: (e.version,))

    @cached_property
    def hosts(self) -> Hosts:
        """Reader of host names."""
        grouped = _grouped(self.entries.values(), lambda e: e.hosts)
        return Hosts({name: tuple(e.service for e in group) for name, group in grouped.items()})

    @cached_property
    def _by_target(self) -> Mapping[str, tuple[Entry, ...]]:
        return _grouped(self.entries.values(), lambda e: (e.target,) if e.target else ())

    def signed_for(self, signing_name: str) -> tuple[Entry, ...]:
        """Return the services that are signed for under a name."""
        return self._by_signing.get(signing_name, ())

    def interchangeable(self, services: Iterable[str]) -> bool:
        """Whether the services are so much alike that the first may be taken for any."""
        return any(set(services) <= set(family) for family in _FAMILIES)

    def versioned(self, version: str) -> tuple[Entry, ...]:
        """Return the services that take forms and whose API has that version."""
        return self._by_version.get(version, ())

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

    @property
    def loaded(self) -> tuple[str, ...]:
        """Services whose models have been read so far."""
        return tuple(self._services)

    def operation(self, service: str, name: str) -> OperationModel | None:
        """Return the model of an operation; None when the service has none of that name."""
        key = (service, name)
        if key not in self._operations:
            try:
                model = self.service(service)
            except KeyError:
                # The index is of another botocore.
                return None
            known = name in model.operation_names
            self._operations[key] = model.operation_model(name) if known else None
        return self._operations[key]

    def _load(self, name: str) -> ServiceModel:
        from botocore.exceptions import UnknownServiceError
        from botocore.loaders import Loader
        from botocore.model import ServiceModel

        loader = Loader() if name in self._rewritten else self._loader
        try:
            return ServiceModel(loader.load_service_model(name, "service-2"), name)
        except UnknownServiceError as error:
            raise KeyError(name) from error


def _grouped(
    entries: Iterable[Entry], keys: Callable[[Entry], Iterable[str]]
) -> dict[str, tuple[Entry, ...]]:
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        for key in keys(entry):
            found.setdefault(key, []).append(entry)

    def order(entry: Entry) -> tuple[int, str]:
        return _PLACES.get(entry.service, 0), entry.service

    return {key: tuple(sorted(group, key=order)) for key, group in found.items()}


def make_index() -> dict[str, dict[str, object]]:
    """Read every model of the installed botocore; takes seconds."""
    from botocore.loaders import Loader

    loader = Loader()
    index: dict[str, dict[str, object]] = {}
    for name in sorted(loader.list_available_services("service-2")):
        model = loader.load_service_model(name, "service-2")
        metadata = model["metadata"]
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
            "hosts": sorted(
                _hosts(prefix, json.dumps(_endpoint_rules(loader, name)))
                | _prefixed_hosts(prefix, model["operations"].values())
            ),
        }
    return index


def _endpoint_rules(loader: Loader, name: str) -> object:
    from botocore.exceptions import UnknownServiceError

    try:
        return loader.load_service_model(name, "endpoint-rule-set-1")
    except UnknownServiceError:
        return {}


def _hosts(prefix: str, rules: str) -> set[str]:
    """Return what stands for a service in the host names that its endpoint rules make."""
    found = {prefix}
    for template in _LITERAL_HOST.findall(rules):
        labels: list[str] = []
        for label in template.replace("-fips", "").split("."):
            if labels and _ENDS_HOST.match(label):
                break
            # What the rules fill in stands before the service's own labels.
            labels = [] if "{" in label else [*labels, label]
        if labels and labels[-1] == "dualstack":
            labels.pop()
        if labels and "#authority" not in template and template != "docs.aws.amazon.com":
            found.add(".".join(labels))
    return found


def _prefixed_hosts(prefix: str, operations: Iterable[Mapping[str, Any]]) -> set[str]:
    """Return the names that single operations make by putting something before the service's."""
    return {
        re.sub(r"^(?:\{\w+\}\.?)+", "", operation["endpoint"].get("hostPrefix", "")) + prefix
        for operation in operations
        if "endpoint" in operation
    }


if __name__ == "__main__":
    _ROWS = [f"{json.dumps(n)}: {json.dumps(row)}" for n, row in make_index().items()]
    _INDEX.write_text("{\n" + ",\n".join(_ROWS) + "\n}\n", encoding="utf-8")
