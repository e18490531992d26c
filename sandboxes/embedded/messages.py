"""What client and zygote say to each other: one JSON object a line, over a unix socket.

    client: {"ask": "start", "spec": {...}}      zygote: {"id", "pid", "port", "directory",
                                                          "open_ways"}
    client: {"ask": "close"}                     zygote: {"closed": true}, after the child's end
    client: {"ask": "status"}                    zygote: {"pid", "sandboxes", "templates",
                                                          "idle_s"}
    client: {"ask": "stop"}                      zygote: {"stopping": true}

    client: {"ask": "draft", "spec": {...}}      zygote: as for "start": a child to be seeded
    client: {"ask": "keep", "parts": {...}}      zygote: {"kept": true}, once it is a template,
                                                          or {"kept": false, "why": "..."}
    client: {"ask": "kept", "spec": {...}}       zygote: {"templates": [{"id", "parts",
                                                          "directory", "port"}]}
    client: {"ask": "fork", "template": "...", "spec": {...}}   zygote: as for "start"
    client: {"ask": "forsake", "template": "...", "why": "..."} zygote: {"forsaken": true}

    or, whatever was asked                       zygote: {"error": "...", "detail": "..."}

"draft" may name a template to fork from as well. A zygote gives orders to its templates in the
same language, with descriptors beside them. Both ends belong to one user and to one version of
this package; nothing else may connect.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from sandboxes.background.wire import Severed
from sandboxes.model import SandboxSpec


def spec_to_wire(spec: SandboxSpec) -> Mapping[str, object]:
    """Return the spec as JSON's types."""
    return asdict(spec)


def spec_from_wire(message: object) -> SandboxSpec:
    """Return the spec that a message carries.

    Raises:
        Severed: it carries none.
    """
    if not isinstance(message, dict):
        raise Severed("no spec")
    try:
        return SandboxSpec(
            run=str(message["run"]),
            account=str(message["account"]),
            region=str(message["region"]),
            daemon=bool(message["daemon"]),
        )
    except KeyError as error:
        raise Severed(f"a spec without {error}") from error


def parts(message: Mapping[str, object]) -> Mapping[str, str]:
    """Return what a message says that a template was seeded with.

    Raises:
        Severed: it says nothing of the kind.
    """
    value = message.get("parts")
    if not isinstance(value, dict):
        raise Severed("no parts")
    return {str(name): str(digest) for name, digest in value.items()}
