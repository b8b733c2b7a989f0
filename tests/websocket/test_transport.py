"""The socket beneath a WSGI request, where each server hides it."""

import io
from types import SimpleNamespace

import gevent
import gevent.socket
import pytest
from gevent.pywsgi import WSGIServer
from werkzeug.exceptions import NotImplemented as NotImplementedHere

from spa.environ import HIJACK, SOCKET
from spa.websocket import transport
from tests.wire import PATIENCE


@pytest.fixture
def pair():
    ours, theirs = gevent.socket.socketpair()
    yield ours, theirs
    ours.close()
    theirs.close()


def gunicorn_environ(sock, early: bytes) -> dict:
    unreader = SimpleNamespace(buf=io.BytesIO(early))
    unreader.buf.seek(0, io.SEEK_END)  # as gunicorn leaves it
    return {"gunicorn.socket": sock, "wsgi.input": SimpleNamespace(reader=SimpleNamespace(unreader=unreader))}


def test_a_server_that_offers_a_function_is_asked_for_socket_and_early_bytes(pair):
    taken = transport.take({HIJACK: lambda: (pair[0], b"early")})
    assert (taken.sock, taken.early, taken.upgraded) == (pair[0], b"early", False)
    assert list(taken.release()) == []


def test_gunicorns_socket_is_found_with_the_bytes_that_came_early(pair):
    taken = transport.take(gunicorn_environ(pair[0], b"early"))
    assert (taken.sock, taken.early, taken.upgraded) == (pair[0], b"early", False)
    with pytest.raises(StopIteration):
        taken.release()


def test_a_socket_of_gunicorn_that_would_block_the_process_is_refused():
    with pytest.raises(NotImplementedHere) as caught:
        transport.take(gunicorn_environ(object(), b""))
    assert caught.value.code == 501


def test_a_server_without_a_socket_answers_501():
    with pytest.raises(NotImplementedHere) as caught:
        transport.take({})
    assert "gunicorn -k gevent" in caught.value.description


def test_a_websocket_that_the_server_has_opened_is_taken_over(pair):
    ours, theirs = pair
    rfile = ours.makefile("rb")
    theirs.sendall(b"GET /\r\nearly")
    assert rfile.readline() == b"GET /\r\n"
    upgraded = SimpleNamespace(handler=SimpleNamespace(socket=ours, rfile=rfile), closed=False)
    environ = {"wsgi.websocket": upgraded}
    assert transport.is_upgraded(environ)
    taken = transport.take(environ)
    assert (taken.sock, taken.early, taken.upgraded) == (ours, b"early", True)
    assert upgraded.closed  # it writes no Close of its own
    assert list(taken.release()) == []
    rfile.close()


@pytest.mark.parametrize("environ", [{}, {"wsgi.websocket": None}])
def test_a_plain_request_is_not_upgraded(environ):
    assert not transport.is_upgraded(environ)


@pytest.mark.parametrize("sent", [b"", b"early", b"x" * 5000])
def test_reading_ahead_never_waits(pair, sent):
    ours, theirs = pair
    rfile = ours.makefile("rb", 8192)
    theirs.sendall(b"\n" + sent)
    assert rfile.readline() == b"\n"
    ours.settimeout(7)
    with gevent.Timeout(2):
        got = transport.read_ahead(ours, rfile)
    assert sent.startswith(got)
    with gevent.Timeout(2):
        while len(got) < len(sent):
            got += ours.recv(65536)
    assert got == sent
    assert ours.gettimeout() == 7
    rfile.close()


@pytest.mark.parametrize("key", [SOCKET, "gunicorn.socket"])
def test_a_socket_is_seen_where_the_server_puts_it(pair, key):
    assert transport.see({key: pair[0]}) is pair[0]


def test_the_socket_of_gevents_own_server_is_seen():
    seen = []

    def app(environ, start_response):
        seen.append((transport.see(environ).getpeername(), transport.has_hung_up(transport.see(environ))))
        start_response("200 OK", [])
        return []

    server = WSGIServer(("127.0.0.1", 0), app, log=None)
    server.start()
    try:
        with gevent.socket.create_connection(server.address) as client, gevent.Timeout(PATIENCE):
            client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert client.recv(12) == b"HTTP/1.1 200"
            assert seen == [(client.getsockname(), False)]
    finally:
        server.stop(timeout=0)


@pytest.mark.parametrize("environ", [{}, {"wsgi.input": io.BytesIO()}, {"wsgi.input": io.BufferedReader(io.BytesIO())}])
def test_a_server_that_shows_no_socket_has_none(environ):
    assert transport.see(environ) is None


def test_an_end_is_seen_behind_bytes_that_are_not_read(pair):
    ours, theirs = pair
    theirs.sendall(b"more")
    assert not transport.has_hung_up(ours)
    theirs.close()
    assert transport.has_hung_up(ours)


def test_a_socket_that_is_closed_here_has_hung_up(pair):
    pair[0].close()
    assert transport.has_hung_up(pair[0])


def test_bytes_and_an_end_are_there_to_be_read_and_a_socket_that_is_closed_here_has_nothing(pair):
    ours, theirs = pair
    assert not transport.has_bytes(ours)
    theirs.sendall(b"more")
    assert transport.has_bytes(ours)
    ours.recv(100)
    assert not transport.has_bytes(ours)
    theirs.close()
    assert transport.has_bytes(ours)
    ours.close()
    assert not transport.has_bytes(ours)


def test_a_cut_ends_a_send_to_a_peer_that_does_not_read(pair):
    ours, _ = pair
    sending = gevent.spawn(ours.sendall, b"x" * 2**24)
    gevent.sleep(0.01)
    assert not sending.dead
    transport.cut(ours)
    sending.join(PATIENCE)
    assert isinstance(sending.exception, BrokenPipeError)
    transport.cut(ours)
    ours.close()
    transport.cut(ours)
