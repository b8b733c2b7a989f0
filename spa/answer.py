"""Hold the head of an answer back until its body has begun, and see that the body keeps to it."""

import errno
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from gevent import GreenletExit

from spa.blame import name_of
from spa.errors import ENDINGS

END = object()  # behind the last piece of a body
WITHOUT_BODY = ("1", "204", "304")  # statuses whose answers end with the head (RFC 9112 section 6.3)
SHOWN = 100  # characters of a wrong piece that its error shows


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

    def is_given(self) -> bool:
        """Tell whether the app has called this."""
        return self._waiting is not None or self._write_now is not None

    def length(self) -> int | None:
        """Return how long the body is, as the head that waits says; None if it does not, or there will be no body.

        Raises:
            ValueError: its Content-Length is no number.
        """
        if self._waiting is None or self._waiting[0].startswith(WITHOUT_BODY):
            return None
        for name, value in self._waiting[1]:
            if name.lower() == "content-length":
                if not (value.isascii() and value.isdecimal()):
                    raise ValueError(f"a Content-Length is a number of bytes, not {value!r}")
                return int(value)
        return None

    def fits(self, body: list[bytes]) -> bool:
        """Tell whether a body in memory is of bytes, and as many as the head says; one that says nothing fits all.

        None fits a head that does not wait: it was not given, or part of the body has been written behind it.
        """
        waiting = self._waiting
        if waiting is None:
            return False
        if len(body) == 1 and waiting[1] and type(body[0]) is bytes:
            name, value = waiting[1][-1]
            if name == "Content-Length":  # where spa.Response puts it, and most others do
                return value == str(len(body[0]))  # type: ignore[no-any-return]
        if not {bytes}.issuperset(map(type, body)):
            return False
        length = self.length()
        return length is None or length == sum(map(len, body))

    def _write(self, data: bytes) -> None:
        """Write in the way that PEP 3333 keeps for old programs."""
        self.send()
        assert self._write_now is not None
        self._write_now(data)


class HeadAlone(Head):
    """The ``start_response`` of a request with the method HEAD, whose answer ends with it."""

    __slots__ = ()

    def fits(self, body: list[bytes]) -> bool:
        """Tell that no body belongs to this head."""
        return False

    def _write(self, data: bytes) -> None:
        self.send()


class BrokenOff(ConnectionResetError):
    """A body ended before its time: servers end the connection on this, without a traceback of their own."""

    def __init__(self, reason: str = "the body of the answer was broken off") -> None:
        super().__init__(errno.ECONNRESET, reason)


class StreamedBody:
    """The body that a WSGI app returned, its first piece made already.

    What goes wrong before the first piece is raised here, when the status line has not left yet and an error can
    still be the answer. What goes wrong later is told once, and breaks the connection off, so that no client takes
    the half for the whole (RFC 9112 section 8). It goes wrong too if a piece is not of bytes, and if the body is not
    as long as the head says: the client would take what follows for its rest, or its rest for what follows.
    Empty pieces in front of the first are left out: with them nothing is sent.

    Args:
        pieces: the body; it is closed with this one.
        head: says how long the body is, once the first piece has been made.
        source: the handler that made it, to be named.
        tell: called in the handler of the exception that broke the body off.
    """

    def __init__(self, pieces: Iterable[bytes], head: Head, source: Any, tell: Callable[[], object]) -> None:
        self._pieces = pieces
        self._source = source
        self._tell = tell
        self._sent = 0
        try:
            self._rest = iter(pieces)
            self._first: Any = next(self._rest, END)
            while self._first == b"":
                self._first = next(self._rest, END)
            self._length = head.length()
            self._check(self._first)
        except BaseException:
            self.close()
            raise

    def __iter__(self) -> Iterator[bytes]:
        if self._first is END:
            return
        yield self._first
        try:
            # Read by next() alone: left in the middle, what it reads from is closed by close(), and not before.
            while (piece := next(self._rest, END)) is not END:
                self._check(piece)
                yield piece  # type: ignore[misc]  # it has been checked
            self._check(END)
        except (BrokenOff, GreenletExit, *ENDINGS):  # it has been told, the server stops, the client has gone
            raise
        except BaseException:  # a lost connection is one of the app's
            self._tell()
            raise BrokenOff from None

    def close(self) -> None:
        """Close the body beneath; servers call this when it has been sent, or cannot be."""
        close(self._pieces)

    def _check(self, piece: Any) -> None:
        """See that a piece, or the end, may follow what has been sent."""
        if isinstance(piece, bytes):
            self._sent += len(piece)
        elif piece is not END:
            raise TypeError(
                "a piece of a body is bytes, or str where a spa.Response or a generator of a handler makes it:"
                f" {name_of(self._source)} made {piece!r:.{SHOWN}}"
            )
        if self._length is not None and (self._sent > self._length or (piece is END and self._sent < self._length)):
            raise ValueError(
                f"{name_of(self._source)} made a body that is not as long as its Content-Length says, {self._length}:"
                f" it {'has ended after' if piece is END else 'is at least'} {self._sent} bytes"
            )


def send_head(head: Head, body: Iterable[bytes]) -> Iterable[bytes]:
    """Return a body whose head the server has; if it, or a middleware, refuses the head, the body is closed."""
    try:
        head.send()
    except BaseException:  # who refuses the head does not ask for the body
        close(body)
        raise
    return body


def drop_body(body: Iterable[bytes]) -> list[bytes]:
    """End an answer to HEAD without its body (RFC 9110 section 9.3.2), whoever wrote it."""
    try:
        for piece in body:
            if piece:
                break  # a WSGI app that is a generator starts the response at its first step, or a later one
    finally:
        close(body)
    return []


def require_head(head: Head, body: Iterable[bytes], source: Any, environ: Mapping[str, Any]) -> Iterable[bytes]:
    """Return a body that has been begun, and must have its head by now.

    Raises:
        TypeError: it has none. A request to upgrade may have been answered on the socket beneath.
    """
    if not head.is_given() and "HTTP_UPGRADE" not in environ and "wsgi.websocket" not in environ:
        close(body)
        raise TypeError(f"{name_of(source)} made an answer without a head: a WSGI app calls start_response")
    return body


def close(body: Iterable[Any]) -> None:
    """Close what has a ``close``, which WSGI asks for whether or not it was read to its end (PEP 3333)."""
    end = getattr(body, "close", None)
    if end is not None:
        end()
