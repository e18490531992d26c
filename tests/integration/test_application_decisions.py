"""What is denied, held and allowed of the services that applications are made of, end to end."""

from __future__ import annotations

import json

import pytest

from executor import Report
from executor.catalog.expressions import evaluate
from tests.integration.conftest import Production, Rehearse


def rules(report: Report) -> set[str]:
    return {finding.rule.value for finding in report.findings}


def effects(report: Report) -> set[tuple[str, str, str]]:
    return {(e.action.value, e.type, e.name) for e in report.effects}


EMBEDDED = pytest.mark.parametrize("engine", ["embedded"])
"""For services that LocalStack's open build has not."""

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
    assert report.decision == "allow", report.findings
    assert effects(report) == {("create", "AWS::Events::Rule", "nightly")}


# ECS


def a_service(production: Production) -> None:
    production.call("ecs", "CreateCluster", clusterName="shop")
    container = {"name": "web", "image": "shop/web:1", "memory": 64, "essential": True}
    for _ in range(3):
        production.call(
            "ecs", "RegisterTaskDefinition", family="web", containerDefinitions=[container]
        )
    production.call("ecs", "DeregisterTaskDefinition", taskDefinition="web:1")
    service: dict[str, object] = {"serviceName": "front", "taskDefinition": "web:3"}
    production.call("ecs", "CreateService", cluster="shop", desiredCount=2, **service)


@EMBEDDED
def test_deleting_a_service_is_denied(production: Production, rehearse: Rehearse) -> None:
    a_service(production)
    report = rehearse("c('ecs').delete_service(cluster='shop', service='front', force=True)")
    assert report.decision == "deny"
    assert rules(report) == {"unexpected-delete"}
    assert effects(report) == {("delete", "AWS::ECS::Service", "front")}


@EMBEDDED
def test_a_service_deleted_and_made_again_is_denied(
    production: Production, rehearse: Rehearse
) -> None:
    a_service(production)
    report = rehearse(
        """
e = c('ecs')
e.delete_service(cluster='shop', service='front', force=True)
e.create_service(cluster='shop', serviceName='front', taskDefinition='web:3', desiredCount=2)
"""
    )
    assert report.decision == "deny"
    assert effects(report) == {("replace", "AWS::ECS::Service", "front")}


@EMBEDDED
def test_scaling_a_service_to_nothing_is_held(production: Production, rehearse: Rehearse) -> None:
    a_service(production)
    report = rehearse("c('ecs').update_service(cluster='shop', service='front', desiredCount=0)")
    assert report.decision == "hold"
    assert rules(report) == {"unexpected-disruption"}


@EMBEDDED
def test_deploying_a_new_revision_is_allowed_and_gets_the_next_number(
    production: Production, rehearse: Rehearse
) -> None:
    a_service(production)
    report = rehearse(
        """
e = c('ecs')
old = e.describe_task_definition(taskDefinition='web')['taskDefinition']
assert old['revision'] == 3, old
old['containerDefinitions'][0]['image'] = 'shop/web:2'
new = e.register_task_definition(family='web', containerDefinitions=old['containerDefinitions'])
assert new['taskDefinition']['revision'] == 4, new
e.update_service(cluster='shop', service='front', taskDefinition='web:4')
"""
    )
    assert report.decision == "allow", report
    assert effects(report) == {
        ("create", "AWS::ECS::TaskDefinition", "web:4"),
        ("update", "AWS::ECS::Service", "front"),
    }


# Scheduler and Step Functions


def a_schedule(production: Production) -> None:
    production.call("scheduler", "CreateScheduleGroup", Name="shop")
    production.call(
        "scheduler",
        "CreateSchedule",
        Name="nightly",
        GroupName="shop",
        ScheduleExpression="rate(1 day)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={
            "Arn": "arn:aws:sqs:us-east-1:123456789012:orders",
            "RoleArn": "arn:aws:iam::123456789012:role/speaks",
        },
    )


def test_deleting_a_group_of_schedules_is_denied(
    production: Production, rehearse: Rehearse
) -> None:
    a_schedule(production)
    report = rehearse("c('scheduler').delete_schedule_group(Name='shop')")
    assert report.decision == "deny"
    assert rules(report) == {"unexpected-delete"}
    assert effects(report) == {
        ("delete", "AWS::Scheduler::ScheduleGroup", "shop"),
        ("delete", "AWS::Scheduler::Schedule", "nightly"),
    }


def test_disabling_a_schedule_is_held(production: Production, rehearse: Rehearse) -> None:
    a_schedule(production)
    report = rehearse(
        """
s = c('scheduler')
old = s.get_schedule(Name='nightly', GroupName='shop')
keep = ('Name', 'GroupName', 'ScheduleExpression', 'FlexibleTimeWindow', 'Target')
s.update_schedule(State='DISABLED', **{k: old[k] for k in keep})
"""
    )
    assert report.decision == "hold"
    assert rules(report) == {"unexpected-disruption"}


FLOW, OTHER = (
    json.dumps({"StartAt": name, "States": {name: {"Type": "Pass", "End": True}}})
    for name in ("A", "B")
)
ROLE = "arn:aws:iam::123456789012:role/flows"


def a_state_machine(production: Production) -> None:
    production.call(
        "stepfunctions", "CreateStateMachine", name="flow", definition=FLOW, roleArn=ROLE
    )


def test_a_state_machine_deleted_and_made_again_is_denied(
    production: Production, rehearse: Rehearse
) -> None:
    a_state_machine(production)
    report = rehearse(
        f"""
s = c('stepfunctions')
flow = 'arn:aws:states:us-east-1:123456789012:stateMachine:flow'
s.delete_state_machine(stateMachineArn=flow)
while s.list_state_machines()['stateMachines']:
    time.sleep(0.1)
s.create_state_machine(name='flow', definition={FLOW!r}, roleArn={ROLE!r})
"""
    )
    assert report.decision == "deny"
    assert rules(report) == {"unexpected-replace"}
    assert effects(report) == {("replace", "AWS::StepFunctions::StateMachine", "flow")}


def test_a_new_state_machine_and_a_new_definition_are_allowed(
    production: Production, rehearse: Rehearse
) -> None:
    a_state_machine(production)
    report = rehearse(
        f"""
s = c('stepfunctions')
flow = 'arn:aws:states:us-east-1:123456789012:stateMachine:flow'
s.update_state_machine(stateMachineArn=flow, definition={OTHER!r})
s.create_state_machine(name='other', definition={FLOW!r}, roleArn={ROLE!r})
"""
    )
    assert report.decision == "allow", report.findings
    assert effects(report) == {
        ("update", "AWS::StepFunctions::StateMachine", "flow"),
        ("create", "AWS::StepFunctions::StateMachine", "other"),
    }


# ECR and EKS

DIGEST = f"sha256:{1:064x}"


def a_repository(production: Production) -> None:
    production.call("ecr", "CreateRepository", repositoryName="web")
    media = "application/vnd.docker.distribution.manifest.v2+json"
    manifest = json.dumps({"schemaVersion": 2, "mediaType": media, "config": {}, "layers": []})
    for tag in ("v1", "live"):
        production.call(
            "ecr",
            "PutImage",
            repositoryName="web",
            imageManifest=manifest,
            imageDigest=DIGEST,
            imageTag=tag,
        )


@EMBEDDED
def test_deleting_an_image_is_denied(production: Production, rehearse: Rehearse) -> None:
    a_repository(production)
    report = rehearse(
        f"""
ids = [{{'imageDigest': {DIGEST!r}}}]
c('ecr').batch_delete_image(repositoryName='web', imageIds=ids)
"""
    )
    assert report.decision == "deny"
    assert rules(report) == {"unexpected-data-loss"}
    assert effects(report) == {("update", "AWS::ECR::Repository", "web")}


@EMBEDDED
def test_a_policy_that_will_delete_images_is_denied(
    production: Production, rehearse: Rehearse
) -> None:
    a_repository(production)
    report = rehearse(
        """
rule = {'rulePriority': 1, 'action': {'type': 'expire'},
        'selection': {'tagStatus': 'any', 'countType': 'imageCountMoreThan', 'countNumber': 1}}
c('ecr').put_lifecycle_policy(repositoryName='web',
                              lifecyclePolicyText=json.dumps({'rules': [rule]}))
"""
    )
    assert report.decision == "deny"
    assert rules(report) == {"unexpected-data-loss"}


@EMBEDDED
def test_a_new_image_under_a_known_tag_is_allowed(
    production: Production, rehearse: Rehearse
) -> None:
    a_repository(production)
    report = rehearse(
        """
manifest = {'schemaVersion': 2, 'config': {}, 'layers': [],
            'mediaType': 'application/vnd.docker.distribution.manifest.v2+json'}
c('ecr').put_image(repositoryName='web', imageManifest=json.dumps(manifest), imageTag='live',
                   imageDigest='sha256:' + '2' * 64)
c('ecr').create_repository(repositoryName='other')
"""
    )
    assert report.decision == "allow", report.findings


@EMBEDDED
def test_deleting_a_node_group_is_denied(production: Production, rehearse: Rehearse) -> None:
    subnets = ["subnet-00000001", "subnet-00000002"]
    production.call(
        "eks",
        "CreateCluster",
        name="shop",
        roleArn="arn:aws:iam::123456789012:role/rules",
        resourcesVpcConfig={"subnetIds": subnets},
    )
    production.call(
        "eks",
        "CreateNodegroup",
        clusterName="shop",
        nodegroupName="workers",
        subnets=subnets,
        nodeRole="arn:aws:iam::123456789012:role/works",
    )
    report = rehearse("c('eks').delete_nodegroup(clusterName='shop', nodegroupName='workers')")
    assert report.decision == "deny"
    assert rules(report) == {"unexpected-delete"}
    assert effects(report) == {("delete", "AWS::EKS::Nodegroup", "workers")}


# Cognito


def a_pool(production: Production) -> str:
    made = production.call(
        "cognito-idp",
        "CreateUserPool",
        PoolName="shop",
        LambdaConfig={"PreSignUp": "arn:aws:lambda:us-east-1:123456789012:function:checks"},
        AdminCreateUserConfig={"AllowAdminCreateUserOnly": True},
    )
    pool = str(evaluate("UserPool.Id", made))
    user = {"UserPoolId": pool, "Username": "ann", "MessageAction": "SUPPRESS"}
    production.call("cognito-idp", "AdminCreateUser", **user)
    return pool


@EMBEDDED
def test_deleting_a_user_is_denied(production: Production, rehearse: Rehearse) -> None:
    pool = a_pool(production)
    report = rehearse(f"c('cognito-idp').admin_delete_user(UserPoolId={pool!r}, Username='ann')")
    assert report.decision == "deny"
    assert rules(report) == {"unexpected-data-loss"}
    assert effects(report) == {("update", "AWS::Cognito::UserPool", "shop")}


@EMBEDDED
def test_an_update_that_resets_what_it_does_not_name_is_held(
    production: Production, rehearse: Rehearse
) -> None:
    pool = a_pool(production)
    report = rehearse(
        f"c('cognito-idp').update_user_pool(UserPoolId={pool!r}, UserPoolTags={{'team': 'a'}})"
    )
    assert report.decision == "hold"
    assert rules(report) == {"unexpected-disruption", "unexpected-exposure"}


@EMBEDDED
def test_a_new_client_is_allowed(production: Production, rehearse: Rehearse) -> None:
    pool = a_pool(production)
    report = rehearse(
        f"c('cognito-idp').create_user_pool_client(UserPoolId={pool!r}, ClientName='web')"
    )
    assert report.decision == "allow", report.findings
    assert effects(report) == {("create", "AWS::Cognito::UserPoolClient", "web")}


# Glue and Athena


def a_table(production: Production) -> None:
    production.call("glue", "CreateDatabase", DatabaseInput={"Name": "shop"})
    production.call(
        "glue",
        "CreateTable",
        DatabaseName="shop",
        TableInput={
            "Name": "orders",
            "StorageDescriptor": {"Columns": [{"Name": "id", "Type": "string"}]},
            "PartitionKeys": [{"Name": "day", "Type": "string"}],
        },
    )
    production.call(
        "glue",
        "CreatePartition",
        DatabaseName="shop",
        TableName="orders",
        PartitionInput={"Values": ["2025-01-01"]},
    )


@EMBEDDED
def test_dropping_a_database_is_denied(production: Production, rehearse: Rehearse) -> None:
    a_table(production)
    report = rehearse("c('glue').delete_database(Name='shop')")
    assert report.decision == "deny"
    assert "unexpected-delete" in rules(report)
    assert effects(report) == {
        ("delete", "AWS::Glue::Database", "shop"),
        ("delete", "AWS::Glue::Table", "orders"),
    }


@EMBEDDED
def test_deleting_a_partition_is_denied(production: Production, rehearse: Rehearse) -> None:
    a_table(production)
    report = rehearse(
        """
day = {'DatabaseName': 'shop', 'TableName': 'orders', 'PartitionValues': ['2025-01-01']}
c('glue').delete_partition(**day)
"""
    )
    assert report.decision == "deny"
    assert rules(report) == {"unexpected-data-loss"}


@EMBEDDED
def test_an_update_that_leaves_out_the_columns_is_held(
    production: Production, rehearse: Rehearse
) -> None:
    a_table(production)
    report = rehearse(
        """
table = {'Name': 'orders', 'Description': 'new'}
c('glue').update_table(DatabaseName='shop', TableInput=table)
"""
    )
    assert report.decision == "hold"
    assert rules(report) == {"unexpected-disruption"}


@EMBEDDED
def test_a_new_job_and_a_new_work_group_are_allowed(
    production: Production, rehearse: Rehearse
) -> None:
    a_table(production)
    report = rehearse(
        """
c('glue').create_job(Name='counts', Role='r', Command={'Name': 'glueetl'})
c('athena').create_work_group(Name='reports')
"""
    )
    assert report.decision == "allow", report.findings
    assert effects(report) == {
        ("create", "AWS::Glue::Job", "counts"),
        ("create", "AWS::Athena::WorkGroup", "reports"),
    }


@EMBEDDED
def test_deleting_a_work_group_is_denied(production: Production, rehearse: Rehearse) -> None:
    production.call("athena", "CreateWorkGroup", Name="reports")
    report = rehearse("c('athena').delete_work_group(WorkGroup='reports')")
    assert report.decision == "deny"
    assert effects(report) == {("delete", "AWS::Athena::WorkGroup", "reports")}


# API Gateway


def an_api(production: Production) -> str:
    made = production.call("apigateway", "CreateRestApi", name="shop")
    here = {"restApiId": str(made["id"])}
    root = evaluate("items[0].id", production.call("apigateway", "GetResources", **here))
    orders = {"parentId": root, "pathPart": "orders"}
    resource = production.call("apigateway", "CreateResource", **here, **orders)["id"]
    method = {**here, "resourceId": str(resource), "httpMethod": "GET"}
    guarded = {**method, "authorizationType": "AWS_IAM"}
    production.call("apigateway", "PutMethod", **guarded)
    production.call("apigateway", "PutIntegration", **method, type="MOCK")
    production.call("apigateway", "CreateDeployment", **here, stageName="live")
    return here["restApiId"]


def test_deleting_an_api_is_denied(production: Production, rehearse: Rehearse) -> None:
    api = an_api(production)
    report = rehearse(f"c('apigateway').delete_rest_api(restApiId={api!r})")
    assert report.decision == "deny"
    assert rules(report) == {"unexpected-delete"}
    assert [(e.name, e.id) for e in report.effects] == [("shop", api)]


def test_deleting_a_stage_is_held(production: Production, rehearse: Rehearse) -> None:
    api = an_api(production)
    report = rehearse(f"c('apigateway').delete_stage(restApiId={api!r}, stageName='live')")
    assert report.decision == "hold"
    assert rules(report) == {"unexpected-disruption"}


def test_opening_a_method_is_held(production: Production, rehearse: Rehearse) -> None:
    api = an_api(production)
    report = rehearse(
        f"""
g = c('apigateway')
found = g.get_resources(restApiId={api!r}, embed=['methods'])['items']
orders = next(r['id'] for r in found if r['path'] == '/orders')
change = {{'op': 'replace', 'path': '/authorizationType', 'value': 'NONE'}}
g.update_method(restApiId={api!r}, resourceId=orders, httpMethod='GET', patchOperations=[change])
"""
    )
    assert report.decision == "hold"
    assert rules(report) == {"unexpected-exposure"}


def test_a_new_path_and_a_deployment_are_allowed(
    production: Production, rehearse: Rehearse
) -> None:
    api = an_api(production)
    report = rehearse(
        f"""
g = c('apigateway')
root = next(r['id'] for r in g.get_resources(restApiId={api!r})['items'] if r['path'] == '/')
new = g.create_resource(restApiId={api!r}, parentId=root, pathPart='prices')['id']
at = {{'restApiId': {api!r}, 'resourceId': new, 'httpMethod': 'GET'}}
g.put_method(authorizationType='NONE', **at)
g.put_integration(type='MOCK', **at)
g.create_deployment(restApiId={api!r}, stageName='live')
"""
    )
    assert report.decision == "allow", report.findings
    assert effects(report) == {("update", "AWS::ApiGateway::RestApi", "shop")}


@EMBEDDED
def test_deleting_a_route_is_held(production: Production, rehearse: Rehearse) -> None:
    api = production.call("apigatewayv2", "CreateApi", Name="shop", ProtocolType="HTTP")["ApiId"]
    route = production.call("apigatewayv2", "CreateRoute", ApiId=api, RouteKey="GET /orders")
    named = f"ApiId={api!r}, RouteId={route['RouteId']!r}"
    report = rehearse(f"c('apigatewayv2').delete_route({named})")
    assert report.decision == "hold"
    assert rules(report) == {"unexpected-disruption"}
