"""Show a bug to the person who develops: an interactive traceback in a browser, JSON to any other client."""

import json
import re
import sys

import pytest
from werkzeug.exceptions import NotFound
from werkzeug.test import Client

import spa
from spa.errors import SetupError
from spa.middleware.session import SessionMiddleware
from spa.server.debug import Debugger, check_loopback
from tests import wire
from tests.processes import ROOT, free_port, running

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


class Bug(spa.Handler):
    def get(self):
        secret = "what only the server knows"
        return len(secret) / 0

    def post(self):
        raise LookupError("lost") from OSError("before")

    def put(self):
        raise NotFound("There is none.")

    def delete(self):
        return 42


class Known(Exception):
    pass


class Handled(spa.Handler):
    def get(self):
        raise Known


class Echo(spa.Handler):
    def get(self):
        return "hello"

    def websocket(self):
        for message in self.ws:
            self.ws.send(message)


ROUTES = (("/bug", "", Bug), ("/handled", "", Handled), ("/", "", Echo), ("/echo", "", Echo))


@pytest.fixture
def app():
    return spa.App(ROUTES)


@pytest.fixture
def client(app):
    return Client(Debugger(app))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_loopback_may_be_debugged(host):
    check_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.168.1.5", "203.0.113.7", "example.com", "localhost.evil"])
def test_any_other_address_may_not(host):
    with pytest.raises(SetupError, match=r"use 127\.0\.0\.1 \(--host, host= or HOST\), or leave debug out"):
        check_loopback(host)


def test_a_browser_gets_the_interactive_traceback_behind_a_pin(client, caplog):
    answer = client.get("/bug", headers=BROWSER)
    assert (answer.status_code, answer.mimetype) == (500, "text/html")
    page = answer.get_data(as_text=True)
    assert "ZeroDivisionError: division by zero" in page
    assert "EVALEX = true" in page
    assert "EVALEX_TRUSTED = false" in page
    assert [record.exc_info[0] for record in caplog.records] == [ZeroDivisionError]


def test_code_runs_in_a_frame_once_the_pin_was_given(app):
    debugger = Debugger(app)
    client = Client(debugger)
    page = client.get("/bug", headers=BROWSER).get_data(as_text=True)
    frame = re.findall(r'id="frame-(\d+)"', page)[-1]
    query = {"__debugger__": "yes", "s": debugger.secret}
    code = {**query, "frm": frame, "cmd": "len(secret)"}
    assert b"26" not in client.get("/echo", query_string=code).data
    assert client.get("/", query_string={**query, "cmd": "pinauth", "pin": debugger.pin}).json["auth"] is True
    assert b"26" in client.get("/", query_string=code).data


def test_an_api_client_gets_the_traceback_in_the_problem_document_with_the_users_frames_first(client):
    answer = client.post("/bug")
    assert (answer.status_code, answer.mimetype) == (500, "application/problem+json")
    document = json.loads(answer.data)
    assert document["detail"] == "LookupError: lost"
    assert document["request_id"] == answer.headers["X-Request-ID"]
    lines = document["traceback"]
    assert lines[0] == "OSError: before"
    assert lines[-1] == "LookupError: lost"
    first = next(line for line in lines if line.startswith("  File"))
    assert "test_debug.py" in first
    assert first.endswith("in post")


def test_a_bug_that_shows_only_within_spa_is_shown_there(client):
    assert "in to_response" in "".join(json.loads(client.delete("/bug").data)["traceback"])


def test_what_was_returned_is_said_by_whom_with_the_error(client):
    told = client.delete("/bug").json["detail"].split("\n")
    assert told[0].startswith("TypeError: Bug returned int, which is not a response")
    assert told[1].startswith("The value was returned by Bug.delete (")
    assert "The value was returned by Bug.delete (" in client.delete("/bug", headers=BROWSER).text


def test_a_session_that_cannot_be_kept_is_shown(caplog):
    class Large(spa.Handler):
        def get(self):
            self.request.session["text"] = "x" * 5000
            return "ok"

    client = Client(Debugger(SessionMiddleware(spa.App((("/", "", Large),)), "x" * 32)))
    answer = client.get("/")
    assert answer.status_code == 500
    assert answer.json["detail"].startswith("ValueError: the session makes a cookie of")
    assert "EVALEX = true" in client.get("/", headers=BROWSER).text
    assert [record.exc_info[0] for record in caplog.records] == [ValueError] * 2


def test_a_bug_of_what_answers_errors_is_shown(app, client, caplog):
    @app.error(Known)
    def known(request, error):
        raise LookupError("no such template")

    document = client.get("/handled").json
    assert document["detail"] == "LookupError: no such template"
    assert any(line.endswith("in known") for line in document["traceback"])


def test_an_http_error_that_cannot_be_sent_is_shown(caplog):
    class Unsendable(NotFound):
        extensions = 5

    def raise_it(app, request, params, route_name):
        raise Unsendable

    document = Client(Debugger(spa.App((("/", "", raise_it),)))).get("/").json
    assert document["detail"] == "TypeError: 'int' object is not iterable"


def test_an_http_error_is_no_bug(client):
    answer = client.put("/bug")
    assert answer.json == {"type": "about:blank", "title": "Not Found", "status": 404, "detail": "There is none."}


def test_the_apps_own_answers_to_errors_come_first(app, client):
    @app.error(Known)
    def known(request, error):
        return {"known": True}, 409

    assert client.get("/handled").status_code == 409
    assert "traceback" in client.get("/bug").text

    @app.error(500)
    def bug(request, error):
        return "sorry"

    assert client.get("/bug").text == "sorry"


def test_another_host_sees_nothing_of_a_bug_and_no_console(client):
    foreign = {"Host": "evil.example", **BROWSER}
    assert "ZeroDivisionError" not in client.get("/bug", headers=foreign).text
    assert client.get("/console", headers=foreign).status_code == 400


def test_what_middleware_raises_is_shown_too(app, caplog):
    def broken(environ, start_response):
        raise ValueError("middleware")

    answer = Client(Debugger(broken)).get("/")
    assert answer.status_code == 500
    assert answer.json["detail"] == "ValueError: middleware"
    assert [record.exc_info[0] for record in caplog.records] == [ValueError]


@pytest.mark.parametrize("path", ["/console", "/nothing?__debugger__=yes&cmd=resource&f=debugger.js"])
def test_without_debug_there_is_no_debugger(app, path):
    assert Client(app).get(path).status_code == 404


SERVERS = {
    "spa.run": lambda port: [sys.executable, "-m", "spa", "run", "tests.server.test_debug:make()", "--port", str(port)],
    "gunicorn": lambda port: [
        *(sys.executable, "-m", "gunicorn", "-k", "gevent", "-b", f"127.0.0.1:{port}", "tests.server.test_debug:make()")
    ],
}


def make():
    """Return the app, for a server of its own."""
    return spa.App(ROUTES)


@pytest.mark.parametrize("server", SERVERS)
def test_on_a_server_without_debug_there_is_no_debugger(server):
    port = free_port()
    with running(SERVERS[server](port), port, cwd=ROOT):
        assert wire.get(port, "/console").status == 404
        assert wire.get(port, "/nothing?__debugger__=yes&cmd=resource&f=debugger.js").status == 404
        assert wire.get(port, "/?__debugger__=yes&cmd=resource&f=debugger.js").body == b"hello"
        answer = wire.get(port, "/bug")
        assert answer.status == 500
        assert b"ZeroDivisionError" not in answer.body


def test_on_a_debugging_server_the_pin_is_told_bugs_are_shown_and_websockets_work():
    port = free_port()
    with running([*SERVERS["spa.run"](port), "--debug"], port, cwd=ROOT) as program:
        wire.wait_for(lambda: re.search(r"the PIN of the debugger is \d{3}-\d{3}-\d{3}\n", program.output()[1]))
        answer = json.loads(wire.get(port, "/bug").body)
        assert answer["traceback"][-1] == "ZeroDivisionError: division by zero"
        with wire.connect(port, "/echo") as connection:
            connection.text("still a WebSocket")
            assert connection.read_text() == "still a WebSocket"
            connection.send(wire.CLOSE, wire.close_payload(4001))
            assert connection.read_close().code == 4001
        outcome = program.stop()
    assert outcome.returncode == 0
    assert "WebSocket closed 4001" in outcome.stderr
