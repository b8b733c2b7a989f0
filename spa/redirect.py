"""Send a client to the one path of what it asked for."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from werkzeug.exceptions import HTTPException

from spa.grammar import PATH_SAFE
from spa.mounted import script_name_of
from spa.response import Response

PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))


class Redirect(HTTPException):
    """*308* to the one URL of a resource, relative, so that no foreign host can get into it."""

    code = 308

    def __init__(self, location: str) -> None:
        super().__init__(response=Response(status=308, headers={"Location": location}))
        self.location = location


def redirect_to(path: str, environ: Mapping[str, Any]) -> Redirect:
    """Return the redirect to a path of this app that is quoted and begins with one slash; the query stays."""
    query = _quote(environ.get("QUERY_STRING", ""))
    root = root_of(environ)
    return Redirect(f"{root}{path}?{query}" if query else f"{root}{path}")


def root_of(environ: Mapping[str, Any]) -> str:
    """Return the path that stands in front of all paths of the app, SCRIPT_NAME, as a URL spells it."""
    return quote_path(script_name_of(environ))


def quote_path(path: str) -> str:
    """Return a path of the environ as a URL spells it."""
    return quote(path, safe=PATH_SAFE, encoding="latin-1")


def _quote(part: str) -> str:
    """Return a part of a URL from the environ with its bytes beyond ASCII percent-encoded, and no other change."""
    return part if part.isascii() else quote(part, safe=PRINTABLE, encoding="latin-1")
