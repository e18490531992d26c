"""The console scripts, and the one place where an error becomes a message and a status."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NoReturn

import click

from executor.cli.application import Application
from executor.cli.console import say
from executor.cli.waking import woken_by_signals
from executor.errors import ExecutorError
from sandboxes.errors import SandboxError

_USAGE = 2


class Ended(BaseException):
    """A signal asked us to end; not an `Exception`, so that nothing mistakes it for a failure."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def executor_command() -> NoReturn:
    """Run `executor`."""
    leave(invoke("executor", sys.argv[1:]))


def leave(status: int) -> NoReturn:
    """End the process at once: everything is closed, and taking Python down costs its own."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(status)


def invoke(
    program: str,
    arguments: Sequence[str],
    open_application: Callable[[], Application] | None = None,
) -> int:
    """Run a command line and return its exit status.

    Args:
        program: `dry-run` or `executor`.
        arguments: what stands behind it.
        open_application: makes what answers it; called once it is known to be needed.
    """
    try:
        with woken_by_signals(), _ending_by_signal():
            result = _command(program).main(
                args=list(arguments),
                prog_name=program,
                standalone_mode=False,
                obj=open_application or _assembled,
            )
        return result if isinstance(result, int) else 0
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.ClickException as error:
        return _usage(program, error)
    except (KeyboardInterrupt, click.Abort):
        say(f"\n{program}: interrupted; what was started was ended")
        return 128 + signal.SIGINT
    except Ended as error:
        say(f"{program}: asked to end; what was started was ended")
        return 128 + error.number
    except (ExecutorError, SandboxError) as error:
        _explain(program, error)
        return error.exit_status if isinstance(error, ExecutorError) else 1
    except Exception as error:
        # The last line of defence: a person gets a sentence, and never an `allow`.
        _unforeseen(program, error)
        return 1


def _assembled() -> Application:
    # Late, so that --help and a wrong option cost nothing.
    from executor.assembly import open_application

    return open_application()


def _command(program: str) -> click.Command:
    if program == "dry-run":
        from executor.cli.dry_run import dry_run

        return dry_run
    from executor.cli.commands import executor

    return executor


def _usage(program: str, error: click.ClickException) -> int:
    command = (
        error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else program
    )
    say(f"{program}: {error.format_message()}")
    say(f"  hint: see {command} --help")
    return _USAGE


def _explain(program: str, error: ExecutorError | SandboxError) -> None:
    _traceback()
    say(f"{program}: {error.message}")
    for line in error.detail.splitlines():
        say(f"  | {line}")
    if error.hint:
        say(f"  hint: {error.hint}")


def _unforeseen(program: str, error: Exception) -> None:
    _traceback()
    say(f"{program}: an error nobody foresaw: {type(error).__name__}: {error}")
    say("  hint: EXECUTOR_DEBUG=1 shows where; nothing may be concluded from this run")


def _traceback() -> None:
    if os.environ.get("EXECUTOR_DEBUG") == "1":
        import traceback

        say(traceback.format_exc())


@contextmanager
def _ending_by_signal() -> Iterator[None]:
    """Turn SIGTERM and SIGHUP into an exception, so that everything is cleaned up."""

    def end(number: int, _frame: FrameType | None) -> None:
        raise Ended(number)

    if signal.getsignal(signal.SIGCHLD) is signal.SIG_IGN:
        # Where a parent had this ignored, nobody would learn how a command ends.
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    prior: dict[signal.Signals, object] = {}
    for number in (signal.SIGTERM, signal.SIGHUP):
        # What nohup or a parent had ignored stays ignored.
        if signal.getsignal(number) is signal.SIG_DFL:
            prior[number] = signal.signal(number, end)
    try:
        yield
    finally:
        for number in prior:
            signal.signal(number, signal.SIG_DFL)
