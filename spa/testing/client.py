"""Send requests to an app in a test, open WebSockets and event streams, without a network."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from werkzeug.datastructures import Headers
from werkzeug.test import Client as WerkzeugClient
from werkzeug.test import EnvironBuilder, TestResponse
from werkzeug.wrappers import Request, Response
from werkzeug.wsgi import get_current_url

from spa.errors import SetupError, SpaError
from spa.event import CONTENT_TYPE
from spa.patching import warn_if_unpatched
from spa.server.find import is_app, name_kind
from spa.testing.eventsource import EventSource
from spa.testing.exchange import Exchange, limit
from spa.testing.protocol import Protocol
from spa.testing.websocket import WebSocket
from spa.wsgi import WSGIApp

SHOWN = 200  # characters of an answer that an error shows: most problem documents whole, of a page the top

HeaderItems = Mapping[str, str] | Iterable[tuple[str, str]]
Query = Mapping[str, Any] | str


class Refused(SpaError):
    """The app gave another answer than the one that was asked for.

    Attributes:
        response: that answer, as the client's other methods return it.
    """

    def __init__(self, response: TestResponse) -> None:
        super().__init__(f"{response.request.path} was answered with {response.status}: {response.text[:SHOWN]}")
        self.response = response


class HandshakeRefused(Refused):
    """The handshake of a WebSocket was answered with an HTTP response, ``error.response``, instead of 101."""


class EventStreamRefused(Refused):
    """A request for an event stream was answered with something else, ``error.response``."""


@cache  # once is enough for a process; where warnings are errors each test fails, for what raises is not kept
def warn_once() -> None:
    """Warn the test, which called the client's method that calls this, if the standard library is not patched."""
    warn_if_unpatched(
        "time.sleep in a handler stops the test, and no timeout ends it",
        "run the tests with: python -m gevent.monkey --module pytest",
        stacklevel=3,
    )


class Client(WerkzeugClient):
    """Werkzeug's test client, which can open WebSockets and event streams too.

    All of it happens in this process, on gevent. For a WebSocket or a stream the app runs in a greenlet of its own,
    with one end of a pair of sockets. No port is opened, nothing sleeps, and every wait has a limit. The limits hold
    while the handler lets other greenlets run: where the standard library is not patched, its ``time.sleep`` stops
    the test and the clock of the limits too, so the first WebSocket or stream is a ``RuntimeWarning`` there. Cookies
    of the client are sent along, and those of the answers are kept.

    Args:
        application: the app, or any WSGI callable around it.
        response_wrapper: as ``werkzeug.test.Client``; so are the following.
        use_cookies: whether to keep cookies.
        allow_subdomain_redirects: whether to follow redirects to subdomains.

    Raises:
        SetupError: this is no app.
    """

    def __init__(
        self,
        application: WSGIApp,
        response_wrapper: type[Response] | None = None,
        use_cookies: bool = True,
        allow_subdomain_redirects: bool = False,
    ) -> None:
        if not is_app(application):
            kind = name_kind(application)
            raise SetupError(f"Client drives an app, not {kind}; pass the app: Client(spa.App(routes))")
        super().__init__(application, response_wrapper, use_cookies, allow_subdomain_redirects)

    def websocket(
        self,
        path: str,
        *,
        headers: HeaderItems = (),
        subprotocols: Sequence[str] = (),
        query_string: Query | None = None,
        timeout: float = 5.0,
        **options: Any,
    ) -> WebSocket:
        """Open a WebSocket, and return the client's end of it, for a ``with`` statement.

        Args:
            path: as for ``get``.
            headers: further headers of the handshake, such as ``Origin``; they replace the usual ones.
            subprotocols: those to offer, the most wanted first.
            query_string: as for ``get``.
            timeout: seconds that the handler may take to answer the handshake, and to end after the WebSocket has.
            options: as for ``werkzeug.test.EnvironBuilder``, such as ``base_url``.

        Raises:
            HandshakeRefused: the answer is an HTTP response, such as 401, 403, 404 or 426.
            TimeoutError: the handler neither opens the WebSocket nor answers otherwise.
            RuntimeError: the app ends without an answer.
        """
        warn_once()
        protocol = Protocol(subprotocols)
        environ = self._make_environ(path, protocol.handshake(), headers, query_string, options)
        exchange = Exchange(self.application, environ)
        socket = WebSocket(protocol, exchange, timeout)
        try:
            if not socket.shake_hands():
                raise HandshakeRefused(self._make_response(exchange, environ))
        except BaseException:
            exchange.abandon()
            raise
        self._keep_cookies(environ, Headers(socket.headers))
        return socket

    def events(
        self,
        path: str,
        *,
        headers: HeaderItems = (),
        last_event_id: str | None = None,
        query_string: Query | None = None,
        timeout: float = 5.0,
        **options: Any,
    ) -> EventSource:
        """Open an event stream, and return the client's end of it, for a ``with`` statement.

        Args:
            path: as for ``get``.
            headers: further headers of the request; they replace the usual ones.
            last_event_id: the ``Last-Event-ID`` to send.
            query_string: as for ``get``.
            timeout: seconds that the handler may take to answer, and to end after the client has left.
            options: as for ``werkzeug.test.EnvironBuilder``, such as ``base_url``.

        Raises:
            EventStreamRefused: the status is not 200, or the content is not ``text/event-stream``.
            TimeoutError: there is no answer in time.
            RuntimeError: the app ends without one.
        """
        warn_once()
        usual = [("Accept", CONTENT_TYPE), ("Cache-Control", "no-store")]
        if last_event_id is not None:
            usual.append(("Last-Event-ID", last_event_id.encode().decode("latin-1")))  # as browsers send it
        environ = self._make_environ(path, usual, headers, query_string, options)
        exchange = Exchange(self.application, environ)
        try:
            with limit(timeout, f"the handler of {exchange.path} does not answer"):
                exchange.wait_for_head()
                if not exchange.is_event_stream:
                    exchange.wait_for_end()
            if not exchange.is_event_stream:
                raise EventStreamRefused(self._make_response(exchange, environ))
        except BaseException:
            exchange.abandon()
            raise
        source = EventSource(exchange, timeout)
        self._keep_cookies(environ, source.headers)
        return source

    def _make_environ(
        self,
        path: str,
        usual: Iterable[tuple[str, str]],
        headers: HeaderItems,
        query_string: Query | None,
        options: dict[str, Any],
    ) -> dict[str, Any]:
        merged = Headers(usual)
        merged.update(Headers(headers))
        builder = EnvironBuilder(path, query_string=query_string, headers=merged, **options)
        try:
            environ = builder.get_environ()
        finally:
            builder.close()
        self._add_cookies_to_wsgi(environ)
        return environ

    def _make_response(self, exchange: Exchange, environ: dict[str, Any]) -> TestResponse:
        if exchange.head is None:
            raise RuntimeError(f"the app ended without an answer to {exchange.path}: no status, and no WebSocket")
        status, headers = exchange.head
        self._keep_cookies(environ, headers)
        return self.response_wrapper(exchange.body, status, headers, request=Request(environ))

    def _keep_cookies(self, environ: dict[str, Any], headers: Headers) -> None:
        url = urlsplit(get_current_url(environ))
        self._update_cookies_from_response(url.hostname or "localhost", url.path, headers.getlist("Set-Cookie"))
