"""Find out what an emulator implements: `python -m sandboxes.embedded.operations.generate NAME`.

Writes `NAME.json` beside this file. The emulator runs in a forked process, guarded like a
sandbox. Evidence, by the kind of protocol:

* Where a request names its operation (query, EC2, JSON, CBOR): the answer differs from the
  answer to the same request for an operation that does not exist.
* Where an operation is a method and a path: a function of the emulator's that bears the
  operation's name ran. Emulators take unknown paths for known ones.
* S3: what `s3_proofs` and `s3_settings` have shown, and nothing else.

What would run the change's code is left out: nothing is executed in a sandbox (`guard`).
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import re
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandboxes.embedded import guard
from sandboxes.embedded.emulators import emulator_named
from sandboxes.embedded.installed import EMULATORS, emulator_version
from sandboxes.embedded.operations.parameters import KEY
from sandboxes.embedded.operations.prober import Outcome, Prober, alike
from sandboxes.embedded.operations.s3_proofs import BODY, PROOFS, Call, unharmed
from sandboxes.embedded.operations.s3_settings import SETTING_PROOFS
from sandboxes.embedded.operations.transports import MiniStackTransport, MotoTransport, Transport

if TYPE_CHECKING:
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
    "moto": frozenset(),
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


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the list of an emulator's operations."""
    parser = argparse.ArgumentParser(prog="sandboxes.embedded.operations.generate")
    parser.add_argument("emulator", choices=EMULATORS)
    name = parser.parse_args(arguments).emulator
    found = _in_guarded_process(name)
    count = sum(map(len, found.values()))
    content = {"emulator": name, "version": emulator_version(name), "operations": found}
    path = Path(__file__).with_name(f"{name}.json")
    path.write_text(json.dumps(content, indent=1) + "\n")
    sys.stdout.write(f"{path.name}: {count} operations of {len(found)} services\n")


def _in_guarded_process(name: str) -> dict[str, list[str]]:
    with tempfile.TemporaryDirectory(prefix="executor-operations-") as directory:
        answer = Path(directory) / "operations.json"
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                answer.write_text(json.dumps(_examine(name, directory)))
                status = 0
            finally:
                sys.stderr.flush()
                os._exit(status)
        _, ended = os.waitpid(pid, 0)
        if ended != 0:
            raise SystemExit(f"{name} could not be examined (status {ended})")
        found: dict[str, list[str]] = json.loads(answer.read_bytes())
        return found


def _examine(name: str, directory: str) -> dict[str, list[str]]:
    for variable in [v for v in os.environ if v.startswith(("AWS_", "DOCKER"))]:
        del os.environ[variable]
    os.environ.update({"HOME": directory, "TMPDIR": directory})
    tempfile.tempdir = directory
    os.chdir(directory)
    emulator = emulator_named(name)
    os.environ.update(emulator.settings(directory))
    emulator.load()
    logging.disable(logging.CRITICAL)
    sys.dont_write_bytecode = True
    prober = Prober(_transport(name))
    guard.install(directory, 65535)
    found: dict[str, list[str]] = {}
    for service in sorted(set(prober.services()) - _ANSWERED_BY_OTHERS[name]):
        names = proven_s3(prober) if service == "s3" else _implemented(prober, service, name)
        if names:
            found[service] = sorted(names - _RUNS_CODE.get(service, frozenset()))
            sys.stderr.write(f"{service}: {len(names)}\n")
    return found


def _transport(name: str) -> Transport:
    if name == "ministack":
        return MiniStackTransport()
    from moto.moto_server import werkzeug_app

    dispatcher = werkzeug_app.DomainDispatcherApplication(werkzeug_app.create_backend_app)
    return MotoTransport(dispatcher)


def _implemented(prober: Prober, service: str, emulator: str) -> set[str]:
    client = prober.client(service)
    model = client.meta.service_model
    named = model.resolved_protocol in _NAMED_ON_THE_WIRE
    found: set[str] = set()
    for operation in model.operation_names:
        outcome = prober.probe(client, operation)
        if _refused(outcome) or not _by_the_right_module(outcome, service):
            continue
        if named and emulator == "ministack":
            unknown = prober.unknown(operation)
            shown = unknown is not None and outcome.answer is not None
            if shown and unknown and outcome.answer:
                shown = not alike(outcome.answer, unknown, operation)
        else:
            shown = _bears_the_name(outcome, operation)
        if shown:
            found.add(operation)
    return found


def _refused(outcome: Outcome) -> bool:
    answer = outcome.answer
    if answer is None or answer.status in (405, 501) or "NotImplementedError" in outcome.error:
        return True
    return answer.status >= 400 and _NOT_IMPLEMENTED.search(answer.body) is not None


def _by_the_right_module(outcome: Outcome, service: str) -> bool:
    # What no service claims ends up with S3.
    ran = outcome.answer.ran if outcome.answer else frozenset()
    modules = {name.split(":")[0] for name in ran}
    return any(not re.search(r"(services|moto)\.s3(\.|$)", m) for m in modules)


def _bears_the_name(outcome: Outcome, operation: str) -> bool:
    ran = outcome.answer.ran if outcome.answer else frozenset()
    functions = {name.split(":")[1] for name in ran}
    plain = {function.replace("_", "").lower() for function in functions}
    return operation.lower() in plain or _NAMED_OTHERWISE.get(operation) in functions


def proven_s3(prober: Prober) -> set[str]:
    """Return the operations of S3 that are shown to do what they say."""
    client = prober.client("s3")
    known = set(client.meta.service_model.operation_names)
    call = _caller(client)
    found: set[str] = set()
    for number, proof in enumerate((*PROOFS, *SETTING_PROOFS)):
        bucket = f"probe-{number}"
        call("CreateBucket", Bucket=bucket)
        call("PutObject", Bucket=bucket, Key=KEY, Body=BODY)
        try:
            for shown in proof(call, bucket):
                if not unharmed(call, bucket):
                    raise AssertionError(f"{shown} did harm")
                found |= set(shown)
        except Exception as error:
            # Whatever ends a proof, what it had yet to show is not implemented.
            line = (
                error.__traceback__.tb_next.tb_lineno
                if error.__traceback__ and error.__traceback__.tb_next
                else 0
            )
            why = f"{type(error).__name__}: {error}"[:200]
            sys.stderr.write(f"s3: proof {number}, line {line}: {why}\n")
    return found & known


def _caller(client: Client) -> Call:
    def call(operation: str, **parameters: object) -> Mapping[str, Any]:
        answer: dict[str, Any] = client._make_api_call(operation, parameters)
        answer.pop("ResponseMetadata", None)
        return answer

    return call


if __name__ == "__main__":
    main()
