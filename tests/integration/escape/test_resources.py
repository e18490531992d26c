"""Attempts to take more of the machine than was given; each stops by itself at a small amount."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sandboxes.confine.limits import Limits
from tests.integration.escape.attempts import Ground

MIB = 1 << 20


def test_a_fork_bomb(ground: Ground) -> None:
    ground.limits = Limits(tasks=60)
    program = """
import os, signal, sys, time
started = []
try:
    while len(started) < 200:
        try:
            pid = os.fork()
        except OSError:
            time.sleep(1)
            continue
        if not pid:
            time.sleep(20)
            os._exit(0)
        started.append(pid)
    time.sleep(1)
    print("ESCAPED")
finally:
    for pid in started:
        os.kill(pid, signal.SIGKILL)
"""
    confined = ground.fails_only_confined(program)
    assert "more than 60 processes" in " ".join(confined.outcome.isolation.notes)
    assert "more than 60 processes" in confined.text


def test_a_bomb_of_threads(ground: Ground) -> None:
    ground.limits = Limits(tasks=60)
    program = """
import threading, time
for _ in range(200):
    try:
        threading.Thread(target=time.sleep, args=(2,), daemon=True).start()
    except RuntimeError:
        time.sleep(2)
time.sleep(0.8)
print("ESCAPED")
"""
    confined = ground.fails_only_confined(program)
    assert "more than 60 processes" in " ".join(confined.outcome.isolation.notes)


def test_a_memory_bomb(ground: Ground) -> None:
    ground.limits = Limits(memory=96 * MIB)
    program = """
import time
taken = [bytearray(b"x" * (1 << 20)) for _ in range(200)]
time.sleep(1)
print("ESCAPED")
"""
    confined = ground.fails_only_confined(program)
    assert "more than 96 MiB of memory" in " ".join(confined.outcome.isolation.notes)


def test_a_memory_bomb_of_many_processes(ground: Ground) -> None:
    ground.limits = Limits(memory=128 * MIB)
    program = """
import os, time
for _ in range(8):
    if not os.fork():
        taken = [bytearray(b"x" * (1 << 20)) for _ in range(30)]
        time.sleep(1.5)
        os._exit(0)
for _ in range(8):
    os.wait()
print("ESCAPED")
"""
    confined = ground.fails_only_confined(program)
    assert "of memory" in " ".join(confined.outcome.isolation.notes)


@pytest.mark.parametrize("place", ["~/bomb", "/tmp/executor-bomb", "/dev/shm/executor-bomb"])
def test_filling_what_lies_in_memory(ground: Ground, place: str) -> None:
    ground.limits = Limits(home=4 * MIB, temporary=4 * MIB, shared_memory=4 * MIB)
    program = """
import pathlib, sys
path = pathlib.Path(sys.argv[1]).expanduser()
try:
    path.write_bytes(bytes(16 << 20))
    print("ESCAPED")
except OSError as error:
    print(error)
finally:
    path.unlink(missing_ok=True)
"""
    assert "No space left" in ground.fails_only_confined(program, place).text


@pytest.mark.parametrize("place", ["/dev", "/run", "/", "/run/executor"])
def test_filling_what_holds_the_rest(ground: Ground, place: str) -> None:
    program = """
import sys, pathlib
try:
    pathlib.Path(sys.argv[1], "bomb").write_bytes(b"x")
    print("ESCAPED")
except OSError as error:
    print(error)
"""
    assert not ground.confined(program, place).escaped
    # The same at a place that is given.
    assert ground.confined(program, "/tmp").escaped


def test_filling_the_work_directory(ground: Ground) -> None:
    ground.limits = Limits(disk=8 * MIB)
    program = """
import os, time
for number in range(12):
    with open(f"bomb-{number}", "wb") as file:
        file.write(os.urandom(4 << 20))
        file.flush()
        os.fsync(file.fileno())
time.sleep(1)
for number in range(12):
    os.unlink(f"bomb-{number}")
print("ESCAPED")
"""
    confined = ground.fails_only_confined(program)
    assert "into the work directory" in " ".join(confined.outcome.isolation.notes)


def test_a_file_that_is_too_large(ground: Ground) -> None:
    ground.limits = Limits(file_size=4 * MIB)
    program = """
import os
try:
    with open("large", "wb") as file:
        file.write(bytes(8 << 20))
    os.unlink("large")
    print("ESCAPED")
except OSError as error:
    print(error)
"""
    ground.fails_only_confined(program)


def test_too_many_open_files(ground: Ground) -> None:
    ground.limits = Limits(open_files=64)
    program = """
import os
try:
    held = [os.open("/dev/null", os.O_RDONLY) for _ in range(200)]
    print("ESCAPED")
except OSError as error:
    print(error)
"""
    ground.fails_only_confined(program)


def test_a_flood_of_output(ground: Ground) -> None:
    ground.limits = replace(Limits(), output=MIB)
    program = """
for _ in range(64):
    print("x" * (1 << 16), flush=True)
import time
time.sleep(0.5)
print("ESCAPED")
"""
    confined = ground.fails_only_confined(program)
    assert len(confined.text) < MIB + 1000
    assert "more than 1 MiB of output" in confined.text
