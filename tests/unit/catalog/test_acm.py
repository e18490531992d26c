"""Certificates: what calls touch, and which changes are dangerous."""

from __future__ import annotations

import pytest
from cryptography import x509

from executor.catalog.acm_placeholder import placeholder_certificate
from executor.catalog.catalog import Catalog
from executor.model.effect import Hazard
from executor.model.json import Json
from tests.unit.catalog.calls import ACCOUNT, call, described, hazards, is_unread, touches

CERTIFICATE = "AWS::CertificateManager::Certificate"
ARN = f"arn:aws:acm:us-east-1:{ACCOUNT}:certificate/c"


def _certificate(**changes: Json) -> dict[str, Json]:
    return {"CertificateArn": ARN, "DomainName": "www.example.com", **changes}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            {"CertificateTransparencyLoggingPreference": "ENABLED"},
            {"CertificateTransparencyLoggingPreference": "DISABLED"},
            {("protection-loss", "TransparencyLogging")},
        ),
        ({"CertificateTransparencyLoggingPreference": "ENABLED"}, {}, set()),
        ({}, {"Export": "ENABLED"}, {("exposure", "Export")}),
        ({"Export": "ENABLED"}, {"Export": "DISABLED"}, set()),
    ],
)
def test_changes_of_a_certificate_and_their_dangers(
    before: Json, after: Json, expected: set[tuple[str, str]]
) -> None:
    found = hazards(CERTIFICATE, _certificate(Options=before), _certificate(Options=after))
    assert found == expected


def test_a_certificate_that_is_used_and_renewed_is_the_same() -> None:
    used = _certificate(InUseBy=["arn:x"], RenewalEligibility="ELIGIBLE", Status="ISSUED")
    waiting = _certificate(Status="PENDING_VALIDATION")
    before, after = (described(CERTIFICATE, raw).properties for raw in (waiting, used))
    assert before == after


def test_importing_makes_a_certificate_or_changes_the_one_that_is_named() -> None:
    made = touches("acm:ImportCertificate", {"Certificate": "x"}, {"CertificateArn": ARN})
    assert made == {("CertificateManager::Certificate", "create", (ARN,), "")}
    params = {"Certificate": "x", "CertificateArn": ARN}
    changed = touches("acm:ImportCertificate", params, {"CertificateArn": ARN})
    assert changed == {("CertificateManager::Certificate", "update", (ARN,), "content")}


def test_a_revoked_certificate_disrupts_and_a_renewed_one_does_not() -> None:
    (touch,) = Catalog().touches(call("acm:RevokeCertificate", {"CertificateArn": ARN}))
    assert touch.hazard is Hazard.DISRUPTION
    (touch,) = Catalog().touches(call("acm:RenewCertificate", {"CertificateArn": ARN}))
    assert touch.hazard is None


@pytest.mark.parametrize("said", ["4660", "12:34"])
def test_a_serial_number_is_the_same_however_it_is_told(said: str) -> None:
    imported = _certificate(Type="IMPORTED", Serial=said)
    assert described(CERTIFICATE, imported).properties["Serial"] == 0x1234


def test_what_stands_for_an_imported_certificate_is_for_the_same_names() -> None:
    pem, _ = placeholder_certificate("a.example.com", ["b.example.com"], serial=7)
    found = x509.load_pem_x509_certificate(pem)
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["a.example.com", "b.example.com"]
    assert found.serial_number == 7


def test_what_is_not_read_leaves_a_run_undecided() -> None:
    assert is_unread("acm:PutAccountConfiguration", {"IdempotencyToken": "x"})
    store = f"arn:aws:acm:us-east-1:{ACCOUNT}:acme-endpoint/e"
    assert is_unread("acm:TagResource", {"ResourceArn": store, "Tags": []})
