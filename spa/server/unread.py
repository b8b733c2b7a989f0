"""Deal with what an app has left unread of the body of a request: read it, or leave it and end the connection."""

import socket
from typing import Any

import gevent
from gevent.pywsgi import Input

SMALL_REST = 64 * 1024  # bytes that cost less to read than a connection costs to make anew; gunicorn's number too
PATIENCE = 2.0  # seconds for a small rest to come, or for a peer to see that nobody reads it any more
DROPPED = 1024 * 1024  # bytes that such a peer may still send until it has seen it
PIECE = 64 * 1024  # bytes read at once
NOTHING = Input(None, 0)  # the body of no request


def is_left(body: Input) -> bool:
    """Tell whether something of a body is unread, or where it ends is not known any more."""
    if body.chunked_input:
        return bool(body._chunked_input_error or body.chunk_length != 0)
    return bool(body.position < (body.content_length or 0))


def is_refused(body: Input) -> bool:
    """Tell whether a body is not to be read any further, and the connection has to end (RFC 9112 section 9.3).

    That is so when much is left, or nobody knows how much, as of chunks. It is so too when the client waits for a
    100 Continue that it will not get: it may send the body, or the next request (RFC 9110 section 10.1.1).
    """
    if not is_left(body):
        return False
    is_waiting = body.socket is not None  # gevent's sign that a 100 Continue was asked for and has not been sent
    return bool(body.chunked_input or is_waiting or body.content_length - body.position > SMALL_REST)


def discard(body: Input) -> bool:
    """Read a small rest, and tell whether the next request can follow it: it has come, and in time."""
    try:
        with gevent.Timeout(PATIENCE, False):
            body._discard()
            return True
    except OSError:
        pass  # the peer has gone
    return False


def linger(sock: Any) -> None:
    """End the answer, and drop for a while what the peer sends.

    Closed at once, with bytes that nobody has read, TCP would reset the connection, and a reset destroys an answer
    that the peer has not read yet (RFC 9112 section 9.6).
    """
    dropped = 0
    try:
        with gevent.Timeout(PATIENCE, False):
            sock.shutdown(socket.SHUT_WR)  # for TLS too: what is to be dropped need not be deciphered
            while dropped < DROPPED:
                piece = sock.recv(PIECE)
                if not piece:
                    break
                dropped += len(piece)
    except OSError:
        pass  # the peer has gone
