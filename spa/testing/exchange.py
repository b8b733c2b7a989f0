"""Have an app answer one request of a test in a greenlet of its own, as a server would."""

from collections.abc import Callable
from typing import Any

import gevent
import gevent.event
import gevent.socket
from werkzeug.datastructures import Headers

from spa.answer import close
from spa.app import App
from spa.environ import CONNECTIONS, HIJACK, SOCKET
from spa.event import CONTENT_TYPE
from spa.websocket.registry import Registry

READ_SIZE = 64 * 1024  # bytes of one recv


class Exchange:
    """One request, and the answer to it.

    The app finds one end of a pair of sockets in the environ, where Spa's own server would put its socket: a
    WebSocket takes it over, an event stream is written to it and watches it. The body of any other answer is
    gathered.

    Args:
        app: a WSGI callable.
        environ: the request.
    """

    def __init__(self, app: Callable[..., Any], environ: dict[str, Any]) -> None:
        self.head: tuple[str, Headers] | None = None
        self.body: list[bytes] = []
        self.error: BaseException | None = None
        self._client_end, self._server_end = gevent.socket.socketpair()
        self._app = app
        self._environ = environ
        environ[SOCKET] = self._server_end
        environ[HIJACK] = lambda: (self._server_end, b"")
        environ[CONNECTIONS] = app.connections if isinstance(app, App) else Registry()  # or SIGTERM would be heard
        self._started: tuple[str, Headers] | None = None
        self._news = gevent.event.Event()  # set when there is the head, or the end
        self._greenlet = gevent.spawn(self._serve)

    @property
    def path(self) -> str:
        """The path that was asked for."""
        return str(self._environ["PATH_INFO"])

    @property
    def is_event_stream(self) -> bool:
        """Whether the answer, so far as it is known, is an event stream."""
        if self.head is None:
            return False
        status, headers = self.head
        return status.startswith("200 ") and headers.get("Content-Type", "").partition(";")[0] == CONTENT_TYPE

    def wait_for_head(self) -> None:
        """Wait until the app has begun to send its answer, or has ended without one."""
        self._news.wait()
        self._raise_error()

    def wait_for_end(self) -> None:
        """Wait until the app has given its whole answer.

        Raises:
            BaseException: what the app raised.
        """
        self._greenlet.join()
        self._raise_error()

    def read(self) -> bytes:
        """Wait for bytes from the app, none at their end."""
        try:
            return self._client_end.recv(READ_SIZE)  # type: ignore[no-any-return]
        except ConnectionResetError:  # how a pair of sockets ends when not all was read at the other end
            return b""

    def write(self, data: bytes) -> None:
        """Send bytes to the app; none end this half of the connection."""
        try:
            if data:
                self._client_end.sendall(data)
            else:
                self._client_end.shutdown(gevent.socket.SHUT_WR)
        except TimeoutError:  # an OSError, but ours
            raise
        except OSError:
            pass  # the app has ended the connection; reading tells

    def leave(self, timeout: float) -> None:
        """Close the client's end, and wait until the app has noticed and ended.

        Raises:
            TimeoutError: it has not ended in time, and was killed.
            BaseException: what the app raised, unless it is only that the client has left.
        """
        self._client_end.close()
        self._greenlet.join(timeout)
        if not self._greenlet.dead:
            self.abandon()
            raise TimeoutError(f"the handler of {self.path} is still running {timeout} s after its client has left")
        if not isinstance(self.error, ConnectionError):
            self._raise_error()

    def abandon(self) -> None:
        """Close the client's end, and kill the app."""
        self._client_end.close()
        self._greenlet.kill(block=False)

    def _raise_error(self) -> None:
        if self.error is not None:
            raise self.error

    def _serve(self) -> None:
        try:
            body = self._app(self._environ, self._start_response)
            try:
                for data in body:
                    if data:
                        self._write(data)
                self._send_head()
            finally:
                close(body)
        except BaseException as error:  # raised in the test instead
            self.error = error
        finally:
            self._server_end.close()
            self._news.set()

    def _start_response(self, status: str, headers: Any, exc_info: Any = None) -> Callable[[bytes], object]:
        if exc_info is not None and self.head is not None:
            raise exc_info[1].with_traceback(exc_info[2])
        self._started = status, Headers(headers)
        return self._write

    def _send_head(self) -> None:
        if self.head is None and self._started is not None:
            self.head = self._started
            self._news.set()

    def _write(self, data: bytes) -> None:
        self._send_head()
        if self.is_event_stream:
            self._server_end.sendall(data)
        else:
            self.body.append(data)


def limit(seconds: float, message: str) -> gevent.Timeout:
    """Return a context manager that raises TimeoutError in its block when that takes longer."""
    return gevent.Timeout(seconds, TimeoutError(f"{message} within {seconds} s"))
