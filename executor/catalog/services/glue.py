"""AWS Glue: databases, tables with their partitions, jobs, crawlers, triggers.

Runs are not rehearsed. Connections, workflows, schemas, transforms, data quality, catalogs and
the catalog's own settings are not read: what changes them leaves a run undecided.
"""

from __future__ import annotations

from executor.catalog.declarations import Service
from executor.catalog.glue_jobs import CRAWLER, JOB, TRIGGER
from executor.catalog.glue_tables import DATABASE, TABLE

_STATISTICS = "statistics for the planning of queries"

SERVICE = Service(
    name="glue",
    types=(DATABASE, TABLE, JOB, CRAWLER, TRIGGER),
    harmless={
        "DeleteColumnStatisticsForPartition": _STATISTICS,
        "DeleteColumnStatisticsForTable": _STATISTICS,
        "UpdateColumnStatisticsForPartition": _STATISTICS,
        "UpdateColumnStatisticsForTable": _STATISTICS,
    },
)
