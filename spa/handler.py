"""Call the method of a handler class that answers the request."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from http import HTTPMethod
from typing import Any, ClassVar, Protocol

from werkzeug.exceptions import HTTPException, MethodNotAllowed

from spa.blame import tell_source
from spa.environ import ALWAYS_DOCUMENT
from spa.errors import ENDINGS
from spa.jsoncodec import Codec
from spa.origin import check_allowed_origins
from spa.redirect import root_of
from spa.request import Request
from spa.requestid import describe
from spa.response import JSONResponse, Response, answer_options, read_headers
from spa.websocket import handshake, lifecycle
from spa.websocket.alarm import AlarmClock
from spa.websocket.limits import Limits, check_limits
from spa.websocket.socket import WebSocket
from spa.wsgi import Body, WSGIApp

logger = logging.getLogger("spa")

Shortcut = Callable[[dict[str, Any], Any], Body | None]


# CONNECT is for proxies, and TRACE tells a client what others have added to its request (RFC 9110 section 9.3.8): no
# resource has them, but a class may well have methods of these names for itself.
VERBS = tuple(verb.value for verb in HTTPMethod if verb not in (HTTPMethod.CONNECT, HTTPMethod.TRACE))


class Paths(Protocol):
    """What builds paths, and knows where they lead."""

    @property
    def routes(self) -> Sequence[Any]:
        """All routes, in the order in which they were given."""

    def always_finds(self, handler: Any, environ: Mapping[str, Any]) -> bool:
        """Tell whether this very handler is found for a request each time."""

    def url(self, name: str, values: Mapping[str, Any], root: str = "") -> str:
        """Return the path of a named route, with ``root`` in front."""


class Application(Protocol):
    """What a handler may ask of the app it belongs to."""

    settings: Any
    websocket: lifecycle.Settings
    clock: AlarmClock
    shortcuts: dict[str, Shortcut]
    codec: Codec

    def url(self, name: str, /, **values: Any) -> str:
        """Return the path of a named route."""

    @property
    def router(self) -> Paths:
        """What knows the routes."""


class Handler:
    """One resource. Subclass it and write a method per verb: ``get``, ``post``, ``put``, ``patch``, ``delete``.

    Methods get the variables of the pattern as keyword arguments. They return a ``Response`` or any WSGI
    callable, ``str`` or ``bytes``, a ``dict`` or ``list`` (sent as JSON), ``None`` (204), an iterator of ``str`` or
    ``bytes`` (streamed), or a tuple ``(body, status)`` or ``(body, status, headers)``. HTTP errors are raised:
    ``raise werkzeug.exceptions.NotFound``; one that is returned is raised for you.

    HEAD runs ``get`` and drops the body; OPTIONS answers 204 with ``Allow``; a verb without a method answers 405
    with ``Allow`` (RFC 9110 section 15.5.6), as do CONNECT and TRACE always. A subclass takes a verb away with
    ``delete = None``.

    With a method ``websocket`` the resource is a WebSocket too, at the same URL; the method talks through
    ``self.ws``. Until it first does, the handshake is not answered, and an HTTP error may still be raised.

    Attributes:
        app: the app.
        request: the request.
        params: the variables of the pattern.
        route_name: the name of the route, possibly empty.
        kwargs: the fourth item of the route.
        ws: the WebSocket, in ``websocket`` and ``websocket_close``.
    """

    subprotocols: ClassVar[Sequence[str] | None] = None
    """WebSocket subprotocols, the most wanted first; None takes the app's."""

    allowed_origins: ClassVar[Sequence[str] | None] = None
    """Origins, besides the same host, from which a browser may open the WebSocket; None takes the app's."""

    websocket_limits: ClassVar[Limits | None] = None
    """Bounds of the WebSocket; None takes the app's."""

    ws: WebSocket

    _verbs: ClassVar[Mapping[str, str]] = {}
    _allow: ClassVar[tuple[str, ...]] = ("OPTIONS",)
    _prepares: ClassVar[bool] = False

    def __init__(
        self, app: Application, req: Request, params: dict[str, Any], route_name: str, **kwargs: Any
    ) -> None:
        self.app = app
        self.request = req
        self.params = params
        self.route_name = route_name
        self.kwargs = kwargs

    def __init_subclass__(cls, **options: Any) -> None:
        """Collect the verbs of the class once, so that a request only looks its own up."""
        super().__init_subclass__(**options)
        verbs = {verb: verb.lower() for verb in VERBS if callable(getattr(cls, verb.lower(), None))}
        if "GET" in verbs:
            verbs.setdefault("HEAD", "get")
        cls._verbs = verbs
        cls._allow = tuple(sorted({*verbs, "OPTIONS"}))
        cls._prepares = cls.prepare is not Handler.prepare
        check_limits(cls.websocket_limits)
        if cls.subprotocols is not None:
            cls.subprotocols = handshake.check_subprotocols(cls.subprotocols)
        if cls.allowed_origins is not None:
            cls.allowed_origins = check_allowed_origins(cls.allowed_origins)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Body:
        """Answer the request; the instance is a WSGI callable."""
        if "HTTP_UPGRADE" in environ and handshake.is_upgrade(environ):
            return self._serve_websocket(environ, start_response)
        method = environ["REQUEST_METHOD"]
        name = self._verbs.get(method)
        if name is None:
            return self._answer_without_method(method)(environ, start_response)
        value, source = self.prepare(**self.params) if self._prepares else None, "prepare"
        if value is None:
            value, source = getattr(self, name)(**self.params), name
        try:
            return self.to_response(value)(environ, start_response)
        except (TypeError, ValueError) as error:  # the user's line has been left by now: say which it was
            error.add_note(tell_source(getattr(self, source)))
            raise

    def prepare(self, **params: Any) -> Any:
        """Run before the verb and before the WebSocket handshake; what it raises or returns is the answer."""
        return None

    def websocket_close(self) -> None:
        """Run once when the WebSocket has closed, whoever closed it."""

    def url(self, name: str, /, **values: Any) -> str:
        """Return the path of the route called ``name``, as a client of this request asks for it.

        It is that of ``app.url``, below the path under which the server or ``spa.mount`` has put the app
        (``SCRIPT_NAME``): right for links and redirects, wherever the app stands.

        Raises:
            LookupError: no route has this name, or a value is missing or does not fit the pattern.
        """
        return self.app.router.url(name, values, root_of(self.request.environ))

    def to_response(self, value: Any) -> WSGIApp:
        """Turn what a method returned into a WSGI callable.

        Raises:
            HTTPException: the value is this error.
            TypeError: the value is none of what a method may return.
        """
        if type(value) is str:  # the most usual, found at once
            return Response(value)
        if isinstance(value, Response):
            return value
        if callable(value):
            raise_returned(value)
            return value  # type: ignore[no-any-return]
        if isinstance(value, (str, bytes)):
            return Response(value)
        if isinstance(value, (dict, list)):
            return JSONResponse(value, json_module=self.app.codec)
        if value is None:
            return Response(status=204)
        if type(value) is tuple and len(value) in (2, 3):  # a named one is a value of the user's
            return self._with_status(*value)
        if isinstance(value, Iterator):
            return Response(value)
        raise TypeError(
            f"{type(self).__name__} returned {type(value).__name__}, which is not a response; return a str, bytes,"
            " dict, list, None, an iterator, a response, or a tuple with a status (JSONHandler sends any value as JSON)"
        )

    def _with_status(self, value: Any, status: Any, headers: Any = ()) -> WSGIApp:
        if isinstance(value, int) and 200 <= value < 600 and not str(status)[:1].isdigit():
            raise TypeError(f"{type(self).__name__} returned {value} first: write (body, status), in this order")
        response = Response() if value is None else self.to_response(value)
        if not isinstance(response, Response):
            raise TypeError(f"{type(self).__name__} returned a status beside {type(value).__name__}")
        if not isinstance(status, (int, str)):
            raise TypeError(
                f"{type(self).__name__} returned a tuple whose second item is {type(status).__name__}, not a status:"
                " return (body, status) or (body, status, headers)"
            )
        response.status = status
        response.headers.update(read_headers(headers))  # a list of pairs may name a header twice
        return response

    def _answer_without_method(self, method: str) -> WSGIApp:
        if method == "OPTIONS":
            return answer_options(self._allow)
        if method in ("GET", "HEAD") and self._is_websocket():
            raise handshake.UpgradeRequired
        raise MethodNotAllowed(list(self._allow))

    def _is_websocket(self) -> bool:
        return callable(getattr(self, "websocket", None))

    def _serve_websocket(self, environ: dict[str, Any], start_response: Any) -> Body:
        if not self._is_websocket():
            handshake.refuse(environ)
        offer = handshake.check(environ)
        settings = self._websocket_settings()
        handshake.check_origin(environ, settings.allowed_origins)
        answer = self.prepare(**self.params)
        if answer is not None:
            return self.to_response(answer)(environ, start_response)
        life = lifecycle.Lifecycle(environ, offer, settings, self.app.clock)
        self.ws = life.socket
        try:
            answer = life.run(self.websocket, **self.params)  # type: ignore[attr-defined]
        finally:
            if life.is_open:
                self._tell_closed(environ)
        if life.is_open:
            return life.release()
        return self.to_response(answer)(environ, start_response)

    def _tell_closed(self, environ: dict[str, Any]) -> None:
        try:
            self.websocket_close()
        except ENDINGS:
            raise
        except BaseException:  # the socket is used up: there is no answer to spoil
            logger.exception("WebSocket %s: websocket_close failed", describe(environ))

    def _websocket_settings(self) -> lifecycle.Settings:
        defaults = self.app.websocket
        return lifecycle.Settings(
            defaults.subprotocols if self.subprotocols is None else self.subprotocols,
            defaults.allowed_origins if self.allowed_origins is None else self.allowed_origins,
            self.websocket_limits or defaults.limits,
        )


class JSONHandler(Handler):
    """A handler that speaks JSON only.

    Whatever a method returns that is not a response is sent as JSON, strings and numbers too, and every error is
    a problem document, also for a browser.
    """

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Body:
        """Answer the request, and have its errors rendered as problem documents."""
        environ[ALWAYS_DOCUMENT] = True
        return super().__call__(environ, start_response)

    def to_response(self, value: Any) -> WSGIApp:
        """Turn what a method returned into a WSGI callable: JSON, unless it is a response, None or a tuple."""
        if value is None or type(value) is tuple or callable(value):
            return super().to_response(value)
        return JSONResponse(value, json_module=self.app.codec)


def raise_returned(value: Any) -> None:
    """Raise an HTTP error that was returned, which other frameworks allow: all errors are rendered in one place.

    Raises:
        HTTPException: the value is this error.
        TypeError: the value is the class of one.
    """
    if isinstance(value, HTTPException):
        raise value.with_traceback(None)  # one that is returned again and again would gather them
    if isinstance(value, type) and issubclass(value, HTTPException):
        raise TypeError(f"the class {value.__name__} was returned: write raise {value.__name__}")


def methods_of(handler: type[Handler]) -> tuple[str, ...]:
    """Return the methods that a class of handlers answers, as in its ``Allow``."""
    return handler._allow
