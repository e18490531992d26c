from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from executor.warm.standing import standing

PRINT = "from executor.warm.standing import standing; print(standing(), end='')"


def of_another(prepare: Callable[[], None] | None = None) -> str:
    return subprocess.run(
        [sys.executable, "-c", PRINT],
        preexec_fn=prepare,
        capture_output=True,
        text=True,
        check=True,
        start_new_session=True,
    ).stdout


def less_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (1 << 40, 1 << 40))


def one_processor() -> None:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def nicer() -> None:
    os.nice(1)


def likelier_to_be_killed() -> None:
    Path("/proc/self/oom_score_adj").write_text("321")


def test_a_process_of_ones_own_stands_alike_whatever_its_session() -> None:
    assert of_another() == standing() == standing(os.getpid())


@pytest.mark.parametrize("prepare", [less_memory, one_processor, nicer, likelier_to_be_killed])
def test_who_may_do_less_stands_elsewhere(prepare: Callable[[], None]) -> None:
    if prepare is one_processor and len(os.sched_getaffinity(0)) == 1:
        pytest.skip("there is but one processor")
    assert of_another(prepare) != standing()


@pytest.mark.bubblewrap
def test_who_is_in_a_box_stands_elsewhere() -> None:
    box = ["bwrap", "--bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--unshare-net"]
    inside = subprocess.run(
        [*box, sys.executable, "-c", PRINT], capture_output=True, text=True, check=True
    )
    assert inside.stdout
    assert inside.stdout != standing()


def test_who_is_gone_stands_nowhere() -> None:
    with subprocess.Popen(["true"]) as process:
        process.wait()
    with pytest.raises(OSError, match="No such file"):
        standing(process.pid)
