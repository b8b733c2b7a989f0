"""When a silent peer is pinged, and when it is given up."""

import itertools

import pytest

from spa.websocket.keepalive import Action, Decision, decide


@pytest.mark.parametrize(
    ("now", "heard", "pinged", "expected"),
    [
        # interval 20, timeout 10
        (100, 100, None, Decision(Action.WAIT, 120)),
        (119.9, 100, None, Decision(Action.WAIT, 120)),
        (120, 100, None, Decision(Action.PING, 130)),
        (500, 100, None, Decision(Action.PING, 510)),
        (121, 100, 120, Decision(Action.WAIT, 130)),
        (129.9, 100, 120, Decision(Action.WAIT, 130)),
        (130, 100, 120, Decision(Action.GIVE_UP, 130)),
        (120, 120, 120, Decision(Action.WAIT, 130)),  # heard in the moment of the ping: before it, to be safe
        (125, 121, 120, Decision(Action.WAIT, 141)),  # the ping was answered
        (141, 121, 120, Decision(Action.PING, 151)),
    ],
)
def test_a_peer_is_judged_by_its_last_sign_of_life(now, heard, pinged, expected):
    assert decide(now, heard, pinged, 20, 10) == expected


def test_a_peer_that_falls_silent_is_given_up_after_interval_and_timeout():
    now, pinged, pings = 0.0, None, 0
    while True:
        action, again = decide(now, 0.0, pinged, 20, 10)
        if action is Action.GIVE_UP:
            break
        if action is Action.PING:
            pinged, pings = now, pings + 1
        assert again > now
        now = again
    assert (now, pings) == (30.0, 1)


def test_a_peer_that_answers_is_never_given_up():
    now, heard, pinged, pings = 0.0, 0.0, None, 0
    while now < 1000:
        action, again = decide(now, heard, pinged, 20, 10)
        assert action is not Action.GIVE_UP
        if action is Action.PING:
            pinged, pings = now, pings + 1
            heard = now + 1  # its pong
            again = now + 1
        now = again
    assert pings == 47  # every 21 seconds


@pytest.mark.parametrize(("interval", "timeout"), [(5, 20), (20, 20), (20, 10)])
def test_a_peer_that_answers_is_pinged_once_an_interval_however_long_the_timeout(interval, timeout):
    now, heard, pinged, pings = 0.0, 0.0, None, []
    while now < 1000:
        action, again = decide(now, heard, pinged, interval, timeout)
        assert action is not Action.GIVE_UP
        if action is Action.PING:
            pinged = now
            pings.append(now)
            heard = now + 0.1  # its pong, which wakes nobody
        now = again
    assert {round(after - before, 3) for before, after in itertools.pairwise(pings)} == {interval + 0.1}


def test_a_ping_without_an_answer_is_not_sent_again_before_the_timeout():
    assert decide(10, 0, 5, 5, 20) == Decision(Action.WAIT, 25)
    assert decide(25, 0, 5, 5, 20) == Decision(Action.GIVE_UP, 25)
