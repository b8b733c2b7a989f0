"""Hold the messages that have come until a greenlet takes them, and wake it when one comes."""

from collections.abc import Iterable
from typing import Any

import gevent
from gevent.hub import Waiter

from spa.errors import ReceiveInProgress


class Inbox:
    """Messages in the order they came, and the one greenlet that waits for the next; false when it is empty.

    Args:
        loop: the event loop that wakes the greenlet.
    """

    __slots__ = ("_loop", "_messages", "_receiver")

    def __init__(self, loop: Any) -> None:
        self._loop = loop
        self._messages: list[str | bytes] = []  # not a deque: it is short, and an empty deque takes 700 bytes
        self._receiver: Any = None

    def __len__(self) -> int:
        return len(self._messages)

    def add(self, messages: Iterable[str | bytes]) -> None:
        """Add messages that have come."""
        self._messages.extend(messages)

    def take(self) -> str | bytes:
        """Take the first message out."""
        return self._messages.pop(0)

    def clear(self) -> None:
        """Drop everything."""
        self._messages.clear()

    def check_free(self) -> None:
        """Refuse a second receiver, which could take the messages of the first.

        Raises:
            ReceiveInProgress: a greenlet is waiting.
        """
        if self._receiver is not None:
            raise ReceiveInProgress("another greenlet is receiving from this WebSocket")

    def wait(self, timeout: float | None) -> None:
        """Wait to be woken.

        Args:
            timeout: seconds; None waits for as long as it takes.

        Raises:
            TimeoutError: nothing has come meanwhile.
        """
        timer = gevent.Timeout.start_new(timeout) if timeout is not None else None
        self._receiver = Waiter()
        try:
            self._receiver.get()
        except gevent.Timeout as expired:
            if expired is timer:
                raise TimeoutError(f"no message within {timeout} s") from None
            raise
        finally:
            self._receiver = None
            if timer is not None:
                timer.close()

    def hand_over(self) -> None:
        """Let who waits run now, if there is a message; from the event loop only."""
        if self._messages and self._receiver is not None:
            self._receiver.switch(None)

    def wake(self) -> None:
        """Let who waits run in the next turn of the loop, whether there is a message or not."""
        if self._receiver is not None:
            self._loop.run_callback(self._receiver.switch, None)
