"""Write one line of the log for a request or a WebSocket."""

from datetime import datetime

import pytest

from spa.requestid import escape
from spa.server.accesslog import Entry, format_closed, format_opened, format_request, wants_colour

TIME = datetime(2026, 11, 25, 9, 5, 7, 999)


def entry(request="GET /a HTTP/1.1", name=None):
    return Entry("127.0.0.1", TIME, request, name)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (format_request(entry(), "200", 7, 0.00123), '"GET /a HTTP/1.1" 200 7 B 1.2 ms'),
        (format_request(entry(name="0af7"), "500", 0, 2.0), '"GET /a HTTP/1.1" 500 0 B 2000.0 ms [0af7]'),
        (format_request(entry(""), "400", 0, 0.0), '"" 400 0 B 0.0 ms'),
        (format_opened(entry()), '"GET /a HTTP/1.1" WebSocket opened'),
        (format_closed(entry(), 1000, 61.26), '"GET /a HTTP/1.1" WebSocket closed 1000 after 61.3 s'),
    ],
)
def test_a_plain_line_says_who_when_what_and_what_came_of_it(line, expected):
    assert line == f"127.0.0.1 [2026-11-25 09:05:07] {expected}"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (format_request(entry(), "101", 0, 0.0, True), "\x1b[31m101\x1b[0m"),
        (format_request(entry(), "204", 0, 0.0, True), "\x1b[32m204\x1b[0m"),
        (format_request(entry(), "304", 0, 0.0, True), "\x1b[36m304\x1b[0m"),
        (format_request(entry(), "404", 0, 0.0, True), "\x1b[33m404\x1b[0m"),
        (format_request(entry(), "503", 0, 0.0, True), "\x1b[31m503\x1b[0m"),
        (format_request(entry(), "200", 0, 0.0, True), '"\x1b[1mGET\x1b[0m /a HTTP/1.1"'),
        (format_opened(entry(), True), "\x1b[35mWebSocket opened\x1b[0m"),
        (format_closed(entry(), 1001, 0.0, True), "\x1b[35mWebSocket closed 1001\x1b[0m"),
        (format_closed(entry(), 1009, 0.0, True), "\x1b[33mWebSocket closed 1009\x1b[0m"),
        (format_closed(entry(), 1011, 0.0, True), "\x1b[31mWebSocket closed 1011\x1b[0m"),
    ],
)
def test_a_coloured_line_paints_the_method_and_what_came_of_it(line, expected):
    assert expected in line


@pytest.mark.parametrize(
    ("request_line", "expected"),
    [
        ("GET /\r\nHTTP", "GET /\\r\\nHTTP"),
        ("GET /\x1b[31m", "GET /\\x1b[31m"),
        ("GET /%s%n{0}", "GET /%s%n{0}"),
        ("GET /\x00\x7f\x9b\xe9\u2028", "GET /\\x00\\x7f\\x9b\\xe9\\u2028"),
        ('GET /" 200 7 B', 'GET /\\" 200 7 B'),
        ("a\\n", "a\\\\n"),
        ("x" * 10_000_000, "x" * 1024),
    ],
)
@pytest.mark.parametrize("in_colour", [False, True])
def test_whatever_a_request_holds_the_line_is_one_escaped_and_bounded(request_line, expected, in_colour):
    assert escape(request_line) == expected
    for line in (
        format_request(entry(request_line), "200", 0, 0.0, in_colour),
        format_opened(entry(request_line), in_colour),
        format_closed(entry(request_line), 1000, 0.0, in_colour),
    ):
        plain = line.replace("\x1b[", "").replace("m", "") if in_colour else line
        assert plain.isascii()
        assert plain.isprintable()
        assert len(line) < 1024 * 4 + 200


@pytest.mark.parametrize(
    ("is_terminal", "environ", "expected"),
    [
        (True, {}, True),
        (True, {"TERM": "xterm-256color", "NO_COLOR": ""}, True),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"TERM": "dumb"}, False),
        (False, {}, False),
    ],
)
def test_it_is_coloured_on_a_terminal_that_can_unless_somebody_objects(is_terminal, environ, expected):
    assert wants_colour(is_terminal, environ) is expected
