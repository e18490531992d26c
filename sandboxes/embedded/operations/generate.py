"""Find out what an emulator implements, with the evidence: `make operations`.

The emulator is loaded once. Each service is examined in a forked process of its own, guarded
like a sandbox, so that what is found of one does not depend on the others. Evidence, by the
kind of protocol:

* Where a request names its operation (query, EC2, JSON, CBOR): the answer differs from the
  answer to the same request for an operation that does not exist. (Of moto the function is
  asked for, as below.)
* Where an operation is a method and a path: a function of the emulator's that bears the
  operation's name ran. Emulators take unknown paths for known ones.
* S3: what `s3_proofs` and `s3_settings` have shown, and nothing else.

What would run the change's code is left out: nothing is executed in a sandbox (`guard`).
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
import tempfile
import traceback
from collections.abc import Callable, Collection, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sandboxes.embedded import guard
from sandboxes.embedded.emulators import emulator_named
from sandboxes.embedded.operations.evidence import (
    Listing,
    by_difference,
    by_function,
    function_named,
    plain_name,
    told,
)
from sandboxes.embedded.operations.prober import Outcome, Prober, alike, probing_session
from sandboxes.embedded.operations.s3_proving import proven_s3
from sandboxes.embedded.operations.transports import (
    MiniStackTransport,
    MotoTransport,
    Transport,
    learn_service_names,
)

if TYPE_CHECKING:
    from botocore.session import Session

    from sandboxes.embedded.operations.prober import Client

_NAMED_ON_THE_WIRE = frozenset({"query", "ec2", "json", "smithy-rpc-v2-cbor"})
_NOT_IMPLEMENTED = re.compile(
    rb"not (been |yet )?implemented|NotImplemented|unknown (action|operation)|InvalidAction"
    rb"|UnknownOperation|unsupported operation",
    re.IGNORECASE,
)
# They run what the change brings, which nothing in a sandbox does.
_RUNS_CODE: Mapping[str, frozenset[str]] = {
    "lambda": frozenset({"Invoke", "InvokeAsync", "InvokeWithResponseStream"}),
    "batch": frozenset({"SubmitJob"}),
    "bedrock-agentcore": frozenset({"InvokeAgentRuntime"}),
    "codebuild": frozenset({"StartBuild", "StartBuildBatch"}),
    "ecs": frozenset({"RunTask", "StartTask", "ExecuteCommand"}),
    "emr": frozenset({"AddJobFlowSteps", "RunJobFlow"}),
    "glue": frozenset({"StartJobRun"}),
    "ssm": frozenset({"SendCommand", "StartAutomationExecution"}),
}

# Other services of the same request names or paths answer for them, with other meanings.
_ANSWERED_BY_OTHERS: Mapping[str, frozenset[str]] = {
    "ministack": frozenset(
        {"elb", "neptune", "kinesisanalytics", "lakeformation", "bedrock-data-automation"}
    ),
    "moto": frozenset(
        {
            *("bedrock-agent-runtime", "bedrock-data-automation", "kinesisanalytics"),
            *("lambda-microvms", "lex-models"),
        }
    ),
}

# Functions of an emulator that are named otherwise than the operation they are.
_NAMED_OTHERWISE: Mapping[str, str] = {
    "CreateEventSourceMapping": "_create_esm",
    "DeleteEventSourceMapping": "_delete_esm",
    "GetEventSourceMapping": "_get_esm",
    "ListEventSourceMappings": "_list_esms",
    "UpdateEventSourceMapping": "_update_esm",
    "GetFunctionConfiguration": "_get_function_config",
    "UpdateFunctionCode": "_update_code",
    "UpdateFunctionConfiguration": "_update_config",
    "ListVersionsByFunction": "_list_versions",
    "PutFunctionEventInvokeConfig": "_put_event_invoke_config",
    "GetFunctionEventInvokeConfig": "_get_event_invoke_config",
    "DeleteFunctionEventInvokeConfig": "_delete_event_invoke_config",
    "CreateBackupPlan": "_create_plan",
    "CreateBackupSelection": "_create_selection",
    "CreateBackupVault": "_create_vault",
    "DeleteBackupPlan": "_delete_plan",
    "DeleteBackupSelection": "_delete_selection",
    "DeleteBackupVault": "_delete_vault",
    "DescribeBackupVault": "_describe_vault",
    "GetBackupPlan": "_get_plan",
    "GetBackupSelection": "_get_selection",
    "GetBackupVaultAccessPolicy": "_get_vault_access_policy",
    "GetBackupVaultNotifications": "_get_vault_notifications",
    "ListBackupPlanVersions": "_list_plan_versions",
    "ListBackupPlans": "_list_plans",
    "ListBackupSelections": "_list_selections",
    "ListBackupVaults": "_list_vaults",
    "ListRecoveryPointsByBackupVault": "_list_recovery_points_by_vault",
    "UpdateBackupPlan": "_update_plan",
    "AssociateVPCWithHostedZone": "_associate_vpc",
    "DisassociateVPCFromHostedZone": "_disassociate_vpc",
    "PutProvisionedConcurrencyConfig": "_put_provisioned_concurrency",
    "GetProvisionedConcurrencyConfig": "_get_provisioned_concurrency",
    "DeleteProvisionedConcurrencyConfig": "_delete_provisioned_concurrency",
}


def examine(name: str, services: Collection[str] = ()) -> Listing:
    """Return what an installed emulator implements.

    Args:
        name: the emulator's.
        services: those to examine; all when there are none.

    Raises:
        SystemExit: it could not be examined; how it failed is on stderr.
    """
    with tempfile.TemporaryDirectory(prefix="executor-operations-") as directory:
        answer = Path(directory) / "operations.json"
        _in_fork(name, partial(_examine, name, directory, services, answer))
        found: dict[str, dict[str, str]] = json.loads(answer.read_bytes())
        return found


def _in_fork(what: str, work: Callable[[], None]) -> None:
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            work()
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(status)
    _, ended = os.waitpid(pid, 0)
    if ended != 0:
        raise SystemExit(f"{what} could not be examined (status {ended})")


def _examine(name: str, directory: str, services: Collection[str], answer: Path) -> None:
    for variable in [v for v in os.environ if v.startswith(("AWS_", "DOCKER"))]:
        del os.environ[variable]
    os.environ.update({"HOME": directory, "TMPDIR": directory})
    tempfile.tempdir = directory
    os.chdir(directory)
    # moto prints a line for each request to a service that it does not have.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    emulator = emulator_named(name)
    os.environ.update(emulator.settings(directory))
    emulator.load()
    while emulator.warm():
        pass
    if name == "ministack":
        learn_service_names()
    logging.disable(logging.CRITICAL)
    sys.dont_write_bytecode = True
    session = probing_session()
    found: dict[str, Mapping[str, str]] = {}
    for service in sorted(services or session.get_available_services()):
        if service in _ANSWERED_BY_OTHERS[name]:
            continue
        examination = partial(_examine_service, name, directory, service, session, answer)
        _in_fork(f"{name} {service}", examination)
        operations = json.loads(answer.read_bytes())
        if operations:
            found[service] = operations
            sys.stderr.write(f"{service}: {len(operations)}\n")
    answer.write_text(json.dumps(found))


def _examine_service(
    name: str, directory: str, service: str, session: Session, answer: Path
) -> None:
    prober = Prober(_transport(name), session)
    guard.install(directory, 65535)
    found = proven_s3(prober) if service == "s3" else _implemented(prober, service, name)
    kept = {
        operation: found[operation]
        for operation in sorted(found.keys() - _RUNS_CODE.get(service, frozenset()))
    }
    answer.write_text(json.dumps(kept))


def _transport(name: str) -> Transport:
    if name == "ministack":
        return MiniStackTransport()
    from moto.moto_server import werkzeug_app

    dispatcher = werkzeug_app.DomainDispatcherApplication(werkzeug_app.create_backend_app)
    return MotoTransport(dispatcher)


def _implemented(prober: Prober, service: str, emulator: str) -> dict[str, str]:
    client = prober.client(service)
    model = client.meta.service_model
    named = model.resolved_protocol in _NAMED_ON_THE_WIRE and emulator == "ministack"
    found: dict[str, str] = {}
    for operation in model.operation_names:
        outcome = prober.probe(client, operation)
        if _refused(outcome) or not _by_the_right_module(outcome):
            continue
        shown = (
            _differing(prober, client, outcome, operation) if named else _run(outcome, operation)
        )
        if shown:
            found[operation] = shown
    return found


def _refused(outcome: Outcome) -> bool:
    answer = outcome.answer
    if answer is None or answer.status in (405, 501) or "NotImplementedError" in outcome.error:
        return True
    return answer.status >= 400 and _NOT_IMPLEMENTED.search(answer.body) is not None


def _by_the_right_module(outcome: Outcome) -> bool:
    # What no service claims ends up with S3.
    ran = outcome.answer.ran if outcome.answer else frozenset()
    modules = {name.split(":")[0] for name in ran}
    return any(not re.search(r"(services|moto)\.s3(\.|$)", m) for m in modules)


def _differing(prober: Prober, client: Client, outcome: Outcome, operation: str) -> str:
    answer, unknown = outcome.answer, prober.unknown(operation)
    if answer is None or unknown is None or alike(answer, unknown, operation):
        return ""
    return by_difference(told(client, answer), told(client, unknown))


def _run(outcome: Outcome, operation: str) -> str:
    ran = outcome.answer.ran if outcome.answer else frozenset()
    names = {operation.lower(), plain_name(_NAMED_OTHERWISE.get(operation, operation))}
    function = function_named(names, ran)
    return by_function(function) if function else ""
