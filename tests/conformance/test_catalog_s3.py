"""S3 buckets on every emulator."""

from __future__ import annotations

from pathlib import Path

import pytest

from executor.model.resource import Resource
from tests.conformance.catalog_harness import EMULATORS, Lab, lab, only


def _bucket(lab: Lab) -> Resource:
    return only(lab.read("s3"), "AWS::S3::Bucket")["kept"]


@pytest.mark.parametrize("emulator", EMULATORS)
def test_purged_versions_are_seen_although_the_object_is_still_there(
    emulator: str, runtime: Path
) -> None:
    kept = {"Bucket": "kept"}
    with lab(emulator, runtime) as here:
        here.api.call("s3", "CreateBucket", kept)
        status = {"VersioningConfiguration": {"Status": "Enabled"}}
        here.api.call("s3", "PutBucketVersioning", {**kept, **status})
        first = here.api.call("s3", "PutObject", {**kept, "Key": "a", "Body": b"1"})
        here.api.call("s3", "PutObject", {**kept, "Key": "a", "Body": b"2"})
        before = _bucket(here).data
        purged = {"Key": "a", "VersionId": first["VersionId"]}
        here.api.call("s3", "DeleteObject", {**kept, **purged})
        after = _bucket(here).data
        assert before is not None
        assert after is not None
        assert set(before.entries) - set(after.entries) == {f"a?versionId={first['VersionId']}"}
        assert before.entries["a"] == after.entries["a"]


@pytest.mark.parametrize("emulator", EMULATORS)
def test_listing_goes_on_after_the_first_page(emulator: str, runtime: Path) -> None:
    kept = {"Bucket": "kept"}
    with lab(emulator, runtime) as here:
        here.api.call("s3", "CreateBucket", kept)
        for n in range(1005):
            here.api.call("s3", "PutObject", {**kept, "Key": f"{n:05}", "Body": b""})
        data = _bucket(here).data
        assert data is not None
        assert (data.count, len(data.entries), data.complete) == (1005, 1005, True)


@pytest.mark.parametrize("emulator", EMULATORS)
def test_bucket_at_home_is_rebuilt_for_a_change_that_works_abroad(
    emulator: str, runtime: Path
) -> None:
    with lab(emulator, runtime) as target, lab(emulator, runtime) as replica:
        target.api.call("s3", "CreateBucket", {"Bucket": "kept"})
        assert replica.seed(target.read("s3"), "s3", region="eu-west-1") == ()
        assert _bucket(replica).properties["Region"] == "us-east-1"
