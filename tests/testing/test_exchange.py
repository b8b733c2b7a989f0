"""An app that answers one request of a test, in a greenlet of its own."""

import signal

import gevent
import pytest
from werkzeug.test import EnvironBuilder

import spa
from spa.testing.exchange import Exchange, limit


def exchange(app):
    return Exchange(app, EnvironBuilder("/path/").get_environ())


def finish(answer):
    try:
        with limit(5, "no end"):
            answer.wait_for_end()
    finally:
        answer.abandon()


def test_the_head_is_known_with_the_first_bytes_and_may_be_replaced_before():
    def app(environ, start_response):
        start_response("200 OK", [("A", "1")])
        yield b""
        try:
            raise KeyError
        except KeyError as error:
            start_response("500 Error", [("A", "2")], (KeyError, error, error.__traceback__))
        yield b"x"

    answer = exchange(app)
    finish(answer)
    assert answer.head[0] == "500 Error"
    assert list(answer.head[1]) == [("A", "2")]
    assert answer.body == [b"x"]


def test_after_the_first_bytes_a_replaced_head_raises_what_it_was_replaced_for():
    def app(environ, start_response):
        start_response("200 OK", [])
        yield b"x"
        try:
            raise KeyError("late")
        except KeyError as error:
            start_response("500 Error", [], (KeyError, error, error.__traceback__))

    answer = exchange(app)
    with pytest.raises(KeyError, match="late"):
        finish(answer)
    assert answer.head[0] == "200 OK"


def test_what_is_written_with_the_callable_of_start_response_is_body():
    def app(environ, start_response):
        start_response("200 OK", [])(b"written ")
        return [b"returned"]

    answer = exchange(app)
    finish(answer)
    assert b"".join(answer.body) == b"written returned"


def test_an_empty_body_has_its_head():
    def app(environ, start_response):
        start_response("204 No Content", [])
        return []

    answer = exchange(app)
    finish(answer)
    assert answer.head[0] == "204 No Content"


@pytest.mark.parametrize("error", [KeyError(), SystemExit(), gevent.Timeout()])
def test_the_body_is_closed_once_also_when_it_raises(error):
    closed = []

    class Body:
        def __iter__(self):
            yield b"x"
            raise error

        def close(self):
            closed.append(True)

    def app(environ, start_response):
        start_response("200 OK", [])
        return Body()

    with pytest.raises(type(error)):
        finish(exchange(app))
    assert closed == [True]


def test_a_limit_names_what_did_not_come():
    with pytest.raises(TimeoutError, match=r"no end within 0\.01 s"), limit(0.01, "no end"):
        gevent.sleep(1000)


@pytest.mark.parametrize(
    ("status", "content_type", "is_stream"),
    [
        ("200 OK", "text/event-stream", True),
        ("200 OK", "text/event-stream; charset=utf-8", True),
        ("204 No Content", "text/event-stream", False),
        ("200 OK", "text/event-streams", False),
    ],
)
def test_an_event_stream_is_known_by_status_and_type(status, content_type, is_stream):
    def app(environ, start_response):
        start_response(status, [("Content-Type", content_type)])
        return []

    answer = exchange(app)
    assert not answer.is_event_stream
    finish(answer)
    assert answer.is_event_stream is is_stream


def test_the_signals_of_the_test_are_left_alone():
    class Handler(spa.Handler):
        def get(self):
            return spa.EventStream([])

    def hear(number, frame):
        pass

    before = signal.signal(signal.SIGTERM, hear)
    try:
        answer = exchange(spa.App([("/path/", "", Handler)]))
        finish(answer)
        assert answer.is_event_stream
        assert signal.getsignal(signal.SIGTERM) is hear
    finally:
        signal.signal(signal.SIGTERM, before)
