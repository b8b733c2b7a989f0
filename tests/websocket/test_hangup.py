"""How the loss of a client is noticed, while nobody reads from it."""

import gevent
import gevent.socket
import pytest

from spa.websocket import hangup
from spa.websocket.hangup import Watch
from tests.loop import run_loop, wait_until
from tests.wire import PATIENCE


def tcp_pair():
    with gevent.socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        client = gevent.socket.create_connection(listener.getsockname())
        ours, _ = listener.accept()
    return ours, client


@pytest.fixture(params=[tcp_pair, gevent.socket.socketpair], ids=["TCP", "a pair of sockets"])
def pair(request):
    ours, client = request.param()
    ours.settimeout(PATIENCE)
    yield ours, client
    client.close()
    ours.close()


@pytest.fixture
def left(pair):
    """How often the watch has said that the client left."""
    calls = []
    watch = Watch(pair[0], lambda: calls.append("left"))
    yield calls
    watch.stop()


def leave(client, how):
    if how == "half-close":
        client.shutdown(gevent.socket.SHUT_WR)
    else:
        client.close()


@pytest.mark.parametrize("how", ["close", "half-close"])
def test_a_client_that_ends_its_half_has_left_and_it_is_said_once(pair, left, how):
    run_loop()
    assert left == []
    leave(pair[1], how)
    wait_until(lambda: left)
    run_loop()
    assert left == ["left"]


@pytest.mark.parametrize("how", ["close", "half-close"])
def test_bytes_of_the_next_request_are_not_read_and_do_not_hide_the_end(pair, left, how):
    ours, client = pair
    client.sendall(b"GET / HTTP/1.1\r\n")
    run_loop()
    assert left == []
    leave(client, how)
    wait_until(lambda: left)
    assert ours.recv(100) == b"GET / HTTP/1.1\r\n"


def test_bytes_that_lie_unread_do_not_keep_the_loop_busy(pair, left, monkeypatch):
    looks = []
    monkeypatch.setattr(hangup, "has_hung_up", lambda sock: bool(looks.append(sock)))
    pair[1].sendall(b"x")
    wait_until(lambda: looks)
    run_loop(20)
    assert len(looks) < 5


def test_after_its_end_a_watch_says_nothing(pair):
    calls = []
    watch = Watch(pair[0], lambda: calls.append("left"))
    watch.stop()
    watch.stop()
    pair[1].close()
    run_loop()
    assert calls == []


def test_a_watch_may_be_stopped_by_what_it_calls(pair):
    calls = []

    def on_left():
        watch.stop()
        calls.append("left")

    watch = Watch(pair[0], on_left)
    pair[1].close()
    wait_until(lambda: calls)
    run_loop()
    assert calls == ["left"]
