"""Greenlets that send and receive over one open WebSocket: waiting, bounds, fairness and ends."""

import time

import gevent
import pytest
from gevent import monkey

from spa.errors import ConnectionClosed, ReceiveInProgress
from spa.websocket.connection import TURNS_UNYIELDING
from spa.websocket.conversation import State
from spa.websocket.protocol import encode
from tests.loop import run_loop, wait_until
from tests.websocket.pair import open_pair
from tests.wire import CLOSE, TEXT, close_payload, frame

block = monkey.get_original("time", "sleep")  # holds up the whole event loop
LARGE = encode("x" * 10_000)  # more than the kernel takes here


def fill(connection) -> list:
    """Start greenlets that send until one of them is blocked; return all of them."""
    senders = []
    for _ in range(100):
        senders.append(gevent.spawn(connection.send, LARGE))
        run_loop(2)
        if not senders[-1].ready():
            return senders
        assert senders[-1].successful()
    raise AssertionError("no sender is ever blocked")


def outcome(greenlet: gevent.Greenlet):
    """Return what a greenlet returned, or the exception it ended with."""
    greenlet.join(5)
    assert greenlet.ready(), "it still waits"
    return greenlet.value if greenlet.successful() else greenlet.exception


@pytest.fixture(autouse=True)
def _quiet(monkeypatch):
    """Keep the tracebacks of greenlets that a test lets fail out of the report."""
    monkeypatch.setattr(
        gevent.get_hub(), "NOT_ERROR", (*gevent.get_hub().NOT_ERROR, ConnectionClosed, ReceiveInProgress)
    )


def test_messages_are_received_in_order_also_those_that_came_before():
    with open_pair(early=frame(TEXT, b"early") + frame(TEXT, b"cut")[:5]) as pair:
        pair.peer.write(frame(TEXT, b"cut")[5:] + frame(TEXT, b"late"))
        assert [pair.connection.receive(2) for _ in range(3)] == ["early", "cut", "late"]


def test_a_receive_that_times_out_leaves_the_connection_as_it_was():
    with open_pair() as pair:
        started = time.monotonic()
        with pytest.raises(TimeoutError):
            pair.connection.receive(0.05)
        assert 0.04 < time.monotonic() - started < 1
        pair.peer.text("later")
        assert pair.connection.receive(2) == "later"


def test_a_receive_with_no_time_takes_what_is_there():
    with open_pair(early=frame(TEXT, b"there")) as pair:
        run_loop()
        assert pair.connection.receive(0) == "there"
        with pytest.raises(TimeoutError):
            pair.connection.receive(0)


def test_the_timeout_of_somebody_else_is_not_ours():
    with open_pair() as pair:
        with pytest.raises(gevent.Timeout), gevent.Timeout(0.02):
            pair.connection.receive(5)
        pair.peer.text("later")
        assert pair.connection.receive(2) == "later"


def test_a_second_receiver_gets_an_error_and_the_first_its_message():
    with open_pair() as pair:
        first = gevent.spawn(pair.connection.receive)
        run_loop()
        with pytest.raises(ReceiveInProgress):
            pair.connection.receive()
        pair.peer.text("for the first")
        assert outcome(first) == "for the first"


def test_a_receiver_that_is_killed_makes_room_for_another():
    with open_pair() as pair:
        first = gevent.spawn(pair.connection.receive)
        run_loop()
        first.kill()
        pair.peer.text("for the second")
        assert pair.connection.receive(2) == "for the second"


def test_the_outbox_is_bounded_in_messages():
    with open_pair(max_waiting_out=3) as pair:
        senders = fill(pair.connection)
        assert 4 <= len(senders) <= 5  # one the kernel took, perhaps; three waiting; one blocked
        for _ in senders:
            assert pair.peer.read_text() == "x" * 10_000
        assert [outcome(sender) for sender in senders] == [None] * len(senders)


def test_the_outbox_is_bounded_in_bytes():
    with open_pair(max_bytes_out=35_000) as pair:
        senders = fill(pair.connection)
        assert len(senders) <= 5
        for _ in senders:
            pair.peer.read_text()
        assert [outcome(sender) for sender in senders] == [None] * len(senders)


def test_one_message_larger_than_the_outbox_is_let_through():
    with open_pair(max_bytes_out=100) as pair:
        sender = gevent.spawn(pair.connection.send, LARGE)
        assert pair.peer.read_text() == "x" * 10_000
        assert outcome(sender) is None


def test_frames_of_many_senders_never_interleave_and_none_is_lost():
    with open_pair(max_waiting_out=2) as pair:
        senders = [gevent.spawn(pair.connection.send, encode(chr(65 + at) * 9_000)) for at in range(20)]
        got = sorted(pair.peer.read_text() for _ in range(20))
        assert got == [chr(65 + at) * 9_000 for at in range(20)]
        assert [outcome(sender) for sender in senders] == [None] * 20


def test_a_blocked_sender_that_is_killed_holds_nobody_up():
    with open_pair(max_waiting_out=1) as pair:
        senders = fill(pair.connection)
        behind = gevent.spawn(pair.connection.send, encode("behind"))
        run_loop()
        senders[-1].kill()
        for _ in senders[:-1]:
            assert pair.peer.read_text() == "x" * 10_000
        assert pair.peer.read_text() == "behind"
        assert outcome(behind) is None


def test_a_sender_killed_in_the_moment_of_its_wake_up_hands_its_room_on():
    with open_pair(max_waiting_out=1) as pair:
        senders = fill(pair.connection)
        behind = gevent.spawn(pair.connection.send, encode("behind"))
        run_loop()
        reader = gevent.spawn(lambda: [pair.peer.read_frame() for _ in range(len(senders))])
        wait_until(lambda: not pair.connection._senders or senders[-1].ready())
        senders[-1].kill(block=False)
        assert outcome(behind) is None
        reader.kill()


def test_a_peer_that_reads_nothing_ends_the_connection_at_the_send_timeout():
    with open_pair(send_timeout=0.1, max_waiting_out=2) as pair:
        started = time.monotonic()
        senders = fill(pair.connection)
        error = outcome(senders[-1])
        assert isinstance(error, ConnectionClosed)
        assert error.code == 1006
        assert 0.09 < time.monotonic() - started < 2
        assert pair.left == 1


def test_a_peer_that_reads_slowly_is_not_ended_by_the_send_timeout():
    send_timeout = 1.0  # the kernel frees the buffer in large pieces, of several reads each
    with open_pair(send_timeout=send_timeout, max_waiting_out=8) as pair:
        senders = fill(pair.connection)
        total = len(senders) * len(LARGE)
        pause = 1.5 * send_timeout / (total / 8_000)
        started = time.monotonic()
        while total > 0:
            data = pair.peer.sock.recv(min(total, 8_000))
            assert data, "the connection was ended"
            total -= len(data)
            gevent.sleep(pause)
        assert time.monotonic() - started > send_timeout
        assert [outcome(sender) for sender in senders] == [None] * len(senders)


LEAVING = {
    "Close": (lambda peer: peer.send(CLOSE, close_payload(1001, "bye")), 1001, "bye"),
    "empty Close": (lambda peer: peer.send(CLOSE), 1005, ""),
    "bad frame": (lambda peer: peer.send(3), 1002, None),
    "half-close": (lambda peer: peer.half_close(), 1006, ""),
    "end": (lambda peer: peer.sock.close(), 1006, ""),
}


@pytest.mark.parametrize("how", LEAVING)
def test_when_the_peer_leaves_receive_tells_it_once_and_then_raises(how):
    leave, code, reason = LEAVING[how]
    with open_pair() as pair:
        pair.peer.text("last")
        leave(pair.peer)
        assert pair.connection.receive(2) == "last"
        assert pair.connection.receive(2) is None
        for use in (pair.connection.receive, lambda: pair.connection.send(encode("x"))):
            with pytest.raises(ConnectionClosed) as caught:
                use()
            assert caught.value.code == code
            assert reason is None or caught.value.reason == reason
        assert pair.connection.peer_left
        assert pair.left == 1


@pytest.mark.parametrize("how", LEAVING)
def test_a_waiting_receiver_and_blocked_senders_are_let_go_when_the_peer_leaves(how):
    leave, code, _ = LEAVING[how]
    with open_pair(max_waiting_out=2) as pair:
        receiver = gevent.spawn(pair.connection.receive)
        blocked = fill(pair.connection)[-1]
        another = gevent.spawn(pair.connection.send, LARGE)
        run_loop()
        leave(pair.peer)
        assert outcome(receiver) is None
        assert [outcome(blocked).code, outcome(another).code] == [code, code]


def test_a_close_lets_a_receiver_and_a_blocked_sender_go_at_once():
    with open_pair(max_waiting_out=2) as pair:
        receiver = gevent.spawn(pair.connection.receive)
        sender = fill(pair.connection)[-1]
        pair.connection.close(4001, "enough")
        for greenlet in (receiver, sender):
            error = outcome(greenlet)
            assert isinstance(error, ConnectionClosed)
            assert (error.code, error.reason) == (4001, "enough")
        assert not pair.connection.peer_left
        assert pair.left == 0


def test_finish_waits_for_the_peer_and_no_longer_than_the_close_timeout():
    with open_pair(close_timeout=0.1) as pair:
        started = time.monotonic()
        pair.connection.finish()
        assert 0.09 < time.monotonic() - started < 1
        assert pair.connection.state is State.ENDED


def test_finish_ends_as_soon_as_the_peer_has_answered():
    with open_pair(close_timeout=5) as pair:
        finisher = gevent.spawn(pair.connection.finish)
        answer = pair.peer.read_close()
        started = time.monotonic()
        pair.peer.send(CLOSE, answer.payload)
        pair.peer.sock.close()
        assert outcome(finisher) is None
        assert time.monotonic() - started < 1


def test_behind_the_finish_nothing_is_left_to_receive():
    with open_pair(early=frame(TEXT, b"one") + frame(TEXT, b"two") + frame(CLOSE, close_payload(1000))) as pair:
        run_loop()
        assert not pair.connection.is_closed
        pair.connection.finish()
        assert pair.connection.is_closed


def test_a_finish_that_is_killed_still_ends_the_connection():
    with open_pair(close_timeout=60) as pair:
        finisher = gevent.spawn(pair.connection.finish)
        run_loop()
        finisher.kill()
        assert pair.connection.state is State.ENDED


def test_what_was_sent_before_a_close_reaches_a_peer_that_reads_on_slowly():
    with open_pair(close_timeout=0.1) as pair:
        pair.connection.send(encode(b"x" * 200_000))
        finisher = gevent.spawn(pair.connection.finish)
        started = time.monotonic()
        got = b""
        while len(got) < 200_000:
            got += pair.peer.read(5_000)
            gevent.sleep(0.01)
        assert time.monotonic() - started > 0.3  # several times the close timeout
        rest = pair.peer.read_rest()
        assert rest[-4:] == bytes([0x80 | CLOSE, 2]) + close_payload(1000)
        assert outcome(finisher) is None


def test_a_peer_that_read_while_the_loop_was_blocked_is_kept():
    with open_pair(send_timeout=0.2, max_waiting_out=2) as pair:
        senders = fill(pair.connection)
        total = len(senders) * len(LARGE)
        total -= len(pair.peer.sock._sock.recv(total))  # all that has come, without a turn of the loop
        block(0.5)
        while total > 0:
            data = pair.peer.sock.recv(min(total, 65536))
            assert data, "the connection was ended"
            total -= len(data)
        assert [outcome(sender) for sender in senders] == [None] * len(senders)


@pytest.mark.parametrize("what", ["send", "receive"])
def test_a_handler_that_never_has_to_wait_lets_others_run(what):
    with open_pair(max_waiting_in=1000, early=frame(TEXT, b"x") * 300) as pair:
        run_loop(20)
        turns = []
        counter = gevent.spawn(lambda: [turns.append(1) or gevent.sleep(0) for _ in range(1000)])
        for _ in range(200):
            if what == "send":
                pair.connection.send(b"")
            else:
                pair.connection.receive(2)
        assert len(turns) >= 3
        counter.kill()


def test_an_end_from_the_event_loop_while_data_waits_unfed_is_clean():
    with open_pair(max_waiting_in=1) as pair:
        pair.peer.write(frame(TEXT, b"x" * 3_000) * 2)
        run_loop()
        pair.connection.finish()
        with pytest.raises(ConnectionClosed):
            pair.connection.receive()


def test_a_receiver_whose_message_another_takes_while_it_yields_waits_for_the_next():
    with open_pair(max_waiting_in=100, early=frame(TEXT, b"x") * TURNS_UNYIELDING) as pair:
        run_loop()
        for _ in range(TURNS_UNYIELDING - 1):
            pair.connection.receive(2)
        receivers = [gevent.spawn(pair.connection.receive, 2) for _ in range(2)]
        wait_until(lambda: any(receiver.ready() for receiver in receivers))
        pair.peer.text("next")
        assert sorted(outcome(receiver) for receiver in receivers) == ["next", "x"]


@pytest.mark.parametrize("timeout", ["soon", object()])
def test_a_receive_with_a_wrong_timeout_leaves_the_connection_as_it_was(timeout):
    with open_pair() as pair:
        with pytest.raises(TypeError):
            pair.connection.receive(timeout)
        pair.peer.text("later")
        assert pair.connection.receive(2) == "later"


@pytest.mark.parametrize("leaving", [lambda ws: ws.finish(), lambda ws: ws.close()], ids=["finish", "close"])
def test_a_handler_may_leave_in_the_turn_that_wakes_it_with_more_behind_its_message(leaving):
    with open_pair() as pair:

        def handle() -> None:
            assert pair.connection.receive(2) == "first"
            leaving(pair.connection)

        handler = gevent.spawn(handle)
        run_loop()
        pair.peer.write(frame(TEXT, b"first") + frame(TEXT, b"second") * 5 + frame(CLOSE))
        assert outcome(handler) is None
        wait_until(lambda: pair.connection.state is State.ENDED)
        with pytest.raises(ConnectionClosed):
            pair.connection.receive(2)


def test_a_handler_may_raise_in_the_turn_that_wakes_it_and_the_connection_goes_on(monkeypatch):
    monkeypatch.setattr(gevent.get_hub(), "NOT_ERROR", (*gevent.get_hub().NOT_ERROR, ZeroDivisionError))
    with open_pair() as pair:
        handler = gevent.spawn(lambda: 1 / len(pair.connection.receive(2)))
        run_loop()
        pair.peer.write(frame(TEXT) + frame(TEXT, b"second"))
        assert isinstance(outcome(handler), ZeroDivisionError)
        assert pair.connection.receive(2) == "second"
