"""RDS: groups of subnets, of parameters and of options, which instances and clusters refer to.

Groups named `default…` are AWS's own: they are adopted and never made. Of parameters only
those are read that somebody set.
"""

from __future__ import annotations

from collections.abc import Mapping

from executor.catalog.declarations import Detail, HazardRule, Listing, ResourceType, Seed, on
from executor.catalog.identifiers import (
    Params,
    by,
    given,
    names_in,
    own_tags,
    tag_operations,
    tags_by,
)
from executor.catalog.raw import objects, rows, text
from executor.catalog.weakening import lost
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark

_MOST_PARAMETERS = 20
_ENCRYPTED_ONLY = ("rds.force_ssl", "require_secure_transport", "tls", "neptune_enforce_ssl")
_ON = ("1", "on", "true", "enabled")


def _subnet_group(raw: JsonObject) -> Json:
    return {
        "DBSubnetGroupDescription": raw.get("DBSubnetGroupDescription"),
        "SubnetIds": names_in(raw, "Subnets", "SubnetIdentifier"),
        "VpcId": raw.get("VpcId"),
    }


def _create_subnet_group(raw: JsonObject, data: DataMark | None) -> Params:
    yield {
        "DBSubnetGroupName": raw["DBSubnetGroupName"],
        "DBSubnetGroupDescription": raw.get("DBSubnetGroupDescription") or "-",
        "SubnetIds": names_in(raw, "Subnets", "SubnetIdentifier"),
        "Tags": own_tags(raw),
    }


DB_SUBNET_GROUP = ResourceType(
    type="AWS::RDS::DBSubnetGroup",
    listing=Listing(operation="DescribeDBSubnetGroups", items="DBSubnetGroups[]"),
    details=(tags_by("DBSubnetGroupArn"),),
    id="DBSubnetGroupName",
    name="DBSubnetGroupName",
    arn="DBSubnetGroupArn",
    settings=_subnet_group,
    tags="TagList",
    depends_on=("AWS::EC2::Subnet",),
    seeds=(
        Seed(
            operation="CreateDBSubnetGroup",
            params=_create_subnet_group,
            creates=True,
            optional=False,
        ),
    ),
    operations=(
        *on(
            Verb.CREATE,
            by("params.DBSubnetGroupName", "response.DBSubnetGroup.DBSubnetGroupArn"),
            "CreateDBSubnetGroup",
        ),
        *on(Verb.UPDATE, by("params.DBSubnetGroupName"), "ModifyDBSubnetGroup"),
        *on(Verb.DELETE, by("params.DBSubnetGroupName"), "DeleteDBSubnetGroup"),
        *tag_operations("subgrp"),
    ),
    hazards=(HazardRule(field="SubnetIds", hazard=Hazard.DISRUPTION, when=lost),),
)


def _parameters(raw: JsonObject) -> dict[str, Json]:
    return {
        text(parameter, "ParameterName"): parameter.get("ParameterValue")
        for parameter in objects(raw, "Parameters")
        if parameter.get("ParameterValue") is not None
    }


def _parameter_group(raw: JsonObject) -> Json:
    parameters = _parameters(raw)
    return {
        "Family": raw.get("DBParameterGroupFamily"),
        "Description": raw.get("Description"),
        "Parameters": parameters,
        "EncryptedConnections": {
            name: str(parameters[name]).lower() in _ON
            for name in _ENCRYPTED_ONLY
            if name in parameters
        },
    }


def _lax(before: Json, after: Json) -> bool:
    """Connections had to be encrypted by a parameter that is not on any more."""
    old = before if isinstance(before, Mapping) else {}
    new = after if isinstance(after, Mapping) else {}
    return any(on and new.get(name) is not True for name, on in old.items())


def _set_parameters(raw: JsonObject, name: str) -> Params:
    wanted = [
        {
            "ParameterName": parameter["ParameterName"],
            "ParameterValue": parameter["ParameterValue"],
            "ApplyMethod": parameter.get("ApplyMethod") or "pending-reboot",
        }
        for parameter in objects(raw, "Parameters")
        if parameter.get("ParameterValue") is not None
    ]
    for start in range(0, len(wanted), _MOST_PARAMETERS):
        yield {name: raw[name], "Parameters": wanted[start : start + _MOST_PARAMETERS]}


def _parameter_groups(word: str, kind: str) -> ResourceType:
    """Return the declaration of a type of parameter group: `DB` or `DBCluster`."""
    name = f"{word}ParameterGroupName"

    def create(raw: JsonObject, data: DataMark | None) -> Params:
        yield {
            name: raw[name],
            "DBParameterGroupFamily": raw["DBParameterGroupFamily"],
            "Description": raw.get("Description") or "-",
            "Tags": own_tags(raw),
        }

    def set_parameters(raw: JsonObject, data: DataMark | None) -> Params:
        return _set_parameters(raw, name)

    return ResourceType(
        type=f"AWS::RDS::{word}ParameterGroup",
        listing=Listing(
            operation=f"Describe{word}ParameterGroups", items=f"{word}ParameterGroups[]"
        ),
        details=(
            Detail(
                operation=f"Describe{word}Parameters",
                params={name: name, "Source": "'user'"},
                pick="Parameters",
                into="Parameters",
            ),
            tags_by(f"{word}ParameterGroupArn"),
        ),
        id=name,
        name=name,
        arn=f"{word}ParameterGroupArn",
        settings=_parameter_group,
        tags="TagList",
        builtin=f"starts_with({name}, 'default.')",
        seeds=(
            Seed(
                operation=f"Create{word}ParameterGroup",
                params=create,
                creates=True,
                optional=False,
            ),
            Seed(operation=f"Modify{word}ParameterGroup", params=set_parameters),
        ),
        operations=(
            *on(
                Verb.CREATE,
                by(f"params.{name}", f"response.{word}ParameterGroup.{word}ParameterGroupArn"),
                f"Create{word}ParameterGroup",
            ),
            *on(
                Verb.CREATE,
                by(f"params.Target{word}ParameterGroupIdentifier"),
                f"Copy{word}ParameterGroup",
            ),
            *on(
                Verb.READ,
                by(f"params.Source{word}ParameterGroupIdentifier"),
                f"Copy{word}ParameterGroup",
            ),
            *on(
                Verb.UPDATE,
                by(f"params.{name}"),
                f"Modify{word}ParameterGroup",
                f"Reset{word}ParameterGroup",
            ),
            *on(Verb.DELETE, by(f"params.{name}"), f"Delete{word}ParameterGroup"),
            *tag_operations(kind),
        ),
        hazards=(
            HazardRule(field="EncryptedConnections", hazard=Hazard.PROTECTION_LOSS, when=_lax),
        ),
    )


DB_PARAMETER_GROUP = _parameter_groups("DB", "pg")
DB_CLUSTER_PARAMETER_GROUP = _parameter_groups("DBCluster", "cluster-pg")


def _option(option: JsonObject) -> dict[str, Json]:
    settings = {
        text(s, "Name"): s.get("Value")
        for s in objects(option, "OptionSettings")
        if s.get("Value") not in (None, s.get("DefaultValue"))
    }
    return {
        "OptionVersion": option.get("OptionVersion"),
        "Port": option.get("Port"),
        "Settings": settings,
        "VpcSecurityGroupIds": names_in(
            option, "VpcSecurityGroupMemberships", "VpcSecurityGroupId"
        ),
    }


def _option_group(raw: JsonObject) -> Json:
    return {
        "EngineName": raw.get("EngineName"),
        "MajorEngineVersion": raw.get("MajorEngineVersion"),
        "OptionGroupDescription": raw.get("OptionGroupDescription"),
        "Options": {text(o, "OptionName"): _option(o) for o in objects(raw, "Options")},
    }


def _create_option_group(raw: JsonObject, data: DataMark | None) -> Params:
    yield {
        **given(raw, "OptionGroupName", "EngineName", "MajorEngineVersion"),
        "OptionGroupDescription": raw.get("OptionGroupDescription") or "-",
        "Tags": own_tags(raw),
    }


def _add_options(raw: JsonObject, data: DataMark | None) -> Params:
    wanted = []
    for option in objects(raw, "Options"):
        kept = _option(option)
        settings = kept["Settings"] if isinstance(kept["Settings"], Mapping) else {}
        wanted.append(
            {
                "OptionName": option["OptionName"],
                **given(kept, "OptionVersion", "Port"),
                "OptionSettings": [{"Name": n, "Value": v} for n, v in settings.items()],
                "VpcSecurityGroupMemberships": rows(kept, "VpcSecurityGroupIds"),
            }
        )
    if wanted:
        yield {
            "OptionGroupName": raw["OptionGroupName"],
            "OptionsToInclude": wanted,
            "ApplyImmediately": True,
        }


OPTION_GROUP = ResourceType(
    type="AWS::RDS::OptionGroup",
    listing=Listing(operation="DescribeOptionGroups", items="OptionGroupsList[]"),
    details=(tags_by("OptionGroupArn"),),
    id="OptionGroupName",
    name="OptionGroupName",
    arn="OptionGroupArn",
    settings=_option_group,
    tags="TagList",
    builtin="starts_with(OptionGroupName, 'default:')",
    depends_on=("AWS::EC2::SecurityGroup",),
    seeds=(
        Seed(
            operation="CreateOptionGroup",
            params=_create_option_group,
            creates=True,
            optional=False,
        ),
        Seed(operation="ModifyOptionGroup", params=_add_options),
    ),
    operations=(
        *on(
            Verb.CREATE,
            by("params.OptionGroupName", "response.OptionGroup.OptionGroupArn"),
            "CreateOptionGroup",
        ),
        *on(Verb.CREATE, by("params.TargetOptionGroupIdentifier"), "CopyOptionGroup"),
        *on(Verb.READ, by("params.SourceOptionGroupIdentifier"), "CopyOptionGroup"),
        *on(Verb.UPDATE, by("params.OptionGroupName"), "ModifyOptionGroup"),
        *on(Verb.DELETE, by("params.OptionGroupName"), "DeleteOptionGroup"),
        *tag_operations("og"),
    ),
    hazards=(HazardRule(field="Options", hazard=Hazard.DISRUPTION, when=lost),),
)
