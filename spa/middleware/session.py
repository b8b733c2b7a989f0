"""Keep the session of a visitor, a dict, in a signed cookie."""

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any

from werkzeug.exceptions import HTTPException

from spa import problem
from spa.environ import SESSION, UPGRADE_HEADERS
from spa.errors import SetupError
from spa.middleware.cookie import Cookie
from spa.middleware.visit import Settings, Visit
from spa.requestid import describe
from spa.token import Secret, TokenSigner
from spa.websocket import handshake
from spa.websocket.transport import is_upgraded
from spa.wsgi import Body, WSGIApp

logger = logging.getLogger("spa")

COOKIE = "session"  # the name of the cookie, if no other is chosen
FORTNIGHT = 14 * 24 * 3600


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
        cookie: the name of the cookie. A session made for a cookie of another name is not read, though its secret is
            the same.
        max_age: seconds that a session lives without being used, 14 days by default.
        path: the path under which the browser sends the cookie.
        domain: the domain whose subdomains get the cookie too; None is this host only.
        same_site: ``Lax``: other sites' pages may link here, and not post; ``Strict``: not even link; ``'None'``: all.
        secure: whether the cookie travels over https only; None means that it does if it was set over https.
        bearer: whether a token is also read from ``Authorization: Bearer``.
        clock: gives the seconds since the epoch.

    Raises:
        SetupError: a setting is wrong, or one with which browsers would drop the cookie, or PyJWT is not installed.
    """

    def __init__(
        self,
        app: WSGIApp,
        secret: Secret | Sequence[Secret],
        *,
        cookie: str = COOKIE,
        max_age: int = FORTNIGHT,
        path: str = "/",
        domain: str | None = None,
        same_site: str = "Lax",
        secure: bool | None = None,
        bearer: bool = True,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if not callable(app):  # in the other order, what came as the app is the secret: do not print it
            raise SetupError(
                f"SessionMiddleware wraps a WSGI app, not {type(app).__name__}: write SessionMiddleware(app, secret)"
            )
        self.app = app
        self.signer = TokenSigner(secret, purpose_of(cookie), max_age=max_age, clock=clock)
        self._settings = Settings(
            signer=self.signer,
            cookie=Cookie(cookie, path, domain, same_site, secure),
            bearer=bearer,
            clock=clock,
            vary=("Cookie", "Authorization") if bearer else ("Cookie",),
        )
        try:
            self._settings.dump({"": ""}, is_https=True)
        except (ValueError, OverflowError, OSError) as error:  # each a way to say that there is no such date
            raise SetupError(
                f"max_age={max_age!r} cannot be written as a date ({error}): browsers keep cookies for 400 days at most"
            ) from error

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Body:
        """Answer a WSGI request, with its session at hand."""
        visit = Visit(self._settings, environ)
        environ[SESSION] = visit.open
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
            environ.setdefault(UPGRADE_HEADERS, []).append(visit.seal)
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


def purpose_of(cookie: str = COOKIE) -> str:
    """Return the purpose of the tokens that are sessions, of the middleware whose cookie has this name.

    ``TokenSigner(secret, purpose_of(), max_age=...)`` makes a token that ``SessionMiddleware(app, secret)`` reads.
    """
    return f"session/{cookie}"  # no cookie's name has a slash (RFC 6265 section 4.1.1)


def _answer_failure(error: Exception, environ: dict[str, Any]) -> WSGIApp:
    """Return the answer where the session could not be written: the app has done its part, and knows of nothing."""
    if isinstance(error, HTTPException):
        return problem.render(error, environ)
    logger.error("%s: the session cannot be kept", describe(environ), exc_info=error)
    return problem.render_bug(error, environ)
