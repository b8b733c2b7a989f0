"""Hold the routes: what is found for a path, what is built for a name, and that wrong routes say how to mend them."""

import re
from decimal import Decimal
from urllib.parse import quote, unquote
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from werkzeug.exceptions import NotFound
from werkzeug.routing import BaseConverter, IntegerConverter, Map, RequestRedirect, Rule
from werkzeug.test import Client, create_environ, run_wsgi_app

import spa
from spa.redirect import Redirect, quote_path
from spa.routing import Router


def tell(app, request, params, route_name, **kwargs):
    """Answer with what the route was found with."""
    return spa.JSONResponse({"name": route_name, "params": params, **kwargs})


def seen_by(environ, start_response):
    """Answer, as a mounted WSGI app, with where it believes to be."""
    return spa.Response(f"{environ['SCRIPT_NAME']}|{environ['PATH_INFO']}")(environ, start_response)


def get(app, path, script="", query="", **environ):
    """Send a path as it is: a test client would take //host for a host."""
    wsgi_path = path.encode().decode("latin-1")
    raw = {**create_environ("/"), "PATH_INFO": wsgi_path, "SCRIPT_NAME": script, "QUERY_STRING": query, **environ}
    body, status, headers = run_wsgi_app(app, raw, buffered=True)
    return int(status[:3]), headers.get("Location"), b"".join(body).decode()


UPGRADE = {"HTTP_UPGRADE": "websocket", "HTTP_CONNECTION": "Upgrade"}


# What is found


@pytest.mark.parametrize(
    ("path", "name", "params"),
    [
        ("/", "home", {}),
        ("/users/", "users", {}),
        ("/users/new", "new", {}),
        ("/users/7", "user", {"id": 7}),
        ("/users/ann", "user-by-name", {"name": "ann"}),
        ("/users/%C3%A9%20b", "user-by-name", {"name": "é b"}),
        ("/files/a/b.txt", "file", {"path": "a/b.txt"}),
        ("/de/impressum", "imprint", {"lang": "de"}),
    ],
)
def test_a_path_finds_its_route(path, name, params):
    app = spa.App(
        (
            ("/", "home", tell),
            ("/users/", "users", tell),
            ("/users/<name>", "user-by-name", tell),
            ("/users/<int:id>", "user", tell),
            ("/users/new", "new", tell),
            ("/files/<path:path>", "file", tell),
            ("/<any(de, en):lang>/impressum", "imprint", tell),
        )
    )
    assert Client(app).get(path).json == {"name": name, "params": params}


@pytest.mark.parametrize("path", ["/nothing", "/users", "/users/1/", "/user", "/USERS/1", "/users/1/2", "/users/%2F"])
def test_any_other_path_is_not_found(path):
    assert Client(spa.App((("/users/<id>", "", tell),))).get(path).status_code == 404


@pytest.mark.parametrize(
    ("path", "status"),
    [("admin/a", 404), ("admin", 404), ("*", 404), ("a", 404), ("m", 404), ("m/x", 404), ("http://h/admin/a", 404),
     ("h:443", 404), ("\u00e9", 404), ("/admin/a", 200), ("/*", 200), ("/m/x", 200)],
)  # fmt: skip
@pytest.mark.parametrize("upgrade", [{}, UPGRADE])
def test_a_target_without_a_slash_is_not_found(path, status, upgrade):
    app = spa.App(
        (
            ("/", "", tell),
            ("/admin/<x>", "", tell),
            ("/<x>", "", tell),
            ("/files/<path:x>", "", tell),
            ("/<int:x>/<int:y>", "", tell),
            spa.mount("/m", seen_by),
        )
    )
    assert get(app, path, **upgrade)[0] == status


@pytest.mark.parametrize("routes", [(), (("/<x>", "", tell), ("/<path:x>", "", tell), spa.mount("/m", seen_by))])
def test_the_server_is_asked_for_its_options(routes):
    environ = {**create_environ(method="OPTIONS"), "PATH_INFO": "*"}
    body, status, headers = run_wsgi_app(spa.App(routes), environ, buffered=True)
    assert (b"".join(body), status) == (b"", "204 NO CONTENT")
    assert "Allow" not in headers


def test_a_route_of_four_passes_its_keyword_arguments():
    app = spa.App((("/a", "", tell, {"color": "red"}), ["/b", "", tell]))
    assert Client(app).get("/a").json == {"name": "", "params": {}, "color": "red"}
    assert Client(app).get("/b").json == {"name": "", "params": {}}


def test_the_parameters_of_one_request_are_not_those_of_the_next():
    def greedy(app, request, params, route_name):
        params["seen"] = params.get("seen", 0) + 1
        return spa.JSONResponse(params)

    client = Client(spa.App((("/fixed", "", greedy), ("/<x>", "", greedy))))
    assert [client.get("/fixed").json, client.get("/fixed").json] == [{"seen": 1}, {"seen": 1}]
    assert [client.get("/a").json, client.get("/a").json] == [{"x": "a", "seen": 1}, {"x": "a", "seen": 1}]


@pytest.mark.parametrize("path", ["\xff", "/\xff", "/users/\xff\xfe", "*", "", "/\x00", "/a\r\nb", "/" + "a/" * 5000])
def test_an_odd_path_is_answered(path):
    status, location, _ = get(spa.App((("/users/<int:id>", "", tell),)), "", PATH_INFO=path)
    assert (status, location) == (404, None)


def test_a_float_of_a_path_can_be_built_again():
    app = spa.App((("/<float:x>", "float", lambda app, request, params, name: spa.Response(app.url(name, **params))),))
    for path in ("/0.00001", "/10000000000000000.0", "/1.5"):
        assert get(app, path)[::2] == (200, path)
    assert get(app, f"/1{'0' * 400}.0")[0] == 404  # no float is so large


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/words/..", 404),
        ("/words/.", 404),
        ("/files/x/..", 404),
        ("/files/./x", 404),
        ("/files/../files/x", 404),
        ("/..", 404),
        ("//..", 404),
        ("/words/...", 200),
        ("/words/..x", 200),
        ("/words/.well-known", 200),
        ("/files/x/..y/.z", 200),
        ("/files/x./y../z", 200),
        ("/words/%2e%2e", 200),  # percent signs that were percent-encoded
    ],
)
@pytest.mark.parametrize("upgrade", [{}, UPGRADE])
def test_a_path_with_dot_segments_is_not_found_so_that_what_was_matched_can_be_built(path, status, upgrade):
    def link(app, request, params, route_name):
        return spa.Response(app.url(route_name, **params))

    app = spa.App((("/words/<x>", "word", link), ("/files/<path:x>", "file", link), ("/<x>", "any", link)))
    found, _, body = get(app, path, **upgrade)
    assert found == status
    assert unquote(body) == path if status == 200 else True


# Redirects


@pytest.mark.parametrize(
    ("path", "script", "query", "location"),
    [
        ("/hello", "", "", "/hello/"),
        ("/hello", "", "a=1&b=%2F", "/hello/?a=1&b=%2F"),
        ("/hello", "", "q=\xc3\xa9&r=%41&s='\"<>", "/hello/?q=%C3%A9&r=%41&s='\"<>"),
        ("/hello", "/app", "a=1", "/app/hello/?a=1"),
        ("/hello", "/app/", "", "/app/hello/"),
        ("/hello", "/\xc3\xa9", "", "/%C3%A9/hello/"),
        ("/users/é b", "", "", "/users/%C3%A9%20b/"),
        ("/users/a?b#c", "", "", "/users/a%3Fb%23c/"),
        ("/users/a\\b", "", "", "/users/a%5Cb/"),
        ("/users/a\r\nX-Y: z", "", "", "/users/a%0D%0AX-Y:%20z/"),
        ("//hello", "", "", "/hello/"),
        ("/users//ann", "", "", "/users/ann/"),
        ("//evil/x", "", "", "/evil/x/"),
        ("///evil/x", "", "", "/evil/x/"),
        ("//evil.example//x", "", "", "/evil.example/x/"),
        ("/\\evil/x", "", "", "/%5Cevil/x/"),
        ("//evil/x", "/app", "", "/app/evil/x/"),
        ("", "/app", "", "/app/"),
    ],
)
@pytest.mark.parametrize("host", ["localhost", "evil.example", "evil.example:99999", "", "a b"])
def test_a_missing_slash_is_a_relative_redirect(path, script, query, location, host):
    app = spa.App((("/", "", tell), ("/hello/", "", tell), ("/users/<name>/", "", tell), ("/<a>/<b>/", "", tell)))
    status, found, body = get(app, path, script, query, HTTP_HOST=host)
    assert (status, unquote(found), body) == (308, unquote(location), "")
    assert found.isascii()
    assert found.startswith("/")
    assert not found.startswith(("//", "/\\"))


def test_a_redirect_keeps_what_percent_encoding_the_query_had():
    app = spa.App((("/hello/", "", tell),))
    assert get(app, "/hello", query="a=%2f&b=+&c=%")[1] == "/hello/?a=%2f&b=+&c=%"


def test_a_redirect_is_found_by_the_client():
    class Hello(spa.Handler):
        def post(self):
            return self.request.get_data()

    response = Client(spa.App((("/hello/", "", Hello),))).post("/hello?a=1", data=b"x", follow_redirects=True)
    assert (response.text, response.request.path) == ("x", "/hello/")


@pytest.mark.parametrize("path", ["/hello/ann/", "/hello/ann", "//hello/ann", "/hello//ann", "/hello///ann//"])
def test_an_upgrade_is_matched_where_another_request_is_redirected(path):
    class Hello(spa.Handler):
        def websocket(self, name):
            return name

    handshake = {**UPGRADE, "HTTP_SEC_WEBSOCKET_VERSION": "13", "HTTP_SEC_WEBSOCKET_KEY": "A" * 22 + "=="}
    app = spa.App((("/hello/<name>/", "", Hello),))
    assert get(app, path, **handshake) == (200, None, "ann")


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("//", "/"),
        ("///", "/"),
        ("//fixed/", "/fixed/"),
        ("//hello/ann/", "/hello/ann/"),
        ("////hello/ann", "/hello/ann/"),
        ("//hello//ann/", "/hello/ann/"),
        ("//files/a//b c", "/files/a//b%20c"),
        ("//files/\\evil/é", "/files/%5Cevil/%C3%A9"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_double_slashes_in_front_are_redirected_past_no_guard(path, location, method):
    app = spa.App(
        (
            ("/", "", tell),
            ("//doubled", "", tell),
            ("/fixed/", "", tell),
            ("/hello/<name>/", "", tell),
            ("/files/<path:path>", "", tell),
        )
    )
    assert get(app, path, "/app", "q=1", REQUEST_METHOD=method)[:2] == (308, f"/app{location}?q=1")


@pytest.mark.parametrize("path", ["//nothing", "//evil.example/", "//hello/ann/x"])
def test_double_slashes_in_front_of_an_unknown_path_are_not_found(path):
    assert get(spa.App((("/hello/<name>/", "", tell),)), path)[:2] == (404, None)


def test_a_pattern_with_double_slashes_in_front_is_found_without():
    app = spa.App((("//doubled", "", tell),))
    assert get(app, "/doubled")[0] == 200
    assert get(app, "//doubled")[:2] == (308, "/doubled")


@pytest.mark.parametrize("path", ["/", "/hello", "//evil"])
def test_an_upgrade_of_an_unknown_path_is_not_found(path):
    assert get(spa.App((("/hello/<name>/", "", tell),)), path, **UPGRADE)[0] == 404


@pytest.mark.parametrize(
    ("path", "converters", "is_always_found"),
    [
        ("/fixed", {}, True),
        ("/rest/a/b", {}, True),
        ("/rest/other", {}, False),  # another route
        ("/rest/mounted/a", {}, False),
        ("//rest/a", {}, False),  # a redirect
        ("/none", {}, False),
        ("/rest/a/b", {"odd": BaseConverter}, False),  # what it is asked today it may answer otherwise tomorrow
    ],
)
def test_a_handler_is_always_found_where_nothing_else_can_be(path, converters, is_always_found):
    def handler(app, request, params, route_name):
        raise AssertionError

    routes = (
        ("/fixed", "", handler),
        ("/rest/<path:path>", "", handler),
        ("/rest/other", "", tell),
        spa.mount("/rest/mounted", seen_by),
    )
    router = Router(routes, converters)
    assert router.always_finds(handler, {"PATH_INFO": path}) is is_always_found



# The short cuts in front of Werkzeug's matcher

VARIABLES = [
    "<{}>",
    "<int:{}>",
    "<path:{}>",
    "<string(length=1):{}>",
    "<float:{}>",
    "<any(a, b):{}>",
    "<{}>.html",
    "x<{}>",
]
TEXT = [
    "a",
    "b",
    "ab",
    "a.html",
    "é",
    "a b",
    "a|b",
    "%41",
    "A",
    "1",
    "1.5",
    "-1",
    "xa",
    ".a",
    "..a",
    "",
    "a\n",
    "\\",
    "+",
    "$",
]


@st.composite
def patterns(draw):
    segments = draw(st.lists(st.one_of(st.sampled_from(TEXT), st.sampled_from(VARIABLES)), max_size=4))
    return "/" + "/".join(segment.format(f"v{index}") for index, segment in enumerate(segments))


def alike(pattern):
    """Return what Werkzeug sees in a pattern: slashes merged, and variables without their names."""
    return re.sub(r"v\d>", ">", re.sub("/{2,}?", "/", pattern))


PATHS = st.lists(st.sampled_from([*TEXT, ".", "..", "\xff", "\0", "a?b", "<v0>"]), max_size=5).map(
    lambda parts: "/" + "/".join(parts)
)


def ours(router, path, is_upgrade=False):
    try:
        route, params = router.match({"PATH_INFO": path.encode().decode("latin-1")}, is_upgrade)
    except NotFound:
        return "not found"
    except Redirect as redirect:
        return redirect.location
    return route.kwargs["index"], dict(params)


def werkzeugs(adapter, path):
    if path and not path.startswith("/"):
        return "not found"  # Werkzeug takes it for the path with a slash
    if not {".", ".."}.isdisjoint(path.split("/")):
        return "not found"  # Werkzeug takes dots for what clients never send
    if path.startswith("//"):  # Werkzeug does not see that there are two
        alone = "/" + path.lstrip("/")
        found = werkzeugs(adapter, alone)
        return found if isinstance(found, str) else quote_path(alone.encode().decode("latin-1"))
    try:
        index, params = adapter.match(path, websocket=False)
    except NotFound:
        return "not found"
    except RequestRedirect as redirect:
        return redirect.new_url.removeprefix("http://localhost")
    return index, dict(params)


@given(
    st.lists(patterns(), min_size=1, max_size=6, unique_by=alike),
    st.lists(PATHS, min_size=1, max_size=6),
)
@example(["//"], ["/", "//"])
@example(["/a//b", "/<v0>"], ["/a//b", "/a/b"])
@example(["/a", "/<v0>"], ["//a", "/a/", "", "a", "/a\n"])
@example(["/<v0>/", "/<v0>"], ["/a", "/a/", "/a\n"])
@example(["/<v0>/b", "/a/<v1>"], ["/a/b", "/a/a", "/b/b", "/a//b"])
@example(["/a/b", "/a/<v1>/c"], ["/a/b/c", "/a/b"])
@example(["/<path:v0>", "/a"], ["/a", "/a/", "/a/b"])
def test_a_short_cut_always_agrees_with_werkzeug(found_patterns, found_paths):
    try:
        rules = Map([Rule(pattern, endpoint=index) for index, pattern in enumerate(found_patterns)])
    except (ValueError, LookupError):
        with pytest.raises(spa.SetupError):
            Router((pattern, "", tell) for pattern in found_patterns)
        return
    adapter = rules.bind("localhost")
    router = Router((pattern, "", tell, {"index": index}) for index, pattern in enumerate(found_patterns))
    for path in [*found_paths, *found_patterns, *(f"{pattern}/" for pattern in found_patterns)]:
        expected = werkzeugs(adapter, path)
        assert ours(router, path) == expected
        if isinstance(expected, str) and expected.startswith("/"):
            expected = werkzeugs(adapter, unquote(expected))
        assert ours(router, path, is_upgrade=True) == expected


# What is built


@pytest.mark.parametrize(
    ("name", "values", "path"),
    [
        ("home", {}, "/"),
        ("user", {"name": "ann"}, "/users/ann/"),
        ("user", {"name": "é ?#%"}, "/users/" + quote("é ?#%") + "/"),
        ("file", {"path": "a/b c"}, "/files/a/b%20c"),
        ("item", {"id": 7}, "/items/7"),
        ("item", {"id": "7"}, "/items/7"),
        ("home", {"q": "a b", "n": 1}, "/?q=a+b&n=1"),
        ("home", {"q": ["a", "b"]}, "/?q=a&q=b"),
        ("home", {"q": None}, "/"),
        ("api.v1.user", {"name": "ann"}, "/api/v1/users/ann"),
    ],
)
def test_a_name_builds_its_path(name, values, path):
    app = spa.App(
        (
            ("/", "home", tell),
            ("/users/<name>/", "user", tell),
            ("/files/<path:path>", "file", tell),
            ("/items/<int:id>", "item", tell),
            spa.include("/api", (spa.include("/v1", (("/users/<name>", "user", tell),), name="v1"),), name="api"),
        )
    )
    built = app.url(name, **values)
    assert built.replace("%20", "+") == path.replace("%20", "+")
    assert Client(app).get(built).status_code == 200


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        ("hom", {}, "the names are: home, item, number"),
        ("", {}, "no route is called ''"),
        ("item", {}, "'/items/<int:id>' cannot be built from {}"),
        ("item", {"id": "abc"}, "cannot be built from {'id': 'abc'}"),
        ("item", {"id": object}, "cannot be built"),
        ("item", {"id": float("inf")}, "cannot be built"),
        ("number", {"x": 10**400}, "cannot be built"),
        ("home", {"q": Decimal("NaN")}, "cannot be built"),
        ("item", {"ident": 1}, "cannot be built"),
    ],
)
def test_a_path_that_cannot_be_built_is_a_lookup_error(name, values, words):
    app = spa.App((("/", "home", tell), ("/items/<int:id>", "item", tell), ("/x/<float:x>", "number", tell)))
    with pytest.raises(LookupError) as caught:
        app.url(name, **values)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "path"),
    [
        ("word", "7/delete", None),
        ("word", "new", None),
        ("word", "..", None),
        ("word", ".", None),
        ("word", "", None),
        ("word", "...", "/words/..."),
        ("word", "%2e%2e", "/words/%252e%252e"),
        ("word", "\\", "/words/%5C"),
        ("word", "a\nb", "/words/a%0Ab"),
        ("word", 7, "/words/7"),
        ("delete", "7", "/words/7/delete"),
        ("path", "a/b", "/path/a/b"),
        ("path", "a//b", "/path/a//b"),
        ("path", "/a", None),
        ("path", "a/../b", None),
        ("int", -1, None),
        ("int", 1.9, None),
        ("int", 1.0, "/int/1"),
        ("int", Decimal("1.5"), None),
        ("int", "007", "/int/7"),
        ("signed", -1, "/signed/-1"),
        ("two", "abc", None),
        ("most", 99, None),
        ("uuid", "zz", None),
        ("uuid", UUID(int=10), "/uuid/00000000-0000-0000-0000-00000000000a"),
        ("uuid", "00000000-0000-0000-0000-00000000000A", "/uuid/00000000-0000-0000-0000-00000000000A"),
        ("float", -1.5, None),
        ("float", 1e30, f"/float/1{'0' * 30}.0"),
        ("float", 1e-5, "/float/0.00001"),
        ("float", float("inf"), None),
        ("float", float("nan"), None),
        ("float", "1.50", "/float/1.5"),
        ("float", 1, "/float/1.0"),
        ("float", Decimal("0.1"), "/float/0.1"),
        ("rest", "admin/x", None),
        ("rest", "x/y", "/x/y"),
    ],
)
def test_a_path_is_built_only_if_it_leads_back_to_the_route_and_the_value(name, value, path):
    app = spa.App(
        (
            ("/words/<x>", "word", tell),
            ("/words/new", "", tell),
            ("/words/<x>/delete", "delete", tell),
            ("/path/<path:x>", "path", tell),
            ("/int/<int:x>", "int", tell),
            ("/signed/<int(signed=True):x>", "signed", tell),
            ("/two/<string(length=2):x>", "two", tell),
            ("/most/<int(max=9):x>", "most", tell),
            ("/uuid/<uuid:x>", "uuid", tell),
            ("/float/<float:x>", "float", tell),
            ("/<path:x>", "rest", tell),
            spa.mount("/admin", seen_by),
        )
    )
    if path is None:
        with pytest.raises(LookupError, match="cannot be built from"):
            app.url(name, x=value)
    else:
        assert app.url(name, x=value) == path
        assert Client(app).get(path).json["name"] == name


def test_a_route_below_a_mount_names_what_is_mounted():
    app = spa.App((spa.mount("/static", seen_by), ("/static/<path:x>", "static", tell), ("/<path:x>", "rest", tell)))
    assert app.url("static", x="a.js") == "/static/a.js"
    with pytest.raises(LookupError):
        app.url("rest", x="static/a.js")


@given(st.lists(patterns(), min_size=1, max_size=6, unique_by=alike), st.data())
def test_what_is_built_always_leads_back(found_patterns, data):
    routes = [(pattern, f"r{index}", tell, {"index": index}) for index, pattern in enumerate(found_patterns)]
    router = Router([*routes, spa.mount("/a/b", seen_by), spa.mount("/1", seen_by)])
    for index, pattern in enumerate(found_patterns):
        names = re.findall(r"v\d", pattern)
        values = {name: data.draw(st.sampled_from([*TEXT, "..", "a/b", "a/b/c", 1])) for name in names}
        try:
            path = router.url(f"r{index}", values)
        except LookupError:
            continue
        found, params = ours(router, unquote(path))
        assert (found, {name: str(value) for name, value in params.items()}) == (
            index,
            {name: str(params[name].__class__(value)) for name, value in values.items()},
        )


def test_two_variables_in_one_segment_are_built_only_as_they_are_read():
    app = spa.App((("/<a>-<b>", "pair", tell),))
    assert app.url("pair", a="x-y", b="z", c=1) == "/x-y-z?c=1"
    with pytest.raises(LookupError):
        app.url("pair", a="x", b="y-z")


def test_a_converter_of_values_without_equality_builds_its_path():
    class Tag:
        def __init__(self, text):
            self.text = text

    class TagConverter(BaseConverter):
        def to_python(self, value):
            return Tag(value)

        def to_url(self, value):
            return value.text

    app = spa.App((("/<tag:tag>", "tag", tell),), converters={"tag": TagConverter})
    assert app.url("tag", tag=Tag("a")) == "/a"


def test_without_names_the_error_says_none():
    with pytest.raises(LookupError, match="the names are: none"):
        spa.App(()).url("home")


def test_a_url_does_not_depend_on_the_request():
    class Page(spa.Handler):
        def get(self):
            return self.app.url("page")

    app = spa.App((("/page", "page", Page),))
    assert get(app, "/page", "/app", HTTP_HOST="evil.example")[2] == "/page"


# Include and mount


@pytest.mark.parametrize(
    ("path", "name", "params"),
    [
        ("/api/", "api.index", {}),
        ("/api/users/7", "api.user", {"id": 7}),
        ("/api/quiet", "", {}),
        ("/api/v2/users", "api.v2.users", {}),
        ("/api/plain/users", "api.users", {}),
        ("/de/about", "about", {"lang": "de"}),
        ("/de/docs/intro", "page", {"lang": "de", "page": "intro"}),
    ],
)
def test_included_routes_have_the_prefix_in_pattern_and_name(path, name, params):
    app = spa.App(
        (
            spa.include(
                "/api",
                (
                    ("/", "index", tell),
                    ("/users/<int:id>", "user", tell),
                    ("/quiet", "", tell),
                    spa.include("/v2", (("/users", "users", tell),), name="v2"),
                    spa.include("/plain", [("/users", "users", tell)]),
                ),
                name="api",
            ),
            spa.include("/<lang>", (("/about", "about", tell), spa.include("/docs", (("/<page>", "page", tell),)))),
        )
    )
    assert Client(app).get(path).json == {"name": name, "params": params}
    if name:
        assert app.url(name, **params) == path


@pytest.mark.parametrize(
    ("path", "script", "seen"),
    [
        ("/admin", "", "/admin|"),
        ("/admin/", "", "/admin|/"),
        ("/admin/a/b", "", "/admin|/a/b"),
        ("/admin/é", "", "/admin|/é"),
        ("/admin//evil", "", "/admin|//evil"),
        ("/admin/a", "/app", "/app/admin|/a"),
        ("/v1/deep/a", "", "/v1/deep|/a"),
        ("/élan/a", "", "/élan|/a"),
    ],
)
def test_a_mounted_app_sees_the_rest_of_the_path(path, script, seen):
    app = spa.App(
        (
            spa.mount("/admin", seen_by),
            spa.include("/v1", (spa.mount("/deep", seen_by),)),
            spa.mount("/élan", seen_by),
        )
    )
    status, _, body = get(app, path, script)
    assert (status, body.encode("latin-1").decode() if "Ã" in body else body) == (200, seen)


@pytest.mark.parametrize(
    ("path", "location", "seen"),
    [
        ("//admin/x", "/admin/x", "/admin|/x"),
        ("///admin//x", "/admin/x", "/admin|/x"),
        ("//admin", "/admin", "/admin|"),
        ("/v1//deep/x", "/v1/deep/x", "/v1/deep|/x"),
        ("//élan/é", "/%C3%A9lan/%C3%A9", "/Ã©lan|/Ã©"),
    ],
)
def test_a_mount_owns_its_path_with_double_slashes_too(path, location, seen):
    mounts = (spa.mount("/admin", seen_by), spa.mount("/v1/deep", seen_by), spa.mount("/élan", seen_by))
    app = spa.App((("/<path:rest>", "", tell), *mounts))
    assert get(app, path, "/app", "q=1")[:2] == (308, f"/app{location}?q=1")
    assert get(app, path, **UPGRADE)[2] == seen


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/a", "short"),
        ("/a/x", "short"),
        ("/a/b", "long"),
        ("/a/b/c", "long"),
        ("/a/bc", "short"),
        ("/ab", "route"),
    ],
)
def test_the_longest_mount_is_asked(path, answer):
    def says(word):
        return lambda *arguments: spa.Response(word) if len(arguments) == 4 else spa.Response(word)(*arguments)

    app = spa.App(
        (("/<path:rest>", "", says("route")), spa.mount("/a", says("short")), spa.mount("/a/b", says("long")))
    )
    assert Client(app).get(path).text == answer


def test_an_app_can_be_mounted_in_an_app():
    inner = spa.App((("/", "home", tell), ("/x/", "x", tell)))
    app = spa.App((spa.mount("/inner", inner),))
    assert Client(app).get("/inner/").json["name"] == "home"
    assert Client(app).get("/inner").headers["Location"] == "/inner/"
    assert Client(app).get("/inner/x?q=1").headers["Location"] == "/inner/x/?q=1"
    assert Client(app).get("/inner/nothing").status_code == 404


def test_a_mounted_app_does_not_change_the_environ_of_its_caller():
    environ = create_environ("/admin/x")
    run_wsgi_app(spa.App((spa.mount("/admin", seen_by),)), environ)
    assert (environ["SCRIPT_NAME"], environ["PATH_INFO"]) == ("", "/admin/x")


# Wrong routes


class Prepared:
    def set_up_route(self, pattern, kwargs):
        return kwargs


@pytest.mark.parametrize(
    ("routes", "words"),
    [
        (lambda: (("/", "home", tell)), "a tuple of one route ends with a comma"),
        (lambda: None, "routes are a tuple"),
        (lambda: 1, "routes are a tuple"),
        (lambda: (("/", "home"),), "a route is (pattern, name, handler)"),
        (lambda: (("/", "home", tell, {}, 1),), "a route is (pattern, name, handler)"),
        (lambda: (None,), "a route is (pattern, name, handler)"),
        (lambda: (("home", "", tell),), "starts with a slash"),
        (lambda: (("", "", tell),), "starts with a slash"),
        (lambda: ((1, "", tell),), "starts with a slash"),
        (lambda: (("/", None, tell),), "the name is a string, empty for none"),
        (lambda: (("/", tell, "home"),), "the name is a string"),
        (lambda: (("/", "home", "Home"),), "the handler is a Handler class or a function"),
        (lambda: (("/", "home", None),), "the handler is a Handler class or a function"),
        (lambda: (("/", "home", tell, "x"),), "the keyword arguments are a dict"),
        (lambda: (("/", "home", tell, None),), "the keyword arguments are a dict"),
        (lambda: (("/a", "x", tell), ("/b", "x", tell)), "two routes are called 'x'"),
        (
            lambda: (("/a", "v.x", tell), spa.include("/v", (("/b", "x", tell),), name="v")),
            "two routes are called 'v.x'",
        ),
        (lambda: (("/<x", "", tell),), "'/<x'"),
        (lambda: (("/<nothing:x>", "", tell),), "'/<nothing:x>'"),
        (lambda: (("/<str:x>", "", tell),), "the converter 'str' does not exist; there are default, string, any,"),
        (lambda: (("/<x>/<x>", "", tell),), "'/<x>/<x>'"),
        (lambda: (("/<int(min=a:x>", "", tell),), "'/<int(min=a:x>'"),
        (lambda: (("/<int(foo=1):x>", "", tell),), "'/<int(foo=1):x>'"),
        (lambda: (("/<self>", "", spa.Handler),), "no method takes a variable called self; rename it"),
        (lambda: (spa.include("/<int:self>", (("/x", "", spa.Handler),)),), "called self; rename it"),
        (lambda: (("/", "", spa.Handler(None, None, {}, "")),), "pass the class Handler, not an instance of it"),
        (lambda: (spa.include("api", ()),), "include('api'): the path starts with a slash"),
        (lambda: (spa.include("/api/", ()),), "does not end with one"),
        (lambda: (spa.include("", ()),), "include('')"),
        (lambda: (spa.include(None, ()),), "include(None)"),
        (lambda: (spa.include("/api", None),), "routes are a tuple"),
        (lambda: (spa.include("/api", (("x", "", tell),)),), "starts with a slash"),
        (lambda: (("/a/../<x>", "", tell),), "route '/a/../<x>': clients take the segments . and .. out of a path"),
        (lambda: (spa.include("/.", (("/x", "", tell),)),), "include('/.'): clients take the segments"),
        (lambda: (spa.mount("/a/../b", seen_by),), "mount('/a/../b'): clients take the segments . and .. out"),
        (lambda: (spa.mount("/.", seen_by),), "mount('/.'): clients take the segments"),
        (lambda: (spa.mount("admin", seen_by),), "mount('admin'): the path starts with a slash"),
        (lambda: (spa.mount("/admin/", seen_by),), "does not end with one"),
        (lambda: (spa.mount("/", seen_by),), "does not end with one"),
        (lambda: (spa.mount(None, seen_by),), "mount(None)"),
        (lambda: (spa.mount("/<x>", seen_by),), "a mount has no variables"),
        (lambda: (spa.include("/<x>", (spa.mount("/admin", seen_by),)),), "a mount has no variables"),
        (lambda: (spa.mount("/admin", None),), "pass a WSGI app"),
        (lambda: (spa.mount("/admin", spa.Handler),), "pass a WSGI app"),
        (lambda: (spa.mount("/admin", tell),), "pass a WSGI app"),
        (lambda: (("/", "", Prepared),), "the handler is not the class Prepared, but one: Prepared(...)"),
    ],
)
def test_wrong_routes_are_a_setup_error_that_says_what_to_write(routes, words):
    with pytest.raises(spa.SetupError) as caught:
        spa.App(routes())
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("converters", "words"),
    [
        ({"x": int}, "the converter 'x' is a subclass of werkzeug.routing.BaseConverter, not <class 'int'>"),
        ({"x": "int"}, "the converter 'x' is a subclass"),
        ({"good": IntegerConverter, "x": None}, "the converter 'x' is a subclass"),
        ([], "a dict of classes by name"),
        ([IntegerConverter], "a dict of classes by name"),
    ],
)
def test_a_converter_that_is_none_is_a_setup_error_though_no_pattern_uses_it(converters, words):
    with pytest.raises(spa.SetupError) as caught:
        Router((), converters)
    assert words in str(caught.value)


def test_names_may_be_empty_several_times():
    app = spa.App((("/a", "", tell), ("/b", "", tell), spa.include("/v", (("/c", "", tell),), name="v")))
    assert [Client(app).get(path).json["name"] for path in ("/a", "/b", "/v/c")] == ["", "", ""]


def test_an_app_may_have_no_routes():
    assert Client(spa.App(())).get("/").status_code == 404


def test_a_variable_may_be_called_self_where_a_function_gets_it():
    assert Client(spa.App((("/<self>", "", tell),))).get("/x").json["params"] == {"self": "x"}
