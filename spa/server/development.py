"""Serve an app with gevent's WSGI server, WebSockets included."""

import os
import socket
import ssl
import time
from functools import partial
from typing import Any

import gevent
import gevent.socket
from gevent.pool import Pool
from gevent.pywsgi import WSGIServer
from gevent.ssl import SSLContext

from spa.server import accesslog
from spa.server.grace import is_over, is_waiting
from spa.server.requesthandler import RequestHandler
from spa.websocket.registry import Registry
from spa.websocket.transport import has_bytes

POLL = 0.02  # seconds between two looks at the requests that a stopping server waits for


class Server(WSGIServer):  # type: ignore[misc]  # gevent is untyped
    """gevent's WSGI server with WebSockets for a Spa app.

    Args:
        listener: a socket, or ``(host, port)``.
        app: the WSGI app.
        certfile: a certificate chain in PEM, for TLS.
        keyfile: its private key, if it is in a file of its own.
        options: as ``gevent.pywsgi.WSGIServer``; ``ssl_context`` for TLS with more to say.
    """

    handler_class = RequestHandler
    max_delay = 0.5  # seconds between two tries to accept when the process is out of descriptors

    def __init__(
        self, listener: Any, app: Any, *, certfile: str | None = None, keyfile: str | None = None, **options: Any
    ) -> None:
        self.connections = Registry()
        self.accepted: set[Any] = set()  # sockets, those included whose TLS handshake is under way
        self.handlers: set[RequestHandler] = set()
        self.is_stopping = False
        options.setdefault("spawn", Pool())
        if certfile is not None:  # gevent would choose a protocol that Python has deprecated
            context = options["ssl_context"] = SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certfile, keyfile)
        if options.get("ssl_context") is not None:
            allow_end(options["ssl_context"])
            options["do_handshake_on_connect"] = False  # handle() does it, where the socket is closed whatever happens
        environ = {"wsgi.multithread": True, **(options.pop("environ", None) or {})}
        super().__init__(listener, app, environ=environ, **options)
        is_terminal = getattr(self.log, "isatty", bool)()
        self.is_coloured = accesslog.wants_colour(is_terminal, os.environ)

    @classmethod
    def open_listener(cls, host: str, port: int) -> Any:
        """Return a listening socket for a server; gevent's own way leaves it open where it fails.

        Raises:
            OSError: the address cannot be had.
        """
        listener = gevent.socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, port))
            listener.listen(cls.backlog)
            listener.setblocking(False)
        except OSError:
            listener.close()
            raise
        return listener

    def init_socket(self) -> None:
        """Open the listener; its connections inherit TCP_NODELAY, without which replies wait 40 ms."""
        super().init_socket()
        if self.socket.family in (socket.AF_INET, socket.AF_INET6):
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def do_handle(self, client_socket: Any, address: Any) -> None:
        """Serve a connection that has just been accepted, in a greenlet of its own."""
        self.accepted.add(client_socket)
        super().do_handle(client_socket, address)

    def do_close(self, client_socket: Any, address: Any) -> None:
        """Close a connection that has been served."""
        self.accepted.discard(client_socket)
        super().do_close(client_socket, address)

    def wrap_socket_and_handle(self, client_socket: Any, address: Any) -> None:
        """Serve a TLS connection; one that fails in its handshake, as a port scan does, is one line of the log."""
        try:
            super().wrap_socket_and_handle(client_socket, address)
        except (ssl.SSLError, ConnectionError) as error:
            self.error_log.write(f"{accesslog.name_client(address)} TLS: {error}\n")

    def handle(self, client_socket: Any, address: Any) -> None:
        """Serve a connection, behind its TLS handshake if it has one."""
        if self.ssl_enabled:
            client_socket.do_handshake()
        super().handle(client_socket, address)

    def drain(self, timeout: float) -> None:
        """Stop: accept nobody, send WebSockets 1001, end event streams, let requests finish, then end what is left.

        A request whose connection has been accepted is answered, if it comes within the moment of ``grace.py``.

        Args:
            timeout: seconds that requests and WebSocket handlers may still take.
        """
        self.is_stopping = True
        self.max_accept = self.backlog
        self._do_read()  # who waits in the kernel's queue would be reset with it, unless a child takes it over
        self.close()
        self.connections.send_away()
        started = time.monotonic()
        waited = 0.0
        while is_waiting(waited, timeout, len(self.handlers), len(self.accepted)):
            for handler in self.handlers:
                if is_over(handler.stage, waited, partial(has_bytes, handler.socket)):
                    handler.cut()
            gevent.sleep(POLL)
            waited = time.monotonic() - started
        self.stop(timeout=0)


def allow_end(context: ssl.SSLContext) -> None:
    """Let OpenSSL take an end of reading for one; it would tell the peer of it as a fatal error.

    A body that is cut off is still seen to be: HTTP and WebSocket say how long theirs are.
    """
    context.options |= getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0)  # since OpenSSL 3, which first takes offence
