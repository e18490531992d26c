"""Certificates."""

from __future__ import annotations

from executor.aws import Api
from executor.catalog.acm_placeholder import placeholder_certificate
from executor.catalog.raw import objects
from tests.conformance.catalog_harness import Case

_TAGS = [{"Key": "team", "Value": "a b"}]


def make_certificates(api: Api) -> None:
    api.call(
        "acm",
        "RequestCertificate",
        {
            "DomainName": "www.example.com",
            "SubjectAlternativeNames": ["*.api.example.com"],
            "ValidationMethod": "DNS",
            "Options": {"CertificateTransparencyLoggingPreference": "DISABLED"},
            "Tags": _TAGS,
        },
    )


def _make_imported(api: Api) -> None:
    certificate, key = placeholder_certificate("old.example.com", ["older.example.com"])
    params = {"Certificate": certificate, "PrivateKey": key, "Tags": _TAGS}
    api.call("acm", "ImportCertificate", params)


def _remake(api: Api) -> None:
    listed = api.call("acm", "ListCertificates", {})
    for certificate in objects(listed, "CertificateSummaryList"):
        api.call("acm", "DeleteCertificate", {"CertificateArn": certificate["CertificateArn"]})
    make_certificates(api)


_CERTIFICATE = "AWS::CertificateManager::Certificate"
CASES = (
    Case(service="acm", type=_CERTIFICATE, make=make_certificates, remake=_remake),
    Case(service="acm", type=_CERTIFICATE, make=_make_imported),
)
