"""AWS STS: it holds no resources, and none of its operations changes any."""

from __future__ import annotations

from executor.catalog.declarations import Service

SERVICE = Service(name="sts", types=())
