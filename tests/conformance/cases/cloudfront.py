"""Distributions, origin access controls, functions, cache policies."""

from __future__ import annotations

from executor.aws import Api
from executor.catalog.raw import objects, table, text
from executor.model.json import JsonObject
from tests.conformance.catalog_harness import Case

_OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"


def _config(reference: str) -> dict[str, object]:
    methods = {"Quantity": 2, "Items": ["GET", "HEAD"]}
    bucket = {
        "Id": "bucket",
        "DomainName": "assets.s3.amazonaws.com",
        "S3OriginConfig": {"OriginAccessIdentity": ""},
        "OriginAccessControlId": "E2QWRUHAPOMQZL",
    }
    error = {
        "ErrorCode": 404,
        "ResponsePagePath": "/sorry.html",
        "ResponseCode": "200",
        "ErrorCachingMinTTL": 5,
    }
    api = {
        "PathPattern": "/api/*",
        "TargetOriginId": "bucket",
        "ViewerProtocolPolicy": "https-only",
        "CachePolicyId": _OPTIMIZED,
    }
    return {
        "CallerReference": reference,
        "Comment": "the shop",
        "Enabled": True,
        "Aliases": {"Quantity": 1, "Items": ["www.example.com"]},
        "DefaultRootObject": "index.html",
        "PriceClass": "PriceClass_100",
        "Origins": {"Quantity": 1, "Items": [bucket]},
        "DefaultCacheBehavior": {
            "TargetOriginId": "bucket",
            "ViewerProtocolPolicy": "redirect-to-https",
            "CachePolicyId": _OPTIMIZED,
            "Compress": True,
            "AllowedMethods": {**methods, "CachedMethods": methods},
        },
        "CacheBehaviors": {"Quantity": 1, "Items": [api]},
        "CustomErrorResponses": {"Quantity": 1, "Items": [error]},
        "ViewerCertificate": {
            "ACMCertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/c",
            "SSLSupportMethod": "sni-only",
            "MinimumProtocolVersion": "TLSv1.2_2021",
        },
        "Restrictions": {
            "GeoRestriction": {"RestrictionType": "whitelist", "Quantity": 1, "Items": ["DE"]}
        },
        "WebACLId": "arn:aws:wafv2:us-east-1:123456789012:global/webacl/edge/1",
        "HttpVersion": "http2",
        "IsIPV6Enabled": True,
    }


def make_distribution(api: Api, reference: str = "first") -> None:
    config = {"DistributionConfig": _config(reference)}
    made = table(api.call("cloudfront", "CreateDistribution", config), "Distribution")
    tags = {"Items": [{"Key": "team", "Value": "a b"}]}
    api.call("cloudfront", "TagResource", {"Resource": text(made, "ARN"), "Tags": tags})


def _distribution(api: Api) -> tuple[str, str, JsonObject]:
    """Return id, tag of the version, and settings of the one distribution."""
    listed = table(api.call("cloudfront", "ListDistributions", {}), "DistributionList")
    identity = text(objects(listed, "Items")[0], "Id")
    found = api.call("cloudfront", "GetDistribution", {"Id": identity})
    return identity, text(found, "ETag"), table(table(found, "Distribution"), "DistributionConfig")


def _update(api: Api) -> None:
    identity, tag, config = _distribution(api)
    changed = {**config, "Enabled": False}
    api.call(
        "cloudfront",
        "UpdateDistribution",
        {"Id": identity, "IfMatch": tag, "DistributionConfig": changed},
    )


def _remake(api: Api) -> None:
    _update(api)
    identity, tag, _ = _distribution(api)
    api.call("cloudfront", "DeleteDistribution", {"Id": identity, "IfMatch": tag})
    make_distribution(api, "second")


def _make_control(api: Api) -> None:
    config = {
        "Name": "signed",
        "Description": "for the bucket",
        "SigningProtocol": "sigv4",
        "SigningBehavior": "always",
        "OriginAccessControlOriginType": "s3",
    }
    api.call("cloudfront", "CreateOriginAccessControl", {"OriginAccessControlConfig": config})


def _make_function(api: Api) -> None:
    api.call(
        "cloudfront",
        "CreateFunction",
        {
            "Name": "rewrite",
            "FunctionConfig": {"Comment": "adds a slash", "Runtime": "cloudfront-js-2.0"},
            "FunctionCode": b"function handler(event) { return event.request }",
        },
    )


def _make_policy(api: Api) -> None:
    headers = {"Quantity": 1, "Items": ["Accept"]}
    config = {
        "Name": "short",
        "Comment": "five seconds",
        "DefaultTTL": 5,
        "MaxTTL": 10,
        "MinTTL": 1,
        "ParametersInCacheKeyAndForwardedToOrigin": {
            "EnableAcceptEncodingGzip": True,
            "HeadersConfig": {"HeaderBehavior": "whitelist", "Headers": headers},
            "CookiesConfig": {"CookieBehavior": "none"},
            "QueryStringsConfig": {"QueryStringBehavior": "none"},
        },
    }
    api.call("cloudfront", "CreateCachePolicy", {"CachePolicyConfig": config})


CASES = (
    Case(
        service="cloudfront",
        type="AWS::CloudFront::Distribution",
        make=make_distribution,
        update=_update,
        remake=_remake,
    ),
    Case(service="cloudfront", type="AWS::CloudFront::OriginAccessControl", make=_make_control),
    Case(service="cloudfront", type="AWS::CloudFront::Function", make=_make_function),
    Case(service="cloudfront", type="AWS::CloudFront::CachePolicy", make=_make_policy),
)
