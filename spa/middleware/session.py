"""Keep the session of a visitor, a dict, in a signed cookie."""

import logging
import math
import re
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NoReturn

from werkzeug.datastructures import Authorization, CallbackDict
from werkzeug.exceptions import Forbidden, HTTPException, InternalServerError
from werkzeug.http import dump_cookie
from werkzeug.sansio.http import parse_cookie

from spa import problem
from spa.errors import SetupError
from spa.middleware.vary import Headers, add_vary
from spa.token import Secret, Token, TokenSigner, encode
from spa.websocket import handshake, lifecycle
from spa.websocket.transport import is_upgraded

logger = logging.getLogger("spa")

PURPOSE = "session"  # of the tokens that are read here; TokenSigner(secret, PURPOSE, ...) makes more of them
LARGEST_COOKIE = 4093  # bytes of a Set-Cookie value that all browsers keep, as Werkzeug counts them
FORTNIGHT = 14 * 24 * 3600
TOKEN_CHARACTERS = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # RFC 9110 section 5.6.2

Body = Iterable[bytes]
WSGIApp = Callable[[dict[str, Any], Any], Body]


class SessionMiddleware:
    """WSGI middleware that gives each visitor a session: ``request.session``, a dict.

    The session lives in a cookie, as a signed JSON Web Token: the visitor can read it and cannot change it. It is read
    when it is first used, and written, if it has changed, when the answer starts (an answer of 5xx writes nothing). An
    empty session is no cookie. A session in use does not end: past half of ``max_age`` it is written anew.

    A client without cookies may send such a token as ``Authorization: Bearer``; then no cookie counts, and the session
    cannot be changed.

    Args:
        app: the WSGI app around which the sessions are.
        secret: at least 32 bytes that nobody else knows (``secrets.token_hex(32)``), or a list of such: the first
            signs, all verify.
        cookie: the name of the cookie.
        max_age: seconds that a session lives without being used.
        path: the path under which the browser sends the cookie.
        domain: the domain whose subdomains get the cookie too; None is this host only.
        same_site: ``Lax``: other sites' pages may link here, and not post; ``Strict``: not even link; ``'None'``: all.
        secure: whether the cookie travels over https only; None means that it does if it was set over https.
        bearer: whether a token is also read from ``Authorization: Bearer``.
        clock: gives the seconds since the epoch.

    Raises:
        SetupError: a setting is wrong, or PyJWT is not installed.
    """

    def __init__(
        self,
        app: WSGIApp,
        secret: Secret | Sequence[Secret],
        *,
        cookie: str = "session",
        max_age: int = FORTNIGHT,
        path: str = "/",
        domain: str | None = None,
        same_site: str = "Lax",
        secure: bool | None = None,
        bearer: bool = True,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if not callable(app):
            raise SetupError(f"SessionMiddleware wraps a WSGI app, not {app!r}")
        if not TOKEN_CHARACTERS.fullmatch(cookie):
            raise SetupError(f"{cookie!r} is not the name of a cookie: use letters, digits, '-' and '_'")
        self.app = app
        self.signer = TokenSigner(secret, PURPOSE, max_age=max_age, clock=clock)
        self.clock = clock
        self.cookie = cookie
        self.bearer = bearer
        self.vary = ("Cookie", "Authorization") if bearer else ("Cookie",)
        self._path = path
        self._domain = domain
        self._same_site = same_site
        self._secure = secure
        try:
            self.dump("", 0, is_https=True)
        except ValueError as error:
            raise SetupError(f"the session cookie cannot be made: {error}") from error

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Body:
        """Answer a WSGI request, with its session at hand."""
        visit = Visit(self, environ)
        environ["spa.session"] = visit.open
        failure: Exception | None = None

        def start(status: str, headers: Any, exc_info: Any = None) -> Any:
            """Start the response with what has become of the session."""
            nonlocal failure
            try:
                headers = visit.finish(status, headers)
            except Exception as error:
                failure = error
                raise
            return start_response(status, headers, exc_info)

        if "HTTP_UPGRADE" in environ and handshake.is_upgrade(environ):
            environ.setdefault("spa.upgrade_headers", []).append(visit.seal)
            visit.is_websocket = True
            if is_upgraded(environ):
                visit.seal()  # the 101 has left: there is no answer to put a cookie into
        try:
            return self.app(environ, start)
        except Exception as error:
            if error is not failure:
                raise
            failure = None  # it holds this frame, which holds it
            return _answer_failure(error, environ)(environ, start)
        finally:
            if visit.is_websocket:
                visit.complain(environ)

    def dump(self, token: str, max_age: int, *, is_https: bool) -> str:
        """Return the value of a Set-Cookie header (RFC 6265 section 4.1).

        Raises:
            ValueError: the cookie is larger than browsers keep.
        """
        value = dump_cookie(
            self.cookie,
            token,
            max_age=max_age,
            expires=self.clock() + max_age if max_age else 0,
            path=self._path,
            domain=self._domain,
            secure=is_https if self._secure is None else self._secure,
            httponly=True,
            samesite=self._same_site,
            max_size=0,  # where Werkzeug warns, this raises
        )
        if len(value) > LARGEST_COOKIE:
            raise ValueError(
                f"the session makes a cookie of {len(value)} bytes, and browsers keep {LARGEST_COOKIE}: keep the data"
                " in a database, and its key in the session"
            )
        return value


class Session(CallbackDict[str, Any]):
    """The dict at ``request.session``; ``on_update`` raises where nothing may change.

    Attributes:
        is_refused: whether a change has been refused.
    """

    is_refused = False


class Visit:
    """The session of one request: opened by its first use, sealed when its answer starts.

    Attributes:
        is_websocket: whether the request asks for a WebSocket, and has not been answered otherwise.
    """

    # Set on the instance when they change: most requests use no session, and pay for little.
    is_websocket = False
    _session: Session | None = None
    _text = "{}"  # the session as the client knows it
    _token: Token | None = None
    _is_bearer = False
    _has_cookie = False
    _is_sealed = False
    _headers: tuple[tuple[str, str], ...] = ()

    def __init__(self, settings: SessionMiddleware, environ: dict[str, Any]) -> None:
        self._settings = settings
        self._authorization = environ.get("HTTP_AUTHORIZATION")  # not the environ, which holds this visit
        self._cookies = environ.get("HTTP_COOKIE")
        self._is_https = environ["wsgi.url_scheme"] in ("https", "wss")  # Traefik calls it wss

    def open(self) -> dict[str, Any]:
        """Return the session, the same dict each time.

        Raises:
            RuntimeError: the answer has started without it, so that it does not say that it varies by the session.
        """
        if self._session is None:
            if self._is_sealed and not self.is_websocket:
                raise RuntimeError("use request.session before the answer starts, not first in what is streamed")
            self._token = self._find_token()
            self._session = Session(self._token.claims if self._token else {})
            self._text = encode(self._session)
            self._guard(self._session)
        return self._session

    def finish(self, status: str, headers: Headers) -> Headers:
        """Return the headers of an HTTP answer with those that the session adds to them.

        Raises:
            Forbidden: a session that came as a bearer token has been changed.
            TypeError, ValueError: the session is too large, or JSON cannot express it. Raised once: the
                answer that tells of the error goes without a cookie.
        """
        self.is_websocket = False
        own = self.seal(is_saved=not status.startswith("5"))  # what failed half-way leaves nothing behind
        if self._session is None:
            return headers
        added = list(headers)
        for field in self._settings.vary:
            add_vary(added, field)
        return [*added, *own]

    def seal(self, is_saved: bool = True) -> tuple[tuple[str, str], ...]:
        """Write the session down: return the headers that tell the client, none if there is nothing to tell.

        Raises:
            Forbidden, TypeError, ValueError: as ``finish``.
        """
        if not self._is_sealed:
            self._is_sealed = True
            if self._session is not None:
                self._guard(self._session)
                cookie = self._write(self._session) if is_saved else None
                if cookie is not None:
                    # No cache may hand one visitor's cookie to the next (RFC 9111 section 5.2.2.4).
                    self._headers = (("Set-Cookie", cookie), ("Cache-Control", 'no-cache="Set-Cookie"'))
        return self._headers if is_saved else ()

    def complain(self, environ: dict[str, Any]) -> None:
        """Log a change inside a value of the session that a WebSocket made too late to be written."""
        session = self._session
        if session is None or session.is_refused or not self._is_sealed:
            return
        try:
            is_lost = encode(session) != self._text
        except (TypeError, ValueError, RecursionError):
            is_lost = True
        if is_lost:
            logger.error(
                "%s: the session was changed after the handshake, and that is lost", lifecycle.describe(environ)
            )

    def _find_token(self) -> Token | None:
        signer = self._settings.signer
        if self._settings.bearer:
            authorization = Authorization.from_header(self._authorization)
            if authorization is not None and authorization.type == "bearer":
                token = signer.verify(authorization.token or "")
                self._is_bearer = token is not None
                return token
        # Several may come, set for other paths or by a neighbour under the same domain: the first that is ours counts.
        values = parse_cookie(self._cookies).getlist(self._settings.cookie)
        self._has_cookie = bool(values)
        return next((token for value in values if (token := signer.verify(value)) is not None), None)

    def _guard(self, session: Session) -> None:
        """From here on refuse changes that nobody would be told of."""
        if self._is_bearer:
            session.on_update = _refuse_bearer
        elif self._is_sealed:
            session.on_update = _refuse_late

    def _write(self, session: Session) -> str | None:
        """Return the cookie to set; None if the client's is still right."""
        text = encode(session)
        is_changed, self._text = text != self._text, text
        if is_changed and self._is_bearer and not session.is_refused:
            _refuse_bearer(session)
        if session and ((is_changed and not self._is_bearer) or self._is_due()):
            signer = self._settings.signer
            return self._settings.dump(signer.sign(session), math.ceil(signer.max_age), is_https=self._is_https)
        if self._has_cookie and (is_changed or self._token is None):  # emptied; or expired, or forged
            return self._settings.dump("", 0, is_https=self._is_https)
        return None

    def _is_due(self) -> bool:
        """Tell whether a session in use is to be written anew, so that it does not end under the visitor's hands."""
        if self._token is None or self._is_bearer:
            return False
        return self._settings.clock() - self._token.issued_at > self._settings.signer.max_age / 2


def _answer_failure(error: Exception, environ: dict[str, Any]) -> WSGIApp:
    """Return the answer where the session could not be written: the app has done its part, and knows of nothing."""
    if not isinstance(error, HTTPException):
        logger.error("%s: the session cannot be kept", lifecycle.describe(environ), exc_info=error)
        error = InternalServerError(original_exception=error)
    return problem.render(error, environ)


def _refuse_bearer(session: Session) -> NoReturn:
    session.is_refused = True
    raise Forbidden("A session that came as a bearer token cannot be changed.")


def _refuse_late(session: Session) -> NoReturn:
    session.is_refused = True
    raise RuntimeError("the session cannot be changed any more: the answer to the request has started")
