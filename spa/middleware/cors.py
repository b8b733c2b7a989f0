"""Let pages of other origins read the answers of an app."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote

from werkzeug.wrappers import Response as WerkzeugResponse

from spa.environ import ALLOWED_ORIGINS
from spa.errors import SetupError
from spa.grammar import is_token
from spa.listing import check_list
from spa.middleware.vary import Headers, add_vary
from spa.mounted import script_name_of
from spa.origin import check_allowed_origins
from spa.response import Response
from spa.websocket.handshake import is_upgrade
from spa.wsgi import Body, WSGIApp

# Headers any page may send, in the values of a form. Content-Type is asked for with any other value, as that of JSON.
SAFELISTED = ("Accept", "Accept-Language", "Content-Language", "Content-Type")
ANY = ("*",)


class CORSMiddleware:
    """A WSGI app that lets pages of other origins read the answers of another (CORS, in the Fetch standard).

    It says who may read; it does not refuse requests, which browsers send anyway (see ``CSRFMiddleware``). Errors of
    the app are readable too. A preflight is answered with the methods that the app names in ``Allow`` when it is
    asked by OPTIONS. WebSockets of a Spa app may be opened from the same origins, but for ``*`` and ``null``.

    Args:
        app: the WSGI app.
        origins: origins, each ``https://app.example`` or with a port; ``"*"`` allows all.
        credentials: whether pages may send cookies, and read what was answered to them.
        headers: request headers that pages may send, beside the usual ones; ``"*"`` allows all.
        expose_headers: response headers that pages may read, beside the usual ones; ``"*"`` allows all.
        max_age: seconds for which a browser may keep the answer to a preflight.
        methods: methods to allow where the app does not name any; by default the one that is asked for.

    Raises:
        SetupError: an option is wrong; or ``"*"``, or the origin ``null``, together with credentials.
    """

    def __init__(
        self,
        app: WSGIApp,
        *,
        origins: Sequence[str],
        credentials: bool = False,
        headers: Sequence[str] = (),
        expose_headers: Sequence[str] = (),
        max_age: int = 600,
        methods: Sequence[str] | None = None,
    ) -> None:
        if not callable(app):
            raise SetupError(f"CORSMiddleware wraps a WSGI app, not {app!r}")
        if not isinstance(max_age, int) or max_age < 0:
            raise SetupError(f"max_age is a number of seconds, not {max_age!r}")
        self.app = app
        self._origins = frozenset(check_allowed_origins(ANY if origins == "*" else origins, "origins"))
        fallback = _check_names(methods or (), "methods")
        asked = _check_names(headers, "headers")
        exposed = _check_names(expose_headers, "expose_headers")
        if credentials and "*" in {*self._origins, *asked, *exposed, *fallback}:
            raise SetupError("with credentials, origins, headers and methods must be named: browsers refuse '*'")
        if credentials and "null" in self._origins:
            raise SetupError("with credentials, 'null' would let any site in: each can make a page of that origin")
        self._methods = ", ".join(fallback)
        # A WebSocket takes the cookies along whatever is set here, so one that is open to all must say so itself.
        self._socket_origins = self._origins - {"*", "null"}
        self._readable: Headers = [("Access-Control-Allow-Credentials", "true")] if credentials else []
        if exposed:
            self._readable.append(("Access-Control-Expose-Headers", ", ".join(exposed)))
        # The browser compares, without case. It keeps the whole list, so that other headers need no other preflight.
        # Its star does not stand for Authorization.
        allowed = ("*", "Authorization") if "*" in asked else (*SAFELISTED, *asked)
        self._preflight: Headers = [
            ("Access-Control-Allow-Headers", ", ".join(allowed)),
            ("Access-Control-Max-Age", str(max_age)),
        ]

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Body:
        """Answer a WSGI request."""
        if is_upgrade(environ):
            environ[ALLOWED_ORIGINS] = self._socket_origins.union(environ.get(ALLOWED_ORIGINS, ()))
            return self.app(environ, start_response)
        grant = self._grant(environ.get("HTTP_ORIGIN"))

        def start(status: str, headers: Headers, exc_info: Any = None) -> Any:
            return start_response(status, self._mark(headers, grant), exc_info)

        if grant and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ and environ["REQUEST_METHOD"] == "OPTIONS":
            return self._answer_preflight(environ)(environ, start)
        return self.app(environ, start)

    def _grant(self, origin: str | None) -> Headers:
        """Return the headers that let a page of this origin read the answer; none if it may not."""
        if "*" in self._origins:
            return [("Access-Control-Allow-Origin", "*"), *self._readable]
        if origin is not None and origin in self._origins:
            return [("Access-Control-Allow-Origin", origin), *self._readable]
        return []

    def _mark(self, headers: Headers, grant: Headers) -> Headers:
        """Add the headers of CORS to an answer, unless the app has written its own."""
        marked = list(headers)
        if not any(name.lower() == "access-control-allow-origin" for name, _ in headers):
            marked += grant
        if "*" not in self._origins:  # also where there is no grant: a cache must not give this answer to another page
            add_vary(marked, "Origin")
        return marked

    def _answer_preflight(self, environ: dict[str, Any]) -> WerkzeugResponse:
        """Ask the app which methods it has, and tell the browser.

        An OPTIONS that the app refuses, because it has none or wants credentials that a preflight never has, is no
        refusal of the request to come. That there is nothing, or that the app is broken, stays. For a path
        that lacks its slash, the methods are those of the route that the app redirects to.
        """
        asked = dict(environ)
        answer = Response.from_app(self.app, environ, buffered=True)
        if answer.status_code in (307, 308) and _redirect(asked, answer.headers.get("Location", "")):
            answer = Response.from_app(self.app, asked, buffered=True)
        if answer.status_code == 404 or answer.status_code >= 500:
            return answer
        methods = answer.headers.get("Allow") or self._methods
        if not methods:
            wanted = environ["HTTP_ACCESS_CONTROL_REQUEST_METHOD"]
            methods = wanted if is_token(wanted) else ""
        return Response(status=204, headers=[("Access-Control-Allow-Methods", methods), *self._preflight])


def _redirect(environ: dict[str, Any], location: str) -> bool:
    """Make of a request the one that a redirect leads to; return False if that is out of the app."""
    target, _, query = location.partition("#")[0].partition("?")
    path, root = unquote(target, encoding="latin-1"), script_name_of(environ)
    if target.startswith("//") or not path.startswith(f"{root}/"):
        return False
    environ.update(PATH_INFO=path.removeprefix(root), QUERY_STRING=query)
    return True


def _check_names(names: Sequence[str], option: str) -> tuple[str, ...]:
    listed = [*ANY] if names == "*" else check_list(names, option, "names")
    for name in listed:
        if not isinstance(name, str) or not is_token(name):
            raise SetupError(f"{option} holds {name!r}, which is not a name")
    return tuple(listed)
