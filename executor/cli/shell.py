"""Working in a replica: an interactive shell, one command, or export lines."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from executor.cli.console import say, write_out
from executor.errors import InvalidChange
from executor.model.application import SandboxSession
from sandboxes.confine.environment import scrubbed

_PROMPT = "(sandbox) "


def print_exports(session: SandboxSession) -> int:
    """Print the session's variables as shell commands, and wait for Ctrl-C."""
    for name, value in session.environment.items():
        write_out(f"export {name}={shlex.quote(value)}\n")
    # A profile would go before the keys above.
    write_out("unset AWS_PROFILE AWS_SESSION_TOKEN\n")
    try:
        say(f"executor: the replica is at {session.url} until Ctrl-C")
        signal.pause()
    except KeyboardInterrupt:
        say("")
    return 0


def run_in(session: SandboxSession, command: tuple[str, ...] | None) -> int:
    """Run a command, or for None the user's shell, and return its exit status.

    Raises:
        InvalidChange: there is no such command.
    """
    environment = scrubbed(os.environ) | dict(session.environment)
    if command is not None:
        if not command:
            raise InvalidChange("there is no command behind --", hint="executor sandbox -- pytest")
        return _run(command, environment)
    say(f"executor: a shell in a replica at {session.url}; `exit` ends both")
    with tempfile.TemporaryDirectory(prefix="executor-shell-") as private:
        words, more = _shell(environment.get("SHELL") or "/bin/sh", Path(private))
        return _run(words, {**environment, **more})


def _shell(shell: str, private: Path) -> tuple[tuple[str, ...], Mapping[str, str]]:
    """Return the shell's command and variables, set so that its prompt says where one is."""
    match Path(shell).name:
        case "bash":
            start = private / "bashrc"
            start.write_text(f'[ -f ~/.bashrc ] && . ~/.bashrc\nPS1="{_PROMPT}$PS1"\n')
            return (shell, "--rcfile", str(start), "-i"), {}
        case "zsh":
            lines = f'[ -f ~/.zshrc ] && . ~/.zshrc\nPROMPT="{_PROMPT}$PROMPT"\n'
            (private / ".zshrc").write_text(lines)
            return (shell, "-i"), {"ZDOTDIR": str(private)}
        case "fish":
            function = (
                "functions -c fish_prompt outer_prompt; "
                f"function fish_prompt; echo -n {shlex.quote(_PROMPT)}; outer_prompt; end"
            )
            return (shell, "-C", function), {}
    return (shell, "-i"), {"PS1": f"{_PROMPT}$ "}


def _run(command: tuple[str, ...], environment: Mapping[str, str]) -> int:
    # Ctrl-C is for the command, which shares our terminal. A handler, and not SIG_IGN, because
    # what is ignored stays ignored in the command.
    prior = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        code = subprocess.run(command, env=dict(environment), check=False).returncode
    except (FileNotFoundError, PermissionError) as error:
        raise InvalidChange(
            f"{command[0]}: no such command", hint="check its name and the PATH"
        ) from error
    finally:
        signal.signal(signal.SIGINT, prior)
    return 128 - code if code < 0 else code
