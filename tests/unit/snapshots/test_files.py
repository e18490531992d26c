"""Snapshot files: what is written is read, and everything else is refused."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import resource as limits
import tempfile
import zlib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from executor.errors import InvalidConfig, InvalidSnapshot
from executor.model.json import Json, canonical, digest
from executor.model.resource import DataMark, Gap, Member, Resource
from executor.model.saved import SavedScope, SavedSnapshot
from executor.snapshots.files import packed, read_snapshot, write_snapshot
from tests.unit.snapshots.saved import ACCOUNT, QUEUE, resource, saved, scope

_TEXTS = st.text(max_size=12)
_VALUES: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
    max_leaves=8,
)
_OBJECTS = st.dictionaries(_TEXTS, _VALUES, max_size=4)
_MARKS = st.none() | st.builds(
    DataMark,
    unit=st.sampled_from(["object", "item", "message"]),
    count=st.none() | st.integers(0, 9),
    entries=st.dictionaries(_TEXTS, _TEXTS, max_size=3),
    complete=st.booleans(),
)
_RESOURCES = st.builds(
    Resource,
    type=st.just(QUEUE),
    address=st.text(min_size=1, max_size=20),
    name=_TEXTS,
    id=_TEXTS,
    account=st.just(ACCOUNT),
    region=_TEXTS,
    properties=_OBJECTS,
    birth=_OBJECTS,
    handles=st.frozensets(_TEXTS, max_size=3),
    tags=st.dictionaries(_TEXTS, _TEXTS, max_size=3),
    data=_MARKS,
    members=st.lists(st.builds(Member, logical_id=_TEXTS, type=_TEXTS, id=_TEXTS), max_size=2).map(
        tuple
    ),
    raw=_OBJECTS,
    builtin=st.booleans(),
    deferred_delete=st.booleans(),
    settling=st.booleans(),
)
_GAPS = st.builds(Gap, service=_TEXTS, type=_TEXTS, reason=_TEXTS, address=_TEXTS)
_SCOPES = st.builds(
    SavedScope,
    account=st.sampled_from([ACCOUNT, "210987654321"]),
    region=st.sampled_from(["eu-west-1", "us-east-1", "global"]),
    service=st.sampled_from(["sqs", "iam", "s3"]),
    types=st.dictionaries(_TEXTS, _TEXTS, max_size=3),
    resources=st.lists(_RESOURCES, max_size=3, unique_by=lambda r: r.address).map(tuple),
    gaps=st.lists(_GAPS, max_size=2).map(tuple),
)
_SNAPSHOTS = st.lists(
    _SCOPES, max_size=4, unique_by=lambda s: (s.account, s.region, s.service)
).map(lambda scopes: saved(*scopes))


def _read(content: bytes) -> SavedSnapshot:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "x.snap"
        path.write_bytes(content)
        return read_snapshot(path)


def _sorted(snapshot: SavedSnapshot) -> SavedSnapshot:
    scopes = (
        replace(
            s,
            resources=tuple(sorted(s.resources, key=lambda r: (r.type, r.address))),
            gaps=tuple(sorted(s.gaps, key=lambda g: (g.type, g.address, g.reason))),
        )
        for s in snapshot.scopes
    )
    ordered = sorted(scopes, key=lambda s: (s.account, s.region, s.service))
    return replace(snapshot, scopes=tuple(ordered))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_SNAPSHOTS)
def test_what_is_written_is_read(snapshot: SavedSnapshot) -> None:
    content, found = packed(snapshot)
    assert _read(content) == replace(_sorted(snapshot), digest=found)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_SNAPSHOTS, st.randoms(use_true_random=False))
def test_the_same_state_has_the_same_digest_however_it_was_listed(
    snapshot: SavedSnapshot, random: object
) -> None:
    shuffle = random.shuffle  # type: ignore[attr-defined]
    scopes = list(snapshot.scopes)
    shuffle(scopes)
    mixed: list[SavedScope] = []
    for one in scopes:
        resources, gaps = list(one.resources), list(one.gaps)
        shuffle(resources)
        shuffle(gaps)
        mixed.append(replace(one, resources=tuple(resources), gaps=tuple(gaps)))
    later = replace(snapshot, scopes=tuple(mixed), taken="2027-01-01T00:00:00+00:00", source="x")
    assert packed(later)[1] == packed(snapshot)[1]


def test_another_state_has_another_digest() -> None:
    digests = {
        packed(saved(scope(resource("a", raw=raw), gaps=gaps)))[1]
        for raw in ({}, {"x": 1}, {"x": True})
        for gaps in ((), (Gap(service="sqs", type=QUEUE, reason="no"),))
    }
    assert len(digests) == 6


_WHOLE = packed(saved(scope(*(resource(f"q{n}", raw={"n": n}) for n in range(40)))))[0]


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.9, 0.99])
def test_a_truncated_file_is_refused_as_such(tmp_path: Path, share: float) -> None:
    path = tmp_path / "short.snap"
    path.write_bytes(_WHOLE[: int(len(_WHOLE) * share)])
    with pytest.raises(InvalidSnapshot, match=r"short\.snap is truncated") as failure:
        read_snapshot(path)
    assert failure.value.exit_status == 2
    assert "executor snapshot" in failure.value.hint


@settings(max_examples=120, deadline=None)
@given(st.integers(0, len(_WHOLE) - 1))
@example(2)
@example(len(_WHOLE) - 1)
def test_every_beginning_of_a_file_is_refused(length: int) -> None:
    with pytest.raises(InvalidSnapshot):
        _read(_WHOLE[:length])


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(_WHOLE) - 1), st.integers(1, 255))
def test_a_changed_byte_is_refused_or_changes_nothing(place: int, by: int) -> None:
    changed = bytearray(_WHOLE)
    changed[place] ^= by
    try:
        found = _read(bytes(changed))
    except InvalidSnapshot:
        return
    # What gzip keeps of time and system is in no checksum, and means nothing.
    assert found == _read(_WHOLE)


def _edited(edit: dict[str, Json], *, sealed: bool = False, body: bytes | None = None) -> bytes:
    line, _, old = gzip.decompress(_WHOLE).partition(b"\n")
    head = {**json.loads(line), **edit}
    if sealed:
        head.pop("seal")
        head["seal"] = digest(head)
    return gzip.compress(canonical(head) + b"\n" + (old if body is None else body))


@pytest.mark.parametrize(
    "edit",
    [
        {"taken": "2030-01-01T00:00:00+00:00"},
        {"executor": "9"},
        {"source": {"name": "prod", "endpoint_url": "", "account": "1" * 12, "region": "x"}},
    ],
    ids=str,
)
def test_an_edited_head_is_refused(edit: dict[str, Json]) -> None:
    with pytest.raises(InvalidSnapshot, match="damaged or was altered"):
        _read(_edited(edit))


def test_an_edited_body_is_refused() -> None:
    old = gzip.decompress(_WHOLE).partition(b"\n")[2]
    with pytest.raises(InvalidSnapshot, match="damaged or was altered"):
        _read(_edited({}, body=old.replace(b'"q7"', b'"q8"')))


def test_what_follows_the_end_is_refused() -> None:
    for more in (b"x", gzip.compress(b"{}"), _WHOLE):
        with pytest.raises(InvalidSnapshot, match="damaged or was altered"):
            _read(_WHOLE + more)
    with pytest.raises(InvalidSnapshot, match="damaged or was altered"):
        _read(_edited({}, body=gzip.decompress(_WHOLE).partition(b"\n")[2] + b"more"))


def test_a_newer_format_is_refused_with_what_to_do() -> None:
    with pytest.raises(InvalidSnapshot, match=r"format v2, .* none newer than v1") as failure:
        _read(_edited({"format": "executor/snapshot/v2", "new": {}}, sealed=True))
    assert "newer executor" in failure.value.hint


@pytest.mark.parametrize(
    "content",
    [
        b"PK\x03\x04 an archive",
        b'{"format": "executor/snapshot/v1"}',
        gzip.compress(b"some text\n" * 10),
        gzip.compress(b'{"format": "something/v1"}\n{}\n'),
        gzip.compress(b"[" * 100_000),
        gzip.compress(b"\x00" * (3 << 20)),
    ],
    ids=["archive", "plain", "text", "other", "deep", "zeros"],
)
def test_what_is_no_snapshot_is_called_that(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "holiday.jpg"
    path.write_bytes(content)
    with pytest.raises(InvalidSnapshot, match=r"holiday\.jpg is not a snapshot"):
        read_snapshot(path)


def test_an_empty_file_a_directory_and_nothing_at_all_are_refused(tmp_path: Path) -> None:
    empty = tmp_path / "empty.snap"
    empty.touch()
    with pytest.raises(InvalidSnapshot, match=r"empty\.snap is empty"):
        read_snapshot(empty)
    with pytest.raises(InvalidSnapshot, match="cannot be read: Is a directory"):
        read_snapshot(tmp_path)
    with pytest.raises(InvalidSnapshot, match="cannot be read: No such file"):
        read_snapshot(tmp_path / "none.snap")


def test_a_body_that_is_no_snapshot_is_refused() -> None:
    for body in (b"[]", b"{}", b'{"scopes": [1]}', b'{"scopes": [{}]}', b"nonsense"):
        edit: dict[str, Json] = {"bytes": len(body), "digest": _sha(body)}
        with pytest.raises(InvalidSnapshot, match="cannot be understood"):
            _read(_edited(edit, sealed=True, body=body + b"\n"))


def _sha(body: bytes) -> str:
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


@pytest.mark.parametrize("length", [100, 1 << 40, -1, True, "many"])
def test_a_decompression_bomb_is_not_unpacked(tmp_path: Path, length: Json) -> None:
    """Some kilobytes that would be a hundred megabytes: beyond the length that the head says."""
    head = gzip.decompress(_edited({"bytes": length}, sealed=True, body=b""))
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    pieces = [packer.compress(head), *(packer.compress(b"\x00" * (1 << 20)) for _ in range(128))]
    path = tmp_path / "bomb.snap"
    path.write_bytes(b"".join([*pieces, packer.flush()]))
    before = limits.getrusage(limits.RUSAGE_SELF).ru_maxrss
    with pytest.raises(InvalidSnapshot):
        read_snapshot(path)
    assert limits.getrusage(limits.RUSAGE_SELF).ru_maxrss - before < 30_000


def test_a_file_is_for_its_owner_alone_and_written_whole(tmp_path: Path) -> None:
    path = tmp_path / "prod.snap"
    written = write_snapshot(path, saved(scope(resource("a"))))
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_snapshot(path) == written
    assert os.listdir(tmp_path) == ["prod.snap"]  # noqa: PTH208
    with pytest.raises(InvalidConfig, match="cannot be written"):
        write_snapshot(tmp_path / "no" / "prod.snap", written)
