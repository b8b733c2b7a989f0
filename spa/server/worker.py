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
from spa.server.grace import Stage, is_over, is_waiting
from spa.websocket.registry import Registry
from spa.websocket.transport import cut, has_bytes

POLL = 0.1  # seconds between two looks at what the arbiter or a signal asked for
NOTIFY = 1.0  # seconds between two signs of life for the arbiter, as in gunicorn's own worker
QUICK = 1.0  # seconds for everything to end after Ctrl-C
HEAD_START = 2.0  # seconds before gunicorn's graceful timeout, at which the arbiter kills the process


class Listener(StreamServer):  # type: ignore[misc]  # gevent is untyped
    """A listening socket of a worker; what it has accepted is served also when it has been closed."""

    max_delay = Server.max_delay

    def __init__(self, worker: Any, sock: Any, **options: Any) -> None:
        self.worker = worker
        super().__init__(sock, **options)

    def getsockname(self) -> Any:
        """Return where it listens; gunicorn asks for it at each connection, and a closed socket does not know it."""
        return self.address

    def handle(self, client_socket: Any, address: Any) -> None:
        """Serve a connection, behind its TLS handshake if it has one."""
        self.worker.handle(self, client_socket, address)

    def accept_rest(self) -> None:
        """Accept who waits in the kernel's queue, and would be reset with it when the last process closes it."""
        self.max_accept = self.worker.cfg.backlog
        self._do_read()

    def wrap_socket_and_handle(self, client_socket: Any, address: Any) -> None:
        """Serve a TLS connection; one that fails in its handshake, as a port scan does, is no error of ours."""
        try:
            super().wrap_socket_and_handle(client_socket, address)
        except (ssl.SSLError, ConnectionError) as error:
            self.worker.log.debug("TLS: %s", error)


class Worker(GeventWorker):  # type: ignore[misc]  # gunicorn is untyped
    """gunicorn's gevent worker, strict parser and all, that knows its WebSockets.

    When it stops (SIGTERM, a reload, ``max_requests``) it accepts nobody, sends every WebSocket 1001 and ends every
    event stream at once, and lets requests in flight complete, and those that come, within the moment of ``grace.py``,
    on a connection it has accepted. It ends what is left two seconds before ``graceful_timeout``. Each WebSocket has
    its line in the access log, with its duration, once it has closed.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.connections = Registry()
        self._stages: dict[Any, Stage] = {}
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
        """Serve one TCP connection, of which is known how far it is."""
        self._stages[client] = Stage.AWAITED
        try:
            super().handle(listener, client, addr)
        finally:
            del self._stages[client]

    def handle_request(self, listener_name: Any, req: Any, sock: Any, addr: Any) -> None:
        """Answer one request."""
        self._stages[sock] = Stage.BUSY
        super().handle_request(listener_name, req, sock, addr)
        self._keep(sock, req.unreader)

    def handle_http2_request(self, listener_name: Any, req: Any, sock: Any, addr: Any, h2_conn: Any) -> None:
        """Answer one request of an HTTP/2 connection, which has one at a time."""
        self._stages[sock] = Stage.BUSY
        try:
            super().handle_http2_request(listener_name, req, sock, addr, h2_conn)
        finally:
            self._stages[sock] = Stage.KEPT  # whatever became of it, the connection goes on

    def handle_quit(self, sig: Any, frame: Any) -> None:
        """Stop quickly (SIGINT, SIGQUIT). gunicorn would raise SystemExit in a greenlet, which prints a traceback."""
        self._is_quick = True
        self.alive = False
        gevent.spawn(self.cfg.worker_int, self)

    def _keep(self, sock: Any, unreader: Any) -> None:
        """Await a further head, and have its first piece noted; gunicorn tells of it when it is whole."""

        def read_first(*args: Any) -> Any:  # older ones ask for no size
            del unreader.chunk  # what follows is read as ever
            piece = unreader.chunk(*args)
            self._stages[sock] = Stage.AWAITED
            return piece

        is_begun = bool(unreader.buf.getvalue())  # it has come together with the last request
        self._stages[sock] = Stage.AWAITED if is_begun else Stage.KEPT
        unreader.chunk = read_first

    def _start_server(self, sock: Any) -> Listener:
        sock.setblocking(1)
        options: dict[str, Any] = {"spawn": Pool(self.worker_connections)}
        if self.cfg.is_ssl:
            options["ssl_context"] = ssl_context(self.cfg)
            allow_end(options["ssl_context"])
        server = Listener(self, sock, **options)
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
            server.accept_rest()
            server.close()
        self.connections.send_away()
        started = time.monotonic()
        waited = 0.0
        while is_waiting(waited, self._patience(), len(self._stages), sum(len(server.pool) for server in servers)):
            for client, stage in list(self._stages.items()):
                if is_over(stage, waited, partial(has_bytes, client)):
                    cut(client, socket.SHUT_RD)
            self.notify()
            gevent.sleep(POLL)
            waited = time.monotonic() - started
        for server in servers:
            server.stop(timeout=0)

    def _patience(self) -> float:
        graceful = float(self.cfg.graceful_timeout)
        return QUICK if self._is_quick else max(graceful - HEAD_START, graceful / 2)
