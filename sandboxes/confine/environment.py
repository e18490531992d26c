"""The environment of a change: the caller's, with every road to a real AWS taken out.

AWS variables are dropped unless they are known to be harmless, because each SDK has some of
its own that name credentials, endpoints or files.
"""

from __future__ import annotations

import configparser
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sandboxes.processes import MARKER, marker_value

_HARMLESS = frozenset(
    {
        "AWS_CLI_AUTO_PROMPT",
        "AWS_CLI_FILE_ENCODING",
        "AWS_DEFAULT_OUTPUT",
        "AWS_MAX_ATTEMPTS",
        "AWS_PAGER",
        "AWS_RETRY_MODE",
    }
)
_CLOUDS = (
    "ALICLOUD_",
    "ARM_",
    "AZURE_",
    "BOTO_",
    "CLOUDFLARE_",
    "CLOUDSDK_",
    "DIGITALOCEAN_",
    "GCLOUD_",
    "GCP_",
    "GOOGLE_",
    "HCLOUD_",
    "IBMCLOUD_",
    "LINODE_",
    "LOCALSTACK_",
    "OCI_",
    "TFE_",
    "TF_TOKEN_",
    "VAULT_",
)
_SECRET_WORDS = ("TOKEN", "SECRET", "PASSWORD", "CREDENTIAL", "API_KEY", "ACCESS_KEY")
_SECRET = "rehearsal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Appearance:
    """As whom and where a change's AWS clients shall believe to be.

    Attributes:
        url: endpoint of the gateway.
        account: 12-digit account id, which emulators take from the access key.
        region: default region.
        run: id of the run.
    """

    url: str
    account: str
    region: str
    run: str


def scrubbed(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without AWS settings and other clouds' secrets."""
    return {name: value for name, value in environment.items() if _keep(name)}


def rehearsal_environment(
    environment: Mapping[str, str], appearance: Appearance, private: Path
) -> dict[str, str]:
    """Return the environment for a change, and write the AWS files it names.

    Args:
        environment: the caller's.
        appearance: what AWS clients shall believe.
        private: an empty directory for this run alone.
    """
    config, credentials = private / "config", private / "credentials"
    config.write_text(aws_config(profile_names(environment), appearance))
    credentials.write_text("")
    for path in (config, credentials):
        path.chmod(0o600)
    changed = scrubbed(environment)
    changed.update(client_variables(appearance))
    changed |= {
        "AWS_CONFIG_FILE": str(config),
        "AWS_SHARED_CREDENTIALS_FILE": str(credentials),
        MARKER: marker_value(appearance.run, environment.get(MARKER, "")),
    }
    for name in ("NO_PROXY", "no_proxy"):
        changed[name] = _with_loopback(environment.get(name, ""))
    return changed


def client_variables(appearance: Appearance) -> dict[str, str]:
    """Return the variables that point AWS clients to the gateway."""
    return {
        "AWS_ENDPOINT_URL": appearance.url,
        "AWS_ENDPOINT_URL_S3": appearance.url,
        "AWS_ACCESS_KEY_ID": appearance.account,
        "AWS_SECRET_ACCESS_KEY": _SECRET,
        "AWS_REGION": appearance.region,
        "AWS_DEFAULT_REGION": appearance.region,
        "AWS_EC2_METADATA_DISABLED": "true",
        # Account-based endpoints are host names, which an endpoint URL does not catch.
        "AWS_ACCOUNT_ID_ENDPOINT_MODE": "disabled",
    }


def aws_config(
    profiles: Iterable[str], appearance: Appearance, *, endpoint: bool = True, ca_bundle: str = ""
) -> str:
    """Return a shared config file with the caller's profile names and nobody's credentials.

    Args:
        profiles: names of the caller's profiles.
        appearance: what AWS clients shall believe.
        endpoint: name the gateway's address; not needed where AWS's own names lead to it.
        ca_bundle: path of the certificates to trust; empty for the usual ones.
    """
    where = f"endpoint_url = {appearance.url}\ns3 =\n    addressing_style = path\n"
    return "\n".join(
        f"[{'default' if name == 'default' else f'profile {name}'}]\n"
        f"region = {appearance.region}\n"
        f"aws_access_key_id = {appearance.account}\n"
        f"aws_secret_access_key = {_SECRET}\n"
        f"{where if endpoint else ''}"
        f"{f'ca_bundle = {ca_bundle}' + chr(10) if ca_bundle else ''}"
        for name in dict.fromkeys(["default", *profiles])
    )


def profile_names(environment: Mapping[str, str]) -> list[str]:
    """Return the names of the caller's profiles; an unreadable file has none."""
    home = Path(environment.get("HOME") or Path.home())
    files = (
        environment.get("AWS_SHARED_CREDENTIALS_FILE") or home / ".aws" / "credentials",
        environment.get("AWS_CONFIG_FILE") or home / ".aws" / "config",
    )
    return [name for file in files for name in _sections(Path(file).expanduser())]


def _sections(path: Path) -> Iterator[str]:
    try:
        text = path.read_text()
        # Made only where there is a file to read: that takes longer than looking for one.
        parser = configparser.RawConfigParser(strict=False)
        parser.read_string(text)
    except (OSError, ValueError, configparser.Error):
        return
    for section in parser.sections():
        name = section.removeprefix("profile ").strip().strip("\"'")
        # `sso-session x` and `services x` are no profiles, and control characters no names.
        if name.isprintable() and " " not in name and "]" not in name:
            yield name


def _keep(name: str) -> bool:
    upper = name.upper()
    if upper.startswith("AWS_"):
        return upper in _HARMLESS
    if upper.startswith(_CLOUDS):
        return not any(word in upper for word in _SECRET_WORDS)
    return True


def _with_loopback(value: str) -> str:
    hosts = [host.strip() for host in value.split(",") if host.strip()]
    return ",".join(dict.fromkeys([*hosts, "127.0.0.1", "localhost", "::1"]))
