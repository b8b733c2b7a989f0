"""Hold what waits for a slow peer to read it, within bounds."""

import ssl
from collections.abc import Callable

from spa.websocket.limits import Limits
from spa.websocket.protocol import Bytes

CONTROL_BACKLOG = 64 * 1024  # bytes of unread pongs at which a flood of pings is no longer read
WOULD_BLOCK = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Outbox:
    """Frames that the kernel has not taken yet, the first perhaps in part; false when it is empty."""

    __slots__ = ("_control_size", "_frames", "_limits", "_size")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._frames: list[Bytes] = []  # not a deque: it is short, and an empty deque takes 700 bytes
        self._size = 0
        self._control_size = 0

    def __bool__(self) -> bool:
        return bool(self._frames)

    @property
    def is_crowded(self) -> bool:
        """Whether no further frame may be added, however small."""
        return len(self._frames) >= self._limits.max_waiting_out

    @property
    def is_flooded(self) -> bool:
        """Whether a peer that does not read has made too many pongs wait for it."""
        return self._control_size > CONTROL_BACKLOG

    def has_room(self, size: int) -> bool:
        """Tell whether a frame of this size may be added; one alone always may."""
        return not self._frames or (not self.is_crowded and self._size + size <= self._limits.max_bytes_out)

    def add(self, frame: Bytes) -> None:
        """Add a frame, or the rest of one."""
        self._frames.append(frame)
        self._size += len(frame)

    def count_control(self, size: int) -> None:
        """Count bytes of control frames, which are added whether there is room or not."""
        self._control_size += size

    def flush(self, send: Callable[[Bytes], int]) -> bool:
        """Send what the kernel takes; tell whether it took anything.

        Raises:
            OSError: the connection is broken.
        """
        taken = False
        try:
            while self._frames:
                frame = self._frames[0]
                sent = send(frame)
                if not sent:  # how TLS says that it would block
                    break
                taken = True
                self._size -= sent
                if sent < len(frame):
                    self._frames[0] = memoryview(frame)[sent:]
                else:
                    self._frames.pop(0)
        except WOULD_BLOCK:
            pass
        if not self._frames:
            self._control_size = 0
        return taken

    def clear(self) -> None:
        """Drop everything."""
        self._frames.clear()
        self._size = self._control_size = 0
