"""Find the socket beneath a WSGI request, wherever the server hides it.

Four servers, four places:

* Spa's own server puts it under ``spa.socket``, and a function that gives it up under ``spa.hijack``;
* gunicorn's ``gevent`` worker puts the socket under ``gunicorn.socket``, keeps bytes that came early in the
  unreader of its body reader, and lets go of the connection when the app raises ``StopIteration``;
* gevent-websocket's handler, alone or in gunicorn's ``GeventWebSocketWorker``, has answered 101 before the app
  is called, and puts its own object under ``wsgi.websocket``;
* gevent's server, which is beneath that one too, keeps it in the buffered reader of ``wsgi.input``.
"""

import select
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import gevent.socket
import gevent.ssl
from gevent import monkey
from werkzeug.exceptions import NotImplemented as NotImplementedHere

from spa.environ import HIJACK, SOCKET

COOPERATIVE_SOCKETS = (gevent.socket.socket, gevent.ssl.SSLSocket)
POLL = monkey.get_original("select", "poll")
HANG_UP = select.POLLHUP | select.POLLERR | getattr(select, "POLLRDHUP", 0x2000)


class SocketReleased(StopIteration):
    """Tell gunicorn's worker that the app has used the socket up, and that the connection is to be closed."""


@dataclass(frozen=True, slots=True)
class Transport:
    """A socket that the server has given up to the app.

    Attributes:
        sock: the gevent socket.
        early: bytes of the peer that the server had already read.
        upgraded: whether the server has already answered 101.
        release: what the WSGI callable must return once the socket has ended; it may raise instead.
    """

    sock: Any
    early: bytes
    upgraded: bool
    release: Callable[[], Iterable[bytes]]


def is_upgraded(environ: dict[str, Any]) -> bool:
    """Tell whether the server answered 101 before it called the app."""
    return environ.get("wsgi.websocket") is not None


def take(environ: dict[str, Any]) -> Transport:
    """Take the socket of this request over from the server.

    Raises:
        NotImplemented: 501, the server is not one that runs on gevent.
    """
    if HIJACK in environ:
        sock, early = environ[HIJACK]()
        return Transport(sock, early, False, _return_nothing)
    if is_upgraded(environ):
        upgraded = environ["wsgi.websocket"]
        sock, rfile = upgraded.handler.socket, upgraded.handler.rfile
        upgraded.closed = True  # from here on it must write nothing of its own
        return Transport(sock, read_ahead(sock, rfile), True, _return_nothing)
    sock = environ.get("gunicorn.socket")
    if isinstance(sock, COOPERATIVE_SOCKETS):
        unreader = environ["wsgi.input"].reader.unreader
        return Transport(sock, unreader.buf.getvalue(), False, _stop_iteration)
    raise NotImplementedHere("This server cannot carry WebSockets: use spa.run, or gunicorn -k gevent.")


def see(environ: dict[str, Any]) -> Any:
    """Return the socket of this request, which stays the server's; None if the server shows none."""
    if SOCKET in environ:
        return environ[SOCKET]
    if "gunicorn.socket" in environ:
        return environ["gunicorn.socket"]
    rfile = getattr(environ.get("wsgi.input"), "rfile", None)
    return getattr(getattr(rfile, "raw", None), "_sock", None)


def has_hung_up(sock: Any) -> bool:
    """Tell whether the peer has ended its half of the connection, perhaps behind bytes that are not read yet."""
    return sock.fileno() < 0 or _has_event(sock, HANG_UP)


def has_bytes(sock: Any) -> bool:
    """Tell whether the peer has sent what is not read yet, if only the end of its half of the connection."""
    return sock.fileno() >= 0 and _has_event(sock, select.POLLIN)


def end_tls(sock: Any) -> None:
    """Tell a TLS peer that all has been sent (RFC 8446 section 6.1), if the kernel takes it; to others say nothing."""
    tls = getattr(sock, "_sslobj", None)
    if tls is not None:
        try:
            tls.shutdown()
        except OSError:
            pass  # mostly for want of the peer's own word, for which nobody waits


def cut(sock: Any, how: int = socket.SHUT_RDWR) -> None:
    """End a connection, or one direction of it, on which a greenlet may be waiting, so that it sees a peer that left.

    With ``SHUT_RD``, what has come is still read.
    """
    try:
        # Beneath gevent, whose own would raise EBADF in that greenlet, and make a TLS socket go on in clear.
        getattr(sock, "_sock", sock).shutdown(how)
    except OSError:
        pass  # the peer was faster


def read_ahead(sock: Any, rfile: Any) -> bytes:
    """Return the bytes that a server's buffered reader has taken from the socket, without waiting for more."""
    timeout = sock.gettimeout()
    sock.settimeout(0.0)
    try:
        return bytes(rfile.read(len(rfile.peek())) or b"")
    except OSError:
        return b""
    finally:
        sock.settimeout(timeout)


def _has_event(sock: Any, events: int) -> bool:
    poll = POLL()
    poll.register(sock.fileno(), events)
    return bool(poll.poll(0))


def _return_nothing() -> Iterable[bytes]:
    return []


def _stop_iteration() -> Iterable[bytes]:
    raise SocketReleased
