"""Spa's own server: what it sends and what it logs."""

import io
import re
import socket
import subprocess
import time

import gevent
import gevent.event
import pytest

import spa
from spa.server.development import Server, end_reading
from spa.websocket import registry
from tests import wire


class Log(io.StringIO):
    """A log that tells its lines."""

    def lines(self):
        return self.getvalue().splitlines()


class Body(spa.Handler):
    def get(self, size):
        return "x" * size

    def websocket(self, size):
        for message in self.ws:
            self.ws.send(message)


class Stream(spa.Handler):
    def get(self):
        yield "one"
        yield "two"


@pytest.fixture
def log():
    return Log()


@pytest.fixture
def server(log):
    app = spa.App((("/<int:size>", "", Body), ("/stream", "", Stream)))
    server = Server(("127.0.0.1", 0), app, log=log, error_log=log)
    server.start()
    yield server
    server.stop(timeout=0)


def talk(server, data, until):
    """Send bytes, and return the pieces that come back, as they come, until one holds ``until``."""
    pieces = []

    def run():
        with gevent.socket.create_connection(("127.0.0.1", server.server_port)) as sock:
            sock.sendall(data)
            while until not in b"".join(pieces):
                pieces.append(sock.recv(2**20))
                assert pieces[-1]

    gevent.spawn(run).get(timeout=wire.PATIENCE)
    return pieces


def request(path, method="GET"):
    return f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


def test_headers_and_a_small_body_leave_in_one_send(server):
    (piece,) = talk(server, request("/100"), b"x" * 100)
    assert piece.startswith(b"HTTP/1.1 200 OK\r\n")


def test_the_listener_hands_tcp_nodelay_to_its_connections(server):
    assert server.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_large_body_arrives_whole(server):
    pieces = talk(server, request("/1000000"), b"x" * 1_000_000)
    assert b"".join(pieces).partition(b"\r\n\r\n")[2] == b"x" * 1_000_000


def test_a_stream_is_chunked(server):
    pieces = talk(server, request("/stream"), b"0\r\n\r\n")
    assert b"".join(pieces).endswith(b"\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n")


@pytest.mark.parametrize(
    ("sent", "line"),
    [
        (request("/7"), r'127\.0\.0\.1 \[\S+ \S+\] "GET /7 HTTP/1\.1" 200 7 B \d+\.\d ms'),
        (request("/nope"), r'.* "GET /nope HTTP/1\.1" 404 \d+ B .* ms'),
        (request("/%s\x1b[31m\xe9"), r'.* "GET /%s\\x1b\[31m\\xc3\\xa9 HTTP/1\.1" 404 .*'),
        (request("/" + "a" * 5000), r'.* "GET /a{1019}" 404 .*'),
    ],
)
def test_each_request_is_one_escaped_line_of_bounded_length(server, log, sent, line):
    talk(server, sent, b"\r\n\r\n")
    gevent.sleep(0.01)
    (logged,) = log.lines()
    assert re.fullmatch(line, logged)


def wait_for_lines(log, number):
    """Return the lines of a log once there are so many."""
    with gevent.Timeout(wire.PATIENCE):
        while len(log.lines()) < number:
            gevent.sleep(0.01)
    return log.lines()


def test_a_websocket_has_a_line_when_it_opens_and_one_when_it_closes_with_code_and_duration(server, log):
    with gevent.Timeout(wire.PATIENCE), gevent.socket.create_connection(("127.0.0.1", server.server_port)) as sock:
        sock.sendall(wire.handshake("/1", [("X-Request-ID", "one")]))
        (opened,) = wait_for_lines(log, 1)
        sock.sendall(wire.frame(wire.CLOSE, wire.close_payload(4000)))
        _, closed = wait_for_lines(log, 2)
    begin = r'127\.0\.0\.1 \[\S+ \S+\] "GET /1 HTTP/1\.1" '
    assert re.fullmatch(begin + r"WebSocket opened \[one\]", opened)
    assert re.fullmatch(begin + r"WebSocket closed 4000 after \d+\.\d s \[one\]", closed)


def test_a_websocket_that_is_refused_has_the_line_of_its_answer(server, log):
    talk(server, wire.handshake("/1", without=["Sec-WebSocket-Key"]), b"\r\n\r\n")
    assert re.search(r'"GET /1 HTTP/1\.1" 400 \d+ B', *wait_for_lines(log, 1))


def test_a_request_that_cannot_be_read_has_its_own_status_behind_one_that_could(server, log):
    named = b"GET /7 HTTP/1.1\r\nHost: localhost\r\nX-Request-ID: one\r\n\r\n"
    talk(server, named + b"GET / HTTP/9\r\n\r\n", b" 400 ")
    lines = [line for line in wait_for_lines(log, 3) if '"' in line]
    assert re.search(r'"GET /7 HTTP/1\.1" 200 7 B .* \[one\]$', lines[0])
    assert re.search(r'"GET / HTTP/9" 400 0 B [^\[]* ms$', lines[1])


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET /" + b"a" * 10_000 + b" HTTP/1.1\r\n\r\n", "414"),
        (b"GET / HTTP/1.1\r\nUser-Agent: \x1b[31m%s" + b"a" * 100_000 + b"\r\n\r\n", "400"),
        (b"GET /\x1b[31m%n " + b"a" * 7_000 + b"\r\n\r\n", "400"),
        (b"GET /%0d%0a%1b HTTP/1.1\r\nUser-Agent: \x1b[31m%s\r\n\r\n", "404"),
    ],
)
def test_what_a_request_holds_breaks_no_line_and_makes_none_long(server, log, sent, status):
    talk(server, sent, f" {status} ".encode())
    with gevent.Timeout(wire.PATIENCE):
        while not any(f'" {status} ' in line for line in log.lines()):
            gevent.sleep(0.01)
    assert sum('" ' in line for line in log.lines()) == 1
    for line in log.lines():
        assert line.isprintable()
        assert len(line) < 5000


@pytest.mark.parametrize(("is_terminal", "painted"), [(True, "\x1b[32m200\x1b[0m"), (False, '" 200 ')])
def test_the_log_is_coloured_on_a_terminal_only(is_terminal, painted, monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    log = Log()
    log.isatty = lambda: is_terminal
    server = Server(("127.0.0.1", 0), spa.App((("/<int:size>", "", Body),)), log=log)
    server.start()
    talk(server, request("/7"), b"x" * 7)
    assert painted in wait_for_lines(log, 1)[0]
    server.stop(timeout=0)


@pytest.fixture
def tls(tmp_path, log):
    """A server with a certificate of its own, and what a client needs to trust it."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate),
        ],
        check=True,
        capture_output=True,
    )
    app = spa.App((("/<int:size>", "", Body),))
    server = Server(("127.0.0.1", 0), app, log=log, error_log=log, keyfile=str(key), certfile=str(certificate))
    server.start()
    yield server, certificate
    server.stop(timeout=0)


def test_a_websocket_over_tls_carries_large_messages_and_closes_with_the_peers_code(tls, log):
    server, certificate = tls
    message = b"x" * 300_000

    def run():
        context = gevent.ssl.SSLContext(gevent.ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(certificate)
        with (
            gevent.socket.create_connection(("127.0.0.1", server.server_port)) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as sock,
        ):
            sock.sendall(wire.handshake("/1") + wire.frame(wire.BINARY, message))
            wire.read_until(sock, lambda data: message in data)
            sock.sendall(wire.frame(wire.CLOSE, wire.close_payload(4000, "bye")))
            wire.read_until(sock, lambda data: data.endswith(wire.close_payload(4000, "bye")))

    gevent.spawn(run).get(timeout=wire.PATIENCE)
    assert "WebSocket closed 4000" in wait_for_lines(log, 2)[1]


def test_a_client_that_breaks_the_tls_handshake_is_one_line(tls, log):
    server, _ = tls
    gevent.socket.create_connection(("127.0.0.1", server.server_port)).close()
    with gevent.Timeout(wire.PATIENCE):
        while not log.lines():
            gevent.sleep(0.01)
    (line,) = log.lines()
    assert line.startswith("127.0.0.1 TLS: ")


def test_a_tls_record_that_holds_handshake_and_messages_is_read_to_its_end(tls):
    server, certificate = tls
    message = b"x" * 15_000  # with the handshake still one record, and more than the server reads at once

    def run():
        with connect_tls(server, certificate) as sock:
            sock.sendall(wire.handshake("/1") + wire.frame(wire.BINARY, message))
            wire.read_until(sock, lambda data: message in data)
            sock.sendall(wire.frame(wire.CLOSE))
            while sock.recv(2**16):
                continue

    gevent.spawn(run).get(timeout=wire.PATIENCE)


def connect_tls(server, certificate):
    context = gevent.ssl.SSLContext(gevent.ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(certificate)
    plain = gevent.socket.create_connection(("127.0.0.1", server.server_port))
    return context.wrap_socket(plain, server_hostname="localhost")


def test_an_event_stream_over_tls_is_closed_when_its_client_leaves_while_it_waits(tls):
    server, certificate = tls
    closed = gevent.event.Event()

    def events():
        try:
            yield "first"
            gevent.sleep(1000)
        finally:
            closed.set()

    server.application = spa.App((("/", "", lambda *route: spa.EventStream(events())),))
    with connect_tls(server, certificate) as sock:
        sock.sendall(request("/"))
        wire.read_until(sock, lambda data: b"data: first" in data)
        assert not closed.is_set()
    assert closed.wait(1.0)


@pytest.mark.parametrize("is_tls", [False, True], ids=["plain", "TLS"])
def test_behind_an_end_of_reading_what_has_come_is_still_read_and_answered(request, is_tls):
    ours, theirs = gevent.socket.socketpair()
    if is_tls:
        server, certificate = request.getfixturevalue("tls")
        context = gevent.ssl.SSLContext(gevent.ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(certificate)
        shaking = gevent.spawn(context.wrap_socket, theirs, server_hostname="localhost")
        ours = server.wrap_socket(ours, **server.ssl_args)
        theirs = shaking.get(timeout=wire.PATIENCE)
    with ours, theirs, gevent.Timeout(wire.PATIENCE):
        theirs.sendall(b"request")
        end_reading(ours)
        assert ours.recv(100) == b"request"
        ours.sendall(b"answer")
        assert theirs.recv(100) == b"answer"
        assert ours.recv(100) == b""


def test_an_end_of_reading_wakes_who_waits_for_more_without_an_error():
    ours, theirs = gevent.socket.socketpair()
    with ours, theirs, gevent.Timeout(wire.PATIENCE):
        reader = gevent.spawn(ours.recv, 100)
        gevent.sleep(0)  # it waits
        end_reading(ours)
        assert reader.get() == b""


def test_an_end_of_reading_of_a_socket_that_is_closed_does_nothing():
    ours, theirs = gevent.socket.socketpair()
    ours.close()
    theirs.close()
    end_reading(ours)


def test_a_connection_accepted_just_before_the_drain_still_gets_its_answer(server):
    ours, theirs = gevent.socket.socketpair()
    with theirs, gevent.Timeout(wire.PATIENCE):
        theirs.sendall(request("/5"))
        server.do_handle(ours, ("127.0.0.1", 1))
        server.drain(2)
        assert theirs.recv(1000).endswith(b"\r\n\r\nxxxxx")


def test_two_servers_of_an_app_send_only_their_own_sockets_away(server):
    other = Server(("127.0.0.1", 0), server.application, log=None)
    other.start()
    with gevent.Timeout(wire.PATIENCE):
        socks = [gevent.socket.create_connection(("127.0.0.1", one.server_port)) for one in (server, other)]
        for sock in socks:
            sock.sendall(wire.handshake("/1") + wire.frame(wire.TEXT, b"hello"))
            wire.read_until(sock, lambda data: b"hello" in data)
        draining = gevent.spawn(server.drain, 5)
        close = socks[0].recv(1000)
        assert close.endswith(b"the server is stopping")
        socks[0].sendall(wire.frame(wire.CLOSE, close[2:]))
        draining.get()
        socks[1].sendall(wire.frame(wire.TEXT, b"still here"))
        assert socks[1].recv(1000).endswith(b"still here")
        for sock in socks:
            sock.close()
        other.stop(timeout=0)


def test_a_drain_waits_for_a_peer_that_does_not_answer_no_longer_than_its_patience(server, monkeypatch):
    monkeypatch.setattr(registry, "PATIENCE", 0.2)
    with gevent.Timeout(wire.PATIENCE), gevent.socket.create_connection(("127.0.0.1", server.server_port)) as sock:
        sock.sendall(wire.handshake("/1") + wire.frame(wire.TEXT, b"hello"))
        wire.read_until(sock, lambda data: b"hello" in data)
        started = time.monotonic()
        server.drain(30)
        assert 0.1 < time.monotonic() - started < 2
        assert not server.connections
