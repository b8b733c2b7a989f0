"""Turn bytes into messages and back at the client's end of a WebSocket, where a test stands (RFC 6455)."""

import logging
from collections.abc import Sequence

from websockets.client import ClientProtocol
from websockets.exceptions import ProtocolError
from websockets.frames import BINARY, CONT, TEXT, Frame
from websockets.http11 import Response
from websockets.protocol import State
from websockets.typing import Subprotocol
from websockets.uri import parse_uri

logger = logging.getLogger("spa.websocket.frames")


class Protocol(ClientProtocol):
    """The client's side of one WebSocket, without a socket.

    Bytes from the server go into ``feed``, which gives whole messages. After each call of ``feed``, ``send`` or
    ``close``, send ``data_to_send()``; an empty item in it means: half-close the connection.

    Args:
        subprotocols: those to offer, the most wanted first.
    """

    def __init__(self, subprotocols: Sequence[str] = ()) -> None:
        offered = [Subprotocol(name) for name in subprotocols] or None
        super().__init__(parse_uri("ws://localhost/"), subprotocols=offered, max_size=None, logger=logger)
        self.answer_headers: list[tuple[str, str]] = []
        self._opcode = TEXT
        self._parts: list[bytes] = []

    def handshake(self) -> list[tuple[str, str]]:
        """Return the headers of the handshake request, but for Host (section 4.1)."""
        return [header for header in self.connect().headers.raw_items() if header[0] != "Host"]

    def feed(self, data: bytes) -> list[str | bytes]:
        """Take bytes from the server, none at its end; return the messages they complete.

        Raises:
            InvalidHandshake: the answer is not the 101 that was asked for.
        """
        if data:
            self.receive_data(data)
        else:
            self.receive_eof()
        messages = []
        for event in self.events_received():
            if isinstance(event, Response):
                self.answer_headers = list(event.headers.raw_items())
            elif isinstance(event, Frame) and event.opcode in (TEXT, BINARY, CONT):
                messages += self._gather(event)
        if self.handshake_exc is not None:
            raise self.handshake_exc
        return messages

    @property
    def is_answered(self) -> bool:
        """Whether the answer to the handshake has come."""
        return self.state is not State.CONNECTING

    @property
    def is_open(self) -> bool:
        """Whether the handshake is done, and neither side has sent a Close."""
        return self.state is State.OPEN

    @property
    def has_ended(self) -> bool:
        """Whether the connection has ended."""
        return self.state is State.CLOSED

    def send(self, message: str | bytes) -> None:
        """Send a message.

        Raises:
            TypeError: it is neither text nor bytes.
        """
        if isinstance(message, str):
            self.send_text(message.encode())
        elif isinstance(message, (bytes, bytearray, memoryview)):
            self.send_binary(message)
        else:
            kind = type(message).__name__
            raise TypeError(f"a WebSocket message is str or bytes, not {kind}: send_json takes a value")

    def close(self, code: int, reason: str) -> None:
        """Begin the closing handshake.

        Raises:
            ValueError: the code may not be sent (section 7.4), or the reason is over 123 bytes.
        """
        try:
            self.send_close(code, reason)
        except ProtocolError as error:
            raise ValueError(f"close({code}, {reason!r}): {error}") from error

    def _gather(self, frame: Frame) -> list[str | bytes]:
        if frame.opcode is not CONT:
            self._opcode = frame.opcode
        self._parts.append(bytes(frame.data))
        if not frame.fin:
            return []
        message, self._parts = b"".join(self._parts), []
        return [message.decode() if self._opcode is TEXT else message]
