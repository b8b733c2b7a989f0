"""Name the handler that blocks the event loop, while it does.

Every greenlet of a thread shares its event loop, so one that computes, or calls what gevent has not patched, holds
all the others up. A thread of its own looks how long the present greenlet has been running without a switch; that
is no guess from delays, which a loop with much to do has as well.
"""

import logging
import sys
import traceback
from collections.abc import Callable
from time import perf_counter
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import gevent
import greenlet
from gevent import monkey

from spa.requestid import describe_target, escape
from spa.server.frames import count_machinery

logger = logging.getLogger("spa")

LONGEST_TURN = 0.1  # seconds; a person notices a delay from about here
LOOK = 0.02  # seconds between two looks of the thread

# gevent's own would be greenlets, which wait for the very loop that is to be watched.
start_thread = monkey.get_original("_thread", "start_new_thread")
get_ident = monkey.get_original("_thread", "get_ident")
sleep = monkey.get_original("time", "sleep")


class Turn(NamedTuple):
    """A greenlet that runs, and since when."""

    greenlet: Any
    since: float


def is_too_long(turn: Turn | None, hub: Any, now: float) -> bool:
    """Tell whether a turn blocks the loop. That of the hub is the loop itself: it waits, or calls what is ready."""
    return turn is not None and turn.greenlet is not hub and now - turn.since > LONGEST_TURN


class Watchdog:
    """A WSGI app that is watched: each block of the loop longer than 100 ms is one entry in the log.

    Args:
        app: the WSGI app.
        report: called from the watching thread with what blocks, and its stack; by default it is logged.
    """

    def __init__(self, app: Any, report: Callable[[str, str], object] | None = None) -> None:
        self._app = app
        self._report = report or _log
        self._hub = gevent.get_hub()
        self._requests: WeakKeyDictionary[Any, str] = WeakKeyDictionary()
        self._turn: Turn | None = None
        self._traced_before: Any = None
        self._is_watching = False

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Call the app, and remember what this greenlet answers."""
        self._requests[gevent.getcurrent()] = describe_target(environ)
        return self._app(environ, start_response)

    def start(self) -> None:
        """Watch the event loop of this thread."""
        self._is_watching = True
        self._traced_before = greenlet.settrace(self._on_switch)
        start_thread(self._watch, (get_ident(),))

    def stop(self) -> None:
        """Watch no longer; to be called in the same thread."""
        self._is_watching = False
        greenlet.settrace(self._traced_before)

    def _on_switch(self, event: str, switch: tuple[Any, Any]) -> None:
        self._turn = Turn(switch[1], perf_counter())
        if self._traced_before is not None:
            self._traced_before(event, switch)

    def _watch(self, thread: int) -> None:
        reported: Turn | None = None
        while self._is_watching:
            sleep(LOOK)
            turn = self._turn
            if turn is reported or not is_too_long(turn, self._hub, perf_counter()):
                continue
            stack = traceback.extract_stack(sys._current_frames().get(thread))
            if turn is self._turn:  # else it ended just now, and this is the stack of another
                reported = turn
                self._report(self._describe(turn), _format(stack))

    def _describe(self, turn: Turn | None) -> str:
        assert turn is not None
        return self._requests.get(turn.greenlet) or escape(repr(turn.greenlet))


def _format(stack: traceback.StackSummary) -> str:
    own = stack[count_machinery(frame.filename for frame in stack) :]
    return "".join(traceback.format_list(own))


def _log(what: str, stack: str) -> None:
    logger.warning(
        "%s has blocked the event loop for %d ms, and all others wait; it is at:\n%s",
        what, LONGEST_TURN * 1000, stack.rstrip(),
    )
