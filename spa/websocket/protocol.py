"""Turn WebSocket bytes into messages and back (RFC 6455 sections 5 to 8)."""

import codecs
import logging
from collections.abc import Generator

from websockets.exceptions import PayloadTooBig, ProtocolError
from websockets.frames import (  # type: ignore[attr-defined]  # apply_mask is not re-exported
    BINARY,
    CLOSE,
    CONT,
    PING,
    TEXT,
    Close,
    Frame,
    apply_mask,  # the one in C, where it was built
)
from websockets.protocol import SERVER, State
from websockets.protocol import Protocol as FrameProtocol
from websockets.streams import StreamReader

from spa.websocket.closecode import ABNORMAL_CLOSURE, POLICY_VIOLATION
from spa.websocket.limits import Limits

Bytes = bytes | bytearray | memoryview

logger = logging.getLogger("spa.websocket.frames")
logger.setLevel(logging.WARNING)  # below it, one line for every frame

LONGEST_CONTROL_PAYLOAD = 125  # RFC 6455 section 5.5
SHORT_HEAD = 6  # bytes before the payload of a masked frame of up to 125 bytes (section 5.2)
LONGEST_SHORT_PAYLOAD = 125
FIN_TEXT, FIN_BINARY = 0x81, 0x82
PING_FRAME = Frame(PING, b"").serialize(mask=False)  # one without a payload will do (section 5.5.2)
UTF8_DECODER = codecs.getincrementaldecoder("utf-8")


class Protocol(FrameProtocol):
    """The server's side of one open WebSocket, without a socket.

    Bytes from the peer go into ``feed``, which gives whole messages. After each call of any method, send
    ``data_to_send()``; an empty item in it means: half-close the TCP connection once all before is sent.
    """

    def __init__(self, limits: Limits) -> None:
        super().__init__(SERVER, state=State.OPEN, logger=logger)
        self.reader = self._reader = Reader()
        self.parser = self.parse()
        next(self.parser)  # it stands before the first byte, as in the constructor it replaces
        self._limits = limits
        self._allow_frames_after(0)
        self._messages: list[str | bytes] = []
        self._fragments: Fragments | None = None

    @property
    def missing(self) -> int:
        """How many bytes the frame being read still lacks, at least; 0 between frames."""
        return self._reader.wanted and self._reader.wanted - len(self._reader.buffer)

    def span(self, data: Bytes, most: int) -> int:
        """Return how many of the bytes to ``feed`` next, so that each call completes one message at most.

        The app then has each message before what follows it is judged: a peer that errs, or leaves, still
        gets the answers to what it sent before.

        Args:
            data: bytes from the peer.
            most: where to stop, at the next end of a frame, when no message is complete.
        """
        return self.missing or length_to_message_end(data, most)

    @property
    def is_open(self) -> bool:
        """Whether neither side has sent a Close."""
        return self.state is State.OPEN

    @property
    def has_shaken_hands(self) -> bool:
        """Whether both sides have sent a Close: neither may send anything more (section 5.5.1)."""
        return self.close_sent is not None and self.close_rcvd is not None

    def feed(self, data: Bytes) -> list[str | bytes]:
        """Take bytes from the peer; return the messages they complete."""
        if len(data) <= SHORT_HEAD + LONGEST_SHORT_PAYLOAD:
            message = self._read_whole_frame(bytes(data))
            if message is not None:
                return [message]
        self.receive_data(data)  # type: ignore[arg-type]  # it appends to a bytearray: a memoryview will do
        self.events.clear()
        messages, self._messages = self._messages, []
        return messages

    def _read_whole_frame(self, data: bytes) -> str | bytes | None:
        """Read bytes that are exactly one short unfragmented message, as most are; None leaves them to the parser.

        The parser takes 8 us for such a frame, this 1.
        """
        size = len(data) - SHORT_HEAD
        if not 0 <= size <= LONGEST_SHORT_PAYLOAD or data[1] != 0x80 | size or size > self._limits.max_message:
            return None
        if data[0] not in (FIN_TEXT, FIN_BINARY) or self.current_size is not None:
            return None
        if self._reader.wanted or self._reader.buffer or self.state is not State.OPEN:
            return None
        payload = apply_mask(data[SHORT_HEAD:], data[2:SHORT_HEAD])
        if data[0] == FIN_BINARY:
            return bytes(payload)
        try:
            return payload.decode()
        except UnicodeDecodeError:
            return None

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
        return first or self.close_rcvd or Close(ABNORMAL_CLOSURE, "")

    def recv_frame(self, frame: Frame) -> None:
        """Check the order of frames, answer control frames, and gather the fragments of a message.

        What it raises, the parser turns into a Close frame of the right code.
        """
        if frame.opcode is PING and not self.is_open:
            return  # nothing follows our Close (section 5.5.1), however many pings a peer sends that reads nothing
        if frame.opcode is CLOSE:
            self.current_size = None  # a Close may stand between fragments (section 5.4): the message is dropped
        super().recv_frame(frame)
        if frame.opcode is CONT:
            self._gather(frame)
        elif frame.opcode is TEXT or frame.opcode is BINARY:
            if frame.fin:
                data = bytes(frame.data)
                if len(data) > self._limits.max_message:
                    raise PayloadTooBig(len(data), self._limits.max_message)
                self._messages.append(data.decode() if frame.opcode is TEXT else data)
            else:
                self._fragments = Fragments(frame.opcode is TEXT)
                self._gather(frame)

    def _gather(self, frame: Frame) -> None:
        fragments, limits = self._fragments, self._limits
        assert fragments is not None  # the parser has refused a continuation of nothing
        fragments.add(frame.data, frame.fin)
        if fragments.size > limits.max_message:
            raise PayloadTooBig(fragments.size, limits.max_message)
        if fragments.number > limits.fragments:
            self.fail(POLICY_VIOLATION, "too many fragments")
        elif frame.fin:
            self._messages.append(fragments.join())
            self._fragments = None
            self._allow_frames_after(0)
        else:
            self._allow_frames_after(fragments.size)

    def _allow_frames_after(self, size: int) -> None:
        """Let the parser refuse a frame that is too large from its header, when a message has this size so far.

        It applies the bound to control frames too, and these must pass between fragments of a message that has no
        room left (section 5.4).
        """
        self.max_message_size = max(self._limits.max_message, size + LONGEST_CONTROL_PAYLOAD)


class Fragments:
    """A message that comes in fragments; text is decoded piece by piece, so that nothing is kept twice."""

    def __init__(self, is_text: bool) -> None:
        self.number = 0
        self.size = 0
        self._decoder = UTF8_DECODER() if is_text else None
        self._text: list[str] = []
        self._binary = bytearray()

    def add(self, data: Bytes, is_last: bool) -> None:
        """Add a fragment.

        Raises:
            UnicodeDecodeError: the text is not UTF-8, or ends within a character.
        """
        self.number += 1
        self.size += len(data)
        if self._decoder is not None:
            self._text.append(self._decoder.decode(data, is_last))
        else:
            self._binary += data

    def join(self) -> str | bytes:
        """Return the message."""
        return "".join(self._text) if self._decoder is not None else bytes(self._binary)


class Reader(StreamReader):
    """A stream reader that tells how much the parser is waiting for."""

    wanted = 0  # bytes that the part being read needs in all; 0 between frames

    def read_exact(self, n: int) -> Generator[None, None, bytearray]:
        """Read as many bytes."""
        self.wanted = n
        data = yield from super().read_exact(n)
        self.wanted = 0
        return data


def length_to_message_end(data: Bytes, most: int) -> int:
    """Return the length of the frames up to the first that ends a message (section 5.2), or of ``most`` bytes.

    The data start with a frame. The length may pass their end.
    """
    position, size = 0, len(data)
    while position + 1 < size and position < most:
        first, second = data[position], data[position + 1]
        head, length = 6 if second & 0x80 else 2, second & 0x7F
        if length == 126:
            head, length = head + 2, int.from_bytes(data[position + 2 : position + 4])
        elif length == 127:
            head, length = head + 8, int.from_bytes(data[position + 2 : position + 10])
        position += head + length
        if first & 0x80 and not first & 0x08:
            return position
    return position or size


def encode(message: str | Bytes) -> bytes:
    """Return the frame of a whole message: text for ``str``, binary for bytes.

    It is the same for every connection, so a broadcast encodes once.

    Raises:
        TypeError: the message is neither.
    """
    if isinstance(message, str):
        opcode, payload = TEXT, message.encode()
    elif isinstance(message, (bytes, bytearray, memoryview)):
        opcode, payload = BINARY, bytes(message)
    else:
        raise TypeError(
            f"a WebSocket message is str or bytes, not {type(message).__name__}: for a value write send_json,"
            " or broadcast_json"
        )
    if len(payload) <= LONGEST_SHORT_PAYLOAD:  # as most are; Frame takes 3 us for them
        return bytes((FIN_TEXT if opcode is TEXT else FIN_BINARY, len(payload))) + payload
    return Frame(opcode, payload).serialize(mask=False)
