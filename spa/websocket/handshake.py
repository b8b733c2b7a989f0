"""Decide whether a request may become a WebSocket, and with which answer (RFC 6455 section 4.2)."""

import base64
import binascii
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from werkzeug.exceptions import BadRequest, Forbidden, HTTPException
from werkzeug.http import parse_set_header

from spa.environ import ALLOWED_ORIGINS
from spa.errors import SetupError
from spa.grammar import is_token
from spa.listing import check_list
from spa.origin import is_own_page

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 section 1.3
OWN_HEADERS = frozenset(
    {"connection", "upgrade", "content-length", "transfer-encoding"}
    | {"sec-websocket-accept", "sec-websocket-extensions", "sec-websocket-protocol", "sec-websocket-version"}
)


class UpgradeRequired(HTTPException):
    """*426* ``Upgrade Required``: the resource speaks WebSocket, version 13 (RFC 9110 section 15.5.22)."""

    code = 426
    description = "This resource is a WebSocket: connect with a WebSocket client, version 13."

    def get_headers(self, environ: Any = None, scope: Any = None) -> list[tuple[str, str]]:
        """Name the version to use, and the protocol but under servers that might refuse the whole answer for it.

        PEP 3333 keeps what belongs to the connection from apps; the servers of gevent and gunicorn let it pass.
        """
        headers = [*super().get_headers(environ, scope), ("Sec-WebSocket-Version", "13")]
        server = (environ or {}).get("SERVER_SOFTWARE")  # none in a test
        if server is None or server.startswith(("gevent/", "gunicorn/")):
            headers += [("Connection", "Upgrade"), ("Upgrade", "websocket")]  # RFC 9110 section 7.8 wants both
        return headers


@dataclass(frozen=True, slots=True)
class Handshake:
    """What a valid handshake request says: the client's key and the subprotocols it offers."""

    key: str
    subprotocols: tuple[str, ...]


def is_upgrade(environ: Mapping[str, Any]) -> bool:
    """Tell whether the request asks to become a WebSocket; tokens are compared, not substrings."""
    return (
        "HTTP_UPGRADE" in environ  # as in few requests
        and "websocket" in parse_set_header(environ["HTTP_UPGRADE"])
        and "upgrade" in parse_set_header(environ.get("HTTP_CONNECTION"))
    )  # fmt: skip


def refuse(environ: Mapping[str, Any]) -> None:
    """Refuse a request to become a WebSocket, for a resource that is none; any other request may pass.

    Raises:
        BadRequest: it asks for a WebSocket.
    """
    if is_upgrade(environ):
        raise BadRequest("This resource is not a WebSocket.")


def check(environ: Mapping[str, Any]) -> Handshake:
    """Read a handshake request that has passed ``is_upgrade``.

    Raises:
        BadRequest: the method is not GET, HTTP is not 1.1, there is a body, whose bytes would be taken for frames, or
            the key is missing, doubled or malformed.
        UpgradeRequired: the client speaks another version of the protocol than 13.
    """
    if environ["REQUEST_METHOD"] != "GET" or environ["SERVER_PROTOCOL"] != "HTTP/1.1":
        raise BadRequest("A WebSocket handshake is a GET request in HTTP/1.1.")
    if "HTTP_TRANSFER_ENCODING" in environ or environ.get("CONTENT_LENGTH", "") not in ("", "0"):
        raise BadRequest("A WebSocket handshake has no body.")
    version = environ.get("HTTP_SEC_WEBSOCKET_VERSION")
    if version is None:
        raise BadRequest("The Sec-WebSocket-Version header is missing.")
    if version.strip() != "13":
        raise UpgradeRequired
    key = environ.get("HTTP_SEC_WEBSOCKET_KEY", "").strip()
    try:
        nonce = base64.b64decode(key, validate=True)
    except (binascii.Error, ValueError):
        nonce = b""
    if len(nonce) != 16:
        raise BadRequest("The Sec-WebSocket-Key header must be one base64 value of 16 bytes.")
    return Handshake(key, tuple(_tokens(environ.get("HTTP_SEC_WEBSOCKET_PROTOCOL", ""))))


def check_origin(environ: Mapping[str, Any], allowed: Iterable[str]) -> None:
    """Refuse a browser page of another site (RFC 6455 section 10.2).

    A request without Origin does not come from a browser and passes. The page's own host passes, and so do
    the origins in ``allowed`` (``*`` allows all), and those that a middleware has left in the environ.

    Raises:
        Forbidden: the Origin is another site's.
    """
    origin = environ.get("HTTP_ORIGIN")
    if origin is None or origin in allowed or "*" in allowed or origin in environ.get(ALLOWED_ORIGINS, ()):
        return
    if not is_own_page(origin, environ):
        raise Forbidden("The WebSocket may not be opened from this Origin.")


def check_subprotocols(subprotocols: Sequence[str]) -> tuple[str, ...]:
    """Return the subprotocols of a setting as a tuple.

    Raises:
        SetupError: this is no list, or a set, whose order is chance; or one of them is not a token (RFC 6455 section
            4.1), which no client offers.
    """
    names = tuple(check_list(subprotocols, "subprotocols", "names", is_ordered=True))
    for name in names:
        if not isinstance(name, str) or not is_token(name):
            raise SetupError(f"{name!r} is not the name of a subprotocol; write letters and digits, as in 'v1.example'")
    return names


def choose_subprotocol(offered: Sequence[str], supported: Sequence[str]) -> str | None:
    """Return the first of the server's subprotocols that the client offers, or None."""
    return next((name for name in supported if name in offered), None)


def response(key: str, subprotocol: str | None, headers: Iterable[tuple[str, str]] = ()) -> bytes:
    """Return the bytes of the 101 answer.

    Raises:
        ValueError: a header is one of the handshake's own, has no name that HTTP knows, or holds a control character.
    """
    lines = [
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Accept: {accept_value(key)}",
    ]
    if subprotocol is not None:
        lines.append(f"Sec-WebSocket-Protocol: {subprotocol}")
    for name, value in headers:
        if name.lower() in OWN_HEADERS:
            raise ValueError(f"the header {name} belongs to the handshake")
        if not is_token(name):
            raise ValueError(f"{name!r} is not the name of a header; write letters, digits and hyphens, as in 'X-One'")
        lines.append(f"{name}: {value}")
    if any(character < " " or character == "\x7f" for line in lines for character in line):
        raise ValueError("a header of a WebSocket handshake holds a control character")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def accept_value(key: str) -> str:
    """Return the proof that the server read the client's key (RFC 6455 section 4.2.2)."""
    return base64.b64encode(hashlib.sha1(key.encode("ascii") + GUID, usedforsecurity=False).digest()).decode()


def _tokens(value: str) -> Iterable[str]:
    return (token.strip() for token in value.split(",") if token.strip())
