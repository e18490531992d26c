"""The embedded engine: an emulator in a process of its own, forked per sandbox, no Docker.

A *zygote* imports the emulator once and forks a copy-on-write child per sandbox. Separate
invocations share one through a per-user background server:

    client ── unix socket, 0600 ──► zygote ── fork ──► child ── 127.0.0.1:port ──► requests
           one connection = one sandbox; when it closes, however, the child is killed

* Importing this package loads neither an emulator nor anything else heavy.
* Nobody who forks runs a thread or an event loop: a fork would copy their locks.
* A child is shut in by the kernel (`shutting`, `filtering`): a network with nobody in it, the
  interpreter and its libraries to read and one directory in memory to write, no rights, no
  programs and no processes. Inside, `guard` says the same to the emulator's own code, and is all
  there is where the kernel refuses; `EngineInfo.confined` tells which.
* So code that a change gives to the emulator (a Lambda function) is stored, not run, confined or
  not; operations that run it are not on the list of what the engine implements, or unfaithful.
* A child takes no orders: control endpoints are refused to everybody (`emulators.control`).
* Nothing happens in a sandbox by the passing of time: no schedules fire, no items expire.
  What a dry run sees must have a call that caused it.

Everything a child needs to serve is handed over in one value (`child.Job`) by whoever forks it:
the zygote, or a *template* (`template`, `shelf`), a child that was seeded by us alone, has stopped
serving, and forks from its own state from then on.

           zygote ── fork ──► draft, seeded ──► template ── fork ──► child
"""

from __future__ import annotations

from sandboxes.background.asking import stop_daemons
from sandboxes.embedded.background import DaemonStatus, daemon_status
from sandboxes.embedded.engine import EmbeddedEngine

__all__ = ["DaemonStatus", "EmbeddedEngine", "daemon_status", "stop_daemons"]
