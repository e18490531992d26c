"""EC2: network ACLs, with their entries and the subnets they filter.

A VPC's default ACL comes and goes with it, and filters every subnet that no other ACL does:
which those are is told by the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from executor.catalog.declarations import (
    Asking,
    HazardRule,
    LackingError,
    Listing,
    ResourceType,
    Seed,
    on,
)
from executor.catalog.ec2_tagging import Params, arn, ids, only, tag_operations, tagged
from executor.catalog.raw import objects, table, text
from executor.catalog.weakening import any_change
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark

_ANYWHERE = ("0.0.0.0/0", "::/0")
# What no entry allows is denied by the last ones, which cannot be changed.
_LAST = 32766
_ENTRY = ("Protocol", "RuleAction", "CidrBlock", "Ipv6CidrBlock", "PortRange", "IcmpTypeCode")
_FIRST_DEFAULT: JsonObject = {"Protocol": "-1", "RuleAction": "allow", "CidrBlock": "0.0.0.0/0"}


def _is_default(raw: JsonObject) -> bool:
    return bool(raw.get("IsDefault"))


def _changeable(raw: JsonObject) -> Iterator[JsonObject]:
    for entry in objects(raw, "Entries"):
        number = entry.get("RuleNumber")
        if isinstance(number, int) and number <= _LAST:
            yield entry


def _entries(raw: JsonObject) -> dict[str, Json]:
    return {
        _entry_name(entry): only(entry, *_ENTRY)
        for entry in sorted(_changeable(raw), key=lambda e: int(str(e["RuleNumber"])))
    }


def _entry_name(entry: Mapping[str, object]) -> str:
    return f"{'egress' if entry.get('Egress') else 'ingress'} {entry.get('RuleNumber')}"


def _subnets(raw: JsonObject) -> list[Json]:
    return [] if _is_default(raw) else ids(raw, "Associations", "SubnetId")


def _settings(raw: JsonObject) -> Json:
    return {
        "VpcId": raw.get("VpcId"),
        "IsDefault": _is_default(raw),
        "Entries": _entries(raw),
        "Subnets": _subnets(raw),
    }


def _handles(raw: JsonObject) -> Json:
    associations = [text(a, "NetworkAclAssociationId") for a in objects(raw, "Associations")]
    # An association ends with its subnet, the default ACL with its VPC.
    return [*associations, *_subnets(raw), *([text(raw, "VpcId")] if _is_default(raw) else [])]


def _create(raw: JsonObject, data: DataMark | None) -> Params:
    yield tagged(raw, "network-acl", {"VpcId": raw["VpcId"]})


def _sent(raw: JsonObject, entry: JsonObject) -> dict[str, object]:
    return {
        "NetworkAclId": raw["NetworkAclId"],
        "RuleNumber": entry["RuleNumber"],
        "Egress": bool(entry.get("Egress")),
        **only(entry, *_ENTRY),
    }


def _comes_with_default(entry: JsonObject) -> bool:
    return entry.get("RuleNumber") == 100


def _add_entries(raw: JsonObject, data: DataMark | None) -> Params:
    for entry in _changeable(raw):
        if not (_is_default(raw) and _comes_with_default(entry)):
            yield _sent(raw, entry)


def _change_first(raw: JsonObject, data: DataMark | None) -> Params:
    for entry in _changeable(raw) if _is_default(raw) else ():
        if _comes_with_default(entry) and only(entry, *_ENTRY) != _FIRST_DEFAULT:
            yield _sent(raw, entry)


def _drop_first(raw: JsonObject, data: DataMark | None) -> Params:
    kept = {bool(e.get("Egress")) for e in _changeable(raw) if _comes_with_default(e)}
    for egress in {True, False} - kept if _is_default(raw) else ():
        yield {"NetworkAclId": raw["NetworkAclId"], "RuleNumber": 100, "Egress": egress}


def _lacks_entry(params: Mapping[str, object], engine: JsonObject) -> bool:
    return _entry_name(params) not in _entries(engine)


def _filter_subnets(raw: JsonObject, data: DataMark | None) -> Params:
    for subnet in _subnets(raw):
        yield {"NetworkAclId": raw["NetworkAclId"], "SubnetId": subnet}


def _from_the_default(ask: Asking, params: Mapping[str, object]) -> Iterable[Mapping[str, object]]:
    """Give the association that the engine made with the subnet, to be replaced."""
    subnet = params["SubnetId"]
    filters = [{"Name": "association.subnet-id", "Values": [subnet]}]
    for acl in objects(ask("DescribeNetworkAcls", {"Filters": filters}), "NetworkAcls"):
        for association in objects(acl, "Associations"):
            if association.get("SubnetId") != subnet:
                continue
            if acl.get("NetworkAclId") != params["NetworkAclId"]:
                yield {
                    "AssociationId": association["NetworkAclAssociationId"],
                    "NetworkAclId": params["NetworkAclId"],
                }
            return
    raise LackingError("no ACL of the engine filters the subnet")


def _learn_association(
    raw: JsonObject, params: Mapping[str, object], answer: JsonObject
) -> Mapping[str, str]:
    return {
        text(a, "NetworkAclAssociationId"): text(answer, "NewAssociationId")
        for a in objects(raw, "Associations")
        if a.get("SubnetId") == params["SubnetId"]
    }


def _opened(before: Json, after: Json) -> bool:
    """The world is let in by a new entry, or something is not kept out any more."""
    old, new = _ingress(before), _ingress(after)
    return any(
        entry.get("RuleAction") == "allow" and _world(entry) and old.get(name) != entry
        for name, entry in new.items()
    ) or any(
        entry.get("RuleAction") == "deny" and new.get(name) != entry for name, entry in old.items()
    )


def _closed(before: Json, after: Json) -> bool:
    """Something is not let through any more, or is kept out now."""
    old, new = _named(before), _named(after)
    return any(
        entry.get("RuleAction") == "allow" and new.get(name) != entry for name, entry in old.items()
    ) or any(
        entry.get("RuleAction") == "deny" and old.get(name) != entry for name, entry in new.items()
    )


def _named(entries: Json) -> dict[str, JsonObject]:
    found = entries if isinstance(entries, Mapping) else {}
    return {name: table(found, name) for name in found}


def _ingress(entries: Json) -> dict[str, JsonObject]:
    return {n: e for n, e in _named(entries).items() if n.startswith("ingress ")}


def _world(entry: JsonObject) -> bool:
    return entry.get("CidrBlock") in _ANYWHERE or entry.get("Ipv6CidrBlock") in _ANYWHERE


def _entry_part(params: JsonObject, response: JsonObject) -> list[str]:
    return [f"entry {_entry_name(params)}"]


NETWORK_ACL = ResourceType(
    type="AWS::EC2::NetworkAcl",
    listing=Listing(operation="DescribeNetworkAcls", items="NetworkAcls[]"),
    id="NetworkAclId",
    address=arn("network-acl"),
    handles=(_handles,),
    settings=_settings,
    birth={"id": "NetworkAclId"},
    tags="Tags",
    builtin=_is_default,
    depends_on=("AWS::EC2::VPC", "AWS::EC2::Subnet"),
    adopt=lambda raw: f"default of {raw.get('VpcId')}" if _is_default(raw) else None,
    seeds=(
        Seed(
            operation="CreateNetworkAcl",
            params=_create,
            learn={"NetworkAclId": "NetworkAcl.NetworkAclId"},
            creates=True,
            optional=False,
        ),
        Seed(operation="CreateNetworkAclEntry", params=_add_entries, lacking=_lacks_entry),
        Seed(operation="ReplaceNetworkAclEntry", params=_change_first),
        Seed(
            operation="DeleteNetworkAclEntry",
            params=_drop_first,
            tolerate=frozenset({"InvalidNetworkAclEntry.NotFound"}),
        ),
        Seed(
            operation="ReplaceNetworkAclAssociation",
            params=_filter_subnets,
            complete=_from_the_default,
            learn=_learn_association,
        ),
    ),
    operations=(
        *on(Verb.CREATE, "response.NetworkAcl.NetworkAclId", "CreateNetworkAcl"),
        *on(Verb.DELETE, "params.NetworkAclId", "DeleteNetworkAcl"),
        *on(
            Verb.UPDATE,
            "params.NetworkAclId",
            "CreateNetworkAclEntry",
            "ReplaceNetworkAclEntry",
            "DeleteNetworkAclEntry",
            part=_entry_part,
        ),
        *on(
            Verb.UPDATE,
            "[params.NetworkAclId, params.AssociationId, response.NewAssociationId]",
            "ReplaceNetworkAclAssociation",
            many=True,
        ),
        *on(Verb.OPERATE, "response.Vpc.VpcId", "CreateVpc", "CreateDefaultVpc"),
        *on(Verb.OPERATE, "params.VpcId", "DeleteVpc"),
        *on(Verb.OPERATE, "params.SubnetId", "DeleteSubnet"),
        *tag_operations("acl"),
    ),
    hazards=(
        HazardRule(field="Entries", hazard=Hazard.EXPOSURE, when=_opened),
        HazardRule(field="Entries", hazard=Hazard.DISRUPTION, when=_closed),
        # What filters a subnet from now on may keep out what was let in.
        HazardRule(field="Subnets", hazard=Hazard.DISRUPTION, when=any_change),
    ),
)
