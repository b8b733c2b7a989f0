"""A small rest of a body is read; from a large one the connection takes leave, and lets its answer arrive."""

import io
import time

import gevent
import pytest
from gevent.pywsgi import Input

from spa.server import unread
from tests import wire

LARGE = unread.SMALL_REST + 1


def body(length=None, data=b"", *, read=0, chunked=False, waits=False):
    """Return a body of which so much has been read, and so much more has come."""
    made = Input(io.BytesIO(data), length, socket=Writable() if waits else None, chunked_input=chunked)
    if read:
        try:
            made.read(read)
        except OSError:
            pass  # the rest that is_left tells of
    return made


class Writable:
    """What a 100 Continue is written to."""

    def sendall(self, data):
        assert data == b"HTTP/1.1 100 Continue\r\n\r\n"


@pytest.mark.parametrize(
    ("made", "is_left", "is_refused"),
    [
        (unread.NOTHING, False, False),
        (body(), False, False),
        (body(0), False, False),
        (body(0, waits=True), False, False),
        (body(5), True, False),
        (body(5, b"12345", read=5), False, False),
        (body(5, b"12345", read=5, waits=True), False, False),
        (body(5, b"12345", read=4), True, False),
        (body(5, b"1234", read=5), True, False),  # it was cut, which discard finds out
        (body(5, waits=True), True, True),
        (body(5, b"12345", read=4, waits=True), True, False),  # it was asked for, and is on its way
        (body(unread.SMALL_REST), True, False),
        (body(LARGE), True, True),
        (body(LARGE, b"1", read=1), True, False),
        (body(LARGE, b"x" * LARGE, read=LARGE), False, False),
        (body(chunked=True), True, True),
        (body(data=b"2\r\n12\r\n0\r\n\r\n", read=2, chunked=True), True, True),
        (body(data=b"2\r\n12\r\n0\r\n\r\n", read=3, chunked=True), False, False),
        (body(data=b"2\r\n12\r\n", read=3, chunked=True), True, True),
        (body(data=b"xyz\r\n", read=3, chunked=True), True, True),
        (body(data=b"2\r\n1", read=2, chunked=True), True, True),
        (body(data=b"0\r\n(: \r\n\r\n", read=3, chunked=True), True, True),
    ],
)
def test_a_body_is_refused_if_much_is_left_or_nobody_knows_how_much_or_the_client_waits(made, is_left, is_refused):
    assert unread.is_left(made) == is_left
    assert unread.is_refused(made) == is_refused


@pytest.mark.parametrize(("data", "has_come"), [(b"12345", True), (b"1234", False)])
def test_a_small_rest_is_discarded_if_it_comes(data, has_come):
    assert unread.discard(body(5, data + b"GET" * has_come)) == has_come


@pytest.fixture
def pair():
    ours, theirs = gevent.socket.socketpair()
    with ours, theirs, gevent.Timeout(wire.PATIENCE):
        yield ours, theirs


def test_a_small_rest_is_not_waited_for_for_long(pair, monkeypatch):
    monkeypatch.setattr(unread, "PATIENCE", 0.05)
    assert not unread.discard(Input(pair[0].makefile("rb"), 5))


def test_a_connection_that_was_reset_has_no_rest(pair):
    ours, theirs = pair
    ours.close()
    assert not unread.discard(Input(theirs.makefile("rb"), 5))


def test_the_peer_of_a_lingering_connection_sees_its_end_and_may_end_it_too(pair):
    ours, theirs = pair
    lingering = gevent.spawn(unread.linger, ours)
    assert theirs.recv(1) == b""
    assert not lingering.ready()
    theirs.close()
    lingering.get()


def test_a_lingering_connection_drops_no_more_than_its_bytes(pair):
    ours, theirs = pair
    lingering = gevent.spawn(unread.linger, ours)
    sending = gevent.spawn(theirs.sendall, b"x" * (3 * unread.DROPPED))
    lingering.get()
    ours.close()
    with pytest.raises(ConnectionError):
        sending.get()


def test_a_lingering_connection_ends_in_time_however_the_peer_drips(pair, monkeypatch):
    monkeypatch.setattr(unread, "PATIENCE", 0.1)
    ours, theirs = pair
    started = time.monotonic()
    lingering = gevent.spawn(unread.linger, ours)
    while not lingering.ready():
        theirs.send(b"x")
        gevent.sleep(0.001)
    assert time.monotonic() - started < 1.0


def test_lingering_on_a_connection_that_has_gone_does_nothing(pair):
    ours, _ = pair
    ours.close()
    unread.linger(ours)
