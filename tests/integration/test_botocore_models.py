"""Botocore rewrites S3's paths in the model it was given; identification must not see that."""

from __future__ import annotations

from pathlib import Path

from executor import Change, Executor
from executor.model.json import JsonObject
from tests.integration.conftest import Production
from tests.integration.programs import confinement

PUT_VERSIONING: JsonObject = {
    "Bucket": "reports",
    "VersioningConfiguration": {"Status": "Enabled"},
}


def test_our_own_calls_to_s3_do_not_spoil_how_requests_are_told(
    production: Production, home: Path, workdir: Path, credentials: None
) -> None:
    production.call("s3", "CreateBucket", Bucket="assets")
    executor = Executor(target=production.url, engine="embedded", confine=confinement(), home=home)
    report = executor.dry_run(
        Change.calls(
            [
                {"service": "s3", "operation": "GetBucketLocation", "params": {"Bucket": "assets"}},
                {"service": "s3", "operation": "CreateBucket", "params": {"Bucket": "reports"}},
                {"service": "s3", "operation": "PutBucketVersioning", "params": PUT_VERSIONING},
            ]
        )
    )
    assert report.decision == "allow", report.findings
    assert [(e.action, e.name) for e in report.effects] == [("create", "reports")]
    assert executor.promote(report).confirmed
