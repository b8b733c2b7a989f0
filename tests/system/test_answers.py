"""See on the wire, under both servers, that no answer runs into the next one, whatever a handler says of its length."""

import re
import sys

import pytest

from tests import wire
from tests.processes import ROOT, SERVERS, free_port, running, serving

FINE = b"GET /fine/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


@pytest.fixture(scope="module", params=SERVERS)
def server(request):
    port = free_port()
    with running(serving(request.param, "answerapp", port), port, cwd=ROOT) as program:
        yield port, program


def ask(port, path, method="GET"):
    """Ask for a path, and for another on the same connection, and return all that comes."""
    first = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    with wire.Wire(port) as connection:
        connection.write(first + FINE)
        return connection.read_rest()


def split(answer):
    """Return the head and what is behind it."""
    head, _, rest = answer.partition(b"\r\n\r\n")
    return head, rest


@pytest.mark.parametrize("path", ["/plain", "/old", "/function/", "/whole/", "/fine/"])
def test_behind_the_head_of_an_answer_to_head_comes_the_next_answer(server, path):
    head, rest = split(ask(server[0], path, "HEAD"))
    assert head.startswith(b"HTTP/1.1 200")
    assert b"content-length:" in head.lower()
    assert rest.startswith(b"HTTP/1.1 200")
    assert rest.endswith(b"\r\n\r\nfine")


@pytest.mark.parametrize(("path", "body"), [("/whole/", b"abcdefghij"), ("/little/", b"abc")])
def test_a_body_in_memory_is_sent_with_its_true_length(server, path, body):
    head, rest = split(ask(server[0], path))
    assert f"content-length: {len(body)}".encode() in head.lower()
    assert rest.startswith(body + b"HTTP/1.1 200")
    assert rest.endswith(b"\r\n\r\nfine")


@pytest.mark.parametrize("path", ["/short", "/too-short/", "/long/", "/none-later/"])
def test_a_body_that_turns_out_not_to_fit_is_the_last_of_its_connection(server, path):
    port, program = server
    head, rest = split(ask(port, path))
    assert head.startswith(b"HTTP/1.1 200")
    assert b"abc" in rest
    assert b"defg" not in rest
    assert b"HTTP/1.1" not in rest
    assert not rest.endswith(b"0\r\n\r\n"), "the last chunk would say that this was all"
    wire.wait_for(lambda: f"GET {path} [" in "".join(program.output()), "the log")


def test_a_piece_that_cannot_be_sent_is_a_500_if_it_is_the_first(server):
    port, program = server
    head, rest = split(ask(port, "/none-first/"))
    assert head.startswith(b"HTTP/1.1 500")
    assert rest.endswith(b"\r\n\r\nfine")
    wire.wait_for(lambda: "Answer made None" in "".join(program.output()), "the log")


@pytest.fixture
def spas_own():
    port = free_port()
    with running([sys.executable, "-m", "tests.system.answerapp", port], port, cwd=ROOT) as program:
        yield port, program


def test_the_access_log_names_a_request_as_the_mounted_app_that_failed_does(spas_own):
    port, program = spas_own
    answer = wire.get(port, "/outer/inner/")
    assert answer.status == 500
    name = answer.headers["x-request-id"]
    line = re.compile(rf'"GET /outer/inner/ HTTP/1\.1" 500 \d+ B .* \[{name}\]')
    wire.wait_for(lambda: line.search("".join(program.output())), "the access log")


def test_the_access_log_has_the_websocket_of_a_mounted_app(spas_own):
    port, program = spas_own
    with wire.connect(port, "/outer/inner/") as connection:
        assert connection.read_text() == "hi"
        assert connection.read_close().code == 1000
    line = re.compile(r'"GET /outer/inner/ HTTP/1\.1" WebSocket closed 1000 after')
    wire.wait_for(lambda: line.search("".join(program.output())), "the access log")
