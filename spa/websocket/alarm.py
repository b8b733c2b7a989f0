"""Call many connections back at their own times, from one timer of the event loop."""

import heapq
import sys
import time
from collections.abc import Callable
from typing import Any

import gevent

TOLERATED = 64  # cancelled alarms that may lie in the heap, some 5 KiB: too few to walk through it for
PUNCTUAL = 0.05  # seconds; an alarm that comes later shows that the process was paused, or the loop blocked
LONGEST_GRACE = 1.0  # seconds by which a peer that is really gone is given up later, at most

Clock = Callable[[], float]


class Alarm:
    """One call to come; ``cancel`` takes it back."""

    __slots__ = ("call", "clock", "time")

    def __init__(self, time: float, call: Callable[[], object], clock: "AlarmClock") -> None:
        self.time = time
        self.call: Callable[[], object] | None = call
        self.clock = clock

    def __lt__(self, other: "Alarm") -> bool:
        return self.time < other.time

    def cancel(self) -> None:
        """Take the call back; after the call it does nothing."""
        if self.call is not None:
            self.call = None
            self.clock.forget()


class AlarmClock:
    """A heap of alarms over one timer of the running event loop.

    The timer belongs to the loop that is running when an alarm is set, so a clock made before a fork serves
    the child.
    """

    def __init__(self, now: Clock = time.monotonic) -> None:
        self.now = now
        self._heap: list[Alarm] = []
        self._cancelled = 0
        self._loop: Any = None
        self._timer: Any = None
        self._due = 0.0
        self._excused = 0.0  # seconds of lateness for which the alarms were put off

    def at(self, time: float, call: Callable[[], object]) -> Alarm:
        """Call ``call()`` from the event loop, when ``now()`` has reached ``time``."""
        alarm = Alarm(time, call, self)
        heapq.heappush(self._heap, alarm)
        if self._heap[0] is alarm or self._loop is not gevent.get_hub().loop:
            self._arm()
        return alarm

    def forget(self) -> None:
        """Count a cancelled alarm; clear them out when they are most of the heap."""
        self._cancelled += 1
        if self._cancelled > TOLERATED and self._cancelled * 2 > len(self._heap):
            self._heap = [alarm for alarm in self._heap if alarm.call is not None]
            heapq.heapify(self._heap)
            self._cancelled = 0

    def ring(self) -> None:
        """Make every call whose time has come, then set the timer for the next."""
        now = self.now()
        try:
            while self._heap and self._heap[0].time <= now:
                alarm = heapq.heappop(self._heap)
                call, alarm.call = alarm.call, None
                if call is None:
                    self._cancelled -= 1
                else:
                    self._call(call)
        finally:
            self._arm()  # also when Ctrl-C came in a call

    def _on_timer(self) -> None:
        """Ring; but behind a pause of the process, or a block of the loop, let the sockets be served first.

        The loop calls timers before sockets, so it would take peers that answered in time for silent ones. They get
        as long as the alarm is late, and again only after a longer pause: a loop that is always late still rings.
        """
        late = self.now() - self._due
        if late > 3 * self._excused + PUNCTUAL:  # more than the grace, in a loop as slow as before, explains
            self._excused = late
            self._arm(min(late, LONGEST_GRACE))
        else:
            self._excused = 0.0
            self.ring()

    def _call(self, call: Callable[[], object]) -> None:
        try:
            call()
        except Exception:
            gevent.get_hub().handle_error(call, *sys.exc_info())  # a bug; the other alarms must ring

    def _arm(self, grace: float = 0.0) -> None:
        loop = gevent.get_hub().loop
        if self._timer is not None:
            self._timer.stop()
            self._timer.close()
            self._timer = None
        self._loop = loop
        if self._heap:
            self._due = self._heap[0].time
            self._timer = loop.timer(max(grace, self._due - self.now()), ref=False)
            self._timer.start(self._on_timer, update=grace > 0)  # the loop's own time is that before the pause
