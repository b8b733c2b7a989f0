"""What the event loop is asked to watch for is what it reports."""

import gevent
import gevent.event
import gevent.socket
import pytest

from spa.readiness import READ, WRITE
from tests.wire import PATIENCE


def is_reported(descriptor, events, seconds):
    """Tell whether the loop calls back for a descriptor within so many seconds."""
    called = gevent.event.Event()
    watcher = gevent.get_hub().loop.io(descriptor, events)
    watcher.start(called.set)
    try:
        return called.wait(seconds)
    finally:
        watcher.stop()
        watcher.close()


@pytest.fixture
def pair():
    ours, theirs = gevent.socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def test_a_socket_can_be_written_to_before_there_is_anything_to_read(pair):
    descriptor = pair[0].fileno()
    assert is_reported(descriptor, WRITE, PATIENCE)
    assert not is_reported(descriptor, READ, 0.01)
    pair[1].sendall(b"x")
    assert is_reported(descriptor, READ, PATIENCE)
