"""Hold the head of an answer back until its body has begun, and tell of what breaks the body off."""

import errno
import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any

from gevent import GreenletExit, Timeout


class Head:
    """The ``start_response`` that an app is given: it waits for ``send``, and until then may be called again.

    So an error that comes after the call, and before the first piece of the body, can still be the answer.

    Args:
        start_response: the server's.
    """

    __slots__ = ("_start_response", "_waiting", "_write_now")

    def __init__(self, start_response: Any) -> None:
        self._start_response = start_response
        self._waiting: tuple[str, Any] | None = None
        self._write_now: Callable[[bytes], object] | None = None  # the server's, once it has the head

    def __call__(self, status: str, headers: Any, exc_info: Any = None) -> Callable[[bytes], object]:
        """Take a status and headers; what was taken before is replaced, unless it was sent (PEP 3333).

        Raises:
            Exception: the one that is being handled, if the head was sent.
        """
        if self._write_now is not None:
            return self._start_response(status, headers, exc_info or sys.exc_info())  # type: ignore[no-any-return]
        self._waiting = status, headers
        return self._write

    def send(self) -> None:
        """Give the server the head, if one waits."""
        if self._waiting is not None:
            status, headers = self._waiting
            self._waiting = None
            self._write_now = self._start_response(status, headers)

    def _write(self, data: bytes) -> None:
        """Write in the way that PEP 3333 keeps for old programs."""
        self.send()
        assert self._write_now is not None
        self._write_now(data)


class BrokenOff(ConnectionResetError):
    """A body ended before its time: servers end the connection on this, without a traceback of their own."""

    def __init__(self, reason: str = "the body of the answer was broken off") -> None:
        super().__init__(errno.ECONNRESET, reason)


class StreamedBody:
    """The body that a WSGI app returned, its first piece made already.

    What goes wrong before the first piece is raised here, when the status line has not left yet and an error can
    still be the answer. What goes wrong later is told once, and breaks the connection off, so that no client takes
    the half for the whole (RFC 9112 section 8).

    Args:
        pieces: the body; it is closed with this one.
        tell: called in the handler of the exception that broke the body off.
    """

    def __init__(self, pieces: Iterable[bytes], tell: Callable[[], object]) -> None:
        self._pieces = pieces
        self._tell = tell
        try:
            self._rest = iter(pieces)
            self._first = next(self._rest, None)
        except BaseException:
            self.close()
            raise

    def __iter__(self) -> Iterator[bytes]:
        if self._first is None:
            return
        yield self._first
        try:
            # Left in the middle, yield from would close what it reads from, and close() again: chain has no close.
            yield from chain(self._rest)
        except (BrokenOff, GreenletExit, GeneratorExit):  # it has been told, the server stops, the client has gone
            raise
        except (Exception, SystemExit, Timeout):  # a Timeout is no Exception; a lost connection is one of the app's
            self._tell()
            raise BrokenOff from None

    def close(self) -> None:
        """Close the body beneath; servers call this when it has been sent, or cannot be."""
        close = getattr(self._pieces, "close", None)
        if close is not None:
            close()
