"""What pages of other origins may read, send and open."""

import pytest
from werkzeug.exceptions import Forbidden, NotFound, Unauthorized
from werkzeug.test import Client, create_environ

import spa
from spa.environ import ALLOWED_ORIGINS
from spa.errors import SetupError
from spa.middleware.cors import CORSMiddleware
from spa.middleware.csrf import CSRFMiddleware
from spa.websocket import handshake

FRIEND, OTHER, EVIL = "https://friend.example", "http://other.example:8080", "https://evil.example"
UPGRADE = {"Connection": "Upgrade", "Upgrade": "websocket"}


class Item(spa.Handler):
    def get(self, name=None):
        return "read"

    def put(self, name=None):
        return "changed"

    def delete(self, name=None):
        return None


class Private(Item):
    def prepare(self):
        raise Unauthorized

    def options(self):
        return "never"


class Broken(spa.Handler):
    def get(self):
        raise KeyError("a bug")

    def options(self):
        raise KeyError("a bug")


class Missing(spa.Handler):
    def get(self):
        raise NotFound


class Own(spa.Handler):
    def get(self):
        return "read", 200, {"Access-Control-Allow-Origin": "https://own.example", "Vary": "Cookie"}


routes = (
    ("/", "", Item),
    ("/private", "", Private),
    ("/broken", "", Broken),
    ("/missing", "", Missing),
    ("/own", "", Own),
)


def client(app=None, **options):
    options.setdefault("origins", [FRIEND, OTHER])
    return Client(CORSMiddleware(app or spa.App(routes), **options))


def preflight(path="/", method="PUT", *, origin=FRIEND, app=None, also=None, **options):
    asked = {"Origin": origin, "Access-Control-Request-Method": method, **(also or {})}
    return client(app, **options).options(path, headers=asked)


def cors_of(answer):
    """Return the headers of CORS, without their common beginning, and Vary."""
    prefix = "Access-Control-"
    return {
        name.removeprefix(prefix): value for name, value in answer.headers if name.startswith(prefix) or name == "Vary"
    }


# Who may read


@pytest.mark.parametrize("origin", [FRIEND, OTHER])
def test_a_page_of_a_listed_origin_may_read(origin):
    answer = client().get("/", headers={"Origin": origin})
    assert answer.text == "read"
    assert cors_of(answer) == {"Allow-Origin": origin, "Vary": "Origin"}


@pytest.mark.parametrize(
    "origin",
    [
        *(EVIL, "null", "", "*", "http://friend.example", "https://Friend.example"),
        *(f"{FRIEND}:8443", f"{FRIEND}.evil.example", f"{FRIEND}, {OTHER}"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT"])
def test_a_page_of_another_origin_may_not_but_is_answered(origin, method):
    answer = client().open("/", method=method, headers={"Origin": origin})
    assert answer.status_code == 200
    assert cors_of(answer) == {"Vary": "Origin"}


def test_a_request_without_origin_is_answered_as_one_that_could_have_had_one():
    assert cors_of(client().get("/")) == {"Vary": "Origin"}


@pytest.mark.parametrize("origins", ["*", ["*"]])
@pytest.mark.parametrize("headers", [{}, {"Origin": EVIL}, {"Origin": "null"}])
def test_with_a_star_every_page_may_read_and_the_answer_is_the_same_for_all(origins, headers):
    assert cors_of(client(origins=origins).get("/", headers=headers)) == {"Allow-Origin": "*"}


def test_with_credentials_the_answer_says_so():
    answer = client(credentials=True).get("/", headers={"Origin": FRIEND})
    assert cors_of(answer) == {"Allow-Origin": FRIEND, "Allow-Credentials": "true", "Vary": "Origin"}
    assert cors_of(client(credentials=True).get("/", headers={"Origin": EVIL})) == {"Vary": "Origin"}


@pytest.mark.parametrize("expose", [["X-Total", "ETag"], "*"])
def test_response_headers_are_exposed(expose):
    answer = client(expose_headers=expose).get("/", headers={"Origin": FRIEND})
    assert cors_of(answer)["Expose-Headers"] == ", ".join(expose)


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/nowhere", "GET", 404),
        ("/missing", "GET", 404),
        ("/broken", "GET", 500),
        ("/", "POST", 405),
        ("/private", "GET", 401),
    ],
)
def test_errors_can_be_read_too(path, method, status):
    answer = client().open(path, method=method, headers={"Origin": FRIEND})
    assert answer.status_code == status
    assert cors_of(answer) == {"Allow-Origin": FRIEND, "Vary": "Accept, Origin"}


def test_what_a_handler_grants_itself_is_left():
    answer = client(credentials=True).get("/own", headers={"Origin": FRIEND})
    assert cors_of(answer) == {"Allow-Origin": "https://own.example", "Vary": "Cookie, Origin"}


# Preflights


def test_a_preflight_names_the_real_methods_of_the_route():
    answer = preflight()
    assert (answer.status_code, answer.data) == (204, b"")
    assert cors_of(answer) == {
        "Allow-Origin": FRIEND,
        "Allow-Methods": "DELETE, GET, HEAD, OPTIONS, PUT",
        "Allow-Headers": "Accept, Accept-Language, Content-Language, Content-Type",
        "Max-Age": "600",
        "Vary": "Origin",
    }
    assert "PATCH" not in cors_of(preflight(method="PATCH"))["Allow-Methods"]


def test_the_settings_show_in_the_answer_to_a_preflight():
    got = cors_of(preflight(also={"Access-Control-Request-Headers": "x-token"}, credentials=True, max_age=0))
    assert (got["Allow-Credentials"], got["Max-Age"]) == ("true", "0")
    assert "Token" not in got["Allow-Headers"]
    assert cors_of(preflight(credentials=True, origin=EVIL)) == {"Vary": "Origin"}


@pytest.mark.parametrize(
    ("asked", "is_allowed"),
    [
        ("x-token", True),
        ("X-TOKEN", True),
        ("content-type", True),
        ("content-type,x-token", True),
        ("x-tokens", False),
        ("authorization", False),
    ],
)
def test_a_browser_finds_the_headers_it_asks_for_without_case(asked, is_allowed):
    """Compare as the Fetch standard says (CORS-preflight fetch, step 7.6): each name, byte-case-insensitively."""
    answer = preflight(also={"Access-Control-Request-Headers": asked}, headers=["X-Token"])
    allowed = {name.strip().lower() for name in answer.headers["Access-Control-Allow-Headers"].split(",")}
    assert ({name.lower() for name in asked.split(",")} <= allowed) is is_allowed


def test_a_star_allows_all_headers_and_authorization():
    assert cors_of(preflight(headers="*"))["Allow-Headers"] == "*, Authorization"


def test_a_preflight_for_nothing_is_404_and_can_be_read():
    answer = preflight("/nowhere")
    assert answer.status_code == 404
    assert answer.json["status"] == 404
    assert cors_of(answer) == {"Allow-Origin": FRIEND, "Vary": "Accept, Origin"}


def test_a_preflight_that_breaks_the_app_is_500():
    answer = preflight("/broken")
    assert answer.status_code == 500
    assert cors_of(answer)["Allow-Origin"] == FRIEND


def test_a_refusal_of_options_is_none_of_the_request_to_come():
    answer = preflight("/private")
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Methods"] == "PUT"


SLASHES = (
    ("/slash/", "", Item),
    ("/größe/<name>/", "", Item),
    ("/private/", "", Private),
    spa.mount("/below", spa.App((("/slash/", "", Item),))),
)


@pytest.mark.parametrize("path", ["/slash", "/slash?a=1", "/größe//a/", "/gr%C3%B6%C3%9Fe/a%20b", "/below/slash"])
@pytest.mark.parametrize("root", ["", "/root", "/w%C3%BCrzel"])
def test_for_a_path_without_its_slash_the_methods_are_those_of_the_route(path, root):
    browser = client(spa.App(SLASHES))
    asked = {"Origin": FRIEND, "Access-Control-Request-Method": "PATCH"}
    answer = browser.options(path, base_url=f"http://localhost{root}", headers=asked)
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Methods"] == "DELETE, GET, HEAD, OPTIONS, PUT"


def test_for_a_path_without_its_slash_too_a_refusal_of_options_is_none_of_the_request_to_come():
    assert preflight("/private", app=spa.App(SLASHES)).headers["Access-Control-Allow-Methods"] == "PUT"


@pytest.mark.parametrize(
    ("status", "location", "paths"),
    [
        ("308 Permanent Redirect", "/root/b?c=1#d", ["/a", "/b?c=1"]),
        ("307 Temporary Redirect", "/root/b", ["/a", "/b?"]),
        ("308 Permanent Redirect", "/root/a", ["/a", "/a?"]),  # once, though it goes on
        ("303 See Other", "/root/b", ["/a"]),  # to be got, by another method
        ("308 Permanent Redirect", "/elsewhere", ["/a"]),
        ("308 Permanent Redirect", "/rooted/b", ["/a"]),
        ("308 Permanent Redirect", "//evil.example/root/b", ["/a"]),
        ("308 Permanent Redirect", "https://evil.example/root/b", ["/a"]),
        ("308 Permanent Redirect", "b", ["/a"]),
    ],
)
def test_a_redirect_of_a_preflight_is_followed_once_and_only_within_the_app(status, location, paths):
    seen = []

    def app(environ, start_response):
        query = f"?{environ['QUERY_STRING']}" if seen else ""
        assert (environ["REQUEST_METHOD"], environ["SCRIPT_NAME"]) == ("OPTIONS", "/root")
        seen.append(environ["PATH_INFO"] + query)
        start_response(status, [("Location", location)])
        return [b""]

    asked = {"Origin": FRIEND, "Access-Control-Request-Method": "PUT"}
    answer = client(app).options("/a", base_url="http://localhost/root", headers=asked)
    assert (answer.status_code, seen) == (204, paths)


def test_a_preflight_from_another_origin_is_an_options_request_as_any():
    answer = preflight(origin=EVIL)
    assert (answer.status_code, answer.headers["Allow"]) == (204, "DELETE, GET, HEAD, OPTIONS, PUT")
    assert cors_of(answer) == {"Vary": "Origin"}


@pytest.mark.parametrize("headers", [{"Origin": FRIEND}, {"Origin": FRIEND, "Access-Control-Request-Methods": "PUT"}])
def test_an_options_request_that_is_no_preflight_goes_to_the_app(headers):
    answer = client().options("/", headers=headers)
    assert (answer.status_code, answer.headers["Allow"]) == (204, "DELETE, GET, HEAD, OPTIONS, PUT")
    assert cors_of(answer) == {"Allow-Origin": FRIEND, "Vary": "Origin"}


def quiet(environ, start_response):
    """Answer without Allow, and late."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield b"a body that a preflight does not want"


@pytest.mark.parametrize(
    ("methods", "asked", "allowed"),
    [(None, "PUT", "PUT"), (None, "a b", ""), (["GET", "PATCH"], "PUT", "GET, PATCH")],
)
def test_without_allow_the_setting_counts_or_what_is_asked_for(methods, asked, allowed):
    answer = preflight(app=quiet, method=asked, methods=methods)
    assert (answer.status_code, answer.data) == (204, b"")
    assert answer.headers["Access-Control-Allow-Methods"] == allowed


def test_a_preflight_closes_the_answer_of_the_app():
    closed = []

    class Body(list):
        def close(self):
            closed.append(True)

    def app(environ, start_response):
        start_response("204 No Content", [("Allow", "GET")])
        return Body()

    preflight(app=app)
    assert closed == [True]


def test_a_public_page_gets_no_leave_to_enter_a_private_network():
    answer = preflight(also={"Access-Control-Request-Private-Network": "true"})
    assert not any("Private" in name for name in cors_of(answer))


# WebSockets


@pytest.mark.parametrize(
    ("origins", "origin", "is_open"),
    [
        ([FRIEND], FRIEND, True),
        ([FRIEND], EVIL, False),
        ([FRIEND], "null", False),
        ([FRIEND], "http://localhost", True),
        ([FRIEND], None, True),
        (["null", FRIEND], "null", False),
        ("*", EVIL, False),
    ],
)
def test_websockets_may_be_opened_from_the_same_origins(origins, origin, is_open):
    def app(environ, start_response):
        handshake.check_origin(environ, ())
        start_response("200 OK", [])
        return [b"open"]

    headers = UPGRADE if origin is None else {**UPGRADE, "Origin": origin}
    heads = []
    wrapped = CORSMiddleware(app, origins=origins)
    if is_open:
        assert wrapped(create_environ(headers=headers), lambda *head: heads.append(head)) == [b"open"]
        assert heads == [("200 OK", [])]
    else:
        with pytest.raises(Forbidden):
            wrapped(create_environ(headers=headers), lambda *head: heads.append(head))


def test_the_origins_of_two_wrappers_add_up():
    seen = []
    app = CORSMiddleware(lambda environ, start: seen.append(environ) or [], origins=[FRIEND])
    CORSMiddleware(app, origins=[OTHER])(create_environ(headers=UPGRADE), None)
    assert seen[0][ALLOWED_ORIGINS] == {FRIEND, OTHER}


# With others


def test_a_listed_origin_reads_and_a_trusted_one_changes():
    def put(trusted):
        app = CORSMiddleware(CSRFMiddleware(spa.App(routes), trusted_origins=trusted), origins=[FRIEND])
        return Client(app).put("/", headers={"Origin": FRIEND, "Sec-Fetch-Site": "cross-site"})

    assert put([FRIEND]).status_code == 200
    refused = put([])
    assert refused.status_code == 403
    assert refused.headers["Access-Control-Allow-Origin"] == FRIEND


# Set-up


@pytest.mark.parametrize(
    ("options", "fix"),
    [
        ({"origins": FRIEND}, f"origins is a list of origins; write \\['{FRIEND}'\\]"),
        ({"origins": ["friend.example"]}, "write scheme://host"),
        ({"origins": [f"{FRIEND}/"]}, "write scheme://host"),
        ({"origins": ["https://*.friend.example"]}, "name each one"),
        ({"origins": "*", "credentials": True}, "must be named"),
        ({"origins": [FRIEND, "*"], "credentials": True}, "must be named"),
        ({"origins": [FRIEND], "headers": "*", "credentials": True}, "must be named"),
        ({"origins": [FRIEND], "expose_headers": ["*"], "credentials": True}, "must be named"),
        ({"origins": [FRIEND], "methods": "*", "credentials": True}, "must be named"),
        ({"origins": ["null"], "credentials": True}, "'null' would let any site in"),
        ({"origins": "*", "headers": "X-Token"}, "write \\['X-Token'\\]"),
        ({"origins": "*", "headers": ["X Token"]}, "not a name"),
        ({"origins": "*", "headers": [5]}, "headers holds 5, which is not a name"),
        ({"origins": "*", "headers": None}, "headers is a list of names, not None"),
        ({"origins": None}, "origins is a list of origins, not None"),
        ({"origins": "*", "expose_headers": "ETag"}, "write \\['ETag'\\]"),
        ({"origins": "*", "methods": "GET"}, "write \\['GET'\\]"),
        ({"origins": "*", "methods": ["GET, PUT"]}, "not a name"),
        ({"origins": "*", "max_age": -1}, "number of seconds"),
        ({"origins": "*", "max_age": "600"}, "number of seconds"),
    ],
)
def test_wrong_options_fail_at_once_and_name_the_fix(options, fix):
    with pytest.raises(SetupError, match=fix):
        CORSMiddleware(spa.App(routes), **options)


def test_what_is_no_app_is_a_mistake_in_the_setup():
    with pytest.raises(SetupError, match="wraps a WSGI app"):
        CORSMiddleware(routes, origins="*")


def test_origins_are_matched_as_browsers_spell_them():
    answer = client(origins=["HTTPS://Friend.Example:443"]).get("/", headers={"Origin": FRIEND})
    assert answer.headers["Access-Control-Allow-Origin"] == FRIEND
