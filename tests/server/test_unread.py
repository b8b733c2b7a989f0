"""A small rest of a body is read; from a large one the connection takes leave, and lets its answer arrive."""

import io
import re
import socket
import time
from contextlib import suppress

import gevent
import pytest
from gevent.pywsgi import Input

from spa.server import unread
from tests import wire
from tests.server.peer import connect_tls, connected, read_to_end, request, talk, upload, wait_until_idle

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


# Over sockets.


REFUSED = [  # heads of requests whose bodies are refused
    ["Content-Length: 99999999999"],
    ["Content-Length: 99999999999", "Connection: close"],
    ["Content-Length: 99999999999", "Expect: 100-continue"],
    ["Content-Length: 5000000", "Expect: 100-continue", "Connection: close"],
]


@pytest.mark.parametrize("headers", REFUSED, ids=", ".join)
def test_behind_a_refused_body_the_connection_ends_though_the_client_sends_nothing(
    server, log, headers, monkeypatch
):
    monkeypatch.setattr(unread, "PATIENCE", 0.05)
    with connected(server, upload(*headers)) as sock:
        answer, body = read_to_end(sock)
        assert answer[0] == "HTTP/1.1 413 REQUEST ENTITY TOO LARGE"
        assert ("Connection: close" in answer) == ("Connection: close" not in headers)  # a client that said so knows
        assert b'"status":413' in body.replace(b" ", b"")
        wait_until_idle(server)  # the client has not closed, and is not waited for
    assert re.search(r'"POST /upload HTTP/1\.1" 413 \d+ B [\d.]+ ms$', *log.lines())


@pytest.mark.parametrize(
    ("headers", "piece"),
    [
        (["Content-Length: 99999999999"], b"x" * 2**16),
        (["Content-Length: 99999999999", "Connection: close"], b"x" * 2**16),
        (["Transfer-Encoding: chunked"], b"10000\r\n" + b"x" * 2**16 + b"\r\n"),
    ],
)
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_client_that_goes_on_sending_is_not_read_for_long_and_still_gets_its_answer(
    server, method, headers, piece
):
    server.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**16)  # or the kernel would take megabytes
    number = 0
    with connected(server) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2**16)
        sock.sendall(upload(*headers, method=method))
        with suppress(ConnectionError):
            while number < 1000:
                sock.sendall(piece)
                number += 1
        assert number * 2**16 < unread.DROPPED + 2**20
        answer = sock.recv(2**16)
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n" if method == "PUT" else b"HTTP/1.1 500 ")
    assert b"\r\n\r\n" in answer
    wait_until_idle(server)


@pytest.mark.parametrize("length", [unread.SMALL_REST + 1, 900_000])
def test_a_body_that_is_sent_whole_to_who_does_not_read_it_resets_nothing(server, length):
    data = upload(f"Content-Length: {length}", method="PUT", data=b"x" * length)
    with connected(server, data) as sock:
        answer, body = read_to_end(sock)
    assert (answer[0], body) == ("HTTP/1.1 200 OK", b"taken unread")
    assert "Connection: close" in answer


@pytest.mark.parametrize("length", [1, 1000, unread.SMALL_REST])
def test_behind_a_small_unread_body_the_connection_lives(server, length):
    data = upload(f"Content-Length: {length}", method="PUT", data=b"x" * length)
    received = b"".join(talk(server, data + data + request("/7"), b"x" * 7))
    assert received.count(b"taken unread") == 2
    assert b"Connection: close" not in received


@pytest.mark.parametrize(
    ("headers", "data"),
    [
        (["Content-Length: 1000000"], b"x" * 1_000_000),
        (["Transfer-Encoding: chunked"], b"f4240\r\n" + b"x" * 1_000_000 + b"\r\n0\r\n\r\n"),
    ],
)
@pytest.mark.parametrize("expect", [[], ["Expect: 100-continue"]])
def test_behind_a_body_that_was_read_the_connection_lives(server, headers, data, expect):
    received = b"".join(talk(server, upload(*headers, *expect, data=data) + request("/7"), b"x" * 7))
    assert received.count(b"HTTP/1.1 100 Continue") == len(expect)
    assert b"\r\n\r\n1000000HTTP/1.1 200 OK" in received
    assert b"Connection: close" not in received


def test_a_small_unread_body_that_does_not_come_ends_the_connection(server, monkeypatch):
    monkeypatch.setattr(unread, "PATIENCE", 0.05)
    with connected(server, upload("Content-Length: 10", method="PUT", data=b"x")) as sock:
        assert read_to_end(sock)[1] == b"taken unread"


def test_behind_chunks_that_are_none_nothing_is_taken_for_a_request(server):
    data = b"zzz\r\n\r\n" + request("/7")
    with connected(server, upload("Transfer-Encoding: chunked", data=data)) as sock:
        assert read_to_end(sock)[0][0] == "HTTP/1.1 400 BAD REQUEST"


def test_an_older_client_is_not_told_that_its_connection_lives(server):
    data = upload("Content-Length: 99999999999", "Connection: keep-alive").replace(b"HTTP/1.1", b"HTTP/1.0")
    with connected(server, data) as sock:
        answer, _ = read_to_end(sock)
    assert [header for header in answer if header.startswith("Connection")] == ["Connection: close"]


def test_over_tls_a_refused_body_is_not_read_and_its_answer_arrives(tls, monkeypatch):
    monkeypatch.setattr(unread, "PATIENCE", 0.1)
    server, certificate = tls
    with gevent.Timeout(wire.PATIENCE), connect_tls(server, certificate) as sock:
        sock.sendall(upload("Content-Length: 99999999999", data=b"x" * 500_000))
        answer, _ = read_to_end(sock)
        assert answer[0] == "HTTP/1.1 413 REQUEST ENTITY TOO LARGE"
        wait_until_idle(server)
