"""A small app for Spa's own server, and a client that sends it bytes."""

import io
from contextlib import contextmanager

import gevent

import spa
from tests import wire
from tests.loop import wait_until


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


class Events(spa.Handler):
    def get(self):
        return spa.EventStream(iter(["one"]))


class Upload(spa.Handler):
    def post(self):
        return str(len(self.request.get_data()))

    def put(self):
        return "taken unread"

    def patch(self):
        raise RuntimeError


ROUTES = (("/<int:size>", "", Body), ("/stream", "", Stream), ("/events", "", Events), ("/upload", "", Upload))


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
    """Return the bytes of a request without a body."""
    return f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


def wait_for_lines(log, number):
    """Return the lines of a log once there are so many."""
    wait_until(lambda: len(log.lines()) >= number)
    return log.lines()


def connect_tls(server, certificate, **options):
    """Connect over TLS, trusting this certificate."""
    context = gevent.ssl.SSLContext(gevent.ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(certificate)
    plain = gevent.socket.create_connection(("127.0.0.1", server.server_port))
    return context.wrap_socket(plain, server_hostname="localhost", **options)


def read_to_end(sock):
    """Return an answer whose length is that of its body, and which is the last thing on its connection."""
    head, _, body = b"".join(iter(lambda: sock.recv(2**16), b"")).partition(b"\r\n\r\n")
    headers = head.decode().split("\r\n")
    assert f"Content-Length: {len(body)}" in headers
    return headers, body


def upload(*headers, method="POST", data=b""):
    """Return the bytes of a request to ``Upload``."""
    return "\r\n".join([f"{method} /upload HTTP/1.1", "Host: localhost", *headers, "", ""]).encode() + data


@contextmanager
def connected(server, data=b""):
    """Connect, send bytes, and give the socket, for no longer than a test may wait."""
    with gevent.Timeout(wire.PATIENCE), gevent.socket.create_connection(("127.0.0.1", server.server_port)) as sock:
        sock.sendall(data)
        yield sock


def wait_until_idle(server):
    """Wait until every connection has ended."""
    wait_until(lambda: not server.handlers)
