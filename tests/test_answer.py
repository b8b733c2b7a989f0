"""How long a head can be replaced, and what happens when a body breaks off."""

import errno

import gevent
import pytest

from spa.answer import BrokenOff, Head, StreamedBody


class Server:
    """What a server does with the head of an answer."""

    def __init__(self):
        self.heads, self.written = [], []

    def __call__(self, status, headers, exc_info=None):
        if exc_info is not None and self.written:
            raise exc_info[1]
        self.heads.append((status, headers))
        return self.written.append


def test_the_last_head_is_sent_once():
    server = Server()
    head = Head(server)
    head("200 OK", [("A", "1")])
    head("404 NOT FOUND", [])
    assert server.heads == []
    head.send()
    head.send()
    assert server.heads == [("404 NOT FOUND", [])]


def test_without_a_head_there_is_nothing_to_send():
    server = Server()
    Head(server).send()
    assert server.heads == []


def test_what_is_written_sends_the_head_before_it():
    server = Server()
    head = Head(server)
    write = head("200 OK", [])
    write(b"a")
    write(b"b")
    head.send()
    assert (server.heads, server.written) == ([("200 OK", [])], [b"a", b"b"])


def test_a_head_that_was_sent_is_not_replaced():
    server = Server()
    head = Head(server)
    head("200 OK", [])(b"a")
    error = ValueError()
    with pytest.raises(ValueError):  # noqa: PT011  # this very one
        head("500 INTERNAL SERVER ERROR", [], (ValueError, error, None))
    assert server.heads == [("200 OK", [])]


class Pieces:
    """A body that fails at a given piece, and counts how often it is closed."""

    def __init__(self, number, error=None):
        self.number, self.error, self.closed = number, error, 0

    def __iter__(self):
        yield from [b"piece"] * self.number
        if self.error is not None:
            raise self.error

    def close(self):
        self.closed += 1


@pytest.mark.parametrize("number", [0, 1, 3])
def test_all_pieces_pass_and_the_body_is_closed_with_the_answer(number):
    pieces, told = Pieces(number), []
    body = StreamedBody(pieces, lambda: told.append(1))
    assert list(body) == [b"piece"] * number
    assert pieces.closed == 0
    body.close()
    assert (pieces.closed, told) == (1, [])


@pytest.mark.parametrize("error", [ValueError, StopIteration, SystemExit, gevent.GreenletExit, gevent.Timeout, OSError])
def test_an_error_before_the_first_piece_is_raised_at_once_and_the_body_is_closed(error):
    class Failing(Pieces):
        def __iter__(self):
            raise error

    pieces, told = Failing(0), []
    with pytest.raises(error):
        StreamedBody(pieces, lambda: told.append(1))
    assert (pieces.closed, told) == (1, [])


@pytest.mark.parametrize("error", [ValueError, MemoryError, SystemExit, gevent.Timeout, OSError, BrokenPipeError])
def test_an_error_after_it_is_told_once_and_breaks_the_connection_off(error):
    told = []
    body = StreamedBody(Pieces(2, error), lambda: told.append(1))
    pieces = iter(body)
    assert [next(pieces), next(pieces)] == [b"piece"] * 2
    with pytest.raises(BrokenOff) as caught:
        next(pieces)
    assert caught.value.errno == errno.ECONNRESET  # which servers know for the end of a connection
    assert told == [1]


@pytest.mark.parametrize("error", [BrokenOff, gevent.GreenletExit])
def test_what_has_been_told_and_the_end_of_the_server_are_nothing_to_tell(error):
    told = []
    body = StreamedBody(Pieces(1, error), lambda: told.append(1))
    with pytest.raises(error):
        list(body)
    assert told == []


@pytest.mark.parametrize("reads", [1, 2])
def test_a_body_that_is_its_own_iterator_is_closed_once_when_it_is_left_in_the_middle(reads):
    class Own(Pieces):
        def __iter__(self):
            return self

        def __next__(self):
            return b"piece"

    own = Own(0)
    body = StreamedBody(own, print)
    pieces = iter(body)
    for _ in range(reads):
        next(pieces)
    pieces.close()  # as it happens when nobody refers to it any more
    assert own.closed == 0
    body.close()
    assert own.closed == 1


def test_a_body_without_close_needs_none():
    StreamedBody(iter([b"x"]), print).close()
