"""Bytes into messages and back, however the bytes are split."""

import itertools
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spa.websocket.limits import Limits
from spa.websocket.protocol import PING_FRAME, Protocol, encode
from tests.wire import BINARY, CLOSE, CONT, PING, PONG, TEXT, close_payload, frame

LIMITS = Limits(max_message=1000, max_fragments=8)


def run(pieces: Iterable[bytes], limits: Limits = LIMITS) -> tuple[list[str | bytes], bytes, bool]:
    """Feed bytes; return the messages, the bytes of the answer, and whether it ends with a half-close."""
    protocol = Protocol(limits)
    messages, answer = [], []
    for piece in pieces:
        before_was_open = protocol.is_open
        got = protocol.feed(piece)
        if before_was_open:
            messages += got
        answer += protocol.data_to_send()
    ends = bool(answer) and answer[-1] == b""
    assert b"" not in answer[:-1]
    return messages, b"".join(answer), ends


def code_of(data: bytes, limits: Limits = LIMITS) -> int | None:
    """Return the code of the Close that answers some bytes."""
    protocol = Protocol(limits)
    protocol.feed(data)
    assert not protocol.is_open
    return int(protocol.first_close().code)


def fragments(opcode: int, *parts: bytes) -> bytes:
    """Return a message in fragments."""
    last = len(parts) - 1
    return b"".join(frame(CONT if at else opcode, part, fin=at == last) for at, part in enumerate(parts))


@pytest.mark.parametrize(
    ("data", "messages"),
    [
        (frame(TEXT, b""), [""]),
        (frame(TEXT, "grüße 🌍".encode()), ["grüße 🌍"]),
        (frame(BINARY, b""), [b""]),
        (frame(BINARY, b"\xff\x00"), [b"\xff\x00"]),
        (frame(TEXT, b"x" * 125), ["x" * 125]),
        (frame(TEXT, b"x" * 126), ["x" * 126]),
        (frame(TEXT, b"x" * 1000), ["x" * 1000]),
        (frame(TEXT, b"a") + frame(BINARY, b"b") + frame(TEXT, b"c"), ["a", b"b", "c"]),
        (fragments(TEXT, b"gr\xc3", b"", b"\xbc\xc3", b"\x9fe", b""), ["grüße"]),
        (fragments(BINARY, b"one", b"two"), [b"onetwo"]),
        (fragments(TEXT, b"", b""), [""]),
        (fragments(BINARY, b"", b"", b""), [b""]),
        (fragments(TEXT, *[b"x"] * 8), ["x" * 8]),
        (fragments(TEXT, b"x" * 999, b"y"), ["x" * 999 + "y"]),
        (frame(PONG, b"unasked"), []),
    ],
)
def test_frames_become_messages(data, messages):
    assert run([data]) == (messages, b"", False)


def test_messages_have_the_types_that_are_promised():
    messages, _, _ = run(
        [frame(BINARY, b"x"), frame(BINARY, b"x" * 500), fragments(BINARY, b"x", b"y"), frame(TEXT, b"x")]
    )
    assert [type(message) for message in messages] == [bytes, bytes, bytes, str]


@pytest.mark.parametrize("limits", [LIMITS, Limits(max_message=10)])
@pytest.mark.parametrize("size", [0, 10, 11, 125])
def test_a_ping_is_answered_whatever_the_limit_of_messages(limits, size):
    payload = b"x" * size
    assert run([frame(PING, payload)], limits) == ([], frame(PONG, payload, mask=None), False)


@pytest.mark.parametrize("limits", [LIMITS, Limits(max_message=10)])
def test_a_ping_between_fragments_is_answered_whatever_room_the_message_leaves(limits):
    size = limits.max_message
    data = frame(TEXT, b"x" * size, fin=False) + frame(PING, b"y" * 125) + frame(CONT, b"")
    assert run([data], limits) == (["x" * size], frame(PONG, b"y" * 125, mask=None), False)


def test_a_ping_behind_our_close_is_not_answered():
    protocol = Protocol(LIMITS)
    protocol.close(1000)
    protocol.data_to_send()
    assert protocol.feed(frame(PING, b"x") + frame(TEXT, b"late")) == ["late"]  # which nobody receives any more
    assert protocol.data_to_send() == []


def test_the_longest_close_passes_whatever_the_limit_of_messages():
    payload = close_payload(1000, "x" * 123)
    assert run([frame(CLOSE, payload)], Limits(max_message=10)) == ([], frame(CLOSE, payload, mask=None), True)


@pytest.mark.parametrize("payload", [b"", close_payload(1000), close_payload(1001, "grüße"), close_payload(4999)])
def test_a_close_is_echoed_and_then_the_connection_half_closed(payload):
    assert run([frame(TEXT, b"last"), frame(CLOSE, payload)]) == (["last"], frame(CLOSE, payload, mask=None), True)


def test_a_close_between_fragments_is_echoed_too():
    data = frame(TEXT, b"unfinished", fin=False) + frame(CLOSE, close_payload(1000))
    assert run([data]) == ([], frame(CLOSE, close_payload(1000), mask=None), True)


BREACHES = [
    (frame(TEXT, b"x", mask=None), 1002),
    (frame(PING, b"", mask=None), 1002),
    *[(frame(TEXT, b"x", rsv=rsv), 1002) for rsv in range(1, 8)],
    *[(frame(opcode, b"x"), 1002) for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)],
    (frame(PING, b"x", fin=False), 1002),
    (frame(PING, b"x" * 126), 1002),
    (frame(CLOSE, close_payload(1000, b"x" * 124)), 1002),
    (frame(CONT, b"x"), 1002),
    (frame(TEXT, b"x", fin=False) + frame(TEXT, b"x"), 1002),
    (frame(TEXT, b"x", fin=False) + frame(BINARY, b"x"), 1002),
    (frame(CLOSE, b"\x03"), 1002),
    *[(frame(CLOSE, close_payload(code)), 1002) for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000)],
    (frame(CLOSE, close_payload(1000, b"\xff")), 1007),
    (frame(TEXT, b"\xff"), 1007),
    (frame(TEXT, b"x" * 200 + b"\xff"), 1007),
    (frame(TEXT, b"\xe2\x82"), 1007),
    (fragments(TEXT, b"\xe2\x82", b"x"), 1007),
    (fragments(TEXT, b"\xe2\x82", b""), 1007),
    (frame(TEXT, b"\xff", fin=False), 1007),
    (frame(TEXT, b"", length=1001)[:10], 1009),
    (frame(BINARY, b"", length=2**40)[:10], 1009),
    (fragments(BINARY, b"x" * 1000, b"x"), 1009),
    (fragments(BINARY, b"x" * 500, b"x" * 501), 1009),
    (fragments(TEXT, *[b"x"] * 9), 1008),
]


@pytest.mark.parametrize(("data", "code"), BREACHES, ids=[f"{at} {code}" for at, (_, code) in enumerate(BREACHES)])
def test_a_breach_closes_with_its_code(data, code):
    assert code_of(data) == code
    messages, answer, ends = run([data])
    assert messages == []
    assert answer[:1] == bytes([0x80 | CLOSE])
    assert ends


def test_what_follows_a_breach_or_a_close_is_dropped():
    after = frame(TEXT, b"after") + frame(PING, b"after")
    for first in (frame(3), frame(CLOSE, close_payload(1000)), fragments(TEXT, *[b"x"] * 9)):
        messages, answer, ends = run([frame(TEXT, b"before") + first + after, after])
        assert messages == ["before"]
        assert b"after" not in answer
        assert ends


def test_a_length_over_the_limit_allocates_nothing():
    protocol = Protocol(Limits())
    protocol.feed(frame(BINARY, b"", length=2**63 - 1)[:10])
    assert int(protocol.first_close().code) == 1009


def payloads(limit: int):
    return st.binary(max_size=limit) | st.text(max_size=limit // 4).map(str.encode)


def cut(data: bytes, places: Iterable[int]) -> list[bytes]:
    """Split bytes at some places."""
    edges = [0, *sorted({place % (len(data) + 1) for place in places}), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(edges) if start < end]


frames = st.builds(
    frame,
    st.sampled_from([CONT, TEXT, BINARY, CLOSE, PING, PONG, TEXT, BINARY, CONT, 3]),
    payloads(300) | st.just(b"x" * 990),
    fin=st.sampled_from([True, True, True, False]),
    rsv=st.sampled_from([0] * 20 + [1, 2, 4]),
    mask=st.sampled_from([b"\0\0\0\0", b"\x01\x02\x03\x04", b"\xff\x80\x7f\x00"] * 5 + [None]),
)
messages = st.builds(
    fragments, st.sampled_from([TEXT, BINARY]), payloads(200), payloads(200), payloads(700)
) | st.builds(lambda text: frame(TEXT, text.encode()), st.text(max_size=200))
streams = st.lists(frames | messages | messages, max_size=12).map(b"".join) | st.binary(max_size=200)


@settings(max_examples=300)
@given(streams, st.lists(st.integers(min_value=0, max_value=10**6), max_size=12))
def test_any_split_of_any_bytes_gives_the_same_messages_and_the_same_answer(data, places):
    whole = run([data])
    assert run(data[at : at + 1] for at in range(len(data))) == whole
    assert run(cut(data, places)) == whole


@settings(max_examples=150)
@given(
    st.lists(st.tuples(st.booleans(), st.text(max_size=100)), max_size=8), st.lists(st.integers(0, 10**6), max_size=8)
)
def test_valid_messages_always_arrive_whole_and_in_order(items, places):
    data, expected = b"", []
    for split, text in items:
        payload = text.encode()
        if split:
            middle = len(payload) // 2
            data += frame(TEXT, payload[:middle], fin=False) + frame(PING, b"p") + frame(CONT, payload[middle:])
        else:
            data += frame(TEXT, payload)
        expected.append(text)
    got, answer, ends = run(cut(data, places))
    assert (got, ends) == (expected, False)
    assert answer == frame(PONG, b"p", mask=None) * sum(split for split, _ in items)


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65535, 65536])
def test_messages_are_encoded_as_the_shortest_frame(size):
    assert encode("x" * size) == frame(TEXT, b"x" * size, mask=None)
    for kind in (bytes, bytearray, memoryview):
        assert encode(kind(b"x" * size)) == frame(BINARY, b"x" * size, mask=None)


def test_text_is_encoded_as_utf8():
    assert encode("grüße 🌍") == frame(TEXT, "grüße 🌍".encode(), mask=None)


@pytest.mark.parametrize("message", [None, 5, ["x"], {"a": 1}])
def test_what_is_neither_text_nor_bytes_is_refused(message):
    kind = type(message).__name__
    with pytest.raises(TypeError, match=f"not {kind}: for a value write send_json, or broadcast_json"):
        encode(message)


def test_text_that_has_no_utf8_is_refused():
    with pytest.raises(UnicodeEncodeError):
        encode("\ud800")


def test_a_ping_is_encoded():
    assert frame(PING, b"", mask=None) == PING_FRAME


@pytest.mark.parametrize(
    ("code", "reason"), [(1000, ""), (1001, "bye"), (1011, ""), (3000, "x" * 123), (4999, "grüße")]
)
def test_we_close_with_a_code_and_a_reason(code, reason):
    protocol = Protocol(LIMITS)
    protocol.close(code, reason)
    assert not protocol.is_open
    assert b"".join(protocol.data_to_send()) == frame(CLOSE, close_payload(code, reason), mask=None)
    assert (int(protocol.first_close().code), protocol.first_close().reason) == (code, reason)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (0, ""),
        (999, ""),
        (1004, ""),
        (1005, ""),
        (1006, ""),
        (1015, ""),
        (5000, ""),
        (1000, "x" * 124),
        (1000, "ü" * 62),
    ],
)
def test_a_close_that_may_not_be_sent_is_a_value_error_and_nothing_is_sent(code, reason):
    protocol = Protocol(LIMITS)
    with pytest.raises(ValueError, match=str(code)):
        protocol.close(code, reason)
    assert protocol.is_open
    assert protocol.data_to_send() == []


def test_the_close_that_came_first_counts():
    ours = Protocol(LIMITS)
    ours.close(4001, "ours")
    ours.feed(frame(CLOSE, close_payload(1000, "theirs")))
    assert (int(ours.first_close().code), ours.first_close().reason) == (4001, "ours")
    theirs = Protocol(LIMITS)
    theirs.feed(frame(CLOSE, close_payload(4002, "theirs")))
    assert (int(theirs.first_close().code), theirs.first_close().reason) == (4002, "theirs")
    empty = Protocol(LIMITS)
    empty.feed(frame(CLOSE))
    assert int(empty.first_close().code) == 1005
    nobody = Protocol(LIMITS)
    nobody.receive_eof()
    assert int(nobody.first_close().code) == 1006
