"""What is overdue on a connection, and when that can next be so."""

import math

import pytest

from spa.websocket.deadline import HANG_UP_INTERVAL, Action, Decision, decide
from spa.websocket.limits import Limits

LIMITS = Limits(ping_interval=20, ping_timeout=15, send_timeout=10)
WAIT, PING, GIVE_UP, END = Action.WAIT, Action.PING, Action.GIVE_UP, Action.END
DEAF, MUTE = "the peer does not read", "the peer does not answer pings"


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        # Open, and nothing waits for the peer: silence alone counts.
        ({"heard": 100}, Decision(WAIT, 120)),
        ({"heard": 80}, Decision(PING, 115)),
        ({"heard": 70, "pinged": 90}, Decision(WAIT, 105)),
        ({"heard": 60, "pinged": 85}, Decision(GIVE_UP, 100, MUTE)),
        # Something waits.
        ({"heard": 95, "stuck": 95}, Decision(WAIT, 105)),
        ({"heard": 82, "stuck": 95}, Decision(WAIT, 102)),
        ({"heard": 80, "stuck": 95}, Decision(PING, 105)),
        ({"heard": 99, "stuck": 90}, Decision(GIVE_UP, 100, DEAF)),
        ({"heard": 60, "pinged": 85, "stuck": 90}, Decision(GIVE_UP, 100, DEAF)),
        # Nothing is read: silence says nothing, but the peer may hang up.
        ({}, Decision(WAIT, 100 + HANG_UP_INTERVAL)),
        ({"pinged": 50}, Decision(WAIT, 100 + HANG_UP_INTERVAL)),
        ({"stuck": 90.05}, Decision(WAIT, 100.05)),
        ({"stuck": 90}, Decision(GIVE_UP, 100, DEAF)),
        # Closing: nobody is pinged any more.
        ({"close_by": 105, "heard": 10}, Decision(WAIT, 105)),
        ({"close_by": 105, "stuck": 93}, Decision(WAIT, 103)),
        ({"close_by": 100, "stuck": 99}, Decision(END, 100)),
        ({"close_by": math.inf, "stuck": 95}, Decision(WAIT, 105)),
        ({"close_by": math.inf, "stuck": 90}, Decision(GIVE_UP, 100, DEAF)),
    ],
)
def test_a_connection_is_judged_by_its_times(times, expected):
    known = {"close_by": None, "stuck": None, "heard": None, "pinged": None}
    decision = decide(100, LIMITS, **{**known, **times})
    assert (decision.action, pytest.approx(decision.again), decision.reason) == expected
