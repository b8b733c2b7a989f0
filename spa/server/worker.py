"""The gunicorn worker that logs WebSockets, drains and stops well: ``gunicorn -k spa.server.worker.Worker``."""

import socket
import ssl
import time
from datetime import timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any

import gevent
from gevent.pool import Pool
from gevent.server import StreamServer
from gunicorn.sock import ssl_context
from gunicorn.workers.ggevent import GeventWorker
from werkzeug.datastructures import EnvironHeaders

from spa.environ import CONNECTIONS, WEBSOCKET
from spa.server.development import Server, allow_end
from spa.websocket.registry import Registry
from spa.websocket.transport import cut

POLL = 0.1  # seconds between two looks at what the arbiter or a signal asked for
NOTIFY = 1.0  # seconds between two signs of life for the arbiter, as in gunicorn's own worker
QUICK = 1.0  # seconds for everything to end after Ctrl-C
HEAD_START = 2.0  # seconds before gunicorn's graceful timeout, at which the arbiter kills the process


class Listener(StreamServer):  # type: ignore[misc]  # gevent is untyped
    """A listening socket of the worker."""

    max_delay = Server.max_delay
    log: Any

    def wrap_socket_and_handle(self, client_socket: Any, address: Any) -> None:
        """Serve a TLS connection; one that fails in its handshake, as a port scan does, is no error of ours."""
        try:
            super().wrap_socket_and_handle(client_socket, address)
        except (ssl.SSLError, ConnectionError) as error:
            self.log.debug("TLS: %s", error)


class Worker(GeventWorker):  # type: ignore[misc]  # gunicorn is untyped
    """gunicorn's gevent worker, strict parser and all, that knows its WebSockets.

    When it stops (SIGTERM, a reload, ``max_requests``) it accepts nobody, sends every WebSocket 1001 and ends every
    event stream at once, lets requests in flight complete, and ends what is left two seconds before
    ``graceful_timeout``. Each WebSocket has its line in the access log, with its duration, once it has closed.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.connections = Registry()
        self._idle: set[Any] = set()
        self._is_quick = False

    def load_wsgi(self) -> None:
        """Load the app, and put the registry of WebSockets into the environ of its requests."""
        super().load_wsgi()
        app: Any = self.wsgi
        self.wsgi: Any = partial(self._call_app, app)

    def run(self) -> None:
        """Serve until asked to stop, then drain."""
        servers = [self._start_server(sock) for sock in self.sockets]
        notified = 0.0
        while self.alive:
            if time.monotonic() - notified >= NOTIFY:
                self.notify()
                notified = time.monotonic()
            gevent.sleep(POLL)
        self._drain(servers)

    def handle(self, listener: Any, client: Any, addr: Any) -> None:
        """Serve one TCP connection, known as idle while it waits for a request."""
        self._idle.add(client)
        try:
            super().handle(listener, client, addr)
        finally:
            self._idle.discard(client)

    def handle_request(self, listener_name: Any, req: Any, sock: Any, addr: Any) -> None:
        """Answer one request."""
        self._idle.discard(sock)
        try:
            super().handle_request(listener_name, req, sock, addr)
        finally:
            self._idle.add(sock)

    def handle_quit(self, sig: Any, frame: Any) -> None:
        """Stop quickly (SIGINT, SIGQUIT). gunicorn would raise SystemExit in a greenlet, which prints a traceback."""
        self._is_quick = True
        self.alive = False
        gevent.spawn(self.cfg.worker_int, self)

    def _start_server(self, sock: Any) -> Listener:
        sock.setblocking(1)
        options = {}
        if self.cfg.is_ssl:
            options["ssl_context"] = ssl_context(self.cfg)
            allow_end(options["ssl_context"])
        server = Listener(sock, handle=partial(self.handle, sock), spawn=Pool(self.worker_connections), **options)
        server.log = self.log
        if self.cfg.workers > 1:
            server.max_accept = 1  # leave the others their share
        server.start()
        return server

    def _call_app(self, app: Any, environ: dict[str, Any], start_response: Any) -> Any:
        environ[CONNECTIONS] = self.connections
        started = time.monotonic()
        try:
            body = app(environ, start_response)
            if not self.alive:  # gunicorn has looked before the app was called
                start_response.__self__.force_close()
            return body
        finally:
            connection = environ.get(WEBSOCKET)
            if connection is not None:
                self._log_websocket(environ, time.monotonic() - started)

    def _log_websocket(self, environ: dict[str, Any], seconds: float) -> None:
        answer = SimpleNamespace(status="101 Switching Protocols", headers=(), sent=None)
        self.log.access(answer, EnvironHeaders(environ), environ, timedelta(seconds=seconds))

    def _drain(self, servers: list[Listener]) -> None:
        for server in servers:
            server.close()
        self.connections.send_away()
        started = time.monotonic()
        while any(len(server.pool) for server in servers) and time.monotonic() - started < self._patience():
            for client in list(self._idle):
                cut(client, socket.SHUT_RD)
            self.notify()
            gevent.sleep(POLL)
        for server in servers:
            server.stop(timeout=0)

    def _patience(self) -> float:
        graceful = float(self.cfg.graceful_timeout)
        return QUICK if self._is_quick else max(graceful - HEAD_START, graceful / 2)
