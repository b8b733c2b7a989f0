"""Let greenlets wait in line."""

import gevent
import pytest

from spa.websocket.line import Line


@pytest.fixture
def line():
    return Line(gevent.get_hub().loop)


def waiting(line, number):
    """Start greenlets that wait, and return them with the list each adds its number to."""
    woken = []

    def wait(index):
        line.wait()
        woken.append(index)

    greenlets = [gevent.spawn(wait, index) for index in range(number)]
    gevent.sleep(0)
    return greenlets, woken


def test_the_first_come_is_woken_first(line):
    greenlets, woken = waiting(line, 3)
    line.wake_first()
    gevent.joinall(greenlets[:1], timeout=5)
    assert woken == [0]
    line.wake_all()
    gevent.joinall(greenlets, timeout=5)
    assert woken == [0, 1, 2]
    assert not line


def test_to_wake_nobody_does_nothing(line):
    line.wake_first()
    line.wake_all()
    assert not line


def test_one_that_is_killed_leaves_the_line(line):
    greenlets, woken = waiting(line, 2)
    greenlets[0].kill(timeout=5)
    line.wake_first()
    gevent.joinall(greenlets, timeout=5)
    assert woken == [1]


def test_one_that_is_killed_while_it_is_woken_hands_its_turn_on(line):
    greenlets, woken = waiting(line, 2)
    greenlets[0].kill(block=False)
    line.wake_first()
    gevent.joinall(greenlets, timeout=5)
    assert woken == [1]
