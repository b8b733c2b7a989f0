"""Let greenlets wait in line until the event loop wakes them, one by one or all."""

from typing import Any

from gevent.hub import Waiter


class Line:
    """Greenlets that wait, the first come first; false when nobody does.

    Args:
        loop: the event loop that wakes them.
    """

    __slots__ = ("_loop", "_waiters")

    def __init__(self, loop: Any) -> None:
        self._loop = loop
        self._waiters: list[Any] = []

    def __bool__(self) -> bool:
        return bool(self._waiters)

    def wait(self) -> None:
        """Wait to be woken; one that is killed meanwhile hands its turn on."""
        waiter = Waiter()
        self._waiters.append(waiter)
        try:
            waiter.get()
        except BaseException:
            if waiter in self._waiters:
                self._waiters.remove(waiter)
            else:
                self.wake_first()
            raise

    def wake_first(self) -> None:
        """Wake the greenlet that has waited longest, in the next turn of the loop."""
        if self._waiters:
            self._loop.run_callback(self._waiters.pop(0).switch, None)

    def wake_all(self) -> None:
        """Wake everybody."""
        while self._waiters:
            self.wake_first()
