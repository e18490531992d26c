"""Who is shut in stays so: each attempt is made in a process of its own, and without the guard.

Every attempt prints a sign when it gets what it wants; without being shut in, all of them do.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

SIGN = "ESCAPED"
_ATTEMPTS = {
    "reach the machine's loopback": "socket.create_connection(('127.0.0.1', {port}))",
    "reach it by another family": "socket.create_connection(('::ffff:127.0.0.1', {port}))",
    "send a datagram": "socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 9))",
    "reach an abstract socket": "socket.socket(socket.AF_UNIX).connect('\\0{abstract}')",
    "reach a socket of the machine": "socket.socket(socket.AF_UNIX).connect('{outside}/socket')",
    "talk to the kernel's network": "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
    "talk to the machine's host": "socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)",
    "read the machine's files": "open('{outside}/secret').read()",
    "read its settings": "open('/etc/passwd').read()",
    "list processes": "os.listdir('/proc')",
    "read a process's environment": "open('/proc/%d/environ' % os.getppid()).read()",
    "look at devices": "os.listdir('/sys')",
    "see its neighbours": "assert len(os.listdir('{inside}/..')) > 1",
    "write outside": "open('{outside}/f', 'w')",
    "leave by a link": "os.symlink('{outside}/secret', '{inside}/l'); open('{inside}/l').read()",
    "write to libraries": "os.open(os.__file__, os.O_RDWR)",
    "make a process": "os._exit(0) if os.fork() == 0 else None",
    "start a program": "subprocess.run([sys.executable, '-c', ''], check=True)",
    "become a program": "os.execv(sys.executable, [sys.executable, '-c', 'print(\"{sign}\")'])",
    "start a program from memory": "os.execve(copied(), ['python', '--version'], {{}})",
    "signal its parent": "os.kill(os.getppid(), 0)",
    "take hold of its parent": "os.pidfd_open(os.getppid())",
    "enter a user namespace": "call(libc.unshare(0x10000000))",
    "enter a network namespace": "call(libc.unshare(0x50000000))",
    "look at keys": "call(libc.syscall({keyctl}, 0, -3, 1))",
    "load a filter": "call(libc.syscall({bpf}, 0, (ctypes.c_uint32 * 9)(2, 4, 4, 1), 36))",
    "take much memory": "mmap.mmap(-1, 9 << 30, flags=mmap.MAP_PRIVATE | 0x4020)",
    "make a big file": "os.truncate(os.open('{inside}/big', os.O_RDWR | os.O_CREAT), 3 << 30)",
    "have a whole disk": "assert os.statvfs('{inside}').f_blocks * os.statvfs('.').f_bsize > 2<<30",
    "open many files": "[os.open('/dev/null', 0) for _ in range(most() and 5000)]",
}
_LETS = {
    "read libraries": "import sqlite3, decimal; open(os.__file__).read()",
    "write in its directory": "open('{inside}/f', 'w').write('x'); os.mkdir('{inside}/tmp/d')",
    "have threads": "t = threading.Thread(target=print); t.start(); t.join()",
    "serve a socket made before": "a.sendall(b'x'); assert b.recv(1) == b'x'",
    "use devices": "open('/dev/null', 'w').write('x'); open('/dev/urandom', 'rb').read(1)",
    "wake itself": "signal.pthread_kill(threading.get_ident(), signal.SIGCONT)",
}
_NUMBERS = {"x86_64": (250, 321), "aarch64": (219, 280)}

_ORDINARY = """
    kernel.unshare(kernel.NEW_USER)
    open('/proc/self/setgroups', 'w').write('deny')
    open('/proc/self/uid_map', 'w').write('1000 %d 1' % {uid})
    open('/proc/self/gid_map', 'w').write('1000 %d 1' % {gid})
    kernel.drop_rights()
"""
_WITHOUT_NAMESPACES = """
    kernel.unshare(kernel.NEW_USER)
    open('/proc/self/uid_map', 'w').write('0 %d 1' % {uid})
    open('/proc/sys/user/max_user_namespaces', 'w').write('0')
    kernel.drop_rights()
"""
_START = """
    import ctypes, mmap, os, resource, signal, socket, subprocess, sys, threading
    from sandboxes.embedded import kernel, shutting
    libc = ctypes.CDLL(None, use_errno=True)
    a, b = socket.socketpair()
    def call(result):
        if result < 0:
            raise OSError(ctypes.get_errno(), 'refused')
    def copied():
        memory = os.memfd_create('program', 0)
        os.write(memory, open(os.path.realpath(sys.executable), 'rb').read())
        print('copied', flush=True)
        return memory
    def most():
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        return True
"""


@pytest.fixture
def port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Path]:
    for name in ("inside", "outside"):
        (tmp_path / name).mkdir()
    (tmp_path / "outside" / "secret").write_text("secret")
    with socket.socket(socket.AF_UNIX) as named, socket.socket(socket.AF_UNIX) as abstract:
        named.bind(str(tmp_path / "outside" / "socket"))
        abstract.bind(f"\0{tmp_path}")
        for listener in (named, abstract):
            listener.listen()
        yield tmp_path


# How a fork of a template is shut in: once more, by whoever is shut in and may fork.
_AGAIN = """
    places, proc = shutting.places(), os.open('/proc', os.O_PATH)
    outer = shutting.shut_in({inside!r}, places, proc=proc, forks=True)
    print('outer', repr(outer), flush=True)
    os.mkdir({inside!r} + '/fork')
    born = os.fork()
    if born:
        os._exit(os.waitstatus_to_exitcode(os.waitpid(born, 0)[1]) & 255)
    found = shutting.shut_in({inside!r} + '/fork', places, proc=proc)
    os.close(proc)
"""
_ONCE = "found = shutting.shut_in({inside!r}, shutting.places())"
_NOT = "os.mkdir({inside!r} + '/tmp'); found = False"
HOW = {"once": _ONCE, "again": _AGAIN}


def run(
    code: str, ground: Path, port: int = 0, *, shut_in: bool, first: str = "", how: str = "once"
) -> str:
    keyctl, bpf = _NUMBERS[os.uname().machine]
    outer = ground / "inside"
    inside = outer / "fork" if how == "again" else outer
    told = {"inside": inside, "outside": ground / "outside", "abstract": ground}
    body = code.format(**told, port=port, keyctl=keyctl, bpf=bpf, sign=SIGN)
    lines = [
        textwrap.dedent(_START),
        textwrap.dedent(first.format(uid=os.getuid(), gid=os.getgid())),
        textwrap.dedent((HOW[how] if shut_in else _NOT).format(inside=str(outer))),
        "print('found', repr(found), flush=True)",
        body,
        f"print({SIGN!r})",
    ]
    command = [sys.executable, "-W", "ignore", "-c", "\n".join(lines)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    return done.stdout + done.stderr


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("what", _ATTEMPTS)
def test_who_is_shut_in_cannot(what: str, how: str, ground: Path, port: int) -> None:
    said = run(_ATTEMPTS[what], ground, port, shut_in=True, how=how)
    assert "found ''" in said
    assert SIGN not in said
    assert "Python 3" not in said


@pytest.mark.parametrize("what", _ATTEMPTS)
def test_who_is_not_shut_in_can(what: str, ground: Path, port: int) -> None:
    said = run(_ATTEMPTS[what], ground, port, shut_in=False)
    assert SIGN in said or "Python 3" in said, said


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("what", _LETS)
def test_who_is_shut_in_can_still(what: str, how: str, ground: Path) -> None:
    said = run(_LETS[what], ground, shut_in=True, how=how)
    assert "found ''" in said
    assert SIGN in said, said


@pytest.mark.parametrize("how", HOW)
def test_ordinary_users_are_shut_in_as_well(how: str, ground: Path) -> None:
    attempt = "print('uid', os.getuid(), flush=True); open('{outside}/secret').read()"
    said = run(attempt, ground, shut_in=True, first=_ORDINARY, how=how)
    assert "found ''" in said, said
    assert "uid 1000" in said
    assert SIGN not in said


_TO_FORK = {
    "make a process",
    "take hold of its parent",
    "enter a user namespace",
    "enter a network namespace",
}


@pytest.mark.parametrize("what", sorted(_ATTEMPTS.keys() - _TO_FORK))
def test_a_template_to_be_can_only_fork(what: str, ground: Path, port: int) -> None:
    forking = _ONCE.replace("places()", "places(), forks=True")
    code = textwrap.dedent(forking.format(inside=str(ground / "inside")))
    attempt = f"{code}\nprint('within', repr(found), flush=True)\n{_ATTEMPTS[what]}"
    said = run(attempt, ground, port, shut_in=False)
    assert "within ''" in said, said
    assert SIGN not in said
    assert "Python 3" not in said


def test_what_a_kernel_without_namespaces_leaves_open_is_said(ground: Path) -> None:
    said = run("open('{outside}/secret').read()", ground, shut_in=True, first=_WITHOUT_NAMESPACES)
    assert "the kernel refuses a place of its own" in said
    assert "there is a way out of its network" in said or "its network answers" in said
    assert "it sees the machine's files" in said
    assert SIGN in said


def test_without_namespaces_no_program_is_started_all_the_same(ground: Path) -> None:
    code = _ATTEMPTS["start a program"]
    said = run(code, ground, shut_in=True, first=_WITHOUT_NAMESPACES)
    assert "the kernel refuses a place of its own" in said
    assert SIGN not in said
