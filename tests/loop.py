"""Let gevent's loop run in a test: for a moment, or until something holds."""

import gevent

from tests.wire import PATIENCE


def wait_until(condition, what="", patience=PATIENCE):
    """Let the event loop run until a condition holds, and return its value; fail when it does not in time."""
    with gevent.Timeout(patience, AssertionError(f"not within {patience} s: {what}")):
        while not (value := condition()):
            gevent.sleep(0.002)
    return value


def run_loop(turns=5):
    """Let the event loop do what it can do now."""
    for _ in range(turns):
        gevent.sleep(0.001)
