from __future__ import annotations

import os
import subprocess
import sys

from sandboxes.embedded.trying import what_does_not_hold

_WITHOUT_NAMESPACES = """
from sandboxes.embedded import kernel
from sandboxes.embedded.trying import what_does_not_hold
kernel.unshare(kernel.NEW_USER)
open('/proc/self/uid_map', 'w').write('0 %d 1')
open('/proc/sys/user/max_user_namespaces', 'w').write('0')
kernel.drop_rights()
print(what_does_not_hold())
"""


def test_everything_holds_where_the_kernel_has_namespaces() -> None:
    assert what_does_not_hold() == ""


def test_kernel_without_namespaces_is_found_out() -> None:
    command = [sys.executable, "-c", _WITHOUT_NAMESPACES % os.getuid()]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "the kernel refuses a place of its own" in done.stdout
