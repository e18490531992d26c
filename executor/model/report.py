"""The written outcome of a dry run; its JSON form is a contract."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from executor.model.call import Call
from executor.model.change import ChangeOutcome
from executor.model.decision import Decision
from executor.model.effect import Effect, Transient
from executor.model.finding import Finding
from executor.model.json import Json, JsonObject, digest
from executor.model.resource import Gap

SCHEMA = "executor/dry-run/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetRef:
    """Which target a run was for; no credentials.

    Attributes:
        name: the name in `executor.toml`, a URL, `ambient` or `none`.
        account: 12-digit account.
        region: region.
        endpoint_url: endpoint of an AWS-compatible target; empty for AWS.
        profile: AWS profile it was reached with; empty for the ambient one.
        snapshot: digest of the snapshot file that took its place; empty when it was read itself.
        taken: when that snapshot was taken, ISO time in UTC.
    """

    name: str
    account: str
    region: str
    endpoint_url: str = ""
    profile: str = ""
    snapshot: str = ""
    taken: str = ""

    def view(self) -> dict[str, Json]:
        """Return the report's view."""
        view: dict[str, Json] = {
            "name": self.name,
            "account": self.account,
            "region": self.region,
            "endpoint_url": self.endpoint_url,
            "profile": self.profile,
        }
        if self.snapshot:
            view["snapshot"] = {"digest": self.snapshot, "taken": self.taken}
        return view


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything a reader needs to agree with a decision, or not.

    `digest` is taken over everything but itself and the timings, and is what an approval is
    bound to. `evidence` holds the digests of what is stored beside the report (`trace`,
    `baseline`), so that promotion can tell whether that is still what was judged.
    """

    id: str
    started: str
    decision: Decision
    findings: tuple[Finding, ...]
    effects: tuple[Effect, ...]
    calls: tuple[Call, ...]
    change: JsonObject
    outcome: ChangeOutcome
    intent: JsonObject
    target: TargetRef
    engine: JsonObject
    isolation: JsonObject
    types: tuple[str, ...] = ()
    not_covered: tuple[Gap, ...] = ()
    transient: tuple[Transient, ...] = ()
    evidence: JsonObject = field(default_factory=dict)
    timing_ms: Mapping[str, float] = field(default_factory=dict)
    digest: str = ""

    def sealed(self) -> Self:
        """Return the report with its digest filled in."""
        return replace(self, digest=self.computed_digest())

    def computed_digest(self) -> str:
        """Return the digest of the content as it is now."""
        content = self.to_json()
        for moving in ("digest", "timing_ms"):
            content.pop(moving)
        return digest(content)

    def to_json(self) -> dict[str, Json]:
        """Return the contract's JSON object."""
        return {
            "schema": SCHEMA,
            "id": self.id,
            "digest": self.digest,
            "started": self.started,
            "decision": self.decision.value,
            "findings": [f.view() for f in self.findings],
            "effects": [e.view() for e in self.effects],
            "transient": [t.view() for t in self.transient],
            "calls": [c.summary() for c in self.calls],
            "change": {**self.change, "exit_code": self.outcome.exit_code, **_ended(self.outcome)},
            "intent": self.intent,
            "target": self.target.view(),
            "engine": self.engine,
            "isolation": self.isolation,
            "coverage": {
                "types": list(self.types),
                "not_covered": [g.view() for g in self.not_covered],
            },
            "evidence": self.evidence,
            "timing_ms": {k: round(v, 1) for k, v in self.timing_ms.items()},
        }


def _ended(outcome: ChangeOutcome) -> dict[str, Json]:
    extra: dict[str, Json] = {}
    if outcome.detail:
        extra["detail"] = outcome.detail
    if outcome.timed_out:
        extra["timed_out"] = True
    if outcome.left_running:
        extra["left_running"] = outcome.left_running
    return extra
