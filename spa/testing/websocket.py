"""Hold the client's end of a WebSocket in a test."""

from collections import deque
from typing import Any, Self, TypeVar, overload

from spa.errors import ConnectionClosed
from spa.jsoncodec import encode_json
from spa.testing.exchange import Exchange, limit
from spa.testing.protocol import Protocol
from spa.websocket.closecode import ABNORMAL_CLOSURE, NORMAL_CLOSURE
from spa.websocket.message import read_json, refuse_number

T = TypeVar("T")


class WebSocket:
    """The client's end of a WebSocket, from ``Client.websocket``.

    At the end of its ``with`` statement it is closed, and the handler has ended.
    """

    def __init__(self, protocol: Protocol, exchange: Exchange, timeout: float) -> None:
        self._protocol = protocol
        self._exchange = exchange
        self._timeout = timeout
        self._messages: deque[str | bytes] = deque()

    @property
    def subprotocol(self) -> str | None:
        """The subprotocol that the server chose, or None."""
        return self._protocol.subprotocol

    @property
    def headers(self) -> list[tuple[str, str]]:
        """The headers of the answer to the handshake."""
        return self._protocol.answer_headers

    @property
    def close_code(self) -> int | None:
        """The code of the server's Close, 1005 if it was empty and 1006 without one; None before the end."""
        return self._protocol.close_code

    @property
    def close_reason(self) -> str | None:
        """The reason beside the code; None before the end."""
        return self._protocol.close_reason

    def send(self, message: str | bytes) -> None:
        """Send a text message (``str``) or a binary one (``bytes``).

        Raises:
            ConnectionClosed: the WebSocket is closed.
            TimeoutError: the handler receives nothing, and all buffers are full.
            TypeError: the message is of another type.
        """
        if not self._protocol.is_open:
            self._read_to_end()
            raise self._closed()
        self._protocol.send(message)
        self._flush()

    def send_json(self, value: Any) -> None:
        """Send a value as JSON in a text message, by the rules of ``JSONResponse``.

        Raises:
            ConnectionClosed, TimeoutError: as ``send``.
            TypeError, ValueError: JSON has no such value.
        """
        self.send(encode_json(value).decode())

    def receive(self, timeout: float = 5.0) -> str | bytes:
        """Wait for the next message.

        Raises:
            ConnectionClosed: there is none, for the WebSocket is closed; it has the code and the reason.
            TimeoutError: there is none yet, after so many seconds.
        """
        with limit(timeout, "no message"):
            while not self._messages and not self._protocol.has_ended:
                self._read()
        if self._messages:
            return self._messages.popleft()
        raise self._closed()

    @overload
    def receive_json(self, type: None = None, *, timeout: float = 5.0) -> Any: ...

    @overload
    def receive_json(self, type: type[T], *, timeout: float = 5.0) -> T: ...

    @overload
    def receive_json(self, type: Any, *, timeout: float = 5.0) -> Any: ...

    def receive_json(self, type: Any = None, *, timeout: float = 5.0) -> Any:
        """Wait for the next message and return the value of its JSON, as ``receive_json`` of a handler does.

        Args:
            type: what to make of the value, as in ``Request.json``; None takes it as it is.
            timeout: seconds to wait at most.

        Raises:
            ConnectionClosed, TimeoutError: as ``receive``.
            InvalidMessage: the message is binary, or not JSON, or its value is not of the type.
            TypeError: JSON cannot be checked against this type.
        """
        refuse_number(type)
        return read_json(self.receive(timeout), type)

    def close(self, code: int = NORMAL_CLOSURE, reason: str = "") -> None:
        """Send a Close, and wait until the server has ended the connection; on a closed WebSocket do nothing.

        The code is 1000 by default. Messages that have come before can still be received.

        Raises:
            ValueError: the code may not be sent (RFC 6455 section 7.4), or the reason is over 123 bytes.
            TimeoutError: the server does not end the connection.
        """
        if self._protocol.is_open:
            self._protocol.close(code, reason)
            self._flush()
        self._read_to_end()

    def shake_hands(self) -> bool:
        """Wait for the answer to the handshake; return whether it is 101.

        Raises:
            TimeoutError: the handler neither opens the WebSocket nor answers otherwise.
        """
        message = f"the handler of {self._exchange.path} neither calls self.ws.accept() nor refuses"
        with limit(self._timeout, message):
            while not self._protocol.is_answered:
                data = self._exchange.read()
                if not data:
                    self._exchange.wait_for_end()
                    return False
                self._feed(data)
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: Any, *exc_info: object) -> None:
        if kind is not None:  # what the test says is worth more than how the handler ends
            self._exchange.abandon()
            return
        self.close()
        self._exchange.leave(self._timeout)

    def _read(self) -> None:
        self._feed(self._exchange.read())

    def _read_to_end(self) -> None:
        with limit(self._timeout, "the server does not end the connection"):
            while not self._protocol.has_ended:
                self._read()

    def _feed(self, data: bytes) -> None:
        self._messages.extend(self._protocol.feed(data))
        self._flush()  # pongs, and the answer to a Close

    def _flush(self) -> None:
        with limit(self._timeout, "the handler does not receive, and nothing more can be sent"):
            for data in self._protocol.data_to_send():
                self._exchange.write(data)

    def _closed(self) -> ConnectionClosed:
        return ConnectionClosed(self.close_code or ABNORMAL_CLOSURE, self.close_reason or "")
