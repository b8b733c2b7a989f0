"""Carry bytes over a socket in both directions, driven by the event loop alone.

Nobody waits on the socket, so no greenlet can be left behind on a descriptor that the server closes. It is never
read or written in blocking mode, and ``end`` stops both watchers before anybody can close the descriptor.
"""

import socket
from typing import Any, Protocol

import gevent

from spa.readiness import READ, WRITE
from spa.websocket.alarm import AlarmClock
from spa.websocket.outbox import WOULD_BLOCK, Outbox
from spa.websocket.protocol import Bytes
from spa.websocket.transport import Transport, end_tls, has_hung_up

READ_SIZE = 64 * 1024  # bytes of one recv
LARGE_READ = 256 * 1024  # and of one in the middle of a large message: 1 MiB comes in 4 turns of the loop


class Owner(Protocol):
    """Who is told, from the event loop, what happens to a stream."""

    @property
    def missing(self) -> int:
        """Bytes that are known to come."""

    def on_bytes(self, data: Bytes) -> Bytes:
        """Take bytes that have come, and return those to be given again, in a later turn or after ``resume``."""

    def on_written(self) -> None:
        """Note that the outbox has become emptier."""

    def on_end(self) -> None:
        """Note that the peer will send no more."""

    def on_loss(self) -> None:
        """Note that the connection is broken."""


class Stream:
    """The bytes of one TCP or TLS connection that the server has given up.

    Args:
        transport: the socket, and what has come over it already.
        outbox: holds what the kernel does not take at once.
        clock: tells the time.
        owner: who is told.

    Attributes:
        is_reading: whether what comes is passed on.
        is_tls: whether the socket has no end of sending that leaves it readable.
        heard: when bytes came last, or reading began again.
        progressed: when the peer last made room for what waits in the outbox.
    """

    __slots__ = (
        *("_clock", "_continuation", "_is_ended", "_kept", "_loop", "_outbox", "_owner", "_read_watcher", "_recv"),
        *("_send", "_sock", "_write_watcher", "heard", "is_reading", "is_tls", "progressed"),
    )

    def __init__(self, transport: Transport, outbox: Outbox, clock: AlarmClock, owner: Owner) -> None:
        self._sock = transport.sock
        self._kept: Bytes = transport.early
        self._outbox = outbox
        self._clock = clock
        self._owner = owner
        self._is_ended = False
        self.is_reading = True
        self.heard = self.progressed = clock.now()
        self.is_tls = hasattr(self._sock, "pending")
        self._sock.setblocking(False)
        # gevent's own send and recv only add a retry, which a non-blocking socket never needs.
        direct = self._sock if self.is_tls else self._sock._sock
        self._send, self._recv = direct.send, direct.recv
        self._loop = gevent.get_hub().loop
        self._continuation: Any = None
        descriptor = self._sock.fileno()
        self._read_watcher = self._loop.io(descriptor, READ)
        self._write_watcher = self._loop.io(descriptor, WRITE)
        if self._kept or self._has_pending():
            self._continue_later()
        else:
            self._read_watcher.start(self._on_readable)

    # What the owner calls.

    def write(self, data: bytes) -> bool:
        """Hand bytes to the kernel, and what it does not take to the outbox; after the end they are dropped.

        Returns:
            whether nothing waits.
        """
        if self._is_ended:
            return True
        rest: Bytes = data
        if not self._outbox:
            try:
                sent = self._send(data)
            except WOULD_BLOCK:
                sent = 0
            except OSError:
                self._owner.on_loss()
                return True
            if sent == len(data):
                return True
            rest = memoryview(data)[sent:]
            self.progressed = self._clock.now()
            self._write_watcher.start(self._on_writable)
        self._outbox.add(rest)
        return False

    def pause(self) -> None:
        """Read no more: TCP makes the peer wait."""
        self.is_reading = False
        self._read_watcher.stop()

    def resume(self) -> None:
        """Read again after a pause, beginning with what was given back."""
        if not self.is_reading and not self._is_ended:
            self.is_reading = True
            self.heard = self._clock.now()
            self._continue_later()

    def has_hung_up(self) -> bool:
        """Tell whether the peer has left, though nothing is read."""
        return has_hung_up(self._sock)

    def end_sending(self) -> None:
        """End our side of the connection, so that the peer still may send.

        Raises:
            OSError: the connection is broken.
        """
        self._sock.shutdown(socket.SHUT_WR)

    def end(self) -> None:
        """Shut the connection down and forget what waits, once; the server closes the descriptor."""
        self._is_ended = True
        del self._owner  # the two refer to each other, and need not wait for the garbage collector
        for watcher in (self._read_watcher, self._write_watcher, self._continuation):
            if watcher is not None:
                watcher.stop()
                watcher.close()
        if not self._outbox:
            end_tls(self._sock)
        self._outbox.clear()
        self._kept = b""
        try:
            self._sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # the peer was faster

    # What the event loop calls.

    def _on_readable(self) -> None:
        try:
            data = self._recv(READ_SIZE if self._owner.missing < READ_SIZE else LARGE_READ)
        except WOULD_BLOCK:
            return
        except OSError:
            self._owner.on_loss()
            return
        self.heard = self._clock.now()
        if data:
            self._pass_on(data)
        elif not self._is_ended:
            self._owner.on_end()

    def _pass_on(self, data: Bytes) -> None:
        if self._has_pending():
            self._continue_later()
        self._kept = b""
        rest = self._owner.on_bytes(data)
        if rest and not self._is_ended:
            self._kept = bytes(rest)
            if self.is_reading:
                self._read_watcher.stop()
                self._continue_later()

    def _continue(self) -> None:
        """Go on with what was kept, or read on."""
        if self._is_ended or not self.is_reading:
            return
        self._read_watcher.start(self._on_readable)
        if self._kept:
            self._pass_on(self._kept)
        else:
            self._on_readable()

    def _on_writable(self) -> None:
        try:
            if self._outbox.flush(self._send):
                self.progressed = self._clock.now()
        except OSError:
            self._owner.on_loss()
            return
        if not self._outbox:
            self._write_watcher.stop()
        self._owner.on_written()

    def _has_pending(self) -> bool:
        """Tell whether TLS holds decrypted bytes, of which the read watcher knows nothing."""
        return self.is_tls and self._sock.pending() > 0

    def _continue_later(self) -> None:
        """Call ``_continue`` in the next turn of the loop.

        A timer goes through the poll, so that the others come first; ``run_callback`` would not always.
        """
        if self._continuation is None:
            self._continuation = self._loop.timer(0.0)
        self._continuation.start(self._continue)
