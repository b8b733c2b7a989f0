"""The answer at a hashed URL, and at one without the hash."""

import re

import pytest
from werkzeug.exceptions import Forbidden, NotFound
from werkzeug.routing import BaseConverter, ValidationError
from werkzeug.test import Client

import spa
from spa.server.debug import Debugger
from spa.static.smart import SmartStatic
from tests.static.site import STATIC, mounted, write


@pytest.mark.parametrize(
    "path",
    [
        *("a.css", "a.000000000000.css", "a.335B65A2FEAC.css", "a.335b65a2fea.css", "a.335b65a2feac0.css"),
        *("a.0,0,0,0,0,0,.css", "b.335b65a2feac.css", "A.335b65a2feac.css", "a.css.335b65a2feac", "335b65a2feac"),
        *("../a.335b65a2feac.css", ".env", ".335b65a2feac.env", "x" * 5000),
    ],
)
def test_everything_else_is_404_that_no_cache_keeps(tmp_path, path):
    static = SmartStatic(write(tmp_path, {"a.css": ".x{color:red}", ".env": "SECRET"}))
    _, client = mounted(static)
    response = client.get(f"/static/{path}")
    assert response.status_code == 404
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("pattern", "name", "path", "detail"),
    [
        (STATIC, "static", "js/app.js", "js/app.js is here, under its hash: link to it with {url}"),
        (STATIC, "static", "js/app.000000000000.js", "js/app.js is here, under another hash: link to it with {url}"),
        (STATIC, "", "js/app.js", "js/app.js is here, under its hash: link to it with static.url('js/app.js')"),
        (
            *("/<lang>/<path:filepath>", "static", "js/app.js"),
            "js/app.js is here, under its hash: link to it with app.url('static', lang='static', filepath='js/app.js')",
        ),
        (STATIC, "static", "js/<b>.js", "js/<b>.js is here, under its hash: link to it with {url}"),
        *((STATIC, "static", path, NotFound.description) for path in ("js/nope.js", "js", ".env", "../js/app.js")),
    ],
)
def test_a_debugging_server_tells_how_to_link_to_a_file_that_was_asked_for_without_its_hash(
    pattern, name, path, detail, tmp_path
):
    static = SmartStatic(write(tmp_path, {"js/app.js": "1", "js/<b>.js": "2", ".env": "SECRET"}))
    app = spa.App(((pattern, name, static),))
    named = re.sub(r"\.0{12}", "", path)
    expected = detail.format(url=f"app.url('static', filepath={named!r})")
    shown = Client(Debugger(app)).get(f"/static/{path}", base_url="http://localhost")
    assert (shown.status_code, shown.headers["Cache-Control"]) == (404, "no-store")
    assert shown.json["detail"] == expected
    assert Client(app).get(f"/static/{path}").json["detail"] == NotFound.description  # to all others nothing is told


def test_the_hint_behind_a_function_that_guards_is_a_link_that_leads_to_the_file(tmp_path):
    root = write(tmp_path, {"a.css": "a{background:url(/members/b.png)}", "b.png": "x"})
    static = SmartStatic(root)

    def guard(app, request, params, route_name):
        return static(app, request, params, route_name)

    client = Client(Debugger(spa.App((("/members/<path:filepath>", "members", guard),))))
    hint = client.get("/members/a.css", base_url="http://localhost").json["detail"]
    assert hint == "a.css is here, under its hash: link to it with static.url('a.css', '/members/')"
    assert "b.9dd4e461268c.png" in client.get(static.url("a.css", "/members/")).text


def test_the_hint_of_a_debugging_server_is_text_in_a_page_too(tmp_path):
    app, _ = mounted(SmartStatic(write(tmp_path, {"<b>.js": "2"})))
    client, browser = Client(Debugger(app)), {"Accept": "text/html"}
    page = client.get("/static/<b>.js", base_url="http://localhost", headers=browser).text
    assert "&lt;b&gt;.js is here, under its hash" in page
    assert "<b>" not in page


def test_verbs_are_get_head_and_options(tmp_path):
    static = SmartStatic(write(tmp_path, {"a.js": "x" * 100}))
    _, client = mounted(static)
    url = static.url("a.js")
    whole, head = client.get(url), client.head(url)
    assert head.data == b""
    assert {**head.headers} == {**whole.headers}
    assert client.options(url).headers["Allow"] == "GET, HEAD, OPTIONS"
    for method in ("POST", "PUT", "DELETE", "BREW"):
        response = client.open(url, method=method)
        assert (response.status_code, response.headers["Allow"]) == (405, "GET, HEAD, OPTIONS")


# Whoever guards a file is asked each time, although the answer never changes.


def refuse_without_key(environ):
    if environ.get("HTTP_X_KEY") != "right":
        raise Forbidden


def guarded_by_function(root):
    static = SmartStatic(root, watch=False)

    def guard(app, request, params, route_name):
        refuse_without_key(request.environ)
        return static(app, request, params, route_name)

    return static, spa.App(((STATIC, "static", guard),))


def guarded_by_object_that_is_like_what_it_guards(root):
    static = SmartStatic(root, watch=False)

    class Guard:
        def __call__(self, app, request, params, route_name):
            refuse_without_key(request.environ)
            return static(app, request, params, route_name)

        def __getattr__(self, name):
            return getattr(static, name)

    return static, spa.App(((STATIC, "static", Guard()),))


def guarded_by_subclass(root):
    class Guarded(SmartStatic):
        def __call__(self, app, request, params, route_name, **kwargs):
            refuse_without_key(request.environ)
            return super().__call__(app, request, params, route_name, **kwargs)

    static = Guarded(root, watch=False)
    return static, spa.App(((STATIC, "static", static),))


def guarded_by_what_a_subclass_finds(root):
    class Guarded(SmartStatic):
        def find(self, filepath, environ):
            refuse_without_key(environ)
            return super().find(filepath, environ)

    static = Guarded(root, watch=False)
    return static, spa.App(((STATIC, "static", static),))


def guarded_by_preparation(root):
    static = SmartStatic(root, watch=False)

    class Guarded(spa.Handler):
        def prepare(self, **params):
            refuse_without_key(self.request.environ)

        def get(self, filepath):
            return static(self.app, self.request, self.params, self.route_name)

    return static, spa.App(((STATIC, "static", Guarded),))


def guarded_by_request_class(root):
    class Request(spa.Request):
        def __init__(self, environ, *args, **kwargs):
            super().__init__(environ, *args, **kwargs)
            refuse_without_key(environ)

    static = SmartStatic(root, watch=False)
    return static, spa.App(((STATIC, "static", static),), request_class=Request)


def guarded_where_requests_are_made(root):
    class Request(spa.Request):
        def __new__(cls, environ, *args, **kwargs):
            refuse_without_key(environ)
            return super().__new__(cls)

    static = SmartStatic(root, watch=False)
    return static, spa.App(((STATIC, "static", static),), request_class=Request)


def guarded_around_a_mounted_app(root):
    static = SmartStatic(root, watch=False)
    inner = spa.App((("/<path:filepath>", "static", static),))

    def guard(environ, start_response):
        if environ.get("HTTP_X_KEY") != "right":
            return Forbidden()(environ, start_response)
        return inner(environ, start_response)

    return static, spa.App((spa.mount("/static", guard),))


GUARDS = [value for name, value in list(globals().items()) if name.startswith("guarded_")]


@pytest.mark.parametrize("guarded", GUARDS)
def test_a_guard_is_asked_again_after_it_has_let_somebody_through(tmp_path, guarded):
    static, app = guarded(write(tmp_path, {"a.js": "secret"}))
    client, url = Client(app), f"/static/{static.hashed_path('a.js')}"
    keys = ["wrong", "right", "right", "wrong"]
    assert [client.get(url, headers={"X-Key": key}).status_code for key in keys] == [403, 200, 200, 403]
    assert not app.shortcuts


def test_a_converter_is_asked_again_after_it_has_let_somebody_through(tmp_path):
    known = {"7f3a"}

    class Token(BaseConverter):
        def to_python(self, value):
            if value not in known:
                raise ValidationError
            return value

    static = SmartStatic(write(tmp_path, {"a.js": "secret"}), watch=False)
    app = spa.App((("/<token:token>/<path:filepath>", "", static),), converters={"token": Token})
    client, url = Client(app), f"/7f3a/{static.hashed_path('a.js')}"
    assert client.get(url).status_code == 200
    known.clear()
    assert client.get(url).status_code == 404


def test_where_nobody_guards_a_file_it_is_answered_by_a_shortcut_beside_a_guard_too(tmp_path):
    static = SmartStatic(write(tmp_path, {"a.js": "1"}), watch=False)

    def guard(app, request, params, route_name):
        refuse_without_key(request.environ)
        return static(app, request, params, route_name)

    inner = ("/<path:filepath>", "", static)
    routes = (("/guarded/<path:filepath>", "", guard), spa.include("/open", (inner,)))
    app = spa.App(routes, trusted_hosts=["localhost"])
    client, path = Client(app), static.hashed_path("a.js")
    for prefix in ("/guarded", "/open"):
        assert client.get(f"{prefix}/{path}", headers={"X-Key": "right"}).status_code == 200
    assert list(app.shortcuts) == [f"/open/{path}"]
    assert client.get(f"/open/{path}", headers={"Host": "other"}).status_code == 400
