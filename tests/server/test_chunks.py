"""Chunks are read to the end of their trailers, and what is none is an error."""

import io

import pytest

from spa.server import unread
from spa.server.chunks import Chunks


def body(data):
    return Chunks(io.BytesIO(data), None, chunked_input=True)


@pytest.mark.parametrize(
    ("data", "read"),
    [
        (b"0\r\n\r\n", b""),
        (b"5\r\nhello\r\n0\r\n\r\n", b"hello"),
        (b"2\r\nhe\r\n3;a=b\r\nllo\r\n000;c\r\n\r\n", b"hello"),
        (b"5\r\n0\r\n\r\n\r\n0\r\nX-Sum: 1\r\nX-Time:2\r\n\r\n", b"0\r\n\r\n"),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 100])
def test_chunks_are_read_and_what_follows_them_is_left(data, read, size):
    made = body(data + b"GET /")
    assert b"".join(iter(lambda: made.read(size), b"")) == read
    assert not unread.is_left(made)
    assert made.rfile.read() == b"GET /"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r\n",
        b"2\r\nhello\r\n0\r\n\r\n",
        b"5\r\nhello",
        b"5\r\nhello\r\n",
        b"5\r\nhello\r\n0\r\n",
        b"5;a\nhello\r\n0\r\n\r\n",
        b"5;" + b"a" * 9000 + b"\r\nhello\r\n0\r\n\r\n",
        b"0\r\nX-Sum: 1\n\r\n",
        b"0\r\nX-Sum: 1\nX: 2\r\n\r\n",
        b"0\r\n X-Sum: 1\r\n\r\n",
        b"0\r\nX-Sum\r\n\r\n",
        b"0\r\n" + b"X: 1\r\n" * 101 + b"\r\n",
    ],
)
def test_what_is_no_chunk_is_an_error_behind_which_nothing_is_read(data):
    made = body(data)
    with pytest.raises(OSError, match=r"."):
        made.read()
    assert unread.is_refused(made)
