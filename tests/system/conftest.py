"""Start the app of the WebSocket tests once under each server."""

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count

import pytest

from tests import wire
from tests.processes import ROOT, Program, free_port, running

numbers = count(1)


class WireServer:
    """A server that runs ``tests.system.wsapp``."""

    def __init__(self, name: str, port: int, program: Program) -> None:
        self.name = name
        self.port = port
        self.program = program

    def connect(self, path: str, **options) -> wire.Wire:
        """Return a connection whose handshake has been answered with 101."""
        return wire.connect(self.port, path, **options)

    @contextmanager
    def connect_many(self, number: int, path: str) -> Iterator[list[wire.Wire]]:
        """Connect many at once; all of them are closed at the end."""
        with ExitStack() as stack:
            yield [stack.enter_context(self.connect(path)) for _ in range(number)]

    def request(self, data: bytes) -> wire.Response:
        """Send the bytes of one request, and return the answer."""
        return wire.request(self.port, data)

    def get(self, path: str):
        """Return the JSON at a path."""
        answer = wire.get(self.port, path)
        assert answer.status == 200, answer
        return json.loads(answer.body)

    def stats(self) -> dict[str, int]:
        """Return what the process holds: greenlets, descriptors, rss; and its pid."""
        return self.get("/stats/")

    def events(self, tag: str) -> list[str]:
        """Return what the handlers have noted under a tag."""
        return self.get(f"/events/{tag}/")

    def wait_for_event(self, tag: str, event: str, patience: float = wire.PATIENCE) -> list[str]:
        """Wait until an event has been noted, and return all of the tag."""
        return wire.wait_for(
            lambda: (lambda noted: event in noted and noted)(self.events(tag)), f"{event!r} of {tag}", patience
        )

    def check_alive(self, pid: int) -> None:
        """See that the same process still serves others."""
        with self.connect("/echo/") as other:
            other.text("still there?")
            assert other.read_text() == "still there?"
        assert self.stats()["pid"] == pid


def command(name: str, port: int) -> list[str]:
    """Return how to start the app under a server."""
    if name == "spa.run":
        return [sys.executable, "-m", "tests.system.wsapp", str(port)]
    return [
        *(sys.executable, "-m", "gunicorn", "-k", "gevent", "--workers", "1", "--graceful-timeout", "3"),
        *("--bind", f"127.0.0.1:{port}", "--worker-connections", "5000", "tests.system.wsapp:choose"),
    ]


@pytest.fixture(scope="session", params=["spa.run", "gunicorn"])
def server(request: pytest.FixtureRequest) -> Iterator[WireServer]:
    """Each server in turn, with the app of the WebSocket tests."""
    port = free_port()
    with running(command(request.param, port), port, cwd=ROOT) as program:
        yield WireServer(request.param, port, program)


@pytest.fixture
def tag() -> str:
    """A name that no other test uses."""
    return f"t{next(numbers)}"
