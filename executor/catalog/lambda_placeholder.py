"""The code that a replica's Lambda functions have in place of the target's.

Real code is neither read nor copied: it may be large, secret, and would run in the emulator.
The placeholder says so when it is invoked. Its digest differs from the target's, and is the
same before and after a change that leaves the code alone.
"""

from __future__ import annotations

import io
import zipfile

_EPOCH = (1980, 1, 1, 0, 0, 0)
_MESSAGE = "placeholder: the code of the target is not copied to a replica"
_SUFFIXES = {"python": "py", "nodejs": "js", "ruby": "rb"}


def placeholder_zip(runtime: str, handler: str, *, mark: str = "") -> bytes:
    """Return a package whose handler fails with a plain message; always the same bytes.

    Args:
        runtime: such as `python3.12`; others than Python, Node and Ruby get a shell script.
        handler: such as `app/index.handler`.
        mark: makes one placeholder differ from another.
    """
    module, _, function = (handler or "index.handler").rpartition(".")
    family = runtime.rstrip("0123456789.x")
    suffix = _SUFFIXES.get(family)
    name = f"{module or 'index'}.{suffix}" if suffix else "bootstrap"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        # A fixed time: the same function must have the same digest in every sandbox.
        entry = zipfile.ZipInfo(name, date_time=_EPOCH)
        entry.external_attr = 0o755 << 16
        archive.writestr(entry, _source(family, function))
        archive.comment = mark.encode()
    return packed.getvalue()


def _source(family: str, function: str) -> str:
    match family:
        case "python":
            return f"def {function}(event, context):\n    raise RuntimeError({_MESSAGE!r})\n"
        case "nodejs":
            return f"exports.{function} = async () => {{ throw new Error({_MESSAGE!r}); }};\n"
        case "ruby":
            return f"def {function}(event:, context:)\n  raise {_MESSAGE!r}\nend\n"
    return f"#!/bin/sh\necho '{_MESSAGE}' >&2\nexit 1\n"
