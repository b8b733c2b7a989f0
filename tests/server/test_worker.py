"""The gunicorn worker at its end: idle connections, TLS, and how long it waits."""

import json
import signal
import socket
import ssl
import subprocess
import sys
import time
from contextlib import ExitStack, closing
from types import SimpleNamespace

import pytest
from gunicorn.config import Config
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, ResponseReceived, StreamEnded

from spa.server.grace import GRACE
from spa.server.worker import Worker
from tests import wire
from tests.processes import NO_CONTROL_SOCKET, ROOT, free_port, running

REQUEST = b"GET /process HTTP/1.1\r\nHost: localhost\r\n\r\n"


def command(port, *options):
    words = [sys.executable, "-m", "gunicorn", "-k", "spa.server.worker.Worker", "-b", f"127.0.0.1:{port}"]
    return [*words, "--keep-alive", "60", *NO_CONTROL_SOCKET, *options, "tests.system.drainapp:app"]


@pytest.fixture
def certificate(tmp_path):
    """A certificate of our own, and its key."""
    key, chain = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", chain),
        ],
        check=True,
        capture_output=True,
    )
    return chain, key


def open_plain(port):
    """Return a fresh connection, over which nothing has been sent."""
    return socket.create_connection(("127.0.0.1", port), timeout=wire.PATIENCE)


def secure(sock, chain):
    """Return the socket behind its TLS handshake."""
    return ssl.create_default_context(cafile=chain).wrap_socket(sock, server_hostname="localhost")


def connect(port, chain=None):
    """Return a socket that has had one answer, and is kept open."""
    sock = open_plain(port)
    if chain is not None:
        sock = secure(sock, chain)
    sock.sendall(REQUEST)
    data = wire.read_until(sock, lambda data: b"}" in data)
    assert data.startswith(b"HTTP/1.1 200 ")
    return sock


@pytest.mark.parametrize("is_tls", [False, True], ids=["plain", "TLS"])
def test_idle_kept_connections_end_at_once_and_without_a_traceback(is_tls, certificate):
    chain, key = certificate if is_tls else (None, None)
    port = free_port()
    options = ("--certfile", chain, "--keyfile", key) if is_tls else ()
    with running(command(port, *options), port, cwd=ROOT) as program, closing(connect(port, chain)) as idle:
        noted = len(program.output()[1])
        started = time.monotonic()
        program.send_signal(signal.SIGTERM)
        assert idle.recv(65536) == b""
        returncode, _, err = program.finish(10)
        assert time.monotonic() - started < 3
        assert returncode == 0
        assert "Traceback" not in err[noted:]


def ask(sock, data):
    """Send the rest of a request, and return what comes up to the end."""
    sock.sendall(data)
    return b"".join(iter(lambda: sock.recv(65536), b""))


def test_requests_over_tls_that_are_on_their_way_at_the_stop_are_answered(certificate):
    chain, key = certificate
    port = free_port()
    words = command(port, "--certfile", chain, "--keyfile", key)
    with running(words, port, {"GRACE": "20"}, ROOT) as program, ExitStack() as stack:
        plain = stack.enter_context(open_plain(port))  # its handshake is still to come
        fresh, half = (stack.enter_context(secure(open_plain(port), chain)) for _ in range(2))
        kept, second = (stack.enter_context(connect(port, chain)) for _ in range(2))
        for sock in (half, second):
            sock.sendall(REQUEST[:20])
        program.send_signal(signal.SIGTERM)
        assert kept.recv(100) == b""  # so it has begun to stop
        shaken = stack.enter_context(secure(plain, chain))
        rests = ((shaken, REQUEST), (fresh, REQUEST), (half, REQUEST[20:]), (second, REQUEST[20:]))
        for sock, rest in rests:
            answer = ask(sock, rest)
            assert answer.startswith(b"HTTP/1.1 200 ")
            assert b"\r\nConnection: close\r\n" in answer
        returncode, out, err = program.finish()
        assert returncode == 0
        assert "Traceback" not in out + err


def test_over_tls_who_sends_no_request_or_a_head_that_drips_delays_the_stop_for_a_moment(certificate):
    chain, key = certificate
    port = free_port()
    words = command(port, "--certfile", chain, "--keyfile", key)
    with running(words, port, cwd=ROOT) as program, ExitStack() as stack:
        scanning = stack.enter_context(open_plain(port))
        fresh, dripping = (stack.enter_context(secure(open_plain(port), chain)) for _ in range(2))
        dripping.sendall(REQUEST[:-4])
        program.send_signal(signal.SIGTERM)
        wire.wait_for(lambda: has_ended_behind_a_byte(dripping), "the end of what drips", 15)
        assert fresh.recv(100) == b""
        assert scanning.recv(100) == b""
        returncode, out, err = program.finish(10)
        assert returncode == 0
        assert "Traceback" not in out + err


def has_ended_behind_a_byte(sock):
    """Send a byte, and tell whether the server has ended the connection; it has sent nothing."""
    try:
        sock.sendall(b"x")
        sock.setblocking(False)
        assert sock.recv(100) == b""
    except (ssl.SSLWantReadError, BlockingIOError):
        return False
    except OSError:
        pass  # reset
    finally:
        sock.settimeout(wire.PATIENCE)
    return True


class HTTP2:
    """A client's end of an HTTP/2 connection."""

    def __init__(self, port, chain):
        context = ssl.create_default_context(cafile=chain)
        context.set_alpn_protocols(["h2"])
        self.sock = context.wrap_socket(open_plain(port), server_hostname="localhost")
        self.state = H2Connection(H2Configuration(client_side=True))
        self.state.initiate_connection()
        self.flush()

    def flush(self):
        self.sock.sendall(self.state.data_to_send())

    def begin(self, method, path, *fields, is_whole=True):
        """Send a head, and return the number of its stream."""
        names = {":method": method, ":path": path, ":scheme": "https", ":authority": "localhost"}
        stream = self.state.get_next_available_stream_id()
        self.state.send_headers(stream, [*names.items(), *fields], end_stream=is_whole)
        self.flush()
        return stream

    def get_process(self):
        self.begin("GET", "/process")
        return json.loads(self.read_answer())

    def read_answer(self):
        """Return the body of the next answer, of 200."""
        body = b""
        while True:
            data = self.sock.recv(65536)
            assert data, "the server has ended the connection"
            for event in self.state.receive_data(data):
                if isinstance(event, ResponseReceived):
                    assert dict(event.headers)[b":status"] == b"200"
                body += event.data if isinstance(event, DataReceived) else b""
                if isinstance(event, StreamEnded):
                    return body
            self.flush()


@pytest.mark.skipif("http_protocols" not in Config().settings, reason="no HTTP/2; pip install gunicorn>=27")
def test_an_upload_over_http_2_goes_on_behind_the_stop_and_an_idle_connection_ends_at_once(certificate):
    chain, key = certificate
    port = free_port()
    words = command(port, "--certfile", chain, "--keyfile", key, "--http-protocols", "h2,h1")
    with running(words, port, cwd=ROOT) as program, ExitStack() as stack:
        idle, uploading = (HTTP2(port, chain) for _ in range(2))
        for client in (idle, uploading):
            stack.enter_context(closing(client.sock))
            client.get_process()
        stream = uploading.begin("POST", "/upload", ("content-length", "20"), is_whole=False)
        uploading.state.send_data(stream, b"x" * 10)
        uploading.flush()
        wire.wait_for(lambda: idle.get_process()["uploads"], "the upload has begun")
        program.send_signal(signal.SIGTERM)
        while idle.sock.recv(65536):
            pass  # it may say GOAWAY
        time.sleep(GRACE)  # for which requests are waited that may be on their way; this one is here
        uploading.state.send_data(stream, b"x" * 10, end_stream=True)
        uploading.flush()
        assert uploading.read_answer() == b"20"
        returncode, out, err = program.finish()
        assert returncode == 0
        assert "Traceback" not in out + err


def test_a_websocket_over_tls_is_sent_away_and_its_peer_may_stay_silent(certificate):
    chain, key = certificate
    port = free_port()
    with running(command(port, "--certfile", chain, "--keyfile", key), port, cwd=ROOT) as program:
        context = ssl.create_default_context(cafile=chain)
        plain = socket.create_connection(("127.0.0.1", port), timeout=wire.PATIENCE)
        with context.wrap_socket(plain, server_hostname="localhost") as sock:
            # Head and frame in one TLS record, larger than what a server reads at once.
            sock.sendall(wire.handshake("/") + wire.frame(wire.BINARY, b"x" * 15_000))
            wire.read_until(sock, lambda data: b"x" * 15_000 in data)
            noted = len(program.output()[1])
            started = time.monotonic()
            program.send_signal(signal.SIGTERM)
            wire.read_until(sock, lambda data: b"the server is stopping" in data)
            assert time.monotonic() - started < 1
            returncode, _, err = program.finish(10)
        assert time.monotonic() - started < 4
        assert returncode == 0
        assert "Traceback" not in err[noted:]


@pytest.mark.parametrize(
    ("graceful", "is_quick", "expected"),
    [(30, False, 28), (4, False, 2), (3, False, 1.5), (0, False, 0), (30, True, 1), (1, True, 1)],
)
def test_it_ends_before_the_arbiter_would_kill_it(graceful, is_quick, expected):
    worker = SimpleNamespace(cfg=SimpleNamespace(graceful_timeout=graceful), _is_quick=is_quick)
    assert Worker._patience(worker) == expected
