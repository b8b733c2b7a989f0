"""Hold the app as a WSGI app: settings, the answer to whatever a handler raises, and the letter of PEP 3333."""

import io
import logging
from asyncio import CancelledError
from io import BytesIO
from wsgiref.handlers import SimpleHandler
from wsgiref.validate import validator

import gevent
import pytest
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import (
    Forbidden,
    Gone,
    HTTPException,
    MethodNotAllowed,
    NotFound,
    RequestedRangeNotSatisfiable,
    ServiceUnavailable,
    TooManyRequests,
    Unauthorized,
    abort,
)
from werkzeug.routing import BaseConverter
from werkzeug.test import Client, create_environ, run_wsgi_app
from werkzeug.utils import redirect
from werkzeug.wrappers import Request as WerkzeugRequest
from werkzeug.wsgi import FileWrapper

import spa
from spa.environ import REQUEST_ID
from spa.static.smart import SmartStatic

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
HANDSHAKE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


def raising(error):
    """Return a handler class whose verbs raise."""

    class Failing(spa.Handler):
        def get(self):
            raise error

        post = get

    return Failing


def serve(app, path="/", method="GET"):
    """Send a request through the standard library's WSGI server, which is strict, and return what it wrote."""
    out, err = io.BytesIO(), io.StringIO()
    environ = {key: value for key, value in create_environ(path, method=method).items() if isinstance(value, str)}
    SimpleHandler(io.BytesIO(), out, err, environ, multithread=False, multiprocess=False).run(app)
    head, _, body = out.getvalue().partition(b"\r\n\r\n")
    return head.decode("latin-1"), body


# Setting up


def test_the_settings_are_the_users_own():
    settings = object()
    assert spa.App((), settings).settings is settings
    assert spa.App(()).settings is None


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"subprotocols": "chat"}, "write ['chat']"),
        ({"subprotocols": ["my chat"]}, "'my chat' is not the name of a subprotocol"),
        ({"allowed_origins": "https://a.example"}, "write ['https://a.example']"),
        ({"allowed_origins": ["a.example"]}, "write scheme://host"),
        ({"allowed_origins": ["https://*.a.example"]}, "name each one"),
        ({"trusted_hosts": "a.example"}, "write ['a.example']"),
        ({"trusted_hosts": ["*.a.example"]}, "write '.app.example'"),
        ({"request_class": object}, "request_class is a subclass of spa.Request"),
        ({"request_class": WerkzeugRequest}, "request_class is a subclass of spa.Request"),
        ({"request_class": lambda environ: spa.Request(environ)}, "request_class is a subclass of spa.Request"),
        ({"websocket_limits": 5}, "spa.websocket.Limits(max_message=2**20), not 5"),
        ({"websocket_limits": {"max_message": 5}}, "spa.websocket.Limits(max_message=2**20), not {"),
        ({"converters": {"x": int}}, "the converter 'x' is a subclass of werkzeug.routing.BaseConverter"),
    ],
)
def test_a_wrong_setting_is_a_setup_error_that_says_what_to_write(options, words):
    with pytest.raises(spa.SetupError) as caught:
        spa.App((), **options)
    assert words in str(caught.value)


def test_two_apps_do_not_share_routes():
    one = spa.App((("/one", "page", raising(Forbidden)),))
    two = spa.App((("/two", "page", raising(Forbidden)),))
    assert (one.url("page"), two.url("page")) == ("/one", "/two")
    assert [Client(one).get(path).status_code for path in ("/one", "/two")] == [403, 404]


# The letter of PEP 3333


def everything():
    """Return an app with each kind of answer, for tables of requests."""

    class Page(spa.Handler):
        def get(self):
            return "text"

        def post(self):
            return {"got": self.request.get_data(as_text=True)}

        def put(self):
            return None

        def patch(self):
            return redirect("/page", 303)

        def delete(self):
            raise RuntimeError

    class Stream(spa.Handler):
        def get(self):
            yield "a"
            yield b"b"

    class Stuck(spa.Handler):
        def get(self):
            raise TooManyRequests(retry_after=1)

    class Socket(spa.Handler):
        def websocket(self):
            raise Forbidden

    class Values(spa.JSONHandler):
        def get(self):
            return [1]

        def post(self):
            return self.request.json()

        def put(self):
            raise RuntimeError

    @validator
    def foreign(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"foreign"]

    def function(app, request, params, route_name):
        return foreign

    class Returning(spa.Handler):
        def get(self):
            return foreign

    return spa.App(
        (
            ("/page", "", Page),
            ("/stream", "", Stream),
            ("/stuck", "", Stuck),
            ("/socket", "", Socket),
            ("/values", "", Values),
            ("/function", "", function),
            ("/returning", "", Returning),
            ("/slash/", "", Page),
            spa.mount("/mounted", foreign),
            spa.mount("/inner", validator(spa.App((("/", "", Page), ("/slash/", "", Page))))),
        )
    )


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/page", 200),
        ("HEAD", "/page", 200),
        ("POST", "/page", 200),
        ("PUT", "/page", 204),
        ("PATCH", "/page", 303),
        ("DELETE", "/page", 500),
        ("OPTIONS", "/page", 204),
        ("TRACE", "/page", 405),
        ("GET", "/stream", 200),
        ("HEAD", "/stream", 200),
        ("POST", "/stream", 405),
        ("GET", "/stuck", 429),
        ("HEAD", "/stuck", 429),
        ("GET", "/socket", 426),
        ("OPTIONS", "/socket", 204),
        ("GET", "/values", 200),
        ("HEAD", "/values", 200),
        ("POST", "/values", 415),
        ("PUT", "/values", 500),
        ("GET", "/function", 200),
        ("GET", "/returning", 200),
        ("HEAD", "/returning", 200),
        ("GET", "/slash", 308),
        ("HEAD", "/slash", 308),
        ("POST", "/slash", 308),
        ("GET", "/nothing", 404),
        ("HEAD", "/nothing", 404),
        ("OPTIONS", "/nothing", 404),
        ("GET", "/mounted", 200),
        ("GET", "/mounted/x", 200),
        ("GET", "/inner/", 200),
        ("GET", "/inner/slash", 308),
        ("DELETE", "/inner/", 500),
        ("GET", "/inner/nothing", 404),
    ],
)
@pytest.mark.parametrize("headers", [{}, BROWSER], ids=["client", "browser"])
def test_every_answer_keeps_to_the_letter_of_wsgi(method, path, status, headers):
    data = b"body" if method in ("POST", "PUT", "PATCH") else None
    client = Client(validator(everything()))
    response = client.open(path, method=method, data=data, headers=headers, buffered=True)
    assert response.status_code == status
    if method == "HEAD":
        assert response.data == b""


@pytest.mark.parametrize(
    ("path", "status"), [("/socket", 403), ("/page", 400), ("/nothing", 404), ("/slash", 400), ("/inner/", 400)]
)
def test_every_refusal_of_an_upgrade_keeps_to_the_letter_of_wsgi(path, status):
    response = Client(validator(everything())).get(path, headers=HANDSHAKE, buffered=True)
    assert response.status_code == status


@pytest.mark.parametrize("path", ["/page", "/stream", "/nothing", "/slash", "/mounted/x", "/values"])
def test_a_strict_server_gets_one_whole_answer(path):
    head, body = serve(everything(), path)
    lines = head.split("\r\n")
    assert sum(line.lower().startswith("content-type:") for line in lines) == 1
    lengths = [int(line.split(":")[1]) for line in lines if line.lower().startswith("content-length:")]
    assert lengths in ([len(body)], [])


# Errors


@pytest.mark.parametrize(
    ("error", "name", "value"),
    [
        (MethodNotAllowed(["GET", "HEAD"]), "Allow", "GET, HEAD"),
        (TooManyRequests(retry_after=60), "Retry-After", "60"),
        (ServiceUnavailable(retry_after=5), "Retry-After", "5"),
        (Unauthorized(www_authenticate=WWWAuthenticate("basic", {"realm": "x"})), "WWW-Authenticate", "Basic realm=x"),
        (RequestedRangeNotSatisfiable(10), "Content-Range", "bytes */10"),
    ],
)
@pytest.mark.parametrize("headers", [{}, BROWSER], ids=["client", "browser"])
def test_the_headers_of_an_error_reach_the_client(error, name, value, headers):
    response = Client(spa.App((("/", "", raising(error)),))).get("/", headers=headers)
    assert response.status_code == error.code
    assert response.headers.getlist(name) == [value]


@pytest.mark.parametrize("where", ["function", "factory", "init", "mount", "request class", "callable"])
def test_an_http_error_may_be_raised_anywhere(where):
    def function(app, request, params, route_name):
        raise Forbidden

    class Constructor(spa.Handler):
        def __init__(self, *arguments, **kwargs):
            raise Forbidden

    class Strict(spa.Request):
        def __init__(self, environ):
            raise Forbidden

    def wsgi_app(environ, start_response):
        raise Forbidden

    routes = {
        "function": ("/", "", function),
        "factory": ("/", "", lambda *arguments: wsgi_app),
        "init": ("/", "", Constructor),
        "mount": spa.mount("/x", wsgi_app),
        "request class": ("/", "", function),
        "callable": ("/", "", type("H", (spa.Handler,), {"get": lambda self: wsgi_app})),
    }
    app = spa.App((routes[where],), request_class=Strict if where == "request class" else None)
    assert Client(app).get("/x" if where == "mount" else "/").status_code == 403


def test_an_http_error_is_not_logged(caplog):
    client = Client(spa.App((("/", "", raising(Forbidden)),)))
    assert [client.get(path).status_code for path in ("/", "/nothing")] == [403, 404]
    assert caplog.records == []


@pytest.mark.parametrize("headers", [{}, BROWSER], ids=["client", "browser"])
def test_a_bug_is_logged_once_and_leaks_nothing(headers, caplog):
    client = Client(spa.App((("/users/<name>", "", type("H", (spa.Handler,), {"get": lambda self, name: 1 / 0})),)))
    response = client.get("/users/ann?token=secret", headers=headers)
    assert response.status_code == 500
    for word in ("ZeroDivision", "division", "Traceback", "ann", "secret", "test_app", "lambda", "spa"):
        assert word not in response.text
    assert len(caplog.records) == 1
    record = caplog.records[0]
    assert (record.name, record.levelno) == ("spa", logging.ERROR)
    assert record.exc_info[0] is ZeroDivisionError
    assert "GET /users/ann" in record.getMessage()
    assert "secret" not in record.getMessage()


@pytest.mark.parametrize(
    "error",
    [
        SystemExit,
        SystemExit("bye"),
        MemoryError,
        RecursionError,
        StopIteration,
        AssertionError,
        OSError,
        BaseExceptionGroup("x", [ValueError()]),
        BaseExceptionGroup("x", [SystemExit()]),
        BaseException("own"),
        CancelledError,
    ],
)
def test_whatever_a_handler_raises_only_its_request_fails(error, caplog):
    class Fine(spa.Handler):
        def get(self):
            return "fine"

    client = Client(spa.App((("/bad", "", raising(error)), ("/", "", Fine))))
    assert [client.get("/bad").status_code, client.get("/").text] == [500, "fine"]
    assert [record.exc_info is not None for record in caplog.records] == [True]


def test_a_handler_that_recurses_without_end_is_500(caplog):
    class Deep(spa.Handler):
        def get(self):
            return self.get()

    assert Client(spa.App((("/", "", Deep),))).get("/").status_code == 500
    assert len(caplog.records) == 1


def test_a_handler_that_is_stopped_is_500_and_one_log_line(caplog):
    client = Client(spa.App((("/", "", raising(gevent.GreenletExit)),)))
    assert client.get("/").status_code == 500
    assert len(caplog.records) == 1
    assert "GET /" in caplog.text


@pytest.mark.parametrize("error", [KeyboardInterrupt, GeneratorExit])
def test_the_end_of_the_program_is_no_error_of_a_request(error, caplog):
    app = spa.App((("/", "", raising(error)),))

    @app.error(404)
    def end(request, not_found):
        raise error

    for path in ("/", "/nothing"):
        with pytest.raises(error):
            Client(app).get(path)
    assert not caplog.records


def test_a_bug_that_is_no_exception_has_its_error_handler(caplog):
    app = spa.App((("/", "", raising(CancelledError)),))

    @app.error(500)
    def answer(request, error):
        raise BaseException(repr(error.original_exception))

    assert Client(app).get("/").json["status"] == 500
    bug, another = caplog.records
    assert bug.exc_info[0] is CancelledError
    assert repr(another.exc_info[1]) == "BaseException('CancelledError()')"


@pytest.mark.parametrize(
    "path", ["/<script>alert(1)<script>", "/" + "x" * 100_000, "/%s%n{0}", "/\x1b[31m\r\nfake: line"]
)
@pytest.mark.parametrize("headers", [{}, BROWSER], ids=["client", "browser"])
@pytest.mark.parametrize("status", [404, 500])
def test_the_path_of_an_error_is_neither_echoed_nor_unbounded(path, headers, status, caplog):
    def failing(app, request, params, route_name):
        raise RuntimeError

    routes = (("/<path>", "", failing),) if status == 500 else ()
    response = Client(spa.App(routes)).get("/", headers=headers, environ_overrides={"PATH_INFO": path})
    assert response.status_code == status
    assert "script" not in response.text
    assert len(response.data) < 2000
    for record in caplog.records:
        assert record.getMessage().isprintable()
        assert len(record.getMessage()) < 2000
    assert len(caplog.records) == (status == 500)


@pytest.mark.parametrize("bad", ["\r\nX-Evil: 1", "\n", "\r", "\0"])
@pytest.mark.parametrize("where", ["location", "header", "name", "type", "tuple", "error", "json"])
def test_a_line_break_in_a_header_is_500_and_injects_nothing(bad, where, caplog):
    class Named(Forbidden):
        def get_headers(self, environ=None, scope=None):
            return [("X-Name", bad)]

    class Unsafe(spa.Handler):
        def get(self):
            if where == "location":
                return spa.Response(status=302, headers={"Location": f"/{bad}"})
            if where == "header":
                return spa.Response("x", headers={"X-Name": f"a{bad}"})
            if where == "name":
                return spa.Response("x", headers={f"X-Name{bad}": "a"})
            if where == "type":
                return spa.Response("x", content_type=f"text/{bad}")
            if where == "tuple":
                return "x", 200, {"X-Name": f"a{bad}"}
            if where == "json":
                return spa.JSONResponse({}, headers={"X-Name": f"a{bad}"})
            raise Named

    head, body = serve(spa.App((("/", "", Unsafe),)))
    assert head.splitlines()[0].endswith("500 INTERNAL SERVER ERROR")
    assert "X-Name" not in head
    assert "Evil" not in head + body.decode()
    assert len(caplog.records) == 1


@pytest.mark.parametrize("bad", ["\r\nX-Evil: 1", "\0"])
def test_a_redirect_to_a_location_with_a_line_break_injects_nothing(bad):
    head, _ = serve(spa.App((("/", "", lambda *arguments: redirect(f"/a{bad}")),)))
    lines = [line.partition(":")[0] for line in head.splitlines()]
    assert "X-Evil" not in lines
    assert "\0" not in head


@pytest.mark.parametrize("bad", ["\r\nX-Evil: 1", "\n", "\0", "; Path=/evil", "é"])
def test_a_cookie_value_with_a_line_break_injects_nothing(bad):
    class Login(spa.Handler):
        def get(self):
            response = spa.Response("x")
            response.set_cookie("name", f"a{bad}")
            return response

    client = Client(spa.App((("/", "", Login),)))
    assert "X-Evil" not in client.get("/").headers
    assert client.get_cookie("name").decoded_value == f"a{bad}"
    assert client.get_cookie("name").path == "/"


def test_an_answer_that_was_started_is_replaced_by_the_error(caplog):
    def half(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain"), ("X-Half", "1")])
        raise RuntimeError

    class Half(spa.Handler):
        def get(self):
            return half

    for app in (
        spa.App((("/", "", Half),)),
        spa.App((spa.mount("/x", half),)),
        spa.App((("/", "", lambda *arguments: half),)),
    ):
        head, _ = serve(app, "/x" if app.router.mounts else "/")
        assert head.splitlines()[0].endswith("500 INTERNAL SERVER ERROR")
        assert "X-Half" not in head
    assert len(caplog.records) == 3


def test_an_http_error_replaces_an_answer_that_was_started():
    def half(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain"), ("X-Half", "1")])
        raise NotFound

    head, body = serve(spa.App((("/", "", lambda *arguments: half),)))
    assert head.splitlines()[0].endswith("404 NOT FOUND")
    assert "X-Half" not in head
    assert b'"status": 404' in body


def test_an_answer_whose_headers_are_sent_is_not_replaced():
    def late(environ, start_response):
        write = start_response("200 OK", [("Content-Type", "text/plain")])
        write(b"first")
        raise RuntimeError

    head, body = serve(spa.App((("/", "", lambda *arguments: late),)))
    assert head.splitlines()[0].endswith("200 OK")
    assert body == b"first"


def test_a_head_request_whose_stream_fails_is_answered():
    def failing(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        yield from [1 // 0]

    class Stream(spa.Handler):
        def get(self):
            return failing

    assert serve(spa.App((("/", "", Stream),)), method="HEAD")[0].splitlines()[0].endswith("500 INTERNAL SERVER ERROR")


def test_the_first_call_of_an_error_carries_no_exception():
    # Werkzeug's test client raises whatever exception an answer carries; a 404 would be none that it can show.
    calls = []

    def start_response(status, headers, exc_info=None):
        calls.append((status, exc_info))

    for routes in ((), (("/", "", raising(RuntimeError)),)):
        list(spa.App(routes)(create_environ("/"), start_response))
    assert calls == [("404 NOT FOUND", None), ("500 INTERNAL SERVER ERROR", None)]


# Upgrades


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/page", HANDSHAKE, 400),
        ("/page/", HANDSHAKE, 404),
        ("/nothing", HANDSHAKE, 404),
        ("/socket", {}, 426),
        ("/socket", {"Upgrade": "websocket"}, 426),
        ("/socket", {"Upgrade": "h2c", "Connection": "Upgrade"}, 426),
    ],
)
def test_what_is_no_websocket_is_refused_over_http(path, headers, status):
    class Page(spa.Handler):
        def get(self):
            return "x"

    class Socket(spa.Handler):
        def websocket(self):
            self.ws.accept()

    response = Client(spa.App((("/page", "", Page), ("/socket", "", Socket)))).get(path, headers=headers)
    assert response.status_code == status
    assert response.headers.getlist("Upgrade") == (["websocket"] if status == 426 else [])


def test_a_server_that_cannot_carry_websockets_is_told_so():
    class Socket(spa.Handler):
        def websocket(self):
            self.ws.accept()

    response = Client(spa.App((("/", "", Socket),))).get("/", headers=HANDSHAKE)
    assert response.status_code == 501
    assert "gunicorn -k gevent" in response.json["detail"]


# Error handlers


class NoStock(Exception):
    """An error of the program's own."""


@pytest.mark.parametrize(
    ("key", "error", "value", "status", "text"),
    [
        (404, NotFound, "nothing", 404, "nothing"),
        (404, NotFound, {"a": 1}, 404, '{"a": 1}'),
        (404, NotFound, ("gone", 410), 410, "gone"),
        (404, NotFound, spa.Response("fine"), 200, "fine"),
        (404, NotFound, None, 404, ""),
        (NoStock, NoStock, "sold out", 500, "sold out"),
        (NoStock, NoStock, ("sold out", 409), 409, "sold out"),
        (NoStock, NoStock, (part for part in ["sold ", "out"]), 500, "sold out"),
        (500, NoStock, "sorry", 500, "sorry"),
    ],
)
def test_an_error_handler_answers(key, error, value, status, text):
    app = spa.App((("/", "", raising(error)),))
    app.error(key)(lambda request, error: value)
    response = Client(app).get("/")
    assert (response.status_code, response.text) == (status, text)


def test_an_error_handler_is_given_request_and_exception():
    app = spa.App((("/", "", raising(NoStock("7"))),))

    @app.error(NoStock)
    def sold_out(request, error):
        return f"{request.path} {error}", 409

    assert sold_out(type("R", (), {"path": "x"}), 1) == ("x 1", 409)  # it stays what it was
    assert Client(app).get("/").text == "/ 7"


def test_what_no_route_was_found_for_reaches_the_handler_too():
    app = spa.App(())
    app.error(404)(lambda request, error: f"no {request.path}")
    assert Client(app).get("/x").text == "no /x"


def test_an_error_with_a_handler_is_not_logged_and_a_bug_behind_a_500_handler_is(caplog):
    app = spa.App((("/", "", raising(NoStock)),))
    app.error(NoStock)(lambda request, error: ("sold out", 409))
    Client(app).get("/")
    assert caplog.records == []
    app = spa.App((("/", "", raising(NoStock)),))
    seen = []
    app.error(500)(lambda request, error: seen.append(error) or "sorry")
    Client(app).get("/")
    assert len(caplog.records) == 1
    assert isinstance(seen[0].original_exception, NoStock)


def test_an_error_handler_that_fails_is_a_bug(caplog):
    app = spa.App((("/", "", raising(NotFound)),))
    app.error(404)(lambda request, error: 1 / 0)
    response = Client(app).get("/")
    assert response.status_code == 500
    assert "division" not in response.text
    assert [record.exc_info[0] for record in caplog.records] == [ZeroDivisionError]


class Unsendable(NotFound):
    extensions = {"a": object()}  # noqa: RUF012


def test_an_error_that_cannot_be_rendered_is_a_bug_and_no_error_handler_is_blamed(caplog):
    app = spa.App((("/", "", raising(Unsendable)), ("/gone", "", raising(Gone))))

    @app.error(410)
    def gone(request, error):
        raise Unsendable

    for path in ("/", "/gone"):
        caplog.clear()
        response = Client(app).get(path)
        assert (response.status_code, response.content_type) == (500, "application/problem+json")
        (record,) = caplog.records
        assert record.exc_info[0] is TypeError
        assert "Unsendable has extensions or headers that cannot be sent" in record.getMessage()


@pytest.mark.parametrize("value", [5, ("x", "abc"), NotFound])
def test_an_error_handler_whose_answer_is_none_is_named_in_the_log(value, caplog):
    def not_found(request, error):
        return value

    app = spa.App(())
    app.error(404)(not_found)
    assert Client(app).get("/").status_code == 500
    (record,) = caplog.records
    (note,) = record.exc_info[1].__notes__
    assert f"{not_found.__qualname__} (" in note
    assert "test_app.py, line " in note


def test_an_error_handler_may_raise_an_http_error():
    def refuse(request, error):
        raise Forbidden("Not for you.")

    app = spa.App((("/", "", raising(NotFound)),))
    app.error(404)(refuse)
    app.error(403)(lambda request, error: "not reached: the answer to an error is not looked up again")
    assert Client(app).get("/").json["detail"] == "Not for you."


def test_an_error_is_named_in_log_and_answer_alike(caplog):
    response = Client(spa.App((("/", "", raising(ValueError)),))).get("/")
    name = response.json["request_id"]
    assert f"[{name}]" in caplog.text
    assert response.headers["X-Request-ID"] == name


def test_a_mounted_app_and_its_server_name_a_request_alike(caplog):
    inner = spa.App((spa.mount("/in", spa.App((("/", "", raising(ValueError)),))),))
    environ = create_environ("/out/in/")
    list(spa.App((spa.mount("/out", inner),))(environ, lambda *arguments: None))
    assert f"[{environ[REQUEST_ID]}]" in caplog.text


# Streams


def test_an_error_before_the_first_piece_of_a_stream_is_an_ordinary_answer(caplog):
    class Stream(spa.Handler):
        def get(self):
            if "x" not in self.request.args:
                raise NotFound
            yield "x"

    client = Client(spa.App((("/", "", Stream),)))
    assert client.get("/").status_code == 404
    assert client.get("/?x=1").text == "x"
    assert caplog.records == []


def test_an_error_after_the_first_piece_breaks_off_and_is_logged_once(caplog):
    class Stream(spa.Handler):
        def get(self):
            yield "x"
            raise RuntimeError

    response = Client(spa.App((("/", "", Stream),))).get("/", buffered=False)
    pieces = iter(response.response)
    assert next(pieces) == b"x"
    with pytest.raises(ConnectionResetError):
        next(pieces)
    assert [record.exc_info[0] for record in caplog.records] == [RuntimeError]


def test_the_servers_own_file_wrapper_reaches_the_server():
    class Wrapper:
        def __init__(self, file, size=8192):
            self.file = file

        def __iter__(self):
            return iter([self.file.read()])

    class File(spa.Handler):
        def get(self):
            def wrapped(environ, start_response):
                start_response("200 OK", [("Content-Type", "text/plain")])
                return environ["wsgi.file_wrapper"](io.BytesIO(b"x"))

            return wrapped

    environ = {**create_environ(), "wsgi.file_wrapper": Wrapper}
    assert isinstance(spa.App((("/", "", File),))(environ, lambda *arguments: None), Wrapper)


# The answer to HEAD has no body, whatever the route


def plain_app(environ, start_response):
    start_response("200 OK", [("Content-Length", "2"), ("X-A", "1")])
    return [b"hi"]


def writing_app(environ, start_response):
    write = start_response("200 OK", [("Content-Length", "2"), ("X-A", "1")])
    write(b"hi")
    return []


def late_app(environ, start_response):
    start_response("200 OK", [("Content-Length", "2"), ("X-A", "1")])
    yield b"hi"


def later_app(environ, start_response):
    yield b""
    start_response("200 OK", [("Content-Length", "2"), ("X-A", "1")])
    yield b"hi"


def overriding_app(environ, start_response):
    environ["REQUEST_METHOD"] = "GET"
    return plain_app(environ, start_response)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("wsgi_app", [plain_app, writing_app, late_app, later_app, overriding_app])
@pytest.mark.parametrize("route", ["mount", "function", "handler", "app", "error handler", "raised"])
def test_head_has_no_body_whatever_the_route(route, wsgi_app, method):
    function = ("/m", "", lambda *arguments: wsgi_app)
    item = {
        "mount": spa.mount("/m", wsgi_app),
        "function": function,
        "handler": ("/m", "", type("H", (spa.Handler,), {"get": lambda self: wsgi_app})),
        "app": spa.mount("/m", spa.App((("/", "", lambda *arguments: wsgi_app),))),
        "error handler": ("/m", "", raising(NoStock)),
        "raised": ("/m", "", raising(HTTPException(response=wsgi_app))),
    }[route]
    app = spa.App((item,))
    app.error(NoStock)(lambda request, error: wsgi_app)
    head, body = serve(app, "/m/" if route == "app" else "/m", method=method)
    assert "Content-Length: 2" in head
    assert "X-A: 1" in head
    assert body == (b"hi" if method == "GET" else b"")


def test_the_body_that_head_has_not_is_closed():
    class Body(list):
        closed = 0

        def close(self):
            self.closed += 1

    body = Body([b"hi"])

    def closing(environ, start_response):
        start_response("200 OK", [])
        return body

    serve(spa.App((spa.mount("/m", closing),)), "/m", method="HEAD")
    assert body.closed == 1


# Answers that are none


@pytest.mark.parametrize("value", [None, "text", {"a": 1}, 3])
def test_a_function_that_returns_no_wsgi_callable_is_named_in_the_log(value, caplog):
    def page(app, request, params, route_name):
        return value

    assert Client(spa.App((("/<name>", "", page),))).get("/x").status_code == 500
    (record,) = caplog.records
    text = str(record.exc_info[1])
    assert f"tests.test_app.{page.__qualname__}, for the route '/<name>', returned {type(value).__name__}" in text
    assert "returns a WSGI callable, such as spa.Response" in text


def test_an_http_error_that_a_function_returns_is_rendered_as_one_that_is_raised():
    response = Client(spa.App((("/", "", lambda *args: NotFound("Gone.")),))).get("/")
    assert (response.status_code, response.content_type) == (404, "application/problem+json")


def test_the_class_of_an_http_error_that_a_function_returns_is_named_in_the_log(caplog):
    assert Client(spa.App((("/", "", lambda *args: NotFound),))).get("/").status_code == 500
    (record,) = caplog.records
    assert "write raise NotFound" in str(record.exc_info[1])
    assert "for the route '/'" in record.exc_info[1].__notes__[0]


def test_a_function_whose_answer_is_wrong_is_named_in_the_log(caplog):
    def page(app, request, params, route_name):
        return spa.Response("x", 99999)

    assert Client(spa.App((("/", "", page),))).get("/").status_code == 500
    (record,) = caplog.records
    assert page.__qualname__ in record.exc_info[1].__notes__[0]


@pytest.mark.parametrize("length", [3, 10])
@pytest.mark.parametrize("make", [list, tuple, iter])
def test_a_body_of_another_length_than_its_head_says_is_an_error(make, length, caplog):
    def wrong(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(length))])
        return make([b"abcde"])

    response = Client(spa.App((spa.mount("/m", wrong),))).get("/m", buffered=False)
    if length < 5:
        assert response.status_code == 500
    else:  # it might have gone on
        with pytest.raises(ConnectionResetError):
            list(response.response)
    (record,) = caplog.records
    assert "tests.test_app.test_a_body_of_another" in str(record.exc_info[1])


@pytest.mark.parametrize("wrong", [None, 1, {"a": 1}, ["x"]])
def test_a_wrong_piece_of_a_stream_is_an_error_that_names_handler_and_piece(wrong, caplog):
    class Stream(spa.Handler):
        def get(self, number):
            yield from ["x"] * number
            yield wrong
            yield "y"

    client = Client(spa.App((("/<int:number>", "", Stream),)))
    assert client.get("/0").status_code == 500
    pieces = iter(client.get("/2", buffered=False).response)
    assert [next(pieces), next(pieces)] == [b"x", b"x"]
    with pytest.raises(ConnectionResetError):
        next(pieces)
    assert [record.exc_info[0] for record in caplog.records] == [TypeError] * 2
    for record in caplog.records:
        assert f"{Stream.__qualname__} made {wrong!r}" in str(record.exc_info[1])


# Hosts and converters


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("app.example", 200),
        ("app.example:8000", 200),
        ("APP.example", 200),
        ("api.wild.example", 200),
        ("wild.example", 200),
        ("evil.example", 400),
        ("app.example.evil.example", 400),
        ("evilwild.example", 400),
        ("app.example@evil.example", 400),
        ("", 400),
    ],
)
def test_an_app_answers_to_the_names_it_trusts(host, status):
    app = spa.App((("/", "", lambda *arguments: spa.Response("hi")),), trusted_hosts=["app.example", ".wild.example"])
    environ = {**create_environ(), "HTTP_HOST": host}
    assert run_wsgi_app(app, environ)[1][:3] == str(status)
    websocket = {**environ, "HTTP_CONNECTION": "Upgrade", "HTTP_UPGRADE": "websocket"}
    assert run_wsgi_app(app, websocket)[1][:3] == str(status)


def test_a_request_without_a_host_is_not_trusted():
    environ = create_environ()
    del environ["HTTP_HOST"]
    assert run_wsgi_app(spa.App((), trusted_hosts=["localhost"]), environ)[1].startswith("400")


def test_a_hashed_file_is_sent_to_trusted_hosts_only(tmp_path):
    (tmp_path / "a.txt").write_text("secret")
    static = SmartStatic(tmp_path)
    client = Client(spa.App((("/<path:filepath>", "", static),), trusted_hosts=["app.example"]))
    url = static.url("a.txt")
    assert [client.get(url, base_url="http://app.example").status_code for _ in range(3)] == [200] * 3
    assert client.get(url, base_url="http://evil.example").status_code == 400


def test_a_converter_of_ones_own_reads_and_writes_a_variable():
    class Codes(BaseConverter):
        regex = "[A-Z]+(?:-[A-Z]+)*"

        def to_python(self, value):
            return value.split("-")

        def to_url(self, value):
            return "-".join(value)

    class Show(spa.Handler):
        def get(self, codes):
            return codes

    app = spa.App((("/<codes:codes>", "show", Show),), converters={"codes": Codes})
    assert Client(app).get("/A-B").json == ["A", "B"]
    assert Client(app).get("/a").status_code == 404
    assert app.url("show", codes=["X", "Y"]) == "/X-Y"


def test_a_body_whose_head_is_refused_is_closed():
    class Pieces(list):
        closed = 0

        def close(self):
            self.closed += 1

    pieces = Pieces([b"x"])

    def whole(environ, start_response):
        start_response("200 OK", [])
        return pieces

    def refuse(status, headers, exc_info=None):
        raise ValueError(status)

    with pytest.raises(ValueError, match="500 INTERNAL SERVER ERROR"):  # the answer in its place
        spa.App((("/", "", lambda *arguments: whole),))(create_environ(), refuse)
    assert pieces.closed == 1


def refusing(start_response):
    """Return a server's ``start_response`` that refuses what a header cannot hold, as servers do."""

    def start(status, headers, exc_info=None):
        for _, value in headers:
            value.encode("latin-1")
        return start_response(status, headers, exc_info)

    return start


def answering(value):
    """Return a WSGI app with such a header, which neither Spa nor Werkzeug has made."""

    def app(environ, start_response):
        start_response("200 OK", [("X-Name", value)])
        return [b"x"]

    return app


@pytest.mark.parametrize("value", ["\u20ac", 5])
@pytest.mark.parametrize("has_handler", [True, False])
def test_a_head_that_the_server_refuses_is_an_error_as_any_other(value, has_handler, caplog):
    app, told = spa.App((("/h", "", lambda *arguments: answering(value)),)), []
    if has_handler:
        app.error(Exception)(lambda request, error: told.append(error) or "mine")
    body, status, _ = run_wsgi_app(lambda environ, start: app(environ, refusing(start)), create_environ("/h"))
    assert status == "500 INTERNAL SERVER ERROR"
    assert (b"mine" if has_handler else b'"status": 500') in b"".join(body)
    assert len(told) == has_handler
    assert [record.getMessage() for record in caplog.records] == [] if has_handler else ["GET /h: the handler failed"]


def test_an_answer_to_an_error_whose_head_is_refused_is_left_to_the_server():
    app, calls = spa.App((("/", "", raising(RuntimeError)),)), []
    app.error(Exception)(lambda request, error: calls.append(error) or answering("\u20ac"))
    with pytest.raises(UnicodeEncodeError):
        run_wsgi_app(lambda environ, start: app(environ, refusing(start)), create_environ())
    assert len(calls) == 1


@pytest.mark.parametrize("route", ["mount", "function", "handler"])
@pytest.mark.parametrize("pieces", [["abc"], ("abc",), [5], [None]])
@pytest.mark.parametrize("headers", [[], [("Content-Length", "3")]])
def test_a_body_that_is_not_of_bytes_is_an_error_that_names_its_piece(route, pieces, headers, caplog):
    def wrong(environ, start_response):
        start_response("200 OK", list(headers))
        return pieces

    item = {
        "mount": spa.mount("/m", wrong),
        "function": ("/m", "", lambda *arguments: wrong),
        "handler": ("/m", "", type("H", (spa.Handler,), {"get": lambda self: wrong})),
    }[route]
    head, body = serve(spa.App((item,)), "/m")
    assert head.splitlines()[0].endswith("500 INTERNAL SERVER ERROR")
    assert b'"status": 500' in body
    (record,) = caplog.records
    assert f"made {pieces[0]!r}" in str(record.exc_info[1])


def test_a_redirect_and_an_answer_that_is_raised_are_no_errors():
    class Note(spa.Handler):
        def get(self):
            return "x"

        def post(self):
            abort(spa.Response("own", 200))

    app = spa.App((("/n/", "", Note),))
    for key in (Exception, HTTPException, 404):
        app.error(key)(lambda request, error: "swallowed")
    client = Client(app)
    assert client.get("/n").headers["Location"] == "/n/"
    answer = client.post("/n/")
    assert (answer.status_code, answer.text) == (200, "own")


def test_an_error_handler_has_the_request_of_the_handler():
    class Failing(spa.Handler):
        def prepare(self):
            self.request.user = "ada"

        def post(self):
            self.request.json()
            raise RuntimeError

    app = spa.App((("/", "", Failing),))
    app.error(RuntimeError)(lambda request, error: (f"{request.user} {request.get_data(as_text=True)}", 500))
    assert Client(app).post("/", json=[1]).text == "ada [1]"


def test_a_value_for_an_error_keeps_the_errors_headers():
    class Get(spa.Handler):
        def get(self):
            raise TooManyRequests(retry_after=7)

    app = spa.App((("/", "", Get),))
    app.error(405)(lambda request, error: {"a": 1})
    app.error(429)(lambda request, error: ("later", 429))
    client = Client(app)
    assert client.post("/").headers["Allow"] == "GET, HEAD, OPTIONS"
    assert client.post("/").content_type == "application/json"
    assert "Retry-After" not in client.get("/").headers  # a tuple says all


@pytest.mark.parametrize("use", [lambda app: app.error(print), lambda app: app.error(404)("x")])
def test_an_error_handler_that_could_not_be_called_is_refused_at_once(use):
    app = spa.App(())
    with pytest.raises(spa.SetupError):
        use(app)


def without_head(environ, start_response):
    return [b"x"]


def without_head_in_pieces(environ, start_response):
    yield b""
    yield b"x"


def without_head_in_a_file(environ, start_response):
    return environ["wsgi.file_wrapper"](BytesIO(b"x"))


@pytest.mark.parametrize("wsgi_app", [without_head, without_head_in_pieces, without_head_in_a_file])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_an_answer_without_a_head_is_an_error_that_names_its_source(wsgi_app, method, caplog):
    app = spa.App((spa.mount("/m", wsgi_app), ("/", "", lambda app, request, params, route_name: wsgi_app)))
    seen = []

    @app.error(TypeError)
    def tell(request, error):
        seen.append(str(error))
        return "mine"

    for path in ("/m", "/"):
        response = Client(app).open(path, method=method, environ_overrides={"wsgi.file_wrapper": FileWrapper})
        assert (response.status_code, response.text) == (500, "mine" if method == "GET" else "")
    assert f"tests.test_app.{wsgi_app.__name__} made an answer without a head" in seen[0]
    assert "made an answer without a head" in seen[1]


def test_an_error_behind_an_empty_text_is_a_500():
    class Page(spa.Handler):
        def get(self):
            yield ""
            raise RuntimeError

    assert Client(spa.App((("/", "", Page),))).get("/").status_code == 500
