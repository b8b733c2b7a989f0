"""The WebSocket as a handler sees it."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime

import gevent
import pytest

from spa.errors import ConnectionClosed, InvalidMessage
from spa.websocket import broadcast, broadcast_json
from spa.websocket.socket import WebSocket
from tests.loop import run_loop, wait_until
from tests.websocket.pair import open_pair
from tests.wire import BINARY, CLOSE, TEXT, close_payload, frame


def socket_of(pair, opened: list | None = None) -> WebSocket:
    """Return the WebSocket of a pair; ``opened`` collects the handshakes it answers."""

    def open_it(subprotocol, headers):
        if opened is not None:
            opened.append((subprotocol, list(headers)))
        return pair.connection, subprotocol

    return WebSocket(open_it)


@pytest.mark.parametrize(
    "use",
    [
        lambda ws: ws.accept(),
        lambda ws: ws.send("x"),
        lambda ws: ws.send_json({}),
        lambda ws: ws.receive(),
        lambda ws: ws.receive_json(),
        lambda ws: next(iter(ws)),
        lambda ws: ws.close(),
    ],
    ids=["accept", "send", "send_json", "receive", "receive_json", "iteration", "close"],
)
def test_the_first_use_answers_the_handshake_and_later_ones_do_not(use):
    opened = []
    with open_pair(early=frame(TEXT, b"1")) as pair:
        socket = socket_of(pair, opened)
        assert opened == []
        use(socket)
        socket.accept("ignored")
        assert opened == [(None, [])]


def test_looking_at_it_does_not_answer_the_handshake():
    opened = []
    with open_pair() as pair:
        socket = socket_of(pair, opened)
        assert (socket.closed, socket.close_code, socket.close_reason, socket.subprotocol) == (False, None, None, None)
        assert opened == []


def test_accept_takes_subprotocol_and_headers():
    opened = []
    with open_pair() as pair:
        socket = socket_of(pair, opened)
        socket.accept("chat", headers=[("X-One", "1")])
        assert opened == [("chat", [("X-One", "1")])]
        assert socket.subprotocol == "chat"


def test_a_message_of_a_wrong_type_does_not_answer_the_handshake():
    opened = []
    with open_pair() as pair:
        with pytest.raises(TypeError):
            socket_of(pair, opened).send(5)
        assert opened == []


@pytest.mark.parametrize(
    ("message", "opcode", "payload"),
    [
        ("grüße", TEXT, "grüße".encode()),
        (b"\xff", BINARY, b"\xff"),
        (bytearray(b"\xff"), BINARY, b"\xff"),
        (memoryview(b"\xff"), BINARY, b"\xff"),
        (memoryview(b"abcdef")[::2], BINARY, b"ace"),
    ],
)
def test_text_and_bytes_are_sent_as_what_they_are(message, opcode, payload):
    with open_pair() as pair:
        socket_of(pair).send(message)
        assert pair.peer.read_frame() == (opcode, payload, True, 0, False)


@pytest.mark.parametrize("value", [{"a": [1, 2.5, None, True]}, [], "grüße", 5, None])
def test_json_goes_out_and_comes_in(value):
    with open_pair() as pair:
        socket = socket_of(pair)
        socket.send_json(value)
        sent = pair.peer.read_text()
        assert json.loads(sent) == value
        pair.peer.text(sent)
        assert socket.receive_json(timeout=2) == value


@pytest.mark.parametrize(
    ("value", "error"), [(float("nan"), ValueError), (float("inf"), ValueError), (object(), TypeError)]
)
def test_what_json_has_no_words_for_is_refused(value, error):
    with open_pair() as pair, pytest.raises(error):
        socket_of(pair).send_json(value)


@pytest.mark.parametrize(
    ("opcode", "payload"),
    [(TEXT, b""), (TEXT, b"{"), (TEXT, b"[" * 100_000), (TEXT, b"[NaN]"), (BINARY, b"{}")],
    ids=["empty", "cut", "deep", "NaN", "binary"],
)
def test_a_message_that_is_not_json_is_an_error_and_the_connection_goes_on(opcode, payload):
    with open_pair() as pair:
        socket = socket_of(pair)
        writer = gevent.spawn(pair.peer.write, frame(opcode, payload) + frame(TEXT, b"5"))
        with pytest.raises(InvalidMessage):
            socket.receive_json(timeout=2)
        assert socket.receive_json(timeout=2) == 5
        writer.join()


@dataclass
class Point:
    x: int


def test_a_message_is_made_into_the_type_that_is_asked_for():
    with open_pair(early=frame(TEXT, b'{"x": 1}') + frame(TEXT, b'{"x": "1"}') + frame(TEXT, b"[5]")) as pair:
        socket = socket_of(pair)
        assert socket.receive_json(Point) == Point(1)
        with pytest.raises(InvalidMessage, match="Must be an integer") as caught:
            socket.receive_json(Point, timeout=2)
        assert caught.value.errors == [{"loc": ["x"], "msg": "Must be an integer."}]
        assert socket.receive_json(list[int]) == [5]


def test_a_timeout_without_its_name_is_refused_before_anything_is_waited_for():
    opened = []
    with open_pair(early=frame(TEXT, b"1")) as pair:
        socket = socket_of(pair, opened)
        with pytest.raises(TypeError, match=r"write receive_json\(timeout=5\)"):
            socket.receive_json(5)
        assert opened == []
        assert socket.receive(timeout=2) == "1"


def test_receive_json_raises_when_the_peer_has_left():
    with open_pair() as pair:
        pair.peer.send(CLOSE, close_payload(1001, "bye"))
        with pytest.raises(ConnectionClosed) as caught:
            socket_of(pair).receive_json(timeout=2)
        assert (caught.value.code, caught.value.reason) == (1001, "bye")


def test_a_receive_that_times_out_says_so():
    with open_pair() as pair:
        for receive in (socket_of(pair).receive, socket_of(pair).receive_json):
            with pytest.raises(TimeoutError):
                receive(timeout=0.01)


def test_iteration_gives_the_messages_and_ends_with_the_connection():
    with open_pair() as pair:
        pair.peer.write(frame(TEXT, b"one") + frame(TEXT, b"") + frame(BINARY, b"three") + frame(CLOSE))
        socket = socket_of(pair)
        assert list(socket) == ["one", "", b"three"]
        assert list(socket) == []


def test_a_closed_websocket_tells_code_and_reason_of_the_close_that_came_first():
    with open_pair() as pair:
        socket = socket_of(pair)
        socket.close(4001, "enough")
        pair.peer.send(CLOSE, close_payload(1000, "too late"))
        run_loop()
        socket.close()
        assert (socket.closed, socket.close_code, socket.close_reason) == (True, 4001, "enough")
        with pytest.raises(ConnectionClosed, match="4001 enough"):
            socket.send("x")


def test_a_loop_until_it_is_closed_gets_all_that_the_peer_sent_before_it_left():
    with open_pair() as pair:
        socket = socket_of(pair)
        socket.accept()
        messages = [str(number) for number in range(5)]
        pair.peer.write(b"".join(frame(TEXT, message.encode()) for message in messages) + frame(CLOSE))
        wait_until(lambda: socket.close_code is not None)
        received = []
        while not socket.closed:
            received.append(socket.receive())
        assert received == messages
        assert socket.receive() is None


def test_a_close_of_our_own_leaves_nothing_to_receive():
    with open_pair(early=frame(TEXT, b"dropped") * 2) as pair:
        socket = socket_of(pair)
        assert socket.receive() == "dropped"
        socket.close()
        assert socket.closed


def test_a_broadcast_reaches_all_that_are_open_and_counts_them():
    with open_pair() as one, open_pair() as two, open_pair() as closed:
        sockets = [socket_of(one), socket_of(two), socket_of(closed)]
        for socket in sockets:
            socket.accept()
        sockets[2].close()
        never_accepted = WebSocket(lambda *_: pytest.fail("a broadcast answers no handshake"))
        assert broadcast([*sockets, never_accepted], "hello") == 2
        assert [pair.peer.read_text() for pair in (one, two)] == ["hello"] * 2
        assert closed.peer.read_close().code == 1000


def test_a_broadcast_is_not_held_up_by_a_stalled_peer():
    with open_pair(max_waiting_out=2) as stalled, open_pair() as lively:
        sockets = [socket_of(stalled), socket_of(lively)]
        for socket in sockets:
            socket.accept()
        with gevent.Timeout(2):
            counts = []
            for _ in range(10):
                counts.append(broadcast(sockets, "x" * 10_000))
                assert lively.peer.read_text() == "x" * 10_000
        assert counts[0] == 2
        assert counts[-1] == 1
        assert sockets[0].close_code == 1013


def test_a_broadcast_of_neither_text_nor_bytes_is_refused():
    with pytest.raises(TypeError, match="not dict: for a value write send_json, or broadcast_json"):
        broadcast([], {"a": 1})


@pytest.mark.parametrize("tell", [broadcast, broadcast_json])
def test_a_broadcast_to_one_is_refused_and_takes_none_of_its_messages(tell):
    with open_pair(early=frame(TEXT, b"1")) as pair:
        socket = socket_of(pair)
        with pytest.raises(TypeError, match=r"write \[ws\], or ws\.send\(message\), ws\.send_json"), gevent.Timeout(5):
            tell(socket, "x")
        assert socket.receive(timeout=5) == "1"


class Chat:
    """A handler, as far as it is taken for its WebSocket."""

    connection = None


@pytest.mark.parametrize("tell", [broadcast, broadcast_json])
@pytest.mark.parametrize(
    ("stray", "name"), [(Chat(), "Chat"), ("ann", "str"), (None, "NoneType")], ids=["handler", "str", "None"]
)
def test_a_broadcast_to_what_is_no_websocket_names_the_fix_and_goes_to_nobody(tell, stray, name):
    with open_pair() as pair:
        socket = socket_of(pair)
        socket.accept()
        with pytest.raises(TypeError, match=rf"not {name}: of a handler give self\.ws, of a dict its values\(\)"):
            tell([socket, stray], "lost")
        assert tell([socket], "x") == 1
        assert pair.peer.read_text().strip('"') == "x"


def test_json_is_broadcast_by_the_rules_of_send_json():
    with open_pair() as one, open_pair() as two:
        sockets = [socket_of(one), socket_of(two)]
        for socket in sockets:
            socket.accept()
        value = {"at": datetime(2030, 1, 31, tzinfo=UTC), "name": "ü"}
        assert broadcast_json(sockets, value) == 2
        sockets[0].send_json(value)
        told = [pair.peer.read_text() for pair in (one, one, two)]
        assert told == ['{"at": "2030-01-31T00:00:00Z", "name": "ü"}'] * 3


def test_a_value_that_is_broadcast_is_encoded_once(monkeypatch):
    encoded = []

    def encode(value):
        encoded.append(value)
        return b"5"

    monkeypatch.setattr("spa.websocket.socket.encode_json", encode)
    with open_pair() as one, open_pair() as two:
        sockets = [socket_of(one), socket_of(two)]
        for socket in sockets:
            socket.accept()
        assert (broadcast_json(sockets, "value"), encoded) == (2, ["value"])


@pytest.mark.parametrize(("value", "error"), [(float("nan"), ValueError), (object(), TypeError)])
def test_what_json_has_no_words_for_is_not_broadcast(value, error):
    with pytest.raises(error):
        broadcast_json([], value)


def test_the_set_of_a_broadcast_may_change_while_it_is_told():
    with open_pair() as pair:
        room = {socket_of(pair)}
        next(iter(room)).accept()
        assert broadcast((room.discard(socket) or socket for socket in list(room)), "x") == 1


def test_json_goes_out_as_it_does_in_a_response():
    with open_pair() as pair:
        socket_of(pair).send_json({"at": datetime(2030, 1, 31, tzinfo=UTC)})
        assert pair.peer.read_text() == '{"at": "2030-01-31T00:00:00Z"}'
