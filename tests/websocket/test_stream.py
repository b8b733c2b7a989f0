"""Bytes over a pair of sockets, with an owner that notes what it is told."""

import gc
import weakref

import gevent.socket
import pytest

from spa.websocket.alarm import AlarmClock
from spa.websocket.limits import Limits
from spa.websocket.outbox import Outbox
from spa.websocket.stream import Stream
from spa.websocket.transport import Transport
from tests.loop import run_loop, wait_until
from tests.websocket.pair import SMALL_BUFFER


class Owner:
    """Takes at most so many bytes of what it is given at a time."""

    def __init__(self):
        self.missing = 0
        self.most = 10**9
        self.taken = b""
        self.calls = []

    def on_bytes(self, data):
        self.calls.append(bytes(data))
        self.taken += bytes(data[: self.most])
        return data[self.most :]

    def on_written(self):
        self.calls.append("written")

    def on_end(self):
        self.calls.append("end")

    def on_loss(self):
        self.calls.append("loss")


@pytest.fixture
def sockets():
    ends = gevent.socket.socketpair()
    for end in ends:
        for option in (gevent.socket.SO_SNDBUF, gevent.socket.SO_RCVBUF):
            end.setsockopt(gevent.socket.SOL_SOCKET, option, SMALL_BUFFER)
    yield ends
    for end in ends:
        end.close()


@pytest.fixture
def make(sockets):
    """Give a function that makes the stream over our end; it is ended when the test is over."""
    streams = []

    def made(owner, early=b"", outbox=None, clock=None):
        outbox = Outbox(Limits()) if outbox is None else outbox  # an empty one is false
        streams.append(Stream(Transport(sockets[0], early, False, list), outbox, clock or AlarmClock(), owner))
        return streams[-1]

    yield made
    for stream in streams:
        if not stream._is_ended:
            stream.end()


def test_what_comes_is_passed_on_and_early_bytes_come_first(sockets, make):
    owner = Owner()
    sockets[1].sendall(b"later")
    make(owner, early=b"early ")
    assert not owner.calls, "nothing happens before the event loop runs"
    wait_until(lambda: owner.taken == b"early later")


def test_what_is_given_back_comes_again_in_a_later_turn_before_all_else(sockets, make):
    owner = Owner()
    owner.most = 2
    make(owner)
    sockets[1].sendall(b"abcdef")
    wait_until(lambda: owner.taken == b"abcdef")
    assert owner.calls == [b"abcdef", b"cdef", b"ef"]
    sockets[1].sendall(b"gh")
    wait_until(lambda: owner.taken == b"abcdefgh")


def test_a_pause_ends_with_what_was_given_back(sockets, make):
    owner = Owner()
    stream = make(owner)

    def take_and_pause(data):
        stream.pause()
        return data[1:]

    owner.on_bytes = take_and_pause
    sockets[1].sendall(b"abc")
    wait_until(lambda: not stream.is_reading)
    sockets[1].sendall(b"def")
    del owner.on_bytes
    run_loop()
    assert not owner.calls
    stream.resume()
    stream.resume()
    wait_until(lambda: owner.taken == b"bcdef")
    assert owner.calls == [b"bc", b"def"]


def test_what_the_kernel_does_not_take_waits_and_the_owner_hears_when_it_goes(sockets, make):
    owner, outbox = Owner(), Outbox(Limits())
    stream = make(owner, outbox=outbox)
    assert stream.write(b"a")
    assert not outbox
    assert not stream.write(b"b" * 1_000_000)
    assert not stream.write(b"c")
    assert outbox
    received = b""
    with gevent.Timeout(10):
        while len(received) < 1_000_002:
            received += sockets[1].recv(65536)
    assert received == b"a" + b"b" * 1_000_000 + b"c"
    wait_until(lambda: not outbox)
    assert set(owner.calls) == {"written"}
    count = len(owner.calls)
    run_loop()
    assert len(owner.calls) == count, "an empty outbox is not looked at"


@pytest.mark.parametrize(
    "how",
    [lambda sock: sock.shutdown(gevent.socket.SHUT_WR), lambda sock: sock.close()],
    ids=["half", "whole"],
)
def test_the_end_is_told_once(sockets, make, how):
    owner = Owner()
    stream = make(owner)
    owner.on_end = lambda: (owner.calls.append("end"), stream.end())
    sockets[1].sendall(b"last")
    how(sockets[1])
    wait_until(lambda: "end" in owner.calls)
    run_loop()
    assert owner.calls == [b"last", "end"]


def test_a_write_to_a_peer_that_has_gone_is_a_loss(sockets, make):
    owner = Owner()
    stream = make(owner)
    stream.pause()
    sockets[1].close()
    stream.write(b"x")
    assert owner.calls == ["loss"]


def test_half_an_end_leaves_the_other_half_open(sockets, make):
    owner = Owner()
    stream = make(owner)
    stream.end_sending()
    assert sockets[1].recv(10) == b""
    sockets[1].sendall(b"still")
    wait_until(lambda: owner.taken == b"still")


def test_a_peer_that_hangs_up_is_seen_during_a_pause(sockets, make):
    stream = make(Owner())
    stream.pause()
    sockets[1].sendall(b"unread")
    assert not stream.has_hung_up()
    sockets[1].close()
    wait_until(stream.has_hung_up)


def test_the_clock_tells_when_the_peer_was_heard_and_when_it_read(sockets, make):
    time = [1.0]
    owner, outbox = Owner(), Outbox(Limits())
    stream = make(owner, outbox=outbox, clock=AlarmClock(lambda: time[0]))
    assert stream.heard == stream.progressed == 1.0
    time[0] = 2.0
    sockets[1].sendall(b"x")
    wait_until(lambda: owner.taken == b"x")
    assert (stream.heard, stream.progressed) == (2.0, 1.0)
    time[0] = 3.0
    stream.write(b"y" * 1_000_000)
    assert stream.progressed == 3.0
    time[0] = 4.0
    sockets[1].recv(65536)
    wait_until(lambda: stream.progressed == 4.0)
    time[0] = 5.0
    stream.pause()
    stream.resume()
    assert stream.heard == 5.0


def test_after_the_end_nothing_happens_any_more(sockets, make):
    owner, outbox = Owner(), Outbox(Limits())
    owner.most = 1
    stream = make(owner, outbox=outbox)
    sockets[1].sendall(b"abc")
    wait_until(lambda: owner.calls)
    stream.write(b"z" * 1_000_000)
    stream.end()
    calls = len(owner.calls)
    stream.write(b"x")
    stream.resume()
    run_loop()
    assert len(owner.calls) == calls
    assert not outbox
    assert not any(watcher.active for watcher in (stream._read_watcher, stream._write_watcher))


def test_an_owner_is_freed_with_its_stream_without_the_garbage_collector(sockets):
    owner = Owner()
    owner.stream = Stream(Transport(sockets[0], b"", False, list), Outbox(Limits()), AlarmClock(), owner)
    run_loop()
    gone = weakref.ref(owner)
    gc.disable()
    try:
        owner.stream.end()
        del owner
        assert gone() is None
    finally:
        gc.enable()
