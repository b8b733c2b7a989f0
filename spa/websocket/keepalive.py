"""Decide when to ping a silent peer, and when to give it up."""

from enum import Enum
from typing import NamedTuple


class Action(Enum):
    """What to do about a peer now."""

    WAIT = "wait"
    PING = "ping"
    GIVE_UP = "give up"


class Decision(NamedTuple):
    """An action, and the time of the next look (in the seconds of the clock that was passed in)."""

    action: Action
    again: float


def decide(now: float, heard: float, pinged: float | None, interval: float, timeout: float) -> Decision:
    """Judge a peer by its last sign of life.

    Args:
        now: the time, in seconds of any steady clock; ``heard`` and ``pinged`` are of the same clock.
        heard: when the last byte came from the peer.
        pinged: when it was last pinged, or None.
        interval: seconds of silence before a ping.
        timeout: seconds a ping may stay without any answer.
    """
    if pinged is not None and pinged >= heard:
        if now >= pinged + timeout:
            return Decision(Action.GIVE_UP, now)
        return Decision(Action.WAIT, pinged + timeout)
    if now >= heard + interval:
        # An answer starts the next interval, which ends before the timeout where it is the shorter of the two.
        return Decision(Action.PING, now + min(interval, timeout))
    return Decision(Action.WAIT, heard + interval)
