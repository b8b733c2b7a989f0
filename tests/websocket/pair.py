"""An open WebSocket over a pair of sockets: our end a connection, the other end a client of raw bytes."""

import contextlib
from collections.abc import Iterator

import gevent
import gevent.socket

from spa.websocket.alarm import AlarmClock
from spa.websocket.connection import Connection
from spa.websocket.limits import Limits
from spa.websocket.transport import Transport
from tests.wire import PATIENCE, Wire

SMALL_BUFFER = 4096  # bytes of a socket's buffer in the kernel, so that a test fills it soon


class PairWire(Wire):
    """The client's end of a pair of gevent sockets."""

    def __init__(self, sock: gevent.socket.socket) -> None:
        self.sock = sock
        self.sock.settimeout(PATIENCE)
        self._buffer = bytearray()


class Pair:
    """Both ends, and how often the connection has said that its peer left."""

    def __init__(self, limits: Limits, early: bytes) -> None:
        ours, theirs = gevent.socket.socketpair()
        for end in (ours, theirs):
            for option in (gevent.socket.SO_SNDBUF, gevent.socket.SO_RCVBUF):
                end.setsockopt(gevent.socket.SOL_SOCKET, option, SMALL_BUFFER)
        self.left = 0
        self.sock = ours
        self.peer = PairWire(theirs)
        self.clock = AlarmClock()
        self.connection = Connection(Transport(ours, early, False, list), limits, self.clock, self._on_left)

    def _on_left(self) -> None:
        self.left += 1


@contextlib.contextmanager
def open_pair(early: bytes = b"", **limits: object) -> Iterator[Pair]:
    """Open a WebSocket with some limits changed; it is ended, and both sockets are closed, at the end."""
    pair = Pair(Limits(**{"close_timeout": 0.3, **limits}), early)
    try:
        yield pair
    finally:
        pair.peer.sock.close()
        with gevent.Timeout(PATIENCE):
            pair.connection.finish()
        pair.sock.close()
