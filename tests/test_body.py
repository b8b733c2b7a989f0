"""Hold that a body is read whole and within its limit, or is an error, whatever the server's stream does."""

import io

import pytest
from werkzeug.exceptions import BadRequest, HTTPException, RequestEntityTooLarge

from spa.body import ChunkedBody, open_body


class Pieces:
    """What a server gives of a chunked body: a piece at a time, then the end or an error."""

    def __init__(self, *pieces):
        self.pieces = list(pieces)
        self.asked = 0

    def read(self, size):
        self.asked += 1
        piece = self.pieces.pop(0) if self.pieces else b""
        if isinstance(piece, Exception):
            raise piece
        if len(piece) > size:
            self.pieces.insert(0, piece[size:])
        return piece[:size]


def environ_of(stream, **more):
    return {"wsgi.input": stream, **more}


def read_in_pieces(stream):
    return b"".join(iter(lambda: stream.read(3), b""))


READERS = [
    lambda stream: stream.read(),
    lambda stream: stream.readall(),
    read_in_pieces,
    lambda stream: b"".join(stream),
]


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("pieces", [(b"0123456789",), (b"01234", b"56789"), tuple(b"%d" % n for n in range(10))])
def test_a_chunked_body_of_just_the_limit_is_whole(read, pieces):
    assert read(ChunkedBody(Pieces(*pieces), 10)) == b"0123456789"


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("pieces", [(b"0123456789a",), (b"0123456789", b"a"), (b"01234", b"56789", b"a" * 10**6)])
def test_a_chunked_body_over_the_limit_is_413_each_time_it_is_read(read, pieces):
    stream = ChunkedBody(Pieces(*pieces), 10)
    for _ in range(3):
        with pytest.raises(RequestEntityTooLarge):
            read(stream)


class ServersOwn(Exception):
    """What is neither an OSError nor a ValueError, as gunicorn's errors of chunks are."""


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("error", [OSError("end"), ValueError("hex"), ServersOwn("no CRLF")])
def test_a_chunked_body_that_breaks_is_400_each_time_it_is_read(read, error):
    stream = ChunkedBody(Pieces(b"01234", error, b"56789"), 10)
    for _ in range(3):
        with pytest.raises(BadRequest):
            read(stream)


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("terminated", [True, False])
def test_a_body_shorter_than_its_content_length_is_400(read, terminated):
    stream = open_body(environ_of(Pieces(b"01234"), CONTENT_LENGTH="10", **{"wsgi.input_terminated": terminated}), 100)
    with pytest.raises(BadRequest):
        read(stream)


@pytest.mark.parametrize("read", READERS)
def test_no_more_is_read_than_the_content_length(read):
    assert read(open_body(environ_of(io.BytesIO(b"0123456789"), CONTENT_LENGTH="4"), 100)) == b"0123"


def test_a_content_length_over_the_limit_is_413_and_nothing_is_read():
    source = Pieces(b"x" * 11)
    with pytest.raises(RequestEntityTooLarge):
        open_body(environ_of(source, CONTENT_LENGTH="11"), 10)
    assert source.asked == 0


@pytest.mark.parametrize("length", ["", "x", "-1", "0"])
def test_a_content_length_that_is_none_gives_no_body(length):
    assert open_body(environ_of(Pieces(b"x"), CONTENT_LENGTH=length), 10).read() == b""


@pytest.mark.parametrize("more", [{}, {"wsgi.input_terminated": False}])
def test_a_stream_that_may_never_end_is_not_read(more):
    source = Pieces(b"x")
    assert open_body(environ_of(source, HTTP_TRANSFER_ENCODING="chunked", **more), 10).read() == b""
    assert source.asked == 0


def test_without_a_limit_a_chunked_body_that_breaks_is_an_error_still():
    stream = open_body(environ_of(Pieces(b"0" * 10**6, ServersOwn()), **{"wsgi.input_terminated": True}), None)
    with pytest.raises(HTTPException):
        stream.read()
