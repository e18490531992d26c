"""The embedded engine: an emulator in a process of its own, forked per sandbox, no Docker.

A *zygote* imports the emulator once and forks a copy-on-write child per sandbox. Separate
invocations share one through a per-user background server:

    client ── unix socket, 0600 ──► zygote ── fork ──► child ── 127.0.0.1:port ──► requests
           one connection = one sandbox; when it closes, however, the child is killed

* Importing this package loads neither an emulator nor anything else heavy.
* The zygote never runs a thread or an event loop: a fork would copy their locks.
* A child can write nothing outside its directory, start no program, listen on nothing but the
  socket it was handed and connect to nothing but that (`guard`). So code that a change gives
  to the emulator (a Lambda function) is stored, not run, and operations that run it are not on
  the list of what the engine implements.
* Nothing happens in a sandbox by the passing of time: no schedules fire, no items expire.
  What a dry run sees must have a call that caused it.

Everything a child needs to serve is handed over in one value (`child.Job`) by whoever forks.
So a seeded child can in turn fork children from its own state (a cached replica): it would
stop serving, run the same loop as the zygote, and lift the guard on `fork` alone.
"""

from __future__ import annotations

from sandboxes.embedded.background import DaemonStatus, daemon_status, stop_daemons
from sandboxes.embedded.engine import EmbeddedEngine

__all__ = ["DaemonStatus", "EmbeddedEngine", "daemon_status", "stop_daemons"]
