"""One open WebSocket as the event loop carries it on, over a pair of sockets: bounds, times and the end."""

import math
import time

import gevent
import pytest
from gevent import monkey

from spa.websocket.conversation import State
from spa.websocket.protocol import encode
from tests.loop import run_loop, wait_until
from tests.websocket.pair import open_pair
from tests.wire import CLOSE, PING, PONG, TEXT, close_payload, frame

block = monkey.get_original("time", "sleep")  # holds up the whole event loop
LARGE = encode("x" * 10_000)  # more than the kernel takes here


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda conversation: conversation.offer(LARGE), 1013),
        (lambda conversation: conversation.close(4000), 4000),
        (lambda conversation: conversation.send_away(1), 1001),
    ],
    ids=["offer", "close", "send_away"],
)
def test_what_anybody_calls_may_be_called_from_the_event_loop_though_the_peer_does_not_read(call, code):
    done = []
    with open_pair(max_bytes_out=10) as pair:
        pair.connection.offer(LARGE)
        gevent.get_hub().loop.run_callback(lambda: done.append(call(pair.connection)))
        wait_until(lambda: done)
        assert (pair.connection.state, pair.connection.code) == (State.CLOSING, code)


def test_the_inbox_is_bounded_and_the_peer_is_pushed_back():
    with open_pair(max_waiting_in=4, max_message=10_000) as pair:
        sent = []

        def talk() -> None:
            for number in range(40):
                pair.peer.text(f"{number} {'x' * 5_000}")
                sent.append(number)

        talker = gevent.spawn(talk)
        wait_until(lambda: len(sent) >= 4)
        run_loop(20)
        stuck = len(sent)
        run_loop(20)
        assert len(sent) == stuck < 20
        assert [int(pair.connection.receive(2).split()[0]) for _ in range(40)] == list(range(40))
        talker.get(timeout=5)


def test_pings_are_answered_while_nobody_receives():
    with open_pair() as pair:
        pair.peer.write(frame(TEXT, b"waits") + frame(PING, b"there?"))
        assert pair.peer.read_frame() == (PONG, b"there?", True, 0, False)
        assert pair.connection.receive(2) == "waits"


def test_a_close_goes_out_behind_what_is_queued():
    with open_pair(max_waiting_out=8) as pair:
        for _ in range(3):
            pair.connection.offer(LARGE)
        pair.connection.close(1000)
        assert [pair.peer.read_text() for _ in range(3)] == ["x" * 10_000] * 3
        assert pair.peer.read_close().code == 1000


def test_closing_again_changes_nothing():
    with open_pair() as pair:
        pair.connection.close(4001, "first")
        pair.connection.close(4002, "second")
        pair.peer.sock.close()
        wait_until(lambda: pair.connection.state is State.ENDED)
        pair.connection.close(4003)
        assert (pair.connection.code, pair.connection.reason, pair.connection.state) == (4001, "first", State.ENDED)


@pytest.mark.parametrize("code", [0, 1005, 1006, 5000])
def test_a_close_with_a_wrong_code_leaves_the_connection_open(code):
    with open_pair() as pair:
        with pytest.raises(ValueError, match=str(code)):
            pair.connection.close(code)
        pair.peer.text("still open")
        assert pair.connection.receive(2) == "still open"


def test_a_close_behind_what_the_peer_does_not_read_ends_at_the_send_timeout():
    with open_pair(close_timeout=60, send_timeout=0.1) as pair:
        pair.connection.offer(encode(b"x" * 200_000))
        started = time.monotonic()
        pair.connection.close()
        wait_until(lambda: pair.connection.state is State.ENDED)
        assert 0.09 < time.monotonic() - started < 2


def test_the_close_timeout_counts_from_the_moment_the_close_has_left():
    with open_pair(close_timeout=0.2) as pair:
        pair.connection.offer(encode(b"x" * 200_000))
        pair.connection.close()
        gevent.sleep(0.3)
        assert pair.connection.state is State.CLOSING
        started = time.monotonic()
        pair.peer.read_frame()
        assert pair.peer.read_close().code == 1000
        wait_until(lambda: pair.connection.state is State.ENDED)
        assert 0.19 < time.monotonic() - started < 2


PEER_ENDS = {"Close": frame(CLOSE, close_payload(1000)), "breach": frame(3)}


@pytest.mark.parametrize("how", PEER_ENDS)
@pytest.mark.parametrize("closed_before", [False, True], ids=["open", "closing"])
def test_a_peer_that_ends_the_conversation_is_left_soon_though_much_waits_for_it(how, closed_before):
    with open_pair(close_timeout=0.1, send_timeout=60) as pair:
        pair.connection.offer(encode(b"x" * 10_000_000))
        if closed_before:
            pair.connection.close()
        reader = gevent.spawn(lambda: [pair.peer.read(5_000) and gevent.sleep(0.01) for _ in range(1_000)])
        run_loop()
        started = time.monotonic()
        pair.peer.write(PEER_ENDS[how])
        wait_until(lambda: pair.connection.state is State.ENDED)
        assert time.monotonic() - started < 2
        reader.kill()


def test_a_connection_that_is_sent_away_is_not_given_more_time_by_a_peer_that_reads_on():
    with open_pair(close_timeout=60, send_timeout=60) as pair:
        pair.connection.offer(encode(b"x" * 10_000_000))
        reader = gevent.spawn(lambda: [pair.peer.read(5_000) and gevent.sleep(0.01) for _ in range(1_000)])
        pair.connection.send_away(0.1)
        started = time.monotonic()
        wait_until(lambda: pair.connection.state is State.ENDED)
        assert time.monotonic() - started < 2
        reader.kill()


def test_pings_after_our_close_are_read_but_no_pong_waits_for_a_peer_that_does_not_read():
    with open_pair(close_timeout=60) as pair:
        pair.connection.close()
        for _ in range(100):
            pair.peer.write(frame(PING, b"x" * 125) * 100)  # 1.3 MB in all: they are taken in
        assert not pair.connection._outbox
        pair.peer.send(CLOSE, close_payload(1000))
        wait_until(lambda: pair.connection.state is State.ENDED)
        assert pair.peer.read_close().code == 1000
        assert pair.peer.read_rest() == b""


def test_once_ended_nothing_is_left_in_the_event_loop():
    with open_pair() as pair:
        pair.peer.sock.close()
        wait_until(lambda: pair.connection.state is State.ENDED)
        watchers = (pair.connection._stream._read_watcher, pair.connection._stream._write_watcher)
        assert not any(watcher.active for watcher in watchers)


def test_an_offer_never_waits_and_a_peer_that_is_full_is_closed_with_1013():
    with open_pair(max_waiting_out=2) as pair:
        offered = []
        with gevent.Timeout(0.5):
            for _ in range(10):
                offered.append(pair.connection.offer(LARGE))
        went = offered.index(False)
        assert 2 <= went <= 4
        assert not any(offered[went:])
        assert pair.connection.code == 1013
        for _ in range(went):
            assert pair.peer.read_text() == "x" * 10_000
        assert pair.peer.read_close().code == 1013


def test_a_silent_peer_is_pinged_and_given_up():
    started = time.monotonic()
    with open_pair(ping_interval=0.05, ping_timeout=0.05) as pair:
        assert pair.peer.read_frame().opcode == PING
        assert pair.connection.receive(2) is None
        assert 0.08 < time.monotonic() - started < 1
        assert pair.connection.code == 1006


def test_with_an_endless_interval_nobody_is_pinged_and_the_connection_works():
    with open_pair(ping_interval=math.inf, ping_timeout=0.01) as pair:
        run_loop(50)
        pair.peer.text("there")
        assert pair.connection.receive(2) == "there"
        pair.connection.send(encode("here"))
        assert pair.peer.read_text() == "here"


def test_a_peer_that_answers_pings_is_kept():
    with open_pair(ping_interval=0.05, ping_timeout=0.05) as pair:
        for _ in range(5):
            got = pair.peer.read_frame()
            assert got.opcode == PING
            pair.peer.send(PONG, got.payload)
        assert pair.connection.state is State.OPEN


def test_a_peer_that_answered_a_ping_while_the_loop_was_blocked_is_kept():
    with open_pair(ping_interval=0.05, ping_timeout=0.2) as pair:
        got = pair.peer.read_frame()
        assert got.opcode == PING
        pair.peer.send(PONG, got.payload)
        block(0.5)
        assert pair.peer.read_frame().opcode == PING  # the next one
        assert pair.connection.state is State.OPEN


def test_a_peer_that_stays_silent_is_given_up_though_the_loop_is_blocked_again_and_again():
    with open_pair(ping_interval=0.05, ping_timeout=0.2) as pair:
        started = time.monotonic()
        while pair.connection.state is State.OPEN and time.monotonic() - started < 3:
            block(0.1)
            gevent.sleep(0.001)
        assert pair.connection.state is State.ENDED


def test_a_flood_of_pings_whose_pongs_nobody_reads_is_no_longer_read():
    ping = frame(PING, b"x" * 125)
    with open_pair() as pair:
        sent = []

        def flood() -> None:
            while True:
                pair.peer.write(ping * 10)
                sent.append(10 * len(ping))

        flooder = gevent.spawn(flood)
        wait_until(lambda: sum(sent) > 60_000)
        run_loop(50)
        stuck = sum(sent)
        run_loop(50)
        assert sum(sent) == stuck < 2**20
        flooder.kill()


@pytest.mark.parametrize("before", [False, True], ids=["open", "closing"])
def test_a_connection_that_is_sent_away_gives_its_peer_no_longer_than_asked(before):
    with open_pair(close_timeout=60) as pair:
        if before:
            pair.connection.close(4000)
        started = time.monotonic()
        pair.connection.send_away(0.1)
        wait_until(lambda: pair.connection.state is State.ENDED)
        assert 0.09 < time.monotonic() - started < 2
        assert pair.connection.code == (4000 if before else 1001)


def test_a_connection_that_is_sent_away_keeps_a_shorter_close_timeout():
    with open_pair(close_timeout=0.1) as pair:
        pair.connection.send_away(60)
        wait_until(lambda: pair.connection.state is State.ENDED)
