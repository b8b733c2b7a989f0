"""Send and receive messages over one open WebSocket, from greenlets that may wait."""

import contextlib

import gevent

from spa.errors import ConnectionClosed
from spa.websocket.closecode import NORMAL_CLOSURE
from spa.websocket.conversation import Conversation, State

A_TURN = 1e-6  # seconds to sleep for one turn of the loop; sleep(0) may come back before the loop polls
TURNS_UNYIELDING = 32  # sends and receives in a row that found nothing to wait for, before the loop runs


class Connection(Conversation):
    """One open WebSocket, as greenlets use it.

    Args:
        transport: the socket; the 101 answer has been sent.
        limits: its bounds.
        clock: the alarms of the process, which also tell the time.
        on_left: called from the event loop, once, when the peer has left.
    """

    # No constructor: for one more frame in the handshake, each greenlet would keep 4 KiB more of its stack in use.
    _told_peer_left = False
    _turns = 0

    def receive(self, timeout: float | None = None) -> str | bytes | None:
        """Return the next message, or None once when the peer has left."""
        if self._inbox or self.state is not State.OPEN:
            self._take_turn()  # meanwhile another greenlet may take the message
        self._inbox.check_free()
        if not self._inbox and self.state is State.OPEN:
            self._turns = 0
            self._inbox.wait(timeout)
        self.received_at = self._clock.now()
        if self._inbox:
            return self._take()
        if self.peer_left and not self._told_peer_left:
            self._told_peer_left = True
            return None
        raise ConnectionClosed(self.code, self.reason)

    def send(self, frame: bytes) -> None:
        """Send a whole frame, or queue it; wait while the queue is full.

        Raises:
            ConnectionClosed: the connection is closed, or accepts nothing for the send timeout.
        """
        waited = False
        while self.state is State.OPEN:
            if self._outbox.has_room(len(frame)) and (waited or not self._senders):
                self._write(frame)
                self._wake_sender()
                self._take_turn()
                if self._is_ended():  # the write found the connection broken
                    break
                return
            self._turns = 0
            self._senders.wait()
            waited = True
        raise ConnectionClosed(self.code, self.reason)

    def finish(self, code: int = NORMAL_CLOSURE, reason: str = "", patience: float | None = None) -> None:
        """Close, and wait until the TCP connection has ended: for as many seconds, or as the limits say."""
        try:
            self.close(code, reason, patience)
            while self.state is not State.ENDED:
                with contextlib.suppress(gevent.Timeout):  # of a handler that has ended: it has nothing to cut short
                    self._finishers.wait()
        finally:
            self._end()
            self._inbox.clear()  # nobody will receive any more

    def _is_ended(self) -> bool:
        return self.state is State.ENDED

    def _take_turn(self) -> None:
        """Let the other connections run, every so often, under a handler that never has to wait."""
        self._turns += 1
        if self._turns >= TURNS_UNYIELDING:
            self._turns = 0
            gevent.sleep(A_TURN)
