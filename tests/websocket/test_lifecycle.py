"""One WebSocket of a handler, from its handshake to its end, over a pair of sockets."""

import contextlib
import logging
import re
import time
import traceback
from asyncio import CancelledError

import gevent
import gevent.socket
import pytest
from werkzeug.exceptions import Forbidden

from spa.environ import CONNECTIONS, HIJACK
from spa.errors import ConnectionClosed, InvalidMessage
from spa.websocket import lifecycle
from spa.websocket.alarm import AlarmClock
from spa.websocket.conversation import State
from spa.websocket.handshake import Handshake
from spa.websocket.limits import Limits
from spa.websocket.registry import Registry
from tests.loop import wait_until
from tests.websocket.pair import PairWire
from tests.wire import CLOSE, KEY, PATIENCE, TEXT, close_payload, frame


class Request:
    """A handshake request whose life has not begun, and the client's end of its socket."""

    def __init__(self, offered=(), supported=(), early=b"", **limits):
        self.sock, theirs = gevent.socket.socketpair()
        self.peer = PairWire(theirs)
        self.registry = Registry()
        self.clock = clock = AlarmClock()
        self.taken = 0
        self.early = early
        self.environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/\x1b", HIJACK: self._hijack}
        self.environ[CONNECTIONS] = self.registry
        self.life = lifecycle.Lifecycle(
            self.environ,
            Handshake(KEY, tuple(offered)),
            lifecycle.Settings(supported, (), Limits(**{"close_timeout": 0.1, **limits})),
            clock,
        )
        self.ws = self.life.socket

    def _hijack(self):
        self.taken += 1
        return self.sock, self.early

    def run(self, handler):
        """Start the handler in a greenlet of its own, as servers do."""
        return gevent.spawn(self.life.run, handler)


@contextlib.contextmanager
def request(**options):
    begun = Request(**options)
    try:
        with gevent.Timeout(PATIENCE):
            yield begun
    finally:
        begun.peer.sock.close()
        begun.sock.close()


def fail(error):
    def handler():
        raise error

    return handler


def test_a_handler_that_returns_without_a_word_opens_and_closes_with_1000():
    with request() as begun:
        running = begun.run(lambda: None)
        assert begun.peer.read_head().status == 101
        assert begun.peer.read_close().code == 1000
        running.get()
        assert (begun.taken, list(begun.registry), begun.life.is_open) == (1, [], True)


def test_what_a_handler_returns_before_it_opens_is_the_answer():
    with request() as begun:
        assert begun.run(lambda: "answer").get() == "answer"
        assert (begun.taken, begun.life.is_open) == (0, False)


@pytest.mark.parametrize(
    "error", [Forbidden(), KeyError(1), InvalidMessage("x"), SystemExit(1), gevent.Timeout(9), gevent.GreenletExit()]
)
def test_what_a_handler_raises_before_it_opens_is_for_the_app(error):
    with request() as begun:
        with pytest.raises(type(error)):
            begun.life.run(fail(error))
        assert (begun.taken, begun.life.is_open) == (0, False)


@pytest.mark.parametrize(
    ("error", "code", "lines"),
    [
        (KeyError(1), 1011, 1),
        (SystemExit(1), 1011, 1),
        (gevent.Timeout(9), 1011, 1),
        (BaseException("own"), 1011, 1),
        (Forbidden(), 1011, 1),
        (ConnectionClosed(1000), 1011, 1),  # of another WebSocket; this one is open
        (InvalidMessage("no JSON"), 1007, 0),
        (gevent.GreenletExit(), 1001, 0),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_what_a_handler_raises_later_is_a_close_code_and_a_bug_is_one_traceback(error, code, lines, caplog):
    with request() as begun:

        def handler():
            begun.ws.accept()
            raise error

        running = begun.run(handler)
        assert begun.peer.read_head().status == 101
        close = begun.peer.read_close()
        assert (close.code, close.reason) == (code, "")
        assert running.get() is None
        records = [record for record in caplog.records if record.levelno >= logging.ERROR]
        named = [re.sub(r"\[[0-9a-f]{16}\]", "[name]", record.getMessage()) for record in records]
        assert named == [r"WebSocket GET /\x1b [name]: the handler failed"] * lines


@pytest.mark.parametrize("value", ["", {"a": 1}, ("gone", 404), Forbidden(), False], ids=repr)
def test_what_a_handler_returns_later_reaches_nobody_so_it_is_1011_and_one_traceback(value, caplog):
    with request() as begun:

        def handler(name):
            begun.ws.send(name)
            return value

        running = gevent.spawn(begun.life.run, handler, name="ann")
        assert begun.peer.read_head().status == 101
        assert begun.peer.read_text() == "ann"
        close = begun.peer.read_close()
        assert (close.code, close.reason) == (1011, "")
        assert running.get() is None
        (record,) = caplog.records
        assert "the handler failed" in record.getMessage()
        told = "".join(traceback.format_exception(*record.exc_info))
        assert f"TypeError: {type(value).__name__} was returned after the handshake, where nobody gets it" in told
        assert re.search(r"The value was returned by .*\.handler \(.*test_lifecycle\.py, line \d+\)\.", told)


def test_ctrl_c_in_a_handler_closes_with_1001_and_goes_on_up():
    with request() as begun:

        def handler():
            begun.ws.accept()
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            begun.life.run(handler)
        assert begun.peer.read_head().status == 101
        assert begun.peer.read_close().code == 1001


def test_a_handler_that_ends_since_its_socket_was_closed_has_ended_normally(caplog):
    with request() as begun:

        def handler():
            while True:
                begun.ws.receive()

        running = begun.run(handler)
        begun.peer.read_head()
        begun.peer.send(CLOSE, close_payload(4000))
        assert begun.peer.read_close().code == 4000
        assert running.get() is None
        assert not caplog.records


def test_two_greenlets_that_open_at_once_answer_the_handshake_once():
    with request() as begun:

        def handler():
            gevent.joinall([gevent.spawn(begun.ws.send, text) for text in "ab"], raise_error=True)

        running = begun.run(handler)
        assert begun.peer.read_head().status == 101
        assert sorted(begun.peer.read_text() for _ in range(2)) == ["a", "b"]
        assert begun.peer.read_close().code == 1000
        running.get()
        assert begun.taken == 1


@pytest.mark.parametrize("end", [lambda: "answer", fail(Forbidden())], ids=["returned", "raised"])
def test_a_greenlet_that_the_handler_left_behind_cannot_open_once_the_request_is_answered(end):
    with request() as begun:
        with contextlib.suppress(Forbidden):
            begun.life.run(end)
        for use in (begun.ws.accept, begun.ws.receive, lambda: begun.ws.send("late")):
            with pytest.raises(ConnectionClosed):
                use()
        assert (begun.taken, begun.life.is_open) == (0, False)


def fill_the_kernel(begun):
    """Leave no room in the socket, as an earlier answer does that the client has not read."""
    begun.sock.setblocking(False)
    size = 0
    with contextlib.suppress(BlockingIOError):
        while True:
            size += begun.sock.send(b"x" * 4096)
    begun.sock.setblocking(True)
    return size


def test_the_handshake_does_not_wait_for_a_client_that_does_not_read():
    with request() as begun:
        size = fill_the_kernel(begun)
        opened = []
        running = begun.run(lambda: begun.ws.accept() or opened.append(1) or begun.ws.send("behind"))
        wait_until(lambda: opened)
        while size:
            size -= len(begun.peer.sock.recv(size))
        assert begun.peer.read_head().status == 101
        assert begun.peer.read_text() == "behind"
        assert begun.peer.read_close().code == 1000
        running.get()


def test_a_handler_that_is_killed_while_the_handshake_waits_ends_quietly(caplog):
    with request(send_timeout=60) as begun:
        fill_the_kernel(begun)

        def handler():
            begun.ws.accept()
            begun.ws.receive()

        running = begun.run(handler)
        gevent.sleep(0.01)
        running.kill(block=False)
        assert running.get() is None
        assert begun.ws.connection.state is State.ENDED
        assert not caplog.records


def test_a_client_that_reads_nothing_ends_the_handshake_at_the_send_timeout():
    with request(send_timeout=0.1) as begun:
        fill_the_kernel(begun)
        running = begun.run(lambda: begun.ws.accept() or begun.ws.receive())
        assert running.get() is None
        assert begun.ws.close_code == 1006


def test_a_socket_that_turns_out_to_be_closed_is_one_logged_error(caplog):
    with request() as begun:
        begun.sock.close()
        assert begun.run(begun.ws.accept).get() is None
        assert begun.life.is_open
        assert "the handler failed" in caplog.text


def test_a_finish_that_is_killed_still_ends_and_forgets_the_connection():
    with request(close_timeout=60) as begun:
        running = begun.run(lambda: None)
        begun.peer.read_head()
        begun.peer.read_close()
        running.kill(block=False)
        assert running.get() is None
        assert begun.ws.connection.state is State.ENDED
        assert list(begun.registry) == []


@pytest.mark.parametrize(("stop_after", "stopped"), [(0.05, True), (None, False)])
def test_a_handler_that_does_nothing_is_stopped_once_its_peer_has_left(stop_after, stopped, caplog):
    with request(stop_after=stop_after) as begun:
        done = []

        def handler():
            begun.ws.accept()
            gevent.sleep(0.3)
            done.append(1)

        running = begun.run(handler)
        begun.peer.read_head()
        begun.peer.send(CLOSE, close_payload(1000))
        assert running.get() is None
        assert bool(done) is not stopped
        assert not caplog.records


def test_a_handler_that_catches_its_stop_is_asked_again_after_a_while(monkeypatch):
    monkeypatch.setattr(lifecycle, "STOP_INTERVAL", 0.2)
    with request(stop_after=0.02) as begun:
        asked = []

        def handler():
            begun.ws.accept()
            while len(asked) < 2:
                try:
                    gevent.sleep(PATIENCE)
                except gevent.GreenletExit:
                    asked.append(time.monotonic())

        running = begun.run(handler)
        begun.peer.read_head()
        begun.peer.send(CLOSE)
        assert running.get() is None
        assert asked[1] - asked[0] > 0.19


def test_a_handler_that_is_stopped_may_take_its_time_to_clean_up():
    with request(stop_after=0.02) as begun:
        cleaned = []

        def handler():
            begun.ws.accept()
            try:
                gevent.sleep(PATIENCE)
            finally:
                gevent.sleep(0.2)  # ten times as long as it had
                cleaned.append(1)

        running = begun.run(handler)
        begun.peer.read_head()
        begun.peer.send(CLOSE)
        assert running.get() is None
        assert cleaned == [1]


def test_a_send_to_a_peer_that_left_ends_the_handler_normally_though_messages_wait(caplog):
    with request(stop_after=None) as begun:

        def handler():
            begun.ws.accept()
            while not begun.ws.closed:
                begun.ws.send("more")
                gevent.sleep(0.001)

        running = begun.run(handler)
        begun.peer.read_head()
        begun.peer.write(frame(TEXT, b"unread") + frame(CLOSE, close_payload(4000)))
        assert begun.peer.skip_to_close().code == 4000
        assert running.get() is None
        assert (begun.ws.close_code, caplog.records) == (4000, [])


def test_a_stop_that_comes_in_the_turn_in_which_the_handler_ends_hits_nothing_later():
    with request(stop_after=0.05) as begun:
        ended = []

        def serve():
            begun.life.run(lambda: begun.ws.accept() or gevent.sleep(0.1))
            ended.append("the handler")
            gevent.sleep(0.01)  # as a clean-up does that writes to a database
            ended.append("the clean-up")

        serving = gevent.spawn(serve)
        begun.peer.read_head()
        begun.peer.send(CLOSE)
        wait_until(lambda: begun.ws.closed)
        begun.clock._excused = 1000.0  # so that it rings in the very turn that follows
        time.sleep(0.2)  # the whole loop is busy, until both the stop and the end of the sleep are overdue
        serving.join()
        assert ended == ["the handler", "the clean-up"]


def leave_behind(seconds, error=None):
    """Start a timeout that nobody takes back."""
    gevent.Timeout.start_new(seconds, error)


def test_a_timeout_that_the_handler_left_behind_does_not_cut_the_closing_handshake_short(caplog):
    with request(close_timeout=0.3) as begun:
        started = time.monotonic()
        running = begun.run(lambda: begun.ws.accept() or leave_behind(0.05))
        begun.peer.read_head()
        assert begun.peer.read_close().code == 1000
        assert running.get() is None
        assert time.monotonic() - started > 0.29
        assert (begun.life.is_open, list(begun.registry), caplog.records) == (True, [], [])


@pytest.mark.parametrize("error", [ValueError("left behind"), SystemExit(1), CancelledError()], ids=repr)
def test_whatever_is_thrown_into_the_closing_handshake_the_socket_goes_back_to_the_server(error, caplog):
    with request(close_timeout=60) as begun:
        running = begun.run(lambda: begun.ws.accept() or leave_behind(0.02, error))
        begun.peer.read_head()
        assert begun.peer.read_close().code == 1000
        assert running.get() is None
        assert begun.ws.connection.state is State.ENDED
        assert (list(begun.registry), len(caplog.records)) == ([], 1)


def test_a_handler_that_is_killed_does_not_hold_its_request_up_for_a_slow_reader():
    with request(send_timeout=60, close_timeout=0.1) as begun:
        running = begun.run(lambda: begun.ws.send(b"x" * 2**24) or gevent.sleep(PATIENCE))
        begun.peer.read_head()
        running.kill(block=False)
        assert running.get() is None
        assert begun.ws.connection.state is State.ENDED


def test_a_handler_that_has_closed_leaves_a_slow_reader_the_time_to_read_all_of_it(caplog):
    with request(close_timeout=0.1) as begun:

        def handler():
            begun.ws.send(b"x" * 2**21)  # many times what the kernel holds
            begun.ws.close(4000)
            begun.ws.receive()

        started = time.monotonic()
        running = begun.run(handler)
        begun.peer.read_head()
        data = b""
        while not data.endswith(frame(CLOSE, close_payload(4000), mask=None)):
            gevent.sleep(0.02)  # longer in all than the close timeout, and never at rest
            more = begun.peer.sock.recv(2**17)
            assert more, f"cut after {len(data)} bytes"
            data += more
        assert time.monotonic() - started > 0.2
        assert running.get() is None
        assert not caplog.records


def test_a_server_that_stops_sends_the_open_websocket_away_and_knows_it_until_its_end():
    with request() as begun:
        running = begun.run(lambda: begun.ws.receive())
        begun.peer.read_head()
        assert list(begun.registry) == [begun.ws.connection]
        begun.registry.send_away()
        close = begun.peer.read_close()
        begun.peer.send(CLOSE, close.payload)
        running.get()
        assert (close.code, list(begun.registry)) == (1001, [])


def test_the_subprotocol_is_the_servers_first_choice_or_the_handlers():
    for chosen, expected in ((None, "b"), ("a", "a")):
        with request(offered=("a", "b"), supported=("b", "a")) as begun:
            running = begun.run(lambda begun=begun, chosen=chosen: begun.ws.accept(chosen))
            assert begun.peer.read_head().headers["sec-websocket-protocol"] == expected
            begun.peer.read_close()
            running.get()


def test_a_subprotocol_that_the_client_does_not_offer_leaves_the_handshake_open():
    with request(offered=("a",)) as begun:
        with pytest.raises(ValueError, match="'c'"):
            begun.ws.accept("c")
        assert (begun.taken, begun.life.is_open) == (0, False)


def test_a_setting_that_turns_out_to_be_wrong_leaves_the_handshake_open():
    with request() as begun:
        settings = lifecycle.Settings((), (), {"max_message": 1})
        life = lifecycle.Lifecycle(begun.environ, Handshake(KEY, ()), settings, AlarmClock())
        with pytest.raises(AttributeError):
            life.run(life.socket.accept)
        assert (life.is_open, list(begun.registry)) == (False, [])


def test_middleware_may_add_headers_to_the_answer():
    with request() as begun:
        begun.environ["spa.upgrade_headers"] = [lambda: [("A", "1")], lambda: (("B", "2"), ("C", "3"))]
        running = begun.run(lambda: begun.ws.accept(headers=[("D", "4")]))
        headers = begun.peer.read_head().headers
        assert [headers[name] for name in "abcd"] == ["1", "2", "3", "4"]
        begun.peer.read_close()
        running.get()


@pytest.mark.parametrize("headers", [{"A": "1"}, [("A", "1")], {"A": 1}.items()], ids=["dict", "list", "items"])
def test_a_handler_names_headers_as_it_does_for_a_response(headers):
    with request() as begun:
        running = begun.run(lambda: begun.ws.accept(headers=headers))
        assert begun.peer.read_head().headers["a"] == "1"
        begun.peer.read_close()
        running.get()


def test_middleware_that_fails_leaves_the_handshake_open():
    with request() as begun:
        begun.environ["spa.upgrade_headers"] = [{}.popitem]
        with pytest.raises(KeyError):
            begun.ws.accept()
        assert (begun.taken, begun.life.is_open) == (0, False)


def test_what_came_with_the_handshake_is_received():
    with request(early=frame(TEXT, b"early")) as begun:
        assert begun.run(lambda: begun.environ.update(got=begun.ws.receive(2))).get() is None
        assert begun.environ["got"] == "early"


@pytest.mark.parametrize(
    ("status", "reason", "code", "told"),
    [
        (403, "403 FORBIDDEN", 1008, "403 FORBIDDEN"),
        (500, "500 INTERNAL SERVER ERROR", 1011, "500 INTERNAL SERVER ERROR"),
        (403, "403 " + "x" * 200, 1008, "403 " + "x" * 119),
        (403, "403 " + "\xe9" * 200, 1008, "403 " + "\xe9" * 59),  # two bytes each, in 123
    ],
)
def test_a_websocket_that_the_server_opened_is_refused_with_as_much_of_the_reason_as_a_close_holds(
    status, reason, code, told
):
    with request() as begun:
        refusing = gevent.spawn(lifecycle.refuse_upgraded, begun.environ, status, reason, AlarmClock())
        close = begun.peer.read_close()
        begun.peer.send(CLOSE, close.payload)
        begun.peer.sock.close()
        assert (close.code, close.reason) == (code, told)
        assert refusing.get() == []
