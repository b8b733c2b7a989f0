"""Carry one open WebSocket on from the event loop, without ever waiting.

Theory of operation. The event loop drives it all, so that no greenlet ever waits on the socket. Whatever the
handler is doing, the stream passes on what comes: pings and Close are answered, the loss of the peer is noticed,
and messages go into the inbox. What ``send`` cannot hand to the kernel at once goes into the outbox, which the
stream empties. Greenlets that must wait (for a message, for room in the outbox, for the end) do so in
``connection.py``, in the inbox or in a line of the conversation, and the event loop wakes them. Only the event loop
feeds the protocol.
"""

import math
from collections.abc import Callable
from enum import Enum

import gevent

from spa.websocket import deadline
from spa.websocket.alarm import Alarm, AlarmClock
from spa.websocket.closecode import ABNORMAL_CLOSURE, GOING_AWAY, NORMAL_CLOSURE, TRY_AGAIN_LATER
from spa.websocket.inbox import Inbox
from spa.websocket.limits import Limits
from spa.websocket.line import Line
from spa.websocket.outbox import Outbox
from spa.websocket.protocol import PING_FRAME, Bytes, Protocol
from spa.websocket.stream import Stream
from spa.websocket.transport import Transport

SLICE = 4 * 1024  # bytes of unknown frames fed between two looks at the clock: at most 682 frames, some 5 ms
LONGEST_TURN = 0.005  # seconds of parsing before the other connections get theirs


class State(Enum):
    """How far a connection is; it only ever moves down this list."""

    OPEN = "open"
    CLOSING = "closing"  # a Close was sent or received: no message passes any more
    ENDED = "ended"  # the TCP connection is shut down


class Conversation:
    """One open WebSocket over a socket that the server has given up, as the event loop carries it on.

    Args:
        transport: the socket; the 101 answer has been sent.
        limits: its bounds.
        clock: the alarms of the process, which also tell the time.
        on_left: called from the event loop, once, when the peer has left.

    Attributes:
        state: how far it is.
        peer_left: whether the peer ended it: by a Close, by a breach of the protocol, or by vanishing.
        code: that of the Close that came first, from either side; 1006 without one.
        reason: the one that came with the code.
        received_at: when a greenlet last came back with a message, or with its absence; before that, the beginning.
    """

    def __init__(self, transport: Transport, limits: Limits, clock: AlarmClock, on_left: Callable[[], object]) -> None:
        self._limits = limits
        self._clock = clock
        self._on_left = on_left
        self._protocol = Protocol(limits)
        self.state = State.OPEN
        self.peer_left = False
        self.code, self.reason = ABNORMAL_CLOSURE, ""

        loop = gevent.get_hub().loop
        self._inbox = Inbox(loop)
        self._outbox = Outbox(limits)
        self._stream = Stream(transport, self._outbox, clock, self)
        self._half_close = False
        self._senders = Line(loop)  # wait for room in the outbox
        self._finishers = Line(loop)  # wait for the end

        self.received_at = clock.now()
        self._pinged: float | None = None
        self._close_by = math.inf
        self._alarm: Alarm | None = None
        self._look_again_by(self._stream.heard + limits.ping_interval)

    # What anybody calls.

    @property
    def is_closed(self) -> bool:
        """Whether it has begun to close, and all that had come before is received."""
        return self.state is not State.OPEN and not self._inbox

    def offer(self, frame: bytes) -> bool:
        """Send or queue a frame without waiting; close a peer whose queue is full with 1013. Return whether it went."""
        if self.state is not State.OPEN:
            return False
        if not self._outbox.has_room(len(frame)):
            self.close(TRY_AGAIN_LATER, "too slow")
            return False
        self._write(frame)
        return True

    def close(self, code: int = NORMAL_CLOSURE, reason: str = "", patience: float | None = None) -> None:
        """Send a Close behind what is queued, once; the peer has so many seconds to answer, or as the limits say."""
        if self.state is State.OPEN:
            self._protocol.close(code, reason)
            self._inbox.clear()
            self._enter_closing()
            self._write_protocol()
            self._stream.resume()
        if patience is not None and self.state is State.CLOSING:
            self._end_by(self._clock.now() + patience)

    def send_away(self, patience: float) -> None:
        """Close with 1001, because the server is stopping; the peer has so many seconds to answer, or fewer."""
        self.close(GOING_AWAY, "the server is stopping", patience)

    # What the event loop calls.

    @property
    def missing(self) -> int:
        """Bytes that the message which is coming still lacks."""
        return self._protocol.missing

    def on_bytes(self, data: Bytes) -> Bytes:
        """Feed the protocol slice by slice; return the rest when it takes too long or the inbox is full."""
        started = self._clock.now()
        rest = memoryview(data)
        while rest:
            size = self._protocol.span(rest, SLICE)
            messages = self._protocol.feed(rest[:size])
            rest = rest[size:]
            if self.state is State.OPEN:
                self._inbox.add(messages)
            if self.state is State.OPEN and not self._protocol.is_open:
                self._leave()
            self._write_protocol()
            self._inbox.hand_over()
            if self.state is State.ENDED:
                break
            if self._is_full():
                self._stream.pause()
                self._look_again_by(self._clock.now() + deadline.HANG_UP_INTERVAL)
                break
            if self._clock.now() - started > LONGEST_TURN:
                break
        return rest

    def on_written(self) -> None:
        """End sending if that was all, read on if that was why we paused, and let the next sender in."""
        if self._half_close and not self._outbox:
            self._end_sending()
        self._count_close_timeout()
        if not self._is_full():
            self._stream.resume()
        self._wake_sender()

    def on_end(self) -> None:
        """Note that the peer has ended the TCP connection."""
        self._protocol.receive_eof()
        self._lose()

    def on_loss(self) -> None:
        """Note that the TCP connection is broken."""
        self._lose()

    def _on_alarm(self) -> None:
        """Ping, give up or end what is overdue, and look again at the next time anything can be."""
        self._alarm = None
        now, stream = self._clock.now(), self._stream
        action, again, reason = deadline.decide(
            now,
            self._limits,
            close_by=self._close_by if self.state is State.CLOSING else None,
            stuck=stream.progressed if self._outbox else None,
            heard=stream.heard if stream.is_reading else None,
            pinged=self._pinged,
        )
        if action is deadline.Action.END:
            self._end()
        elif action is deadline.Action.GIVE_UP:
            self._lose(reason)
        elif action is deadline.Action.PING:
            self._pinged = now
            self._write(PING_FRAME)
        if self.state is State.OPEN and not stream.is_reading and stream.has_hung_up():
            self._on_left()
        if self.state is not State.ENDED:
            self._look_again_by(again)

    # For a subclass whose greenlets wait.

    def _take(self) -> str | bytes:
        """Take the first message out of the inbox, and read on if that is half empty now."""
        message = self._inbox.take()
        if not self._stream.is_reading and len(self._inbox) <= self._limits.max_waiting_in // 2:
            self._stream.resume()
        return message

    def _write(self, frame: bytes) -> None:
        if not self._stream.write(frame):
            self._look_again_by(self._stream.progressed + self._limits.send_timeout)

    def _wake_sender(self) -> None:
        if not self._outbox.is_crowded:
            self._senders.wake_first()

    def _end(self) -> None:
        """Shut the TCP connection down and let everybody go; the server closes the descriptor."""
        if self.state is State.ENDED:
            return
        self.state = State.ENDED
        if self._alarm is not None:
            self._alarm.cancel()
        self._on_left = _do_nothing
        self._stream.end()
        self._wake_all()

    # Writing.

    def _write_protocol(self) -> None:
        """Send what the protocol has to say: pongs, a Close, the end of the stream."""
        chunks = self._protocol.data_to_send()
        if not chunks:
            return
        if not chunks[-1]:
            self._half_close = True
        data = b"".join(chunks)
        if data and self.state is not State.ENDED:
            self._write(data)
            if self._outbox:
                self._outbox.count_control(len(data))
        if self._half_close and not self._outbox:
            self._end_sending()
        self._count_close_timeout()

    def _end_sending(self) -> None:
        """End the TCP connection after the closing handshake; without one, end our side and wait for the peer's.

        A peer that broke the protocol may still be sending: a full end would answer with a reset, and the reset
        could overtake the Close that says why. TLS has no half-close that can still be read from.
        """
        if self._stream.is_tls or self._protocol.has_shaken_hands:
            self._end()
            return
        try:
            self._stream.end_sending()
        except OSError:
            self._end()

    def _is_full(self) -> bool:
        return self.state is State.OPEN and (
            len(self._inbox) >= self._limits.max_waiting_in or self._outbox.is_flooded
        )

    # Ends.

    def _leave(self) -> None:
        """Note that the peer has ended the conversation."""
        self.peer_left = True
        self._enter_closing()
        self._on_left()

    def _enter_closing(self) -> None:
        self.state = State.CLOSING
        close = self._protocol.first_close()
        self.code, self.reason = int(close.code), close.reason
        self._wake_all()

    def _count_close_timeout(self) -> None:
        """Begin to count when the Close has left the outbox, or the peer has sent its own, or broken the protocol.

        Until then a peer that goes on reading gets all that was sent; one that does not meets the send timeout.
        """
        if self.state is State.CLOSING and (self._half_close or not self._outbox):
            self._end_by(self._clock.now() + self._limits.close_timeout)

    def _end_by(self, time: float) -> None:
        """End at this time, or at the earlier one that was set before."""
        self._close_by = min(self._close_by, time)
        self._look_again_by(self._close_by)

    def _lose(self, reason: str = "") -> None:
        """Note that the TCP connection is gone, or is given up."""
        if self.state is State.OPEN:
            self._leave()
            self.reason = reason
        self._end()

    def _wake_all(self) -> None:
        self._inbox.wake()
        self._senders.wake_all()
        if self.state is State.ENDED:
            self._finishers.wake_all()

    def _look_again_by(self, time: float) -> None:
        if self._alarm is not None:
            if self._alarm.time <= time:
                return
            self._alarm.cancel()
        self._alarm = self._clock.at(time, self._on_alarm)


def _do_nothing() -> None:
    return None
