"""AWS Systems Manager: parameters, documents, maintenance windows.

A parameter's value is never kept, only a digest of it; a SecureString is not even decrypted
for that. A parameter has no birth mark: its version goes back to 1 when it is re-created, and
up with every update. Labels and policies on parameters, and everything else of Systems Manager
(associations, patch baselines, inventory ...) are not read: what changes them leaves a run
undecided.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from executor.catalog.declarations import (
    Copying,
    DataCopy,
    Detail,
    HazardRule,
    Listing,
    ResourceType,
    Seed,
    Service,
    on,
)
from executor.catalog.describing import partition
from executor.catalog.raw import table, text
from executor.catalog.ssm_documents import DOCUMENT, MAINTENANCE_WINDOW, tagged, tags
from executor.catalog.weakening import removed
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject, digest
from executor.model.resource import DataMark
from executor.model.stand_in import STAND_IN

_SETTINGS = ("AllowedPattern", "DataType", "Description", "KeyId", "Policies", "Tier", "Type")
_SEEDED_VALUES = {"aws:ec2:image": "ami-00000000000000000"}


def _without_value(response: JsonObject) -> Json:
    found = table(response, "Parameter")
    return {"ValueDigest": digest(found.get("Value"))}


def _arn(raw: JsonObject) -> str:
    region, name = text(raw, "$region"), text(raw, "Name")
    account = text(raw, "$account")
    return text(raw, "ARN") or (
        f"arn:{partition(region)}:ssm:{region}:{account}:parameter/{name.removeprefix('/')}"
    )


def _settings(raw: JsonObject) -> Json:
    found = {key: raw[key] for key in _SETTINGS if raw.get(key)}
    return {**found, "ValueDigest": raw.get("ValueDigest")}


def _put(raw: JsonObject, data: DataMark | None) -> Iterator[Mapping[str, object]]:
    # Without its policies: MiniStack cannot list a parameter that has some.
    params: dict[str, object] = {
        key: raw[key] for key in _SETTINGS if raw.get(key) and key != "Policies"
    }
    if raw.get("Type") != "SecureString":
        params.pop("KeyId", None)
    value = _SEEDED_VALUES.get(text(raw, "DataType"), STAND_IN)
    yield {"Name": raw["Name"], "Value": value, "Tags": raw.get("Tags") or [], **params}


def _copied(
    copying: Copying, raw: JsonObject, operation: str, params: Mapping[str, object]
) -> Mapping[str, object]:
    if operation != "PutParameter":
        return params
    answer = copying.call("GetParameter", {"Name": raw["Name"], "WithDecryption": True})
    found = answer.get("Parameter")
    return {**params, "Value": found["Value"]} if isinstance(found, Mapping) else params


def _made(params: JsonObject, response: JsonObject) -> Sequence[str]:
    return [text(params, "Name")] if response.get("Version") == 1 else []


def _overwritten(params: JsonObject, response: JsonObject) -> Sequence[str]:
    return [] if response.get("Version") == 1 else [text(params, "Name")]


PARAMETER = ResourceType(
    type="AWS::SSM::Parameter",
    listing=Listing(operation="DescribeParameters", items="Parameters[]"),
    details=(
        Detail(operation="GetParameter", params={"Name": "Name"}, pick=_without_value),
        tags("Parameter", "Name"),
    ),
    id="Name",
    name="Name",
    arn=_arn,
    settings=_settings,
    represented=("ValueDigest",),
    tags="Tags",
    copy=DataCopy(operations=("GetParameter",), fill=_copied),
    stateful=True,
    seeds=(Seed(operation="PutParameter", params=_put, creates=True, optional=False),),
    operations=(
        *on(Verb.CREATE, _made, "PutParameter"),
        *on(Verb.UPDATE, _overwritten, "PutParameter"),
        *on(Verb.DELETE, "params.Name", "DeleteParameter"),
        *on(Verb.DELETE, "params.Names", "DeleteParameters", many=True),
        *on(Verb.UPDATE, tagged("Parameter"), "AddTagsToResource", "RemoveTagsFromResource"),
    ),
    hazards=(
        HazardRule(field="KeyId", hazard=Hazard.PROTECTION_LOSS, when=removed),
        HazardRule(field="AllowedPattern", hazard=Hazard.PROTECTION_LOSS, when=removed),
    ),
)

SERVICE = Service(name="ssm", types=(PARAMETER, DOCUMENT, MAINTENANCE_WINDOW))
