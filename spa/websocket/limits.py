"""Bound what one WebSocket may hold, and how long it may wait."""

from dataclasses import dataclass
from typing import Any

from spa.errors import SetupError


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The bounds of one WebSocket; sizes in bytes, times in seconds.

    Pass one to ``App(websocket_limits=...)`` for all, or set ``websocket_limits`` on a handler class for its own.
    """

    max_message: int = 2**20
    """The largest message, counted over its fragments. A larger one is refused from its header with 1009."""

    max_fragments: int | None = None
    """Fragments of one message; by default ``max(1024, max_message // 256)``. One more is refused with 1008."""

    max_waiting_in: int = 16
    """Messages that wait for ``receive``. At this many, reading stops and TCP holds the peer back."""

    max_waiting_out: int = 64
    """Messages that wait for the peer to read. At this many, ``send`` waits."""

    max_bytes_out: int = 2**20
    """Bytes that wait for the peer to read. Beyond, ``send`` waits; one larger message alone is let through."""

    ping_interval: float = 20.0
    """Silence after which the peer is pinged; ``math.inf`` sends no pings."""

    ping_timeout: float = 20.0
    """Silence after a ping for which the connection is given up."""

    close_timeout: float = 5.0
    """How long the peer may take to answer a Close and end the TCP connection, once all before the Close has left."""

    send_timeout: float = 10.0
    """How long the peer may accept no byte of what waits for it, before the connection is given up."""

    stop_after: float | None = 0.8
    """How long a handler that is neither sending nor receiving may go on after its peer has left.

    Then ``gevent.GreenletExit`` is raised where it waits. The time counts from the last message it received, so
    that what the peer sent before leaving is still handled. None lets it go on for as long as it likes. A handler
    that goes on even so, with its cleaning up perhaps, is stopped again after 30 seconds.
    """

    def __post_init__(self) -> None:
        for name in ("max_message", "max_waiting_in", "max_waiting_out", "max_bytes_out"):
            if not _is_count(getattr(self, name)):
                raise SetupError(f"websocket limit {name} must be a whole number of at least 1")
        for name in ("ping_interval", "ping_timeout", "close_timeout", "send_timeout"):
            value = getattr(self, name)
            if not _is_number(value) or not value > 0:
                raise SetupError(f"websocket limit {name} must be more than 0 seconds, a number; math.inf is for ever")
        if self.max_fragments is not None and not _is_count(self.max_fragments):
            raise SetupError("websocket limit max_fragments must be a whole number of at least 1, or None")
        if self.stop_after is not None and not (_is_number(self.stop_after) and self.stop_after >= 0):
            raise SetupError("websocket limit stop_after must be a number of 0 seconds or more, or None")

    @property
    def fragments(self) -> int:
        """The number of fragments in force."""
        return self.max_fragments or max(1024, self.max_message // 256)


def check_limits(value: Any) -> Limits | None:
    """Return what ``websocket_limits`` of an app or a handler class is set to.

    Raises:
        SetupError: it is neither ``Limits`` nor None.
    """
    if value is None or isinstance(value, Limits):
        return value
    raise SetupError(f"websocket_limits is made as spa.websocket.Limits(max_message=2**20), not {value!r}")


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
