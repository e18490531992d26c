"""MiniStack, served without what its own start-up does to a machine.

MiniStack's life-cycle handler runs scripts from system directories, removes Docker containers,
starts an MQTT broker, an SFTP server and two schedulers. None of that belongs in a sandbox, so
the handler is not called; the two things in it that requests need are done here.

Modules read ports, regions and directories from the environment when they are imported, which
is before there is a child to have any. So they are imported with recognisable values, and a
child puts its own in their place.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, cast

from sandboxes.embedded.emulators import Place, StillWorking, control
from sandboxes.embedded.emulators.working import Pool, Work

if TYPE_CHECKING:
    from hypercorn.typing import Framework

Message = MutableMapping[str, object]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

# A port that no child is given: what contains it is to be replaced.
_PORT = "65535"
_WORKERS = 16
_KEEP_ALIVE_S = 75
_GRACE_S = 1.0
_QUIET_S = 5.0
_STEP_S = 0.02

# For the content type of an answer MiniStack reads botocore's whole model of the service, once
# in each process: 30 ms, for EC2 200 ms.
_MODELS = (
    "sts",
    "sqs",
    "dynamodb",
    "iam",
    "cloudformation",
    "lambda",
    "sns",
    "ec2",
    "kms",
    "secretsmanager",
    "ssm",
    "logs",
    "events",
    "rds",
    "elasticloadbalancing",
    "autoscaling",
    "monitoring",
    "states",
    "kinesis",
    "ecr",
    "ecs",
    "route53",
    "apigateway",
)


class MiniStack:
    """The emulator `ministack`."""

    def __init__(self) -> None:
        self._directory = ""
        self._placeholders: tuple[tuple[dict[str, object], str, str], ...] = ()
        self._regions: tuple[dict[str, object], ...] = ()
        self._unread = list(_MODELS)

    def settings(self, directory: str) -> Mapping[str, str]:
        """Switch off whatever reaches beyond the process."""
        return {
            "GATEWAY_PORT": _PORT,
            "BIND_HOST": "127.0.0.1",
            "DOCKER_HOST": f"unix://{directory}/no-docker",
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "PERSIST_STATE": "0",
            "S3_PERSIST": "0",
            "STATE_DIR": f"{directory}/state",
            "S3_DATA_DIR": f"{directory}/s3",
            # Without Docker no function is run, and says so, instead of running on the host.
            "LAMBDA_STRICT": "1",
            "LAMBDA_EXECUTOR": "docker",
            "LOG_LEVEL": "WARNING",
            "MINISTACK_TEST_NO_AUTOSTART": "1",
        }

    def load(self) -> None:
        """Import the application and every service it would load on first use."""
        self._directory = os.environ["TMPDIR"]
        with _threads_not_started():
            application = importlib.import_module("ministack.app")
            for name in sorted(application._registry_module_names()):
                application._get_module(name)
            for name in ("hypercorn.asyncio", "concurrent.futures.thread", "multipart"):
                _import_if_there(name)
        custom = importlib.import_module("ministack.services.cloudformation.custom_resource")
        vars(custom)["invoke_custom_resource"] = _run_no_code
        # It would hide messages from whoever asks for them, and hand them to nobody.
        functions = importlib.import_module("ministack.services.lambda_svc")
        vars(functions)["_ensure_poller"] = _poll_nothing
        modules = [m for n, m in sorted(sys.modules.items()) if n.startswith("ministack")]
        self._placeholders = tuple(
            (vars(module), name, value)
            for module in modules
            for name, value in vars(module).items()
            if isinstance(value, str) and (_PORT in value or self._directory in value)
        )
        self._regions = tuple(vars(m) for m in modules if isinstance(vars(m).get("REGION"), str))

    def warm(self) -> bool:
        """Read one more service model."""
        from ministack.core import responses

        if self._unread:
            responses._service_model(self._unread.pop(0))
        return bool(self._unread)

    def serve(self, place: Place, ready: Callable[[], None], until: int | None = None) -> None:
        """Serve MiniStack's application with hypercorn, as MiniStack itself does."""
        from hypercorn.asyncio import serve
        from hypercorn.config import Config
        from ministack import app as ministack

        self._take_place(place)
        config = Config()
        # Hypercorn closes what it is given; the listener is not its own.
        config.bind = [f"fd://{os.dup(place.listener.fileno())}"]
        config.keep_alive_timeout = _KEEP_ALIVE_S
        config.loglevel = "WARNING"
        config.accesslog = None

        pool = Pool(_WORKERS)

        def started() -> None:
            loop = asyncio.get_running_loop()
            loop.set_default_executor(pool)
            ministack._MAIN_LOOP = loop
            ministack._ready_scripts_state["status"] = "completed"
            ready()

        config.graceful_timeout = _GRACE_S
        work = Work(pool, place.beat)
        application = _without_lifespan(cast("Application", ministack.app), started, work)
        stop = _never if until is None else partial(_stopped, until)
        asyncio.run(serve(cast("Framework", application), config, shutdown_trigger=stop))

    def _take_place(self, place: Place) -> None:
        from ministack.core import responses

        own = {self._directory: os.environ["TMPDIR"], _PORT: str(place.known_as)}
        for variables, name, value in self._placeholders:
            for old, new in own.items():
                value = value.replace(old, new)
            variables[name] = value
        for variables in self._regions:
            variables["REGION"] = place.spec.region
        # For requests that carry no credentials and for what no request causes.
        responses.set_request_account_id(place.spec.account)
        responses.set_request_region(place.spec.region)


def mended(scope: Message) -> Message:
    """Return a request in which MiniStack finds what it looks for under a wrong name.

    It keeps who pays for requests, but reads it back only under a sub-resource that S3 does not
    have; for the real one it lists the bucket. Terraform asks for it with every bucket.
    """
    query = scope.get("query_string")
    if scope.get("method") != "GET" or not isinstance(query, bytes):
        return scope
    words = query.split(b"&")
    if not {b"requestPayment", b"requestPayment="} & set(words):
        return scope
    return {**scope, "query_string": b"&".join([b"request-payment", *words])}


def _without_lifespan(
    application: Application, started: Callable[[], None], work: Work
) -> Application:
    async def guarded(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            # What is no plain request is a conversation with code that a change has handed over.
            ordered = scope["type"] != "http" or control.MINISTACK.include(str(scope["path"]))
            with work.request():
                await (
                    _refuse(scope, send) if ordered else application(mended(scope), receive, send)
                )
            return
        await receive()
        started()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})

    return guarded


def _run_no_code(request: str, name: str, *_: object, **__: object) -> None:
    # Nobody would answer, and MiniStack would wait an hour for it.
    raise RuntimeError(f"{name}: a sandbox runs no code, and so no custom resource ({request})")


def _poll_nothing() -> None:
    # Functions do not run here, so nothing is taken from what would set them off.
    return


async def _refuse(scope: Message, send: Send) -> None:
    if scope["type"] != "http":
        await send({"type": "websocket.close"})
        return
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": control.STATUS, "headers": headers})
    await send({"type": "http.response.body", "body": control.refusal()})


async def _stopped(until: int) -> None:
    """Wait until a descriptor can be read, and until nothing goes on in the background."""
    loop = asyncio.get_running_loop()
    told = asyncio.Event()
    loop.add_reader(until, told.set)
    await told.wait()
    loop.remove_reader(until)
    ends = loop.time() + _QUIET_S
    while working := [task for task in asyncio.all_tasks() if _is_its_own(task)]:
        if loop.time() > ends:
            raise StillWorking(f"{working[0].get_coro()!r} does not end")
        await asyncio.sleep(_STEP_S)


def _is_its_own(task: asyncio.Task[object]) -> bool:
    code = getattr(task.get_coro(), "cr_code", None)
    return code is not None and f"{os.sep}ministack{os.sep}services" in code.co_filename


async def _never() -> None:
    await asyncio.get_running_loop().create_future()


@contextmanager
def _threads_not_started() -> Iterator[None]:
    # A module starts a thread when it is imported (it expires DynamoDB items). No thread may
    # run when the zygote forks, and items are not to expire by themselves.
    original = threading.Thread.start
    threading.Thread.start = lambda self: None  # type: ignore[method-assign]
    try:
        yield
    finally:
        threading.Thread.start = original  # type: ignore[method-assign]


def _import_if_there(name: str) -> None:
    try:
        importlib.import_module(name)
    except ImportError:
        return
