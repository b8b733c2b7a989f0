"""Streams over raw sockets, under every server: when bytes come, and when the generator is closed."""

import json
import socket
import sys
import time
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests import wire
from tests.processes import ROOT, Program, free_port, running
from tests.wire import Wire

MODULE = "tests.system.streamapp"
WORKER = "spa.server.worker.Worker"
OTHER_WORKER = "geventwebsocket.gunicorn.workers.GeventWebSocketWorker"
SERVERS = ["spa.run", "gevent", WORKER, "WebSocketServer", OTHER_WORKER]
AT_ONCE = 1.0  # seconds


class StreamServer(NamedTuple):
    """A server that runs ``tests.system.streamapp``."""

    name: str
    port: int
    program: Program

    def open(self, path: str, *, method: str = "GET", headers: str = "", **options) -> Wire:
        """Send a request, and return the connection."""
        connection = Wire(self.port, **options)
        connection.write(f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n".encode())
        return connection

    def say(self, tag: str, word: str) -> None:
        """Give a word to the streams of a tag."""
        assert wire.get(self.port, f"/say/{tag}/{word}").status == 204

    def noted(self, tag: str) -> list[str]:
        """Return what the streams of a tag have noted."""
        return json.loads(wire.get(self.port, f"/noted/{tag}").body)

    def wait_until_noted(self, tag: str, *expected: str, patience: float = wire.PATIENCE) -> None:
        """Wait until exactly this has been noted."""
        wire.wait_for(lambda: self.noted(tag) == list(expected), f"{expected} of {tag}", patience)

    def errors(self) -> str:
        """Return all that the server has written."""
        return "".join(self.program.output())


def command(name: str, port: int) -> list[str]:
    """Return how to start the app under a server."""
    if name in ("spa.run", "WebSocketServer"):
        return [sys.executable, "-m", MODULE, str(port), name]
    return [
        *(sys.executable, "-m", "gunicorn", "-k", name, "--graceful-timeout", "30"),
        *("--bind", f"127.0.0.1:{port}", f"{MODULE}:app"),
    ]


@pytest.fixture(scope="module", params=SERVERS)
def server(request: pytest.FixtureRequest) -> Iterator[StreamServer]:
    """Each server in turn."""
    port = free_port()
    with running(command(request.param, port), port, cwd=ROOT) as program:
        yield StreamServer(request.param, port, program)


def read_chunk(connection: Wire) -> bytes:
    """Return the next chunk of a chunked body, empty at its end (RFC 9112 section 7.1)."""
    size = b""
    while not size.endswith(b"\r\n"):
        size += connection.read(1)
    data = connection.read(int(size, 16) + 2)
    assert data.endswith(b"\r\n")
    return data[:-2]


def read_event(connection: Wire) -> bytes:
    """Return the next event; comments are passed over."""
    while (data := read_chunk(connection)) == b":\n\n":
        pass
    return data


def start_waiting(server: StreamServer, kind: str, tag: str, **options) -> Wire:
    """Open a stream and come back when its generator waits."""
    connection = server.open(f"/events/{kind}/{tag}", **options)
    assert connection.read_head().status == 200
    assert read_event(connection) == b'data: {"last": null}\n\n'
    server.wait_until_noted(tag, "waiting")
    return connection


# Plain generators.


def test_a_plain_generator_is_sent_piece_by_piece_while_it_waits(server, tag):
    with server.open(f"/plain/{tag}") as connection:
        assert connection.read_head().status == 200
        assert read_chunk(connection) == b"one\n"
        server.wait_until_noted(tag, "waiting")
        server.say(tag, "two")
        assert read_chunk(connection) == b"two\n"
        assert read_chunk(connection) == b""
    assert server.noted(tag) == ["waiting", "closed"]


def test_a_plain_generator_that_raises_cuts_the_connection_with_one_traceback(server, tag):
    with server.open(f"/plain/{tag}") as connection:
        connection.read_head()
        assert read_chunk(connection) == b"one\n"
        server.say(tag, "raise")
        connection.wait_for_end()  # and no last chunk, so that the client knows
    assert server.noted(tag) == ["waiting", "closed"]
    wire.wait_for(lambda: f"secret of {tag}" in server.errors(), "the traceback")
    assert server.errors().count(f"ValueError: secret of {tag}") == 1


# Event streams.


def test_the_head_comes_at_once_and_then_each_event_as_it_is_there(server, tag):
    with server.open(f"/events/queue/{tag}", headers="Last-Event-ID: 41 €\r\n") as connection:
        head = connection.read_head()
        assert head.status == 200
        assert head.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert head.headers["cache-control"] == "no-store"
        assert head.headers["x-accel-buffering"] == "no"
        assert read_chunk(connection) == b":\n\n"
        assert read_chunk(connection) == 'data: {"last": "41 €"}\n\n'.encode()
        server.wait_until_noted(tag, "waiting")
        assert not connection.is_readable()
        server.say(tag, "7")
        assert read_chunk(connection) == b"id: 7\ndata: 7\n\n"
        server.say(tag, "end")
        assert read_chunk(connection) == b""
    assert server.noted(tag) == ["waiting", "waiting", "closed"]


def test_silence_is_filled_with_comments(server, tag):
    with start_waiting(server, "quiet", tag) as connection:
        assert [read_chunk(connection) for _ in range(3)] == [b":\n\n"] * 3


def test_head_has_the_headers_only_and_starts_no_generator(server, tag):
    with server.open(f"/events/queue/{tag}", method="HEAD", headers="Connection: close\r\n") as connection:
        head = connection.read_head()
        assert head.status == 200
        assert head.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert connection.read_rest() == b""
    assert server.noted(tag) == []


@pytest.mark.parametrize("kind", ["queue", "sleep", "event", "quiet"])
@pytest.mark.parametrize("how", ["close", "reset", "half-close"])
def test_when_the_client_leaves_the_generator_is_closed_though_it_waits(server, tag, kind, how):
    with start_waiting(server, kind, tag) as connection:
        if how == "half-close":
            connection.half_close()
        elif how == "reset":
            connection.reset()
        else:
            connection.sock.close()
        server.wait_until_noted(tag, "waiting", "closed", patience=AT_ONCE)
        if how == "half-close":
            while read_chunk(connection) == b":\n\n":
                pass
            connection.wait_for_end()


def test_when_a_client_that_does_not_read_leaves_the_generator_is_closed(server, tag):
    with server.open(f"/events/large/{tag}", receive_buffer=4096) as connection:
        assert connection.read_head().status == 200
    server.wait_until_noted(tag, "closed", patience=AT_ONCE)


def test_a_client_that_does_not_read_and_ends_its_half_is_freed(server, tag):
    def count_descriptors() -> int:
        return json.loads(wire.get(server.port, "/descriptors").body)

    before = count_descriptors()
    with server.open(f"/events/large/{tag}", receive_buffer=4096) as connection:
        assert connection.read_head().status == 200
        wire.wait_for(lambda: count_descriptors() > before, "it is served")
        connection.half_close()
        server.wait_until_noted(tag, "closed", patience=AT_ONCE)
        wire.wait_for(lambda: count_descriptors() <= before, "the descriptor is freed")
    assert "Traceback" not in server.errors().partition(tag)[2]


def test_a_request_that_was_sent_ahead_is_answered_after_the_stream(server, tag):
    with start_waiting(server, "queue", tag) as connection:
        connection.write(f"GET /noted/{tag} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        server.say(tag, "7")
        assert read_event(connection) == b"id: 7\ndata: 7\n\n"
        server.say(tag, "end")
        assert read_event(connection) == b""
        answer = connection.read_response()
        assert json.loads(answer.body) == ["waiting", "waiting", "closed"]


def test_when_the_client_leaves_behind_a_request_sent_ahead_the_generator_is_closed(server, tag):
    with start_waiting(server, "queue", tag) as connection:
        connection.write(b"GET /noted/x HTTP/1.1\r\nHost: localhost\r\n\r\n")
    server.wait_until_noted(tag, "waiting", "closed", patience=AT_ONCE)


def test_a_generator_that_raises_cuts_the_connection_with_one_traceback(server, tag):
    with start_waiting(server, "queue", tag) as connection:
        server.say(tag, "raise")
        connection.wait_for_end()
    assert server.noted(tag) == ["waiting", "closed"]
    wire.wait_for(lambda: f"secret of {tag}" in server.errors(), "the traceback")
    assert server.errors().count(f"ValueError: secret of {tag}") == 1
    assert "the event stream failed" in server.errors()


def test_a_hundred_clients_that_leave_leave_nothing_behind(server, tag):
    connections = [start_waiting(server, "sleep", f"{tag}-{number}") for number in range(100)]
    for connection in connections:
        connection.sock.close()
    for number in range(100):
        server.wait_until_noted(f"{tag}-{number}", "waiting", "closed")


# The server stops.


@pytest.mark.parametrize("name", ["spa.run", "gevent", WORKER, OTHER_WORKER])
def test_on_sigterm_a_stream_ends_at_once_and_holds_nobody_up(name):
    port = free_port()
    with running(command(name, port), port, cwd=ROOT) as program:
        server = StreamServer(name, port, program)
        with start_waiting(server, "sleep", "x") as connection:
            started = time.monotonic()
            program.terminate()
            assert read_event(connection) == b""
            assert time.monotonic() - started < AT_ONCE
            if name == OTHER_WORKER:
                connection.sock.close()  # it waits for connections that are kept, as long as they are
            returncode, out, err = program.finish(10)  # gunicorn's own waits for them, too, but 2 s
        assert returncode == 0
        assert "Traceback" not in out + err


@pytest.mark.parametrize("name", ["spa.run", "gevent", WORKER])
def test_on_sigterm_a_client_that_does_not_read_is_cut_off_soon(name):
    port = free_port()
    with running(command(name, port), port, cwd=ROOT) as program:
        server = StreamServer(name, port, program)
        with server.open("/events/large/x", receive_buffer=4096) as connection:
            assert connection.read_head().status == 200
            time.sleep(0.2)  # until the buffers are full
            outcome = program.stop(timeout=10)
            assert outcome.returncode == 0
            assert "Traceback" not in outcome.stdout + outcome.stderr
            with pytest.raises((EOFError, socket.timeout, ConnectionResetError)):
                connection.read(2**25)
