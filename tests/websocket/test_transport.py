"""The socket beneath a WSGI request, where each server hides it."""

import io
from types import SimpleNamespace

import gevent.socket
import pytest
from werkzeug.exceptions import NotImplemented as NotImplementedHere

from spa.websocket import transport


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
    taken = transport.take({"spa.hijack": lambda: (pair[0], b"early")})
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
