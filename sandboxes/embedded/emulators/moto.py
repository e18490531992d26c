"""moto's server, with the account and the region of the sandbox.

moto reads its account from the environment on each request, so a child only has to set it.
Ids come from moto's own random generator, which a fork copies: without a new seed all sandboxes
would hand out the same ids.
"""

from __future__ import annotations

import importlib
import os
import select
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from sandboxes.embedded.emulators import Place, control

# A WSGI application, and what it is called with.
Environment = Mapping[str, object]
StartResponse = Callable[[str, list[tuple[str, str]]], object]
Application = Callable[[Environment, StartResponse], Iterable[bytes]]

# Loading all of moto's 150 services would take many seconds; the rest is loaded when used.
_SERVICES = (
    "s3",
    "sqs",
    "sns",
    "dynamodb",
    "lambda",
    "iam",
    "ec2",
    "kms",
    "secretsmanager",
    "ssm",
    "logs",
    "cloudformation",
    "sts",
    "events",
)
_LATER = (
    "rds",
    "elbv2",
    "autoscaling",
    "cloudwatch",
    "stepfunctions",
    "kinesis",
    "ecr",
    "ecs",
    "route53",
    "apigateway",
)


_SOURCES = (
    ("sqs.models", "Queue"),
    ("dynamodb.models.table", "Table"),
    ("kinesis.models", "Stream"),
)
_SETS_NOTHING_OFF = property(lambda source: {}, lambda source, mappings: None)


class Stoppable(Protocol):
    """A server that another thread can stop."""

    def shutdown(self) -> None:
        """Stop it, and wait for that."""
        ...


class Moto:
    """The emulator `moto`."""

    def __init__(self) -> None:
        self._application: Application | None = None
        self._create: Callable[[str], None] | None = None
        self._waiting = list(_LATER)

    def settings(self, directory: str) -> Mapping[str, str]:
        """Keep it from Docker and from what it would write."""
        return {
            "DOCKER_HOST": f"unix://{directory}/no-docker",
            "MOTO_IAM_LOAD_MANAGED_POLICIES": "true",
        }

    def load(self) -> None:
        """Make the applications of the services that a sandbox nearly always needs."""
        werkzeug_app = importlib.import_module("moto.moto_server.werkzeug_app")
        application = werkzeug_app.DomainDispatcherApplication(werkzeug_app.create_backend_app)

        def create(service: str) -> None:
            application.app_instances[service] = werkzeug_app.create_backend_app(service)

        for service in _SERVICES:
            create(service)
        for module, kind in _SOURCES:
            # A mapping hands what comes to a function, which does not run here, and then fails.
            found = importlib.import_module(f"moto.{module}")
            vars(found)[kind].lambda_event_source_mappings = _SETS_NOTHING_OFF
        importlib.import_module("werkzeug.serving")
        importlib.import_module("moto.dynamodb.parsing.executors")
        importlib.import_module("moto.moto_api._internal")
        self._application = _without_orders(application)
        self._create = create

    def warm(self) -> bool:
        """Make one more service's application."""
        if self._waiting and self._create is not None:
            self._create(self._waiting.pop(0))
        return bool(self._waiting)

    def serve(self, place: Place, ready: Callable[[], None], until: int | None = None) -> None:
        """Serve with werkzeug's threaded server, as moto itself does."""
        import logging

        from moto.moto_api._internal import mock_random
        from moto.moto_server.werkzeug_app import MotoRequestHandler

        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        os.environ["MOTO_ACCOUNT_ID"] = place.spec.account
        os.environ["MOTO_PORT"] = str(place.port)
        mock_random.seed()
        server = importlib.import_module("werkzeug.serving").make_server(
            "127.0.0.1",
            place.port,
            self._application,
            threaded=True,
            request_handler=MotoRequestHandler,
            fd=place.listener.fileno(),
        )
        if until is not None:
            threading.Thread(target=_stop, args=(server, until), daemon=True).start()
        ready()
        server.serve_forever()


def _stop(server: Stoppable, until: int) -> None:
    select.select([until], [], [])
    server.shutdown()


def _without_orders(application: Application) -> Application:
    def guarded(environment: Environment, start: StartResponse) -> Iterable[bytes]:
        if not control.MOTO.include(str(environment.get("PATH_INFO", ""))):
            return application(environment, start)
        body = control.refusal()
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        start(f"{control.STATUS} Forbidden", headers)
        return [body]

    return guarded
