"""Confinement by a Docker container, for machines where bubblewrap does not work.

One fresh container per command, of an image of the user's choice, without any network: what
leads to the gateway goes over the container's own input and output (`crate`). What is achieved
is tried by the same program inside as with bubblewrap, and only that is recorded.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING

from sandboxes.confine.crate import Crate
from sandboxes.confine.environment import Appearance
from sandboxes.confine.images import (
    ANOTHER_PYTHON,
    HELPER_VARIABLE,
    IMAGE_VARIABLE,
    Image,
    find_image,
    take_python,
)
from sandboxes.confine.limits import Limits
from sandboxes.confine.names import PORTS, reachable_addresses
from sandboxes.confine.occupant import Occupant
from sandboxes.confine.relay import Connect, Relay, connect_public
from sandboxes.confine.running import Outlet
from sandboxes.confine.story import TRIES, Story
from sandboxes.confine.stowing import Place, Stowed, stow
from sandboxes.confine.view import Work
from sandboxes.containers.connection import SOON_S, NoDocker, address, connect
from sandboxes.containers.owners import create_container, remove_container, remove_orphans
from sandboxes.errors import ConfinementUnavailable
from sandboxes.leases import private_directory
from sandboxes.model import Availability, CommandOutcome, Door, Isolation

if TYPE_CHECKING:
    from docker import DockerClient

NAME = "container"
_TRIAL_S = 30.0
_GONE_S = 10.0
_MOMENT_S = 0.02
_LOCAL = ("unix", "http+unix")


class Container:
    """Runs a command in a container of its own."""

    def __init__(
        self,
        image: str = "",
        helper: str = "",
        *,
        limits: Limits | None = None,
        passed: Sequence[str] = (),
        connect: Connect = connect_public,
    ) -> None:
        """Args:
        image: what the command finds of a system and tools; what `EXECUTOR_CONTAINER_IMAGE`
            names where empty.
        helper: an image with Python, for where the other has none; what
            `EXECUTOR_CONTAINER_HELPER` names where empty.
        limits: how much a command may take.
        passed: names of variables that the command gets besides the usual ones.
        connect: reaches hosts that a policy opens.
        """
        self._image = image or os.environ.get(IMAGE_VARIABLE, "")
        self._helper = helper or os.environ.get(HELPER_VARIABLE, "")
        self._limits = limits or Limits()
        self._passed = tuple(passed)
        self._connect = connect

    @property
    def name(self) -> str:
        """See `Confinement.name`."""
        return NAME

    def availability(self) -> Availability:
        """Whether a Docker engine of this machine answers and has the image."""
        try:
            with _client(SOON_S) as client:
                image = find_image(client, self._image)
                if self._helper:
                    find_image(client, self._helper)
        except ConfinementUnavailable as error:
            return Availability(usable=False, reason=error.message, hint=error.hint)
        return Availability(usable=True, reason=f"image {image.name}")

    def isolation(self) -> Isolation:
        """What it achieves, as a command that does nothing finds out.

        Raises:
            ConfinementUnavailable: it does not work here.
        """
        with tempfile.TemporaryDirectory(prefix="executor-probe-") as place:
            root = Path(place).resolve()
            for name in ("work", "private"):
                (root / name).mkdir()
            door = Door(url="http://127.0.0.1:0", http=root / "http", tls=root / "tls")
            appearance = Appearance(
                url=door.url, account="000000000000", region="us-east-1", run="probe"
            )
            occupant = Occupant(
                command=(),
                run="probe",
                door=door,
                work=Work(path=root / "work", shown=Path("/executor-probe/work")),
                appearance=appearance,
                environment={},
            )
            with (root / "output").open("wb") as output:
                return self._run(occupant, root / "private", output, _TRIAL_S).isolation

    def run(
        self,
        command: Sequence[str],
        *,
        run: str,
        door: Door,
        workdir: Path,
        account: str,
        region: str,
        environment: Mapping[str, str],
        output: IO[bytes],
        timeout_s: float | None = None,
        reachable: Sequence[str] = (),
        ready: Callable[[], None] | None = None,
        under_way: Callable[[], None] | None = None,
        shown_as: Path | None = None,
        linked: Sequence[str] = (),
    ) -> CommandOutcome:
        """Run the command; see `Confinement.run`."""
        if not command:
            raise FileNotFoundError(errno.ENOENT, "there is no command")
        if door.http is None or door.tls is None or door.authority is None:
            raise ConfinementUnavailable(
                "the gateway has no doors that a confined command can use",
                hint="run with --confine off, or look why the gateway opened no TLS door",
            )
        occupant = Occupant(
            command=tuple(command),
            run=run,
            door=door,
            work=Work(path=workdir, shown=shown_as or workdir, linked=tuple(linked)),
            appearance=Appearance(url=door.url, account=account, region=region, run=run),
            environment=environment,
            passed=self._passed,
            hosts=reachable_addresses(reachable),
        )
        private = private_directory(run, "crate")
        try:
            return self._run(occupant, private, output, timeout_s, ready, under_way)
        finally:
            shutil.rmtree(private, ignore_errors=True)

    def _run(
        self,
        occupant: Occupant,
        private: Path,
        output: IO[bytes],
        timeout_s: float | None,
        ready: Callable[[], None] | None = None,
        under_way: Callable[[], None] | None = None,
    ) -> CommandOutcome:
        story = Story(NAME, occupant, self._limits)
        with _client() as client, self._relay(occupant, private) as relay:
            remove_orphans(client)
            image = find_image(client, self._image)
            occupant, python = self._with_python(client, occupant, private)
            outlet = Outlet(output, self._limits.output, lambda: story.flooded(crate.end))
            with contextlib.ExitStack() as kept:
                for tries_left in reversed(range(TRIES)):
                    stowed = self._stowed(client, image, occupant, private, python)
                    crate = Crate(_roads(occupant, private), outlet.take)
                    if ready is not None:
                        ready()
                    try:
                        kept.enter_context(_container(client, occupant.run, image, stowed, crate))
                        break
                    except ConfinementUnavailable:
                        if not tries_left:
                            raise
                        ready = None
                story.notes.extend(stowed.notes)
                if under_way is not None:
                    under_way()
                story.follow(crate, timeout_s)
                crate.drain()
        story.check(occupant.command[0] if occupant.command else "python3", crate.complaint())
        outlet.raise_failure()
        for line in story.ends:
            output.write(f"executor: {line}\n".encode())
        if relay is not None:
            story.blocked.extend(sorted(relay.refused))
        return story.outcome()

    def _with_python(
        self, client: DockerClient, occupant: Occupant, private: Path
    ) -> tuple[Occupant, list[str]]:
        """Return how Python is started inside, and what is confined, which may be just that."""
        python = ["python3"]
        if self._helper:
            helper = find_image(client, self._helper)
            with _translated(helper):
                python = take_python(client, helper, private / "python", occupant.run)
        if not occupant.command:
            occupant = replace(occupant, command=(*python, "-I", "-S", "-c", ""))
        return occupant, python

    def _stowed(
        self,
        client: DockerClient,
        image: Image,
        occupant: Occupant,
        private: Path,
        python: Sequence[str],
    ) -> Stowed:
        return stow(
            occupant,
            image=image,
            python=python,
            place=Place.of(client.info()),
            private=private,
            limits=self._limits,
        )

    @contextlib.contextmanager
    def _relay(self, occupant: Occupant, private: Path) -> Iterator[Relay | None]:
        if not occupant.hosts:
            yield None
            return
        with Relay(private / "relay", occupant.hosts, PORTS, self._connect) as relay:
            yield relay


def reap_containers() -> Sequence[str]:
    """Remove containers whose owner is gone; returns one line per thing removed."""
    try:
        with _client() as client:
            return remove_orphans(client)
    except ConfinementUnavailable:
        return ()


def _roads(occupant: Occupant, private: Path) -> dict[str, Path]:
    """Return the unix sockets outside, by the names that the program inside knows them by."""
    named = {"http": occupant.door.http, "tls": occupant.door.tls}
    roads = {name: path for name, path in named.items() if path is not None}
    return roads | ({"relay": private / "relay"} if occupant.hosts else {})


@contextlib.contextmanager
def _client(timeout_s: int = 60) -> Iterator[DockerClient]:
    if address().partition("://")[0] not in _LOCAL:
        raise ConfinementUnavailable(
            "the Docker engine is another machine's, and sees no files of this one",
            hint="unset DOCKER_HOST, or have it name a unix socket",
        )
    try:
        client = connect(timeout_s)
    except NoDocker as error:
        raise ConfinementUnavailable(error.reason, hint=error.hint) from error
    with contextlib.closing(client), _translated():
        yield client


@contextlib.contextmanager
def _translated(image: Image | None = None) -> Iterator[None]:
    """Turn what the Docker SDK raises into what is to be said of it.

    Args:
        image: where Python is about to be started; None where it is not.
    """
    from docker.errors import DockerException
    from requests.exceptions import RequestException

    try:
        yield
    except (DockerException, RequestException) as error:
        if image is not None and "python3" in str(error):
            raise ConfinementUnavailable(
                f"the image {image.name} has no python3 for the program that guards the command",
                hint=ANOTHER_PYTHON,
            ) from error
        raise ConfinementUnavailable(
            f"Docker could not confine the command: {error}", hint="see `docker info`"
        ) from error


@contextlib.contextmanager
def _container(
    client: DockerClient, run: str, image: Image, stowed: Stowed, crate: Crate
) -> Iterator[None]:
    name = f"executor-{run}-command-{uuid.uuid4().hex[:8]}"
    try:
        with _translated(image):
            container = create_container(client, name, run, **stowed.options)
            crate.attach(client, str(container.id))
            container.start()
        crate.begin(stowed.settings)
        yield
    finally:
        # Also when we are interrupted: its end is the end of all inside.
        crate.close()
        _see_off(client, name)


def _see_off(client: DockerClient, name: str) -> None:
    """Wait until nothing is left of a container."""
    from docker.errors import DockerException

    until = time.monotonic() + _GONE_S
    while time.monotonic() < until:
        remove_container(client, name)
        try:
            client.containers.get(name)
        except DockerException:
            return
        time.sleep(_MOMENT_S)
