"""Hold frames for a slow peer, within bounds."""

import pytest

from spa.websocket.limits import Limits
from spa.websocket.outbox import CONTROL_BACKLOG, Outbox

LIMITS = Limits(max_waiting_out=3, max_bytes_out=100)


class Kernel:
    """Take as many bytes as there is room for, as a socket buffer does."""

    def __init__(self, *rooms):
        self.rooms = list(rooms)
        self.taken = b""

    def send(self, data):
        if not self.rooms:
            raise BlockingIOError
        size = min(self.rooms.pop(0), len(data))
        self.taken += bytes(data[:size])
        return size


def filled(*frames):
    outbox = Outbox(LIMITS)
    for frame in frames:
        outbox.add(frame)
    return outbox


@pytest.mark.parametrize(
    ("sizes", "size", "has_room"),
    [
        ([], 1000, True),
        ([1], 99, True),
        ([1], 100, False),
        ([1, 1], 1, True),
        ([1, 1, 1], 1, False),
        ([1000], 1, False),
    ],
)
def test_a_frame_has_room_within_both_bounds_and_alone_always(sizes, size, has_room):
    assert filled(*map(bytes, sizes)).has_room(size) == has_room


@pytest.mark.parametrize(
    ("rooms", "taken", "is_empty"),
    [
        ([], b"", False),
        ([2], b"ab", False),
        ([3], b"abc", False),
        ([3, 3], b"abcdef", True),
        ([1, 1, 1, 2, 1], b"abcdef", True),
        ([2, 0], b"ab", False),
    ],
)
def test_frames_leave_in_order_and_whole_however_they_are_taken(rooms, taken, is_empty):
    outbox, kernel = filled(b"abc", b"def"), Kernel(*rooms)
    assert outbox.flush(kernel.send) == bool(taken)
    assert kernel.taken == taken
    assert bool(outbox) != is_empty
    outbox.flush(Kernel(*[9] * 9).send)
    assert not outbox


def test_a_broken_connection_is_the_callers_to_handle():
    def send(data):
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        filled(b"abc").flush(send)


def test_pongs_that_pile_up_are_a_flood_until_they_are_read():
    outbox = filled(b"pong")
    outbox.count_control(CONTROL_BACKLOG)
    assert not outbox.is_flooded
    outbox.count_control(1)
    assert outbox.is_flooded
    outbox.flush(Kernel(4).send)
    assert not outbox.is_flooded


def test_a_cleared_outbox_is_as_new():
    outbox = filled(b"a", b"b", b"c")
    assert outbox.is_crowded
    outbox.clear()
    assert not outbox
    assert outbox.has_room(100)
