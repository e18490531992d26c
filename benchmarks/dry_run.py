"""Dry runs side by side with what they replace: `make bench`.

Prints, from one run on one machine: the 20-call script against a bare warm emulator; the same
through `dry-run` on the embedded engine, cold (no background servers) and warm; and the same by
hand on a fresh LocalStack container, with Docker's own commands: run, wait, script, stop. That is
what the goal compares; beside it stands the same with the container killed, not stopped.
Figures are medians; ratios are what counts.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path

from sandboxes.background.asking import ask, stop_daemons
from sandboxes.background.places import homes
from sandboxes.background.runtime import RUNTIME_VARIABLE
from sandboxes.containers.connection import SOON_S, NoDocker, connect
from sandboxes.errors import SandboxError
from sandboxes.localstack.images import image_to_use
from sandboxes.model import SandboxSpec
from sandboxes.registry import choose

SCRIPT = Path(__file__).with_name("script_20_calls.py")
ACCOUNT = "000000000000"
_PAUSE_S = 1.0
_READY_S = 60
_STEP_S = 0.05


def environment(url: str) -> dict[str, str]:
    return {
        **{k: v for k, v in os.environ.items() if not k.startswith("AWS_")},
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": "benchmark",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


def timed(run: Callable[[], None]) -> float:
    started = time.perf_counter()
    run()
    return (time.perf_counter() - started) * 1000


def bare(url: str) -> None:
    subprocess.run([sys.executable, str(SCRIPT)], env=environment(url), check=True)


def bare_on_fresh_child() -> float:
    """The script alone; the warm emulator is made ready outside the measurement."""
    with choose("embedded").start(SandboxSpec(run="benchmark", account=ACCOUNT)) as sandbox:
        return timed(lambda: bare(sandbox.url))


def dry_run(home: str, *options: str) -> float:
    # As installed packages are; what a machine says about sources is not what is measured.
    compiled = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    env = {
        **compiled,
        "EXECUTOR_HOME": f"{home}/state",
        RUNTIME_VARIABLE: str(runtime_of(home)),
    }
    workdir = Path(home, "work")
    workdir.mkdir(exist_ok=True)
    command = [
        str(Path(sys.executable).with_name("dry-run")),
        "--target=none",
        "--engine=embedded",
        "--quiet",
        *options,
        "--",
        sys.executable,
        str(SCRIPT),
    ]
    started = time.perf_counter()
    done = subprocess.run(
        command, env=env, capture_output=True, text=True, cwd=workdir, check=False
    )
    took = (time.perf_counter() - started) * 1000
    if done.returncode != 0:
        sys.exit(f"dry-run ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
    return took


def runtime_of(home: str) -> Path:
    """Where the servers of the measured program live, apart from the user's own."""
    return Path(home, "run")


def wait_for_servers(home: str) -> None:
    """Wait until what a first run leaves behind is ready for the second."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        found = {h.key.partition("-")[0] for h in homes(runtime_of(home)) if ask(h, "status")}
        if found >= {"executor", "ministack"}:
            return
        time.sleep(0.1)
    sys.exit(f"no warm executor came up in {runtime_of(home)}")


def by_hand(*ending: str) -> float:
    """Run a container, wait until it answers, run the script, end the container.

    Args:
        ending: the command of Docker's that ends it.
    """
    started = time.perf_counter()
    container = docker("run", "--detach", "--rm", "--publish", "127.0.0.1::4566", image())
    try:
        url = f"http://{docker('port', container, '4566/tcp').splitlines()[0]}"
        wait_for(f"{url}/_localstack/health")
        bare(url)
    except BaseException:
        docker("rm", "--force", "--volumes", container)
        raise
    docker(*ending, container)
    return (time.perf_counter() - started) * 1000


def docker(*words: str) -> str:
    return subprocess.run(
        ["docker", *words], stdout=subprocess.PIPE, text=True, check=True
    ).stdout.strip()


@cache
def image() -> str:
    with closing(connect(SOON_S)) as client:
        return image_to_use(client)


def has_image() -> bool:
    """Whether there is one; else says that what needs it is left out."""
    try:
        docker("--version")
        image()
    except (OSError, SandboxError, NoDocker) as error:
        print(f"by hand on LocalStack: left out ({error})")
        return False
    return True


def wait_for(url: str) -> None:
    until = time.monotonic() + _READY_S
    while True:
        try:
            with urllib.request.urlopen(url, timeout=_READY_S):
                return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(_STEP_S)


@contextmanager
def state_home() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="executor-benchmark-") as home:
        try:
            yield home
        finally:
            stop_daemons(runtime_of(home))


def measure(rounds: int) -> dict[str, list[float]]:
    """Take all measurements in turn, round by round, so that a busy moment hits all alike."""
    figures: dict[str, list[float]] = {}
    containers = has_image()

    def take(name: str, value: float) -> None:
        figures.setdefault(name, []).append(value)

    with state_home() as home:
        dry_run(home)  # starts the background servers and fills the file cache
        wait_for_servers(home)
        for number in range(rounds):
            take("bare", bare_on_fresh_child())
            take("warm", dry_run(home))
            if number % 3 == 0:
                take("cold", dry_run(home, "--no-daemon"))
            if containers:
                take("by hand", by_hand("stop"))
                take("by hand, killed", by_hand("rm", "--force", "--volumes"))
            # What the last one has left the machine to do is not to be the next one's.
            time.sleep(_PAUSE_S)
    return figures


def show(figures: Mapping[str, list[float]]) -> None:
    names = {
        "bare": "script against a bare warm emulator",
        "warm": "dry-run, embedded, warm",
        "cold": "dry-run, embedded, cold (--no-daemon)",
        "by hand": "script by hand on a fresh LocalStack",
        "by hand, killed": "the same, the container killed",
    }
    bare_ms = statistics.median(figures["bare"])
    for key, name in names.items():
        if key in figures:
            median = statistics.median(figures[key])
            print(f"{name:<40} {median:8.0f} ms  {median / bare_ms:5.2f} x bare")
    warm = statistics.median(figures["warm"])
    limit = 1.3 * bare_ms + 150
    print(f"goal: warm <= 1.3 x bare + 150 ms = {limit:.0f} ms: {_met(warm <= limit)}")
    if "by hand" in figures:
        ratio = statistics.median(figures["by hand"]) / warm
        print(f"goal: warm at least 5 x faster than by hand: {ratio:.1f} x: {_met(ratio >= 5)}")


def _met(met: bool) -> str:
    return "met" if met else "MISSED"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="measurements of each kind")
    show(measure(parser.parse_args().rounds))


if __name__ == "__main__":
    main()
