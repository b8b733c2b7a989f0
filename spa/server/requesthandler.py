"""Serve the requests of one TCP connection, and give the socket up where one becomes a WebSocket."""

import socket
import ssl
import time
from datetime import datetime
from typing import Any

from gevent.pywsgi import Input, OldMessage, WSGIHandler
from gevent.ssl import SSLSocket
from geventwebsocket.handler import WebSocketHandler

from spa.environ import CONNECTIONS, HIJACK, REQUEST_ID, SOCKET, WATCH, WEBSOCKET
from spa.requestid import escape, request_id
from spa.server import accesslog, framing, unread
from spa.server.chunks import Chunks
from spa.server.grace import Stage
from spa.server.length import Length
from spa.websocket.connection import Connection
from spa.websocket.transport import cut, end_tls, read_ahead

SMALL_BODY = 16 * 1024  # bytes up to which a body is copied behind its headers, to leave in one segment
BODILESS = (204, 304)  # codes of answers that end behind their head (RFC 9110 sections 15.3.5 and 15.4.5)


class RequestHandler(WebSocketHandler):  # type: ignore[misc]  # gevent-websocket is untyped
    """The requests of one TCP connection.

    gevent-websocket's handler answers 101 before the app is asked; this one leaves the handshake to the app,
    and gives it the socket when it calls ``environ['spa.hijack']()``.
    """

    server: Any  # the one of development.py, which knows its connections
    environ: dict[str, Any] | None
    close_connection: bool
    provided_content_length: str | None
    response_headers: list[tuple[bytes, bytes]]
    wsgi_input: Input
    stage = Stage.AWAITED
    is_cut = False  # whether the server has ended the reading, because it stops
    is_whole = True  # whether the last answer was sent whole
    code: int
    result: Any
    length: Length | None = None  # of the body of the answer, if the app has declared it
    head_length = 0
    request_body = unread.NOTHING

    def handle(self) -> None:
        """Serve the connection until either side ends it."""
        self.server.handlers.add(self)
        try:
            super().handle()
        finally:
            self.server.handlers.discard(self)

    def read_requestline(self) -> str:
        """Read the first line of a request, and an empty line before it (RFC 9112 section 2.2)."""
        if self.stage is Stage.KEPT and self.rfile.peek(1):
            self.stage = Stage.AWAITED
        line: str = super().read_requestline()
        return super().read_requestline() if line == "\r\n" else line

    def read_request(self, raw_requestline: str) -> bool:
        """Read the head of a request; from here on a stopping server waits for its answer.

        gevent's own serves heads that a proxy may read in another way; what is read here is read once.
        """
        self.requestline = raw_requestline.rstrip()  # for the log, should the head be refused
        try:
            fields = framing.read_fields(self.rfile.readline)
        except OSError as error:
            raise framing.Refused(400, str(error)) from error  # the peer has gone, which is not worth a traceback
        head = framing.parse(raw_requestline, fields)
        self.stage = Stage.BUSY
        self.command, self.path, self.request_version = head.method, head.target, head.version
        self.headers = OldMessage()
        for name, value in head.fields:
            self.headers[name] = value
        self.content_length = head.length
        self.close_connection = head.is_last
        return True

    def handle_one_request(self) -> bool | None:
        """Serve one request; one that cannot be read gets its answer, and the connection ends behind it."""
        result = super().handle_one_request()
        if result is None:
            self._end_tls()
        if not isinstance(result, tuple):
            return result  # type: ignore[no-any-return]
        self.stage = Stage.BUSY  # until the client has had time to read this
        self.status, answer = result
        try:
            self.socket.sendall(answer)
        except OSError:
            pass  # the peer has gone
        self.time_finish = time.time()
        self.log_request()
        self._end_tls()
        unread.linger(self.socket)
        return None

    def get_environ(self) -> dict[str, Any]:
        """Return the WSGI environ.

        To a request that asks for an upgrade gevent gives the bare connection for a body; but it may have one, and the
        app may answer it as any other.
        """
        environ: dict[str, Any] = WSGIHandler.get_environ(self)
        if "HTTP_EXPECT" in environ:  # in any case, and of HTTP/1.1 alone (RFC 9110 section 10.1.1)
            is_waiting = self.request_version != "HTTP/1.0" and environ["HTTP_EXPECT"].lower() == "100-continue"
            self.wsgi_input.socket = self.socket if is_waiting else None
        if self.wsgi_input.chunked_input:
            self.wsgi_input = Chunks(self.rfile, None, socket=self.wsgi_input.socket, chunked_input=True)
        environ["wsgi.input"], environ["wsgi.input_terminated"] = self.wsgi_input, True
        environ[SOCKET] = self.socket
        environ[HIJACK] = self._hijack
        environ[CONNECTIONS] = self.server.connections
        environ[WATCH] = True
        return environ

    def run_application(self) -> None:
        """Call the app, which decides about an upgrade, and see that it keeps the length it has declared."""
        self.length = None
        self.is_whole = False
        WSGIHandler.run_application(self)
        if self.status is None and not self.rfile.closed:
            raise self.ApplicationError("the app has neither called start_response nor taken the socket")
        if self.length is not None:
            self._check_length(self.length)
        self.is_whole = self.length is None or self.length.left <= 0

    def start_response(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        """Take what the app says before the body; gevent would not have the length in a 304, which is allowed."""
        if status.startswith(("204", "304")):
            headers = [header for header in headers if header[0].lower() != "content-length"]
        return WSGIHandler.start_response(self, status, headers, exc_info)

    def finalize_headers(self) -> None:
        """Complete the headers; an answer to HEAD need not say how long the body of a GET would be."""
        declared = self.provided_content_length
        self.response_use_chunked = False  # but for what an answer was that failed before it left
        if self.command == "HEAD" and declared is None:
            self.provided_content_length = ""  # or gevent sends 0, which would be wrong (RFC 9110 section 8.6)
        # How the body is framed the server says, once; the length is that of the app, the last if it has given two.
        self._drop_headers(b"content-length", b"transfer-encoding")
        if declared is not None:
            self.response_headers.append((b"Content-Length", declared.encode("latin-1")))
        super().finalize_headers()
        self.length = None if declared is None or self._is_bodiless() else Length(declared)
        is_last = self.server.is_stopping or unread.is_refused(self.request_body) or self._is_endless()
        if is_last and not self.close_connection:
            self.close_connection = True
            is_upgrade = (b"Connection", b"Upgrade") in self.response_headers  # of a 426, which must name it
            self._drop_headers(b"connection")
            self.response_headers.append((b"Connection", b"close, Upgrade" if is_upgrade else b"close"))

    def write(self, data: bytes) -> None:
        """Send a piece of the body, unless the answer can have none; the client would read it as its next answer."""
        if data and type(data) is not bytes:  # of what has items of another size, len() would tell a wrong one
            data = memoryview(data).cast("B")  # type: ignore[assignment]  # what is not of bytes fails here
        super().write(b"" if self._is_bodiless() else data)

    def handle_one_response(self) -> None:
        """Answer one request; a stopping server closes the connection behind it."""
        # gevent would read the rest of the body however long it is, and before a 500 is sent.
        self.request_body, self.wsgi_input = self.wsgi_input, unread.NOTHING
        super().handle_one_response()
        if unread.is_left(self.request_body):
            self._leave_body()
        self.request_body = unread.NOTHING
        # Not for the next request, which may be one that cannot be read, and is answered without either.
        self._orig_status = self.environ = None
        self.stage = Stage.KEPT
        if self.server.is_stopping:
            self.close_connection = True

    def log_request(self) -> None:
        """Write one line: client, request, status, bytes, duration; for a WebSocket its code and duration."""
        took = (self.time_finish or time.time()) - self.time_start
        connection: Connection | None = (self.environ or {}).get(WEBSOCKET)
        if connection is not None:
            self._log(accesslog.format_closed(self._entry(), connection.code, took, self.server.is_coloured))
            return
        status = (self._orig_status or self.status or "000").split()[0]
        size = max(0, self.response_length - self.head_length)
        self._log(accesslog.format_request(self._entry(), status, size, took, self.server.is_coloured))

    def log_error(self, msg: str, *args: Any) -> None:
        """Write why a request could not be read, in one line; gevent's own is longer than the request."""
        self.server.error_log.write(f"{escape(msg % args if args else msg)}\n")

    def handle_error(self, t: Any, v: Any, tb: Any) -> None:
        """Log what was raised, and answer with a 500; but a TLS connection that has broken is nobody's mistake."""
        if isinstance(v, ssl.SSLError) and isinstance(self.socket, SSLSocket):
            self.close_connection = True
        else:
            super().handle_error(t, v, tb)

    def cut(self) -> None:
        """Read no more than what has come; a head that lacks its end then is not the client's mistake."""
        self.is_cut = True
        cut(self.socket, socket.SHUT_RD)

    def _handle_client_error(self, ex: Exception) -> tuple[str, bytes] | None:
        """Return the answer to what the client did wrong, for the log and for the client.

        None where the server has cut the head off itself. Who finds the connection closed without an answer may ask
        again; a 503 would be passed on, by a proxy, to somebody who could have been served.
        """
        if self.is_cut:
            return None
        answer: tuple[str, bytes] = super()._handle_client_error(ex)
        return (str(ex.status), ex.write_answer()) if isinstance(ex, framing.Refused) else answer

    def _log(self, line: str) -> None:
        self.server.log.write(f"{line}\n")

    def _entry(self) -> accesslog.Entry:
        client = accesslog.name_client(self.client_address)
        return accesslog.Entry(client, datetime.now(), self.requestline or "", self._name())

    def _name(self) -> str | None:
        """Return how the request is called, if somebody called it by a name: a proxy, or an entry in the log."""
        environ = self.environ or {}
        return request_id(environ) if REQUEST_ID in environ or "HTTP_X_REQUEST_ID" in environ else None

    def _leave_body(self) -> None:
        """Read what the app has left, if that is little and the connection goes on; or end the connection."""
        if self.close_connection or unread.is_refused(self.request_body):
            self.close_connection = True
            self._end_tls()
            unread.linger(self.socket)
        else:
            self.close_connection = not unread.discard(self.request_body)

    def _hijack(self) -> tuple[Any, bytes]:
        self.close_connection = True
        self.request_body = unread.NOTHING  # all that comes is the WebSocket's
        self._log(accesslog.format_opened(self._entry(), self.server.is_coloured))
        early = read_ahead(self.socket, self.rfile)
        self.rfile.close()  # an idle WebSocket would keep its buffer of 8 KiB, and the parsed headers
        del self.headers
        return self.socket, early

    def _check_length(self, length: Length) -> None:
        """Log that the app has not kept its Content-Length; a client that waits for more sees the end."""
        wrong = length.describe()
        if wrong is not None:
            self.log_error("%s: %s", self.requestline, wrong)
            self.close_connection = self.close_connection or length.left > 0

    def _end_tls(self) -> None:
        """Tell a TLS client that this is the end; one whose answer is cut off is to see that it is."""
        if self.is_whole and self.socket is not None:
            end_tls(self.socket)

    def _drop_headers(self, *names: bytes) -> None:
        self.response_headers = [header for header in self.response_headers if header[0].lower() not in names]

    def _is_bodiless(self) -> bool:
        return self.command == "HEAD" or self.code in BODILESS

    def _is_endless(self) -> bool:
        """Tell whether only the end of the connection ends the body: an older client does not know chunks."""
        is_framed = self.provided_content_length is not None or hasattr(self.result, "__len__")
        return self.request_version == "HTTP/1.0" and not is_framed and self.code not in BODILESS

    def _write(self, data: bytes) -> None:
        """Send a piece of the body behind the headers."""
        super()._write(self.length.cut(data) if self.length else data)

    def _write_with_headers(self, data: bytes) -> None:
        """Send headers and a small body at once: two sends would be two segments, and often two wake-ups."""
        self.finalize_headers()
        head = bytearray(b"HTTP/1.1 %b\r\n" % self.status)
        for name, value in self.response_headers:
            head += b"%b: %b\r\n" % (name, value)
        head += b"\r\n"
        self.head_length = len(head)
        if 0 < len(data) <= SMALL_BODY:
            data = self.length.cut(data) if self.length else data
            head += b"%x\r\n%b\r\n" % (len(data), data) if self.response_use_chunked else data
            data = b""
        self.headers_sent = True
        self.request_body.socket = None  # no 100 Continue comes behind this head (RFC 9110 section 10.1.1)
        self._sendall(head)
        self._write(data)
