"""Find the handler for a request, and turn what it raises into a response."""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import gevent
from werkzeug.exceptions import HTTPException, InternalServerError, SecurityError
from werkzeug.routing import BaseConverter

from spa import problem
from spa.answer import Head, HeadAlone, StreamedBody, close, drop_body, require_head, send_head
from spa.blame import name_of, tell_source
from spa.environ import APP
from spa.errorhandler import ErrorHandler, ErrorHandlers, Key
from spa.errors import ENDINGS, SetupError
from spa.handler import Handler, Shortcut, raise_returned
from spa.jsoncodec import PYTHON, codec_of
from spa.mounted import below
from spa.mountpoint import find_mount
from spa.origin import check_allowed_origins
from spa.request import Request
from spa.requestid import describe
from spa.routing import Route, Router
from spa.trustedhost import TrustedHosts
from spa.websocket import handshake, lifecycle
from spa.websocket.alarm import AlarmClock
from spa.websocket.limits import Limits, check_limits
from spa.websocket.registry import Registry
from spa.websocket.transport import SocketReleased, is_upgraded
from spa.wsgi import Body

logger = logging.getLogger("spa")


class App:
    """A WSGI app made of routes.

    Args:
        routes: tuples ``(pattern, name, handler)`` or ``(pattern, name, handler, kwargs)``, and what ``include``
            and ``mount`` return. A pattern is a Werkzeug rule. A name is for ``url``; it may be empty, and one
            that is not empty is used once. A handler is a ``Handler`` class or any callable
            ``(app, request, params, route_name, **kwargs)`` that returns a WSGI callable.
        settings: anything of the user's own; handlers find it at ``self.app.settings``.
        request_class: the class of ``self.request``, ``spa.Request`` by default.
        allowed_origins: origins (``https://app.example``) besides the same host from which browsers may open
            WebSockets; ``*`` allows all.
        subprotocols: WebSocket subprotocols, the most wanted first.
        websocket_limits: bounds of each WebSocket.
        json_module: what reads JSON bodies and writes what handlers return: ``orjson``, ``msgspec.json``, or any
            module with ``loads`` and ``dumps``; Python's ``json`` by default. What is JSON stays the same.
        trusted_hosts: the names by which the app may be asked for, ``app.example``, or ``.app.example`` for that
            and all below it; a request with another ``Host`` is 400. Case and port do not count. None takes any.
        converters: further Werkzeug converters for patterns, by name.

    Raises:
        SetupError: a route or a setting is wrong; the message says which and how to mend it.
    """

    def __init__(
        self,
        routes: Sequence[Any],
        settings: Any = None,
        request_class: type[Request] | None = None,
        *,
        allowed_origins: Sequence[str] = (),
        subprotocols: Sequence[str] = (),
        websocket_limits: Limits | None = None,
        json_module: Any = None,
        trusted_hosts: Sequence[str] | None = None,
        converters: Mapping[str, type[BaseConverter]] | None = None,
    ) -> None:
        if request_class is not None and not (isinstance(request_class, type) and issubclass(request_class, Request)):
            raise SetupError(f"request_class is a subclass of spa.Request, not {request_class!r}")
        self.settings = settings
        self.request_class = request_class or Request
        self.websocket = lifecycle.Settings(
            handshake.check_subprotocols(subprotocols),
            check_allowed_origins(allowed_origins),
            check_limits(websocket_limits) or Limits(),
        )
        self.codec = codec_of(json_module)
        self.clock = AlarmClock()
        self.connections = Registry()
        # Answers by exact path, asked before the routes; a handler puts them there for what will not change.
        self.shortcuts: dict[str, Shortcut] = {}
        self.router = Router(routes, converters)
        self._trusted_hosts = None if trusted_hosts is None else TrustedHosts(trusted_hosts)
        self._error_handlers = ErrorHandlers()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Body:
        """Answer a WSGI request."""
        if self.shortcuts:
            shortcut = self.shortcuts.get(environ.get("PATH_INFO", ""))
            if shortcut is not None and self._is_trusted(environ):
                body = shortcut(environ, start_response)
                if body is not None:
                    return body
        if "wsgi.websocket" in environ and is_upgraded(environ):
            return self._answer_upgraded(environ, start_response)
        return self._answer(environ, start_response)

    def url(self, name: str, /, **values: Any) -> str:
        """Return the path of the route called ``name``, without the SCRIPT_NAME of a request (see ``Handler.url``).

        Values that are not in the pattern become the query string.

        Raises:
            LookupError: no route has this name, or a value is missing or does not fit the pattern.
        """
        return self.router.url(name, values)

    def error(self, key: Key) -> Callable[[ErrorHandler], ErrorHandler]:
        """Register a function that answers an error: ``@app.error(404)`` or ``@app.error(SomeError)``.

        The function is called with the request and the exception, and returns what a method of a handler may
        return; a value that is no response and no tuple is sent with the status and headers of the error, 500 for
        one that is no HTTP error. The handler of the nearest class is called. An exception that has a handler is
        not logged; any other that is no HTTP error is, and answered as ``InternalServerError``, whose
        ``original_exception`` it is. Redirects, and answers that were raised, are no errors.

        Args:
            key: the status code of an HTTP error, or a class of exceptions.

        Raises:
            SetupError: the key is neither, or has a function already; or this one takes other arguments.
        """
        self._error_handlers.check(key)

        def register(handler: ErrorHandler) -> ErrorHandler:
            self._error_handlers.add(key, handler)
            return handler

        return register

    def _is_trusted(self, environ: dict[str, Any]) -> bool:
        return self._trusted_hosts is None or self._trusted_hosts.match(environ.get("HTTP_HOST"))

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Body:
        head = (HeadAlone if environ["REQUEST_METHOD"] == "HEAD" else Head)(start_response)
        request = None
        try:
            request = self.request_class(environ)
            if self.codec is not PYTHON:
                request.json_module = self.codec
            return send_head(head, self._dispatch(request, environ, head))
        except (SocketReleased, *ENDINGS):
            raise
        except gevent.GreenletExit:
            logger.warning("%s: the handler was stopped", describe(environ))
            body = problem.render(InternalServerError(), environ)(environ, head)
        except BaseException as error:  # CancelledError and Timeout are no Exception
            body = self._answer_error(error, Request(environ) if request is None else request, environ, head)
        return send_head(head, body)

    def _begin(self, body: Body, environ: dict[str, Any], head: Head, source: Any) -> Body:
        """Make the first piece of a body that is made while it is sent, so that an error there is noticed here."""
        if type(body) is list and head.fits(body):
            return body

        def tell() -> None:
            logger.exception("%s: the body broke off", describe(environ))

        file_wrapper = environ.get("wsgi.file_wrapper")
        if isinstance(head, HeadAlone):
            body = drop_body(body)
        elif not (isinstance(file_wrapper, type) and isinstance(body, file_wrapper)):
            body = StreamedBody(body, head, source, tell)  # the server knows its own, and sends it in its own way
        return require_head(head, body, source, environ)

    def _answer_error(
        self, error: BaseException, request: Request, environ: dict[str, Any], head: Head
    ) -> Body:
        """Answer with the app's own handler for this error, else as a problem document; log what is a bug."""
        try:
            handler = self._error_handlers.find(error)
            if handler is None and not isinstance(error, HTTPException):
                logger.error("%s: the handler failed", describe(environ), exc_info=error)
                bug, error = error, InternalServerError(original_exception=error)
                handler = self._error_handlers.find(error)
                if handler is None:
                    return problem.render_bug(bug, environ)(environ, head)
            if handler is None:
                return self._render(error, environ, head)  # type: ignore[arg-type]
            body = self._call_error_handler(handler, error, request, environ, head)
            return self._begin(body, environ, head, handler)
        except HTTPException as raised:  # by the error handler
            return self._render(raised, environ, head)
        except (gevent.GreenletExit, *ENDINGS):
            raise
        except BaseException as failure:
            logger.exception("%s: the error handler failed", describe(environ))
            return problem.render_bug(failure, environ)(environ, head)

    def _render(self, error: HTTPException, environ: dict[str, Any], head: Head) -> Body:
        """Answer with the problem document, or with the answer that was raised."""
        try:
            answer = problem.render(error, environ)
        except Exception as failure:  # of what a class of the user's adds
            name = type(error).__name__
            logger.exception("%s: %s has extensions or headers that cannot be sent", describe(environ), name)
            answer = problem.render_bug(failure, environ)
        body = answer(environ, head)
        return body if error.response is None else self._begin(body, environ, head, error)

    def _call_error_handler(
        self, handler: ErrorHandler, error: BaseException, request: Request, environ: dict[str, Any], head: Head
    ) -> Body:
        value = handler(request, error)
        if not callable(value) and type(value) is not tuple:
            is_http = isinstance(error, HTTPException)
            headers = problem.headers_of(error, request.environ) if is_http else ()  # type: ignore[arg-type]
            value = value, getattr(error, "code", None) or 500, headers
        try:
            return Handler(self, request, {}, "").to_response(value)(environ, head)
        except (TypeError, ValueError) as wrong:  # the user's line has been left by now: say which it was
            wrong.add_note(tell_source(handler))
            raise

    def _dispatch(self, request: Request, environ: dict[str, Any], head: Head) -> Body:
        # Here and below, what most apps have none of is not called for: each call spared is 1.5 % of a plain request.
        if self._trusted_hosts is not None and not self._is_trusted(environ):
            raise SecurityError("This app is not known by that host name.")
        environ[APP] = self
        is_upgrade = "HTTP_UPGRADE" in environ and handshake.is_upgrade(environ)
        if self.router.mounts:
            mount = find_mount(self.router.mounts, environ, is_upgrade)
            if mount is not None:
                return self._begin(mount.wsgi_app(below(mount.path, environ), head), environ, head, mount.wsgi_app)
        route, params = self.router.match(environ, is_upgrade)
        if route.kwargs:
            answer = route.handler(self, request, params, route.name, **route.kwargs)
        else:  # a call without ** is the quicker one
            answer = route.handler(self, request, params, route.name)
        try:
            if not isinstance(answer, Handler):
                raise_returned(answer)
            body = answer(environ, head)
        except (TypeError, ValueError) as error:
            if not callable(answer):
                raise TypeError(_tell_wrong_answer(route, answer)) from None
            if not isinstance(answer, Handler):  # which tells more itself
                error.add_note(f"The answer is that of {name_of(route.handler)}, for the route {route.pattern!r}.")
            raise
        if type(body) is list and head.fits(body):  # most are: spared a call
            return body
        return self._begin(body, environ, head, route.handler)

    def _answer_upgraded(self, environ: dict[str, Any], start_response: Any) -> Body:
        """Answer where the server opened the WebSocket before it asked: an HTTP answer becomes a Close."""
        if find_mount(self.router.mounts, environ, is_upgrade=True) is not None:
            return self._answer(environ, start_response)
        refusals: list[str] = []

        def refuse(status: str, headers: Any, exc_info: Any = None) -> Callable[[bytes], object]:
            refusals.append(status)
            return refusals.append  # type: ignore[return-value]

        body = self._answer(environ, refuse)
        if not refusals:
            return body
        close(body)
        return lifecycle.refuse_upgraded(environ, int(refusals[0][:3]), refusals[0], self.clock)


def _tell_wrong_answer(route: Route, answer: Any) -> str:
    return (
        f"{name_of(route.handler)}, for the route {route.pattern!r}, returned {type(answer).__name__}: a function"
        " returns a WSGI callable, such as spa.Response; a str, a dict or None only methods of a spa.Handler return"
    )
