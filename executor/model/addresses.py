"""Where something answers, as it stands in what it gives out."""

from __future__ import annotations


def host_port(url: str) -> str:
    """Return `host:port` of the URL of a server, e.g. of `http://127.0.0.1:4566`."""
    return url.partition("://")[2].partition("/")[0]
