"""Terraform with the AWS provider."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.integration.clients.conftest import Confined
from tests.integration.conftest import Production
from tests.integration.programs import Programs, effects_of

pytestmark = [pytest.mark.terraform, pytest.mark.slow]

INFRA = """
terraform {
  required_providers { aws = { source = "hashicorp/aws" } }
}
provider "aws" { region = "us-east-1" }
resource "aws_s3_bucket" "assets" { bucket = "assets" }
resource "aws_sqs_queue" "orders" { name = "orders" }
resource "aws_dynamodb_table" "users" {
  name         = "users"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "id"
  attribute {
    name = "id"
    type = "S"
  }
}
resource "aws_iam_role" "runner" {
  name               = "runner"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole",
                   Principal = { Service = "lambda.amazonaws.com" } }]
  })
}
resource "aws_vpc" "main" { cidr_block = "10.8.0.0/16" }
"""


TYPES = {
    "AWS::DynamoDB::Table",
    "AWS::EC2::VPC",
    "AWS::IAM::Role",
    "AWS::S3::Bucket",
    "AWS::SQS::Queue",
}


@pytest.fixture
def initialized(programs: Programs, terraform_plugin_dir: Path) -> Path:
    """A work directory as `terraform init` leaves it."""
    (programs.workdir / "main.tf").write_text(INFRA)
    settings = {"TF_CLI_CONFIG_FILE": os.devnull}
    subprocess.run(
        ["terraform", "init", f"-plugin-dir={terraform_plugin_dir}", "-input=false"],
        cwd=programs.workdir,
        env=programs.environment(settings),
        check=True,
        capture_output=True,
        timeout=180,
    )
    return programs.workdir


@pytest.mark.parametrize(
    "fixture",
    [
        pytest.param("in_bubblewrap", marks=pytest.mark.bubblewrap),
        pytest.param("with_terraform", marks=pytest.mark.docker),
    ],
)
def test_apply_creates_and_leaves_its_state_alone(
    fixture: str, initialized: Path, production: Production, request: pytest.FixtureRequest
) -> None:
    confined: Confined = request.getfixturevalue(fixture)
    before = production.state()
    ended = confined("terraform", "apply", "-auto-approve", "-input=false")
    assert ended.status == 0, ended.err + ended.out
    found = {(action, kind) for action, kind, _ in effects_of(ended.report())}
    assert found == {("create", kind) for kind in TYPES}
    assert not (initialized / "terraform.tfstate").exists()
    assert production.state() == before
