"""Print, as JSON, what the LocalStack in this image implements.

Run inside the image:

    docker run --rm -i --entrypoint python IMAGE - < list_operations.py > operations.json

Read off LocalStack's own providers: an operation counts when the provider overrides it, when
the service passes on what it does not have itself, or when it falls back to moto and moto's
response class has a method for it. Printed is where: `module:Class.method`. Services that the
open build only announces have no provider and do not count.
"""

import importlib
import inspect
import json
import sys

import botocore.session
from botocore import xform_name
from localstack.constants import VERSION as localstack_version
from localstack.services import providers
from plux import PluginSpec


def provider_functions():
    """Yield (API name, function that makes the service, its source) of the default providers."""
    for spec in vars(providers).values():
        if not isinstance(spec, PluginSpec):
            continue
        api, _, variant = spec.name.partition(":")
        if variant != "default":
            continue
        closure = inspect.getclosurevars(spec.factory).nonlocals
        yield api, closure["fn"], inspect.getsource(closure["fn"])


def service_names(loader):
    """Return LocalStack's spelling -> botocore's."""
    return {name.replace("-", "_"): name for name in loader.list_available_services("service-2")}


def built(function):
    """Return the provider object that a provider function makes; None when it makes none."""
    seen = []
    from localstack.services.plugins import Service

    original = Service.for_provider

    def keep(provider, *args, **kwargs):
        seen.append(provider)
        return original(provider, *args, **kwargs)

    Service.for_provider = staticmethod(keep)
    try:
        made = function()
    finally:
        Service.for_provider = original
    if seen:
        return seen[0]
    return getattr(made, "_provider", None)


def moto_methods(service):
    """Return name -> where, of the methods of moto's response classes of a service."""
    found = {}
    module_name = {"lambda": "awslambda", "logs": "logs", "events": "events"}.get(
        service, service.replace("-", "")
    )
    try:
        module = importlib.import_module(f"moto.{module_name}.responses")
    except ImportError:
        return found
    kinds = [kind for _, kind in inspect.getmembers(module, inspect.isclass)]
    # What answers a request, before what it calls.
    for kind in sorted(kinds, key=lambda kind: ".responses" not in kind.__module__):
        if kind.__module__.startswith("moto."):
            found = callables(kind) | found
    return found


def callables(kind):
    """Return name -> where, of what can be called in a class."""
    return {name: where(kind, name) for name, _ in inspect.getmembers(kind, callable)}


def where(kind, name):
    """Return `module:Class.method` of what a class has under a name, inherited or not."""
    method = getattr(kind, name)
    module = getattr(method, "__module__", None) or kind.__module__
    return f"{module}:{getattr(method, '__qualname__', name)}"


def methods_of(provider):
    """Return botocore operation name -> where the provider itself implements it."""
    found = {}
    for stub in type(provider).__mro__:
        if not stub.__module__.startswith("localstack.aws.api."):
            continue
        for name, declared in vars(stub).items():
            operation = getattr(declared, "operation", None)
            if operation is not None and implements(type(provider), name):
                found.setdefault(operation, where(type(provider), name))
    return found


def implements(provider, name):
    """Whether a provider class overrides a method with more than a refusal."""
    method = getattr(provider, name)
    if method.__module__.startswith("localstack.aws.api."):
        return False
    try:
        body = inspect.getsource(method).split(":\n", 1)[-1].strip()
    except (TypeError, OSError):
        return False
    return not body.startswith("raise NotImplementedError")


def ec2_methods():
    """Moto spreads EC2 over many modules, all mixed into one class."""
    from moto.ec2.responses import EC2Response

    return callables(EC2Response)


def passing_on(text):
    """Return where a service passes on what its provider does not have; None if it does not."""
    if "HttpFallbackDispatcher" not in text:
        return None
    from localstack.aws.forwarder import HttpFallbackDispatcher

    return f"{HttpFallbackDispatcher.__module__}:{HttpFallbackDispatcher.__name__}"


def listed_operations(service, model, provider, text):
    """Return operation -> where it is implemented."""
    own = methods_of(provider)
    moto = {}
    if "Moto" in text:
        moto = ec2_methods() if service == "ec2" else moto_methods(service)
    onwards = passing_on(text)
    found = {
        operation: own.get(operation) or moto.get(xform_name(operation)) or onwards
        for operation in sorted(model.operation_names)
    }
    return {operation: place for operation, place in found.items() if place}


def main():
    session = botocore.session.get_session()
    loader = session.get_component("data_loader")
    known = service_names(loader)
    known |= {name: name for name in loader.list_available_services("service-2")}
    listed = {}
    for name, function, text in provider_functions():
        service = known.get(name)
        if service is None:
            print(f"left out: {name}", file=sys.stderr)
            continue
        try:
            provider = built(function)
        except Exception as error:
            print(f"left out: {name}: {type(error).__name__}: {error}", file=sys.stderr)
            continue
        if provider is None:
            print(f"left out: {name}: no provider", file=sys.stderr)
            continue
        model = session.get_service_model(service)
        operations = listed_operations(service, model, provider, text)
        if operations:
            listed[service] = operations
    print(
        json.dumps(
            {
                "emulator": "localstack",
                "version": localstack_version.removesuffix(".dev0"),
                "operations": dict(sorted(listed.items())),
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
