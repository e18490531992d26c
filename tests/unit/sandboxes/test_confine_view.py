"""What a confined command is shown: tools, neighbours, variables; and what never."""

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs12

from sandboxes.confine.allowed import account_variables, allowed
from sandboxes.confine.environment import Appearance
from sandboxes.confine.limits import Limits
from sandboxes.confine.mounts import make_view
from sandboxes.confine.project import Neighbourhood, neighbourhood
from sandboxes.confine.secrets import kept_from_others, secrets_in, secrets_of_project
from sandboxes.confine.tools import Tools
from sandboxes.confine.trust import BUNDLES, find_java, make_trust, some_authority
from sandboxes.confine.view import OTHER_HOME, Work


@pytest.fixture
def home(tmp_path: Path) -> Path:
    path = tmp_path / "home"
    path.mkdir()
    return path


def program(path: Path, text: str = "#!/bin/sh\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def places(home: Path, **environment: str) -> set[Path]:
    tools = Tools(home)
    tools.add_environment(environment)
    return set(tools.places)


def test_a_prefix_on_the_path_is_shown_as_a_whole(home: Path) -> None:
    program(home / ".nvm" / "versions" / "node" / "v20" / "bin" / "node")
    prefix = home / ".nvm" / "versions" / "node" / "v20"
    assert prefix in places(home, PATH=f"{prefix}/bin:/usr/bin")


def test_a_home_directory_is_never_shown_as_a_whole(home: Path) -> None:
    program(home / "bin" / "tool")
    program(home / ".local" / "bin" / "other")
    assert places(home, PATH=f"{home}/bin:{home}/.local/bin:{home}") == {
        home / "bin",
        home / ".local" / "bin",
    }
    assert places(home, PATH="/:/home:/tmp:relative:", VIRTUAL_ENV=str(home)) == set()


def test_a_second_slash_at_the_beginning_makes_no_other_place(home: Path) -> None:
    tool = program(home / "bin" / "tool")
    assert places(home, PATH=f"/{tool.parent}") == {tool.parent}
    assert places(home, PATH="//bin", VIRTUAL_ENV=f"/{home}", PYTHONPATH="//") == set()
    assert places(Path(f"/{home}"), PATH=str(tool.parent)) == {tool.parent}
    script = program(home / "scripts" / "run", f"#!/{tool}\n")
    assert places(home, PATH=f"/{script.parent}") == {script.parent, tool.parent}
    deploy = program(home / "deploy.sh")
    assert named(home, f"/{deploy}") == {deploy}


def test_what_cannot_be_looked_at_is_no_tool(home: Path) -> None:
    tool = program(home / "bin" / "tool")
    long = f"/{'x' * 300}"
    program(home / "bin" / "binary", "#!/bin/\0sh\n")
    assert places(home, PATH=f"{long}/bin:{tool.parent}", TF_CLI_CONFIG_FILE=long) == {tool.parent}
    (home / "loop").symlink_to("loop")
    assert places(home / "loop", PATH="/usr/bin", VIRTUAL_ENV=str(home / "loop")) == set()
    env = home / "env"
    env.mkdir()
    (env / "pyvenv.cfg").write_text("home = /opt/\0/bin\n")
    assert places(home, PATH="/usr/bin", VIRTUAL_ENV=str(env)) == {env}


def test_a_home_directory_that_cannot_be_looked_at_has_another_in_its_place(tmp_path: Path) -> None:
    view = make_view(
        home=Path("/", "x" * 300),
        work=Work(path=tmp_path, shown=tmp_path),
        tools=(),
        environment={},
        limits=Limits(),
        empty=tmp_path,
    )
    assert view.home == OTHER_HOME


def test_links_and_first_lines_are_followed_to_their_prefixes(home: Path) -> None:
    real = program(home / "pipx" / "venvs" / "tool" / "bin" / "tool")
    python = program(home / "uv" / "python" / "bin" / "python3", "")
    script = program(home / "bin" / "script", f"#!{python} -u\n")
    link = home / "bin" / "tool"
    link.symlink_to(real)
    shown = places(home, PATH=str(script.parent))
    assert {home / "pipx" / "venvs" / "tool", home / "uv" / "python"} <= shown


def test_a_virtual_environment_shows_what_it_was_made_of(home: Path) -> None:
    base = program(home / "pythons" / "3.12" / "bin" / "python3", "")
    place = home / "envs" / "one"
    (place / "bin").mkdir(parents=True)
    (place / "bin" / "python").symlink_to(base)
    (place / "pyvenv.cfg").write_text(f"home = {base.parent}\n")
    shown = places(home, PATH="/usr/bin", VIRTUAL_ENV=str(place))
    assert shown == {place, home / "pythons" / "3.12"}


def test_settings_with_a_key_in_them_are_not_shown(home: Path) -> None:
    settings = home / ".terraformrc"
    settings.write_text('plugin_cache_dir = "/x"\n')
    assert settings in places(home, PATH="/usr/bin")
    settings.write_text('credentials "app.terraform.io" { token = "x" }\n')
    assert settings not in places(home, PATH="/usr/bin")


def test_secrets_beside_tools_and_projects_are_found(tmp_path: Path, home: Path) -> None:
    project = tmp_path / "project"
    deep = project.joinpath(*"abcdefgh")
    for path in (home / ".aws" / "credentials", deep / ".ssh" / "id"):
        path.parent.mkdir(parents=True)
        path.touch()
    (project / ".npmrc").touch()
    assert set(secrets_of_project(tmp_path, home)) == {home / ".aws", deep / ".ssh"}
    assert list(secrets_in(project, home)) == [project / ".npmrc"]


def test_what_others_may_not_read_is_found(tmp_path: Path) -> None:
    for name, mode in (("open", 0o644), ("key", 0o600), ("group", 0o640)):
        (tmp_path / "deep").mkdir(exist_ok=True)
        path = tmp_path / "deep" / name
        path.touch()
        path.chmod(mode)
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    (closed / "inner").touch(mode=0o600)
    (tmp_path / "link").symlink_to(closed)
    found = set(kept_from_others(tmp_path))
    assert found == {tmp_path / "deep" / "key", tmp_path / "deep" / "group", closed}


def test_the_neighbours_are_the_repository_or_two_levels(tmp_path: Path) -> None:
    home = Path("/home/user")
    work = tmp_path / "infra" / "envs" / "prod"
    work.mkdir(parents=True)
    assert neighbourhood(work, home).place == tmp_path / "infra"
    (tmp_path / ".git").mkdir()
    assert neighbourhood(work, home).place == tmp_path


def test_what_is_too_much_to_look_through_is_not_shown(tmp_path: Path) -> None:
    home = Path("/home/user")
    work = tmp_path / "infra" / "envs" / "prod"
    for path in (work, tmp_path / ".git", tmp_path / "docs" / "old", tmp_path / "infra" / "dns"):
        path.mkdir(parents=True)
    secret = tmp_path / "infra" / ".netrc"
    secret.touch()
    whole = neighbourhood(work, home, most=7)
    assert whole == Neighbourhood(place=tmp_path, secrets=(secret,))
    part = neighbourhood(work, home, most=6)
    assert part == Neighbourhood(place=tmp_path / "infra", secrets=(secret,), withheld=tmp_path)
    close = neighbourhood(work, home, most=2)
    assert close == Neighbourhood(place=work.parent, withheld=tmp_path)
    assert neighbourhood(work, home, most=1) == Neighbourhood(withheld=tmp_path)


def test_homes_and_shared_places_are_no_neighbours(tmp_path: Path) -> None:
    assert neighbourhood(tmp_path / "project", tmp_path).place is None
    assert neighbourhood(Path("/tmp/project"), Path("/root")).place is None
    assert neighbourhood(Path("/home/user/project"), Path("/home/user")).place is None
    assert neighbourhood(Path("/home/other/project"), Path("/home/user")).place is None
    assert neighbourhood(Path("/root/project"), Path("/root")).place is None
    assert neighbourhood(Path("/usr/project"), Path("/root")).place is None
    assert neighbourhood(Path("/"), Path("/root")).place is None


def test_only_known_variables_are_passed() -> None:
    given = {
        "PATH": "/bin",
        "LC_ALL": "C",
        "PYTHONPATH": "/x",
        "TF_VAR_db_password": "input of the change",
        "AWS_ACCESS_KEY_ID": "AKIA",
        "AWS_PROFILE": "prod",
        "AWS_ENDPOINT_URL": "https://real",
        "HTTPS_PROXY": "http://proxy",
        "GITHUB_TOKEN": "x",
        "ANSIBLE_VAULT_PASSWORD_FILE": "x",
        "LD_PRELOAD": "x",
        "DEPLOY_KEY": "x",
        "DOCKER_HOST": "x",
        "SSH_AUTH_SOCK": "x",
        "TF_TOKEN_app_terraform_io": "x",
    }
    assert set(allowed(given)) == {"PATH", "LC_ALL", "PYTHONPATH", "TF_VAR_db_password"}
    assert "DEPLOY_KEY" in allowed(given, also=["DEPLOY_KEY"])


def test_clients_are_told_who_they_are_and_not_where_to_go() -> None:
    appearance = Appearance(url="http://x", account="123456789012", region="eu-west-1", run="r")
    variables = account_variables(appearance)
    assert variables["AWS_ACCESS_KEY_ID"] == "123456789012"
    assert variables["AWS_REGION"] == "eu-west-1"
    assert not any("ENDPOINT_URL" in name for name in variables)


def test_java_gets_a_trust_store_with_the_gateway_s_authority(tmp_path: Path) -> None:
    from tests.integration.doors import open_gateway

    java = program(tmp_path / "jdk" / "bin" / "java")
    assert find_java({}, [str(java.parent)]) == java
    assert find_java({"JAVA_HOME": str(tmp_path / "jdk")}, []) == java
    assert find_java({}, [str(tmp_path)]) is None
    with open_gateway(tmp_path) as gateway:
        assert gateway.door.authority is not None
        trust = make_trust(gateway.door.authority, tmp_path, java=java, others=False)
    assert trust.java is not None
    stored = pkcs12.load_pkcs12(trust.java.read_bytes(), None)
    assert len(stored.additional_certs) == 1
    assert trust.bundle.read_bytes().count(b"BEGIN CERTIFICATE") == 1
    assert str(tmp_path / "trusted.p12") in trust.variables(tmp_path)["JAVA_TOOL_OPTIONS"]


def test_the_world_s_authorities_are_trusted_only_where_the_world_can_be_reached(
    tmp_path: Path,
) -> None:
    authority = tmp_path / "authority.pem"
    authority.write_text("-----BEGIN CERTIFICATE-----\nours\n-----END CERTIFICATE-----\n")
    alone = make_trust(authority, tmp_path, java=None, others=False)
    assert alone.bundle.read_text() == authority.read_text()
    both = make_trust(authority, tmp_path, java=None, others=True)
    assert "ours" in both.bundle.read_text()
    if both.replaced:
        assert both.bundle.read_text().count("BEGIN CERTIFICATE") > 1


def test_what_is_practised_with_is_a_certificate_where_the_machine_has_any() -> None:
    found = some_authority()
    if found:
        assert len(x509.load_pem_x509_certificates(found)) == 1
    else:
        assert not any(Path(path).is_file() for path in BUNDLES)


def named(home: Path, *words: str, directory: Path | None = None) -> set[Path]:
    tools = Tools(home)
    tools.add_arguments(words, directory or home / "work")
    return set(tools.places)


def test_a_script_that_the_command_names_is_shown_with_what_lies_beside_it(home: Path) -> None:
    script = program(home / "scripts" / "deploy.sh")
    assert named(home, "-x", str(script)) == {script.parent}
    assert named(home, "../scripts/deploy.sh") == {script.parent}
    assert named(home, f"--file={script}") == {script.parent}


def test_of_a_home_directory_only_the_script_itself_is_shown(home: Path) -> None:
    script = program(home / "deploy.sh")
    assert named(home, str(script)) == {script}


def test_naming_a_secret_does_not_show_it(home: Path) -> None:
    secret = program(home / ".aws" / "credentials")
    link = home / "harmless"
    link.symlink_to(secret)
    words = (str(secret), str(link), "../.aws/credentials", f"--file={secret}", str(home), "\0")
    assert named(home, *words, "x" * 300, "x" * 5000, "", "a=") == set()


def test_programs_that_a_command_line_names_by_their_paths_are_shown(home: Path) -> None:
    tool = program(home / "venv" / "bin" / "aws")
    data = home / "data.json"
    data.touch()
    tools = Tools(home)
    tools.add_words(["bash", "-c", f'x=$("{tool}" s3 ls);cat {data} /dev/null >/dev/null {home}'])
    assert set(tools.places) == {home / "venv"}


def test_devices_are_never_shown_as_tools(home: Path) -> None:
    assert places(home, PATH="/usr/bin", TF_CLI_CONFIG_FILE="/dev/null") == set()


def test_a_key_that_can_be_run_is_no_program(home: Path) -> None:
    tools = Tools(home)
    key = program(home / ".ssh" / "id_ed25519")
    deep = program(home / "windows" / "user" / ".aws" / "credentials")
    tool = program(home / "tools" / "deploy")
    tools.add_words([f"cat {key} {deep}; {tool} --now"])
    assert set(tools.places) == {tool}
