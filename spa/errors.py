"""Name what can go wrong that is not an HTTP error.

HTTP errors are Werkzeug's exceptions (``werkzeug.exceptions``). What else a program may meet is this tree:

* ``SpaError``

  * ``SetupError`` (a ``ValueError``): the app is put together wrongly; raised while it is built

    * ``ImportFailed``, in ``spa.server.find``: the module of the app raises while the command line imports it

  * ``ConnectionClosed`` (a ``geventwebsocket.WebSocketError``): the WebSocket is closed
  * ``InvalidMessage`` (a ``ValueError``): a WebSocket message is not what the handler asked for
  * ``ReceiveInProgress`` (a ``RuntimeError``): another greenlet is receiving from this WebSocket
  * ``Refused``, in ``spa.testing.client``: the app gave a test another answer than it asked for

    * ``HandshakeRefused``, in ``spa.testing.client``: an HTTP response, and no WebSocket
    * ``EventStreamRefused``, in ``spa.testing.client``: a response that is no event stream

  * ``MissingReferenceError``, in ``spa.static.missing``: a static file refers to one that is not there
  * ``FileUnavailable`` (a ``ServiceUnavailable``), in ``spa.static.unavailable``: the system cannot open files now

What never leaves Spa, or leaves it for the server alone, is not in the tree.
"""

from collections.abc import Iterable
from typing import Any

from geventwebsocket.exceptions import WebSocketError

ENDINGS = (KeyboardInterrupt, GeneratorExit)
"""What is no error of a request: the program ends, or a generator is closed. All else is a bug of what raised it."""


class SpaError(Exception):
    """The root of Spa's own exceptions."""


class SetupError(SpaError, ValueError):
    """The app is put together wrongly: a route, a name or a setting. The message names the fix."""


class ConnectionClosed(SpaError, WebSocketError):  # type: ignore[misc]  # WebSocketError is untyped
    """The WebSocket is closed: nothing more can be sent or received.

    A handler that ends by this exception has ended normally.

    Attributes:
        code: the close code (RFC 6455 section 7.4); 1005 if the peer sent none, 1006 if the connection
            broke without a Close frame.
        reason: the text that came with the code, often empty.
    """

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(f"the WebSocket is closed: {code} {reason}".rstrip())
        self.code = code
        self.reason = reason


class InvalidMessage(SpaError, ValueError):
    """A WebSocket message is not what the handler asked for: binary for text, broken JSON, or JSON of another form.

    A handler that lets it pass ends the connection with close code 1007.

    Attributes:
        errors: each place where the value does not fit, as in ``spa.ValidationError``: a list of
            ``{"loc": [...], "msg": "..."}``; empty if the message is not JSON at all.
    """

    def __init__(self, message: str, errors: Iterable[dict[str, Any]] = ()) -> None:
        super().__init__(message)
        self.errors = list(errors)


class ReceiveInProgress(SpaError, RuntimeError):
    """Two greenlets called ``receive`` on one WebSocket at once; the second gets this."""
