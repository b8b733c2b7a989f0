"""Name the handler that blocks the event loop, while it does."""

import logging
import time

import gevent
import pytest
from gevent import monkey
from werkzeug.test import create_environ

from spa.server.watchdog import LONGEST_TURN, LOOK, Turn, Watchdog, is_too_long
from tests import wire

HUB, GREENLET = object(), object()
ROUNDS = 3  # where a machine that stood still cannot be told from a handler that blocks
block = monkey.get_original("time", "sleep")


@pytest.mark.parametrize(
    ("turn", "now", "expected"),
    [
        (None, 100.0, False),
        (Turn(GREENLET, 10.0), 10.0 + LONGEST_TURN, False),
        (Turn(GREENLET, 10.0), 10.01 + LONGEST_TURN, True),
        (Turn(HUB, 10.0), 100.0, False),
    ],
)
def test_a_turn_is_too_long_after_100_ms_unless_it_is_the_hubs(turn, now, expected):
    assert LONGEST_TURN == 0.1
    assert is_too_long(turn, HUB, now) is expected


class Handlers:
    """An app whose paths are its methods; those that block do so until that is reported, as ``reports`` shows."""

    def __init__(self, reports):
        self.reports = reports
        self.longest_gap = 0.0

    def __call__(self, environ, start_response):
        getattr(self, environ["PATH_INFO"].strip("/"))()
        return []

    def block_once(self):
        end = time.perf_counter() + wire.PATIENCE
        while not self.reports and time.perf_counter() < end:
            block(0.01)
        block(5 * LOOK)  # the same turn, which is not named again

    def block_twice(self):
        self.block_until_named(1)
        gevent.sleep(0.001)
        self.block_until_named(2)

    def block_until_named(self, times):
        wire.wait_for(lambda: len(self.reports) == times)  # the process is not patched: it blocks

    def compute(self):
        end = time.perf_counter() + wire.PATIENCE
        while not self.reports and time.perf_counter() < end:
            pass
        block(5 * LOOK)

    def wait(self):
        gevent.sleep(0.3)

    def take_many_turns(self):
        start = turn = time.perf_counter()
        self.longest_gap = 0.0
        while turn < start + 0.3:
            gevent.sleep(0)
            now = time.perf_counter()
            self.longest_gap = max(self.longest_gap, now - turn)
            turn = now

    def block_elsewhere(self):
        gevent.spawn(self.block_until_named, 1).join()


@pytest.fixture
def reports():
    return []


@pytest.fixture
def handlers(reports):
    return Handlers(reports)


@pytest.fixture
def watchdog(handlers, reports):
    watchdog = Watchdog(handlers, lambda what, stack: reports.append((what, stack)))
    watchdog.start()
    yield watchdog
    watchdog.stop()


def call(watchdog, path):
    gevent.spawn(watchdog, create_environ(path), None).get(timeout=wire.PATIENCE)


@pytest.mark.parametrize("name", ["block_once", "compute"])
def test_a_handler_that_blocks_is_named_once_with_its_stack_of_that_moment(watchdog, reports, name):
    call(watchdog, f"/{name}")
    ((what, stack),) = reports
    assert what == f"GET /{name}"
    assert stack.splitlines()[-2].endswith(f"in {name}")
    assert "in __call__\n" in stack


def test_it_is_named_while_it_blocks(reports):
    watchdog = Watchdog(
        lambda environ, start_response: wire.wait_for(lambda: reports),  # the process is not patched: it blocks
        lambda what, stack: reports.append(what),
    )
    watchdog.start()
    call(watchdog, "/until/reported")
    watchdog.stop()
    assert reports == ["GET /until/reported"]


def test_a_handler_that_blocks_again_is_named_again(watchdog, reports):
    call(watchdog, "/block_twice")
    assert [what for what, _ in reports] == ["GET /block_twice"] * 2


def test_a_greenlet_that_answers_no_request_is_named_as_what_it_is(watchdog, reports):
    call(watchdog, "/block_elsewhere")
    ((what, _),) = reports
    assert "<Greenlet" in what
    assert "block_until_named" in what


def test_a_handler_that_waits_is_not_named(watchdog, reports):
    call(watchdog, "/wait")
    assert reports == []


def test_a_handler_that_lets_others_run_is_not_named(watchdog, handlers, reports):
    for _ in range(ROUNDS):
        reports.clear()
        call(watchdog, "/take_many_turns")
        if handlers.longest_gap <= LONGEST_TURN:
            break
    assert reports == []


def test_an_idle_loop_is_not_named(watchdog, reports):
    gevent.sleep(0.3)
    assert reports == []


def test_after_its_end_nothing_is_named_and_nothing_traced(reports):
    watchdog = Watchdog(lambda environ, start_response: block(0.5), lambda what, stack: reports.append(what))
    watchdog.start()
    watchdog.stop()
    call(watchdog, "/late")
    assert reports == []


def test_the_entry_in_the_log_is_one_with_an_escaped_path(caplog):
    watchdog = Watchdog(lambda environ, start_response: wire.wait_for(lambda: caplog.messages))
    watchdog.start()
    with caplog.at_level(logging.WARNING, "spa"):
        call(watchdog, "/%0a%1b[31m")
    watchdog.stop()
    (message,) = caplog.messages
    first, *stack = message.splitlines()
    assert first == "GET /\\n\\x1b[31m has blocked the event loop for 100 ms, and all others wait; it is at:"
    assert "in <lambda>" in stack[0]
