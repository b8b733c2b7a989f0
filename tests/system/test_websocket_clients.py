"""Clients that others have written talk to each server."""

import os
import queue
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
import websocket
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tests.wire import PATIENCE

MESSAGES = ["hello", "", "grüße, 世界 🌍", "x" * 100_000, b"", b"\x00\xff", b"x" * 70_000]


def test_the_client_of_websockets_sends_and_receives(server):
    with connect(f"ws://127.0.0.1:{server.port}/echo/") as client:
        for message in MESSAGES:
            client.send(message)
            assert client.recv(PATIENCE) == message
        assert client.ping(b"there?").wait(PATIENCE)
        client.send(iter(["in ", "three ", "parts"]))
        assert client.recv(PATIENCE) == "in three parts"


def test_the_client_of_websockets_sees_how_handlers_end(server, tag):
    for path, code in (("returns", 1000), ("raises", 1011), ("closes", 4001)):
        with connect(f"ws://127.0.0.1:{server.port}/{path}/{tag}/") as client:
            assert client.recv(PATIENCE) == "bye"
            with pytest.raises(ConnectionClosed) as caught:
                client.recv(PATIENCE)
            assert caught.value.rcvd.code == code


def test_the_client_of_websockets_agrees_on_a_subprotocol(server):
    with connect(f"ws://127.0.0.1:{server.port}/spoken/", subprotocols=["chat.v1", "chat.v2"]) as client:
        assert client.subprotocol == "chat.v2"


def test_the_client_of_websockets_is_refused_with_a_status(server, tag):
    with pytest.raises(InvalidStatus) as caught:
        connect(f"ws://127.0.0.1:{server.port}/denied/403/{tag}/")
    assert caught.value.response.status_code == 403


def test_websocket_client_sends_and_receives(server):
    client = websocket.create_connection(f"ws://127.0.0.1:{server.port}/echo/", timeout=PATIENCE)
    try:
        for message in MESSAGES:
            if isinstance(message, bytes):
                client.send_binary(message)
            else:
                client.send(message)
            assert client.recv() == message
        client.ping(b"there?")
        opcode, frame = client.recv_data_frame(control_frame=True)
        assert (opcode, frame.data) == (websocket.ABNF.OPCODE_PONG, b"there?")
    finally:
        client.close()


def test_websocket_client_sends_its_origin_and_is_let_in_from_the_same_host_only(server):
    url = f"ws://127.0.0.1:{server.port}/echo/"
    websocket.create_connection(url, timeout=PATIENCE, origin=f"http://127.0.0.1:{server.port}").close()
    with (
        socket.create_connection(("127.0.0.1", server.port), PATIENCE) as sock,
        pytest.raises(websocket.WebSocketBadStatusException) as caught,
    ):
        websocket.create_connection(url, timeout=PATIENCE, origin="http://evil.example", socket=sock)
    assert caught.value.status_code == 403


def test_websocket_client_sees_the_close_of_a_handler(server, tag):
    client = websocket.create_connection(f"ws://127.0.0.1:{server.port}/closes/{tag}/", timeout=PATIENCE)
    try:
        assert client.recv() == "bye"
        opcode, data = client.recv_data()
        assert (opcode, data) == (websocket.ABNF.OPCODE_CLOSE, (4001).to_bytes(2) + b"enough")
    finally:
        client.shutdown()


def find_wscat() -> str:
    """Return the path of wscat, or skip the test."""
    found = os.environ.get("WSCAT") or shutil.which("wscat")
    if not found:
        pytest.skip("wscat is not here; install it with: npm install -g wscat")
    return found


@contextmanager
def talking(*command: str) -> Iterator[subprocess.Popen]:
    """Start a client at a terminal that is no terminal."""
    program = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    program.lines = queue.Queue()
    reader = threading.Thread(target=lambda: [program.lines.put(line.decode()) for line in program.stdout])
    reader.start()
    try:
        yield program
    finally:
        program.kill()
        program.wait()
        reader.join()
        program.stdin.close()
        program.stdout.close()


def read_until(program: subprocess.Popen, text: str, count: int = 1) -> str:
    """Return what a program has written once it has written a text so many times."""
    shown = ""
    while shown.count(text) < count:
        shown += program.lines.get(timeout=20)
    return shown


def test_the_command_of_websockets_shows_what_comes_back(server):
    with talking(sys.executable, "-m", "websockets", f"ws://127.0.0.1:{server.port}/echo/") as program:
        program.stdin.write(b"hello from the command\n")
        program.stdin.flush()
        assert "< hello from the command" in read_until(program, "hello from the command")


def wscat(url: str, *options: str) -> AbstractContextManager[subprocess.Popen]:
    """Start wscat, or skip the test."""
    return talking(find_wscat(), "--no-color", "-c", url, *options)


def test_wscat_shows_what_comes_back(server):
    with wscat(f"ws://127.0.0.1:{server.port}/echo/", "-x", "hello from wscat", "-w", "60") as program:
        assert "hello from wscat" in read_until(program, "hello from wscat")


def test_wscat_shows_the_stream_of_the_quickstart_which_stops_with_it(server, tag):
    with wscat(f"ws://127.0.0.1:{server.port}/datetime/{tag}/", "-x", "-", "-w", "60") as program:
        assert read_until(program, "T", 2).count(":") >= 4  # two ISO times
    server.wait_for_event(tag, "closed")
