"""Name a request, so that its lines in the log and its error answer can be found together."""

import re
import secrets
from collections.abc import Callable
from typing import Any

from spa.environ import REQUEST_ID
from spa.mounted import outermost

# What a proxy or a client may call a request: it goes into log lines and answers, so it is short and plain.
GIVEN = re.compile(r"[A-Za-z0-9._~:/+=@-]{1,128}")
LONGEST = 1024  # characters of what a client wrote in a log line, before they are escaped: most URLs are shorter


def make() -> str:
    """Return 16 hex digits that no other request has."""
    return secrets.token_hex(8)


def request_id(environ: dict[str, Any], make: Callable[[], str] = make) -> str:
    """Return the name of a request: that of its ``X-Request-ID`` header if it is a plain one, else a new one.

    It is made when it is first asked for, so a request that nobody names costs nothing; and it is kept where the
    server finds it, for the access log.
    """
    environ = outermost(environ)
    found: str | None = environ.get(REQUEST_ID)
    if found is None:
        given = environ.get("HTTP_X_REQUEST_ID", "")
        found = environ[REQUEST_ID] = given if GIVEN.fullmatch(given) else make()
    return found


def describe(environ: dict[str, Any]) -> str:
    """Return method, path and name of a request for a log line."""
    return f"{describe_target(environ)} [{request_id(environ)}]"


def describe_target(environ: dict[str, Any]) -> str:
    """Return method and path of a request for a log line."""
    path = f"{environ.get('SCRIPT_NAME', '')}{environ.get('PATH_INFO', '')}"
    return escape(f"{environ.get('REQUEST_METHOD', '')} {path}")


def escape(text: str) -> str:
    """Return a text as printable ASCII in one line, of bounded length, which may stand between double quotes too."""
    return text[:LONGEST].encode("unicode_escape").decode("ascii").replace('"', '\\"')
