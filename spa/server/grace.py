"""Decide which connections a stopping server cuts at once, and which have a moment to send their request."""

from collections.abc import Callable
from enum import Enum, auto

# Seconds from the stop in which a request that may be on its way is still read. It follows its connection within a
# round trip, two over TLS, and half a second holds two of the longest on earth. It is no longer, since a browser opens
# connections on speculation: while they are fresh, each Ctrl-C and each reload waits for them.
GRACE = 0.5


class Stage(Enum):
    """How far a connection is.

    Attributes:
        AWAITED: a request may be on its way: none has been answered yet, or a part of a further head has come.
        BUSY: a whole head has come, and its answer is under way.
        KEPT: it has had an answer, and nothing of a further head has come.
    """

    AWAITED = auto()
    BUSY = auto()
    KEPT = auto()


def is_over(stage: Stage, waited: float, has_bytes: Callable[[], bool]) -> bool:
    """Tell whether a stopping server reads no more from a connection.

    A client that meets the end of a kept connection must be ready to ask again (RFC 9112 section 9.5); the request of
    a new one would be lost. The moment is counted from the stop, whatever comes: a head that drips gains nothing.

    Args:
        stage: how far it is.
        waited: seconds since the server began to stop.
        has_bytes: tells whether something has come that nobody has read yet.
    """
    if stage is Stage.BUSY:
        return False
    return waited >= GRACE or (stage is Stage.KEPT and not has_bytes())


def is_waiting(waited: float, patience: float, known: int, accepted: int) -> bool:
    """Tell whether a stopping server still waits for connections to end.

    Args:
        waited: seconds since it began to stop.
        patience: seconds it may take.
        known: connections of which a stage is known: the others are in their TLS handshake, as a port scan may
            be for long.
        accepted: all connections.
    """
    return waited < patience and (known > 0 or (accepted > 0 and waited < GRACE))
