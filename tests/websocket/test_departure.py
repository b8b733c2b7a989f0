"""Which registry knows what is open on a server, and what SIGTERM does where it does not send that away itself."""

import os
import signal

import gevent
import pytest

import spa
from spa.environ import APP, CONNECTIONS
from spa.websocket.departure import find_registry, send_away_on_sigterm
from spa.websocket.registry import Registry
from tests.loop import run_loop, wait_until
from tests.websocket.pair import open_pair


@pytest.fixture
def heard():
    """A server's own handler of SIGTERM, and how often it was called; the old one is put back."""
    calls = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: calls.append(number))
    yield calls
    signal.signal(signal.SIGTERM, before)


def test_the_registry_of_the_server_comes_before_that_of_the_app_and_hears_no_signal(heard):
    ours = signal.getsignal(signal.SIGTERM)
    registry = Registry()
    assert find_registry({CONNECTIONS: registry, APP: spa.App(())}) is registry
    assert signal.getsignal(signal.SIGTERM) is ours


def test_where_the_server_has_no_registry_that_of_the_app_hears_sigterm(heard):
    app = spa.App(())
    with open_pair() as pair:
        for _ in range(2):
            assert find_registry({APP: app}) is app.connections
        app.connections.add(pair.connection)
        signal.raise_signal(signal.SIGTERM)
        assert pair.peer.read_close().code == 1001
    assert heard == [signal.SIGTERM]


def test_what_is_served_without_an_app_belongs_to_a_registry_of_its_own(heard):
    ours = signal.getsignal(signal.SIGTERM)
    assert find_registry({}) is not find_registry({})
    assert signal.getsignal(signal.SIGTERM) is ours


def test_on_sigterm_the_servers_handler_is_called_and_the_sockets_get_1001(heard):
    registry = Registry()
    with open_pair() as pair:
        registry.add(pair.connection)
        send_away_on_sigterm(registry)
        os.kill(os.getpid(), signal.SIGTERM)
        assert pair.peer.read_close().code == 1001
    assert heard == [signal.SIGTERM]


def test_the_sockets_get_1001_also_when_the_servers_handler_raises():
    def leave(number, frame):
        raise SystemExit

    before = signal.signal(signal.SIGTERM, leave)
    try:
        registry = Registry()
        with open_pair() as pair:
            registry.add(pair.connection)
            send_away_on_sigterm(registry)
            with pytest.raises(SystemExit):
                signal.raise_signal(signal.SIGTERM)
            assert pair.peer.read_close().code == 1001
    finally:
        signal.signal(signal.SIGTERM, before)


def test_a_registry_hears_the_signal_once_however_often_it_is_asked(heard):
    registry = Registry()
    for _ in range(3):
        send_away_on_sigterm(registry)
    signal.raise_signal(signal.SIGTERM)
    run_loop()
    assert heard == [signal.SIGTERM]


def test_two_apps_of_a_process_are_both_sent_away(heard):
    registries = [Registry(), Registry()]
    with open_pair() as one, open_pair() as two:
        for registry, pair in zip(registries, (one, two), strict=True):
            registry.add(pair.connection)
            send_away_on_sigterm(registry)
        signal.raise_signal(signal.SIGTERM)
        assert [pair.peer.read_close().code for pair in (one, two)] == [1001, 1001]
    assert heard == [signal.SIGTERM]


@pytest.mark.parametrize("disposition", [signal.SIG_DFL, signal.SIG_IGN])
def test_a_signal_that_nobody_handles_does_what_it_did_before(disposition):
    before = signal.signal(signal.SIGTERM, disposition)
    try:
        send_away_on_sigterm(Registry())
        assert signal.getsignal(signal.SIGTERM) is disposition
    finally:
        signal.signal(signal.SIGTERM, before)


def test_outside_the_main_thread_nothing_is_installed(heard):
    ours = signal.getsignal(signal.SIGTERM)
    registry = Registry()
    thread = gevent.get_hub().threadpool.spawn(send_away_on_sigterm, registry)
    wait_until(thread.ready)
    assert thread.successful()
    assert not registry.hears_sigterm
    assert signal.getsignal(signal.SIGTERM) is ours
