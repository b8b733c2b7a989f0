"""The open WebSockets of one server, and how they are sent away."""

import contextlib
import time

import pytest

from spa.websocket import registry
from spa.websocket.conversation import State
from spa.websocket.registry import Registry
from tests.loop import wait_until
from tests.websocket.pair import open_pair
from tests.wire import CLOSE


def test_it_knows_what_was_added_until_it_is_discarded():
    known = Registry()
    with open_pair() as one, open_pair() as two:
        known.add(one.connection)
        known.add(two.connection)
        known.add(two.connection)
        assert (len(list(known)), set(known)) == (2, {one.connection, two.connection})
        known.discard(one.connection)
        known.discard(one.connection)
        assert list(known) == [two.connection]


def test_every_websocket_is_sent_a_close_that_says_why():
    known = Registry()
    with contextlib.ExitStack() as stack:
        pairs = [stack.enter_context(open_pair()) for _ in range(3)]
        for pair in pairs:
            known.add(pair.connection)
        known.send_away()
        for pair in pairs:
            close = pair.peer.read_close()
            assert (close.code, close.reason) == (1001, "the server is stopping")
            pair.peer.send(CLOSE, close.payload)
            wait_until(lambda pair=pair: pair.connection.state is State.ENDED)


def test_a_websocket_that_opens_while_the_server_stops_is_sent_away_at_once():
    known = Registry()
    known.send_away()
    with open_pair() as pair:
        known.add(pair.connection)
        assert pair.peer.read_close().code == 1001


def test_one_that_has_ended_does_not_keep_the_others_from_their_close():
    known = Registry()
    with open_pair() as ended, open_pair() as closing, open_pair() as other:
        for pair in (ended, closing, other):
            known.add(pair.connection)
        ended.connection._end()
        closing.connection.close(4000)
        known.send_away()
        assert closing.peer.read_close().code == 4000
        assert other.peer.read_close().code == 1001


def test_a_peer_that_does_not_answer_holds_the_server_up_no_longer_than_its_patience(monkeypatch):
    monkeypatch.setattr(registry, "PATIENCE", 0.1)
    known = Registry()
    with open_pair(close_timeout=60) as pair:
        known.add(pair.connection)
        started = time.monotonic()
        known.send_away()
        wait_until(lambda: pair.connection.state is State.ENDED)
        assert 0.09 < time.monotonic() - started < 2


def test_a_greenlet_may_add_and_discard_while_it_is_iterated():
    known = Registry()
    with open_pair() as one, open_pair() as two:
        known.add(one.connection)
        for connection in known:
            known.discard(connection)
            known.add(two.connection)
        assert list(known) == [two.connection]


@pytest.mark.parametrize("number", [0, 1])
def test_two_registries_know_nothing_of_each_other(number):
    registries = [Registry(), Registry()]
    with open_pair() as pair:
        registries[number].add(pair.connection)
        registries[1 - number].send_away()
        assert pair.connection.state is State.OPEN
