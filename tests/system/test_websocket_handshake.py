"""The opening handshake, byte by byte, under each server."""

import json

import pytest

from tests import wire
from tests.wire import CLOSE, PING, TEXT, Wire, accept_value, frame, handshake, random_key

OK_KEY = ("Sec-WebSocket-Key", wire.KEY)


def status(server, *arguments, **options) -> int:
    return server.request(handshake(*arguments, **options)).status


def test_a_valid_handshake_is_answered_with_101_and_the_proof_of_the_key(server):
    key = random_key()
    answer = server.request(handshake("/returns/none/", [("Sec-WebSocket-Key", key)]))
    assert answer.status == 101
    assert answer.headers["sec-websocket-accept"] == accept_value(key)
    assert answer.headers["upgrade"].lower() == "websocket"
    assert answer.headers["connection"].lower() == "upgrade"
    assert "sec-websocket-extensions" not in answer.headers
    assert "sec-websocket-protocol" not in answer.headers
    assert "content-length" not in answer.headers
    assert "transfer-encoding" not in answer.headers


def test_the_sample_key_of_the_rfc_gives_the_sample_proof(server):
    answer = server.request(handshake("/returns/none/"))
    assert answer.headers["sec-websocket-accept"] == wire.ACCEPT


@pytest.mark.parametrize(
    "keys",
    [
        [],
        [""],
        ["AAAAAAAAAAAAAAAAAAAA"],  # 15 bytes
        ["AAAAAAAAAAAAAAAAAAAAAAA="],  # 17 bytes
        ["not base64 at all!!!!!!!"],
        ["AAAAAAAAAAAAAAAAAAAAAA"],  # without its padding
        ["AAAAAAAAAAAAAAAAAAAAA\xe9=="],
        [wire.KEY, wire.KEY],
        [wire.KEY, "AAAAAAAAAAAAAAAAAAAAAA=="],
    ],
)
def test_a_missing_malformed_or_doubled_key_is_a_bad_request(server, keys):
    headers = [("Sec-WebSocket-Key", key) for key in keys]
    assert status(server, "/echo/", headers, without=["Sec-WebSocket-Key"]) == 400


@pytest.mark.parametrize("version", ["12", "8", "7", "0", "14", "13.0", "x"])
def test_another_version_is_told_to_upgrade_to_13(server, version):
    answer = server.request(handshake("/echo/", [("Sec-WebSocket-Version", version)]))
    assert answer.status == 426
    assert answer.headers["sec-websocket-version"] == "13"


def test_a_missing_version_is_a_bad_request(server):
    assert status(server, "/echo/", without=["Sec-WebSocket-Version"]) == 400


SMUGGLED = frame(TEXT, b"smuggled")


@pytest.mark.parametrize(
    ("framing", "body"),
    [
        (("Content-Length", str(len(SMUGGLED))), SMUGGLED),
        (("Transfer-Encoding", "chunked"), b"%x\r\n%b\r\n0\r\n\r\n" % (len(SMUGGLED), SMUGGLED)),
    ],
    ids=["length", "chunks"],
)
def test_a_handshake_with_a_body_is_refused_and_its_body_is_not_taken_for_frames(server, tag, framing, body):
    tracebacks = server.program.output()[1].count("Traceback")
    with Wire(server.port) as peer:
        peer.write(handshake(f"/listener/{tag}/", [framing]) + body)
        answer = peer.read_response()
    assert (answer.status, b"has no body" in answer.body) == (400, True)
    assert server.events(tag) == []
    assert server.program.output()[1].count("Traceback") == tracebacks


@pytest.mark.parametrize(
    "options", [{"method": "POST"}, {"method": "PUT"}, {"method": "HEAD"}, {"version": "HTTP/1.0"}]
)
def test_an_upgrade_by_another_method_or_by_http_1_0_is_refused(server, options):
    with Wire(server.port) as peer:
        peer.write(handshake("/echo/", **options))
        assert peer.read_head().status in (400, 405)


@pytest.mark.parametrize(
    ("connection", "upgrade"),
    [
        ("Upgrade", "websocket"),
        ("upgrade", "WebSocket"),
        ("keep-alive, Upgrade", "websocket"),
        ("keep-alive,UPGRADE", "WEBSOCKET"),
        ("Upgrade, keep-alive", "websocket"),
    ],
)
def test_the_upgrade_is_found_among_tokens_in_any_case(server, connection, upgrade):
    headers = [("Connection", connection), ("Upgrade", upgrade)]
    assert status(server, "/echo/", headers) == 101


@pytest.mark.parametrize(
    ("connection", "upgrade"),
    [
        ("notupgrade", "websocket"),
        ("upgrade-not", "websocket"),
        ("close", "websocket"),
        ("Upgrade", "notwebsocket"),
        ("Upgrade", "websocket2"),
        ("Upgrade", "h2c"),
    ],
)
def test_a_token_that_only_looks_like_upgrade_does_not_upgrade(server, connection, upgrade):
    headers = [("Connection", f"close, {connection}"), ("Upgrade", upgrade)]
    answer = server.request(handshake("/echo/", headers))
    assert (answer.status, answer.body) == (200, b"plain")


HOST = "app.example:8000"
FOREIGN = [
    "http://evil.example",
    "http://evil.example:8000",
    "null",
    "",
    "http://app.example.evil.example:8000",  # our host as a prefix
    "http://notapp.example:8000",  # our host as a suffix
    "http://app.example:8000.evil.example",
    "http://app.example:8001",
    "http://app.example",  # port 80
    "http://app.example:8000@evil.example",
    "http://evil.example/http://app.example:8000",
    "http://user@app.example:8000",
    "ftp://app.example:8000",
    "file://app.example:8000",
    "app.example:8000",
    "http://[app.example:8000",
    "http://app.example:8000 http://evil.example",
]


@pytest.mark.parametrize("origin", FOREIGN)
def test_a_foreign_origin_is_forbidden_before_the_handler_runs(server, tag, origin):
    assert status(server, f"/echo/{tag}/", [("Origin", origin)], host=HOST) == 403
    assert server.events(tag) == []


@pytest.mark.parametrize("origin", FOREIGN)
def test_a_foreign_origin_is_forbidden_before_prepare_runs(server, tag, origin):
    assert status(server, f"/denied/401/{tag}/", [("Origin", origin)], host=HOST) == 403
    assert server.events(tag) == []


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        (HOST, None),
        (HOST, "http://app.example:8000"),
        (HOST, "http://APP.example:8000"),
        ("app.example", "http://app.example"),
        ("app.example", "http://app.example:80"),
        ("app.example:80", "http://app.example"),
        ("[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_no_origin_and_the_same_host_are_allowed(server, host, origin):
    headers = [("Origin", origin)] if origin else []
    assert status(server, "/echo/", headers, host=host) == 101


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        ("https://friend.example", 101),
        ("http://friend.example:8080", 101),
        ("http://friend.example", 403),
        ("https://friend.example:8080", 403),
        ("https://not-a-friend.example", 403),
        ("https://friend.example.evil.example", 403),
    ],
)
def test_origins_that_the_handler_names_are_allowed(server, tag, origin, expected):
    assert status(server, f"/own/{tag}/", [("Origin", origin)], host=HOST) == expected


@pytest.mark.parametrize(
    ("scheme", "origin", "expected"),
    [
        ("https", "https://app.example", 101),
        ("https", "http://app.example", 403),
        ("HTTPS", "http://app.example", 403),
        ("HTTPS", "https://app.example", 101),
        ("https", "https://app.example:8443", 403),
        ("http", "http://app.example", 101),
    ],
)
def test_behind_a_trusted_proxy_the_origin_must_have_the_schemes_of_the_page(server, scheme, origin, expected):
    headers = [("X-Forwarded-Proto", scheme), ("Origin", origin)]
    assert status(server, "/proxied/echo/", headers, host="app.example") == expected


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        ([], None),
        (["superchat"], None),
        (["chat"], None),  # a substring of a known one
        (["chat.v1.1"], None),
        (["xchat.v1"], None),
        (["CHAT.V1"], None),
        (["chat.v1"], "chat.v1"),
        (["chat.v1, chat.v2"], "chat.v2"),  # the server's order counts
        (["chat.v1", "chat.v2"], "chat.v2"),  # in two headers
        (["superchat,chat.v1"], "chat.v1"),
    ],
)
def test_the_subprotocol_is_the_servers_first_choice_among_those_offered(server, offered, chosen):
    headers = [("Sec-WebSocket-Protocol", value) for value in offered]
    with Wire(server.port) as peer:
        peer.write(handshake("/spoken/", headers))
        answer = peer.read_head()
        assert (answer.status, answer.headers.get("sec-websocket-protocol")) == (101, chosen)
        assert peer.read_text() == str(chosen)


def test_a_handler_chooses_subprotocol_and_headers_itself(server):
    answer = server.request(handshake("/chosen/", [("Sec-WebSocket-Protocol", "chat.v2, chat.v1")]))
    assert answer.status == 101
    assert answer.headers["sec-websocket-protocol"] == "chat.v1"
    assert answer.headers["x-greeting"] == "hello"


@pytest.mark.parametrize(
    "extensions",
    [
        "permessage-deflate",
        "permessage-deflate; client_max_window_bits",
        "permessage-deflate; server_max_window_bits=99",
        "permessage-deflate; server_max_window_bits=",
        "x-unknown; a=1; b",
        ";;;,,,===",
        'x; a="unclosed',
        "\xe9",
        "x" * 4000,
    ],
)
def test_offers_of_extensions_are_not_taken_up_whatever_their_shape(server, extensions):
    with Wire(server.port) as peer:
        peer.write(handshake("/echo/", [("Sec-WebSocket-Extensions", extensions)]))
        answer = peer.read_head()
        assert answer.status in (101, 400)
        assert "sec-websocket-extensions" not in answer.headers
        if answer.status == 101:
            peer.text("plain")
            assert peer.read_text() == "plain"


@pytest.mark.parametrize(("path", "expected"), [("/plain/", 400), ("/nowhere/", 404)])
def test_an_upgrade_where_there_is_no_websocket_is_refused(server, path, expected):
    assert status(server, path) == expected


def test_a_plain_get_of_a_websocket_is_told_to_upgrade(server):
    answer = wire.get(server.port, "/only/")
    assert answer.status == 426
    assert answer.headers["upgrade"] == "websocket"
    assert "upgrade" in answer.headers["connection"].lower()


def test_an_upgrade_without_the_last_slash_is_matched_and_not_redirected(server):
    assert status(server, "/echo") == 101


def test_a_websocket_and_a_plain_get_share_their_url(server):
    assert wire.get(server.port, "/echo/").body == b"plain"


@pytest.mark.parametrize("code", [401, 403])
@pytest.mark.parametrize("path", ["denied", "denied-inside"])
def test_what_is_refused_before_the_handler_sends_has_its_http_status(server, tag, path, code):
    answer = server.request(handshake(f"/{path}/{code}/{tag}/"))
    assert answer.status == code
    assert answer.headers["content-type"].startswith("application/problem+json")


def test_what_prepare_returns_is_the_answer_and_the_handler_does_not_run(server, tag):
    answer = server.request(handshake(f"/denied/409/{tag}/"))
    assert (answer.status, json.loads(answer.body)) == (409, {"status": 409})
    assert server.events(tag) == ["prepared"]


def test_a_bug_before_the_handler_sends_is_a_bare_500(server, tag):
    answer = server.request(handshake(f"/denied-inside/500/{tag}/"))
    assert answer.status == 500
    assert b"secret" not in answer.body
    assert b"KeyError" not in answer.body


def test_after_a_refused_handshake_the_next_request_on_the_connection_is_served_or_the_connection_ends(server, tag):
    with Wire(server.port) as peer:
        peer.write(handshake(f"/denied/403/{tag}/"))
        head = peer.read_head()
        peer.read(int(head.headers["content-length"]))
        if head.headers.get("connection", "").lower() == "close":
            peer.wait_for_end()
        else:
            peer.write(b"GET /plain/ HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert peer.read_head().status == 200


def test_frames_in_the_segment_of_the_handshake_are_served(server):
    with Wire(server.port) as peer:
        peer.write(handshake("/echo/") + frame(TEXT, b"early") + frame(PING, b"!") + frame(TEXT, b"bird"))
        assert peer.read_head().status == 101
        answers = [peer.read_frame() for _ in range(3)]
        assert [it.payload for it in answers if it.opcode == TEXT] == [b"early", b"bird"]
        assert [it.payload for it in answers if it.opcode == wire.PONG] == [b"!"]


@pytest.mark.parametrize("cut", [1, 2, 5, 20])
def test_a_frame_cut_by_the_end_of_the_segment_of_the_handshake_is_served(server, cut):
    data = frame(TEXT, b"a message in two halves")
    with Wire(server.port) as peer:
        peer.write(handshake("/echo/") + data[:cut])
        assert peer.read_head().status == 101
        peer.write(data[cut:])
        assert peer.read_text() == "a message in two halves"


def test_many_early_bytes_are_all_served_up_to_a_close_among_them(server, tag):
    with Wire(server.port) as peer:
        messages = frame(TEXT, b"x" * 100_000) + frame(TEXT, b"xyz")
        peer.write(handshake(f"/listener/{tag}/") + messages + frame(CLOSE, wire.close_payload(1000)))
        assert peer.read_head().status == 101
        assert peer.read_close().code == 1000
    assert server.wait_for_event(tag, "closed 1000") == ["began", "got 100000", "got 3", "returned", "closed 1000"]


def test_a_handshake_byte_by_byte_is_served(server):
    with Wire(server.port) as peer:
        for byte in handshake("/echo/") + frame(TEXT, b"slow"):
            peer.write(bytes([byte]))
        assert peer.read_head().status == 101
        assert peer.read_text() == "slow"
