"""The guard cannot be taken off, so each attempt is made in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

_REFUSED = {
    "write outside": "open('{outside}/f', 'w')",
    "append outside": "open('{outside}/kept', 'a')",
    "remove outside": "os.remove('{outside}/kept')",
    "rename from outside": "os.rename('{outside}/kept', '{inside}/taken')",
    "rename to outside": "os.rename('{inside}/own', '{outside}/own')",
    "make a directory outside": "os.mkdir('{outside}/d')",
    "write through a link": "open('{inside}/link/f', 'w')",
    "remove a tree outside": "shutil.rmtree('{outside}')",
    "start a program": "subprocess.run(['true'])",
    "start a shell": "os.system('true')",
    "fork": "os.fork()",
    "replace itself": "os.execv('/bin/true', ['true'])",
    "spawn": "os.posix_spawn('/bin/true', ['true'], dict())",
    "listen on all interfaces": "socket.create_server(('', 0))",
    "listen on loopback": "socket.create_server(('127.0.0.1', 0))",
    "listen on a unix socket": "socket.socket(socket.AF_UNIX).bind('{inside}/s')",
    "reach another port": "socket.create_connection(('127.0.0.1', 9))",
    "reach another host": "socket.socket().connect(('192.0.2.1', 80))",
    "reach a unix socket": "socket.socket(socket.AF_UNIX).connect('/var/run/docker.sock')",
    "send a datagram": "socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53))",
    "ask a name server": "socket.getaddrinfo('example.com', 80)",
    "end another process": "os.kill(os.getppid(), 15)",
}
_ALLOWED = {
    "write inside": "open('{inside}/f', 'w').close()",
    "read outside": "open('{outside}/kept').close()",
    "make temporary files": "tempfile.TemporaryDirectory(dir='{inside}').cleanup()",
    "write to nowhere": "open(os.devnull, 'w').close()",
    "remove inside": "os.remove('{inside}/own')",
}


def attempt(code: str, tmp_path: Path, guarded: bool) -> subprocess.CompletedProcess[str]:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    for directory in (inside, outside):
        directory.mkdir()
    (outside / "kept").write_text("kept")
    (inside / "own").write_text("own")
    (inside / "link").symlink_to(outside)
    script = f"""
        import os, shutil, socket, subprocess, tempfile
        from sandboxes.embedded import guard
        if {guarded}:
            guard.install({str(inside)!r}, 1)
        {code.format(inside=inside, outside=outside)}
        """
    command = [sys.executable, "-W", "ignore", "-c", textwrap.dedent(script)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)


@pytest.mark.parametrize("what", _REFUSED)
def test_guard_refuses_to(what: str, tmp_path: Path) -> None:
    done = attempt(_REFUSED[what], tmp_path, guarded=True)
    assert "the sandbox does not allow" in done.stderr
    assert (tmp_path / "outside" / "kept").read_text() == "kept"


@pytest.mark.parametrize("what", _ALLOWED)
def test_guard_lets(what: str, tmp_path: Path) -> None:
    done = attempt(_ALLOWED[what], tmp_path, guarded=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("what", ["write outside", "start a program", "listen on loopback"])
def test_without_the_guard_it_works(what: str, tmp_path: Path) -> None:
    assert attempt(_REFUSED[what], tmp_path, guarded=False).returncode == 0
