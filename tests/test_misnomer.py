"""Hold which names in a handler class are taken for others, and which are left to the user."""

from dataclasses import dataclass
from functools import partial

import pytest

import spa
from spa.misnomer import find_misnomer, members_of, suggest_method


def answer(self, **params):
    return ""


def page(bases=(spa.Handler,), **members):
    """Return a class called Page that answers GET."""
    return type("Page", bases, {"get": answer, **members})


@pytest.mark.parametrize(
    ("name", "value", "meant"),
    [
        ("POST", answer, "def post"),
        ("Delete", answer, "def delete"),
        ("Options", staticmethod(answer), "def options"),
        ("HEAD", classmethod(answer), "def head"),
        ("ws", answer, "def websocket"),
        ("WS", answer, "def websocket"),
        ("Ws", answer, "def websocket"),
        ("allowedOrigins", ["https://a.example"], "allowed_origins"),
        ("allowedOrigin", "*", "allowed_origins"),
        ("subProtocols", ["json"], "subprotocols"),
        ("websocketLimits", None, "websocket_limits"),
        ("websockets", answer, "def websocket"),
        ("websoket", answer, "def websocket"),
        ("web_socket", answer, "def websocket"),
        ("WebSocket", answer, "def websocket"),
        ("websocket_closed", answer, "def websocket_close"),
        ("websocketclose", answer, "def websocket_close"),
        ("allowed_origin", ["https://a.example"], "allowed_origins"),
        ("allow_origins", "*", "allowed_origins"),
        ("subprotocol", "json", "subprotocols"),
        ("sub_protocols", ("json",), "subprotocols"),
        ("websocket_limit", None, "websocket_limits"),
        ("websockets_limits", 5, "websocket_limits"),
    ],
)
@pytest.mark.parametrize("base", [spa.Handler, spa.JSONHandler])
def test_a_name_that_is_nearly_one_of_spas_is_found(name, value, meant, base):
    words = f"Spa looks for no Page.{name}: write {meant}, or a name that is less like it"
    cls = page((base,), **{name: value})
    assert find_misnomer(cls) == words
    assert find_misnomer(type("Derived", (cls,), {})) == words
    with pytest.raises(spa.SetupError, match=r"^route '/': Spa looks for no Page"):
        spa.App((("/", "", cls),))


@dataclass
class Nested:
    name: str


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, answer) for name in ("posts", "prepared", "options_for", "get_all", "on_close", "on_post", "head_of")),
        *((name, answer) for name in ("websocket_url", "websocket_id", "websocket_code", "websocket_open", "send_ws")),
        *((name, answer) for name in ("websocket_limit", "allowed_origin", "subprotocol")),
        *((name, answer) for name in ("_POST", "_websockets", "__websocket", "TRACE", "Connect")),
        *((name, Nested) for name in ("Post", "POST", "WebSocket", "ws")),
        *((name, property(answer)) for name in ("ws", "websockets", "allowed_origin", "subprotocol")),
        *((name, set()) for name in ("websockets", "POST", "ws", "web_socket")),
        *((name, False) for name in ("websocket_closed", "websocket_closes")),
        *((name, []) for name in ("disallowed_origins", "trusted_origins", "ALLOWED_ORIGINS", "_allowed_origin")),
        *((name, 5) for name in ("websocket_limiter", "websocket_limited", "websocket_timeout", "protocols")),
        ("allowed_origin", partial(answer)),
    ],
)
def test_a_name_that_may_be_the_users_own_is_left(name, value):
    cls = page(**{name: value})
    assert find_misnomer(cls) is None
    spa.App((("/", "", cls),))


@pytest.mark.parametrize(
    "members",
    [
        {"websocket": answer, "websocket_close": answer, "post": answer, "prepare": answer, "options": answer},
        {"allowed_origins": ["*"], "subprotocols": ["json"], "websocket_limits": None},
        {"websocket": answer, "websockets": answer},
        {"websocket_close": answer, "websocket_closed": answer},
        {"subprotocol": "json", "subprotocols": ["json"]},
        {"GET": answer},
        {"Get": lambda self: "another"},
    ],
)
def test_who_writes_the_right_name_in_the_same_class_knows_it(members):
    assert find_misnomer(page(**members)) is None


@pytest.mark.parametrize(
    ("inherited", "members"),
    [
        ({}, {"GET": answer}),
        ({"websocket": answer}, {"websockets": answer}),
        ({"websockets": answer}, {"websocket": answer}),
        ({"get": lambda self: self.GET()}, {"GET": lambda self: ""}),
        ({"subprotocols": ["v1", "v2"]}, {"subprotocol": "v2"}),
    ],
)
def test_who_inherits_the_right_name_from_a_class_of_ones_own_knows_it(inherited, members):
    cls = type("Derived", (page(**inherited),), members)
    assert find_misnomer(cls) is None
    spa.App((("/", "", cls),))


def test_another_method_than_the_one_that_is_meant_makes_nothing_right():
    assert "write def post" in find_misnomer(page((page(),), POST=answer))


class Mixin:
    ws = POST = websockets = websocket_closed = answer
    allowed_origin = subprotocol = ("a",)


def test_a_class_that_is_no_handler_has_names_for_others():
    assert find_misnomer(page((Mixin, spa.Handler))) is None


def test_a_class_that_answers_in_a_way_of_its_own_is_left():
    cls = page(__call__=lambda self, environ, start_response: spa.Response("")(environ, start_response), POST=answer)
    spa.App((("/", "", cls),))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("GET", "def get for def GET"),
        ("gett", "def get for def gett"),
        ("on_post", "def post for def on_post"),
        ("ws", "def websocket for def ws"),
        ("index", None),
    ],
)
def test_of_a_class_that_answers_nothing_what_looks_alike_is_guessed(name, words):
    assert suggest_method(type("Page", (spa.Handler,), {name: answer})) == words


def test_the_members_are_those_that_the_user_wrote():
    names = {name for name, _ in members_of(page((Mixin, spa.JSONHandler)))}
    assert {"get", "ws", "allowed_origin"} <= names
    assert names.isdisjoint({"prepare", "to_response", "url"})
