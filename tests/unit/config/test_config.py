"""`executor.toml` and the choice of a target."""

from pathlib import Path

import pytest

from executor.config import Config, load_config, resolve_target
from executor.errors import InvalidConfig, NotFound
from executor.model.decision import Decision
from executor.model.finding import Rule
from executor.model.intent import Limits
from executor.model.target import TargetKind

FILE = """
target = "prod"
[policy]
protect = ["AWS::KMS::Key *"]
limits = {delete = 0, total = 9}
[targets.prod]
profile = "prod"
role = "arn:aws:iam::123456789012:role/deploy"
role_read = "arn:aws:iam::123456789012:role/read"
account = "123456789012"
regions = ["eu-west-1", "us-east-1"]
[targets.prod.policy]
protect = ["AWS::DynamoDB::Table *"]
limits = {total = 5}
isolation = "bubblewrap"
decisions = {unexpected-create = "deny"}
[targets.local]
endpoint_url = "http://127.0.0.1:4566"
[engine]
name = "embedded"
emulator = "moto"
[limits]
timeout_s = 60
"""


def write(tmp_path: Path, text: str, name: str = "executor.toml") -> Path:
    path = tmp_path / name
    path.write_text(text)
    return path


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    return {"HOME": str(tmp_path / "home")}


def test_no_file_is_the_defaults(tmp_path: Path) -> None:
    assert load_config(tmp_path) == Config()


def test_the_nearest_file_above_is_read(tmp_path: Path) -> None:
    path = write(tmp_path, FILE)
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    config = load_config(deep)
    assert config.path == path
    assert (config.target, config.engine, config.emulator) == ("prod", "embedded", "moto")
    assert config.timeout_s == 60
    assert config.targets["prod"].regions == ("eu-west-1", "us-east-1")
    assert config.targets["local"].kind is TargetKind.ENDPOINT


def test_a_targets_policy_adds_to_the_general_one(tmp_path: Path) -> None:
    write(tmp_path, FILE)
    config = load_config(tmp_path)
    policy = config.policy_for("prod")
    assert [str(p) for p in policy.protect] == ["AWS::KMS::Key *", "AWS::DynamoDB::Table *"]
    assert policy.limits == Limits(delete=0, total=5)
    assert policy.isolation == "bubblewrap"
    assert policy.decisions == {Rule.UNEXPECTED_CREATE: Decision.DENY}
    assert config.policy_for("local").limits == Limits(delete=0, total=9)


def test_hosts_are_opened_for_every_target_or_for_one(tmp_path: Path) -> None:
    open_to_all = "[policy]\nnetwork = {allow = ['a.example.com']}\n[targets.a]\n"
    none = "[targets.b]\npolicy = {network = {allow = []}}\n"
    other = "[targets.c]\npolicy = {network = {allow = ['c.example.com']}}\n"
    write(tmp_path, open_to_all + none + other)
    config = load_config(tmp_path)
    found = [config.policy_for(name).reachable for name in "abc"]
    assert found == [("a.example.com",), (), ("c.example.com",)]


def test_what_is_decided_of_blocked_connections_is_said_for_all_or_for_one(tmp_path: Path) -> None:
    general = "[policy]\nnetwork = {blocked = 'hold'}\n[targets.a]\n"
    write(tmp_path, general + "[targets.b]\npolicy = {network = {blocked = 'deny'}}\n")
    config = load_config(tmp_path)
    assert [config.policy_for(name).blocked for name in "ab"] == [Decision.HOLD, Decision.DENY]


def test_images_of_containers_are_read(tmp_path: Path) -> None:
    named = 'image = "team/tools:3@sha256:0a"\nhelper = "python:3.13-slim"\n'
    write(tmp_path, f"[confinement]\n{named}")
    config = load_config(tmp_path)
    assert (config.image, config.helper) == ("team/tools:3@sha256:0a", "python:3.13-slim")


def test_a_project_file_serves_too_and_one_without_the_table_is_passed_by(tmp_path: Path) -> None:
    write(tmp_path, "[tool.executor]\ntarget = 'none'\n", "pyproject.toml")
    below = tmp_path / "below"
    below.mkdir()
    write(below, "[tool.other]\nx = 'tool.executor'\n", "pyproject.toml")
    assert load_config(below).target == "none"


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("tarGet = 'x'", "tarGet: unknown name", "policy, replica, target, targets"),
        ("[targets.a]\nregoin = 'x'", "targets.a.regoin: unknown name", "region"),
        ("[targets.a]\naccount = '1'", "targets.a.account", ""),
        ("[targets.a]\naws_secret_access_key = 'x'", "looks like a credential", "profile"),
        ("[targets.a]\nprofile = 'AKIAIOSFODNN7EXAMPLE'", "looks like a credential", ""),
        ("[targets.a]\nendpoint_url = 'ftp://x'", "endpoint_url: 'ftp://x' is not an HTTP", ""),
        ("[targets.a]\nendpoint_url = 'http://u:p@x'", "may not hold a user", ""),
        ("[targets.none]", "meaning of its own", ""),
        ("target = 'prod'", "there is no target 'prod'", "[targets.prod]"),
        ("[policy]\nprotect = ['bucket']", r"policy.protect\[0\]", "DynamoDB"),
        ("[policy]\nlimits = {delete = -1}", "policy.limits.delete", ""),
        ("[policy]\ndecisions = {nonsense = 'deny'}", "policy.decisions", ""),
        ("[policy]\nnetwork = {allow = ['*.example.com']}", "policy.network.allow.0", ""),
        ("[policy]\nnetwork = {allow = ['169.254.169.254']}", "policy.network.allow.0", ""),
        ("[policy]\nnetwork = {blocked = 'perhaps'}", "policy.network.blocked", ""),
        ("[policy]\nnetwork = {deny = []}", "policy.network.deny: unknown name", "allow"),
        ("[policy]\nisolation = 'moon'", "policy.isolation", ""),
        ("[engine]\nemulator = 'x'", "engine.emulator", ""),
        ("[confinement]\nimage = 'a b'", "confinement.image", ""),
        ("[confinement]\nimagine = 'a'", "confinement.imagine: unknown name", "helper, image"),
        ("[limits]\ntimeout_s = 0", "limits.timeout_s", ""),
        ("a = ", "is not TOML", ""),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, message: str, hint: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(InvalidConfig, match=message) as caught:
        load_config(tmp_path)
    assert str(path) in caught.value.message
    assert hint in caught.value.hint
    assert caught.value.hint


def test_a_named_target_is_taken_and_an_unknown_one_lists_the_known(
    tmp_path: Path, home: dict[str, str]
) -> None:
    write(tmp_path, FILE)
    config = load_config(tmp_path)
    prod = resolve_target(None, config, home)
    assert (prod.name, prod.region, prod.account) == ("prod", "eu-west-1", "123456789012")
    assert resolve_target("prod", config, home, region="us-east-1").region == "us-east-1"
    local = resolve_target("local", config, home, account="000000000001")
    assert (local.account, local.region) == ("000000000001", "us-east-1")
    with pytest.raises(NotFound) as caught:
        resolve_target("stage", config, home)
    assert "local, prod" in caught.value.hint


def test_a_url_is_a_target(home: dict[str, str]) -> None:
    target = resolve_target("http://127.0.0.1:4566", Config(), home)
    assert (target.kind, target.region) == (TargetKind.ENDPOINT, "us-east-1")
    with pytest.raises(InvalidConfig):
        resolve_target("gopher://x", Config(), home)


def test_without_credentials_there_is_no_target_and_that_is_said(home: dict[str, str]) -> None:
    target = resolve_target(None, Config(), home)
    assert target.kind is TargetKind.NONE
    assert "no ambient AWS credentials" in target.origin
    assert resolve_target("none", Config(), {**home, "AWS_PROFILE": "x"}).name == "none"


def test_ambient_credentials_are_a_target(tmp_path: Path, home: dict[str, str]) -> None:
    keys = {**home, "AWS_ACCESS_KEY_ID": "AKIA", "AWS_REGION": "eu-north-1"}
    target = resolve_target(None, Config(), keys)
    assert (target.name, target.kind, target.region) == ("ambient", TargetKind.AWS, "eu-north-1")
    aws = tmp_path / "home" / ".aws"
    aws.mkdir(parents=True)
    (aws / "config").write_text("[default]\nsso_session = s\nregion = eu-west-2\n")
    assert resolve_target(None, Config(), home).region == "eu-west-2"
    (aws / "config").write_text("[profile stage]\nregion = eu-west-3\n")
    stage = resolve_target(None, Config(), {**home, "AWS_PROFILE": "stage"})
    assert (stage.profile, stage.region) == ("stage", "eu-west-3")


def test_an_ambient_endpoint_url_is_where_the_callers_tools_go(home: dict[str, str]) -> None:
    url = "http://127.0.0.1:9297"
    target = resolve_target(None, Config(), {**home, "AWS_ENDPOINT_URL": url})
    assert (target.kind, target.endpoint_url) == (TargetKind.ENDPOINT, url)


def test_an_aws_target_without_a_region_is_refused(home: dict[str, str]) -> None:
    with pytest.raises(InvalidConfig, match="no region") as caught:
        resolve_target(None, Config(), {**home, "AWS_PROFILE": "x"})
    assert "--region" in caught.value.hint


def test_an_account_has_twelve_digits(home: dict[str, str]) -> None:
    with pytest.raises(InvalidConfig, match="12 digits"):
        resolve_target("none", Config(), home, account="12")


def test_the_example_in_the_documentation_is_read(tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs" / "command-line.md").read_text()
    write(tmp_path, page.split("```toml\n")[1].split("```")[0])
    config = load_config(tmp_path)
    assert config.policy_for("prod").isolation == "bubblewrap"
    assert config.timeout_s == 900
