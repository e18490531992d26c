"""Amazon Elasticsearch: the older API for OpenSearch's domains."""

from __future__ import annotations

from executor.catalog.declarations import Service
from executor.catalog.services.opensearch import DOMAIN, domain_operations

SERVICE = Service(
    name="es",
    types=(),
    reaches=("opensearch",),
    elsewhere={
        DOMAIN.type: domain_operations(
            create="CreateElasticsearchDomain",
            delete="DeleteElasticsearchDomain",
            update="UpdateElasticsearchDomainConfig",
            upgrade="UpgradeElasticsearchDomain",
            software_update="StartElasticsearchServiceSoftwareUpdate",
        )
    },
)
