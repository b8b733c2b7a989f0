"""Keep, in the environ of a request, the path under which an app is mounted."""

from collections.abc import Mapping
from typing import Any

from spa.environ import OUTER
from spa.grammar import merge_slashes


def script_name_of(environ: Mapping[str, Any]) -> str:
    """Return the path that stands in front of PATH_INFO, without the slash at its end that a proxy may write."""
    script_name: str = environ.get("SCRIPT_NAME", "")
    return script_name.rstrip("/")


def mount_of(environ: Mapping[str, Any], rest: str) -> str:
    """Return the URL path of a request without the ``rest`` at its end: that of the directory which has such a file.

    As for routes, many slashes at its beginning are one: else a client could make up mounts.
    """
    path: str = script_name_of(environ) + "/" + environ.get("PATH_INFO", "").lstrip("/")
    return path.encode("latin-1").decode("utf-8", "replace").removesuffix(rest)


def below(path: str, environ: dict[str, Any]) -> dict[str, Any]:
    """Return a copy of an environ with ``path`` moved from PATH_INFO to SCRIPT_NAME.

    PATH_INFO begins with it, maybe only when its double slashes are merged.
    """
    whole = environ.get("PATH_INFO", "")
    return {
        **environ,
        "SCRIPT_NAME": script_name_of(environ) + path,
        "PATH_INFO": (whole if whole.startswith(path) else merge_slashes(whole))[len(path) :],
        OUTER: environ,
    }


def outermost(environ: dict[str, Any]) -> dict[str, Any]:
    """Return the environ that the server made: it looks there, when the request ends, for what an app noted."""
    while OUTER in environ:
        environ = environ[OUTER]
    return environ
