"""WebSockets in a test, without a network: messages, ends, refusals, and handlers that do not end."""

import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal

import gevent
import gevent.event
import pytest
from werkzeug.exceptions import Forbidden, Unauthorized

import spa
from spa.errors import InvalidMessage
from spa.testing import Client, HandshakeRefused
from spa.websocket import Limits
from tests.processes import ROOT


class Echo(spa.Handler):
    subprotocols = ("v2", "v1")

    def websocket(self):
        for message in self.ws:
            self.ws.send(message)


class Script(spa.Handler):
    """A handler that does what the test says."""

    def websocket(self):
        self.app.settings(self)


def client_of(script=None, **options):
    return Client(spa.App((("/echo/", "", Echo), ("/", "", Script)), script, **options))


@pytest.mark.parametrize("message", ["text", "", "ü" * 70_000, b"binary", b"", b"\xff" * 2**20])
def test_messages_come_back(message):
    with client_of().websocket("/echo/") as ws:
        ws.send(message)
        assert ws.receive() == message
    assert ws.close_code == 1000


def test_json_comes_back():
    with client_of().websocket("/echo/") as ws:
        ws.send_json({"a": [1, "ü"]})
        assert ws.receive_json() == {"a": [1, "ü"]}


def test_json_has_the_rules_of_the_server():
    with client_of().websocket("/echo/") as ws:
        ws.send_json({"at": datetime(2030, 1, 31, tzinfo=UTC), "price": Decimal("9.90"), "tags": {"b", "a"}})
        assert ws.receive_json() == {"at": "2030-01-31T00:00:00Z", "price": "9.90", "tags": ["a", "b"]}
        ws.send("[NaN]")
        with pytest.raises(InvalidMessage, match="NaN is not a JSON value: line 1 column 2"):
            ws.receive_json()
        ws.send(b"{}")
        with pytest.raises(InvalidMessage, match="got a binary one"):
            ws.receive_json()


def test_json_is_made_into_the_type_that_is_asked_for():
    with client_of().websocket("/echo/") as ws:
        ws.send_json(["2030-01-31"])
        assert ws.receive_json(list[date]) == [date(2030, 1, 31)]
        ws.send_json(["today"])
        with pytest.raises(InvalidMessage) as caught:
            ws.receive_json(list[date], timeout=2.0)
        assert [error["loc"] for error in caught.value.errors] == [[0]]
        with pytest.raises(TypeError, match=r"write receive_json\(timeout=0\.5\)"):
            ws.receive_json(0.5)


def test_a_handler_answers_a_message_that_does_not_fit_with_its_places_and_goes_on():
    def script(handler):
        while True:
            try:
                handler.ws.send_json(sum(handler.ws.receive_json(list[int])))
            except InvalidMessage as error:
                handler.ws.send_json({"errors": error.errors})

    with client_of(script).websocket("/") as ws:
        for message, answer in (
            ("[1, 2]", 3),
            ('[1, "2"]', {"errors": [{"loc": [1], "msg": "Must be an integer."}]}),
            ("[", {"errors": []}),
            ("[3, 4]", 7),
        ):
            ws.send(message)
            assert ws.receive_json() == answer


def test_a_message_that_does_not_fit_and_that_nobody_catches_is_1007_and_no_traceback(caplog):
    with client_of(lambda handler: handler.ws.receive_json(list[int])).websocket("/") as ws:
        ws.send('["x"]')
        with pytest.raises(spa.ConnectionClosed) as caught:
            ws.receive()
    assert (caught.value.code, caplog.records) == (1007, [])


def test_what_a_handler_returns_after_the_handshake_is_1011_and_a_traceback_that_names_the_method(caplog):
    class Page(spa.Handler):
        def websocket(self, name):
            self.ws.accept()
            return name

    client = Client(spa.App((("/<name>/", "", Page),)))
    with client.websocket("/ann/") as ws, pytest.raises(spa.ConnectionClosed) as caught:
        ws.receive()
    assert caught.value.code == 1011
    assert "str was returned after the handshake" in caplog.text
    assert "Page.websocket (" in caplog.text


def test_many_messages_stay_in_order():
    with client_of().websocket("/echo/") as ws:
        for number in range(500):
            ws.send(str(number))
        assert [ws.receive() for _ in range(500)] == [str(number) for number in range(500)]


@pytest.mark.parametrize(("offered", "chosen"), [((), None), (("v1",), "v1"), (("v1", "v2"), "v2"), (("v3",), None)])
def test_the_subprotocol_is_the_servers_choice(offered, chosen):
    with client_of().websocket("/echo/", subprotocols=offered) as ws:
        assert ws.subprotocol == chosen


def test_the_handler_sees_path_query_headers_and_cookies():
    def script(handler):
        request = handler.request
        handler.ws.send_json(
            [request.path, request.args["a"], request.headers["X-Own"], request.cookies["c"], request.url]
        )

    client = client_of(script)
    client.set_cookie("c", "d", domain="app.example")
    with client.websocket("/", query_string={"a": "b"}, headers={"X-Own": "1"}, base_url="https://app.example") as ws:
        assert ws.receive_json() == ["/", "b", "1", "d", "https://app.example/?a=b"]


def test_cookies_of_the_answer_are_kept():
    client = client_of(lambda handler: handler.ws.accept(headers=[("Set-Cookie", "a=b; Path=/"), ("X-Own", "1")]))
    with client.websocket("/") as ws:
        assert ("X-Own", "1") in ws.headers
    assert client.get_cookie("a").value == "b"


# Ends.


def test_when_the_handler_returns_the_code_is_1000_after_what_it_has_sent():
    with client_of(lambda handler: handler.ws.send("bye")).websocket("/") as ws:
        assert ws.close_code is None
        assert ws.receive() == "bye"
        for _ in range(2):
            with pytest.raises(spa.ConnectionClosed) as caught:
                ws.receive()
            assert caught.value.code == 1000
        with pytest.raises(spa.ConnectionClosed):
            ws.send("too late")
    assert (ws.close_code, ws.close_reason) == (1000, "")


def test_when_the_handler_raises_the_code_is_1011_and_the_log_has_the_traceback(caplog):
    def script(handler):
        handler.ws.send("bye")
        raise ValueError("secret")

    with client_of(script).websocket("/") as ws:
        assert ws.receive() == "bye"
        with pytest.raises(spa.ConnectionClosed) as caught:
            ws.receive()
    assert (caught.value.code, caught.value.reason) == (1011, "")
    assert [str(record.exc_info[1]) for record in caplog.records] == ["secret"]


def test_a_handler_that_closes_says_code_and_reason():
    with client_of(lambda handler: handler.ws.close(4001, "not you")).websocket("/") as ws:
        with pytest.raises(spa.ConnectionClosed) as caught:
            ws.receive()
        assert (caught.value.code, caught.value.reason) == (4001, "not you")
    assert (ws.close_code, ws.close_reason) == (4001, "not you")


def test_the_handler_gets_the_code_and_reason_of_the_client():
    ends = []

    def script(handler):
        ends.append(handler.ws.receive())
        ends.append((handler.ws.close_code, handler.ws.close_reason))

    with client_of(script).websocket("/") as ws:
        ws.close(4000, "bye")
        ws.close()
        assert ws.close_code == 4000
        with pytest.raises(spa.ConnectionClosed):
            ws.receive()
    assert ends == [None, (4000, "bye")]


def test_messages_that_came_before_the_close_can_still_be_received():
    with client_of(lambda handler: (handler.ws.send("one"), handler.ws.receive())).websocket("/") as ws:
        ws.close()
        assert ws.receive() == "one"


def test_a_message_that_is_too_large_is_1009():
    with client_of(websocket_limits=Limits(max_message=10)).websocket("/echo/") as ws:
        ws.send("x" * 11)
        with pytest.raises(spa.ConnectionClosed) as caught:
            ws.receive()
    assert caught.value.code == 1009


def test_a_server_that_stops_says_1001():
    client = client_of()
    with client.websocket("/echo/") as ws:
        client.application.connections.send_away()
        with pytest.raises(spa.ConnectionClosed) as caught:
            ws.receive()
    assert caught.value.code == 1001


def test_after_the_with_statement_the_handler_has_ended():
    done = []

    class Handler(spa.Handler):
        def websocket(self):
            self.ws.accept()
            for _ in self.ws:
                pass
            done.append("websocket")

        def websocket_close(self):
            done.append("websocket_close")

    with Client(spa.App((("/", "", Handler),))).websocket("/"):
        assert done == []
    assert done == ["websocket", "websocket_close"]


def test_a_handler_that_waits_elsewhere_is_stopped_as_on_a_server():
    done = []

    def script(handler):
        handler.ws.accept()
        try:
            gevent.sleep(1000)
        finally:
            done.append(True)

    with client_of(script, websocket_limits=Limits(stop_after=0.01)).websocket("/"):
        pass
    assert done == [True]


# Limits.


def test_waiting_for_a_message_has_a_limit_and_the_websocket_goes_on():
    with client_of().websocket("/echo/") as ws:
        with pytest.raises(TimeoutError, match=r"no message within 0\.01 s"):
            ws.receive(timeout=0.01)
        ws.send("x")
        assert ws.receive() == "x"


def test_a_handler_that_never_ends_is_told_and_killed():
    killed = gevent.event.Event()

    def script(handler):
        handler.ws.accept()
        try:
            gevent.sleep(1000)
        finally:
            killed.set()

    ws = client_of(script, websocket_limits=Limits(stop_after=None)).websocket("/", timeout=0.05)
    with pytest.raises(TimeoutError, match=r"the handler of / is still running 0\.05 s after its client has left"), ws:
        pass
    assert killed.wait(5)


def test_a_handler_that_neither_accepts_nor_refuses_is_told():
    with pytest.raises(TimeoutError, match=r"the handler of / neither calls self\.ws\.accept\(\) nor refuses"):
        client_of(lambda handler: gevent.sleep(1000)).websocket("/", timeout=0.05)


def test_sending_to_a_handler_that_does_not_receive_has_a_limit():
    def script(handler):
        handler.ws.accept()
        gevent.sleep(1000)

    def fill(ws):
        while True:
            ws.send(b"x" * 2**19)

    ws = client_of(script).websocket("/", timeout=0.05)
    with pytest.raises(TimeoutError, match="does not receive"), ws:
        fill(ws)


def test_what_a_test_raises_is_not_hidden_by_how_the_handler_ends():
    def script(handler):
        handler.ws.accept()
        gevent.sleep(1000)

    with pytest.raises(KeyError), client_of(script).websocket("/", timeout=0.05):
        raise KeyError


# Refusals.


def raise_error(error):
    raise error


@pytest.mark.parametrize(
    ("path", "options", "status"),
    [
        ("/nowhere/", {}, 404),
        ("/", {"headers": {"Origin": "http://evil.example"}}, 403),
        ("/", {"headers": {"Origin": "http://localhost"}}, 200),
        ("/", {"headers": [("Sec-WebSocket-Version", "12")]}, 426),
        ("/", {"headers": {"Sec-WebSocket-Key": "short"}}, 400),
        ("/", {"headers": {"Connection": "close"}}, 426),
    ],
)
def test_a_refused_handshake_is_its_http_answer(path, options, status):
    client = client_of(lambda handler: handler.ws.accept())
    if status == 200:
        with client.websocket(path, **options):
            pass
        return
    with pytest.raises(HandshakeRefused, match=str(status)) as caught:
        client.websocket(path, **options)
    assert caught.value.response.status_code == status
    assert caught.value.response.json["status"] == status


@pytest.mark.parametrize(("error", "status"), [(Unauthorized("Log in."), 401), (Forbidden(), 403), (KeyError(), 500)])
def test_what_the_handler_raises_before_it_sends_is_its_http_answer(error, status):
    with pytest.raises(HandshakeRefused) as caught:
        client_of(lambda handler: raise_error(error)).websocket("/")
    assert caught.value.response.status_code == status


def test_cookies_of_a_refusal_are_kept():
    class Handler(spa.Handler):
        def prepare(self):
            return "no", 403, {"Set-Cookie": "a=b; Path=/"}

        def websocket(self):
            self.ws.accept()

    client = Client(spa.App((("/", "", Handler),)))
    with pytest.raises(HandshakeRefused):
        client.websocket("/")
    assert client.get_cookie("a").value == "b"


# Around the app.


class Middleware:
    """A WSGI wrapper that starts the answer itself, iterates the body itself, and adds a cookie."""

    def __init__(self, app):
        self.app = app

    def __call__(self, environ, start_response):
        def start(status, headers, exc_info=None):
            return start_response(status, [*headers, ("X-Middleware", "1")], exc_info)

        body = self.app(dict(environ), start)
        try:
            yield from body
        finally:
            if hasattr(body, "close"):
                body.close()


def test_it_works_through_middleware():
    client = Client(Middleware(client_of().application))
    with client.websocket("/echo/") as ws:
        ws.send("x")
        assert ws.receive() == "x"
    with pytest.raises(HandshakeRefused) as caught:
        client.websocket("/nowhere/")
    assert caught.value.response.headers["X-Middleware"] == "1"


def test_it_works_in_a_mounted_app():
    client = Client(spa.App((spa.mount("/below", client_of().application),)))
    with client.websocket("/below/echo/") as ws:
        ws.send("x")
        assert ws.receive() == "x"


def test_what_a_wsgi_app_raises_is_raised_in_the_test():
    def app(environ, start_response):
        raise KeyError("middleware")

    with pytest.raises(KeyError, match="middleware"):
        Client(app).websocket("/")


def test_what_middleware_raises_after_the_websocket_is_raised_at_the_end():
    inner = client_of().application

    def app(environ, start_response):
        list(inner(environ, start_response))
        raise KeyError("middleware")

    ws = Client(app).websocket("/echo/")
    ws.send("x")
    assert ws.receive() == "x"
    with pytest.raises(KeyError, match="middleware"), ws:
        ws.close()


@pytest.mark.parametrize(
    "prelude",
    [
        "import warnings; warnings.filterwarnings('ignore', 'the standard library is not patched', RuntimeWarning)",
        "from gevent.monkey import patch_all; patch_all()",
    ],
    ids=["without", "with"],
)
def test_it_works_with_and_without_monkey_patching_and_leaves_no_socket(prelude):
    program = f"""
{prelude}
import gc
import spa
from spa.testing import Client

class Echo(spa.Handler):
    def get(self):
        return spa.EventStream(["a"])

    def websocket(self):
        for message in self.ws:
            self.ws.send(message)

client = Client(spa.App((("/", "", Echo),)))
with client.websocket("/") as ws:
    ws.send("x")
    assert ws.receive() == "x"
with client.events("/") as events:
    assert [event.data for event in events] == ["a"]
del ws, events
gc.collect()
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
