"""The lists of operations that the gateway enforces are what engines are found to implement."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from sandboxes.embedded.operations.evidence import Kind, kind_of
from sandboxes.listing import ENGINES, LOCALSTACK, list_of, read_listing, version_here

EMBEDDED = [engine for engine in ENGINES if engine != LOCALSTACK]
# One per kind of protocol: query, JSON, REST, and S3, which is proven.
EXAMINED = ["iam", "sqs", "apigateway", "s3"]
# What it has itself, what moto does for it, and S3; nothing that needs a program of the image's.
EXAMINED_OF_LOCALSTACK = ["sqs", "swf", "s3"]
KINDS = {
    "ministack": {Kind.DIFFERS, Kind.RUNS, Kind.SHOWN},
    "moto": {Kind.RUNS, Kind.SHOWN},
    LOCALSTACK: {Kind.HAS, Kind.HAS_SHOWN},
}
# What moto calls a service, or has in another's module.
MOTOS_NAMES = {
    "docdb": "rds",
    "es": "opensearch",
    "lambda": "awslambda",
    "neptune": "rds",
    "timestream-query": "timestreamwrite",
}
_EXAMINATION_S = 300
_PAGE = Path(__file__).parents[2] / "docs" / "engines.md"


@pytest.mark.parametrize("engine", ENGINES)
def test_list_is_of_the_version_that_is_examined(engine: str) -> None:
    version, _ = read_listing(list_of(engine))
    assert version == version_here(engine)


@pytest.mark.parametrize("engine", ENGINES)
def test_every_operation_has_evidence_of_a_kind_that_its_engine_gives(engine: str) -> None:
    _, listing = read_listing(list_of(engine))
    kinds = {
        (service, operation): kind_of(evidence)
        for service, listed in listing.items()
        for operation, evidence in listed.items()
    }
    assert {found: kind for found, kind in kinds.items() if kind not in KINDS[engine]} == {}
    assert set(kinds.values()) == KINDS[engine]


@pytest.mark.parametrize("engine", ENGINES)
def test_s3_is_listed_by_proofs_alone(engine: str) -> None:
    _, listing = read_listing(list_of(engine))
    proven = {kind_of(evidence) for evidence in listing["s3"].values()}
    assert proven <= {Kind.SHOWN, Kind.HAS_SHOWN}


def test_function_of_moto_that_ran_is_of_the_service_that_was_asked() -> None:
    _, listing = read_listing(list_of("moto"))
    strangers = {
        (service, operation): evidence
        for service, listed in listing.items()
        for operation, evidence in listed.items()
        if kind_of(evidence) is Kind.RUNS
        and not evidence.startswith(
            f"runs moto.{MOTOS_NAMES.get(service, service.replace('-', ''))}."
        )
    }
    assert strangers == {}


def test_evidence_that_the_documentation_explains_is_in_the_lists() -> None:
    rows = re.findall(
        r"^\| `([^`]+; [^`]+|(?:runs|shown) [^`]+)` \|", _PAGE.read_text(), re.MULTILINE
    )
    listings = [read_listing(list_of(engine))[1] for engine in ENGINES]
    given = {text for found in listings for listed in found.values() for text in listed.values()}
    assert set(rows) - given == set()
    assert {kind_of(row) for row in rows} == set(Kind)


@pytest.mark.slow
@pytest.mark.parametrize("engine", EMBEDDED)
def test_examination_finds_what_is_listed(engine: str) -> None:
    assert _changes(engine, EXAMINED) == []


@pytest.mark.docker
@pytest.mark.slow
def test_examination_of_localstack_finds_what_is_listed() -> None:
    assert _changes(LOCALSTACK, EXAMINED_OF_LOCALSTACK) == []


def _changes(engine: str, services: list[str]) -> list[str]:
    asked = [part for service in services for part in ("--service", service)]
    ended = subprocess.run(
        [sys.executable, "-m", "sandboxes.listing", "--check", engine, *asked],
        capture_output=True,
        text=True,
        timeout=_EXAMINATION_S,
        check=False,
    )
    said, *lines = ended.stdout.splitlines() or [""]
    assert said.startswith(f"{engine}: "), ended.stderr[-2000:]
    assert ended.returncode == (1 if lines else 0)
    return lines
