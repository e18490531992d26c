"""One engine under examination, and how a check is run against it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandboxes.contract import Engine, Sandbox
from sandboxes.model import SandboxSpec

if TYPE_CHECKING:
    from botocore.session import Session

ACCOUNT = "123456789012"
REGION = "eu-west-1"


def _nothing(_: Sandbox) -> Sequence[Path]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineCase:
    """An engine under examination.

    Attributes:
        label: engine and emulator, a key of `KNOWN_GAPS`.
        engine: the engine.
        gaps: checks that it is known to fail, with the reason.
        kill: ends a sandbox's emulator by force; None where that is not ours to do.
        footprint: what a sandbox has on disk; all of it must go with the sandbox.
    """

    label: str
    engine: Engine
    gaps: Mapping[str, str] = field(default_factory=dict)
    kill: Callable[[Sandbox], None] | None = None
    footprint: Callable[[Sandbox], Sequence[Path]] = _nothing

    def start(self, *, account: str = ACCOUNT, region: str = REGION) -> Sandbox:
        """Start a sandbox."""
        return self.engine.start(SandboxSpec(run="conformance", account=account, region=region))


Check = Callable[[EngineCase], None]


def name_of(check: Check) -> str:
    """Return a check's name, a key of a case's gaps."""
    return check.__name__


def run_check(check: Check, case: EngineCase) -> None:
    """Run one check.

    Raises:
        AssertionError: the engine does not hold what it must, or holds what it is listed not to.
    """
    reason = case.gaps.get(name_of(check))
    if reason is None:
        check(case)
        return
    try:
        check(case)
    except Exception:
        # In whatever way a known gap shows, it is still there.
        return
    raise AssertionError(f"{case.label} passes {name_of(check)}: remove the gap ({reason})")


class Aws:
    """Calls AWS operations in a sandbox, as an unmodified client would."""

    _session: Session | None = None

    def __init__(self, sandbox: Sandbox, *, account: str = ACCOUNT, region: str = REGION) -> None:
        """Args:
        sandbox: where the calls go.
        account: access key id, which is how emulators are told the account.
        region: of all calls.
        """
        self._url = sandbox.url
        self._account = account
        self._region = region
        self._clients: dict[str, Any] = {}

    def call(self, service: str, operation: str, **parameters: object) -> dict[str, Any]:
        """Make one call; the parsed response without its metadata.

        Raises:
            botocore.exceptions.ClientError: it was answered with an error.
        """
        client = self._clients.get(service) or self._client(service)
        answer: dict[str, Any] = client._make_api_call(operation, parameters)
        answer.pop("ResponseMetadata", None)
        return answer

    def error(self, service: str, operation: str, **parameters: object) -> str:
        """Make one call and return the code of its error; empty when it succeeds."""
        from botocore.exceptions import ClientError

        try:
            self.call(service, operation, **parameters)
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return ""

    def _client(self, service: str) -> Any:  # a client's methods are made at run time
        from botocore.config import Config
        from botocore.session import Session

        if Aws._session is None:
            # Its loader keeps the models, whose reading takes most of the time.
            Aws._session = Session()
        client = Aws._session.create_client(
            service,
            region_name=self._region,
            endpoint_url=self._url,
            aws_access_key_id=self._account,
            aws_secret_access_key="conformance",
            config=Config(
                retries={"max_attempts": 0},
                connect_timeout=5,
                read_timeout=60,
                s3={"addressing_style": "path"},
            ),
        )
        self._clients[service] = client
        return client
