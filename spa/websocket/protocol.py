"""Turn WebSocket bytes into messages and back (RFC 6455 sections 5 to 8)."""

import codecs
import logging

from websockets.exceptions import PayloadTooBig, ProtocolError
from websockets.frames import BINARY, CONT, PING, TEXT, Close, CloseCode, Frame
from websockets.protocol import SERVER, State
from websockets.protocol import Protocol as FrameProtocol

from spa.websocket.limits import Limits

Bytes = bytes | bytearray | memoryview

logger = logging.getLogger("spa.websocket.frames")
logger.setLevel(logging.WARNING)  # below it, one line for every frame

LONGEST_CONTROL_PAYLOAD = 125  # RFC 6455 section 5.5
UTF8_DECODER = codecs.getincrementaldecoder("utf-8")


class Protocol(FrameProtocol):
    """The server's side of one open WebSocket, without a socket.

    Bytes from the peer go into ``feed``, which gives whole messages. After each call of any method, send
    ``data_to_send()``; an empty item in it means: half-close the TCP connection once all before is sent.
    """

    def __init__(self, limits: Limits) -> None:
        super().__init__(SERVER, state=State.OPEN, max_size=limits.max_message, logger=logger)
        self._limits = limits
        self._messages: list[str | bytes] = []
        self._fragments = 0
        self._size = 0
        self._text: list[str] | None = None
        self._binary = bytearray()
        self._decoder = UTF8_DECODER()

    @property
    def is_open(self) -> bool:
        """Whether neither side has sent a Close."""
        return self.state is State.OPEN

    def feed(self, data: Bytes) -> list[str | bytes]:
        """Take bytes from the peer; return the messages they complete."""
        self.receive_data(data)  # type: ignore[arg-type]  # it appends to a bytearray: a memoryview will do
        self.events.clear()
        messages, self._messages = self._messages, []
        return messages

    def close(self, code: int, reason: str = "") -> None:
        """Begin the closing handshake.

        Raises:
            ValueError: the code may not be sent (RFC 6455 section 7.4), or the reason is over 123 bytes.
        """
        try:
            self.send_close(code, reason)
        except ProtocolError as error:
            raise ValueError(f"close({code}, {reason!r}): {error}") from error

    def first_close(self) -> Close:
        """Return the Close frame that came first, the peer's or ours; 1006 if there was none (section 7.1.5)."""
        first = self.close_sent if self.close_rcvd_then_sent is not True else self.close_rcvd
        return first or self.close_rcvd or Close(CloseCode.ABNORMAL_CLOSURE, "")

    def recv_frame(self, frame: Frame) -> None:
        """Check the order of frames, answer control frames, and gather the fragments of a message.

        What it raises, the parser turns into a Close frame of the right code.
        """
        super().recv_frame(frame)
        if frame.opcode is TEXT or frame.opcode is BINARY:
            if frame.fin:
                data = frame.data
                self._messages.append(data.decode() if frame.opcode is TEXT else bytes(data))  # type: ignore[union-attr]
                return
            self._text = [] if frame.opcode is TEXT else None
            self._fragments = self._size = 0
        elif frame.opcode is not CONT:
            return
        self._gather(frame)

    def _gather(self, frame: Frame) -> None:
        """Add one fragment; each piece of text is decoded as it comes, so nothing is kept twice."""
        self._fragments += 1
        self._size += len(frame.data)
        if self._size > self._limits.max_message:
            raise PayloadTooBig(self._size, self._limits.max_message)
        if self._fragments > self._limits.fragments:
            self.fail(CloseCode.POLICY_VIOLATION, "too many fragments")
            return
        if self._text is not None:
            self._text.append(self._decoder.decode(frame.data, frame.fin))
        else:
            self._binary += frame.data
        if frame.fin:
            self._finish_message()
        else:
            # A ping between fragments must pass even when the message has no room left (section 5.4).
            self.max_message_size = max(self._limits.max_message, self._size + LONGEST_CONTROL_PAYLOAD)

    def _finish_message(self) -> None:
        self.max_message_size = self._limits.max_message
        if self._text is not None:
            self._messages.append("".join(self._text))
            self._text = None
        else:
            self._messages.append(bytes(self._binary))
            self._binary = bytearray()


def encode(message: str | Bytes) -> bytes:
    """Return the frame of a whole message: text for ``str``, binary for bytes.

    It is the same for every connection, so a broadcast encodes once.

    Raises:
        TypeError: the message is neither.
    """
    if isinstance(message, str):
        return Frame(TEXT, message.encode()).serialize(mask=False)
    if isinstance(message, (bytes, bytearray, memoryview)):
        return Frame(BINARY, message).serialize(mask=False)
    raise TypeError(f"a WebSocket message is str or bytes, not {type(message).__name__}")


def encode_ping(payload: bytes = b"") -> bytes:
    """Return the frame of a ping (RFC 6455 section 5.5.2)."""
    return Frame(PING, payload).serialize(mask=False)
