"""CloudFront: what calls touch, and which changes are dangerous."""

from __future__ import annotations

import pytest

from executor.catalog.cloudfront_settings import tidy
from executor.model.json import Json
from tests.unit.catalog.calls import ACCOUNT, described, hazards, is_unread, touches

DISTRIBUTION = "AWS::CloudFront::Distribution"
CONTROL = "AWS::CloudFront::OriginAccessControl"
FUNCTION = "AWS::CloudFront::Function"
ARN = f"arn:aws:cloudfront::{ACCOUNT}:distribution/E1"


def _listed(*items: Json) -> Json:
    return {"Quantity": len(items), "Items": list(items)}


def _origin(**changes: Json) -> Json:
    return {
        "Id": "o",
        "DomainName": "assets.s3.amazonaws.com",
        "OriginAccessControlId": "E2",
        **changes,
    }


def _behavior(**changes: Json) -> dict[str, Json]:
    return {
        "TargetOriginId": "o",
        "ViewerProtocolPolicy": "https-only",
        "TrustedKeyGroups": {"Enabled": True, **_items("k")},
        "FunctionAssociations": _listed({"FunctionARN": "arn:f"}),
        "FieldLevelEncryptionId": "F",
        **changes,
    }


def _items(*items: Json) -> dict[str, Json]:
    return {"Quantity": len(items), "Items": list(items)}


def _distribution(**changes: Json) -> dict[str, Json]:
    config: dict[str, Json] = {
        "CallerReference": "r",
        "Enabled": True,
        "Aliases": _listed("www.example.com"),
        "Origins": _listed(_origin()),
        "DefaultCacheBehavior": _behavior(),
        "CacheBehaviors": _listed({**_behavior(), "PathPattern": "/api/*"}),
        "Logging": {"Enabled": True, "Bucket": "logs"},
        "WebACLId": "arn:acl",
        "ViewerCertificate": {"MinimumProtocolVersion": "TLSv1.2_2021"},
        "Restrictions": {"GeoRestriction": {"RestrictionType": "whitelist", **_items("DE")}},
        **changes,
    }
    return {"Id": "E1", "ARN": ARN, "DomainName": "d1.cloudfront.net", "DistributionConfig": config}


@pytest.mark.parametrize(
    ("after", "hazard", "field"),
    [
        ({"Enabled": False}, "disruption", "Enabled"),
        ({"Aliases": _listed()}, "disruption", "Aliases"),
        ({"Origins": _listed(_origin(DomainName="b"))}, "disruption", "Origins"),
        ({"Origins": _listed(_origin(OriginAccessControlId=""))}, "protection-loss", "Origins"),
        ({"CacheBehaviors": _listed()}, "disruption", "Behaviors"),
        (
            {"DefaultCacheBehavior": _behavior(TargetOriginId="p")},
            "disruption",
            "Behaviors",
        ),
        (
            {"DefaultCacheBehavior": _behavior(FunctionAssociations=_listed())},
            "disruption",
            "Behaviors",
        ),
        (
            {"DefaultCacheBehavior": _behavior(ViewerProtocolPolicy="allow-all")},
            "protection-loss",
            "Behaviors",
        ),
        (
            {"DefaultCacheBehavior": _behavior(FieldLevelEncryptionId="")},
            "protection-loss",
            "Behaviors",
        ),
        (
            {"DefaultCacheBehavior": _behavior(TrustedKeyGroups={"Enabled": False, "Quantity": 0})},
            "exposure",
            "Behaviors",
        ),
        ({"WebACLId": ""}, "protection-loss", "WebACLId"),
        ({"WebACLId": "arn:other"}, "protection-loss", "WebACLId"),
        ({"Logging": {"Enabled": False, "Bucket": "logs"}}, "protection-loss", "Logging.Enabled"),
        (
            {"ViewerCertificate": {"MinimumProtocolVersion": "TLSv1"}},
            "protection-loss",
            "MinimumProtocolVersion",
        ),
        (
            {"Restrictions": {"GeoRestriction": {"RestrictionType": "none", "Quantity": 0}}},
            "exposure",
            "GeoRestriction",
        ),
    ],
)
def test_changes_of_a_distribution_and_their_dangers(
    after: dict[str, Json], hazard: str, field: str
) -> None:
    assert hazards(DISTRIBUTION, _distribution(), _distribution(**after)) == {(hazard, field)}


@pytest.mark.parametrize(
    "after",
    [
        {"Comment": "said better"},
        {"PriceClass": "PriceClass_All"},
        {"Aliases": _listed("www.example.com", "example.com")},
        {"Origins": _listed(_origin(), {"Id": "p", "DomainName": "c"})},
        {"DefaultCacheBehavior": _behavior(CachePolicyId="c", Compress=True)},
        {"ViewerCertificate": {"MinimumProtocolVersion": "TLSv1.3_2025"}},
    ],
)
def test_what_serves_as_much_as_before_is_no_danger(after: dict[str, Json]) -> None:
    assert hazards(DISTRIBUTION, _distribution(), _distribution(**after)) == set()


def test_what_was_off_may_be_switched_on() -> None:
    bare: dict[str, Json] = {
        "Enabled": False,
        "WebACLId": "",
        "Logging": {"Enabled": False},
        "Restrictions": {},
    }
    assert hazards(DISTRIBUTION, _distribution(**bare), _distribution()) == set()


def test_counts_and_what_is_not_set_say_nothing() -> None:
    full: Json = {"A": {"Quantity": 0}, "B": {"Quantity": 1, "Items": ["x"]}, "C": False, "D": ""}
    assert tidy(full) == {"B": ["x"]}


def test_a_distribution_is_known_by_its_names() -> None:
    found = described(DISTRIBUTION, _distribution())
    assert {"E1", ARN, "d1.cloudfront.net", "www.example.com"} <= found.handles
    params = {"TargetDistributionId": "E9", "Alias": "www.example.com"}
    moved = touches("cloudfront:AssociateAlias", params)
    assert {handles for *_, handles, _ in moved} == {("E9",), ("www.example.com",)}


def test_a_distribution_is_made_and_ended_by_id() -> None:
    made = touches("cloudfront:CreateDistribution", {}, {"Distribution": {"Id": "E1", "ARN": ARN}})
    assert made == {("CloudFront::Distribution", "create", ("E1", ARN), "")}
    gone = touches("cloudfront:DeleteDistribution", {"Id": "E1"})
    assert gone == {("CloudFront::Distribution", "delete", ("E1",), "")}
    emptied = touches("cloudfront:CreateInvalidation", {"DistributionId": "E1"})
    assert emptied == {("CloudFront::Distribution", "read", ("E1",), "")}


def test_an_origin_access_control_that_stops_signing_disrupts() -> None:
    signs, not_ = ({"Id": "c", "SigningBehavior": word} for word in ("always", "never"))
    assert hazards(CONTROL, signs, not_) == {("disruption", "SigningBehavior")}
    assert hazards(CONTROL, not_, signs) == set()


def test_a_function_keeps_a_digest_of_its_code_only() -> None:
    raw: dict[str, Json] = {"Name": "f", "CodeDigest": "sha256:1"}
    assert described(FUNCTION, raw).properties["CodeDigest"] == "sha256:1"
    gone = touches("cloudfront:DeleteFunction", {"Name": "f"})
    assert gone == {("CloudFront::Function", "delete", ("f",), "")}


def test_what_is_not_read_leaves_a_run_undecided() -> None:
    assert is_unread("cloudfront:DeleteKeyGroup", {"Id": "k"})
    store = f"arn:aws:cloudfront::{ACCOUNT}:key-value-store/s"
    assert is_unread("cloudfront:TagResource", {"Resource": store, "Tags": {"Items": []}})
