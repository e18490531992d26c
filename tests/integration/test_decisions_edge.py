"""Names, alarms, firewalls and the like: what is denied, held and allowed, end to end."""

from __future__ import annotations

import pytest

from executor import Report
from executor.model.json import Json
from tests.conformance.cases.acm import make_certificates
from tests.conformance.cases.backup import make_plan
from tests.conformance.cases.cloudfront import make_distribution
from tests.conformance.cases.cloudtrail import make_trail
from tests.conformance.cases.cloudwatch import make_alarm, make_dashboard
from tests.conformance.cases.config import make_recorder
from tests.conformance.cases.lambda_edges import make as make_edges
from tests.conformance.cases.ses import make_identities
from tests.conformance.cases.wafv2 import BALANCER, make_firewall
from tests.integration.conftest import Production, Rehearse

# LocalStack's open build lacks the service.
embedded = pytest.mark.parametrize("engine", ["embedded"])


def rules(report: Report) -> set[str]:
    return {finding.rule.value for finding in report.findings}


def effects(report: Report) -> set[tuple[str, str, str]]:
    return {(e.action.value, e.type.removeprefix("AWS::"), e.name) for e in report.effects}


# Route 53


def a_zone(production: Production) -> str:
    made = production.call(
        "route53", "CreateHostedZone", Name="example.com", CallerReference="first"
    )
    zone = str(_in(made, "HostedZone", "Id")).rpartition("/")[2]
    changes = [
        {"Action": "CREATE", "ResourceRecordSet": _address("www.example.com", "192.0.2.1")},
        {"Action": "CREATE", "ResourceRecordSet": _address("old.example.com", "192.0.2.2")},
    ]
    production.call(
        "route53",
        "ChangeResourceRecordSets",
        HostedZoneId=zone,
        ChangeBatch={"Changes": changes},
    )
    return zone


def _in(answer: Json, *keys: str) -> Json:
    for key in keys:
        assert isinstance(answer, dict)
        answer = answer[key]
    return answer


def _address(name: str, value: str) -> dict[str, object]:
    return {"Name": name, "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": value}]}


CHANGE = """
def change(zone, action, name, value):
    record = {'Name': name, 'Type': 'A', 'TTL': 60, 'ResourceRecords': [{'Value': value}]}
    c('route53').change_resource_record_sets(HostedZoneId=zone, ChangeBatch={'Changes': [
        {'Action': action, 'ResourceRecordSet': record}]})
"""


def test_deleting_a_record_set_is_denied_and_its_zone_stays(
    production: Production, rehearse: Rehearse
) -> None:
    zone = a_zone(production)
    report = rehearse(CHANGE + f"change({zone!r}, 'DELETE', 'old.example.com', '192.0.2.2')")
    assert report.decision == "deny"
    assert rules(report) == {"unexpected-delete"}
    assert effects(report) == {("delete", "Route53::RecordSet", "old.example.com")}


def test_a_new_record_set_is_allowed_and_moving_one_is_held(
    production: Production, rehearse: Rehearse
) -> None:
    zone = a_zone(production)
    report = rehearse(CHANGE + f"change({zone!r}, 'UPSERT', 'new.example.com', '192.0.2.3')")
    assert report.decision == "allow"
    assert effects(report) == {("create", "Route53::RecordSet", "new.example.com")}
    report = rehearse(CHANGE + f"change({zone!r}, 'UPSERT', 'www.example.com', '192.0.2.3')")
    assert report.decision == "hold"
    assert rules(report) == {"unexpected-disruption"}
    assert effects(report) == {("update", "Route53::RecordSet", "www.example.com")}


def test_deleting_a_zone_with_all_that_is_in_it_is_denied(
    production: Production, rehearse: Rehearse
) -> None:
    zone = a_zone(production)
    report = rehearse(
        CHANGE
        + f"""
change({zone!r}, 'DELETE', 'www.example.com', '192.0.2.1')
change({zone!r}, 'DELETE', 'old.example.com', '192.0.2.2')
c('route53').delete_hosted_zone(Id={zone!r})
"""
    )
    assert report.decision == "deny"
    assert rules(report) == {"unexpected-delete"}
    assert effects(report) == {
        ("delete", "Route53::HostedZone", "example.com"),
        ("delete", "Route53::RecordSet", "www.example.com"),
        ("delete", "Route53::RecordSet", "old.example.com"),
    }


def test_a_zone_made_and_removed_within_the_run_is_allowed(rehearse: Rehearse) -> None:
    report = rehearse(
        CHANGE
        + """
zone = c('route53').create_hosted_zone(Name='scratch.test', CallerReference='x')
zone = zone['HostedZone']['Id']
change(zone, 'CREATE', 'a.scratch.test', '192.0.2.1')
change(zone, 'DELETE', 'a.scratch.test', '192.0.2.1')
c('route53').delete_hosted_zone(Id=zone)
"""
    )
    assert report.decision == "allow"
    assert report.effects == ()
    assert len(report.transient) == 2


# Lambda


def a_function(production: Production) -> None:
    make_edges(production.api)


def test_moving_an_alias_is_allowed_and_deleting_one_is_denied(
    production: Production, rehearse: Rehearse
) -> None:
    a_function(production)
    report = rehearse(
        "c('lambda').update_alias(FunctionName='checkout', Name='next', FunctionVersion='1')"
    )
    assert report.decision == "allow", report.findings
    assert effects(report) == {("update", "Lambda::Alias", "next")}
    report = rehearse("c('lambda').delete_alias(FunctionName='checkout', Name='live')")
    assert report.decision == "deny"
    assert rules(report) == {"unexpected-delete"}
    assert effects(report) == {("delete", "Lambda::Alias", "live")}


# LocalStack rebuilds a mapping only where its source was read too, and is undecided without.
@embedded
def test_switching_off_what_feeds_a_function_is_held(
    production: Production, rehearse: Rehearse
) -> None:
    a_function(production)
    report = rehearse(
        """
functions = c('lambda')
for mapping in functions.list_event_source_mappings()['EventSourceMappings']:
    if mapping['State'] == 'Enabled':
        functions.update_event_source_mapping(UUID=mapping['UUID'], Enabled=False)
"""
    )
    assert report.decision == "hold", report.findings
    assert rules(report) == {"unexpected-disruption"}
    assert {kind for _, kind, _ in effects(report)} == {"Lambda::EventSourceMapping"}


def test_a_new_version_of_a_layer_is_allowed_and_deleting_one_is_denied(
    production: Production, rehearse: Rehearse
) -> None:
    a_function(production)
    report = rehearse(
        """
import io, zipfile
packed = io.BytesIO()
with zipfile.ZipFile(packed, 'w') as archive:
    archive.writestr('a.py', 'A = 1')
c('lambda').publish_layer_version(LayerName='shared', Content={'ZipFile': packed.getvalue()})
"""
    )
    assert report.decision == "allow", report.findings
    assert effects(report) == {("create", "Lambda::LayerVersion", "shared:4")}
    report = rehearse("c('lambda').delete_layer_version(LayerName='shared', VersionNumber=3)")
    assert report.decision == "deny"
    assert effects(report) == {("delete", "Lambda::LayerVersion", "shared:3")}


# CloudWatch


def test_deleting_an_alarm_or_a_dashboard_is_denied(
    production: Production, rehearse: Rehearse
) -> None:
    make_alarm(production.api)
    make_dashboard(production.api)
    report = rehearse("c('cloudwatch').delete_alarms(AlarmNames=['lag'])")
    assert report.decision == "deny"
    assert effects(report) == {("delete", "CloudWatch::Alarm", "lag")}
    report = rehearse("c('cloudwatch').delete_dashboards(DashboardNames=['main'])")
    assert report.decision == "deny"
    assert effects(report) == {("delete", "CloudWatch::Dashboard", "main")}


def test_an_alarm_that_calls_nobody_any_more_is_held(
    production: Production, rehearse: Rehearse
) -> None:
    make_alarm(production.api)
    report = rehearse("c('cloudwatch').disable_alarm_actions(AlarmNames=['errors are high'])")
    assert report.decision == "hold"
    assert rules(report) == {"unexpected-protection-loss"}
    report = rehearse(
        """
c('cloudwatch').put_metric_alarm(AlarmName='new', Namespace='App', MetricName='M', Period=60,
    Statistic='Sum', EvaluationPeriods=1, Threshold=1,
    ComparisonOperator='GreaterThanThreshold')
"""
    )
    assert report.decision == "allow"
    assert effects(report) == {("create", "CloudWatch::Alarm", "new")}


# CloudTrail, Config


@embedded
def test_an_account_that_does_not_watch_itself_any_more_is_held(
    production: Production, rehearse: Rehearse
) -> None:
    make_trail(production.api)
    make_recorder(production.api)
    report = rehearse("c('cloudtrail').stop_logging(Name='main')")
    assert report.decision == "hold", report.findings
    assert rules(report) == {"unexpected-protection-loss"}
    assert effects(report) == {("update", "CloudTrail::Trail", "main")}
    report = rehearse(
        "c('config').stop_configuration_recorder(ConfigurationRecorderName='default')"
    )
    assert report.decision == "hold", report.findings
    assert rules(report) == {"unexpected-protection-loss"}


@embedded
def test_deleting_a_trail_is_denied_and_making_one_is_allowed(
    production: Production, rehearse: Rehearse
) -> None:
    make_trail(production.api)
    report = rehearse("c('cloudtrail').delete_trail(Name='still')")
    assert report.decision == "deny"
    assert effects(report) == {("delete", "CloudTrail::Trail", "still")}
    report = rehearse("c('cloudtrail').create_trail(Name='new', S3BucketName='trails')")
    assert report.decision == "allow", report.findings
    assert effects(report) == {("create", "CloudTrail::Trail", "new")}


# WAF


@embedded
def test_what_is_not_protected_any_more_is_held_and_a_deleted_web_acl_is_denied(
    production: Production, rehearse: Rehearse
) -> None:
    make_firewall(production.api)
    report = rehearse(f"c('wafv2').disassociate_web_acl(ResourceArn={BALANCER!r})")
    assert report.decision == "hold", report.findings
    assert rules(report) == {"unexpected-protection-loss"}
    assert effects(report) == {("update", "WAFv2::WebACL", "front")}
    report = rehearse(
        """
waf = c('wafv2')
waf.create_ip_set(Name='new', Scope='REGIONAL', IPAddressVersion='IPV4', Addresses=[])
"""
    )
    assert report.decision == "allow", report.findings
    report = rehearse(
        """
waf = c('wafv2')
for found in waf.list_ip_sets(Scope='REGIONAL')['IPSets']:
    waf.delete_ip_set(Name=found['Name'], Id=found['Id'], LockToken=found['LockToken'],
        Scope='REGIONAL')
"""
    )
    assert report.decision == "deny"
    assert effects(report) == {("delete", "WAFv2::IPSet", "unwanted")}


# Certificate Manager


def test_deleting_a_certificate_is_denied_and_asking_for_one_is_allowed(
    production: Production, rehearse: Rehearse
) -> None:
    make_certificates(production.api)
    report = rehearse(
        """
for found in c('acm').list_certificates()['CertificateSummaryList']:
    c('acm').delete_certificate(CertificateArn=found['CertificateArn'])
"""
    )
    assert report.decision == "deny"
    assert effects(report) == {("delete", "CertificateManager::Certificate", "www.example.com")}
    report = rehearse(
        "c('acm').request_certificate(DomainName='new.example.com', ValidationMethod='DNS')"
    )
    assert report.decision == "allow", report.findings
    assert effects(report) == {("create", "CertificateManager::Certificate", "new.example.com")}


# CloudFront

CHANGE_DISTRIBUTION = """
front = c('cloudfront')
found = front.list_distributions()['DistributionList']['Items'][0]['Id']
def change(**settings):
    told = front.get_distribution_config(Id=found)
    config = {**told['DistributionConfig'], **settings}
    front.update_distribution(Id=found, IfMatch=told['ETag'], DistributionConfig=config)
"""


@embedded
def test_a_distribution_that_is_switched_off_is_held_and_a_deleted_one_denied(
    production: Production, rehearse: Rehearse
) -> None:
    make_distribution(production.api)
    report = rehearse(CHANGE_DISTRIBUTION + "change(Comment='said better')")
    assert report.decision == "allow", report.findings
    report = rehearse(CHANGE_DISTRIBUTION + "change(Enabled=False, WebACLId='')")
    assert report.decision == "hold", report.findings
    assert rules(report) == {"unexpected-disruption", "unexpected-protection-loss"}
    report = rehearse(
        CHANGE_DISTRIBUTION
        + """
change(Enabled=False)
front.delete_distribution(Id=found, IfMatch=front.get_distribution_config(Id=found)['ETag'])
"""
    )
    assert report.decision == "deny"
    assert rules(report) == {"unexpected-delete"}


# Backup


@embedded
def test_what_is_not_backed_up_any_more_is_denied_and_a_plan_that_saves_less_is_held(
    production: Production, rehearse: Rehearse
) -> None:
    make_plan(production.api)
    read = """
backup = c('backup')
plan = backup.list_backup_plans()['BackupPlansList'][0]['BackupPlanId']
"""
    report = rehearse(
        read
        + """
rules = backup.get_backup_plan(BackupPlanId=plan)['BackupPlan']['Rules']
rules[0]['Lifecycle'] = {'DeleteAfterDays': 1}
rules = [{k: v for k, v in rule.items() if k != 'RuleId'} for rule in rules]
backup.update_backup_plan(BackupPlanId=plan, BackupPlan={
    'BackupPlanName': 'daily', 'Rules': rules})
"""
    )
    assert report.decision == "hold", report.findings
    assert rules(report) == {"unexpected-protection-loss"}
    report = rehearse(
        read
        + """
for one in backup.list_backup_selections(BackupPlanId=plan)['BackupSelectionsList']:
    backup.delete_backup_selection(BackupPlanId=plan, SelectionId=one['SelectionId'])
"""
    )
    assert report.decision == "deny"
    assert effects(report) == {("delete", "Backup::BackupSelection", "all that is tagged")}
    report = rehearse("c('backup').create_backup_vault(BackupVaultName='new')")
    assert report.decision == "allow", report.findings


# SES


def test_deleting_an_identity_is_denied_and_verifying_one_is_allowed(
    production: Production, rehearse: Rehearse
) -> None:
    make_identities(production.api)
    report = rehearse("c('ses').delete_identity(Identity='example.com')")
    assert report.decision == "deny", report.findings
    assert effects(report) == {("delete", "SES::EmailIdentity", "example.com")}
    report = rehearse("c('ses').verify_email_identity(EmailAddress='new@example.org')")
    assert report.decision == "allow", report.findings
    assert effects(report) == {("create", "SES::EmailIdentity", "new@example.org")}


# Systems Manager


# MiniStack, as an account, would not tell which documents it has.
@pytest.mark.parametrize("plays_production", ["moto"])
def test_a_document_is_not_rehearsed_where_the_engine_has_none(
    rehearse: Rehearse, engine: str
) -> None:
    report = rehearse(
        """
step = {'action': 'aws:runShellScript', 'name': 'a', 'inputs': {'runCommand': ['true']}}
content = json.dumps({'schemaVersion': '2.2', 'description': 'd', 'mainSteps': [step]})
c('ssm').create_document(Name='deploy', Content=content, DocumentType='Command')
"""
    )
    expected = {
        "embedded": ("undecided", set()),
        "localstack": ("allow", {("create", "SSM::Document", "deploy")}),
    }
    assert (report.decision, effects(report)) == expected[engine], report.findings
