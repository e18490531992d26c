"""What is denied, held and allowed of the services that applications are made of, end to end."""

from __future__ import annotations

from executor import Report
from tests.integration.conftest import Production, Rehearse


def rules(report: Report) -> set[str]:
    return {finding.rule.value for finding in report.findings}


def effects(report: Report) -> set[tuple[str, str, str]]:
    return {(e.action.value, e.type, e.name) for e in report.effects}


# EventBridge


def a_rule(production: Production) -> None:
    production.call("events", "CreateEventBus", Name="orders")
    where = {"EventBusName": "orders"}
    production.call("events", "PutRule", Name="paid", EventPattern='{"source": ["shop"]}', **where)
    target = {"Id": "1", "Arn": "arn:aws:sqs:us-east-1:123456789012:orders"}
    production.call("events", "PutTargets", Rule="paid", Targets=[target], **where)


def test_deleting_a_rule_is_denied(production: Production, rehearse: Rehearse) -> None:
    a_rule(production)
    report = rehearse(
        """
e = c('events')
e.remove_targets(Rule='paid', EventBusName='orders', Ids=['1'])
e.delete_rule(Name='paid', EventBusName='orders')
"""
    )
    assert report.decision == "deny"
    assert rules(report) == {"unexpected-delete"}
    assert effects(report) == {("delete", "AWS::Events::Rule", "paid")}


def test_a_rule_deleted_and_made_again_is_denied(
    production: Production, rehearse: Rehearse
) -> None:
    a_rule(production)
    report = rehearse(
        """
e = c('events')
t = e.list_targets_by_rule(Rule='paid', EventBusName='orders')['Targets']
e.remove_targets(Rule='paid', EventBusName='orders', Ids=['1'])
e.delete_rule(Name='paid', EventBusName='orders')
e.put_rule(Name='paid', EventBusName='orders', EventPattern='{"source": ["shop"]}')
e.put_targets(Rule='paid', EventBusName='orders', Targets=t)
"""
    )
    assert report.decision == "deny"
    assert effects(report) == {("replace", "AWS::Events::Rule", "paid")}


def test_disabling_a_rule_is_held(production: Production, rehearse: Rehearse) -> None:
    a_rule(production)
    report = rehearse("c('events').disable_rule(Name='paid', EventBusName='orders')")
    assert report.decision == "hold"
    assert rules(report) == {"unexpected-disruption"}
    assert effects(report) == {("update", "AWS::Events::Rule", "paid")}


def test_opening_a_bus_is_held(production: Production, rehearse: Rehearse) -> None:
    a_rule(production)
    report = rehearse(
        """
c('events').put_permission(EventBusName='orders', StatementId='all', Principal='*',
                           Action='events:PutEvents')
"""
    )
    assert report.decision == "hold"
    assert rules(report) == {"unexpected-exposure"}


def test_a_new_rule_with_targets_is_allowed(production: Production, rehearse: Rehearse) -> None:
    a_rule(production)
    report = rehearse(
        """
e = c('events')
e.put_rule(Name='nightly', ScheduleExpression='rate(1 day)')
e.put_targets(Rule='nightly', Targets=[{'Id': '1', 'Arn': 'arn:aws:sqs:us-east-1:123456789012:a'}])
e.put_events(Entries=[{'Source': 'shop', 'DetailType': 'x', 'Detail': '{}'}])
"""
    )
    assert report.decision == "allow"
    assert effects(report) == {("create", "AWS::Events::Rule", "nightly")}
