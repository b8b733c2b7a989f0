"""Notice that the client of a request has left, without reading what it sends."""

from collections.abc import Callable
from typing import Any

import gevent

from spa.readiness import READ
from spa.websocket.deadline import HANG_UP_INTERVAL
from spa.websocket.transport import has_hung_up


class Watch:
    """A watch over the socket of a request that is being answered.

    A client that ends its half of the connection counts as gone: a browser never does this while it listens, and
    until something is sent, TCP cannot tell it from one that has closed.

    Args:
        sock: the socket, as ``transport.see`` finds it.
        on_left: called from the event loop, once, when the client has ended the connection.
    """

    def __init__(self, sock: Any, on_left: Callable[[], object]) -> None:
        self._sock = sock
        self._on_left = on_left
        self._loop = gevent.get_hub().loop
        self._watcher = self._loop.io(sock.fileno(), READ)
        self._watcher.start(self._on_readable)

    def stop(self) -> None:
        """End the watch; it must have ended before the server closes the socket."""
        self._watcher.stop()
        self._watcher.close()

    def _on_readable(self) -> None:
        if not self._look():
            # The next request was sent ahead, and is the server's to read. As long as it lies there, the socket
            # is readable in every turn of the loop.
            self.stop()
            self._watcher = self._loop.timer(HANG_UP_INTERVAL, HANG_UP_INTERVAL)
            self._watcher.start(self._look)

    def _look(self) -> bool:
        if not has_hung_up(self._sock):
            return False
        self._watcher.stop()
        self._on_left()
        return True
