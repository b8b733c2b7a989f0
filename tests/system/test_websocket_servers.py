"""The servers that have answered 101 before they ask the app: gevent-websocket's own, and its worker for gunicorn."""

import sys
from collections.abc import Iterator

import pytest

from tests.processes import ROOT, free_port, running
from tests.system.conftest import WireServer
from tests.wire import BINARY, CLOSE, PING, PONG, TEXT, Wire, close_payload, frame, get, handshake

WORKER = "geventwebsocket.gunicorn.workers.GeventWebSocketWorker"


@pytest.fixture(scope="module", params=["WebSocketServer", "GeventWebSocketWorker"])
def other(request: pytest.FixtureRequest) -> Iterator[WireServer]:
    """Each of these servers in turn."""
    port = free_port()
    if request.param == "WebSocketServer":
        command = [sys.executable, "-m", "tests.system.wsother", str(port)]
    else:
        command = [
            *(sys.executable, "-m", "gunicorn", "-k", WORKER, "--workers", "1", "--graceful-timeout", "3"),
            *("--bind", f"127.0.0.1:{port}", "tests.system.wsapp:choose"),
        ]
    with running(command, port, cwd=ROOT) as program:
        yield WireServer(request.param, port, program)


def test_plain_requests_are_served(other):
    assert get(other.port, "/plain/").body == b"plain"
    assert get(other.port, "/only/").status == 426


@pytest.mark.parametrize("size", [0, 5, 125, 126, 70_000, 2**20])
def test_messages_come_back(other, size):
    with other.connect("/echo/") as peer:
        peer.send(TEXT, b"x" * size)
        assert peer.read_frame() == (TEXT, b"x" * size, True, 0, False)
        peer.send(BINARY, b"\xff" * size)
        assert peer.read_frame() == (BINARY, b"\xff" * size, True, 0, False)


def test_frames_in_the_segment_of_the_handshake_are_served(other):
    with Wire(other.port) as peer:
        peer.write(handshake("/echo/") + frame(TEXT, b"early") + frame(TEXT, b"bird")[:7])
        assert peer.read_head().status == 101
        assert peer.read_text() == "early"
        peer.write(frame(TEXT, b"bird")[7:])
        assert peer.read_text() == "bird"


def test_pings_are_answered_while_the_handler_sleeps(other, tag):
    with other.connect(f"/sleeper/{tag}/") as peer:
        peer.send(PING, b"are you there")
        assert peer.read_frame() == (PONG, b"are you there", True, 0, False)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (frame(CLOSE, close_payload(1001, "bye")), 1001),
        (frame(CLOSE), None),
        (frame(TEXT, b"x", mask=None), 1002),
        (frame(3, b"x"), 1002),
        (frame(TEXT, b"\xff"), 1007),
        (frame(TEXT, b"", length=2**40)[:10], 1009),
    ],
    ids=["Close 1001", "empty Close", "unmasked", "unknown opcode", "not UTF-8", "too large"],
)
def test_the_close_codes_are_right(other, data, code):
    with other.connect("/echo/") as peer:
        peer.write(data)
        assert peer.read_close().code == code
        peer.wait_for_end(within=1.0)


@pytest.mark.parametrize(
    "path", ["/nowhere/", "/plain/", "/denied/403/none/", "/denied/401/none/", "/denied-inside/403/none/"]
)
def test_a_route_that_refuses_is_closed_with_1008(other, path):
    with other.connect(path) as peer:
        assert peer.read_close().code == 1008


def test_a_bug_before_the_handler_sends_is_closed_with_1011_and_says_nothing(other, tag):
    with other.connect(f"/denied-inside/500/{tag}/") as peer:
        got = peer.read_close()
        assert got.code == 1011
        assert "secret" not in got.reason
        assert "KeyError" not in got.reason


@pytest.mark.parametrize("origin", ["http://evil.example", "null"])
def test_a_foreign_origin_is_refused_before_the_handler_runs(other, tag, origin):
    with other.connect(f"/echo/{tag}/", headers=[("Origin", origin)]) as peer:
        assert peer.read_close().code == 1008
    assert other.events(tag) == []


def test_an_origin_of_the_same_host_is_served(other):
    with other.connect("/echo/", headers=[("Origin", "http://localhost")]) as peer:
        peer.text("hello")
        assert peer.read_text() == "hello"


@pytest.mark.parametrize(("path", "code"), [("returns", 1000), ("raises", 1011), ("closes", 4001)])
def test_the_end_of_the_handler_has_its_code(other, tag, path, code):
    with other.connect(f"/{path}/{tag}/") as peer:
        assert peer.read_text() == "bye"
        got = peer.read_close()
        assert got.code == code
        peer.send(CLOSE, got.payload)
        peer.wait_for_end(within=1.0)
    other.wait_for_event(tag, f"closed {code}")


def test_a_handler_that_raises_logs_one_traceback(other, tag):
    with other.connect(f"/raises/{tag}/") as peer:
        assert peer.skip_to_close().code == 1011
    other.wait_for_event(tag, "closed 1011")
    out, err = other.program.output()
    assert (out + err).count(f"ValueError: secret of {tag}") == 1


@pytest.mark.parametrize("how", ["Close", "FIN", "RST"])
@pytest.mark.parametrize("senders", [1, 2])
def test_the_process_survives_a_peer_that_leaves_blocked_senders_behind(other, tag, senders, how):
    pid = other.stats()["pid"]
    peer = other.connect(f"/blocked/{senders}/{tag}/", receive_buffer=4096)
    try:
        other.wait_for_event(tag, "sent")
        if how == "Close":
            peer.send(CLOSE, close_payload(1001))
        elif how == "RST":
            peer.reset()
    finally:
        peer.sock.close()
    other.wait_for_event(tag, f"closed {1001 if how == 'Close' else 1006}")
    other.check_alive(pid)
