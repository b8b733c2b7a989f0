"""Whether a request may become a WebSocket, decided from its environ alone."""

from contextlib import nullcontext
from io import BytesIO, StringIO
from wsgiref.handlers import SimpleHandler

import pytest
from werkzeug.exceptions import BadRequest, Forbidden

import spa
from spa.environ import ALLOWED_ORIGINS
from spa.errors import SetupError
from spa.websocket import handshake
from spa.websocket.handshake import UpgradeRequired

KEY = "dGhlIHNhbXBsZSBub25jZQ=="


def environ(**changes) -> dict:
    """Return the environ of a valid handshake with some keys changed; None drops one."""
    valid = {
        "REQUEST_METHOD": "GET",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "wsgi.url_scheme": "http",
        "HTTP_HOST": "app.example",
        "HTTP_UPGRADE": "websocket",
        "HTTP_CONNECTION": "Upgrade",
        "HTTP_SEC_WEBSOCKET_KEY": KEY,
        "HTTP_SEC_WEBSOCKET_VERSION": "13",
    }
    return {name: value for name, value in (valid | changes).items() if value is not None}


@pytest.mark.parametrize(
    ("connection", "upgrade", "expected"),
    [
        ("Upgrade", "websocket", True),
        ("keep-alive, Upgrade", "websocket", True),
        ("UPGRADE", "WebSocket", True),
        ("upgrade,", "websocket", True),
        ("notupgrade", "websocket", False),
        ("keep-alive", "websocket", False),
        ("Upgrade", "websockets", False),
        ("Upgrade", "", False),
        ("", "websocket", False),
        (None, "websocket", False),
        ("Upgrade", None, False),
    ],
)
def test_an_upgrade_is_recognised_by_its_tokens(connection, upgrade, expected):
    request = environ(HTTP_CONNECTION=connection, HTTP_UPGRADE=upgrade)
    assert handshake.is_upgrade(request) is expected
    with pytest.raises(BadRequest) if expected else nullcontext():
        handshake.refuse(request)


@pytest.mark.parametrize(
    ("header", "subprotocols"),
    [(None, ()), ("", ()), ("a", ("a",)), ("a, b ,c", ("a", "b", "c")), (",, a,", ("a",))],
)
def test_a_valid_request_gives_key_and_subprotocols(header, subprotocols):
    offer = handshake.check(environ(HTTP_SEC_WEBSOCKET_PROTOCOL=header))
    assert offer == handshake.Handshake(KEY, subprotocols)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"REQUEST_METHOD": "POST"}, BadRequest),
        ({"SERVER_PROTOCOL": "HTTP/1.0"}, BadRequest),
        ({"CONTENT_LENGTH": "1"}, BadRequest),
        ({"HTTP_TRANSFER_ENCODING": "chunked"}, BadRequest),
        ({"HTTP_SEC_WEBSOCKET_VERSION": None}, BadRequest),
        ({"HTTP_SEC_WEBSOCKET_VERSION": "12"}, UpgradeRequired),
        ({"HTTP_SEC_WEBSOCKET_VERSION": "8, 13"}, UpgradeRequired),
        ({"HTTP_SEC_WEBSOCKET_VERSION": ""}, UpgradeRequired),
        ({"HTTP_SEC_WEBSOCKET_KEY": None}, BadRequest),
        ({"HTTP_SEC_WEBSOCKET_KEY": ""}, BadRequest),
        ({"HTTP_SEC_WEBSOCKET_KEY": "AAAAAAAAAAAAAAAAAAAA"}, BadRequest),  # 15 bytes
        ({"HTTP_SEC_WEBSOCKET_KEY": "!" * 24}, BadRequest),
        ({"HTTP_SEC_WEBSOCKET_KEY": f"{KEY}, {KEY}"}, BadRequest),
        ({"HTTP_SEC_WEBSOCKET_KEY": f"{KEY},{KEY}"}, BadRequest),
        ({"HTTP_SEC_WEBSOCKET_KEY": "\xe9" * 24}, BadRequest),
        ({"HTTP_SEC_WEBSOCKET_KEY": "A" * 100_000}, BadRequest),
    ],
)
def test_an_invalid_request_is_refused(changes, error):
    with pytest.raises(error) as caught:
        handshake.check(environ(**changes))
    assert caught.value.code in (400, 426)


@pytest.mark.parametrize("length", ["", "0", None])
def test_a_handshake_may_say_that_it_has_no_body(length):
    assert handshake.check(environ(CONTENT_LENGTH=length)).key == KEY


def test_426_names_protocol_and_version():
    headers = dict(UpgradeRequired().get_headers())
    assert (headers["Upgrade"], headers["Sec-WebSocket-Version"]) == ("websocket", "13")
    assert headers["Connection"] == "Upgrade"


@pytest.mark.parametrize(
    ("server", "is_named"),
    [
        ({}, True),
        ({"SERVER_SOFTWARE": "gevent/26.9 Python/3.11"}, True),
        ({"SERVER_SOFTWARE": "gunicorn/27.0.1"}, True),
        ({"SERVER_SOFTWARE": "waitress"}, False),
    ],
)
def test_426_names_the_protocol_but_under_servers_that_might_refuse_it(server, is_named):
    names = {name for name, _ in UpgradeRequired().get_headers(server)}
    assert ({"Connection", "Upgrade"} <= names) is is_named
    assert "Sec-WebSocket-Version" in names


def test_426_gets_through_a_server_that_refuses_an_answer_with_an_upgrade():
    class Only(spa.Handler):
        def websocket(self): ...

    out = BytesIO()
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "SERVER_PROTOCOL": "HTTP/1.1"}
    environ |= {"SERVER_NAME": "localhost", "SERVER_PORT": "80", "SERVER_SOFTWARE": "WSGIServer/0.2 CPython/3.11"}
    server = SimpleHandler(BytesIO(), out, StringIO(), environ)
    server.run(spa.App((("/", "", Only),)))
    assert out.getvalue().startswith(b"HTTP/1.0 426 ")


@pytest.mark.parametrize(
    ("origin", "allowed", "passes"),
    [
        (None, (), True),
        ("http://app.example", (), True),
        ("http://evil.example", (), False),
        ("http://evil.example", ("*",), True),
        ("null", (), False),
        ("null", ("null",), True),
        ("https://friend.example", ("https://friend.example",), True),
        ("http://friend.example", ("https://friend.example",), False),
        ("https://friend.example.evil", ("https://friend.example",), False),
        ("https://friend", ("https://friend.example",), False),
    ],
)
def test_an_origin_passes_if_it_is_the_hosts_own_or_allowed(origin, allowed, passes):
    request = environ(HTTP_ORIGIN=origin)
    if passes:
        handshake.check_origin(request, allowed)
    else:
        with pytest.raises(Forbidden):
            handshake.check_origin(request, allowed)


def test_without_a_host_header_the_address_of_the_server_counts():
    handshake.check_origin(environ(HTTP_HOST=None, HTTP_ORIGIN="http://127.0.0.1:8000"), ())
    with pytest.raises(Forbidden):
        handshake.check_origin(environ(HTTP_HOST=None, HTTP_ORIGIN="http://127.0.0.1"), ())


@pytest.mark.parametrize("names", [[], ["chat"], ("v2.example", "v1.example"), ["!#$%&'*+.^_`|~09azAZ-"]])
def test_subprotocols_become_a_tuple(names):
    assert handshake.check_subprotocols(names) == tuple(names)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ("chat", "subprotocols is a list of names; write ['chat']"),
        ({"chat"}, "subprotocols is a list of names, whose order counts, and a set has none: {'chat'}"),
        (5, "subprotocols is a list of names, not 5"),
        ([5], "5 is not the name of a subprotocol"),
        *(([name], f"{name!r} is not the name of a") for name in ("", "a b", "a,b", "a/b", "ü", "a\r\nb", "a\n")),
    ],
)
def test_subprotocols_that_no_client_offers_are_a_mistake_in_the_setup(names, words):
    with pytest.raises(SetupError) as caught:
        handshake.check_subprotocols(names)
    assert words in str(caught.value)


def test_a_middleware_may_allow_origins_in_the_environ():
    allowed = {ALLOWED_ORIGINS: {"https://friend.example"}}
    handshake.check_origin({**environ(HTTP_ORIGIN="https://friend.example"), **allowed}, ())
    for origin in ("https://evil.example", "null", ""):
        with pytest.raises(Forbidden):
            handshake.check_origin({**environ(HTTP_ORIGIN=origin), **allowed}, ())


@pytest.mark.parametrize(
    ("offered", "supported", "chosen"),
    [
        ((), ("a",), None),
        (("a",), (), None),
        (("b", "a"), ("a", "b"), "a"),
        (("chat",), ("chat.v1",), None),
        (("chat.v1.1",), ("chat.v1",), None),
        (("x", "b"), ("a", "b"), "b"),
    ],
)
def test_the_servers_first_choice_is_taken(offered, supported, chosen):
    assert handshake.choose_subprotocol(offered, supported) == chosen


def test_the_answer_is_the_one_of_the_rfc():
    assert handshake.response(KEY, "chat", [("X-One", "1"), ("X-Two", "grün")]) == (
        b"HTTP/1.1 101 Switching Protocols\r\n"
        b"Upgrade: websocket\r\n"
        b"Connection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
        b"Sec-WebSocket-Protocol: chat\r\n"
        b"X-One: 1\r\n"
        b"X-Two: gr\xfcn\r\n"
        b"\r\n"
    )


@pytest.mark.parametrize(
    "header",
    [
        ("X-Bad", "one\r\nSet-Cookie: two"),
        ("X-Bad", "one\ntwo"),
        ("X-Bad", "\0"),
        ("X-Bad\r\nX-Worse", "one"),
        ("X A: evil", "one"),
        ("", "one"),
        ("X-Bäd", "one"),
        ("Sec-WebSocket-Accept", "mine"),
        ("sec-websocket-protocol", "mine"),
        ("Connection", "close"),
        ("Upgrade", "h2c"),
        ("Content-Length", "5"),
        ("Transfer-Encoding", "chunked"),
    ],
)
def test_a_header_that_would_break_the_answer_is_refused(header):
    with pytest.raises(ValueError, match="header"):
        handshake.response(KEY, None, [header])
