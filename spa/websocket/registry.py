"""Know the open WebSockets and event streams of one server, and send them away when it stops."""

from collections.abc import Iterator
from typing import Protocol

PATIENCE = 2.0  # seconds a peer has to answer the Close of a stopping server, which must be gone in 3


class Departing(Protocol):
    """What goes on until one side ends it: a WebSocket, an event stream."""

    def send_away(self, patience: float) -> None:
        """End it, because the server is stopping; the peer has so many seconds to take it in, or fewer."""


class Registry:
    """What is open on one server; a server puts its registry under ``spa.connections`` of the environ."""

    def __init__(self) -> None:
        self._open: set[Departing] = set()
        self._is_leaving = False
        self.hears_sigterm = False

    def add(self, connection: Departing) -> None:
        """Add a WebSocket or a stream; one that opens while the server is stopping is sent away at once."""
        self._open.add(connection)
        if self._is_leaving:
            connection.send_away(PATIENCE)

    def discard(self, connection: Departing) -> None:
        """Forget one that has ended."""
        self._open.discard(connection)

    def send_away(self) -> None:
        """Send each WebSocket, and those to come, a Close 1001 (RFC 6455 section 7.4.1), and end each stream."""
        self._is_leaving = True
        for connection in list(self._open):
            connection.send_away(PATIENCE)

    def __iter__(self) -> Iterator[Departing]:
        return iter(list(self._open))
