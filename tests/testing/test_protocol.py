"""The client's side of a WebSocket, without a socket, against the server's side."""

import pytest
from websockets.exceptions import InvalidHandshake

from spa.testing.protocol import Protocol
from spa.websocket import handshake
from tests.wire import BINARY, CLOSE, CONT, PING, TEXT, close_payload, frame


def opened(*subprotocols, early=b""):
    protocol = Protocol(subprotocols)
    key = dict(protocol.handshake())["Sec-WebSocket-Key"]
    chosen = subprotocols[0] if subprotocols else None
    messages = protocol.feed(handshake.response(key, chosen, [("Set-Cookie", "a=b")]) + early)
    protocol.data_to_send()
    return protocol, messages


def test_the_handshake_it_asks_for_passes_and_offers_the_subprotocols():
    protocol = Protocol(["v2", "v1"])
    headers = dict(protocol.handshake())
    assert "Host" not in headers
    environ = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
    environ.update(REQUEST_METHOD="GET", SERVER_PROTOCOL="HTTP/1.1")
    assert handshake.is_upgrade(environ)
    assert handshake.check(environ).subprotocols == ("v2", "v1")
    assert not protocol.is_answered


def test_the_answer_opens_it_and_its_headers_are_kept():
    protocol, messages = opened("v1")
    assert (protocol.is_answered, protocol.is_open, protocol.has_ended) == (True, True, False)
    assert protocol.subprotocol == "v1"
    assert ("Set-Cookie", "a=b") in protocol.answer_headers
    assert messages == []


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        handshake.response("dGhlIHNhbXBsZSBub25jZQ==", None),
        b"not HTTP\r\n\r\n",
    ],
    ids=["200", "another key", "not HTTP"],
)
def test_an_answer_that_is_not_the_101_asked_for_is_an_error(answer):
    with pytest.raises(InvalidHandshake):
        Protocol().feed(answer)


@pytest.mark.parametrize(
    ("data", "messages"),
    [
        (frame(TEXT, b"a", mask=None) + frame(BINARY, b"\xff", mask=None), ["a", b"\xff"]),
        (
            frame(TEXT, b"\xc3", fin=False, mask=None)
            + frame(PING, mask=None)
            + frame(CONT, b"\xbc", mask=None)
            + frame(BINARY, b"", fin=False, mask=None)
            + frame(CONT, b"x", mask=None),
            ["ü", b"x"],
        ),
    ],
)
def test_messages_are_put_together(data, messages):
    assert opened(early=data)[1] == messages
    protocol, _ = opened()
    assert [message for byte in data for message in protocol.feed(bytes([byte]))] == messages


@pytest.mark.parametrize(("message", "opcode"), [("ü", TEXT), (b"\xff", BINARY)])
def test_what_it_sends_is_masked(message, opcode):
    protocol, _ = opened()
    protocol.send(message)
    (data,) = protocol.data_to_send()
    assert data[0] == 0x80 | opcode
    assert data[1] & 0x80


@pytest.mark.parametrize("message", [None, 5, ["x"], {"a": 1}])
def test_what_is_neither_text_nor_bytes_is_refused_as_the_handler_would(message):
    protocol, _ = opened()
    with pytest.raises(TypeError, match=f"str or bytes, not {type(message).__name__}: send_json takes a value"):
        protocol.send(message)
    assert protocol.data_to_send() == []
    protocol.send("x")  # it goes on


def test_a_close_is_answered_and_its_code_is_known_after_the_end():
    protocol, _ = opened()
    protocol.feed(frame(CLOSE, close_payload(4000, "bye"), mask=None))
    assert protocol.data_to_send()[0][0] == 0x80 | CLOSE
    assert not protocol.is_open
    protocol.feed(b"")
    assert protocol.has_ended
    assert (protocol.close_code, protocol.close_reason) == (4000, "bye")


@pytest.mark.parametrize(("code", "reason"), [(999, ""), (1005, ""), (1000, "x" * 124)])
def test_a_close_that_may_not_be_sent_is_refused(code, reason):
    protocol, _ = opened()
    with pytest.raises(ValueError, match=rf"close\({code}"):
        protocol.close(code, reason)
    assert protocol.is_open
