"""Know the open WebSockets of one server, and send them away when it stops."""

from collections.abc import Iterator

from spa.websocket.connection import Connection

PATIENCE = 2.0  # seconds a peer has to answer the Close of a stopping server, which must be gone in 3


class Registry:
    """The open WebSockets of one server; a server puts its registry under ``spa.connections`` of the environ."""

    def __init__(self) -> None:
        self._connections: set[Connection] = set()
        self._is_leaving = False
        self.hears_sigterm = False

    def add(self, connection: Connection) -> None:
        """Add a WebSocket; one that opens while the server is stopping is sent away at once."""
        self._connections.add(connection)
        if self._is_leaving:
            connection.send_away(PATIENCE)

    def discard(self, connection: Connection) -> None:
        """Forget a WebSocket that has ended."""
        self._connections.discard(connection)

    def send_away(self) -> None:
        """Send every WebSocket, and those still to come, a Close 1001 (RFC 6455 section 7.4.1)."""
        self._is_leaving = True
        for connection in list(self._connections):
            connection.send_away(PATIENCE)

    def __len__(self) -> int:
        return len(self._connections)

    def __iter__(self) -> Iterator[Connection]:
        return iter(list(self._connections))
