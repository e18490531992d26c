"""The law: what botocore makes of an operation and its parameters is told from the bytes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path

import pytest
from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel

from executor.gateway.domains import is_aws_name
from executor.gateway.wire import Identifier, Models, Unidentifiable, WireRequest
from executor.gateway.wire.models import Entry, make_index
from tests.unit.gateway.wire.endpoints import aws_hosts
from tests.unit.gateway.wire.exceptions import (
    ADDED,
    AT_OTHER_HOSTS,
    EVERYWHERE,
    MOVED,
    REFUSED,
    RENAMED,
    listed,
)
from tests.unit.gateway.wire.generating import Params, request_for

MODELS = Models()
IDENTIFIER = Identifier(MODELS)


def canonical(value: object) -> object:
    """What the wire can carry: no empty structures and lists, times as seconds."""
    match value:
        case Mapping():
            kept = {k: canonical(v) for k, v in value.items()}
            return {k: v for k, v in kept.items() if v not in ({}, [], None)}
        case list():
            return [v for v in map(canonical, value) if v not in ({}, [], None)]
        case datetime():
            return value.timestamp()
    return value


def aws_host(entry: Entry, operation: OperationModel) -> tuple[str, str]:
    """Return a region and the host there; by turns, so that a service's operations see all."""
    endpoint: Mapping[str, str] | None = operation.endpoint  # type: ignore[assignment]
    prefix = endpoint["hostPrefix"] if endpoint else ""
    service = operation.service_model.metadata["endpointPrefix"]
    hosts = [(r, h) for r, h in aws_hosts(entry.service) if is_aws_name(h)]
    hosts.append(("eu-west-1", f"{service}.eu-west-1.amazonaws.com"))
    region, host = hosts[len(operation.name) % len(hosts)]
    return region, re.sub(r"\{\w+\}", "123456789012", prefix) + host


def variants(
    entry: Entry, operation: OperationModel
) -> Iterator[tuple[dict[str, object], WireRequest]]:
    """The operation in every protocol: the least at AWS's host, all and anything at another."""
    for protocol in entry.protocols:
        if entry.service == "sqs" and protocol == "query":
            continue  # botocore has lost its names: see test_parsing
        for only_required, wild in ((True, False), (False, False), (False, True)):
            params: dict[str, object] = {}
            if operation.input_shape is not None:
                made = Params(len(operation.name), only_required=only_required, wild=wild)
                params = made.structure(operation.input_shape)
            region, host = "eu-west-1", "127.0.0.1:4566"
            if only_required:
                region, host = aws_host(entry, operation)
            yield (
                params,
                request_for(
                    operation,
                    params,
                    signing=entry.signing[0],
                    protocol=protocol,
                    host=host,
                    region=region,
                ),
            )


def told(
    entry: Entry, operation: OperationModel, params: dict[str, object], request: WireRequest
) -> tuple[str, str] | None:
    """Identify a request, and hold its parameters to those that went in."""
    try:
        identity = IDENTIFIER.identify(request)
    except Unidentifiable:
        return None
    assert f"/{identity.region}/" in request.header("authorization")
    assert identity.access_key == "AKIDEXAMPLE"
    key = (identity.service, identity.operation)
    if key == (entry.service, operation.name) and not operation.has_event_stream_input:
        added = ADDED.get(key, set())
        found = {n: v for n, v in identity.params.items() if n in params or n not in added}
        assert canonical(found) == canonical(params), f"{key} {request.target}"
    return key


def test_the_index_is_that_of_the_installed_botocore() -> None:
    made = make_index()
    assert set(MODELS.entries) == set(made)
    for name, row in made.items():
        ours = MODELS.entries[name]
        assert row == {
            "signing": list(ours.signing),
            "target": ours.target,
            "protocols": list(ours.protocols),
            "version": ours.version,
            "hosts": list(ours.hosts),
        }


@pytest.mark.parametrize("service", sorted(MODELS.entries))
def test_every_operation_is_told_from_its_bytes(service: str) -> None:
    entry = MODELS.entries[service]
    model = MODELS.service(service)
    for name in model.operation_names:
        operation = model.operation_model(name)
        found = {told(entry, operation, p, request) for p, request in variants(entry, operation)}
        instead = found - {(service, name)}
        assert instead <= listed(service, name), name
        assert bool(instead) == bool(listed(service, name)), f"{name} is listed and told"


def test_no_exception_is_listed_that_does_not_exist() -> None:
    named = [(s, o) for table in (EVERYWHERE, AT_OTHER_HOSTS) for s, (_, o) in table.items()]
    for service, operations in named:
        assert operations == "*" or set(operations.split()) <= set(
            MODELS.service(service).operation_names
        )
    for service, operation in (*REFUSED, *ADDED, *((s, o) for s in RENAMED for o in RENAMED[s])):
        assert operation in MODELS.service(service).operation_names


@pytest.mark.parametrize("service", sorted(MODELS.entries))
def test_every_host_of_a_service_is_known(service: str) -> None:
    hosts = [host for _, host in aws_hosts(service)]
    # These want more than a region.
    assert hosts or service in {"acm", "cloudfront-keyvaluestore", "neptune-graph"}
    for region, host in aws_hosts(service):
        if not is_aws_name(host):
            # The pages that people sign in at; the CLI's browser goes there, and nothing else.
            assert service == "signin"
            continue
        place = MODELS.hosts.place(host)
        assert service in place.services, host
        # A service may be in one region of its partition, or name none.
        same = place.region.split("-")[0] == region.split("-")[0]
        assert place.region in ("", region) or same or place.region in ("us-east-1", "us-west-2")


@pytest.mark.parametrize("bucket", ["logs", "my.dotted.bucket", "eu-west-1", "s3"])
def test_every_s3_operation_is_the_same_with_the_bucket_in_the_host(bucket: str) -> None:
    entry, model = MODELS.entries["s3"], MODELS.service("s3")
    hosts = [host for _, host in aws_hosts("s3", bucket) if host.startswith(f"{bucket}.")]
    hosts.append(f"{bucket}.s3.eu-west-1.amazonaws.com")
    tried = 0
    for name in model.operation_names:
        operation = model.operation_model(name)
        if name in RENAMED["s3"] or "{Bucket}" not in operation.http["requestUri"]:
            continue
        assert operation.input_shape is not None
        params = Params(3, only_required=False).structure(operation.input_shape)
        params["Bucket"] = bucket
        path_style = request_for(operation, params, signing="s3", protocol="rest-xml")
        headers = tuple((n, v) for n, v in path_style.headers if n != "Host")
        virtual = WireRequest(
            method=path_style.method,
            target=re.sub(rf"^/{re.escape(bucket)}(?=[/?]|$)/?", "/", path_style.target),
            headers=(*headers, ("Host", hosts[tried % len(hosts)])),
            body=path_style.body,
        )
        assert told(entry, operation, params, virtual) == ("s3", name)
        tried += 1
    assert tried > 90


@pytest.mark.awscli
@pytest.mark.slow
def test_the_requests_of_another_release_are_told_as_well() -> None:
    """The AWS CLI vendors botocore of an age of its own: what it has and we lack is refused."""
    found_at = find_spec("awscli")
    assert found_at is not None
    assert found_at.origin is not None
    loader = Loader(include_default_search_paths=False)
    loader.search_paths.append(str(Path(found_at.origin).parent / "botocore" / "data"))
    tried = 0
    refused: dict[str, list[str]] = {}
    for service in sorted(set(loader.list_available_services("service-2")) & set(MODELS.entries)):
        model = ServiceModel(loader.load_service_model(service, "service-2"), service)
        for name in model.operation_names:
            operation = model.operation_model(name)
            made = Params(1, only_required=False)
            shape = operation.input_shape
            params = made.structure(shape) if shape is not None else {}
            signing = str(model.metadata.get("signingName", model.metadata["endpointPrefix"]))
            protocol = model.resolved_protocol
            request = request_for(operation, params, signing=signing, protocol=protocol)
            found = told(MODELS.entries[service], operation, params, request)
            tried += 1
            if found != (service, name) and found not in listed(service, name):
                assert found is None
                refused.setdefault(service, []).append(name)
    assert {s: " ".join(names) for s, names in refused.items()} == MOVED
    assert tried > 15_000
