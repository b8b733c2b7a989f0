"""Find the handler for a request, and turn what it raises into a response."""

import logging
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import gevent
from werkzeug.exceptions import HTTPException, InternalServerError

from spa import problem
from spa.errors import SetupError
from spa.handler import Shortcut
from spa.jsoncodec import PYTHON, codec_of
from spa.request import Request
from spa.routing import Mount, Router
from spa.websocket import handshake, lifecycle
from spa.websocket.alarm import AlarmClock
from spa.websocket.limits import Limits
from spa.websocket.registry import Registry
from spa.websocket.transport import SocketReleased, is_upgraded

logger = logging.getLogger("spa")

Body = Iterable[bytes]


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
    ) -> None:
        if isinstance(subprotocols, str):
            raise SetupError(f"subprotocols is a list; write [{subprotocols!r}]")
        self.settings = settings
        self.request_class = request_class or Request
        self.websocket = lifecycle.Settings(
            tuple(subprotocols),
            handshake.check_allowed_origins(allowed_origins),
            websocket_limits or Limits(),
        )
        self.codec = codec_of(json_module)
        self.clock = AlarmClock()
        self.connections = Registry()
        # Answers by exact path, asked before the routes; a handler puts them there for what will not change.
        self.shortcuts: dict[str, Shortcut] = {}
        self.router = Router(routes)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Body:
        """Answer a WSGI request."""
        shortcut = self.shortcuts.get(environ.get("PATH_INFO", ""))
        if shortcut is not None:
            body = shortcut(environ, start_response)
            if body is not None:
                return body
        if "wsgi.websocket" in environ and is_upgraded(environ):
            return self._answer_upgraded(environ, start_response)
        return self._answer(environ, start_response)

    def url(self, name: str, /, **values: Any) -> str:
        """Return the path of the route called ``name``, without the SCRIPT_NAME of a request.

        Values that are not in the pattern become the query string.

        Raises:
            LookupError: no route has this name, or a value is missing or does not fit the pattern.
        """
        return self.router.url(name, values)

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Body:
        is_started = False

        def start(status: str, headers: Any, exc_info: Any = None) -> Any:  # made per request: cheap annotations
            """Start the response; one that was started and not sent is replaced (PEP 3333)."""
            nonlocal is_started
            if is_started and exc_info is None and sys.exception() is not None:
                exc_info = sys.exc_info()
            is_started = True
            return start_response(status, headers, exc_info)

        try:
            try:
                return self._dispatch(environ, start)
            except HTTPException as error:
                return problem.render(error, environ)(environ, start)
        except SocketReleased:
            raise
        except gevent.GreenletExit:
            logger.warning("%s: the handler was stopped", lifecycle.describe(environ))
            return problem.render(InternalServerError(), environ)(environ, start)
        except (Exception, SystemExit, gevent.Timeout):
            logger.exception("%s: the handler failed", lifecycle.describe(environ))
            return problem.render(InternalServerError(), environ)(environ, start)

    def _dispatch(self, environ: dict[str, Any], start_response: Any) -> Body:
        mount = self.router.find_mount(environ)
        if mount is not None:
            return mount.wsgi_app(_below(mount, environ), start_response)
        is_upgrade = "HTTP_UPGRADE" in environ and handshake.is_upgrade(environ)
        route, params = self.router.match(environ, is_upgrade)
        request = self.request_class(environ)
        if self.codec is not PYTHON:
            request.json_module = self.codec
        answer = route.handler(self, request, dict(params), route.name, **route.kwargs)
        return answer(environ, start_response)

    def _answer_upgraded(self, environ: dict[str, Any], start_response: Any) -> Body:
        """Answer where the server opened the WebSocket before it asked: an HTTP answer becomes a Close."""
        if self.router.find_mount(environ) is not None:
            return self._answer(environ, start_response)
        refusals: list[str] = []

        def refuse(status: str, headers: Any, exc_info: Any = None) -> Callable[[bytes], object]:
            refusals.append(status)
            return refusals.append  # type: ignore[return-value]

        body = self._answer(environ, refuse)
        if not refusals:
            return body
        if hasattr(body, "close"):
            body.close()
        return lifecycle.refuse_upgraded(environ, int(refusals[0][:3]), refusals[0], self.clock)


def _below(mount: Mount, environ: dict[str, Any]) -> dict[str, Any]:
    """Return a copy of the environ with the mount's path moved from PATH_INFO to SCRIPT_NAME."""
    return {
        **environ,
        "SCRIPT_NAME": environ.get("SCRIPT_NAME", "") + mount.path,
        "PATH_INFO": environ.get("PATH_INFO", "")[len(mount.path) :],
    }
