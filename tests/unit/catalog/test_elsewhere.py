"""Services whose operations act on what another service declares."""

from __future__ import annotations

from executor.catalog.catalog import Catalog
from executor.catalog.declarations import Listing, Operation, ResourceType, Service, on
from executor.model.call import Verb
from executor.model.effect import Hazard
from tests.unit.catalog.calls import call

DOMAIN = "AWS::OpenSearchService::Domain"


def _catalog(*operations: Operation) -> Catalog:
    domain = ResourceType(
        type=DOMAIN, listing=Listing(operation="ListDomainNames", items="DomainNames[]"), id="Name"
    )
    return Catalog(
        {
            "opensearch": Service(name="opensearch", types=(domain,)),
            "es": Service(
                name="es",
                types=(),
                reaches=("opensearch",),
                elsewhere={DOMAIN: operations},
            ),
        }
    )


def test_call_of_the_older_api_touches_the_newer_ones_resource() -> None:
    gone = on(Verb.DELETE, "params.DomainName", "DeleteElasticsearchDomain")
    catalog = _catalog(*gone)
    made = call("es:DeleteElasticsearchDomain", {"DomainName": "search"})
    (touch,) = catalog.touches(made)
    assert (touch.type, touch.verb, touch.handles) == (
        DOMAIN,
        Verb.DELETE,
        frozenset({"search"}),
    )
    assert catalog.trace([made]).unread == {}
    assert set(catalog.reached("es", "DeleteElasticsearchDomain")) == {"opensearch", "es"}


def test_call_that_is_not_declared_stays_unread() -> None:
    assert _catalog().trace([call("es:AddTags", {"ARN": "arn:x"})]).unread == {1: "es:AddTags"}


def test_danger_of_the_call_itself_goes_with_the_touch() -> None:
    reboot = on(
        Verb.UPDATE, "params.DomainName", "AddTags", part="'reboot'", hazard=Hazard.DISRUPTION
    )
    (touch,) = _catalog(*reboot).touches(call("es:AddTags", {"DomainName": "search"}))
    assert (touch.part, touch.hazard) == ("reboot", Hazard.DISRUPTION)
