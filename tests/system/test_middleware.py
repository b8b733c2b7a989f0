"""An app in its wrappers over raw sockets: answers, streams and WebSockets, under every server."""

import sys

import pytest

from tests import wire
from tests.middleware.decoding import decode, open_decoder
from tests.processes import ROOT, free_port, running
from tests.system.conftest import WireServer
from tests.wire import TEXT, Wire, close_payload

FRIEND, EVIL = "https://friend.example", "https://evil.example"
LINE = b"the quick brown fox jumps over the lazy dog; "
MODULE = "tests.system.middlewareapp"


def command(name, port):
    if name == "gunicorn":
        options = ["--workers", "1", "--bind", f"127.0.0.1:{port}", f"{MODULE}:app"]
        return [sys.executable, "-m", "gunicorn", "-k", "gevent", *options]
    return [sys.executable, "-m", MODULE, str(port), name]


def start(name):
    port = free_port()
    with running(command(name, port), port, cwd=ROOT) as program:
        yield WireServer(name, port, program)


@pytest.fixture(scope="module", params=["spa.run", "gunicorn"])
def server(request):
    """Both servers in turn, with the wrapped app."""
    yield from start(request.param)


@pytest.fixture(scope="module", params=["spa.run", "gunicorn", "geventwebsocket"])
def socket_server(request):
    """These, and the server that has answered 101 before it asks the app."""
    yield from start(request.param)


def ask(server, path="/", *headers, method="GET", body=b""):
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", "Connection: close", *headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return server.request(("\r\n".join(lines) + "\r\n\r\n").encode() + body)


# Compression


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip"])
def test_an_answer_is_compressed_and_known_again(server, coding):
    answer = ask(server, "/", f"Accept-Encoding: {coding}")
    assert answer.status == 200
    assert answer.headers["content-encoding"] == coding
    assert answer.headers["vary"] == "Origin, Accept-Encoding"
    assert answer.headers["content-length"] == str(len(answer.body))
    assert decode(answer.body, coding) == LINE * 100
    tag = answer.headers["etag"]
    assert tag == f'"abc-{coding}"'
    known = ask(server, "/", f"Accept-Encoding: {coding}", f"If-None-Match: {tag}")
    assert (known.status, known.headers["etag"]) == (304, tag)


@pytest.mark.parametrize(
    "accept",
    [
        *("gzip;q=x", "gzip;q", "gzip;q=nan", "*;q=0", "identity;q=0", "x-gzip-foo", "", ",", "gzip;q=\xff", "\xff"),
        *("gzip" * 500, "=;q=,"),
    ],
)
def test_no_accept_encoding_is_an_error(server, accept):
    request = f"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAccept-Encoding: {accept}\r\n\r\n"
    answer = server.request(request.encode("latin-1"))
    assert answer.status == 200
    assert answer.body == LINE * 100


def test_head_has_no_body_and_the_headers_of_the_plain_variant(server):
    with Wire(server.port) as peer:
        peer.write(b"HEAD / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAccept-Encoding: br\r\n\r\n")
        head = peer.read_head()
        assert peer.read_rest() == b""
    assert (head.status, head.headers["etag"]) == (200, '"abc"')
    assert "content-encoding" not in head.headers


def dechunk(data):
    """Return what chunks carry, as far as they have come whole."""
    body = b""
    while True:
        size, separator, rest = data.partition(b"\r\n")
        if not separator or len(rest) < int(size, 16) + 2 or not int(size, 16):
            return body
        body, data = body + rest[: int(size, 16)], rest[int(size, 16) + 2 :]


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip"])
def test_a_stream_is_compressed_and_whole(server, coding):
    answer = ask(server, "/chunks", f"Accept-Encoding: {coding}")
    assert answer.headers["transfer-encoding"] == "chunked"
    assert "content-length" not in answer.headers
    assert answer.body.endswith(b"0\r\n\r\n")
    assert decode(dechunk(answer.body), coding) == b"".join(b"%d %s\n" % (number, LINE) for number in range(3))


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_events_arrive_as_they_happen_and_the_stream_is_closed_once_when_the_client_leaves(server, version):
    before = len(server.get("/closed"))
    with Wire(server.port) as peer:
        peer.write(f"GET /events HTTP/{version}\r\nHost: localhost\r\nAccept-Encoding: br, gzip\r\n\r\n".encode())
        head = peer.read_head()
        assert head.headers["content-encoding"] == "gzip"
        data = head.body

        def read_events():
            nonlocal data
            body = dechunk(data) if version == "1.1" else data
            events = open_decoder("gzip")(body)
            if b"data: 3\n\n" not in events:
                data += peer.sock.recv(65536)
            return b"data: 3\n\n" in events and events

        assert wire.wait_for(read_events).startswith(b"data: 0\n\ndata: 1\n\n")
        peer.reset()
    wire.wait_for(lambda: len(server.get("/closed")) > before, "the stream is closed")
    assert len(server.get("/closed")) == before + 1


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip"])
def test_a_large_body_arrives_whole(server, coding):
    assert decode(ask(server, "/large", f"Accept-Encoding: {coding}").body, coding) == LINE * 200_000


# CORS


@pytest.mark.parametrize(("path", "status"), [("/", 200), ("/nowhere", 404), ("/bug", 500)])
def test_a_page_of_a_listed_origin_may_read_answers_and_errors(server, path, status):
    answer = ask(server, path, f"Origin: {FRIEND}")
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (status, FRIEND)
    assert "access-control-allow-origin" not in ask(server, path, f"Origin: {EVIL}").headers


def test_a_preflight_names_the_real_methods(server):
    answer = ask(server, "/", f"Origin: {FRIEND}", "Access-Control-Request-Method: POST", method="OPTIONS")
    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["access-control-allow-methods"] == "GET, HEAD, OPTIONS, POST"
    answer = ask(server, "/nowhere", f"Origin: {FRIEND}", "Access-Control-Request-Method: POST", method="OPTIONS")
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (404, FRIEND)


# Protection from cross-site requests


@pytest.mark.parametrize(
    ("path", "header", "status"),
    [
        ("/", "Sec-Fetch-Site: cross-site", 403),
        ("/", f"Origin: {EVIL}", 403),
        ("/", "Origin: null", 403),
        ("/", "Sec-Fetch-Site: same-origin", 200),
        ("/", "Origin: http://localhost", 200),
        ("/", f"Origin: {FRIEND}", 200),
        ("/", "X-Nothing: said", 200),
        ("/hook", "Sec-Fetch-Site: cross-site", 404),  # exempt: the app was asked, and has nothing there
        ("/hookXYZ", "Sec-Fetch-Site: cross-site", 403),
        ("/hook/../x", "Sec-Fetch-Site: cross-site", 403),
        ("//hook", "Sec-Fetch-Site: cross-site", 403),
        ("/hook/", "Sec-Fetch-Site: cross-site", 403),
    ],
)
def test_unsafe_requests_pass_unless_they_come_from_another_site(server, path, header, status):
    answer = ask(server, path, header, method="POST", body=b"changed")
    assert answer.status == status
    if status == 200:
        assert answer.body == b"changed"
    elif status == 403:
        assert answer.headers["content-type"] == "application/problem+json"


# WebSockets


@pytest.mark.parametrize("origin", [None, "http://localhost", FRIEND])
def test_a_websocket_lives_and_ends_in_the_wrappers(socket_server, origin):
    headers = [("Accept-Encoding", "gzip, br"), ("Sec-Fetch-Site", "cross-site")]
    if origin is not None:
        headers.append(("Origin", origin))
    with socket_server.connect("/", headers=headers) as peer:
        for message in (b"hello", b"x" * 70_000):
            peer.send(TEXT, message)
            assert peer.read_frame().payload == message
        peer.send(wire.CLOSE, close_payload(1000))
        assert peer.read_close().code == 1000
        peer.wait_for_end(within=2.0)
    assert ask(socket_server, "/", "Accept-Encoding: gzip").headers["content-encoding"] == "gzip"


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/", [("Origin", EVIL)], 403),
        ("/", [("Origin", "null")], 403),
        ("/nowhere", [], 404),
        ("/chunks", [], 400),
        ("/denied", [], 500),
    ],
)
def test_a_refused_websocket_has_its_answer(socket_server, path, headers, status):
    headers = [("Accept-Encoding", "gzip"), *headers]
    if socket_server.name == "geventwebsocket":  # it has answered 101: the refusal is a Close
        with socket_server.connect(path, headers=headers) as peer:
            assert peer.read_close().code == (1011 if status == 500 else 1008)
    else:
        assert socket_server.request(wire.handshake(path, headers, without=())).status == status


def test_nothing_is_logged_as_an_error_but_the_bugs_of_the_app(socket_server):
    assert ask(socket_server, "/bug").status == 500
    with socket_server.connect("/") as peer:
        peer.send(wire.CLOSE, close_payload(1000))
        assert peer.read_close().code == 1000
        peer.wait_for_end(within=2.0)
    out, err = socket_server.program.output()
    tracebacks = (out + err).split("Traceback (most recent call last)")[1:]
    assert tracebacks
    assert all("KeyError: 'secret'" in traceback or "SetupError: secret" in traceback for traceback in tracebacks)
