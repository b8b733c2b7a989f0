"""Hold the sessions: a signed cookie, written when it must be, and never by a stranger."""

import logging
import sys
from datetime import datetime
from email.utils import parsedate_to_datetime
from http.cookies import SimpleCookie
from typing import ClassVar
from wsgiref.validate import validator

import pytest
from werkzeug.exceptions import Forbidden, NotFound
from werkzeug.http import parse_set_header
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.test import Client, EnvironBuilder, create_environ, run_wsgi_app

import spa
from spa.answer import BrokenOff
from spa.middleware.cookie import LARGEST_COOKIE
from spa.middleware.session import FORTNIGHT, SessionMiddleware, purpose_of
from spa.static import StaticHandler
from spa.token import TokenSigner
from spa.websocket.transport import SocketReleased
from tests.forge import HOSTILE, NOW, OTHER, SECRET, VALID, claims, token

ANONYMOUS = {"user": None}


class User(spa.Handler):
    """Who is logged in; also what login, logout and mistakes look like."""

    def get(self):
        return {"user": self.request.session.get("user")}

    def put(self):
        self.request.session["user"] = self.request.get_json()
        return "in"

    def delete(self):
        self.request.session.clear()
        return "out"


class Plain(spa.Handler):
    def get(self):
        return "plain"


class Cart(spa.Handler):
    def get(self):
        return self.request.session["cart"]

    def post(self):
        self.request.session.setdefault("cart", []).append(self.request.get_data(as_text=True))
        return "added"


class Fails(spa.Handler):
    """Ends in what the URL says, after the session has changed."""

    def get(self, how):
        self.request.session["user"] = 8
        if how == "bug":
            raise ZeroDivisionError
        if how == "refusal":
            raise Forbidden
        if how == "caught":
            try:
                self.request.session["user"] = 9
            except Forbidden:
                return "caught"
        if how == "unavailable":
            return "later", 503
        return "ok"


class Puts(spa.Handler):
    """Puts something into the session that it cannot keep."""

    things: ClassVar = {
        "date": datetime(2026, 1, 1),
        "nan": float("nan"),
        "large": "x" * 4000,
        "surrogate": "\ud800",
    }

    def get(self, what):
        self.request.session[what] = self.things.get(what, 1)
        return "put"


class Stream(spa.Handler):
    def get(self):
        user = self.request.session.get("user")
        return (f"{user} " for _ in range(3))

    def put(self):
        session = self.request.session

        def late():
            yield "a"
            session["user"] = 8

        return late()

    def post(self):
        yield "a"
        yield str(self.request.session)


class Tagged(spa.Handler):
    """Has its own Vary and Cache-Control."""

    def get(self):
        self.request.session["n"] = 1
        return "x", 200, {"Vary": self.request.args["vary"], "Cache-Control": "public, max-age=60"}


ROUTES = (
    ("/", "", User),
    ("/plain", "", Plain),
    ("/cart", "", Cart),
    ("/fails/<how>", "", Fails),
    ("/puts/<what>", "", Puts),
    ("/stream", "", Stream),
    ("/tagged", "", Tagged),
    ("/static/<path:filepath>", "", StaticHandler, {"directory": "examples/static"}),
)


class Clock:
    """A clock that stands until it is set."""

    def __init__(self):
        self.now = NOW

    def __call__(self):
        return self.now


def wrap(app=None, secret=SECRET, clock=None, **options) -> SessionMiddleware:
    return SessionMiddleware(app or spa.App(ROUTES), secret, clock=clock or Clock(), **options)


@pytest.fixture
def client() -> Client:
    return Client(wrap())


def get(app, path="/", cookie=None, **headers):
    """Return the answer to a GET with exactly this Cookie header."""
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    if cookie is not None:
        headers["Cookie"] = cookie
    return Client(app, use_cookies=False).get(path, headers=headers)


def morsel(answer, name="session"):
    """Return the one Set-Cookie of an answer; None if there is none."""
    lines = answer.headers.getlist("Set-Cookie")
    assert len(lines) <= 1, lines
    return SimpleCookie(lines[0])[name] if lines else None


def vary(answer) -> set[str]:
    assert len(answer.headers.getlist("Vary")) <= 1
    return set(parse_set_header(answer.headers.get("Vary")).as_set())


def is_cleared(answer) -> bool:
    cookie = morsel(answer)
    return cookie is not None and cookie.value == "" and cookie["max-age"] == "0" and "1970" in cookie["expires"]


# The life of a session


def test_who_logs_in_is_known_until_logging_out(client):
    assert client.get("/").json == ANONYMOUS
    client.put("/", json=7)
    assert client.get("/").json == {"user": 7}
    answer = client.delete("/")
    assert is_cleared(answer)
    assert client.get("/").json == ANONYMOUS
    assert client.get_cookie("session") is None


def test_the_cookie_is_for_this_host_alone_out_of_reach_of_scripts_and_other_sites(client):
    cookie = morsel(client.put("/", json=7))
    assert cookie["httponly"] is True
    assert cookie["samesite"] == "Lax"
    assert cookie["path"] == "/"
    assert cookie["domain"] == ""
    assert cookie["secure"] == ""
    assert cookie["max-age"] == str(FORTNIGHT)
    assert parsedate_to_datetime(cookie["expires"]).timestamp() == NOW + FORTNIGHT


@pytest.mark.parametrize("verb", ["put", "delete"])
def test_on_https_the_cookie_travels_over_https_only(verb):
    client = Client(wrap())
    client.put("/", json=7, base_url="https://localhost")
    assert morsel(getattr(client, verb)("/", json=8, base_url="https://localhost"))["secure"] is True


@pytest.mark.parametrize(("secure", "url", "expected"), [(True, "http://x", True), (False, "https://x", "")])
def test_secure_can_be_said(secure, url, expected):
    assert morsel(Client(wrap(secure=secure)).put("/", json=7, base_url=url))["secure"] == expected


def test_the_cookies_settings_are_said_alike_when_it_is_set_and_when_it_is_cleared():
    app = wrap(cookie="visitor", path="/app", domain="example.org", same_site="Strict", max_age=60)
    signed = app.signer.sign({"user": 7})
    client = Client(app, use_cookies=False)
    set_ = morsel(client.put("/", json=7), "visitor")
    cleared = morsel(client.delete("/", headers={"Cookie": f"visitor={signed}"}), "visitor")
    assert set_["max-age"] == "60"
    assert cleared["max-age"] == "0"
    for name, value in {"path": "/app", "domain": "example.org", "samesite": "Strict", "httponly": True}.items():
        assert set_[name] == cleared[name] == value


def test_the_session_is_a_dict_and_the_same_at_each_look():
    seen = []

    def app(environ, start_response):
        request = spa.Request(environ)
        seen.extend([request.session, request.session, spa.Request(environ).session])
        start_response("200 OK", [])
        return []

    get(wrap(app), cookie=f"session={VALID}")
    first, second, third = seen
    assert first is second is third
    assert isinstance(first, dict)
    assert first == {"user": 7}


# Written when it has changed, and only then


def test_a_session_that_was_read_and_not_changed_is_not_set_again(client):
    client.put("/", json=7)
    answer = client.get("/")
    assert answer.json == {"user": 7}
    assert morsel(answer) is None


def test_an_answer_that_read_the_session_varies_by_where_it_comes_from(client):
    assert vary(client.get("/")) == {"cookie", "authorization"}
    assert vary(get(wrap(bearer=False))) == {"cookie"}


@pytest.mark.parametrize("path", ["/plain", "/static/app.js", "/none"])
@pytest.mark.parametrize("cookie", [None, f"session={VALID}", "session=garbage"])
def test_an_answer_that_did_not_read_the_session_knows_nothing_of_it(path, cookie):
    answer = get(wrap(), path, cookie)
    assert morsel(answer) is None
    assert not {"cookie", "authorization"} & vary(answer)


def test_a_new_session_that_stays_empty_is_no_cookie(client):
    assert morsel(client.get("/")) is None
    assert morsel(client.delete("/")) is None


def test_a_value_inside_the_session_may_be_changed_in_place(client):
    for item in ["milk", "tea"]:
        assert morsel(client.post("/cart", data=item)) is not None
    assert client.get("/cart").json == ["milk", "tea"]


@pytest.mark.parametrize(
    "change",
    [
        lambda session: session.update(user=8),
        lambda session: session.pop("user"),
        lambda session: session.popitem(),
        lambda session: session.__delitem__("user"),
        lambda session: session.__ior__({"user": 8}),
        lambda session: session.setdefault("other", 1),
        lambda session: session["cart"][0].update(n=2),
        lambda session: session["cart"].clear(),
    ],
)
def test_every_way_to_change_the_session_is_noticed(change):
    def app(environ, start_response):
        change(spa.Request(environ).session)
        start_response("200 OK", [])
        return []

    signed = token(claims(cart=[{"n": 1}]))
    assert morsel(get(wrap(app), cookie=f"session={signed}")) is not None


def test_no_cache_may_hand_the_cookie_to_somebody_else(client):
    assert client.put("/", json=7).headers["Cache-Control"] == 'no-cache="Set-Cookie"'
    assert "Cache-Control" not in client.get("/").headers
    answer = client.get("/tagged?vary=Accept")
    assert answer.headers.getlist("Cache-Control") == ["public, max-age=60", 'no-cache="Set-Cookie"']


def test_an_answers_own_vary_is_kept(client):
    assert vary(client.get("/tagged?vary=Accept")) == {"accept", "cookie", "authorization"}
    assert vary(client.get("/tagged?vary=*")) == {"*"}


# Tokens of others


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
def test_a_cookie_that_is_not_valid_is_an_empty_session_and_is_cleared(hostile):
    answer = get(wrap(), cookie=f"session={hostile}")
    assert (answer.status_code, answer.json) == (200, ANONYMOUS)
    assert is_cleared(answer) or " " in hostile  # which no cookie may hold, so that it is none


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
def test_a_bearer_token_that_is_not_valid_is_an_empty_session(hostile):
    answer = get(wrap(), Authorization=f"Bearer {hostile}")
    assert (answer.status_code, answer.json) == (200, ANONYMOUS)
    assert morsel(answer) is None


def test_who_logs_in_over_an_expired_session_starts_from_nothing():
    clock = Clock()
    client = Client(wrap(clock=clock))
    client.post("/cart", data="milk")
    clock.now += FORTNIGHT
    client.put("/", json=7)
    assert client.get("/cart").status_code == 500
    assert client.get("/").json == {"user": 7}


def test_the_session_ends_when_its_time_is_over():
    clock = Clock()
    app = wrap(clock=clock, max_age=60)
    signed = app.signer.sign({"user": 7})
    clock.now += 59
    assert get(app, cookie=f"session={signed}").json == {"user": 7}
    clock.now += 1
    answer = get(app, cookie=f"session={signed}")
    assert answer.json == ANONYMOUS
    assert is_cleared(answer)


def test_a_session_in_use_is_renewed_once_half_of_its_time_is_over():
    clock = Clock()
    client = Client(wrap(clock=clock))
    client.put("/", json=7)
    clock.now += FORTNIGHT / 2
    assert morsel(client.get("/")) is None
    clock.now += 1
    assert morsel(client.get("/plain")) is None
    assert morsel(client.get("/"))["max-age"] == str(FORTNIGHT)
    assert morsel(client.get("/")) is None
    clock.now += FORTNIGHT - 1
    assert client.get("/").json == {"user": 7}


def test_a_secret_can_be_changed_without_logging_anybody_out():
    old, both, new = (Client(wrap(secret=secret)) for secret in (SECRET, [OTHER, SECRET], OTHER))
    old.put("/", json=7)
    carried = old.get_cookie("session").value
    both.set_cookie("session", carried)
    assert both.get("/").json == {"user": 7}
    both.post("/cart", data="milk")  # any change signs anew, by the first secret
    new.set_cookie("session", both.get_cookie("session").value)
    assert new.get("/").json == {"user": 7}
    new.set_cookie("session", carried)
    assert new.get("/").json == ANONYMOUS


@pytest.mark.parametrize("purpose", ["confirm-email", "session", "Session/session"])
def test_a_token_made_for_another_purpose_is_no_session(purpose):
    other = TokenSigner(SECRET, purpose, max_age=3600, clock=Clock()).sign({"user": 7})
    assert get(wrap(), cookie=f"session={other}").json == ANONYMOUS
    assert get(wrap(), Authorization=f"Bearer {other}").json == ANONYMOUS


# Settings


@pytest.mark.parametrize("secret", [None, "", b"", "x" * 31, [], [SECRET, ""], [None], 7])
def test_a_bad_secret_is_a_mistake_in_the_set_up(secret):
    with pytest.raises(spa.SetupError, match="secret"):
        wrap(secret=secret)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cookie": ""}, "name of a cookie"),
        ({"cookie": "a b"}, "name of a cookie"),
        ({"cookie": "a;b"}, "name of a cookie"),
        ({"cookie": "ä"}, "name of a cookie"),
        ({"cookie": "a\r\n"}, "name of a cookie"),
        ({"same_site": "lux"}, "same_site is"),
        ({"domain": "a" * 70 + ".example"}, "cannot be made with domain"),
        ({"max_age": 0}, "positive"),
        ({"max_age": 10**12}, "400 days"),
        ({"max_age": 1e300}, "400 days"),
        ({"max_age": 10**400}, "400 days"),
        ({"same_site": "None", "secure": False}, "leave secure=False out"),
        ({"cookie": "__Host-session", "secure": False}, "leave secure=False out"),
        ({"cookie": "__Host-session", "domain": "a.example"}, "leave both out"),
        ({"cookie": "__Host-session", "path": "/app"}, "leave both out"),
        ({"cookie": "__Secure-session", "secure": False}, "leave secure=False out"),
    ],
)
def test_a_bad_setting_is_a_mistake_in_the_set_up(options, message):
    with pytest.raises(spa.SetupError, match=message):
        wrap(**options)


def test_what_is_no_app_is_a_mistake_in_the_set_up():
    with pytest.raises(spa.SetupError, match="wraps a WSGI app, not NoneType"):
        SessionMiddleware(None, SECRET)


@pytest.mark.parametrize("secret", [SECRET, OTHER, [SECRET, OTHER]])
def test_arguments_in_the_other_order_are_told_without_the_secret(secret):
    with pytest.raises(spa.SetupError, match=r"write SessionMiddleware\(app, secret\)") as caught:
        SessionMiddleware(secret, spa.App(ROUTES))
    assert f"not {type(secret).__name__}:" in str(caught.value)
    assert "secret, 32" not in str(caught.value)
    assert "another secret" not in str(caught.value)


def test_who_asks_for_the_longest_session_there_is_can_log_in():
    app = wrap(max_age=400 * 24 * 3600)
    assert morsel(Client(app).put("/", json=7))["max-age"] == str(400 * 24 * 3600)


@pytest.mark.parametrize("name", ["sub", "jti", "iss"])
def test_the_names_that_tokens_leave_to_the_app_hold_what_is_put_into_them(client, name):
    client.get(f"/puts/{name}")
    client.put("/", json=7)  # read, and written again
    assert wrap().signer.read(client.get_cookie("session").value) == {name: 1, "user": 7}


# Mistakes


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("large", f"bytes, and browsers keep {LARGEST_COOKIE}"),
        ("date", "datetime is not JSON serializable"),
        ("nan", "not JSON compliant"),
        ("surrogate", "surrogates not allowed"),
        ("exp", "'exp'"),
        ("nbf", "'nbf'"),
    ],
)
def test_what_the_session_cannot_keep_is_a_bug_and_is_logged(caplog, what, message):
    answer = get(wrap(), f"/puts/{what}", cookie=f"session={VALID}")
    assert answer.status_code == 500
    assert morsel(answer) is None
    assert {"cookie", "authorization"} <= vary(answer)
    (record,) = caplog.records
    assert message in str(record.exc_info[1])
    assert message not in answer.text


def test_a_session_that_is_too_large_is_told_with_its_size(caplog):
    get(wrap(), "/puts/large")
    error = caplog.records[0].exc_info[1]
    size = int(str(error).split(" bytes")[0].split()[-1])
    assert LARGEST_COOKIE < size < 6000


@pytest.mark.parametrize(
    ("how", "status", "is_saved"),
    [("ok", 200, True), ("refusal", 403, True), ("bug", 500, False), ("unavailable", 503, False)],
)
def test_an_error_of_the_client_keeps_what_changed_and_one_of_the_server_does_not(how, status, is_saved):
    answer = get(wrap(), f"/fails/{how}")
    assert answer.status_code == status
    assert (morsel(answer) is not None) is is_saved
    assert {"cookie", "authorization"} <= vary(answer)


def test_an_answer_that_is_replaced_by_an_error_takes_its_cookie_along():
    def app(environ, start_response):
        spa.Request(environ).session["user"] = 8
        start_response("200 OK", [])
        try:
            raise ZeroDivisionError
        except ZeroDivisionError:
            start_response("500 Internal Server Error", [], sys.exc_info())
        return []

    starts = []
    wrap(app)(create_environ("/"), lambda *arguments: starts.append(arguments))
    (_, first, _), (_, second, exc_info) = starts
    assert "Set-Cookie" in dict(first)
    assert "Set-Cookie" not in dict(second)
    assert "Cookie" in dict(second)["Vary"]
    assert exc_info[0] is ZeroDivisionError


def test_an_app_that_answers_the_failure_itself_is_left_to_it(caplog):
    def app(environ, start_response):
        spa.Request(environ).session["date"] = datetime(2026, 1, 1)
        with pytest.raises(TypeError):
            start_response("200 OK", [])
        start_response("409 Conflict", [])
        return []

    answer = get(wrap(app))
    assert answer.status_code == 409
    assert morsel(answer) is None
    assert caplog.records == []


def test_an_app_that_raises_through_is_not_hindered():
    def app(environ, start_response):
        assert spa.Request(environ).session == {"user": 7}
        raise NotFound

    with pytest.raises(NotFound):
        get(wrap(app), cookie=f"session={VALID}")


# Streams


def test_a_stream_has_the_session_of_its_beginning(client):
    client.put("/", json=7)
    answer = client.get("/stream")
    assert answer.text == "7 7 7 "
    assert "cookie" in vary(answer)


@pytest.mark.parametrize(("verb", "message"), [("PUT", "cannot be changed any more"), ("POST", "before the answer")])
def test_what_comes_too_late_in_a_stream_is_told(caplog, verb, message):
    with pytest.raises(BrokenOff):
        assert Client(wrap()).open("/stream", method=verb).data
    (record,) = caplog.records
    assert isinstance(record.exc_info[1], RuntimeError)
    assert message in str(record.exc_info[1])


@pytest.mark.parametrize("path", ["/", "/plain", "/stream", "/fails/refusal", "/puts/large", "/tagged?vary=Accept"])
def test_the_middleware_keeps_to_wsgi(path):
    environ = create_environ(path, headers={"Cookie": f"session={VALID}"})
    body, _, headers = run_wsgi_app(validator(wrap(validator(spa.App(ROUTES)))), environ)
    assert b"".join(body)
    assert ("Vary" in headers) is (path != "/plain")
    body.close()


# Neighbours in the Cookie header


NEIGHBOURS = {
    "none": "{}",
    "brackets": "a[]=1; {}",
    "brackets behind": "{}; a[]=1",
    "raw 0xE9": "caf\xe9=\xe9; {}; x=\xe9",
    "8 KB": f"big={'x' * 8192}; {{}}",
    "200": "; ".join(f"c{number}={number}" for number in range(200)) + "; {}",
    "no name": "=1; {}",
    "no value": "a; b=; {}",
    "no space": "a=1;{};b=2",
    "a quote that is not closed": 'a="1; {}',
    "JSON": 'a={{"b":"c"}}; {}',
    "commas": "a=1,2; {}",
    "control characters": "a=\x01\x7f; {}",
    "a longer name": "session2=garbage; xsession=garbage; {}",
    "another case": "Session=garbage; {}",
    "a garbage namesake before": "session=garbage; {}",
    "a garbage namesake behind": "{}; session=garbage",
    "an expired namesake": f"session={HOSTILE['exp past']}; {{}}",
    "spaces and semicolons": " ; ;; {} ;",
}


@pytest.mark.parametrize("header", NEIGHBOURS.values(), ids=NEIGHBOURS)
def test_odd_cookies_beside_it_leave_ours_readable(header):
    environ = create_environ("/", headers={"Cookie": "replaced below"})
    environ["HTTP_COOKIE"] = header.format(f"session={VALID}")
    body, status, headers = run_wsgi_app(wrap(), environ)
    assert status == "200 OK"
    assert b"".join(body) == b'{"user": 7}'
    assert "Set-Cookie" not in headers


# Bearer tokens


@pytest.mark.parametrize(("cookie", "user"), [("session", 7), ("admin", None), ("Session", None)])
def test_a_session_in_a_cookie_of_another_name_is_not_read_though_the_secret_is_the_same(cookie, user):
    app = wrap(cookie=cookie)
    assert get(app, cookie=f"{cookie}={VALID}").json == {"user": user}
    assert get(app, Authorization=f"Bearer {VALID}").json == {"user": user}
    signed = TokenSigner(SECRET, purpose_of(cookie), max_age=3600, clock=Clock()).sign({"user": 9})
    assert get(app, cookie=f"{cookie}={signed}").json == {"user": 9}
    assert get(app, Authorization=f"Bearer {signed}").json == {"user": 9}


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_a_client_without_cookies_sends_its_token(scheme):
    answer = get(wrap(), Authorization=f"{scheme} {VALID}")
    assert answer.json == {"user": 7}
    assert morsel(answer) is None
    assert vary(answer) == {"cookie", "authorization"}


def test_a_token_for_a_client_can_be_made_anywhere():
    signed = TokenSigner(SECRET, purpose_of(), max_age=365 * 24 * 3600, clock=Clock()).sign({"user": 9})
    assert get(wrap(), Authorization=f"Bearer {signed}").json == {"user": 9}


def test_beside_a_token_no_cookie_counts():
    other = token(claims(user=8))
    assert get(wrap(), cookie=f"session={VALID}", Authorization=f"Bearer {other}").json == {"user": 8}
    answer = get(wrap(), cookie=f"session={VALID}", Authorization="Bearer garbage")
    assert answer.json == ANONYMOUS
    assert morsel(answer) is None


@pytest.mark.parametrize("value", ["Basic dXNlcjpwYXNz", "Basic !!", "Digest a=b", "Token x", "", " ", "Bearer2 x"])
def test_another_scheme_leaves_the_cookie_to_count(value):
    assert get(wrap(), cookie=f"session={VALID}", Authorization=value).json == {"user": 7}


@pytest.mark.parametrize("value", ["Bearer", "Bearer ", "Bearer a=b", "Bearer " + "a=b," * 999, "Bearer \xe9"])
def test_a_malformed_bearer_is_an_empty_session(value):
    environ = create_environ("/", headers={"Cookie": f"session={VALID}"})
    environ["HTTP_AUTHORIZATION"] = value
    body, status, _ = run_wsgi_app(wrap(), environ)
    assert (status, b"".join(body)) == ("200 OK", b'{"user": null}')


def test_bearer_tokens_can_be_switched_off():
    answer = get(wrap(bearer=False), cookie=f"session={VALID}", Authorization="Bearer garbage")
    assert answer.json == {"user": 7}


@pytest.mark.parametrize(("verb", "path"), [("PUT", "/"), ("DELETE", "/"), ("POST", "/cart"), ("GET", "/fails/ok")])
def test_a_session_that_came_as_a_token_cannot_be_changed(caplog, verb, path):
    signed = token(claims(cart=[]))  # POST changes the list inside
    client = Client(wrap(), use_cookies=False)
    answer = client.open(path, method=verb, json=8, headers={"Authorization": f"Bearer {signed}"})
    assert answer.status_code == 403
    assert "bearer token" in answer.json["detail"]
    assert morsel(answer) is None
    assert caplog.records == []


def test_an_app_that_catches_the_refusal_goes_on():
    def app(environ, start_response):
        try:
            spa.Request(environ).session["user"] = 8
        except Forbidden:
            start_response("204 No Content", [])
        return []

    answer = get(wrap(app), Authorization=f"Bearer {VALID}")
    assert answer.status_code == 204
    assert morsel(answer) is None


def test_a_token_is_not_renewed():
    clock = Clock()
    app = wrap(clock=clock)
    signed = app.signer.sign({"user": 7})
    clock.now += FORTNIGHT * 0.9
    answer = get(app, Authorization=f"Bearer {signed}")
    assert answer.json == {"user": 7}
    assert morsel(answer) is None


def test_a_login_under_a_token_that_has_expired_sets_a_cookie():
    answer = Client(wrap(), use_cookies=False).put(
        "/", json=7, headers={"Authorization": f"Bearer {HOSTILE['exp past']}"}
    )
    assert answer.status_code == 200
    assert morsel(answer) is not None


# WebSockets, without a network; tests/system/test_session.py has the sockets


UPGRADE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
}


def upgrade_environ(cookie=f"session={VALID}"):
    return EnvironBuilder(headers={**UPGRADE, "Cookie": cookie}).get_environ()


def accept(environ):
    """Answer the handshake as the WebSocket does: ask middleware for its headers."""
    return [header for add in environ["spa.upgrade_headers"] for header in add()]


def test_a_change_before_the_handshake_is_answered_leaves_with_it():
    def app(environ, start_response):
        spa.Request(environ).session["user"] = 8
        added = accept(environ)
        assert added[0][0] == "Set-Cookie"
        assert accept(environ) == added, "the 101 failed, and was tried again"
        raise SocketReleased

    with pytest.raises(SocketReleased):
        wrap(app)(upgrade_environ(), None)


@pytest.mark.parametrize("cookie", ["", f"session={VALID}"])
def test_without_a_change_the_handshake_has_no_cookie(cookie):
    def app(environ, start_response):
        assert spa.Request(environ).session is not None
        assert accept(environ) == []
        return []

    assert wrap(app)(upgrade_environ(cookie), None) == []


def test_a_change_after_the_handshake_is_refused(caplog):
    def app(environ, start_response):
        session = spa.Request(environ).session
        accept(environ)
        with pytest.raises(RuntimeError, match="cannot be changed any more"):
            session["user"] = 8
        return []

    wrap(app)(upgrade_environ(), None)
    assert caplog.records == []


@pytest.mark.parametrize("value", [1, object()])
def test_a_change_inside_a_value_after_the_handshake_is_logged(caplog, value):
    def app(environ, start_response):
        session = spa.Request(environ).session
        accept(environ)
        session["cart"].append(value)
        raise SocketReleased

    with pytest.raises(SocketReleased):
        wrap(app)(upgrade_environ(f"session={token(claims(cart=[]))}"), None)
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.message.startswith("GET / [")
    assert record.message.endswith("]: the session was changed after the handshake, and that is lost")


def test_a_session_may_be_read_first_when_the_websocket_is_open(caplog):
    def app(environ, start_response):
        assert accept(environ) == []
        session = spa.Request(environ).session
        assert session == {"user": 7}
        with pytest.raises(RuntimeError):
            session.clear()
        return []

    wrap(app)(upgrade_environ(), None)
    assert caplog.records == []


@pytest.mark.parametrize(("status", "is_saved"), [("403 Forbidden", True), ("500 Internal Server Error", False)])
def test_a_refused_handshake_sets_the_cookie_as_any_answer_does(caplog, status, is_saved):
    def app(environ, start_response):
        spa.Request(environ).session["user"] = 8
        start_response(status, [])
        return []

    _, _, headers = run_wsgi_app(wrap(app), upgrade_environ())
    assert ("Set-Cookie" in headers) is is_saved
    assert caplog.records == []


def test_where_the_server_has_sent_the_101_nothing_can_change():
    def app(environ, start_response):
        with pytest.raises(RuntimeError, match="cannot be changed any more"):
            spa.Request(environ).session["user"] = 8
        return []

    environ = upgrade_environ()
    environ["wsgi.websocket"] = object()
    wrap(app)(environ, None)


# Behind a proxy


FORWARDED = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "app.example"}


class Seen(spa.Handler):
    """What the app sees of the client."""

    def get(self):
        self.request.session["seen"] = True
        return {"url": self.request.url, "client": self.request.remote_addr}

    def websocket(self):
        return "would open", 200  # an answer instead of a handshake: it has passed the check of its Origin


def behind_proxy():
    return ProxyFix(wrap(spa.App((("/", "", Seen),))), x_for=1, x_proto=1, x_host=1)


def test_behind_a_proxy_the_app_sees_the_clients_address_host_and_https():
    answer = get(behind_proxy(), **FORWARDED)
    assert answer.json == {"url": "https://app.example/", "client": "203.0.113.7"}


@pytest.mark.parametrize(("proto", "secure"), [("https", True), ("HTTPS", True), ("http", ""), ("", ""), ("wss", True)])
def test_behind_a_proxy_the_cookie_is_secure_if_the_client_came_by_https(proto, secure):
    assert morsel(get(behind_proxy(), **{**FORWARDED, "X-Forwarded-Proto": proto}))["secure"] == secure


def test_what_the_client_wrote_before_the_proxy_is_not_believed():
    spoofed = {"X-Forwarded-For": "127.0.0.1, 203.0.113.7", "X-Forwarded-Proto": "https, http"}
    answer = get(behind_proxy(), **spoofed, **{"X-Forwarded-Host": "evil.example, app.example"})
    assert answer.json == {"url": "http://app.example/", "client": "203.0.113.7"}
    assert morsel(answer)["secure"] == ""


def test_without_proxyfix_forwarded_headers_mean_nothing():
    answer = get(wrap(spa.App((("/", "", Seen),))), **FORWARDED)
    assert answer.json["url"] == "http://localhost/"
    assert morsel(answer)["secure"] == ""


@pytest.mark.parametrize(
    ("origin", "proto", "status"),
    [
        ("https://app.example", "https", 200),
        ("https://app.example:443", "https", 200),
        ("http://app.example", "https", 403),
        ("https://evil.example", "https", 403),
        ("https://localhost", "https", 403),
        ("https://app.example:8443", "https", 403),
        ("https://app.example", "wss", 200),
        ("http://app.example", "wss", 403),
        ("http://app.example", "http", 200),
        ("http://evil.example", "http", 403),
        ("null", "https", 403),
    ],
)
def test_behind_a_proxy_a_websocket_is_for_pages_of_the_forwarded_host_and_scheme(origin, proto, status):
    headers = {**UPGRADE, **FORWARDED, "X-Forwarded-Proto": proto, "Origin": origin}
    environ = EnvironBuilder(headers=headers).get_environ()
    assert run_wsgi_app(behind_proxy(), environ)[1].startswith(str(status))
