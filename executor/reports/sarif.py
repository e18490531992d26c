"""SARIF 2.1.0: one result per finding, placed at the resource by a logical location."""

from __future__ import annotations

import json

from executor.model.decision import Decision
from executor.model.finding import Finding, Rule
from executor.model.json import Json
from executor.model.report import Report
from executor.reports.advice import advice, by_severity, effect_of

_LEVELS = {
    Decision.ALLOW: "note",
    Decision.HOLD: "warning",
    Decision.UNDECIDED: "error",
    Decision.DENY: "error",
}


def sarif_report(report: Report) -> str:
    """Return the report as SARIF."""
    rules = sorted({f.rule for f in report.findings})
    log: dict[str, Json] = {
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "dry-run", "rules": [{"id": r.value} for r in rules]}},
                "automationDetails": {"id": f"dry-run/{report.id}"},
                "invocations": [
                    {
                        "executionSuccessful": report.decision is not Decision.UNDECIDED,
                        "startTimeUtc": report.started,
                    }
                ],
                "properties": {"decision": report.decision.value, "digest": report.digest},
                "results": [_result(report, f, rules) for f in by_severity(report.findings)],
            }
        ],
    }
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


def _result(report: Report, finding: Finding, rules: list[Rule]) -> dict[str, Json]:
    effect = effect_of(report, finding)
    result: dict[str, Json] = {
        "ruleId": finding.rule.value,
        "ruleIndex": rules.index(finding.rule),
        "level": _LEVELS[finding.decision],
        "message": {"text": f"{finding.message}\n{advice(report, finding)}"},
        "properties": {"decision": finding.decision.value, "calls": list(finding.calls)},
    }
    if finding.address:
        location: dict[str, Json] = {
            "fullyQualifiedName": finding.address,
            "kind": "resource",
        }
        if effect:
            location["name"] = effect.name
        result["locations"] = [{"logicalLocations": [location]}]
        result["partialFingerprints"] = {
            "finding/v1": f"{finding.rule.value} {finding.address}",
        }
    return result
