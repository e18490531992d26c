"""The AWS CLI and Terraform, led by endpoint settings alone: nothing else confines them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.integration.conftest import Production
from tests.integration.programs import Ended, Programs, effects_of, objects, rules_of

# AWS CLI

MIB = 1024 * 1024
UNCONFINED = ("--confine", "off", "--format", "json")


def aws(programs: Programs, aws_cli: str, *words: str) -> Ended:
    return programs.dry_run(*UNCONFINED, "--", aws_cli, *words)


def a_bucket(production: Production) -> None:
    production.call("s3", "CreateBucket", Bucket="assets")
    production.call("s3", "PutObject", Bucket="assets", Key="old.txt", Body=b"old")


@pytest.mark.awscli
def test_aws_s3_mb_makes_a_bucket(programs: Programs, aws_cli: str) -> None:
    ended = aws(programs, aws_cli, "s3", "mb", "s3://new-bucket")
    assert ended.status == 0, ended.err
    assert effects_of(ended.report()) == {("create", "AWS::S3::Bucket", "new-bucket")}


@pytest.mark.awscli
@pytest.mark.parametrize("size", [100, 9 * MIB])
def test_aws_s3_cp_uploads_and_is_promoted(
    programs: Programs, production: Production, aws_cli: str, size: int
) -> None:
    a_bucket(production)
    (programs.workdir / "new.bin").write_bytes(os.urandom(size))
    before = production.state()
    ended = aws(programs, aws_cli, "s3", "cp", "new.bin", "s3://assets/new.bin")
    assert ended.status == 0, ended.err + ended.out
    assert effects_of(ended.report()) == {("update", "AWS::S3::Bucket", "assets")}
    assert production.state() == before
    promoted = programs.executor("promote", "last", "--yes")
    assert promoted.status == 0, promoted.out + promoted.err
    head = production.call("s3", "HeadObject", Bucket="assets", Key="new.bin")
    assert head["ContentLength"] == size


@pytest.mark.awscli
def test_aws_s3_cp_over_an_object_is_denied(
    programs: Programs, production: Production, aws_cli: str
) -> None:
    a_bucket(production)
    (programs.workdir / "new.txt").write_text("new")
    ended = aws(programs, aws_cli, "s3", "cp", "new.txt", "s3://assets/old.txt")
    assert ended.status == 4, ended.err
    assert rules_of(ended.report()) == {"unexpected-data-loss"}


@pytest.mark.awscli
def test_aws_s3_reads_what_the_target_holds(
    programs: Programs, production: Production, aws_cli: str
) -> None:
    a_bucket(production)
    ended = aws(programs, aws_cli, "s3", "ls", "s3://assets")
    assert ended.status == 0, ended.err
    assert "old.txt" in ended.err
    assert ended.report()["effects"] == []


@pytest.mark.awscli
def test_aws_s3_rb_force_is_denied(
    programs: Programs, production: Production, aws_cli: str
) -> None:
    a_bucket(production)
    ended = aws(programs, aws_cli, "s3", "rb", "--force", "s3://assets")
    assert ended.status == 4, ended.err
    assert effects_of(ended.report()) == {("delete", "AWS::S3::Bucket", "assets")}


@pytest.mark.awscli
def test_aws_dynamodb_deletes_are_seen(
    programs: Programs, production: Production, aws_cli: str
) -> None:
    production.call(
        "dynamodb",
        "CreateTable",
        TableName="users",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )
    read = aws(programs, aws_cli, "dynamodb", "describe-table", "--table-name", "users")
    assert read.status == 0, read.err
    assert '"TableName": "users"' in read.err
    ended = aws(programs, aws_cli, "dynamodb", "delete-table", "--table-name", "users")
    assert ended.status == 4, ended.err
    assert effects_of(ended.report()) == {("delete", "AWS::DynamoDB::Table", "users")}


@pytest.mark.awscli
def test_aws_iam_and_ec2_are_rehearsed(programs: Programs, aws_cli: str) -> None:
    script = f"""
set -eu
{aws_cli} iam create-user --user-name ana > user.json
{aws_cli} ec2 describe-vpcs --query 'Vpcs[].VpcId' --output text
vpc=$({aws_cli} ec2 create-vpc --cidr-block 10.9.0.0/16 --query Vpc.VpcId --output text)
{aws_cli} ec2 create-subnet --vpc-id "$vpc" --cidr-block 10.9.1.0/24 > subnet.json
"""
    ended = programs.dry_run(*UNCONFINED, "--", "bash", "-c", script)
    assert ended.status == 0, ended.err
    kinds = {(action, kind) for action, kind, _ in effects_of(ended.report())}
    assert kinds >= {
        ("create", "AWS::IAM::User"),
        ("create", "AWS::EC2::VPC"),
        ("create", "AWS::EC2::Subnet"),
    }
    change = ended.report()["change"]
    assert isinstance(change, dict)
    assert "user.json" in str(change["files"])
    assert not (programs.workdir / "user.json").exists()


@pytest.mark.awscli
def test_aws_sqs_is_rehearsed_where_it_is_told_the_endpoint(
    programs: Programs, production: Production, aws_cli: str
) -> None:
    # Version 1 ignores AWS_ENDPOINT_URL for this service, and only for a few others.
    production.call("sqs", "CreateQueue", QueueName="orders")
    script = f"""
url=$({aws_cli} --endpoint-url "$AWS_ENDPOINT_URL" sqs get-queue-url --queue-name orders \
  --query QueueUrl --output text)
{aws_cli} --endpoint-url "$AWS_ENDPOINT_URL" sqs delete-queue --queue-url "$url"
"""
    ended = programs.dry_run(*UNCONFINED, "--", "bash", "-c", script)
    assert ended.status == 4, ended.err
    assert effects_of(ended.report()) == {("delete", "AWS::SQS::Queue", "orders")}


@pytest.mark.awscli
def test_aws_cloudformation_deploy_is_promoted_with_its_change_set(
    programs: Programs, production: Production, aws_cli: str
) -> None:
    (programs.workdir / "web.yaml").write_text(
        "Resources: {Jobs: {Type: AWS::SQS::Queue, Properties: {QueueName: jobs}}}"
    )
    words = ("deploy", "--stack-name", "web", "--template-file", "web.yaml")
    ended = aws(programs, aws_cli, "cloudformation", *words)
    assert ended.status == 0, ended.err
    assert effects_of(ended.report()) == {
        ("create", "AWS::CloudFormation::Stack", "web"),
        ("create", "AWS::SQS::Queue", "jobs"),
    }
    promoted = programs.executor("promote", "last", "--yes")
    assert promoted.status == 0, promoted.out + promoted.err
    assert production.call("sqs", "GetQueueUrl", QueueName="jobs")["QueueUrl"]


@pytest.mark.awscli
def test_aws_that_fails_is_denied_with_its_words(programs: Programs, aws_cli: str) -> None:
    ended = aws(programs, aws_cli, "s3api", "head-bucket", "--bucket", "nobody-has-it")
    assert ended.status == 4
    assert rules_of(ended.report()) == {"change-failed"}
    assert "404" in ended.err


SEVERAL = """
set -eu
echo new > new.txt
{aws} s3 cp new.txt s3://assets/new.txt
{aws} s3 rm s3://assets/old.txt
{aws} sns create-topic --name alerts
{aws} iam create-user --user-name ana
{aws} dynamodb create-table --table-name users --billing-mode PAY_PER_REQUEST \
  --key-schema AttributeName=id,KeyType=HASH \
  --attribute-definitions AttributeName=id,AttributeType=S
"""


@pytest.mark.awscli
@pytest.mark.docker
@pytest.mark.slow
def test_aws_does_the_same_on_both_engines(
    programs: Programs, production: Production, aws_cli: str
) -> None:
    a_bucket(production)
    command = ("--", "bash", "-c", SEVERAL.format(aws=aws_cli))
    reports = [
        programs.dry_run("--engine", engine, *UNCONFINED, *command)
        for engine in ("embedded", "localstack")
    ]
    assert [ended.status for ended in reports] == [4, 4], reports[1].err
    first, second = (ended.report() for ended in reports)
    assert effects_of(first) == effects_of(second)
    assert rules_of(first) == rules_of(second) == {"unexpected-data-loss"}


# Terraform

PROVIDER = """
terraform {
  required_providers { aws = { source = "hashicorp/aws" } }
}
provider "aws" { region = "us-east-1" }
"""


def table(key: str) -> str:
    return f"""
resource "aws_dynamodb_table" "users" {{
  name         = "users"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "{key}"
  attribute {{
    name = "{key}"
    type = "S"
  }}
}}
"""


BUCKET = 'resource "aws_s3_bucket" "assets" { bucket = "assets" }\n'
TAGGED_BUCKET = """
resource "aws_s3_bucket" "assets" {
  bucket = "assets"
  tags   = { a = "b" }
}
"""
QUEUE = 'resource "aws_sqs_queue" "orders" { name = "orders" }\n'


def terraform(programs: Programs, *words: str) -> subprocess.CompletedProcess[str]:
    """Run Terraform against the target itself, as whoever made it did."""
    done = subprocess.run(
        ["terraform", *words],
        cwd=programs.workdir,
        env=programs.environment(
            {"TF_CLI_CONFIG_FILE": os.devnull, "AWS_ENDPOINT_URL": programs.target}
        ),
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture
def infra(programs: Programs, terraform_plugin_dir: Path) -> Programs:
    (programs.workdir / "provider.tf").write_text(PROVIDER)
    terraform(programs, "init", f"-plugin-dir={terraform_plugin_dir}", "-input=false")
    return programs


APPLY = (*UNCONFINED, "--", "terraform", "apply", "-auto-approve", "-input=false")
CLEAN = {"TF_CLI_CONFIG_FILE": os.devnull}


@pytest.mark.slow
@pytest.mark.terraform
def test_terraform_creates_and_its_state_is_untouched(
    infra: Programs, production: Production
) -> None:
    (infra.workdir / "main.tf").write_text(BUCKET + QUEUE + table("id"))
    before = production.state()
    ended = infra.dry_run(*APPLY, env=CLEAN)
    assert ended.status == 0, ended.err
    assert effects_of(ended.report()) == {
        ("create", "AWS::S3::Bucket", "assets"),
        ("create", "AWS::SQS::Queue", "orders"),
        ("create", "AWS::DynamoDB::Table", "users"),
    }
    assert not (infra.workdir / "terraform.tfstate").exists()
    change = ended.report()["change"]
    assert isinstance(change, dict)
    assert "terraform.tfstate" in str(change["files"])
    assert production.state() == before


@pytest.mark.slow
@pytest.mark.terraform
@pytest.mark.docker
def test_terraform_does_the_same_on_both_engines(infra: Programs) -> None:
    # No queue: the provider would wait for half a minute, twice.
    topic = 'resource "aws_sns_topic" "alerts" { name = "alerts" }\n'
    (infra.workdir / "main.tf").write_text(BUCKET + topic + table("id"))
    reports = [
        infra.dry_run("--engine", engine, *APPLY, env=CLEAN)
        for engine in ("embedded", "localstack")
    ]
    assert [ended.status for ended in reports] == [0, 0], reports[1].err + reports[1].out
    first, second = (effects_of(ended.report()) for ended in reports)
    assert first == second
    assert len(first) == 3


@pytest.mark.slow
@pytest.mark.terraform
def test_terraform_that_replaces_a_table_is_denied(infra: Programs, production: Production) -> None:
    main = infra.workdir / "main.tf"
    main.write_text(BUCKET + table("id"))
    terraform(infra, "apply", "-auto-approve", "-input=false")
    state = (infra.workdir / "terraform.tfstate").read_bytes()
    before = production.state()
    main.write_text(BUCKET + table("email"))
    ended = infra.dry_run(*APPLY, env=CLEAN)
    assert ended.status == 4, ended.err
    report = ended.report()
    assert effects_of(report) == {("replace", "AWS::DynamoDB::Table", "users")}
    assert rules_of(report) == {"unexpected-replace"}
    [effect] = objects(report["effects"])
    calls = {c["n"]: c["operation"] for c in objects(report["calls"])}
    caused = effect["calls"]
    assert isinstance(caused, list)
    assert {calls[n] for n in caused} >= {"DeleteTable", "CreateTable"}
    assert (infra.workdir / "terraform.tfstate").read_bytes() == state
    assert production.state() == before
    # What is in order still is: a tag is added.
    main.write_text(TAGGED_BUCKET + table("id"))
    tagged = infra.dry_run(*APPLY, env=CLEAN)
    assert tagged.status == 0, tagged.err
    assert effects_of(tagged.report()) == {("update", "AWS::S3::Bucket", "assets")}
