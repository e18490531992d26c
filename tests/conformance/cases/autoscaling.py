"""Auto Scaling on every emulator."""

from __future__ import annotations

from executor.aws import Api
from tests.conformance.answers import asked
from tests.conformance.catalog_harness import Case

IMAGE = "ami-0123456789abcdef0"
SERVICES = ("ec2", "elbv2")


def _scaling(api: Api, operation: str, **params: object) -> None:
    api.call("autoscaling", operation, params)


def _ec2(api: Api, operation: str, pick: str = "", **params: object) -> str:
    return asked(api, "ec2", operation, pick, **params)


def _subnet(api: Api) -> tuple[str, str]:
    vpc = _ec2(api, "CreateVpc", "Vpc.VpcId", CidrBlock="10.5.0.0/16")
    subnet = _ec2(
        api,
        "CreateSubnet",
        "Subnet.SubnetId",
        VpcId=vpc,
        CidrBlock="10.5.1.0/24",
        AvailabilityZone="us-east-1a",
    )
    return vpc, subnet


def _template(api: Api) -> str:
    return _ec2(
        api,
        "CreateLaunchTemplate",
        "LaunchTemplate.LaunchTemplateId",
        LaunchTemplateName="web",
        LaunchTemplateData={"ImageId": IMAGE, "InstanceType": "t3.micro"},
    )


def _create_group(api: Api, subnet: str, template: str, **more: object) -> None:
    _scaling(
        api,
        "CreateAutoScalingGroup",
        AutoScalingGroupName="web",
        MinSize=1,
        MaxSize=4,
        DesiredCapacity=2,
        LaunchTemplate={"LaunchTemplateId": template, "Version": "1"},
        VPCZoneIdentifier=subnet,
        HealthCheckType="ELB",
        HealthCheckGracePeriod=60,
        Tags=[{"Key": "team", "Value": "web", "PropagateAtLaunch": True}],
        **more,
    )


def _make_group(api: Api) -> None:
    _, subnet = _subnet(api)
    _create_group(api, subnet, _template(api), TerminationPolicies=["OldestInstance"])
    _scaling(
        api,
        "PutLifecycleHook",
        AutoScalingGroupName="web",
        LifecycleHookName="drain",
        LifecycleTransition="autoscaling:EC2_INSTANCE_TERMINATING",
        HeartbeatTimeout=300,
        DefaultResult="CONTINUE",
    )
    _scaling(
        api,
        "PutScheduledUpdateGroupAction",
        AutoScalingGroupName="web",
        ScheduledActionName="evening",
        Recurrence="0 22 * * *",
        MinSize=1,
        DesiredCapacity=1,
    )


def _widen(api: Api) -> None:
    _scaling(api, "UpdateAutoScalingGroup", AutoScalingGroupName="web", MaxSize=6)


def _remake_group(api: Api) -> None:
    _scaling(api, "DeleteAutoScalingGroup", AutoScalingGroupName="web", ForceDelete=True)
    _ec2(api, "DeleteLaunchTemplate", LaunchTemplateName="web")
    _make_group(api)


def _make_group_with_all(api: Api) -> None:
    """Make a group that uses what not every engine keeps."""
    vpc, subnet = _subnet(api)
    targets = asked(
        api,
        "elbv2",
        "CreateTargetGroup",
        "TargetGroups.0.TargetGroupArn",
        Name="web",
        Protocol="HTTP",
        Port=80,
        VpcId=vpc,
    )
    template = _template(api)
    _create_group(api, subnet, template, TargetGroupARNs=[targets], CapacityRebalance=True)
    _scaling(api, "SuspendProcesses", AutoScalingGroupName="web", ScalingProcesses=["AZRebalance"])
    _scaling(
        api,
        "CreateAutoScalingGroup",
        AutoScalingGroupName="mixed",
        MinSize=0,
        MaxSize=4,
        VPCZoneIdentifier=subnet,
        MixedInstancesPolicy={
            "LaunchTemplate": {
                "LaunchTemplateSpecification": {
                    "LaunchTemplateId": template,
                    "Version": "$Latest",
                },
                "Overrides": [{"InstanceType": "m7i.large"}],
            },
        },
    )


def _make_policies(api: Api) -> None:
    _, subnet = _subnet(api)
    _create_group(api, subnet, _template(api))
    _scaling(
        api,
        "PutScalingPolicy",
        AutoScalingGroupName="web",
        PolicyName="load",
        PolicyType="TargetTrackingScaling",
        TargetTrackingConfiguration={
            "PredefinedMetricSpecification": {
                "PredefinedMetricType": "ASGAverageCPUUtilization",
            },
            "TargetValue": 50.0,
        },
    )
    _scaling(
        api,
        "PutScalingPolicy",
        AutoScalingGroupName="web",
        PolicyName="more",
        AdjustmentType="ChangeInCapacity",
        ScalingAdjustment=1,
        Cooldown=60,
    )


def _make_configuration(api: Api) -> None:
    default = [{"Name": "group-name", "Values": ["default"]}]
    group = _ec2(api, "DescribeSecurityGroups", "SecurityGroups.0.GroupId", Filters=default)
    _scaling(
        api,
        "CreateLaunchConfiguration",
        LaunchConfigurationName="old",
        ImageId=IMAGE,
        InstanceType="t3.micro",
        SecurityGroups=[group],
        KeyName="deploy",
        UserData="secret",
        IamInstanceProfile="web",
        InstanceMonitoring={"Enabled": False},
        MetadataOptions={"HttpTokens": "required"},
        BlockDeviceMappings=[
            {"DeviceName": "/dev/sda1", "Ebs": {"VolumeSize": 9, "VolumeType": "gp3"}}
        ],
    )


def _remake_configuration(api: Api) -> None:
    _scaling(api, "DeleteLaunchConfiguration", LaunchConfigurationName="old")
    _make_configuration(api)


CASES = (
    Case(
        service="autoscaling",
        type="AWS::AutoScaling::AutoScalingGroup",
        make=_make_group,
        update=_widen,
        remake=_remake_group,
        services=SERVICES,
    ),
    Case(
        service="autoscaling",
        type="AWS::AutoScaling::AutoScalingGroup",
        make=_make_group_with_all,
        services=SERVICES,
        kept={
            "CapacityRebalance": "CapacityRebalance",
            "MixedInstancesPolicy": "MixedInstancesPolicy.LaunchTemplate.Overrides[0]",
            "SuspendedProcesses": "SuspendedProcesses[0]",
            "TargetGroupARNs": "TargetGroupARNs[0]",
        },
    ),
    Case(
        service="autoscaling",
        type="AWS::AutoScaling::ScalingPolicy",
        make=_make_policies,
        services=SERVICES,
    ),
    Case(
        service="autoscaling",
        type="AWS::AutoScaling::LaunchConfiguration",
        make=_make_configuration,
        kept={
            "BlockDevices": 'BlockDevices."/dev/sda1".VolumeSize',
            "IamInstanceProfile": "IamInstanceProfile",
            "KeyName": "KeyName",
            "MetadataOptions": "MetadataOptions.HttpTokens",
            "Monitored": "!Monitored",
            "UserData": "UserData",
        },
        remake=_remake_configuration,
        services=SERVICES,
    ),
)
