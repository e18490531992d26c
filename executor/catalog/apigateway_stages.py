"""API Gateway: deployments and stages of a REST API, as its parts."""

from __future__ import annotations

from collections.abc import Mapping

from executor.catalog.declarations import Seed
from executor.catalog.raw import objects, table, text
from executor.catalog.shaping import Making, Params, by, deep_given, given, made, tag_map
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark

_STAGE = (
    "deploymentId",
    "description",
    "variables",
    "cacheClusterEnabled",
    "cacheClusterSize",
    "tracingEnabled",
)
# Where the settings of a stage's methods lie for whoever patches them.
_METHOD_SETTINGS = {
    "metricsEnabled": "metrics/enabled",
    "loggingLevel": "logging/loglevel",
    "dataTraceEnabled": "logging/dataTrace",
    "throttlingBurstLimit": "throttling/burstLimit",
    "throttlingRateLimit": "throttling/rateLimit",
    "cachingEnabled": "caching/enabled",
    "cacheTtlInSeconds": "caching/ttlInSeconds",
    "cacheDataEncrypted": "caching/dataEncrypted",
}


def stages(raw: JsonObject) -> dict[str, Json]:
    """Return name -> what the stage is like."""
    found: dict[str, Json] = {}
    for name, stage in by(raw, "Stages", "stageName").items():
        found[name] = {
            **given(stage, *_STAGE),
            **given(stage, "clientCertificateId", "webAclArn", "documentationVersion"),
            "canary": deep_given(stage.get("canarySettings")) or None,
            "accessLog": table(stage, "accessLogSettings").get("destinationArn"),
            "accessLogFormat": table(stage, "accessLogSettings").get("format"),
            "methodSettings": {
                key: given(settings, *_METHOD_SETTINGS)
                for key, settings in table(stage, "methodSettings").items()
                if isinstance(settings, Mapping)
            },
            "tags": tag_map(stage, "tags"),
        }
    return found


def deployments(raw: JsonObject) -> dict[str, Json]:
    """Return id -> description of what a stage may go back to."""
    return {i: text(d, "description") for i, d in by(raw, "Deployments", "id").items()}


def unlogged(before: Json, after: Json) -> bool:
    """A stage that stays lost its access log, its certificate or its firewall."""
    old, new = table({"s": before}, "s"), table({"s": after}, "s")
    return any(
        stage.get(key) and not left.get(key)
        for name, stage in old.items()
        if isinstance(stage, Mapping) and isinstance(left := new.get(name), Mapping)
        for key in ("accessLog", "clientCertificateId", "webAclArn")
    )


def _deploy(raw: JsonObject, data: DataMark | None) -> Params:
    # The oldest first, as they were made.
    for deployment in sorted(objects(raw, "Deployments"), key=lambda d: text(d, "createdDate")):
        described = given(deployment, "description")
        yield Making(text(deployment, "id"), {"restApiId": raw["id"], **described})


def _lacks_deployments(params: Mapping[str, object], theirs: JsonObject) -> bool:
    return not objects(theirs, "Deployments")


def _make_stages(raw: JsonObject, data: DataMark | None) -> Params:
    for stage in objects(raw, "Stages"):
        yield {
            "restApiId": raw["id"],
            "stageName": stage["stageName"],
            **given(stage, *_STAGE),
            "tags": tag_map(stage, "tags"),
        }


def _patch_stages(raw: JsonObject, data: DataMark | None) -> Params:
    for stage in objects(raw, "Stages"):
        patches = [*_log_patches(stage), *_method_patches(stage)]
        if patches:
            yield {
                "restApiId": raw["id"],
                "stageName": stage["stageName"],
                "patchOperations": [
                    {"op": "replace", "path": path, "value": value} for path, value in patches
                ],
            }


def _log_patches(stage: JsonObject) -> list[tuple[str, str]]:
    log = given(table(stage, "accessLogSettings"), "destinationArn", "format")
    return [(f"/accessLogSettings/{key}", str(value)) for key, value in log.items()]


def _method_patches(stage: JsonObject) -> list[tuple[str, str]]:
    return [
        (f"/{key}/{place}", _spelt(settings[name]))
        for key, settings in table(stage, "methodSettings").items()
        for name, place in _METHOD_SETTINGS.items()
        if isinstance(settings, Mapping) and settings.get(name) is not None
    ]


def _spelt(value: Json) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


STAGE_SEEDS = (
    Seed(
        operation="CreateDeployment",
        params=_deploy,
        learn=made("id"),
        lacking=_lacks_deployments,
    ),
    Seed(operation="CreateStage", params=_make_stages, tolerate=frozenset({"ConflictException"})),
    Seed(operation="UpdateStage", params=_patch_stages),
)
"""What rebuilds deployments and stages, once the methods are there."""
