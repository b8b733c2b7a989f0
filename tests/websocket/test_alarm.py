"""Alarms over one timer, on a clock that the test sets."""

import gc
import weakref
from time import sleep

import gevent
import gevent.event
import pytest

from spa.websocket.alarm import AlarmClock


class Time:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def clock(time):
    return AlarmClock(time)


def test_alarms_ring_in_the_order_of_their_times_and_not_before(time, clock):
    rung = []
    for at in (103, 101, 102):
        clock.at(at, lambda at=at: rung.append(at))
    clock.ring()
    assert rung == []
    time.now = 102
    clock.ring()
    assert rung == [101, 102]
    time.now = 1000
    clock.ring()
    clock.ring()
    assert rung == [101, 102, 103]


def test_a_cancelled_alarm_does_not_ring_and_may_be_cancelled_again(time, clock):
    rung = []
    first = clock.at(101, lambda: rung.append("first"))
    clock.at(101, lambda: rung.append("second"))
    first.cancel()
    first.cancel()
    time.now = 101
    clock.ring()
    first.cancel()
    assert rung == ["second"]


def test_an_alarm_may_set_and_cancel_others_while_it_rings(time, clock):
    rung = []
    later = clock.at(102, lambda: rung.append("later"))

    def first() -> None:
        later.cancel()
        clock.at(101, lambda: rung.append("at once"))
        clock.at(200, lambda: rung.append("much later"))

    clock.at(101, first)
    time.now = 103
    clock.ring()
    assert rung == ["at once"]


def test_cancelled_alarms_do_not_pile_up(clock):
    class Thing:
        def call(self) -> None: ...

    things = []
    for number in range(1000):
        thing = Thing()
        things.append(weakref.ref(thing))
        clock.at(1000 + number, thing.call).cancel()
        del thing
    gc.collect()
    assert sum(thing() is not None for thing in things) == 0
    assert len(clock._heap) < 200


def test_alarms_survive_the_clearing_out_of_cancelled_ones(time, clock):
    rung = []
    clock.at(101, lambda: rung.append("kept"))
    for _ in range(500):
        clock.at(101, lambda: rung.append("cancelled")).cancel()
    time.now = 101
    clock.ring()
    assert rung == ["kept"]


def test_the_event_loop_rings_by_itself():
    clock = AlarmClock()
    rung = gevent.event.Event()
    never = clock.at(clock.now() + 3600, rung.set)
    clock.at(clock.now() + 0.01, rung.set)
    try:
        assert rung.wait(5)
    finally:
        never.cancel()


def test_one_alarm_that_raises_does_not_silence_the_others(monkeypatch):
    errors = []
    monkeypatch.setattr(gevent.get_hub(), "handle_error", lambda *error: errors.append(error[1]))
    clock = AlarmClock()
    rung = gevent.event.Event()
    clock.at(clock.now() + 0.01, lambda: 1 / 0)
    clock.at(clock.now() + 0.02, rung.set)
    assert rung.wait(5)
    assert errors == [ZeroDivisionError]


def test_a_call_that_is_interrupted_does_not_silence_the_others():
    def interrupt():
        raise KeyboardInterrupt

    clock = AlarmClock()
    rung = gevent.event.Event()
    clock.at(clock.now(), interrupt)
    clock.at(clock.now() + 0.02, rung.set)
    with pytest.raises(KeyboardInterrupt):
        rung.wait(5)
    assert rung.wait(5)


@pytest.mark.parametrize(("late", "is_put_off"), [(0.0, False), (0.04, False), (0.06, True), (1000.0, True)])
def test_an_alarm_that_is_late_lets_the_loop_serve_what_came_meanwhile_once(time, clock, late, is_put_off):
    rung = []
    clock.at(101, lambda: rung.append("late"))
    time.now = 101 + late
    clock._on_timer()
    assert bool(rung) is not is_put_off
    clock._on_timer()
    assert rung == ["late"]
    clock.at(time.now + 1, lambda: rung.append("another"))
    time.now += 1 + late
    clock._on_timer()
    assert ("another" in rung) is not is_put_off


def test_a_late_alarm_is_put_off_by_no_more_than_a_second(time, clock, monkeypatch):
    graces = []
    monkeypatch.setattr(clock, "_arm", lambda grace=0.0: graces.append(grace))
    clock._due = 101
    for late in (0.25, 3600.0):
        time.now = 101 + late
        clock._excused = 0.0
        clock._on_timer()
    assert graces == [0.25, 1.0]


def test_a_longer_pause_behind_a_short_one_has_its_grace_too_and_a_loop_that_is_always_late_rings(time, clock):
    rung = []
    clock.at(101, lambda: rung.append("late"))
    for late, is_rung in ((0.1, False), (1.5, False), (3.0, True)):
        time.now = 101 + late
        clock._on_timer()
        assert bool(rung) is is_rung


@pytest.mark.parametrize("block", [0.06, 0.1, 0.5, 2.0])
def test_in_a_loop_that_is_blocked_again_and_again_an_alarm_is_put_off_once(time, clock, block):
    rung = []
    clock.at(101, lambda: rung.append("late"))
    time.now = 101 + block
    clock._on_timer()
    assert not rung
    time.now += min(block, 1.0) + block  # the grace, and a block in which it ends
    clock._on_timer()
    assert rung


def test_the_grace_begins_when_the_loop_goes_on():
    clock, done, times = AlarmClock(), gevent.event.Event(), {}

    def block():
        sleep(0.15)
        times["unblocked"] = clock.now()

    def ring():
        times["rung"] = clock.now()
        done.set()

    blocker = gevent.get_hub().loop.timer(0.001)
    blocker.start(block)
    clock.at(clock.now() + 0.002, ring)
    sleep(0.01)  # both are due in the same turn of the loop, whose time stays that of its beginning
    assert done.wait(5)
    blocker.close()
    assert times["rung"] - times["unblocked"] > 0.1
