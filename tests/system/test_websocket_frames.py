"""Frames that are right, and frames that are wrong, under each server."""

import pytest

from tests import wire
from tests.wire import BINARY, CLOSE, CONT, PING, PONG, TEXT, close_payload, frame

MEGABYTE = 2**20


def code_of(server, data: bytes, path: str = "/echo/") -> int | None:
    """Send bytes; return the code of the Close that comes, and see that the server ends TCP within a second."""
    with server.connect(path) as peer:
        peer.write(data)
        code = peer.skip_to_close().code
        peer.wait_for_end(within=1.0)
        return code


@pytest.mark.parametrize(
    "payload", [b"", b"x", b"x" * 125, b"x" * 126, b"x" * 65535, b"x" * 65536, "grüße, 世界 🌍".encode()], ids=len
)
def test_a_text_message_of_any_length_comes_back_whole(server, payload):
    with server.connect("/echo/") as peer:
        peer.send(TEXT, payload)
        assert peer.read_frame() == (TEXT, payload, True, 0, False)


@pytest.mark.parametrize("payload", [b"", bytes(range(256)), b"\xff" * 70_000], ids=len)
def test_a_binary_message_comes_back_as_binary(server, payload):
    with server.connect("/echo/") as peer:
        peer.send(BINARY, payload)
        assert peer.read_frame() == (BINARY, payload, True, 0, False)


def test_a_length_in_a_longer_form_than_needed_is_understood(server):
    with server.connect("/echo/") as peer:
        peer.send(TEXT, b"hello", length=5)
        assert peer.read_text() == "hello"


def test_fragments_are_joined_even_when_empty_and_split_inside_a_character(server):
    with server.connect("/echo/") as peer:
        for opcode, payload, fin in (
            (TEXT, b"gr\xc3", False),
            (CONT, b"", False),
            (CONT, b"\xbc\xc3", False),
            (CONT, b"\x9fe", False),
            (CONT, b"", True),
        ):
            peer.send(opcode, payload, fin=fin)
        assert peer.read_text() == "grüße"


def test_frames_byte_by_byte_are_understood(server):
    with server.connect("/echo/") as peer:
        for byte in frame(TEXT, b"one", fin=False) + frame(CONT, b"two"):
            peer.write(bytes([byte]))
        assert peer.read_text() == "onetwo"


def test_a_thousand_messages_in_one_segment_come_back_in_order(server):
    with server.connect("/echo/") as peer:
        peer.write(b"".join(frame(TEXT, str(number).encode()) for number in range(1000)))
        assert [peer.read_text() for _ in range(1000)] == [str(number) for number in range(1000)]


BROKEN = {
    "unmasked text": frame(TEXT, b"x", mask=None),
    "unmasked ping": frame(PING, b"x", mask=None),
    "unmasked close": frame(CLOSE, close_payload(1000), mask=None),
    "RSV1": frame(TEXT, b"x", rsv=4),
    "RSV2": frame(TEXT, b"x", rsv=2),
    "RSV3": frame(TEXT, b"x", rsv=1),
    "all RSV on a ping": frame(PING, b"x", rsv=7),
    **{f"opcode {opcode}": frame(opcode, b"x") for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)},
    **{f"empty opcode {opcode}": frame(opcode) for opcode in (3, 11)},
    "fragmented ping": frame(PING, b"x", fin=False),
    "fragmented pong": frame(PONG, b"x", fin=False),
    "fragmented close": frame(CLOSE, close_payload(1000), fin=False),
    "ping of 126 bytes": frame(PING, b"x" * 126),
    "pong of 126 bytes": frame(PONG, b"x" * 126),
    "close of 126 bytes": frame(CLOSE, close_payload(1000, b"x" * 124)),
    "stray continuation": frame(CONT, b"x"),
    "stray unfinished continuation": frame(CONT, b"x", fin=False),
    "continuation after a finished message": frame(TEXT, b"x", fin=False) + frame(CONT) + frame(CONT, b"x"),
    "text inside a message": frame(TEXT, b"x", fin=False) + frame(TEXT, b"x"),
    "binary inside a message": frame(TEXT, b"x", fin=False) + frame(BINARY, b"x"),
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
def test_a_breach_of_the_framing_closes_with_1002(server, data):
    assert code_of(server, data) == 1002


def test_what_follows_a_breach_is_not_served(server):
    with server.connect("/echo/") as peer:
        peer.write(frame(3, b"x") + frame(TEXT, b"after") + frame(PING, b"after"))
        assert peer.read_close().code == 1002
        peer.wait_for_end(within=1.0)


@pytest.mark.parametrize("size", [0, 1, 4, 124, 125])
def test_a_ping_is_answered_with_its_payload(server, size):
    payload = bytes(range(256))[:size]
    with server.connect("/echo/") as peer:
        peer.send(PING, payload)
        assert peer.read_frame() == (PONG, payload, True, 0, False)


def test_pings_between_fragments_are_answered_at_once(server):
    with server.connect("/echo/") as peer:
        peer.send(TEXT, b"one", fin=False)
        peer.send(PING, b"first")
        assert peer.read_frame() == (PONG, b"first", True, 0, False)
        peer.send(CONT, b"two", fin=False)
        peer.send(PING, b"x" * 125)
        assert peer.read_frame() == (PONG, b"x" * 125, True, 0, False)
        peer.send(CONT, b"three")
        assert peer.read_text() == "onetwothree"


def test_pongs_that_nobody_asked_for_are_ignored(server):
    with server.connect("/echo/") as peer:
        peer.send(PONG, b"unasked")
        peer.send(PONG)
        peer.text("still here")
        assert peer.read_text() == "still here"


@pytest.mark.parametrize("path", ["/sleeper/none/", "/echo/"])
def test_a_ping_is_answered_whatever_the_handler_does(server, path):
    with server.connect(path) as peer:
        peer.send(PING, b"are you there")
        assert peer.read_frame() == (PONG, b"are you there", True, 0, False)


def test_a_ping_is_answered_while_the_handler_sends(server, tag):
    with server.connect(f"/ticker/{tag}/") as peer:
        peer.send(PING, b"between ticks")
        frames = iter(peer.read_frame, None)
        assert next(it for it in frames if it.opcode == PONG).payload == b"between ticks"


INVALID_UTF8 = {
    "a lone byte": [b"\xff"],
    "an overlong slash": [b"\xc0\xaf"],
    "a surrogate": [b"\xed\xa0\x80"],
    "beyond U+10FFFF": [b"\xf4\x90\x80\x80"],
    "cut at the end": [b"\xce\xba\xe1"],
    "cut at the end of the last fragment": [b"ok", b"\xe2\x82"],
    "a character that the next fragment breaks": [b"ok \xe2\x82", b"x"],
    "a lone byte in the second fragment": [b"ok", b"\x80", b"ok"],
    "cut by an empty last fragment": [b"\xe2\x82", b""],
}


@pytest.mark.parametrize("fragments", INVALID_UTF8.values(), ids=INVALID_UTF8)
def test_text_that_is_not_utf8_closes_with_1007(server, fragments):
    last = len(fragments) - 1
    data = [frame(CONT if at else TEXT, part, fin=at == last) for at, part in enumerate(fragments)]
    assert code_of(server, b"".join(data)) == 1007


def test_text_that_cannot_become_utf8_is_refused_before_its_end(server):
    assert code_of(server, frame(TEXT, b"\xff", fin=False)) == 1007


def test_binary_need_not_be_utf8(server):
    with server.connect("/echo/") as peer:
        peer.write(frame(BINARY, b"\xff", fin=False) + frame(CONT, b"\xfe"))
        assert peer.read_frame() == (BINARY, b"\xff\xfe", True, 0, False)


CLOSES = {
    "1000": close_payload(1000),
    "1001 and a reason": close_payload(1001, "grüße"),
    "empty": b"",
    "1000 and the longest reason": close_payload(1000, "x" * 123),
    **{str(code): close_payload(code) for code in (1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999)},
}


@pytest.mark.parametrize("payload", CLOSES.values(), ids=CLOSES)
def test_a_close_is_echoed_and_the_server_ends_tcp_first_within_a_second(server, payload):
    with server.connect("/echo/") as peer:
        peer.send(CLOSE, payload)
        assert peer.read_close().payload == payload
        peer.wait_for_end(within=1.0)


def test_nothing_is_sent_after_the_close(server, tag):
    with server.connect(f"/ticker/{tag}/") as peer:
        peer.send(CLOSE, close_payload(1000))
        assert peer.skip_to_close().code == 1000
        peer.wait_for_end(within=1.0)


def test_what_follows_a_close_is_not_served(server):
    with server.connect("/echo/") as peer:
        peer.write(frame(CLOSE, close_payload(1000)) + frame(TEXT, b"after") + frame(PING, b"after"))
        assert peer.read_close().code == 1000
        peer.wait_for_end(within=1.0)


WRONG_CLOSES = {
    **{str(code): close_payload(code) for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535)},
    "one byte": b"\x03",
    "a reason that is not UTF-8": close_payload(1000, b"\xff\xfe"),
}


@pytest.mark.parametrize("payload", WRONG_CLOSES.values(), ids=WRONG_CLOSES)
def test_a_close_that_may_not_be_sent_is_a_breach(server, payload):
    assert code_of(server, frame(CLOSE, payload)) in (1002, 1007)


@pytest.mark.parametrize("length", [MEGABYTE + 1, 2**31, 2**40, 2**63 - 1, 2**63, 2**64 - 1])
@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_a_length_over_the_limit_is_refused_from_the_header_alone(server, opcode, length):
    header = frame(opcode, b"", length=length)[:10]
    before = server.stats()["rss"]
    assert code_of(server, header) in ((1009,) if length < 2**63 else (1009, 1002))
    assert server.stats()["rss"] - before < MEGABYTE


@pytest.mark.parametrize(
    ("sizes", "code"),
    [
        ([1001], 1009),
        ([1000, 1], 1009),
        ([500, 501], 1009),
        ([999, 0, 1, 0, 1], 1009),
        ([1000], None),
        ([400, 600], None),
    ],
    ids=str,
)
def test_the_limit_counts_over_all_fragments_and_may_be_reached(server, sizes, code):
    last = len(sizes) - 1
    data = b"".join(frame(CONT if at else BINARY, b"x" * size, fin=at == last) for at, size in enumerate(sizes))
    with server.connect("/small/") as peer:
        peer.write(data)
        answer = peer.read_frame()
        if code is None:
            assert answer == (BINARY, b"x" * sum(sizes), True, 0, False)
        else:
            assert (answer.opcode, answer.code) == (CLOSE, code)


def test_exactly_the_default_limit_is_delivered_and_one_byte_more_is_refused(server):
    with server.connect("/echo/") as peer:
        peer.send(BINARY, b"x" * MEGABYTE)
        assert peer.read_frame() == (BINARY, b"x" * MEGABYTE, True, 0, False)
        peer.write(frame(BINARY, b"x" * (MEGABYTE - 1), fin=False) + frame(CONT, b"xx"))
        assert peer.read_close().code == 1009


def test_a_message_over_the_limit_in_fragments_costs_less_than_twice_the_limit(server):
    data = b"".join(frame(CONT if at else BINARY, b"x" * 65536, fin=False) for at in range(17))
    assert code_of(server, data) == 1009  # whatever the first time costs has been paid
    before = server.stats()["rss"]
    with server.connect_many(10, "/echo/") as peers:
        for peer in peers:
            peer.write(data[: 16 * (65536 + 14)])  # the limit exactly, unfinished
            peer.send(PING, b"in?")
            assert peer.read_frame() == (PONG, b"in?", True, 0, False)
        assert server.stats()["rss"] - before < 10 * 2 * MEGABYTE
        for peer in peers:
            peer.send(CONT, b"x")
            assert peer.read_close().code == 1009


@pytest.mark.parametrize(("count", "code"), [(8, None), (9, 1008), (50, 1008)])
def test_more_fragments_than_the_cap_close_with_1008(server, count, code):
    data = b"".join(frame(CONT if at else TEXT, b"x", fin=at == count - 1) for at in range(count))
    with server.connect("/small/") as peer:
        peer.write(data)
        answer = peer.read_frame()
        if code is None:
            assert answer == (TEXT, b"x" * count, True, 0, False)
        else:
            assert (answer.opcode, answer.code) == (CLOSE, code)
            peer.wait_for_end(within=1.0)


def test_endless_empty_fragments_end_at_the_default_cap(server):
    with server.connect("/echo/") as peer:
        peer.send(TEXT, b"", fin=False)
        peer.write(frame(CONT, b"", fin=False) * 4095)  # 4096 in all: 1 MiB over 256
        peer.send(PING)
        assert peer.read_frame().opcode == PONG
        peer.send(CONT, b"", fin=False)
        assert peer.read_close().code == 1008


def test_the_cap_of_fragments_counts_per_message(server):
    with server.connect("/small/") as peer:
        for _ in range(3):
            peer.write(frame(TEXT, b"x", fin=False) + frame(CONT, b"x", fin=False) * 6 + frame(CONT, b"x"))
            assert peer.read_text() == "x" * 8


def test_a_client_that_breaks_the_rules_in_many_ways_at_once_holds_nobody_up(server):
    pid = server.stats()["pid"]
    with server.connect_many(len(BROKEN), "/echo/") as peers:
        for peer, data in zip(peers, BROKEN.values(), strict=True):
            peer.write(data)
        for peer in peers:
            assert peer.skip_to_close().code == 1002
    server.check_alive(pid)


def test_the_limit_of_one_route_is_not_the_limit_of_another(server):
    assert code_of(server, frame(TEXT, b"x" * 1001), "/small/") == 1009
    with server.connect("/echo/") as peer:
        peer.send(TEXT, b"x" * 1001)
        assert peer.read_text() == "x" * 1001
    assert wire.get(server.port, "/small/").status == 200
