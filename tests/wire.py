"""A WebSocket client that sends exactly the bytes a test wants, and reads what comes back."""

import base64
import hashlib
import os
import select
import socket
import struct
import time
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

PATIENCE = 5.0  # seconds after which a test gives up waiting
POLL = 0.01  # seconds between two looks
KEY = "dGhlIHNhbXBsZSBub25jZQ=="  # the sample of RFC 6455 section 1.3
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
CONT, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


class Response(NamedTuple):
    """The head of an HTTP answer, and the bytes after it that came with it."""

    status: int
    headers: dict[str, str]
    body: bytes


class Frame(NamedTuple):
    """One WebSocket frame."""

    opcode: int
    payload: bytes
    fin: bool = True
    rsv: int = 0
    masked: bool = False

    @property
    def code(self) -> int | None:
        """The code of a Close frame; None if it has none."""
        assert self.opcode == CLOSE, self
        return struct.unpack("!H", self.payload[:2])[0] if self.payload else None

    @property
    def reason(self) -> str:
        """The reason of a Close frame."""
        return self.payload[2:].decode()


def frame(
    opcode: int,
    payload: bytes = b"",
    *,
    fin: bool = True,
    rsv: int = 0,
    mask: bytes | None = b"\x11\x22\x33\x44",
    length: int | None = None,
) -> bytes:
    """Return the bytes of a frame.

    Args:
        opcode: any number of 4 bits.
        payload: what the frame carries.
        fin: whether it ends a message.
        rsv: the three reserved bits, as a number.
        mask: the masking key; None sends the payload unmasked.
        length: the length to declare, in the longest form; by default the payload's, in the shortest.
    """
    head = bytes([fin << 7 | rsv << 4 | opcode])
    bit = 0x80 if mask is not None else 0
    if length is not None:
        head += struct.pack("!BQ", bit | 127, length)
    elif len(payload) < 126:
        head += struct.pack("!B", bit | len(payload))
    elif len(payload) < 65536:
        head += struct.pack("!BH", bit | 126, len(payload))
    else:
        head += struct.pack("!BQ", bit | 127, len(payload))
    return head + payload if mask is None else head + mask + _mask(payload, mask)


def close_payload(code: int, reason: bytes | str = b"") -> bytes:
    """Return what a Close frame carries."""
    return struct.pack("!H", code) + (reason.encode() if isinstance(reason, str) else reason)


def handshake(
    path: str = "/",
    headers: Iterable[tuple[str, str]] = (),
    *,
    method: str = "GET",
    version: str = "HTTP/1.1",
    without: Iterable[str] = (),
    host: str = "localhost",
) -> bytes:
    """Return the bytes of a handshake; ``headers`` replace the usual ones of the same name, ``without`` drops some."""
    headers = list(headers)
    replaced = {name.lower() for name, _ in headers} | {name.lower() for name in without}
    usual = [
        ("Host", host),
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Key", KEY),
        ("Sec-WebSocket-Version", "13"),
    ]
    lines = [f"{method} {path} {version}"]
    lines += [f"{name}: {value}" for name, value in usual if name.lower() not in replaced]
    lines += [f"{name}: {value}" for name, value in headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def accept_value(key: str) -> str:
    """Return the proof a server owes for a key (RFC 6455 section 4.2.2)."""
    return base64.b64encode(hashlib.sha1(key.encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()).decode()


def wait_for(condition: Callable[[], Any], what: str = "", patience: float = PATIENCE) -> Any:
    """Ask again and again until the answer is true, and return it; fail when it does not come in time."""
    deadline = time.monotonic() + patience
    while True:
        answer = condition()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"not within {patience} s: {what or condition}; last: {answer!r}"
        time.sleep(POLL)


def read_until(sock: Any, is_enough: Callable[[bytes], bool]) -> bytes:
    """Read from a plain or a gevent socket until there is enough; an end before that is a failure."""
    data = b""
    while not is_enough(data):
        more = sock.recv(65536)
        assert more, f"the connection ended after {data[-200:]!r}"
        data += more
    return data


class Wire:
    """One TCP connection to a server on this machine.

    Args:
        port: where the server listens.
        receive_buffer: bytes the kernel may hold for a client that does not read.
    """

    def __init__(self, port: int, receive_buffer: int | None = None) -> None:
        self.sock = socket.socket()
        if receive_buffer is not None:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.sock.settimeout(PATIENCE)
        self.sock.connect(("127.0.0.1", port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = bytearray()

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.sock.close()

    def write(self, data: bytes) -> None:
        """Send bytes."""
        self.sock.sendall(data)

    def send(self, opcode: int, payload: bytes = b"", **options: Any) -> None:
        """Send a frame."""
        self.write(frame(opcode, payload, **options))

    def text(self, text: str) -> None:
        """Send a text message."""
        self.send(TEXT, text.encode())

    def read(self, size: int) -> bytes:
        """Return exactly so many bytes.

        Raises:
            EOFError: the server ended the connection before.
        """
        while len(self._buffer) < size:
            data = self.sock.recv(max(65536, size - len(self._buffer)))
            if not data:
                raise EOFError(f"the server ended the connection after {bytes(self._buffer[:200])!r}")
            self._buffer += data
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        return data

    def read_head(self) -> Response:
        """Return the head of an HTTP answer."""
        while b"\r\n\r\n" not in self._buffer:
            data = self.sock.recv(65536)
            if not data:
                raise EOFError(f"the server ended the connection after {bytes(self._buffer[:200])!r}")
            self._buffer += data
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        return Response(int(first.split()[1]), headers, bytes(self._buffer))

    def read_response(self) -> Response:
        """Return an HTTP answer with its whole body."""
        head = self.read_head()
        if "content-length" in head.headers:
            return head._replace(body=self.read(int(head.headers["content-length"])))
        assert head.headers.get("connection", "").lower() == "close", head
        return head._replace(body=self.read_rest())

    def read_rest(self) -> bytes:
        """Return everything until the server ends the connection."""
        while True:
            data = self.sock.recv(65536)
            if not data:
                rest = bytes(self._buffer)
                self._buffer.clear()
                return rest
            self._buffer += data

    def read_frame(self) -> Frame:
        """Return the next frame."""
        first, second = self.read(2)
        length = second & 0x7F
        if length == 126:
            (length,) = struct.unpack("!H", self.read(2))
        elif length == 127:
            (length,) = struct.unpack("!Q", self.read(8))
        mask = self.read(4) if second & 0x80 else None
        payload = self.read(length)
        if mask is not None:
            payload = _mask(payload, mask)
        return Frame(first & 0x0F, payload, bool(first & 0x80), first >> 4 & 7, mask is not None)

    def read_text(self) -> str:
        """Return the text of the next frame, which must be a whole text message."""
        got = self.read_frame()
        assert (got.opcode, got.fin) == (TEXT, True), got
        return got.payload.decode()

    def read_close(self) -> Frame:
        """Return the Close frame that must come next, and see that nothing but the end of TCP follows it."""
        got = self.read_frame()
        assert got.opcode == CLOSE, got
        return got

    def skip_to_close(self) -> Frame:
        """Return the next Close frame, whatever comes before it."""
        while True:
            got = self.read_frame()
            if got.opcode == CLOSE:
                return got

    def is_readable(self, within: float = 0.0) -> bool:
        """Tell whether bytes, or the end, have come."""
        return bool(self._buffer) or bool(select.select([self.sock], [], [], within)[0])

    def wait_for_end(self, within: float = PATIENCE) -> float:
        """Wait until the server ends TCP, by FIN or RST, without a byte more; return how long it took."""
        started = time.monotonic()
        self.sock.settimeout(within)
        try:
            rest = self._buffer + self.sock.recv(65536)
        except ConnectionResetError:
            rest = self._buffer
        finally:
            self.sock.settimeout(PATIENCE)
        assert rest == b"", rest[:200]
        return time.monotonic() - started

    def half_close(self) -> None:
        """Send FIN, and go on reading."""
        self.sock.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """End the connection with RST."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


def connect(
    port: int, path: str = "/", headers: Iterable[tuple[str, str]] = (), receive_buffer: int | None = None
) -> Wire:
    """Return a connection whose handshake has been answered with 101."""
    wire = Wire(port, receive_buffer)
    try:
        wire.write(handshake(path, headers))
        answer = wire.read_head()
        assert answer.status == 101, answer
        return wire
    except BaseException:
        wire.sock.close()
        raise


def request(port: int, data: bytes) -> Response:
    """Send the bytes of one request on a connection of its own, and return the answer."""
    with Wire(port) as wire:
        wire.write(data)
        answer = wire.read_head()
        if answer.status == 101:
            return answer
        if "content-length" in answer.headers:
            return answer._replace(body=wire.read(int(answer.headers["content-length"])))
        return answer._replace(body=wire.read_rest())


def get(port: int, path: str) -> Response:
    """Send a plain GET, and return the answer."""
    return request(port, f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())


def random_key() -> str:
    """Return a fresh key for a handshake."""
    return base64.b64encode(os.urandom(16)).decode()


def _mask(payload: bytes, mask: bytes) -> bytes:
    if not payload:
        return b""
    size = len(payload)
    key = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(payload) ^ int.from_bytes(key)).to_bytes(size)
