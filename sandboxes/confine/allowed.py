"""The environment of a confined command: what is known to be harmless and needed, no more.

A variable that nobody knows may hold a key. What a change needs beyond this list is passed by
`TF_VAR_` and the like, or named by whoever makes the confinement.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sandboxes.confine.environment import Appearance, client_variables

_NAMES = frozenset(
    {
        "AWS_CLI_AUTO_PROMPT",
        "AWS_CLI_FILE_ENCODING",
        "AWS_DEFAULT_OUTPUT",
        "AWS_MAX_ATTEMPTS",
        "AWS_PAGER",
        "AWS_RETRY_MODE",
        "CARGO_HOME",
        "CDK_DEFAULT_ACCOUNT",
        "CDK_DEFAULT_REGION",
        "CI",
        "COLORTERM",
        "COLUMNS",
        "DEBIAN_FRONTEND",
        "FORCE_COLOR",
        "GOFLAGS",
        "GOPATH",
        "GOROOT",
        "JAVA_HOME",
        "LANG",
        "LANGUAGE",
        "LD_LIBRARY_PATH",
        "LINES",
        "LOGNAME",
        "M2_HOME",
        "MAVEN_HOME",
        "MAVEN_OPTS",
        "NODE_ENV",
        "NODE_OPTIONS",
        "NODE_PATH",
        "NO_COLOR",
        "PAGER",
        "PATH",
        "RUSTUP_HOME",
        "SHELL",
        "SOURCE_DATE_EPOCH",
        "TERM",
        "TF_CLI_CONFIG_FILE",
        "TF_DATA_DIR",
        "TF_IN_AUTOMATION",
        "TF_INPUT",
        "TF_LOG",
        "TF_PLUGIN_CACHE_DIR",
        "TF_WORKSPACE",
        "TZ",
        "UMASK",
        "USER",
        "VIRTUAL_ENV",
    }
)
_BEGINNINGS = (
    "ANSIBLE_",
    "ASDF_",
    "CONDA_",
    "LC_",
    "MISE_",
    "NVM_",
    "PYENV_",
    "PYTHON",
    "RBENV_",
    "SAM_CLI_",
    "SDKMAN_",
    "TF_CLI_ARGS",
    "VOLTA_",
)
# The change's own inputs: whoever sets one means the change to have it.
_INPUTS = ("TF_VAR_",)
_SECRET_WORDS = ("TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL", "API_KEY", "ACCESS_KEY")


def allowed(environment: Mapping[str, str], also: Iterable[str] = ()) -> dict[str, str]:
    """Return what of an environment is on the list.

    Args:
        environment: the caller's.
        also: names of further variables.
    """
    named = frozenset(also)
    return {name: value for name, value in environment.items() if _keep(name, named)}


def is_input(name: str) -> bool:
    """Whether a variable is one by which a change is given something."""
    return name.startswith(_INPUTS)


def account_variables(appearance: Appearance) -> dict[str, str]:
    """Return settings of AWS clients that say who they are, and nothing of where to go."""
    return {
        name: value
        for name, value in client_variables(appearance).items()
        if not name.startswith("AWS_ENDPOINT_URL")
    }


def _keep(name: str, named: frozenset[str]) -> bool:
    if name in named or name in _NAMES or is_input(name):
        return True
    return name.startswith(_BEGINNINGS) and not any(w in name.upper() for w in _SECRET_WORDS)
