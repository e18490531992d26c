"""Ansible with the collection `amazon.aws`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.clients.conftest import Confined
from tests.integration.conftest import Production
from tests.integration.programs import Programs, effects_of

pytestmark = [pytest.mark.ansible, pytest.mark.bubblewrap]

HEAD = """
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
"""
MAKE = """
    - amazon.aws.s3_bucket: {name: from-ansible, region: us-east-1, state: present}
    - amazon.aws.ec2_vpc_net: {name: from-ansible, cidr_block: 10.7.0.0/16, region: us-east-1}
"""
REMOVE = """
    - amazon.aws.s3_bucket: {name: orders, region: us-east-1, state: absent, force: true}
"""


def test_a_playbook_creates(
    in_bubblewrap: Confined, programs: Programs, ansible_playbook: Path
) -> None:
    (programs.workdir / "play.yml").write_text(HEAD + MAKE)
    ended = in_bubblewrap(str(ansible_playbook), "play.yml")
    assert ended.status == 0, ended.err + ended.out
    found = {(action, kind) for action, kind, _ in effects_of(ended.report())}
    assert found == {("create", "AWS::S3::Bucket"), ("create", "AWS::EC2::VPC")}


def test_a_playbook_is_denied_a_deletion(
    in_bubblewrap: Confined, programs: Programs, production: Production, ansible_playbook: Path
) -> None:
    production.call("s3", "CreateBucket", Bucket="orders")
    production.call("s3", "PutObject", Bucket="orders", Key="1", Body=b"paid for")
    (programs.workdir / "play.yml").write_text(HEAD + REMOVE)
    ended = in_bubblewrap(str(ansible_playbook), "play.yml")
    assert ended.status == 4, ended.err + ended.out
    assert ("delete", "AWS::S3::Bucket", "orders") in effects_of(ended.report())
