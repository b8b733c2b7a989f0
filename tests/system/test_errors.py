"""Fail before, at and after the first piece of an answer, under both servers."""


import pytest

from tests import wire
from tests.processes import ROOT, SERVERS, free_port, running, serving


@pytest.fixture(scope="module", params=SERVERS)
def server(request):
    port = free_port()
    with running(serving(request.param, "errorapp", port), port, cwd=ROOT) as program:
        yield port, program


def ask(port, path, name, *headers):
    lines = [f"GET {path} HTTP/1.1", "Host: localhost", "Connection: close", f"X-Request-ID: {name}", *headers]
    return wire.request(port, ("\r\n".join(lines) + "\r\n\r\n").encode())


def logged(program, name):
    """Return the lines of the log that name a request, but for that of the access log; and all of it."""
    text = "".join(program.output())
    return [line for line in text.splitlines() if f"[{name}]" in line and "HTTP/1.1" not in line], text


@pytest.mark.parametrize("moment", ["before", "exit", "cancelled", "first"])
def test_an_error_before_the_first_piece_is_a_500_that_says_nothing(server, moment):
    port, program = server
    answer = ask(port, f"/{moment}/", f"name-{moment}")
    assert answer.status == 500
    assert b"secret" not in answer.body
    assert b"RuntimeError" not in answer.body
    assert answer.headers["x-request-id"] == f"name-{moment}"
    wire.wait_for(lambda: logged(program, f"name-{moment}")[0], "the log")
    assert len(logged(program, f"name-{moment}")[0]) == 1


def test_an_error_after_it_breaks_the_connection_off_and_is_logged_once(server):
    port, program = server
    before = logged(program, "")[1].count("Traceback")
    answer = ask(port, "/later/", "name-later")
    assert answer.status == 200
    assert b"one" in answer.body
    assert not answer.body.endswith(b"0\r\n\r\n"), "the last chunk would say that this was all"
    wire.wait_for(lambda: logged(program, "name-later")[0], "the log")
    lines, text = logged(program, "name-later")
    assert len(lines) == 1
    assert text.count("Traceback") == before + 1
    assert ask(port, "/never/", "after").body.count(b"two") == 1


def test_a_compressed_body_that_is_too_short_breaks_the_connection_off_and_is_logged(server):
    port, program = server
    answer = ask(port, "/short", "name-short", "Accept-Encoding: gzip")
    assert (answer.status, answer.headers["content-encoding"]) == (200, "gzip")
    assert not answer.body.endswith(b"0\r\n\r\n")
    wire.wait_for(lambda: logged(program, "name-short")[0], "the log")
    (line,) = logged(program, "name-short")[0]
    assert line.endswith("the body is shorter than its Content-Length, 4000")


@pytest.mark.parametrize(
    ("path", "location"), [("//never/", "/never/"), ("///never//", "/never/"), ("//short/x?q=1", "/short/x?q=1")]
)
def test_double_slashes_in_front_are_redirected_and_pass_no_mount(server, path, location):
    port, _ = server
    answer = ask(port, path, "name-slashes")
    assert (answer.status, answer.headers["location"]) == (308, location)
