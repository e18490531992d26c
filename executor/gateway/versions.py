"""Where S3 names the version of an object: the one id that stands among a user's own data.

Nothing else of such a request or answer is translated. A version that the engine does not know
must never be asked for: engines answer "deleted" all the same, and the purge is not seen.
"""

from __future__ import annotations

import re
from collections.abc import Callable

Translate = Callable[[bytes], bytes]

_IN_QUERY = re.compile(rb"((?:^|[?&])(?:versionId|version-id-marker)=)([^&]+)")
_IN_XML = re.compile(
    rb"(<(?:VersionId|DeleteMarkerVersionId|VersionIdMarker|NextVersionIdMarker)>)([^<]+)"
)
_HEADERS = frozenset({"x-amz-version-id", "x-amz-copy-source-version-id"})
_SOURCE = "x-amz-copy-source"


def in_target(target: str, translate: Translate) -> str:
    """Return path and query with the version of the query translated."""
    path, mark, query = target.partition("?")
    if not mark:
        return target
    return f"{path}?{_translated(_IN_QUERY, query.encode('latin-1'), translate).decode('latin-1')}"


def in_body(body: bytes, translate: Translate) -> bytes:
    """Return an XML body with the versions in it translated."""
    return _translated(_IN_XML, body, translate)


def in_header(name: str, value: str, translate: Translate) -> str | None:
    """Return the value of a header with its version translated; None when it names none."""
    lowered = name.lower()
    if lowered in _HEADERS:
        return translate(value.encode("latin-1")).decode("latin-1")
    if lowered == _SOURCE:
        return in_target(value, translate)
    return None


def _translated(place: re.Pattern[bytes], text: bytes, translate: Translate) -> bytes:
    return place.sub(lambda found: found.group(1) + translate(found.group(2)), text)
