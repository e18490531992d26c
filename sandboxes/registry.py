"""Finds engines by name: ours without looking around, others by entry point.

Reading the entry points of an installation takes some ten milliseconds, so it is done only for
a name that is not one of ours, or when all are asked for.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Final

from sandboxes.contract import Engine
from sandboxes.errors import EngineUnavailable
from sandboxes.model import Availability

ENTRY_POINT_GROUP = "executor.engines"
EngineFactory = Callable[..., Engine]
"""Makes an engine; called without arguments, except that `endpoint` takes a URL."""

_OURS: Final[Mapping[str, str]] = {
    "embedded": "sandboxes.embedded:EmbeddedEngine",
    "localstack": "sandboxes.localstack:LocalStackEngine",
    "endpoint": "sandboxes.endpoint:EndpointEngine",
}
_AUTO: Final = ("embedded", "localstack")


def engines() -> Mapping[str, EngineFactory]:
    """Return every engine that is installed, by entry-point name.

    Nothing of an engine is imported before its factory is called. A stranger's engine cannot
    take the name of one of ours.
    """
    return {**_strangers(), **{name: _lazy(where) for name, where in _OURS.items()}}


def choose(name: str) -> Engine:
    """Return the engine of that name.

    Args:
        name: `auto` (the embedded one where it can be used, else LocalStack), an engine's
            entry-point name, or the URL of an emulator that already runs.

    Raises:
        EngineUnavailable: there is no such engine, or none that works here.
        SandboxError: the URL is none we may use.
    """
    if name == "auto":
        return _first_usable()
    if "://" in name:
        return _lazy(_OURS["endpoint"])(name)
    if name == "endpoint":
        raise EngineUnavailable(
            "the engine `endpoint` needs an address",
            hint="give its URL as the engine, for example --engine http://127.0.0.1:4566",
        )
    if name in _OURS:
        return _lazy(_OURS[name])()
    strangers = _strangers()
    if name not in strangers:
        known = sorted({"auto", *_OURS, *strangers} - {"endpoint"})
        raise EngineUnavailable(
            f"there is no engine called {name}",
            hint=f"known are {', '.join(known)}, or a URL such as http://127.0.0.1:4566",
        )
    return strangers[name]()


def _first_usable() -> Engine:
    reasons: list[str] = []
    for name in _AUTO:
        try:
            engine = choose(name)
            found = engine.availability()
        except EngineUnavailable as error:
            found = Availability(usable=False, reason=error.message, hint=error.hint)
        if found.usable:
            return engine
        reasons.append(f"{name}: {found.reason}" + (f" ({found.hint})" if found.hint else ""))
    raise EngineUnavailable(
        "no engine can be used here", hint="`executor doctor` says more", detail="\n".join(reasons)
    )


def _strangers() -> Mapping[str, EngineFactory]:
    from importlib.metadata import entry_points

    found = entry_points(group=ENTRY_POINT_GROUP)
    return {point.name: _lazy(point.value) for point in found if point.name not in _OURS}


def _lazy(where: str) -> EngineFactory:
    module, _, attribute = where.partition(":")

    def make(*arguments: object, **options: object) -> Engine:
        try:
            factory: EngineFactory = getattr(importlib.import_module(module), attribute)
        except (ImportError, AttributeError) as error:
            raise EngineUnavailable(
                f"the engine {where} cannot be loaded: {error}",
                hint="reinstall the package that offers it",
            ) from error
        return factory(*arguments, **options)

    return make
