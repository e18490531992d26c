"""What a sandbox of the embedded engine costs: `python -m benchmarks.engine_start [EMULATOR]`.

Cold: no background server runs. Warm: one does. The first answer is that of one
`GetCallerIdentity` on a new connection; client and models are made beforehand.
"""

from __future__ import annotations

import argparse
import http.client
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from sandboxes.embedded import EmbeddedEngine, stop_daemons
from sandboxes.embedded.sandbox import EmbeddedSandbox
from sandboxes.model import SandboxSpec

# A background server goes on loading for a while after its first sandbox.
WARMING_S = 4.0
SPEC = SandboxSpec(run="benchmark", account="123456789012")
PRIVATE = SandboxSpec(run="benchmark", account="123456789012", daemon=False)
T = TypeVar("T")


def timed(run: Callable[[], T]) -> tuple[float, T]:
    began = time.perf_counter()
    made = run()
    return (time.perf_counter() - began) * 1000, made


def ask(sandbox: EmbeddedSandbox) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(sandbox.url).port)
    scope = "123456789012/20260101/us-east-1/sts/aws4_request"
    headers = {
        "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    connection.request("POST", "/", "Action=GetCallerIdentity&Version=2011-06-15", headers)
    body = connection.getresponse().read()
    connection.close()
    if b"123456789012" not in body:
        raise SystemExit(f"wrong answer: {body!r}")


def private_memory_kb(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_"))


def measure(engine: EmbeddedEngine, rounds: int) -> dict[str, list[float]]:
    figures: dict[str, list[float]] = {}

    def take(name: str, value: float) -> None:
        figures.setdefault(name, []).append(value)

    took, sandbox = timed(lambda: engine.start(SPEC))
    take("cold start, ms", took)
    sandbox.close()
    time.sleep(WARMING_S)
    for _ in range(rounds):
        took, sandbox = timed(lambda: engine.start(SPEC))
        take("warm start, ms", took)
        take("first answer after it, ms", timed(partial(ask, sandbox))[0])
        take("second answer, ms", timed(partial(ask, sandbox))[0])
        take("private memory, kB", private_memory_kb(sandbox.pid))
        take("close, ms", timed(sandbox.close)[0])
    for _ in range(max(1, rounds // 10)):
        took, sandbox = timed(lambda: engine.start(PRIVATE))
        take("start without a background server, ms", took)
        sandbox.close()
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.engine_start")
    parser.add_argument("emulator", nargs="?", default="ministack")
    parser.add_argument("--rounds", type=int, default=30)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="executor-benchmark-") as directory:
        runtime = Path(directory) / "executor"
        try:
            figures = measure(EmbeddedEngine(chosen.emulator, runtime=runtime), chosen.rounds)
        finally:
            stop_daemons(runtime)
    print(f"{chosen.emulator}: median (least to most)")
    for name, values in figures.items():
        middle = statistics.median(values)
        print(f"  {name:40} {middle:8.1f}  ({min(values):.1f} to {max(values):.1f})")


if __name__ == "__main__":
    main()
