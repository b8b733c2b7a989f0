"""How long a head can be replaced, and what happens when a body breaks off or does not keep to its head."""

import errno
import sys

import gevent
import pytest

from spa.answer import BrokenOff, Head, HeadAlone, StreamedBody, close, drop_body, require_head, send_head


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


def test_a_head_that_is_refused_closes_its_body_and_may_be_replaced():
    server, pieces = Server(), Pieces(1)

    def refuse(status, headers, exc_info=None):
        if headers:
            raise ValueError("a header")
        return server(status, headers, exc_info)

    head = Head(refuse)
    head("200 OK", [("A", "\u20ac")])
    with pytest.raises(ValueError, match="a header"):
        send_head(head, pieces)
    assert (pieces.closed, server.heads) == (1, [])
    head("500 INTERNAL SERVER ERROR", [])
    assert send_head(head, pieces) is pieces
    assert (pieces.closed, server.heads) == (1, [("500 INTERNAL SERVER ERROR", [])])


def test_a_head_knows_whether_it_was_given():
    head = Head(Server())
    assert not head.is_given()
    head("200 OK", [])
    assert head.is_given()
    head.send()
    assert head.is_given()


def test_a_head_that_was_sent_is_not_replaced():
    server = Server()
    head = Head(server)
    head("200 OK", [])(b"a")
    error = ValueError()
    with pytest.raises(ValueError):  # noqa: PT011  # this very one
        head("500 INTERNAL SERVER ERROR", [], (ValueError, error, None))
    assert server.heads == [("200 OK", [])]


def streamed(pieces, told=None, *headers, status="200 OK"):
    """Return a streamed body behind a head with these headers."""
    head = Head(Server())
    head(status, list(headers))
    told = [] if told is None else told
    return StreamedBody(pieces, head, streamed, lambda: told.append(sys.exc_info()[1]))


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
    body = streamed(pieces, told)
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
        streamed(pieces, told)
    assert (pieces.closed, told) == (1, [])


@pytest.mark.parametrize(
    "error", [ValueError, MemoryError, SystemExit, gevent.Timeout, OSError, BrokenPipeError, BaseException]
)
def test_an_error_after_it_is_told_once_and_breaks_the_connection_off(error):
    told = []
    body = streamed(Pieces(2, error), told)
    pieces = iter(body)
    assert [next(pieces), next(pieces)] == [b"piece"] * 2
    with pytest.raises(BrokenOff) as caught:
        next(pieces)
    assert caught.value.errno == errno.ECONNRESET  # which servers know for the end of a connection
    assert [type(error) for error in told] == [error]


@pytest.mark.parametrize("error", [BrokenOff, gevent.GreenletExit])
def test_what_has_been_told_and_the_end_of_the_server_are_nothing_to_tell(error):
    told = []
    body = streamed(Pieces(1, error), told)
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
    body = streamed(own)
    pieces = iter(body)
    for _ in range(reads):
        next(pieces)
    pieces.close()  # as it happens when nobody refers to it any more
    assert own.closed == 0
    body.close()
    assert own.closed == 1


def test_a_body_without_close_needs_none():
    streamed(iter([b"x"])).close()


# A body keeps to its head


def length_of(number):
    return "content-length", str(number)


@pytest.mark.parametrize(
    ("pieces", "headers", "status"),
    [
        ([b"abc", b"d"], [length_of(4)], "200 OK"),
        ([b"", b"abc", b""], [("A", "1"), ("Content-Length", "3")], "200 OK"),
        ([], [length_of(0)], "200 OK"),
        ([b"abc"], [], "200 OK"),
        ([], [length_of(9)], "304 NOT MODIFIED"),  # it says what a 200 would have had
        ([], [length_of(9)], "204 NO CONTENT"),
    ],
)
def test_a_body_as_long_as_its_head_says_passes(pieces, headers, status):
    told = []
    assert b"".join(streamed(iter(pieces), told, *headers, status=status)) == b"".join(pieces)
    assert told == []


@pytest.mark.parametrize(
    ("pieces", "length", "error", "words"),
    [
        ([b"abc"], 2, ValueError, "is at least 3 bytes"),
        ([], 2, ValueError, "it has ended after 0 bytes"),
        ([b"abc"], "3x", ValueError, "a number of bytes, not '3x'"),
        ([b"abc"], "\u0663", ValueError, "a number of bytes"),
        ([None, b"x"], 1, TypeError, "made None"),
        ([1], 1, TypeError, "made 1"),
        ([{"a": 1}], 1, TypeError, "made {'a': 1}"),
        (["text"], 4, TypeError, "made 'text'"),  # a WSGI app's; Response encodes it
        ([["x" * 1000]], 4, TypeError, "made ['xxx"),
    ],
)
def test_a_first_piece_that_does_not_fit_is_an_error_that_can_still_be_the_answer(pieces, length, error, words):
    told, body = [], Pieces(0)
    body.__class__ = type("Body", (Pieces,), {"__iter__": lambda self: iter(pieces)})
    with pytest.raises(error) as caught:
        streamed(body, told, length_of(length))
    assert words in str(caught.value)
    assert len(str(caught.value)) < 300
    assert ("tests.test_answer.streamed made " in str(caught.value)) == ("a number of" not in words)
    assert (body.closed, told) == (1, [])


@pytest.mark.parametrize(
    ("pieces", "length", "sent", "error", "words"),
    [
        ([b"ab", b"cd"], 3, [b"ab"], ValueError, "is at least 4 bytes"),
        ([b"ab", b"cd"], 2, [b"ab"], ValueError, "is at least 4 bytes"),
        ([b"ab"], 3, [b"ab"], ValueError, "has ended after 2 bytes"),
        ([b"ab", None, b"c"], 3, [b"ab"], TypeError, "made None"),
        ([b"ab", "c"], 3, [b"ab"], TypeError, "made 'c'"),
    ],
)
def test_a_later_piece_that_does_not_fit_is_told_once_and_breaks_the_connection_off(
    pieces, length, sent, error, words
):
    told, seen = [], []
    body = streamed(iter(pieces), told, length_of(length))
    with pytest.raises(BrokenOff):
        list(map(seen.append, body))  # what came before the error counts
    assert seen == sent
    assert [type(each) for each in told] == [error]
    assert words in str(told[0])


def test_a_head_that_is_given_with_the_first_piece_says_how_long_the_body_is():
    head = Head(Server())

    def late():
        head("200 OK", [length_of(9)])
        yield b"x"

    with pytest.raises(BrokenOff):
        list(StreamedBody(late(), head, late, lambda: None))


@pytest.mark.parametrize("empty", [0, 1, 3])
def test_the_head_may_be_given_behind_empty_pieces(empty):
    head = Head(Server())

    def late():
        yield from [b""] * empty
        head("200 OK", [length_of(1)])
        yield b"x"

    assert list(StreamedBody(late(), head, late, lambda: None)) == [b"x"]


@pytest.mark.parametrize(
    ("headers", "body", "fits"),
    [
        ([("Content-Type", "x"), ("Content-Length", "3")], [b"abc"], True),
        ([("Content-Length", "3"), ("Content-Type", "x")], [b"abc"], True),
        ([length_of(3)], [b"ab", b"c"], True),
        ([], [b"abc"], True),
        ([("Content-Type", "x")], [b"abc"], True),
        ([length_of(0)], [], True),
        ([("Content-Type", "x"), ("Content-Length", "10")], [b"abc"], False),
        ([("Content-Length", "2"), ("Content-Type", "x")], [b"abc"], False),
        ([length_of(2)], [b"ab", b"c"], False),
        ([length_of(2)], [], False),
        ([], ["abc"], False),
        ([("Content-Type", "x"), ("Content-Length", "3")], ["abc"], False),
        ([("Content-Type", "x"), ("Content-Length", "3")], [bytearray(b"abc")], False),
        ([length_of(3)], [b"ab", "c"], False),
        ([], [None], False),
    ],
)
def test_a_body_in_memory_is_compared_with_its_head(headers, body, fits):
    head = Head(Server())
    head("200 OK", headers)
    assert head.fits(body) is fits


def test_nothing_fits_a_head_that_is_not_there_yet():
    assert not Head(Server()).fits([b"x"])


@pytest.mark.parametrize("environ", [{"HTTP_UPGRADE": "websocket"}, {"wsgi.websocket": object()}])
def test_an_answer_has_a_head_unless_the_socket_may_have_been_taken(environ):
    head, pieces = Head(Server()), Pieces(1)
    assert require_head(head, pieces, streamed, environ) is pieces
    with pytest.raises(TypeError, match=r"^tests\.test_answer\.streamed made an answer without a head: "):
        require_head(head, pieces, streamed, {})
    assert pieces.closed == 1
    head("200 OK", [])
    assert require_head(head, pieces, streamed, {}) is pieces


@pytest.mark.parametrize("number", [1, 3])
def test_an_error_behind_empty_pieces_can_still_be_the_answer(number):
    def late():
        yield from [b""] * number
        raise ValueError

    told = []
    with pytest.raises(ValueError):  # noqa: PT011  # this very one
        streamed(late(), told)
    assert told == []


def test_nothing_is_written_behind_a_head_that_is_alone():
    server = Server()
    write = HeadAlone(server)("200 OK", [])
    write(b"a")
    write(b"b")
    assert (server.heads, server.written) == ([("200 OK", [])], [])


def test_a_body_that_is_dropped_is_begun_and_closed():
    begun = []
    pieces = Pieces(3)
    assert drop_body(pieces) == []
    assert pieces.closed == 1
    assert drop_body(begun.append(piece) or piece for piece in [b"a", b"b"]) == []
    assert begun == [b"a"]
    assert drop_body(begun.append(piece) or piece for piece in [b"", b"", b"c", b"d"]) == []
    assert begun == [b"a", b"", b"", b"c"]  # an app may give its head behind empty pieces


@pytest.mark.parametrize("body", [[b"a"], (b"a",), {b"a"}])
def test_what_has_no_close_is_closed_without_ado(body):
    assert close(body) is None


def test_what_has_a_close_is_closed_by_it():
    pieces = Pieces(3)
    close(pieces)
    assert pieces.closed == 1
