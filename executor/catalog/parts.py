"""CloudFormation types that are no resources of their own here, and yet are seen.

A stack may own what the catalog reads as a part of something else, and what does nothing at
all; everything else that the catalog does not declare is not seen, and leaves a run undecided.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

PARTS: Final[Mapping[str, str]] = {
    "AWS::ApiGateway::Authorizer": "AWS::ApiGateway::RestApi",
    "AWS::ApiGateway::Deployment": "AWS::ApiGateway::RestApi",
    "AWS::ApiGateway::GatewayResponse": "AWS::ApiGateway::RestApi",
    "AWS::ApiGateway::Method": "AWS::ApiGateway::RestApi",
    "AWS::ApiGateway::Model": "AWS::ApiGateway::RestApi",
    "AWS::ApiGateway::RequestValidator": "AWS::ApiGateway::RestApi",
    "AWS::ApiGateway::Resource": "AWS::ApiGateway::RestApi",
    "AWS::ApiGateway::Stage": "AWS::ApiGateway::RestApi",
    "AWS::ApiGateway::UsagePlanKey": "AWS::ApiGateway::UsagePlan",
    "AWS::ApiGatewayV2::Authorizer": "AWS::ApiGatewayV2::Api",
    "AWS::ApiGatewayV2::Deployment": "AWS::ApiGatewayV2::Api",
    "AWS::ApiGatewayV2::Integration": "AWS::ApiGatewayV2::Api",
    "AWS::ApiGatewayV2::Route": "AWS::ApiGatewayV2::Api",
    "AWS::ApiGatewayV2::Stage": "AWS::ApiGatewayV2::Api",
    "AWS::DocDB::DBCluster": "AWS::RDS::DBCluster",
    "AWS::DocDB::DBClusterParameterGroup": "AWS::RDS::DBClusterParameterGroup",
    "AWS::DocDB::DBInstance": "AWS::RDS::DBInstance",
    "AWS::DocDB::DBSubnetGroup": "AWS::RDS::DBSubnetGroup",
    "AWS::AutoScaling::LifecycleHook": "AWS::AutoScaling::AutoScalingGroup",
    "AWS::AutoScaling::ScheduledAction": "AWS::AutoScaling::AutoScalingGroup",
    "AWS::AutoScaling::WarmPool": "AWS::AutoScaling::AutoScalingGroup",
    "AWS::Cognito::UserPoolDomain": "AWS::Cognito::UserPool",
    "AWS::Cognito::UserPoolGroup": "AWS::Cognito::UserPool",
    "AWS::Cognito::UserPoolResourceServer": "AWS::Cognito::UserPool",
    "AWS::EC2::EIPAssociation": "AWS::EC2::EIP",
    "AWS::EC2::NetworkAclEntry": "AWS::EC2::NetworkAcl",
    "AWS::EC2::NetworkInterfaceAttachment": "AWS::EC2::NetworkInterface",
    "AWS::EC2::Route": "AWS::EC2::RouteTable",
    "AWS::EC2::SecurityGroupEgress": "AWS::EC2::SecurityGroup",
    "AWS::EC2::SecurityGroupIngress": "AWS::EC2::SecurityGroup",
    "AWS::EC2::SubnetCidrBlock": "AWS::EC2::Subnet",
    "AWS::EC2::SubnetNetworkAclAssociation": "AWS::EC2::NetworkAcl",
    "AWS::EC2::SubnetRouteTableAssociation": "AWS::EC2::RouteTable",
    "AWS::EC2::VPCCidrBlock": "AWS::EC2::VPC",
    "AWS::EC2::VPCDHCPOptionsAssociation": "AWS::EC2::VPC",
    "AWS::EC2::VPCGatewayAttachment": "AWS::EC2::InternetGateway",
    "AWS::EC2::VolumeAttachment": "AWS::EC2::Volume",
    "AWS::ECS::ClusterCapacityProviderAssociations": "AWS::ECS::Cluster",
    "AWS::Events::EventBusPolicy": "AWS::Events::EventBus",
    "AWS::ElasticLoadBalancingV2::ListenerCertificate": "AWS::ElasticLoadBalancingV2::Listener",
    "AWS::Elasticsearch::Domain": "AWS::OpenSearchService::Domain",
    "AWS::Glue::Partition": "AWS::Glue::Table",
    "AWS::IAM::AccessKey": "AWS::IAM::User",
    "AWS::IAM::GroupPolicy": "AWS::IAM::Group",
    "AWS::IAM::Policy": "AWS::IAM::Role",
    "AWS::IAM::RolePolicy": "AWS::IAM::Role",
    "AWS::IAM::UserPolicy": "AWS::IAM::User",
    "AWS::IAM::UserToGroupAddition": "AWS::IAM::Group",
    "AWS::Lambda::EventInvokeConfig": "AWS::Lambda::Function",
    "AWS::Lambda::LayerVersionPermission": "AWS::Lambda::LayerVersion",
    "AWS::Lambda::Permission": "AWS::Lambda::Function",
    "AWS::Lambda::Url": "AWS::Lambda::Function",
    "AWS::Lambda::Version": "AWS::Lambda::Function",
    "AWS::Logs::LogStream": "AWS::Logs::LogGroup",
    "AWS::Logs::MetricFilter": "AWS::Logs::LogGroup",
    "AWS::Logs::SubscriptionFilter": "AWS::Logs::LogGroup",
    "AWS::Neptune::DBCluster": "AWS::RDS::DBCluster",
    "AWS::Neptune::DBClusterParameterGroup": "AWS::RDS::DBClusterParameterGroup",
    "AWS::Neptune::DBInstance": "AWS::RDS::DBInstance",
    "AWS::Neptune::DBParameterGroup": "AWS::RDS::DBParameterGroup",
    "AWS::Neptune::DBSubnetGroup": "AWS::RDS::DBSubnetGroup",
    "AWS::RDS::DBProxyTargetGroup": "AWS::RDS::DBProxy",
    "AWS::Route53::DNSSEC": "AWS::Route53::HostedZone",
    "AWS::Route53::KeySigningKey": "AWS::Route53::HostedZone",
    "AWS::S3::BucketPolicy": "AWS::S3::Bucket",
    "AWS::SNS::TopicInlinePolicy": "AWS::SNS::Topic",
    "AWS::SNS::TopicPolicy": "AWS::SNS::Topic",
    "AWS::SQS::QueueInlinePolicy": "AWS::SQS::Queue",
    "AWS::SQS::QueuePolicy": "AWS::SQS::Queue",
    "AWS::SES::ConfigurationSetEventDestination": "AWS::SES::ConfigurationSet",
    "AWS::SSM::MaintenanceWindowTarget": "AWS::SSM::MaintenanceWindow",
    "AWS::SSM::MaintenanceWindowTask": "AWS::SSM::MaintenanceWindow",
    "AWS::SecretsManager::ResourcePolicy": "AWS::SecretsManager::Secret",
    "AWS::WAFv2::LoggingConfiguration": "AWS::WAFv2::WebACL",
    "AWS::WAFv2::WebACLAssociation": "AWS::WAFv2::WebACL",
    "AWS::StepFunctions::StateMachineVersion": "AWS::StepFunctions::StateMachine",
}
"""Type of the part -> type of what it is read with."""

INERT: Final[frozenset[str]] = frozenset(
    {
        "AWS::CDK::Metadata",
        "AWS::CloudFormation::WaitCondition",
        "AWS::CloudFormation::WaitConditionHandle",
    }
)
"""Types that stand for nothing outside their stack."""
