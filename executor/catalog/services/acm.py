"""AWS Certificate Manager: certificates.

Whether a certificate is issued, renewed or in use is told by others, and is no setting of it.
The serial number tells one imported certificate from the next; a replica holds placeholders.
ACME endpoints and the account's settings are not read: what changes them leaves a run
undecided.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from executor.catalog.acm_placeholder import placeholder_certificate
from executor.catalog.declarations import (
    Detail,
    HazardRule,
    Listing,
    ResourceType,
    Seed,
    Service,
    on,
)
from executor.catalog.raw import objects, rows, table, text
from executor.catalog.weakening import turned_off, turned_on
from executor.model.call import Verb
from executor.model.effect import Hazard
from executor.model.json import Json, JsonObject
from executor.model.resource import DataMark

_Params = Iterator[Mapping[str, object]]

# Without a list of them only certificates with the oldest kinds of keys are told.
_KEYS = (
    "RSA_1024",
    "RSA_2048",
    "RSA_3072",
    "RSA_4096",
    "EC_prime256v1",
    "EC_secp384r1",
    "EC_secp521r1",
)
_NAMED = "params.CertificateArn"


def _names(raw: JsonObject) -> list[str]:
    return sorted({text(raw, "DomainName"), *map(str, rows(raw, "SubjectAlternativeNames"))})


def _imported(raw: JsonObject) -> bool:
    return text(raw, "Type") == "IMPORTED"


def _method(raw: JsonObject) -> str:
    for option in objects(raw, "DomainValidationOptions"):
        if option.get("ValidationMethod"):
            return text(option, "ValidationMethod")
    return ""


def _serial(raw: JsonObject) -> int | None:
    """Return the serial number, which is told as a number or as pairs of hexadecimal digits."""
    said = text(raw, "Serial")
    try:
        return int(said.replace(":", ""), 16) if ":" in said else int(said)
    except ValueError:
        return None


def _certificate(raw: JsonObject) -> Json:
    options = table(raw, "Options")
    return {
        "DomainName": raw.get("DomainName"),
        "Names": _names(raw),
        "Type": raw.get("Type"),
        "ValidationMethod": _method(raw) or None,
        "KeyAlgorithm": None if _imported(raw) else raw.get("KeyAlgorithm"),
        "Serial": _serial(raw) if _imported(raw) else None,
        "CertificateAuthorityArn": raw.get("CertificateAuthorityArn"),
        "TransparencyLogging": options.get("CertificateTransparencyLoggingPreference") or "ENABLED",
        "Export": options.get("Export") or "DISABLED",
        "Revoked": text(raw, "Status") == "REVOKED",
    }


def _request(raw: JsonObject, data: DataMark | None) -> _Params:
    if _imported(raw):
        return
    options = {k: v for k, v in table(raw, "Options").items() if v}
    method = _method(raw)
    others = [name for name in _names(raw) if name != raw.get("DomainName")]
    yield {
        "DomainName": raw["DomainName"],
        **({"SubjectAlternativeNames": others} if others else {}),
        **({"ValidationMethod": method} if method else {}),
        **{k: raw[k] for k in ("KeyAlgorithm", "CertificateAuthorityArn") if raw.get(k)},
        **({"Options": options} if options else {}),
        **({"Tags": raw["Tags"]} if raw.get("Tags") else {}),
    }


def _import(raw: JsonObject, data: DataMark | None) -> _Params:
    if _imported(raw):
        domain = text(raw, "DomainName")
        certificate, key = placeholder_certificate(domain, _names(raw), serial=_serial(raw))
        tags = {"Tags": raw["Tags"]} if raw.get("Tags") else {}
        yield {"Certificate": certificate, "PrivateKey": key, **tags}


def _made_anew(params: JsonObject, response: JsonObject) -> list[str]:
    arn = text(response, "CertificateArn")
    return [arn] if arn and not params.get("CertificateArn") else []


CERTIFICATE = ResourceType(
    type="AWS::CertificateManager::Certificate",
    listing=Listing(
        operation="ListCertificates",
        items="CertificateSummaryList[].{CertificateArn: CertificateArn}",
        params={"Includes": {"keyTypes": list(_KEYS)}},
    ),
    details=(
        Detail(
            operation="DescribeCertificate",
            params={"CertificateArn": "CertificateArn"},
            pick="Certificate",
        ),
        Detail(
            operation="ListTagsForCertificate",
            params={"CertificateArn": "CertificateArn"},
            pick="Tags",
            into="Tags",
        ),
    ),
    id="CertificateArn",
    name="DomainName",
    arn="CertificateArn",
    settings=_certificate,
    birth={"arn": "CertificateArn"},
    tags="Tags",
    seeds=(
        Seed(
            operation="RequestCertificate",
            params=_request,
            learn={"CertificateArn": "CertificateArn"},
            creates=True,
            optional=False,
        ),
        Seed(
            operation="ImportCertificate",
            params=_import,
            learn={"CertificateArn": "CertificateArn"},
            creates=True,
            optional=False,
        ),
    ),
    operations=(
        *on(Verb.CREATE, "response.CertificateArn", "RequestCertificate"),
        *on(Verb.CREATE, _made_anew, "ImportCertificate"),
        *on(Verb.UPDATE, _NAMED, "ImportCertificate", part="'content'"),
        *on(Verb.DELETE, _NAMED, "DeleteCertificate"),
        *on(
            Verb.UPDATE,
            _NAMED,
            "AddTagsToCertificate",
            "RemoveTagsFromCertificate",
            "UpdateCertificateOptions",
        ),
        *on(
            Verb.UPDATE,
            "[params.ResourceArn][?contains(@, ':certificate/')]",
            "TagResource",
            "UntagResource",
        ),
        # Nobody believes it any more, and that cannot be taken back.
        *on(
            Verb.UPDATE,
            _NAMED,
            "RevokeCertificate",
            part="'revocation'",
            hazard=Hazard.DISRUPTION,
        ),
        *on(Verb.READ, _NAMED, "ExportCertificate", "RenewCertificate", "ResendValidationEmail"),
    ),
    hazards=(
        HazardRule(field="TransparencyLogging", hazard=Hazard.PROTECTION_LOSS, when=turned_off),
        HazardRule(field="Export", hazard=Hazard.EXPOSURE, when=turned_on),
    ),
)

SERVICE = Service(name="acm", types=(CERTIFICATE,))
