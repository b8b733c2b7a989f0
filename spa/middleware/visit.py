"""Open the session of one request, and seal it when the answer starts."""

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from werkzeug.datastructures import Authorization, CallbackDict
from werkzeug.exceptions import Forbidden
from werkzeug.sansio.http import parse_cookie

from spa.middleware.cookie import Cookie
from spa.middleware.vary import Headers, add_vary
from spa.requestid import describe
from spa.token import Token, TokenSigner, encode

logger = logging.getLogger("spa")


@dataclass(frozen=True, slots=True)
class Settings:
    """How sessions travel, the same for all requests.

    Attributes:
        signer: signs and verifies.
        cookie: carries the session.
        bearer: whether a token is also read from ``Authorization: Bearer``.
        clock: gives the seconds since the epoch.
        vary: the fields of a request that an answer depends on which has used the session.
    """

    signer: TokenSigner
    cookie: Cookie
    bearer: bool
    clock: Callable[[], float]
    vary: tuple[str, ...]

    def dump(self, claims: dict[str, Any], *, is_https: bool) -> str:
        """Return the Set-Cookie value that carries a session; that of an empty one deletes the cookie.

        Raises:
            TypeError, ValueError: the session is too large, or JSON cannot express it.
        """
        token, max_age = (self.signer.sign(claims), math.ceil(self.signer.max_age)) if claims else ("", 0)
        return self.cookie.dump(token, max_age, now=self.clock(), is_https=is_https)


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

    def __init__(self, settings: Settings, environ: dict[str, Any]) -> None:
        self._settings = settings
        self._authorization = environ.get("HTTP_AUTHORIZATION")  # not the environ, which holds this visit
        self._cookies = environ.get("HTTP_COOKIE")
        self._is_https = environ["wsgi.url_scheme"].lower() in ("https", "wss")  # Traefik calls it wss

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
                "%s: the session was changed after the handshake, and that is lost", describe(environ)
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
        values = parse_cookie(self._cookies).getlist(self._settings.cookie.name)
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
            return self._settings.dump(session, is_https=self._is_https)
        if self._has_cookie and (is_changed or self._token is None):  # emptied; or expired, or forged
            return self._settings.dump({}, is_https=self._is_https)
        return None

    def _is_due(self) -> bool:
        """Tell whether a session in use is to be written anew, so that it does not end under the visitor's hands."""
        if self._token is None or self._is_bearer:
            return False
        return self._settings.clock() - self._token.issued_at > self._settings.signer.max_age / 2


def _refuse_bearer(session: Session) -> NoReturn:
    session.is_refused = True
    raise Forbidden("A session that came as a bearer token cannot be changed.")


def _refuse_late(session: Session) -> NoReturn:
    session.is_refused = True
    raise RuntimeError("the session cannot be changed any more: the answer to the request has started")
