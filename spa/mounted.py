"""Make the environ for an app that is mounted under a path, and find the server's own again."""

from typing import Any

from spa.environ import OUTER
from spa.grammar import merge_slashes


def below(path: str, environ: dict[str, Any]) -> dict[str, Any]:
    """Return a copy of an environ with ``path`` moved from PATH_INFO to SCRIPT_NAME.

    PATH_INFO begins with it, maybe only when its double slashes are merged.
    """
    whole = environ.get("PATH_INFO", "")
    return {
        **environ,
        "SCRIPT_NAME": environ.get("SCRIPT_NAME", "") + path,
        "PATH_INFO": (whole if whole.startswith(path) else merge_slashes(whole))[len(path) :],
        OUTER: environ,
    }


def outermost(environ: dict[str, Any]) -> dict[str, Any]:
    """Return the environ that the server made: it looks there, when the request ends, for what an app noted."""
    while OUTER in environ:
        environ = environ[OUTER]
    return environ
