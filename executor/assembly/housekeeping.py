"""`doctor` and `clean`."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from executor import __version__
from executor.assembly.confining import known_confinements
from executor.config import Config, load_config, resolve_target
from executor.errors import ExecutorError
from executor.ledger.ledger import Ledger
from executor.ledger.store import RunStore
from executor.model.application import DoctorLine
from executor.model.target import TargetKind
from sandboxes.background.asking import ask, stop_daemons
from sandboxes.background.places import Home, homes, runtime_directory
from sandboxes.background.runtime import EXECUTORS
from sandboxes.confine.container import reap_containers
from sandboxes.contract import Confinement
from sandboxes.embedded.background import daemon_status
from sandboxes.embedded.trying import what_does_not_hold
from sandboxes.errors import SandboxError
from sandboxes.leases import reap_leases
from sandboxes.model import Isolation
from sandboxes.registry import choose


def examine(store: RunStore, environment: Mapping[str, str]) -> Sequence[DoctorLine]:
    """Return what was found, one line each; only what hinders a dry run is not `ok`."""
    version = ".".join(str(part) for part in sys.version_info[:3])
    lines = [
        DoctorLine(name="executor", ok=True, text=f"{__version__}, Python {version}"),
        _embedded(),
        _engine("localstack", needed=False),
        _daemon(),
        _warm(),
        *_confinements(environment),
        _target(environment),
        _state(store),
        _ledger(store),
        *(_tool(name) for name in ("aws", "terraform")),
    ]
    return tuple(lines)


def clean(store: RunStore) -> Sequence[str]:
    """Remove what dead runs left, and stop the background servers; returns what was done."""
    done = [*stop_daemons()]
    done.extend(reap_leases(store.leases))
    for name in ("embedded", "localstack"):
        try:
            engine = choose(name)
            if engine.availability().usable:
                done.extend(engine.reap())
        except SandboxError as error:
            done.append(f"{name}: {error.message}")
    done.extend(reap_containers())
    return tuple(done)


def _engine(name: str, *, needed: bool) -> DoctorLine:
    try:
        found = choose(name).availability()
    except SandboxError as error:
        return DoctorLine(name=f"engine {name}", ok=not needed, text=error.message, hint=error.hint)
    text = found.reason if found.usable else f"not usable: {found.reason}"
    return DoctorLine(
        name=f"engine {name}", ok=found.usable or not needed, text=text, hint=found.hint
    )


def _embedded() -> DoctorLine:
    line = _engine("embedded", needed=True)
    if not line.ok:
        return line
    open_ways = what_does_not_hold()
    if not open_ways:
        return replace(line, text=f"{line.text}: shut in by the kernel")
    return replace(
        line,
        text=f"{line.text}: NOT shut in by the kernel ({open_ways}); it runs nobody's code, "
        "and is kept from harm by its own interpreter alone",
        hint="let this user make user namespaces (sysctl user.max_user_namespaces, "
        "kernel.apparmor_restrict_unprivileged_userns)",
    )


def _daemon() -> DoctorLine:
    status = daemon_status()
    text = "not running; started when it is first needed"
    if status.running:
        text = f"running (pid {status.pid}), {status.sandboxes} sandboxes, "
        text += f"{status.templates} replicas kept"
    return DoctorLine(name="background server", ok=True, text=text)


def _warm() -> DoctorLine:
    text = "not running; started when a dry run has ended"
    found = [s for home in homes(runtime_directory()) if (s := _asked_of_executor(home))]
    if found:
        words = [f"pid {s.get('pid')}, {s.get('runs')} runs so far" for s in found]
        text = f"running ({'; '.join(words)})"
    return DoctorLine(name="warm executor", ok=True, text=text)


def _asked_of_executor(home: Home) -> Mapping[str, object] | None:
    return ask(home, "status") if home.key.startswith(EXECUTORS) else None


def _confinements(environment: Mapping[str, str]) -> Sequence[DoctorLine]:
    try:
        config = load_config(Path.cwd())
    except ExecutorError:
        # Said of the target already.
        config = Config()
    return tuple(_confinement(each) for each in known_confinements(config, environment))


def _confinement(confinement: Confinement) -> DoctorLine:
    found = confinement.availability()
    text, hint = found.reason, found.hint
    if found.usable:
        try:
            text = f"{text}: {_achieved(confinement.isolation())}"
        except SandboxError as error:
            text, hint = error.message, error.hint
    return DoctorLine(name=f"confinement {confinement.name}", ok=True, text=text, hint=hint)


def _achieved(isolation: Isolation) -> str:
    """Say what was tried and found, for a person."""
    promises = {
        "no way out but the gateway": isolation.network,
        "nothing writable but a copy of the work directory": isolation.filesystem,
        "no credentials in sight": isolation.credentials,
    }
    if not any(promises.values()):
        return "only when asked for; cuts nothing off"
    held = [words for words, holds in promises.items() if holds]
    open_ways = [f"NOT {words}" for words, holds in promises.items() if not holds]
    return "; ".join([*held, *open_ways, *isolation.notes])


def _target(environment: Mapping[str, str]) -> DoctorLine:
    try:
        settings = resolve_target(None, load_config(Path.cwd()), environment)
        if settings.kind is TargetKind.NONE:
            return DoctorLine(name="target", ok=True, text=f"none: {settings.origin}")
        from executor.assembly.targets import open_target

        ref = open_target(settings, lambda service, operation: False).ref
    except ExecutorError as error:
        return DoctorLine(name="target", ok=False, text=error.message, hint=error.hint)
    text = f"{ref.name}: account {ref.account}, {ref.region} ({settings.origin})"
    return DoctorLine(name="target", ok=True, text=text)


def _state(store: RunStore) -> DoctorLine:
    try:
        store.prepare()
    except ExecutorError as error:
        return DoctorLine(name="state", ok=False, text=error.message, hint=error.hint)
    return DoctorLine(name="state", ok=True, text=f"{store.home}, {len(store.runs())} runs")


def _ledger(store: RunStore) -> DoctorLine:
    check = Ledger(store.ledger_path).verify()
    if check.ok:
        return DoctorLine(name="ledger", ok=True, text=f"{check.entries} entries, chain holds")
    return DoctorLine(name="ledger", ok=False, text=check.reason, hint="`executor verify`")


def _tool(name: str) -> DoctorLine:
    found = shutil.which(name)
    return DoctorLine(name=name, ok=True, text=found or "not on the PATH")
