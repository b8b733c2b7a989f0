"""How a body travels: chunk by chunk, closed once, and with the head that fits it."""

import sys
from itertools import chain, count, repeat
from threading import get_ident

import gevent
import pytest
from werkzeug.test import create_environ

from spa.answer import BrokenOff
from spa.coding import is_compressible
from spa.middleware import codedanswer
from spa.middleware.codedanswer import LARGE, CodedAnswer
from spa.middleware.coder import Coder
from spa.middleware.variant import Policy
from tests.middleware.decoding import decode, open_decoder

POLICY = Policy(500, {"br": 4, "zstd": 3, "gzip": 6}, is_compressible)
TEXT = b"the quick brown fox jumps over the lazy dog; " * 40
PLAIN = [("Content-Type", "text/plain")]
EVENTS = [("Content-Type", "text/event-stream")]


class Body:
    """The body of an app, which counts how often it is closed."""

    def __init__(self, chunks):
        self._chunks = iter(chunks)
        self.closed = 0

    def __iter__(self):
        return self._chunks

    def close(self):
        self.closed += 1


class Server:
    """What a WSGI server does with an app.

    Args:
        app: the body of an app that starts its answer at once, or an app.
        headers: what such a body is sent with.
        accept: what the client sends as Accept-Encoding.
    """

    def __init__(self, app, headers=PLAIN, *, accept="gzip"):
        self.heads = []
        self.written = []

        def answer(environ, start_response):
            self.start_response = start_response
            start_response("200 OK", headers)
            return app

        environ = create_environ(headers={"Accept-Encoding": accept})
        self.answer = CodedAnswer(POLICY, environ, self.start).run(app if callable(app) else answer)

    def start(self, status, headers, exc_info=None):
        self.heads.append((status, dict(headers)))
        return self.written.append

    @property
    def headers(self):
        ((_, headers),) = self.heads  # started once
        return headers

    def close(self):
        if hasattr(self.answer, "close"):
            self.answer.close()


def fail(*chunks):
    yield from chunks
    raise ValueError("a bug")


# Chunk by chunk


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip"])
@pytest.mark.parametrize("length", [[], [("Content-Length", "6000")]])
def test_each_chunk_can_be_read_before_the_next_is_made(coding, length):
    made = []

    def chunks():
        for number in range(3):
            made.append(number)
            yield b"%d" % number * 2000

    server = Server(chunks(), PLAIN + length, accept=coding)
    read, got = open_decoder(coding), []
    for number, chunk in enumerate(server.answer):
        got.append(read(chunk))
        if number < 3:
            assert made == list(range(number + 1))
            assert got[-1] == b"%d" % number * 2000
    assert b"".join(got) == b"".join(b"%d" % number * 2000 for number in range(3))
    assert server.headers == {"Content-Type": "text/plain", "Content-Encoding": coding, "Vary": "Accept-Encoding"}


def test_an_event_arrives_at_once():
    server = Server((b"data: %d\n\n" % number for number in count()), EVENTS)
    read = open_decoder("gzip")
    assert [read(next(server.answer)) for _ in range(3)] == [b"data: 0\n\n", b"data: 1\n\n", b"data: 2\n\n"]


@pytest.mark.parametrize(
    ("accept", "coding"),
    [("br, zstd, gzip", "gzip"), ("br, zstd", "br"), ("gzip;q=0, zstd", "zstd"), ("gzip;q=0.1, br", "gzip")],
)
def test_an_event_stream_takes_the_coding_that_holds_the_least_memory(accept, coding):
    assert Server(iter([b"data: 0\n\n"]), EVENTS, accept=accept).headers["Content-Encoding"] == coding


def test_nothing_stays_nothing_in_a_stream():
    server = Server(iter([b"", b"x", b""]))
    chunks = list(server.answer)
    assert (chunks[0], chunks[2]) == (b"", b"")
    assert decode(b"".join(chunks), "gzip") == b"x"


def test_a_generator_that_fails_does_not_end_as_if_it_were_whole():
    server = Server(fail(TEXT))
    assert open_decoder("gzip")(next(server.answer)) == TEXT
    with pytest.raises(ValueError, match="a bug"):
        next(server.answer)
    assert list(server.answer) == []


@pytest.mark.parametrize(
    ("chunks", "word"),
    [
        ([b"x" * 500], "shorter"),
        (iter([b"x" * 500]), "shorter"),
        (iter([]), "shorter"),
        ([b"x" * 1000, b"y"], "longer"),
        (iter([b"x" * 1000, b"", b"y"]), "longer"),
        (iter([b"x" * 600, b"x" * 600]), "longer"),
        (iter([b"x" * 1001]), "longer"),
        (repeat(b"x" * 400), "longer"),
    ],
)
def test_a_body_that_is_not_as_long_as_it_says_does_not_end_as_if_it_were_whole(chunks, word, caplog):
    with pytest.raises(BrokenOff, match=f"{word} than its Content-Length, 1000"):
        list(Server(chunks, [*PLAIN, ("Content-Length", "1000")]).answer)
    (record,) = caplog.records
    assert record.message.endswith(f": the body is {word} than its Content-Length, 1000")


# In one go


@pytest.mark.parametrize("chunks", [[TEXT], [TEXT[:9], TEXT[9:]], (TEXT,)])
def test_a_list_is_compressed_in_one_go(chunks):
    server = Server(chunks)
    (coded,) = server.answer
    assert decode(coded, "gzip") == TEXT
    assert server.headers["Content-Length"] == str(len(coded))


def test_the_only_chunk_of_an_iterator_is_compressed_in_one_go():
    done = []
    body = Body(chain([TEXT], (done.append("done") or b"" for _ in range(1))))
    server = Server(body, [*PLAIN, ("Content-Length", str(len(TEXT)))])
    coded = b"".join(server.answer)
    assert server.headers["Content-Length"] == str(len(coded))
    assert decode(coded, "gzip") == TEXT
    assert done == ["done"]
    server.close()
    assert body.closed == 1


def test_a_body_that_is_left_is_the_very_object_of_the_app():
    for headers, accept in (([("Content-Type", "image/png")], "gzip"), (PLAIN, "")):
        body = Body([TEXT])
        assert Server(body, headers, accept=accept).answer is body


# Closed once


@pytest.mark.parametrize(
    "headers", [PLAIN, EVENTS, [*PLAIN, ("Content-Length", "3600")], [("Content-Type", "image/png")]]
)
@pytest.mark.parametrize("accept", ["gzip", ""])
@pytest.mark.parametrize("reads", [0, 1, 9])
@pytest.mark.parametrize("is_late", [True, False])
def test_the_body_of_the_app_is_closed_once_however_far_it_was_read(headers, accept, reads, is_late):
    def start_late(start_response):
        start_response("200 OK", headers)
        yield from [TEXT, TEXT]

    def app(environ, start_response):
        if is_late:
            bodies.append(Body(start_late(start_response)))
        else:
            start_response("200 OK", headers)
            bodies.append(Body([TEXT, TEXT]))
        return bodies[0]

    bodies = []
    server = Server(app, accept=accept)
    for _ in zip(range(reads), server.answer, strict=False):
        pass
    assert bodies[0].closed == 0
    server.close()
    assert bodies[0].closed == 1


@pytest.mark.parametrize("empty", [0, 1, 3])
@pytest.mark.parametrize("accept", ["gzip", ""])
def test_an_app_may_start_its_answer_behind_empty_chunks(empty, accept):
    def app(environ, start_response):
        yield from [b""] * empty
        start_response("200 OK", PLAIN)
        yield TEXT

    server = Server(app, accept=accept)
    data = b"".join(server.answer)
    assert (decode(data, "gzip") if accept else data) == TEXT
    assert server.headers["Content-Type"] == "text/plain"


@pytest.mark.parametrize("length", [[], [("Content-Length", "9000")]])
def test_a_body_that_fails_is_closed_once(length):
    body = Body(fail(TEXT))
    server = Server(body, PLAIN + length)
    with pytest.raises(ValueError, match="a bug"):
        list(server.answer)
    server.close()
    assert body.closed == 1


def test_a_body_that_fails_at_once_is_closed_though_no_answer_was_returned():
    body = Body(fail())
    with pytest.raises(ValueError, match="a bug"):
        Server(body, [*PLAIN, ("Content-Length", "9000")])
    assert body.closed == 1


@pytest.mark.parametrize("headers", [PLAIN, [("Content-Type", "image/png")], [*PLAIN, ("Content-Length", "1800")]])
def test_a_body_is_closed_if_the_server_refuses_the_head(headers, monkeypatch):
    def refuse(*arguments):
        raise UnicodeError("a header of the app")

    monkeypatch.setattr(Server, "start", refuse)
    body = Body([TEXT])
    with pytest.raises(UnicodeError):
        Server(body, headers)
    assert body.closed == 1


# start_response


def test_the_head_can_be_replaced_until_it_has_left():
    def app(environ, start_response):
        start_response("200 OK", [("Content-Type", "image/png")])
        try:
            raise ValueError("a bug")
        except ValueError:
            start_response("500 Internal Server Error", PLAIN, sys.exc_info())
        return [TEXT]

    server = Server(app)
    (coded,) = server.answer
    assert server.heads[0][0] == "500 Internal Server Error"
    assert server.headers["Content-Encoding"] == "gzip"
    assert decode(coded, "gzip") == TEXT


def test_once_it_has_left_the_error_is_raised_again():
    def chunks():
        yield TEXT
        try:
            raise ValueError("a bug")
        except ValueError:
            server.start_response("500 Internal Server Error", PLAIN, sys.exc_info())

    server = Server(chunks())
    with pytest.raises(ValueError, match="a bug"):
        list(server.answer)
    assert server.heads[0][0] == "200 OK"


def test_a_second_start_without_an_error_is_a_bug_of_the_app():
    server = Server([TEXT])
    with pytest.raises(AssertionError, match="twice"):
        server.start_response("200 OK", PLAIN)


@pytest.mark.parametrize(("headers", "coding"), [(PLAIN, "gzip"), ([("Content-Type", "image/png")], None)])
def test_what_is_written_at_once_is_sent_at_once(headers, coding):
    def app(environ, start_response):
        write = start_response("200 OK", headers)
        for data in (TEXT, b"more"):
            write(data)
            assert read(server_written[-1]) == data
        return [b"the end"]

    class Watched(Server):
        def start(self, status, headers, exc_info=None):
            self.heads.append((status, dict(headers)))
            return server_written.append

    server_written, read = [], open_decoder(coding) if coding else bytes
    server = Watched(app)
    assert server.headers.get("Content-Encoding") == coding
    assert b"".join(map(read, server.answer)) == b"the end"


def test_an_answer_that_was_never_started_is_the_servers_affair():
    server = Server(lambda environ, start_response: [])
    assert (list(server.answer), server.heads) == ([], [])


# Large bodies


@pytest.mark.parametrize("size", [LARGE - 1, LARGE])
@pytest.mark.parametrize("is_whole", [True, False])
def test_others_get_their_turn_while_a_large_body_is_compressed(is_whole, size, monkeypatch):
    def compress(data):
        threads.append(get_ident())
        return b"short"

    def serve():
        server = Server([b"x" * size] if is_whole else iter([b"x" * size]))
        assert b"".join(server.answer) == b"short"
        events.append("served")

    threads, events = [], []
    monkeypatch.setattr(codedanswer, "open_coder", lambda *_: Coder(compress, lambda: b"", lambda: b""))
    gevent.joinall([gevent.spawn(serve), gevent.spawn(events.append, "another's turn")], raise_error=True)
    is_large = size >= LARGE
    assert events == (["another's turn", "served"] if is_large else ["served", "another's turn"])
    assert (threads != [get_ident()]) is is_large


def test_a_large_body_arrives_whole():
    data = bytes(range(256)) * (LARGE // 64)
    server = Server([data])
    (coded,) = server.answer
    assert decode(coded, "gzip") == data
