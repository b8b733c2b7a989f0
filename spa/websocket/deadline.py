"""Decide what is overdue on a connection, and when to look again."""

from enum import Enum
from typing import NamedTuple

from spa.websocket import keepalive
from spa.websocket.limits import Limits

HANG_UP_INTERVAL = 0.15  # seconds between two looks for a hang-up, while nothing is read


class Action(Enum):
    """What to do about a connection now."""

    WAIT = "wait"
    PING = "ping"
    GIVE_UP = "give up"  # the peer has gone, or might as well have
    END = "end"  # the closing handshake has had its time


class Decision(NamedTuple):
    """An action, why a peer is given up, and the time of the next look (in the seconds of the clock passed in)."""

    action: Action
    again: float
    reason: str = ""


def decide(
    now: float,
    limits: Limits,
    *,
    close_by: float | None,
    stuck: float | None,
    heard: float | None,
    pinged: float | None,
) -> Decision:
    """Judge a connection by its times.

    Args:
        now: the time, in seconds of any steady clock; the others are of the same clock.
        limits: its bounds.
        close_by: when its closing handshake is over; None before it has begun.
        stuck: when the peer last took some of what waits for it; None if nothing waits.
        heard: when the last byte came from the peer; None while nothing is read, so that its silence says nothing.
        pinged: when the peer was last pinged, or None.
    """
    times = []
    if close_by is not None:
        if now >= close_by:
            return Decision(Action.END, now)
        times.append(close_by)
    if stuck is not None:
        if now >= stuck + limits.send_timeout:
            return Decision(Action.GIVE_UP, now, "the peer does not read")
        times.append(stuck + limits.send_timeout)
    action = Action.WAIT
    if close_by is None and heard is None:
        times.append(now + HANG_UP_INTERVAL)
    elif close_by is None and heard is not None:
        wanted, again = keepalive.decide(now, heard, pinged, limits.ping_interval, limits.ping_timeout)
        if wanted is keepalive.Action.GIVE_UP:
            return Decision(Action.GIVE_UP, now, "the peer does not answer pings")
        if wanted is keepalive.Action.PING:
            action = Action.PING
        times.append(again)
    return Decision(action, min(times))
