"""Messages that wait for a greenlet, and the greenlet that waits for them."""

import gevent
import pytest

from spa.errors import ReceiveInProgress
from spa.websocket.inbox import Inbox


@pytest.fixture
def inbox():
    return Inbox(gevent.get_hub().loop)


def receiving(inbox):
    """Start a greenlet that waits for a message and takes it."""

    def receive():
        inbox.wait(5)
        return inbox.take() if inbox else None

    greenlet = gevent.spawn(receive)
    gevent.sleep(0)
    return greenlet


def in_the_loop(call):
    """Call from the event loop."""
    gevent.get_hub().loop.run_callback(call)
    gevent.sleep(0)


def test_messages_are_taken_in_the_order_they_came(inbox):
    inbox.add(["a"])
    inbox.add([b"b", "c"])
    assert len(inbox) == 3
    assert [inbox.take() for _ in range(3)] == ["a", b"b", "c"]
    assert not inbox


def test_what_is_dropped_is_gone(inbox):
    inbox.add(["a", "b"])
    inbox.clear()
    assert not inbox


def test_a_message_is_handed_over_at_once(inbox):
    greenlet = receiving(inbox)
    inbox.add(["a"])
    in_the_loop(inbox.hand_over)
    assert greenlet.ready()
    assert greenlet.value == "a"


def test_without_a_message_nothing_is_handed_over(inbox):
    greenlet = receiving(inbox)
    in_the_loop(inbox.hand_over)
    assert not greenlet.ready()
    inbox.wake()
    assert greenlet.get(timeout=5) is None


def test_without_who_waits_a_message_stays(inbox):
    inbox.add(["a"])
    in_the_loop(inbox.hand_over)
    inbox.wake()
    assert inbox.take() == "a"


def test_a_wait_that_takes_too_long_is_an_error_and_makes_room_for_the_next(inbox):
    with pytest.raises(TimeoutError, match=r"^no message within 0\.01 s$"):
        inbox.wait(0.01)
    inbox.check_free()
    greenlet = receiving(inbox)
    inbox.wake()
    assert greenlet.get(timeout=5) is None


def test_the_timeout_of_somebody_else_is_not_ours(inbox):
    with pytest.raises(gevent.Timeout), gevent.Timeout(0.01):
        inbox.wait(5)
    inbox.check_free()


def test_while_one_waits_a_second_is_refused(inbox):
    greenlet = receiving(inbox)
    with pytest.raises(ReceiveInProgress):
        inbox.check_free()
    inbox.wake()
    greenlet.get(timeout=5)
    inbox.check_free()
