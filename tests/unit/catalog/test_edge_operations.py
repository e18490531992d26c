"""What the declarations of services at an account's edges say about botocore's operations.

Left out on purpose is what is about things that the catalog does not read; see
`test_operations`.
"""

from __future__ import annotations

import pytest

from tests.unit.catalog.operations import mistaken_reads, undeclared, unknown_names

LEFT_OUT = {
    "acm": (r"Acme|AccountConfiguration",),
    "backup": (
        r"AccessPoint|MpaApprovalTeam|LegalHold|Framework|AirGapped|ReportPlan|ReportJob|ScanJob",
        r"RestoreAccess|RestoreTesting|TieringConfiguration|RestoreValidation|CopyJob|RestoreJob",
        r"StopBackupJob|GlobalSettings|RegionSettings|RecoveryPointIndex",
    ),
    "cloudfront": (
        r"AnycastIpList|CloudFrontOriginAccessIdentity|ConnectionFunction|ConnectionGroup|KeyGroup",
        r"ContinuousDeploymentPolicy|DistributionTenant|FieldLevelEncryption|KeyValueStore|VpcOrigin",
        r"MonitoringSubscription|OriginRequestPolicy|PublicKey|RealtimeLogConfig|ResourcePolicy",
        r"ResponseHeadersPolicy|StreamingDistribution|TrustStore|DomainAssociation",
    ),
    "cloudtrail": (
        r"Channel|Dashboard|EventDataStore|ResourcePolicy|OrganizationDelegatedAdmin|Federation",
        r"Import|EventConfiguration|CancelQuery|GenerateQuery|StartQuery",
    ),
    "cloudwatch": (
        r"AnomalyDetector|MetricStream|LogAlarm|AlarmMuteRule|OTelEnrichment|DatasetKmsKey",
        r"ResourceMetricsConfiguration|ManagedInsightRules",
    ),
    "config": (
        r"Aggregat|ConformancePack|StoredQuery|Remediation|RetentionConfiguration|Connector",
        r"OrganizationConfigRule|ResourceConfig$|EvaluationResults|ServiceLinked",
    ),
    "route53": (r"TrafficPolic|CidrCollection|ReusableDelegationSet|VPCAssociationAuthorization",),
    "ses": (
        r"ReceiptRule|ReceiptFilter|Template|IdentityPolicy|AccountSending",
        r"HeadersInNotifications",
    ),
    "sesv2": (
        r"Account|Contact|CustomVerification|DedicatedIp|Deliverab|EmailTemplate|ExportJob|Tenant",
        r"ImportJob|MultiRegion|Suppress|ReputationEntity|Certificate|IdentityPolicy|TagResource",
        r"DkimSigning|IdentityConfigurationSet|Archiving|Vdm|UpdateConfigurationSet$",
        r"UntagResource",
    ),
    "wafv2": (r"APIKey|ManagedRuleSet",),
}


@pytest.mark.parametrize("service", sorted(LEFT_OUT))
def test_every_name_in_the_declarations_is_an_operation(service: str) -> None:
    assert unknown_names(service) == set()


@pytest.mark.parametrize("service", sorted(LEFT_OUT))
def test_every_changing_operation_is_declared_or_left_out_on_purpose(service: str) -> None:
    assert undeclared(service, LEFT_OUT[service]) == set()


@pytest.mark.parametrize("service", sorted(LEFT_OUT))
def test_what_reads_is_not_taken_for_a_change(service: str) -> None:
    assert mistaken_reads(service) == set()
