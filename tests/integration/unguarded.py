"""Emulators as they come, started as their own programs: what ours are compared with.

Only what would reach other things of this machine (Docker, further ports) is switched off, so
that a test harms nobody.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

_START_S = 60.0


@contextlib.contextmanager
def unguarded(emulator: str, directory: Path) -> Iterator[str]:
    """Run an emulator on a free port of loopback; gives its address, and ends it with all it ran.

    Args:
        emulator: `ministack` or `moto`.
        directory: an existing one, for its files.
    """
    port = _free_port()
    module = {"ministack": ["ministack"], "moto": ["moto.server", "-H", "127.0.0.1", f"-p{port}"]}
    with (directory / "emulator.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *module[emulator]],
            env={"PATH": os.environ["PATH"], **_settings(port, directory)},
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        _wait_until_it_listens(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _settings(port: int, directory: Path) -> Mapping[str, str]:
    return {
        "HOME": str(directory),
        "TMPDIR": str(directory),
        "DOCKER_HOST": f"unix://{directory}/no-docker",
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "PERSIST_STATE": "0",
        "S3_PERSIST": "0",
        "STATE_DIR": f"{directory}/state",
        "S3_DATA_DIR": f"{directory}/s3",
    }


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _wait_until_it_listens(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _START_S
    while process.poll() is None and time.monotonic() < until:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        time.sleep(0.02)
    raise AssertionError(f"the emulator did not come up (status {process.poll()})")
