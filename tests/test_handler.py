"""Hold what a handler class does with a request: verbs, prepare, return values, and the way to a WebSocket."""

from http import HTTPStatus
from traceback import walk_tb
from typing import NamedTuple

import pytest
from werkzeug.exceptions import Forbidden, NotFound, Unauthorized
from werkzeug.test import Client
from werkzeug.utils import redirect
from werkzeug.wrappers import Response as WerkzeugResponse

import spa
from spa.static.smart import SmartStatic

HANDSHAKE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


def client_of(handler, pattern="/", **options):
    return Client(spa.App(((pattern, "", handler),), **options))


# Verbs


@pytest.mark.parametrize("verb", ["get", "post", "put", "patch", "delete", "options"])
def test_a_verb_calls_the_method_of_its_name(verb):
    handler = type("H", (spa.Handler,), {verb: lambda self: f"{self.request.method} {verb}"})
    assert client_of(handler).open("/", method=verb.upper()).text == f"{verb.upper()} {verb}"


def test_the_variables_of_the_pattern_are_keyword_arguments():
    class Item(spa.Handler):
        def get(self, kind, id):
            return {"kind": kind, "id": id, "params": self.params}

    response = client_of(Item, "/<kind>/<int:id>").get("/book/7")
    assert response.json == {"kind": "book", "id": 7, "params": {"kind": "book", "id": 7}}


def test_a_handler_knows_app_request_route_and_its_keyword_arguments():
    class Page(spa.Handler):
        def get(self):
            return [self.app.settings, self.request.path, self.params, self.route_name, self.kwargs]

    app = spa.App((("/p", "page", Page, {"color": "red"}), ("/q", "", Page)), settings={"a": 1})
    assert Client(app).get("/p").json == [{"a": 1}, "/p", {}, "page", {"color": "red"}]
    assert Client(app).get("/q").json == [{"a": 1}, "/q", {}, "", {}]


def test_each_request_has_an_instance_of_its_own():
    class Counter(spa.Handler):
        count = 0

        def get(self):
            self.count += 1
            return str(self.count)

    client = client_of(Counter)
    assert [client.get("/").text, client.get("/").text] == ["1", "1"]


def test_an_instance_is_a_wsgi_callable():
    class Hello(spa.Handler):
        def get(self, name):
            return f"hello {name}"

    def factory(app, request, params, route_name, **kwargs):
        return Hello(app, request, {"name": "factory"}, route_name, **kwargs)

    assert client_of(factory).get("/").text == "hello factory"


@pytest.mark.parametrize(
    "value",
    [
        "hello",
        b"hello",
        {"a": 1},
        ("hello", 201, {"X-A": "1"}),
        spa.Response("hello", headers={"X-A": "1", "ETag": '"x"'}),
        WerkzeugResponse("hello"),
        None,
    ],
    ids=lambda value: type(value).__name__,
)
def test_head_runs_get_and_drops_the_body(value):
    class Page(spa.Handler):
        def get(self):
            return value

    client = client_of(Page)
    got, head = client.get("/"), client.head("/")
    assert head.data == b""
    assert (head.status, list(head.headers)) == (got.status, list(got.headers))


def test_head_ends_a_generator_that_get_made():
    ended = []

    class Stream(spa.Handler):
        def get(self):
            def stream():
                try:
                    yield "a"
                    yield "b"
                finally:
                    ended.append(1)

            generator = stream()
            ended.append(next(generator))
            return generator

    assert client_of(Stream).head("/").data == b""
    assert ended == ["a", 1]


def test_head_of_a_wsgi_app_that_writes_a_body_has_none():
    closed = []

    class Body:
        def __init__(self, environ, start_response):
            self.start_response = start_response

        def __iter__(self):
            self.start_response("200 OK", [("Content-Type", "text/plain"), ("X-A", "1")])
            yield b"body"

        def close(self):
            closed.append(1)

    class Foreign(spa.Handler):
        def get(self):
            return Body

    head = client_of(Foreign).head("/")
    assert (head.data, head.headers["X-A"], closed) == (b"", "1", [1])


def test_a_head_method_goes_before_get():
    class Page(spa.Handler):
        def get(self):
            return "get"

        def head(self):
            return "head", 200, {"X-From": "head"}

    head = client_of(Page).head("/")
    assert (head.data, head.headers["X-From"]) == (b"", "head")


@pytest.mark.parametrize(
    ("verbs", "allow"),
    [
        (("get",), "GET, HEAD, OPTIONS"),
        (("head",), "HEAD, OPTIONS"),
        (("post",), "OPTIONS, POST"),
        (("get", "post", "put", "patch", "delete"), "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"),
        (("websocket",), "OPTIONS"),
        (("get", "websocket"), "GET, HEAD, OPTIONS"),
    ],
)
def test_options_is_204_and_says_what_is_allowed(verbs, allow):
    handler = type("H", (spa.Handler,), {verb: lambda self: "x" for verb in verbs})
    response = client_of(handler).options("/")
    assert (response.status_code, response.data) == (204, b"")
    assert response.headers.getlist("Allow") == [allow]
    assert "Content-Type" not in response.headers


@pytest.mark.parametrize(
    "method", ["POST", "PUT", "DELETE", "PATCH", "TRACE", "BREW", "get", "PREPARE", "__CALL__", "WEBSOCKET"]
)
def test_a_verb_without_a_method_is_405_with_allow(method):
    class Page(spa.Handler):
        def get(self):
            return "x"

    # the client would turn "get" into "GET"
    response = client_of(Page).open("/", environ_overrides={"REQUEST_METHOD": method})
    assert response.status_code == 405
    assert response.headers.getlist("Allow") == ["GET, HEAD, OPTIONS"]


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS"])
def test_the_base_class_allows_nothing(method):
    def bare(app, request, params, route_name):
        return spa.Handler(app, request, params, route_name)

    response = client_of(bare).open("/", method=method)
    assert response.status_code == (204 if method == "OPTIONS" else 405)
    assert response.headers["Allow"] == "OPTIONS"


@pytest.mark.parametrize("verb", ["connect", "trace"])
def test_a_method_that_is_called_like_a_verb_that_no_resource_has_is_not_for_clients(verb):
    handler = type("Page", (spa.Handler,), {"get": lambda self: "x", verb: lambda self: "called"})
    response = client_of(handler).open("/", method=verb.upper())
    assert (response.status_code, response.headers["Allow"]) == (405, "GET, HEAD, OPTIONS")


@pytest.mark.parametrize("value", [None, ["a"], "text"])
@pytest.mark.parametrize("verb", ["DELETE", "OPTIONS", "HEAD"])
def test_an_attribute_that_cannot_be_called_is_no_method(verb, value):
    class Base(spa.Handler):
        def get(self):
            return "get"

        def delete(self):
            return "delete"

    derived = type("Derived", (Base,), {verb.lower(): value})
    response = client_of(derived).open("/", method=verb)
    assert response.status_code == {"DELETE": 405, "OPTIONS": 204, "HEAD": 200}[verb]
    allowed = client_of(derived).options("/").headers["Allow"]
    assert allowed == ("GET, HEAD, OPTIONS" if verb == "DELETE" else "DELETE, GET, HEAD, OPTIONS")


def test_a_subclass_may_take_the_websocket_away():
    class Both(spa.Handler):
        def get(self):
            return "get"

        def websocket(self):
            return "websocket"

    alone = type("Alone", (Both,), {"websocket": None})
    assert client_of(alone).get("/", headers=HANDSHAKE).status_code == 400


def test_verbs_are_inherited():
    class Base(spa.Handler):
        def get(self):
            return "base"

    class Derived(Base):
        def post(self):
            return "derived"

    client = client_of(Derived)
    assert (client.get("/").text, client.post("/").text) == ("base", "derived")
    assert client_of(Base).post("/").status_code == 405


# prepare


@pytest.mark.parametrize(
    ("value", "status", "body"),
    [
        (None, 200, "get 7"),
        ("wait", 200, "wait"),
        (("no", 403), 403, "no"),
        ("", 200, ""),
        ({}, 200, "{}"),
        ([], 200, "[]"),
    ],
)
def test_what_prepare_returns_is_the_answer(value, status, body):
    class Guarded(spa.Handler):
        def prepare(self, id):
            self.id = id
            return value

        def get(self, id):
            return f"get {self.id}"

    response = client_of(Guarded, "/<int:id>").get("/7")
    assert (response.status_code, response.text) == (status, body)


@pytest.mark.parametrize("headers", [{}, HANDSHAKE])
def test_what_prepare_raises_is_the_answer(headers):
    class Guarded(spa.Handler):
        def prepare(self):
            raise Unauthorized("Log in.")

        def get(self):
            return "secret"

        def websocket(self):
            self.ws.send("secret")

    response = client_of(Guarded).get("/", headers=headers)
    assert (response.status_code, response.json["detail"]) == (401, "Log in.")


@pytest.mark.parametrize(("method", "runs"), [("GET", 1), ("HEAD", 1), ("POST", 1), ("PUT", 0), ("OPTIONS", 0)])
def test_prepare_runs_only_before_a_method_that_is_there(method, runs):
    ran = []

    class Guarded(spa.Handler):
        def prepare(self):
            ran.append(1)

        def get(self):
            return "x"

        def post(self):
            return "x"

    client_of(Guarded).open("/", method=method)
    assert len(ran) == runs


def test_head_drops_the_body_of_prepare_too():
    class Guarded(spa.Handler):
        def prepare(self):
            return "no", 403

        def get(self):
            return "x"

    response = client_of(Guarded).head("/")
    assert (response.status_code, response.data) == (403, b"")


# Return values


def wsgi_app(environ, start_response):
    """Answer as any WSGI app."""
    start_response("418 I'm a teapot", [("Content-Type", "text/plain")])
    return [b"tea"]


@pytest.mark.parametrize(
    ("value", "status", "content_type", "body"),
    [
        ("text", 200, "text/plain; charset=utf-8", b"text"),
        ("é€", 200, "text/plain; charset=utf-8", "é€".encode()),
        ("", 200, "text/plain; charset=utf-8", b""),
        (b"\xff\x00", 200, "text/plain; charset=utf-8", b"\xff\x00"),
        ({"a": 1}, 200, "application/json", b'{"a": 1}'),
        ({}, 200, "application/json", b"{}"),
        ([1, "é"], 200, "application/json", '[1, "é"]'.encode()),
        (None, 204, None, b""),
        (("text", 201), 201, "text/plain; charset=utf-8", b"text"),
        (("text", "299 Odd"), 299, "text/plain; charset=utf-8", b"text"),
        (({"a": 1}, 201), 201, "application/json", b'{"a": 1}'),
        (([], 202, {}), 202, "application/json", b"[]"),
        ((None, 205), 205, "text/plain; charset=utf-8", b""),
        ((None, 204), 204, None, b""),
        ((b"x", 200, {"Content-Type": "image/png"}), 200, "image/png", b"x"),
        ((spa.Response("x"), 404), 404, "text/plain; charset=utf-8", b"x"),
        ((spa.JSONResponse([1]), 202, {}), 202, "application/json", b"[1]"),
        (wsgi_app, 418, "text/plain", b"tea"),
        (WerkzeugResponse("x", 202), 202, "text/plain; charset=utf-8", b"x"),
    ],
    ids=repr,
)
def test_a_method_may_return(value, status, content_type, body):
    class Page(spa.Handler):
        def get(self):
            return value

    response = client_of(Page).get("/")
    assert (response.status_code, response.content_type, response.data) == (status, content_type, body)


@pytest.mark.parametrize("base", [spa.Handler, spa.JSONHandler])
@pytest.mark.parametrize("value", [NotFound("Gone for good."), (NotFound("Gone for good."), 200)])
@pytest.mark.parametrize("source", ["get", "prepare", "websocket"])
def test_an_http_error_that_is_returned_is_rendered_as_one_that_is_raised(base, value, source):
    handler = type("Page", (base,), {"get": lambda self: "x", source: lambda self: value})
    response = client_of(handler).get("/", headers=HANDSHAKE if source == "websocket" else {})
    assert (response.status_code, response.content_type) == (404, "application/problem+json")
    assert response.json["detail"] == "Gone for good."


def test_an_http_error_that_is_returned_reaches_its_error_handler():
    app = spa.App((("/", "", type("Page", (spa.Handler,), {"get": lambda self: NotFound()})),))
    app.error(404)(lambda request, error: "not here")
    assert Client(app).get("/").text == "not here"


def test_an_http_error_that_is_returned_again_and_again_stays_small():
    error = NotFound()
    client = client_of(type("Page", (spa.Handler,), {"get": lambda self: error}))
    depths = []
    for _ in range(2):
        client.get("/")
        depths.append(len(list(walk_tb(error.__traceback__))))
    assert depths[0] == depths[1]


def test_the_class_of_an_http_error_is_an_error_that_says_what_to_write(caplog):
    class Page(spa.Handler):
        def get(self):
            return NotFound

    assert client_of(Page).get("/").status_code == 500
    (record,) = caplog.records
    assert "write raise NotFound" in str(record.exc_info[1])
    assert "test_handler.py, line " in record.exc_info[1].__notes__[0]


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ({"X-A": "1"}, {"X-A": ["1"]}),
        ([("X-A", "1")], {"X-A": ["1"]}),
        ([("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")], {"Set-Cookie": ["a=1", "b=2"]}),
        ({"Set-Cookie": ["a=1", "b=2"]}, {"Set-Cookie": ["a=1", "b=2"]}),
        ({"content-type": "text/css"}, {"Content-Type": ["text/css"]}),
    ],
)
def test_the_headers_of_a_tuple_are_sent(headers, found):
    class Page(spa.Handler):
        def get(self):
            return "x", 200, headers

    sent = client_of(Page).get("/").headers
    assert {name: sent.getlist(name) for name in found} == found


@pytest.mark.parametrize("make", [lambda: (part for part in ("a", b"b", "é")), lambda: iter(["a", b"b", "é"])])
def test_an_iterator_is_streamed(make):
    class Stream(spa.Handler):
        def get(self):
            return make()

        def post(self):
            return make(), 202, {"Content-Type": "text/csv"}

    response = client_of(Stream).get("/")
    assert (response.data, response.content_length) == ("abé".encode(), None)
    posted = client_of(Stream).post("/")
    assert (posted.data, posted.status_code, posted.content_type) == ("abé".encode(), 202, "text/csv")


def test_a_stream_is_sent_part_by_part_and_closed():
    events = []

    class Stream(spa.Handler):
        def get(self):
            try:
                for number in range(3):
                    events.append(number)
                    yield f"{number}"
            finally:
                events.append("closed")

    response = client_of(Stream).get("/")
    parts = response.iter_encoded()
    assert (next(parts), events) == (b"0", [0])
    response.close()
    assert events == [0, "closed"]


@pytest.mark.parametrize(
    "value", [1, 1.5, True, object(), {1, 2}, ("x",), (), ("x", 200, {}, 1), (wsgi_app, 200), ({1}, 200)], ids=repr
)
def test_any_other_value_is_a_bug_of_the_handler(value, caplog):
    class Page(spa.Handler):
        def get(self):
            return value

    assert client_of(Page).get("/").status_code == 500
    assert len(caplog.records) == 1
    assert caplog.records[0].exc_info[0] is TypeError


# Functions and factories


def test_a_function_is_a_handler():
    def hello(app, request, params, route_name, **kwargs):
        return spa.JSONResponse([app.settings, request.method, params, route_name, kwargs])

    app = spa.App((("/<int:id>", "hello", hello, {"a": 1}),), settings="mine")
    assert Client(app).put("/7").json == ["mine", "PUT", {"id": 7}, "hello", {"a": 1}]


def test_an_object_with_call_is_a_handler():
    class Directory:
        def __init__(self, directory):
            self.directory = directory

        def __call__(self, app, request, params, route_name, **kwargs):
            return spa.Response(f"{self.directory}/{params['path']}")

    assert client_of(Directory("static"), "/<path:path>").get("/a/b").text == "static/a/b"


# JSONHandler


@pytest.mark.parametrize(
    ("value", "status", "body"),
    [
        ({"a": 1}, 200, b'{"a": 1}'),
        ([], 200, b"[]"),
        ("text", 200, b'"text"'),
        ("", 200, b'""'),
        (1, 200, b"1"),
        (0, 200, b"0"),
        (False, 200, b"false"),
        ((1, 201), 201, b"1"),
        (("text", 200, {"X-A": "1"}), 200, b'"text"'),
    ],
    ids=repr,
)
def test_a_json_handler_sends_any_value_as_json(value, status, body):
    class Value(spa.JSONHandler):
        def get(self):
            return value

    response = client_of(Value).get("/")
    assert (response.status_code, response.data, response.content_type) == (status, body, "application/json")


def test_a_named_tuple_is_a_value_and_no_status(caplog):
    class Point(NamedTuple):
        x: int
        y: int

    class Value(spa.JSONHandler):
        def get(self):
            return Point(3, 404)

        def post(self):
            return Point(3, 404), 201

    class Page(spa.Handler):
        def get(self):
            return Point("body", 404)

    response = client_of(Value).get("/")
    assert (response.status_code, response.json) == (200, [3, 404])
    response = client_of(Value).post("/")
    assert (response.status_code, response.json) == (201, [3, 404])
    assert client_of(Page).get("/").status_code == 500
    assert "Page returned Point, which is not a response" in caplog.text


def test_a_json_handler_sends_a_response_as_it_is_and_none_as_204():
    class Value(spa.JSONHandler):
        def get(self):
            return spa.Response("<p>", mimetype="text/html")

        def post(self):
            return None

    assert client_of(Value).get("/").mimetype == "text/html"
    assert client_of(Value).post("/").status_code == 204


@pytest.mark.parametrize(("method", "status"), [("GET", 403), ("POST", 500), ("PUT", 405), ("PATCH", 418)])
def test_every_error_of_a_json_handler_is_a_document_for_a_browser_too(method, status):
    class Value(spa.JSONHandler):
        def get(self):
            raise Forbidden

        def post(self):
            raise RuntimeError

        def patch(self):
            return wsgi_app

    response = client_of(Value).open("/", method=method, headers={"Accept": "text/html"})
    assert response.status_code == status
    if status != 418:
        assert response.content_type == "application/problem+json"
        assert response.json["status"] == status


# URLs


@pytest.mark.parametrize(
    ("path", "root", "location"),
    [
        ("/go", "", "/x/?q=1"),
        ("/m/go", "", "/m/x/?q=1"),
        ("/m/go", "/app", "/app/m/x/?q=1"),
        ("/é/go", "/a b", "/a%20b/%C3%A9/x/?q=1"),
    ],
)
def test_a_url_of_a_handler_does_not_lead_out_of_its_app(path, root, location):
    class Go(spa.Handler):
        def get(self):
            return redirect(self.url("x", q=1), 303)

        def post(self):
            return self.url("y")

    routes = (("/go", "", Go), ("/x/", "x", Go))
    inner = spa.App(routes)
    client = Client(spa.App((*routes, spa.mount("/m", inner), spa.mount("/é", inner))))
    environ = {"SCRIPT_NAME": root} if root else {}
    assert client.get(path, environ_overrides=environ).headers["Location"] == location
    assert client.post(path, environ_overrides=environ).status_code == 500


def test_a_url_of_a_static_file_is_that_of_where_the_app_is_mounted(tmp_path):
    (tmp_path / "a.css").write_text("a { background: url(/m/static/b.png) }")
    (tmp_path / "b.png").write_bytes(b"png")

    class Page(spa.Handler):
        def get(self):
            return self.url("static", filepath="a.css")

    inner = spa.App((("/", "", Page), ("/static/<path:filepath>", "static", SmartStatic(directory=tmp_path))))
    client = Client(spa.App((spa.mount("/m", inner),)))
    url = client.get("/m/").text
    assert url.startswith("/m/static/a.")
    response = client.get(url)
    assert response.status_code == 200
    assert "immutable" in response.headers["Cache-Control"]
    assert b'url("/m/static/b.' in response.data


# The way to a WebSocket


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_plain_get_of_a_websocket_is_426(method):
    class Stream(spa.Handler):
        def websocket(self):
            self.ws.accept()

    response = client_of(Stream).open("/", method=method)
    assert response.status_code == 426
    assert response.headers.getlist("Upgrade") == ["websocket"]
    assert response.headers["Sec-WebSocket-Version"] == "13"
    assert client_of(Stream).post("/").status_code == 405


@pytest.mark.parametrize(
    ("headers", "answer"),
    [
        ({"Upgrade": "websocket"}, "get"),
        ({"Connection": "Upgrade"}, "get"),
        ({"Upgrade": "h2c", "Connection": "Upgrade"}, "get"),
        ({"Upgrade": "websocket", "Connection": "notupgrade"}, "get"),
        ({"Upgrade": "websockets", "Connection": "upgrade"}, "get"),
        (HANDSHAKE, "websocket"),
        ({**HANDSHAKE, "Upgrade": "WebSocket", "Connection": "keep-alive, upgrade"}, "websocket"),
    ],
)
def test_one_url_answers_get_and_websocket(headers, answer):
    class Both(spa.Handler):
        def get(self):
            return "get"

        def websocket(self):
            return "websocket"

    assert client_of(Both).get("/", headers=headers).text == answer


def test_an_upgrade_of_what_is_not_a_websocket_is_400():
    ran = []

    class Page(spa.Handler):
        def prepare(self):
            ran.append(1)

        def get(self):
            return "x"

    response = client_of(Page).get("/", headers=HANDSHAKE)
    assert (response.status_code, response.json["detail"], ran) == (400, "This resource is not a WebSocket.", [])


@pytest.mark.parametrize(
    ("error", "status"), [(Unauthorized, 401), (Forbidden, 403), (NotFound, 404), (RuntimeError, 500)]
)
def test_what_a_websocket_raises_before_it_speaks_is_an_http_answer(error, status):
    class Stream(spa.Handler):
        def websocket(self):
            raise error

    response = client_of(Stream).get("/", headers=HANDSHAKE)
    assert (response.status_code, response.json["status"]) == (status, status)


@pytest.mark.parametrize(
    ("class_attribute", "of_the_app", "origin", "status"),
    [
        (None, (), "http://localhost", 200),
        (None, (), "http://evil.example", 403),
        (None, ("http://friend.example",), "http://friend.example", 200),
        (("http://friend.example",), (), "http://friend.example", 200),
        ((), ("http://friend.example",), "http://friend.example", 403),
        (("*",), (), "http://evil.example", 200),
    ],
)
def test_the_origins_of_a_handler_class_go_before_the_apps(class_attribute, of_the_app, origin, status):
    class Stream(spa.Handler):
        allowed_origins = class_attribute

        def websocket(self):
            return "reached"

    client = client_of(Stream, allowed_origins=of_the_app)
    assert client.get("/", headers={**HANDSHAKE, "Origin": origin}).status_code == status


@pytest.mark.parametrize(
    ("setting", "value", "words"),
    [
        ("allowed_origins", ("friend.example",), "write scheme://host"),
        ("subprotocols", "chat", r"write \['chat'\]"),
        ("websocket_limits", {"max_message": 1}, r"made as spa\.websocket\.Limits\("),
    ],
)
def test_a_wrong_setting_of_a_handler_class_is_a_setup_error(setting, value, words):
    with pytest.raises(spa.SetupError, match=words):
        type("Stream", (spa.Handler,), {setting: value})


@pytest.mark.parametrize("value", [3, True, {1, 2}, {"at": object()}, [float("nan")]])
@pytest.mark.parametrize("source", ["get", "prepare"])
def test_the_log_says_which_method_returned_what_is_no_response(value, source, caplog):
    handler = type("Note", (spa.Handler,), {"get": lambda self: "x", source: lambda self: value})
    assert Client(spa.App((("/", "", handler),))).get("/").status_code == 500
    (record,) = caplog.records
    (note,) = record.exc_info[1].__notes__
    assert note.startswith("The value was returned by")
    assert "test_handler.py, line " in note


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (("x", "abc"), "a number from 200 to 599, and words, not '0 abc'"),
        (("x", ""), "Empty status"),
        (("x", 0), "not '0 UNKNOWN'"),
        (("x", -1), "not '-1 UNKNOWN'"),
        (("x", True), "not '1 UNKNOWN'"),
        (("x", 99999), "not '99999 UNKNOWN'"),
        (("x", 600), "not '600 UNKNOWN'"),
        (("x", 100), "not '100 CONTINUE'"),
        (("x", 101), "not '101 SWITCHING PROTOCOLS'"),
        (("x", "200 OK\r\nX-Evil: 1"), "a number from 200 to 599"),
        (("x", "200 \u20ac"), "a number from 200 to 599"),
        (("x", None), "return (body, status) or (body, status, headers)"),
        ((404, "x"), "Page returned 404 first: write (body, status), in this order"),
        ((404, {"a": 1}), "returned 404 first"),
        ((HTTPStatus.NOT_FOUND, "x"), "404 first"),
        ((404, 404), "Page returned int, which is not a response"),
        (("x", {"X-A": "b"}), "second item is dict, not a status"),
        (("x", 200, {"X A: b": "1"}), "the header name 'X A: b' holds what a header cannot"),
        (("x", 200, {"": "1"}), "the header name '' holds"),
        (("x", 200, "text/html"), "headers are a dict or a list of pairs, as {'X-Total': '2'}, not 'text/html'"),
        (("x", 200, ["X-Total: 2"]), "not ['X-Total: 2']"),
        (("x", 200, {"X-\u00e9": "1"}), "the header name"),
    ],
)
def test_a_wrong_tuple_is_an_error_that_says_what_is_wrong_and_who_returned_it(value, words, caplog):
    class Page(spa.Handler):
        def get(self):
            return value

    assert client_of(Page).get("/").status_code == 500
    (record,) = caplog.records
    assert words in str(record.exc_info[1])
    assert "test_handler.py, line " in record.exc_info[1].__notes__[0]


@pytest.mark.parametrize(
    ("status", "found"),
    [("201 Made", "201 Made"), ("404", "404 NOT FOUND"), (299, "299 UNKNOWN"), (HTTPStatus(202), "202 ACCEPTED")],
)
def test_a_status_may_have_words_of_its_own_or_none(status, found):
    assert client_of(type("Page", (spa.Handler,), {"get": lambda self: ("x", status)})).get("/").status == found


def test_a_head_method_may_say_how_long_a_body_would_be_that_it_does_not_make():
    class Large(spa.Handler):
        def head(self):
            return "", 200, {"Content-Length": "1000000"}

    assert client_of(Large).head("/").headers["Content-Length"] == "1000000"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    ("body", "length"), [("abc", 10), ("abcdefghij", 3), ("äöü", 3), (b"", 1), ({"a": 1}, 3), (["x"] * 9, 0)]
)
def test_the_true_length_of_a_body_wins_over_the_one_that_is_said(body, length, method):
    handler = type("Page", (spa.Handler,), {"get": lambda self: (body, 200, {"Content-Length": str(length)})})
    response = client_of(handler).open("/", method=method)
    true = len(client_of(handler).get("/").data)
    assert response.headers.getlist("Content-Length") == ([str(true)] if true or method == "GET" else [str(length)])
