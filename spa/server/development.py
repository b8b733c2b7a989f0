"""Serve an app with gevent's WSGI server, WebSockets included."""

import os
import socket
import ssl
import time
from typing import Any

import gevent
import gevent.socket
from gevent.pool import Pool
from gevent.pywsgi import WSGIServer
from gevent.ssl import SSLContext

from spa.server import accesslog
from spa.server.requesthandler import RequestHandler
from spa.websocket.registry import Registry
from spa.websocket.transport import cut

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
        self.handlers: set[RequestHandler] = set()
        self.is_stopping = False
        options.setdefault("spawn", Pool())
        if certfile is not None:  # gevent would choose a protocol that Python has deprecated
            context = options["ssl_context"] = SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certfile, keyfile)
        if options.get("ssl_context") is not None:
            allow_end(options["ssl_context"])
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

    def wrap_socket_and_handle(self, client_socket: Any, address: Any) -> None:
        """Serve a TLS connection; one that fails in its handshake, as a port scan does, is one line of the log."""
        try:
            super().wrap_socket_and_handle(client_socket, address)
        except (ssl.SSLError, ConnectionError) as error:
            self.error_log.write(f"{accesslog.name_client(address)} TLS: {error}\n")

    def drain(self, timeout: float) -> None:
        """Stop: accept nobody, send WebSockets 1001, end event streams, let requests finish, then end what is left.

        Args:
            timeout: seconds that requests and WebSocket handlers may still take.
        """
        self.is_stopping = True
        self.close()
        self.connections.send_away()
        deadline = time.monotonic() + timeout
        while self.handlers and time.monotonic() < deadline:
            for handler in self.handlers:
                if handler.is_idle:
                    cut(handler.socket, socket.SHUT_RD)
            gevent.sleep(POLL)
        self.stop(timeout=0)


def allow_end(context: ssl.SSLContext) -> None:
    """Let OpenSSL take an end of reading for one; it would tell the peer of it as a fatal error.

    A body that is cut off is still seen to be: HTTP and WebSocket say how long theirs are.
    """
    context.options |= getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0)  # since OpenSSL 3, which first takes offence
