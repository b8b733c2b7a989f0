"""Decide which connections a stopping server cuts at once, and which have a moment to send their request."""

import pytest

from spa.server.grace import GRACE, Stage, is_over, is_waiting

EARLY, LATE = GRACE / 2, GRACE


@pytest.mark.parametrize(
    ("stage", "waited", "has_bytes", "expected"),
    [
        (Stage.AWAITED, 0.0, False, False),
        (Stage.AWAITED, EARLY, True, False),
        (Stage.AWAITED, LATE, False, True),
        (Stage.AWAITED, LATE, True, True),
        (Stage.BUSY, 0.0, False, False),
        (Stage.BUSY, 1000.0, True, False),
        (Stage.KEPT, 0.0, False, True),
        (Stage.KEPT, 0.0, True, False),
        (Stage.KEPT, LATE, True, True),
    ],
)
def test_what_is_kept_is_over_at_once_and_what_is_awaited_after_a_moment(stage, waited, has_bytes, expected):
    assert is_over(stage, waited, lambda: has_bytes) is expected


@pytest.mark.parametrize(
    ("waited", "patience", "known", "accepted", "expected"),
    [
        (0.0, 30.0, 0, 0, False),
        (0.0, 30.0, 0, 1, True),
        (EARLY, 30.0, 0, 1, True),
        (LATE, 30.0, 0, 1, False),
        (LATE, 30.0, 1, 2, True),
        (30.0, 30.0, 1, 1, False),
        (EARLY, EARLY, 0, 1, False),
    ],
)
def test_it_waits_for_a_handshake_for_a_moment_and_for_the_others_to_the_end(
    waited, patience, known, accepted, expected
):
    assert is_waiting(waited, patience, known, accepted) is expected
