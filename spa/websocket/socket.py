"""The WebSocket as a handler sees it, at ``self.ws``."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar, overload

from spa.errors import ConnectionClosed
from spa.jsoncodec import encode_json
from spa.websocket.closecode import ABNORMAL_CLOSURE, NORMAL_CLOSURE
from spa.websocket.connection import Connection
from spa.websocket.conversation import State
from spa.websocket.message import read_json, refuse_number
from spa.websocket.protocol import Bytes, encode

HeaderList = Mapping[str, str] | Iterable[tuple[str, str]]
Opener = Callable[[str | None, HeaderList], tuple[Connection, str | None]]
T = TypeVar("T")


class WebSocket:
    """One WebSocket. The first ``accept``, ``send``, ``receive`` or ``close`` answers the handshake.

    Any greenlet may send; frames never interleave. One greenlet at a time may receive. Iterating gives the
    messages until the connection closes::

        for message in self.ws:
            self.ws.send(message)
    """

    def __init__(self, opener: Opener) -> None:
        self._opener: Opener | None = opener
        self._connection: Connection | None = None
        self._subprotocol: str | None = None

    def accept(self, subprotocol: str | None = None, headers: HeaderList = ()) -> None:
        """Answer the handshake with 101; a second call does nothing.

        Args:
            subprotocol: the one to speak, which the client must have offered; by default the first of the
                handler's ``subprotocols`` that it offers.
            headers: further headers of the answer, as a dict or as pairs, which may name one twice.

        Raises:
            ValueError: the client did not offer the subprotocol, or a header is not allowed here.
        """
        self._open(subprotocol, headers)

    def receive(self, timeout: float | None = None) -> str | bytes | None:
        """Wait for the next message.

        Args:
            timeout: seconds to wait at most; None waits for as long as it takes.

        Returns:
            ``str`` for text, ``bytes`` for binary; None once, when the peer has left.

        Raises:
            ConnectionClosed: the connection is closed, and that has been told.
            ReceiveInProgress: another greenlet is receiving; the connection goes on.
            TimeoutError: no message came in time; the connection goes on.
        """
        return (self._connection or self._open()).receive(timeout)

    @overload
    def receive_json(self, type: None = None, *, timeout: float | None = None) -> Any: ...

    @overload
    def receive_json(self, type: type[T], *, timeout: float | None = None) -> T: ...

    @overload
    def receive_json(self, type: Any, *, timeout: float | None = None) -> Any: ...

    def receive_json(self, type: Any = None, *, timeout: float | None = None) -> Any:
        """Wait for the next message and return the value of its JSON; ``null`` is None.

        Args:
            type: what to make of the value, as in ``Request.json``: a dataclass, a TypedDict, or any type that may
                stand in one (``list[str]``); a ``msgspec.Struct``; a pydantic model or ``TypeAdapter``. None takes the
                value as it is.
            timeout: seconds to wait at most; None waits for as long as it takes.

        Raises:
            ConnectionClosed: the peer has left, or the connection is closed.
            InvalidMessage: the message is binary, or not JSON, or its value is not of the type: ``errors`` tells each
                place where it is not. The connection goes on if the handler catches it.
            TimeoutError: no message came in time; the connection goes on.
            TypeError: JSON cannot be checked against this type.
        """
        refuse_number(type)
        message = self.receive(timeout)
        if message is None:
            raise ConnectionClosed(self.close_code or ABNORMAL_CLOSURE, self.close_reason or "")
        return read_json(message, type)

    def send(self, message: str | Bytes) -> None:
        """Send a text message (``str``) or a binary one (``bytes``, ``bytearray``, ``memoryview``).

        It returns when the kernel has the message or the queue does; it waits while the queue is full.

        Raises:
            ConnectionClosed: the connection is closed, or the peer read nothing for the send timeout.
            TypeError: the message is of another type.
        """
        frame = encode(message)
        (self._connection or self._open()).send(frame)

    def send_json(self, value: Any) -> None:
        """Send a value as JSON in a text message.

        Raises:
            ConnectionClosed: as ``send``.
            TypeError, ValueError: JSON has no such value.
        """
        self.send(encode_json(value).decode())

    def close(self, code: int = NORMAL_CLOSURE, reason: str = "") -> None:
        """Send a Close behind what is queued, and return at once; on a closed WebSocket it does nothing.

        Before the handshake is answered, it is answered with 101 first: a refusal is an HTTP error that is raised.

        Args:
            code: RFC 6455 section 7.4; 1000, the default, ends all in order, and 3000 to 4999 are the app's own.
            reason: at most 123 bytes of UTF-8.

        Raises:
            ValueError: the code may not be sent, or the reason is too long.
        """
        (self._connection or self._open()).close(code, reason)

    @property
    def closed(self) -> bool:
        """Whether the connection is closed, and all that the peer had sent is received; False before the handshake.

        So ``while not self.ws.closed`` around ``receive`` loses no message of a peer that has left.
        """
        return self._connection is not None and self._connection.is_closed

    @property
    def close_code(self) -> int | None:
        """The code the connection closed with, 1005 for an empty Close and 1006 without one; None while it is open."""
        connection = self._connection
        return None if connection is None or connection.state is State.OPEN else connection.code

    @property
    def close_reason(self) -> str | None:
        """The reason beside the code; None while the connection is open."""
        connection = self._connection
        return None if connection is None or connection.state is State.OPEN else connection.reason

    @property
    def subprotocol(self) -> str | None:
        """The subprotocol of the handshake, or None."""
        return self._subprotocol

    @property
    def connection(self) -> Connection | None:
        """The connection beneath; None before the handshake."""
        return self._connection

    def __iter__(self) -> Iterator[str | bytes]:
        while True:
            try:
                message = self.receive()
            except ConnectionClosed:
                return
            if message is None:
                return
            yield message

    def _open(self, subprotocol: str | None = None, headers: HeaderList = ()) -> Connection:
        if self._connection is None:
            assert self._opener is not None
            self._connection, self._subprotocol = self._opener(subprotocol, headers)
            self._opener = None
        return self._connection


def broadcast(sockets: Iterable[WebSocket], message: str | Bytes) -> int:
    """Send one message to many WebSockets without waiting for any; it is encoded once.

    A peer whose queue is full has fallen too far behind: it is closed with 1013 (try again later) and holds
    nobody up. WebSockets that are closed, or not yet accepted, are passed over.

    Returns:
        how many peers the message was sent or queued to.

    Raises:
        TypeError: the message is neither ``str`` nor bytes, or this is one WebSocket, or something else is among
            them; nobody has been sent anything.
    """
    frame = encode(message)
    room = _list(sockets)
    return sum(socket.connection is not None and socket.connection.offer(frame) for socket in room)


def broadcast_json(sockets: Iterable[WebSocket], value: Any) -> int:
    """Send one value as JSON to many WebSockets, as ``broadcast`` sends a message; it is encoded once.

    Returns:
        how many peers the value was sent or queued to.

    Raises:
        TypeError, ValueError: JSON has no such value, or as ``broadcast``.
    """
    return broadcast(sockets, encode_json(value).decode())


def _list(sockets: Iterable[WebSocket]) -> list[WebSocket]:
    """Return the WebSockets of a broadcast, which may leave their set while it lasts."""
    if isinstance(sockets, WebSocket):  # iterating over it would wait for its messages, and drop them
        raise TypeError("a broadcast takes many WebSockets: write [ws], or ws.send(message), ws.send_json(value)")
    room = list(sockets)
    for each in room:
        if not isinstance(each, WebSocket):
            raise TypeError(
                f"a broadcast takes WebSockets, not {type(each).__name__}: of a handler give self.ws, of a dict its"
                " values()"
            )
    return room
