"""Spa's own server: how it listens, speaks TLS and stops."""

import socket
import ssl
import time
from contextlib import nullcontext, suppress

import gevent
import pytest

import spa
from spa.server import grace, unread
from spa.server.development import Server
from spa.websocket import registry
from spa.websocket.transport import cut
from tests import wire
from tests.loop import wait_until
from tests.server.peer import (
    ROUTES,
    Body,
    Log,
    connect_tls,
    connected,
    read_to_end,
    request,
    talk,
    upload,
    wait_for_lines,
)


def test_the_listener_hands_tcp_nodelay_to_its_connections(server):
    assert server.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


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


def test_a_client_that_breaks_the_tls_handshake_is_one_line(tls, log):
    server, _ = tls
    gevent.socket.create_connection(("127.0.0.1", server.server_port)).close()
    (line,) = wait_until(log.lines)
    assert line.startswith("127.0.0.1 TLS: ")


class Slow(spa.Handler):
    """Answers while its client leaves: after a while, in one large piece, or in many."""

    def get(self, how):
        if how == "late":
            gevent.sleep(0.2)
            return "x" * 100
        if how == "large":
            return "x" * 20_000_000
        return ("x" * 10_000 for _ in range(2000))


@pytest.mark.parametrize("how", ["late", "large", "many"])
def test_a_client_that_leaves_a_tls_connection_during_the_answer_is_no_error(tls, log, how, capsys):
    server, certificate = tls
    server.application = spa.App((("/<how>", "", Slow),))
    with connect_tls(server, certificate) as sock:
        sock.sendall(request(f"/{how}"))
        if how != "late":
            sock.recv(1000)
    assert f"GET /{how}" in wait_for_lines(log, 1)[0]
    wait_until(lambda: not server.handlers)
    assert len(log.lines()) == 1
    assert capsys.readouterr().err == ""


def test_a_failed_tls_handshake_over_a_unix_socket_is_one_line_too(tls, log, tmp_path):
    server, _ = tls
    ours, theirs = gevent.socket.socketpair()
    theirs.sendall(b"not TLS at all")
    theirs.close()
    server.wrap_socket_and_handle(ours, "")
    (line,) = log.lines()
    assert line.startswith("- TLS: ")


REQUEST = request("/5")
HALF = len(REQUEST) - 10  # within a field
LONG = 60.0  # seconds that no test waits


@pytest.fixture(params=[False, True], ids=["plain", "TLS"])
def connect(request):
    """Connect to a server, in clear or over TLS; it has accepted the connection, and done its part of a handshake."""
    server, certificate = request.getfixturevalue("tls") if request.param else (request.getfixturevalue("server"), None)

    def connect():
        before = len(server.handlers)
        if certificate is None:
            sock = gevent.socket.create_connection(("127.0.0.1", server.server_port))
        else:
            sock = connect_tls(server, certificate)
        wait_until(lambda: len(server.handlers) > before)
        return sock

    connect.server = server
    with gevent.Timeout(wire.PATIENCE):
        yield connect


def stop(server):
    """Begin to stop a server."""
    draining = gevent.spawn(server.drain, LONG)
    wait_until(lambda: server.is_stopping)
    return draining


@pytest.mark.parametrize(
    ("is_kept", "begun"),
    [(False, 0), (False, 1), (False, HALF), (True, 1), (True, HALF)],
    ids=["fresh", "a byte", "half a head", "a byte of a second", "half a second head"],
)
def test_a_request_that_is_on_its_way_when_the_server_stops_is_answered(connect, begun, is_kept, monkeypatch):
    monkeypatch.setattr(grace, "GRACE", LONG)
    with connect() as sock:
        if is_kept:
            sock.sendall(REQUEST)
            wire.read_until(sock, lambda data: data.endswith(b"x" * 5))
        sock.sendall(REQUEST[:begun])
        wait_until(lambda: all(handler.stage is grace.Stage.AWAITED for handler in connect.server.handlers))
        draining = stop(connect.server)
        sock.sendall(REQUEST[begun:])
        headers, body = read_to_end(sock)
        assert headers[0] == "HTTP/1.1 200 OK"
        assert "Connection: close" in headers
        assert body == b"x" * 5
        draining.get()


def test_a_further_head_that_has_come_and_is_not_read_yet_is_not_cut_off(connect, monkeypatch):
    monkeypatch.setattr(grace, "GRACE", LONG)
    with connect() as sock:
        sock.sendall(REQUEST)
        wire.read_until(sock, lambda data: data.endswith(b"x" * 5))
        sock.sendall(REQUEST[:HALF])
        (handler,) = connect.server.handlers
        assert handler.stage is grace.Stage.KEPT
        draining = stop(connect.server)
        sock.sendall(REQUEST[HALF:])
        assert read_to_end(sock)[1] == b"x" * 5
        draining.get()


def test_a_websocket_that_opens_when_the_server_stops_is_sent_away_at_once(connect, monkeypatch):
    monkeypatch.setattr(grace, "GRACE", LONG)
    with connect() as sock:
        draining = stop(connect.server)
        sock.sendall(wire.handshake("/1"))
        received = wire.read_until(sock, lambda data: data.endswith(b"the server is stopping"))
        assert received.startswith(b"HTTP/1.1 101 ")
        sock.sendall(wire.frame(wire.CLOSE, wire.close_payload(1001)))
        draining.get()


def test_a_kept_connection_that_is_idle_is_cut_at_once(connect, monkeypatch):
    monkeypatch.setattr(grace, "GRACE", LONG)
    with connect() as sock:
        sock.sendall(REQUEST)
        wire.read_until(sock, lambda data: data.endswith(b"x" * 5))
        draining = stop(connect.server)
        assert sock.recv(100) == b""
        draining.get()


@pytest.mark.parametrize("begun", [0, 1, HALF], ids=["fresh", "a byte", "half a head"])
def test_who_sends_no_request_in_time_is_cut_without_an_answer(connect, log, begun):
    with connect() as sock:
        sock.sendall(REQUEST[:begun])
        draining = stop(connect.server)
        assert sock.recv(100) == b""
        draining.get()
        assert log.lines() == []


def test_a_head_that_drips_gains_no_time(connect, log):
    with connect() as sock:
        sock.sendall(REQUEST[:-4])
        draining = stop(connect.server)

        def drip():
            with suppress(OSError):  # it is cut
                while True:
                    sock.sendall(b"x")
                    gevent.sleep(grace.GRACE / 10)

        dripping = gevent.spawn(drip)
        draining.get()
        dripping.kill()
        assert log.lines() == []


def test_a_request_behind_its_tls_handshake_is_answered_by_a_server_that_stops(tls, monkeypatch):
    monkeypatch.setattr(grace, "GRACE", LONG)
    server, certificate = tls
    with connected(server) as sock:
        wait_until(lambda: server.accepted)
        draining = stop(server)
        context = gevent.ssl.SSLContext(gevent.ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(certificate)
        with context.wrap_socket(sock, server_hostname="localhost") as secure:
            secure.sendall(REQUEST)
            assert read_to_end(secure)[1] == b"x" * 5
        draining.get()


def test_who_stays_in_the_tls_handshake_delays_no_stop(tls, log):
    server, _ = tls
    with connected(server) as sock:
        wait_until(lambda: server.accepted)
        stop(server).get()
        assert sock.recv(100) == b""
        assert log.lines() == []


def test_a_request_that_waits_in_the_kernel_when_the_server_stops_is_answered(server):
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=wire.PATIENCE) as sock:
        sock.sendall(REQUEST)  # the loop has not had its turn
        server.drain(LONG)
        assert sock.recv(1000).endswith(b"x" * 5)


def test_a_bad_head_that_has_come_is_refused_by_a_server_that_stops(server, monkeypatch):
    monkeypatch.setattr(unread, "PATIENCE", 0.1)
    monkeypatch.setattr(grace, "GRACE", LONG)
    with connected(server) as sock:
        wait_until(lambda: server.handlers)
        draining = stop(server)
        sock.sendall(b"GET\r\n\r\n")
        assert b" 400 " in wire.read_until(sock, lambda data: b"\r\n\r\n" in data)
        draining.get()


def test_a_server_forgets_connections_that_have_ended(connect):
    with connect() as sock:
        sock.sendall(REQUEST)
        assert connect.server.accepted
    wait_until(lambda: not connect.server.accepted)


@pytest.mark.parametrize("is_tls", [False, True], ids=["plain", "TLS"])
def test_behind_an_end_of_reading_what_has_come_is_still_read_and_answered(request, is_tls):
    ours, theirs = gevent.socket.socketpair()
    if is_tls:
        server, certificate = request.getfixturevalue("tls")
        context = gevent.ssl.SSLContext(gevent.ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(certificate)
        shaking = gevent.spawn(context.wrap_socket, theirs, server_hostname="localhost")
        ours = server.wrap_socket(ours, **server.ssl_args)
        ours.do_handshake()
        theirs = shaking.get(timeout=wire.PATIENCE)
    with ours, theirs, gevent.Timeout(wire.PATIENCE):
        theirs.sendall(b"request")
        cut(ours, socket.SHUT_RD)
        assert ours.recv(100) == b"request"
        ours.sendall(b"answer")
        assert theirs.recv(100) == b"answer"
        assert ours.recv(100) == b""


@pytest.mark.parametrize("is_given", [False, True], ids=["certificate", "context"])
def test_an_idle_connection_over_tls_ends_without_an_alert_when_the_server_stops(tls, is_given):
    server, certificate = tls
    if is_given:
        context = gevent.ssl.SSLContext(gevent.ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, certificate.with_name("key.pem"))
        server = Server(("127.0.0.1", 0), spa.App(ROUTES), log=None, ssl_context=context)
        server.start()
    with gevent.Timeout(wire.PATIENCE), connect_tls(server, certificate, suppress_ragged_eofs=False) as sock:
        sock.sendall(request("/5"))
        wire.read_until(sock, lambda data: data.endswith(b"x" * 5))
        draining = gevent.spawn(server.drain, 60)
        assert sock.recv(1) == b""
        draining.get()


def short(environ, start_response):
    """Answer with less than is declared."""
    start_response("200 OK", [("Content-Length", "9")])
    return [b"x" * 5]


def breaking(environ, start_response):
    """Fail in the middle of an answer."""
    start_response("200 OK", [])
    yield b"x" * 5
    raise ConnectionResetError


@pytest.mark.parametrize(
    ("sent", "app", "is_told"),
    [
        (request("/5").replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"), None, True),
        (b"GET\r\n\r\n", None, True),
        (upload("Content-Length: 9999999", method="PUT"), None, True),
        (wire.handshake("/1") + wire.frame(wire.TEXT, b"x" * 5) + wire.frame(wire.CLOSE), None, True),
        (request("/"), short, False),
        (request("/"), breaking, False),
    ],
    ids=["closed", "refused", "unread body", "WebSocket", "short", "broken off"],
)
def test_a_tls_client_is_told_of_the_end_but_not_behind_an_answer_that_is_cut_off(tls, sent, app, is_told):
    server, certificate = tls
    server.application = app or server.application
    with gevent.Timeout(wire.PATIENCE), connect_tls(server, certificate, suppress_ragged_eofs=False) as sock:
        sock.sendall(sent)
        received = b""
        with nullcontext() if is_told else pytest.raises(ssl.SSLEOFError):
            while data := sock.recv(65536):
                received += data
        assert b"x" * 5 in received or b" 400 " in received or b"taken unread" in received


def test_a_body_over_tls_that_is_cut_off_is_seen_to_be(tls, log):
    server, certificate = tls
    with gevent.Timeout(wire.PATIENCE), connect_tls(server, certificate) as sock:
        sock.sendall(upload("Content-Length: 10", data=b"12345"))
        gevent.sleep(0.05)
        sock._sock.shutdown(socket.SHUT_WR)  # beneath TLS, as one who stands between the two can
        assert b"HTTP/1.1 400 " in wire.read_until(sock, lambda data: b"\r\n\r\n" in data)


def test_an_end_of_reading_wakes_who_waits_for_more_without_an_error():
    ours, theirs = gevent.socket.socketpair()
    with ours, theirs, gevent.Timeout(wire.PATIENCE):
        reader = gevent.spawn(ours.recv, 100)
        gevent.sleep(0)  # it waits
        cut(ours, socket.SHUT_RD)
        assert reader.get() == b""


def test_an_end_of_reading_of_a_socket_that_is_closed_does_nothing():
    ours, theirs = gevent.socket.socketpair()
    ours.close()
    theirs.close()
    cut(ours, socket.SHUT_RD)


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
        assert list(server.connections) == []


def test_a_drain_waits_until_a_refused_client_has_had_its_time(server, monkeypatch):
    monkeypatch.setattr(unread, "PATIENCE", 0.3)
    with connected(server, upload("Content-Length: 99999999999")) as sock:
        assert sock.recv(1)  # the answer is there, and the connection lingers
        started = time.monotonic()
        server.drain(30)
        assert 0.1 < time.monotonic() - started < 2
        assert read_to_end(sock)
