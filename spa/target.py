"""Refuse a request whose target is no path, or one that clients do not send."""

from collections.abc import Mapping
from typing import Any, NoReturn

from werkzeug.exceptions import HTTPException, NotFound

from spa.response import Response

DOTS = frozenset({".", ".."})  # segments that clients take out of a path before they send it (RFC 3986 section 5.2.4)


class NotNormal(NotFound):
    """*404* that no cache may keep: one that takes the dots out would keep it for another path."""

    def get_headers(self, environ: Any = None, scope: Any = None) -> list[tuple[str, str]]:
        """Forbid caches to keep the answer."""
        return [*super().get_headers(environ, scope), ("Cache-Control", "no-store")]


def has_dots(path: str) -> bool:
    """Tell whether a path, or a pattern, has a segment that no client sends."""
    return "/." in path and not DOTS.isdisjoint(path.split("/"))


def refuse(path: str, environ: Mapping[str, Any]) -> NoReturn:
    """Answer a target that is no path; Werkzeug would take it for one that lacks its slash.

    What stands in front of the app, and judges by the beginning of a path, would not.

    Raises:
        NotFound: always, but for the question whether anybody is there.
    """
    if path == "*" and environ.get("REQUEST_METHOD") == "OPTIONS":  # RFC 9110 section 9.3.7
        raise HTTPException(response=Response(status=204))
    raise NotFound
