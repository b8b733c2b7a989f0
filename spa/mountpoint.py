"""Mount a WSGI app under a path, which is then all its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from spa.errors import SetupError
from spa.grammar import merge_slashes
from spa.redirect import quote_path, redirect_to
from spa.routecheck import try_call
from spa.target import has_dots
from spa.wsgi import WSGIApp


@dataclass(frozen=True, slots=True)
class Mount:
    """A WSGI app under a path, spelled as in PATH_INFO; made by ``mount``."""

    path: str
    wsgi_app: WSGIApp


def mount(path: str, wsgi_app: WSGIApp) -> Mount:
    """Hand everything under a path to another WSGI app, as one item of a routes tuple.

    The app sees the rest of the path in ``PATH_INFO`` and the path itself at the end of ``SCRIPT_NAME``. It is
    asked before the routes; of two mounts, the one with the longer path.

    Raises:
        SetupError: the path does not start with a slash, ends with one, or has a variable or a segment ``.`` or
            ``..``; or this is no app.
    """
    if not callable(wsgi_app) or try_call(wsgi_app, (None, None), {}) is not None:
        raise SetupError(f"mount({path!r}): pass a WSGI app, a callable (environ, start_response), not {wsgi_app!r}")
    return Mount(check_prefix(path, "mount"), wsgi_app)


def find_mount(mounts: Sequence[Mount], environ: Mapping[str, Any], is_upgrade: bool = False) -> Mount | None:
    """Return the mount that owns the path of a request, the first of several.

    A WebSocket client follows no redirect, so the path of an upgrade may have double slashes.

    Raises:
        Redirect: a mount owns this path with double slashes merged.
    """
    path = environ.get("PATH_INFO", "")
    owner = _owner_of(path, mounts)
    if owner is None and "//" in path:
        merged = merge_slashes(path)
        owner = _owner_of(merged, mounts)
        if owner is not None and not is_upgrade:
            raise redirect_to(quote_path(merged), environ)
    return owner


def check_prefix(prefix: str, what: str) -> str:
    """Return the path under which ``what`` is put.

    Raises:
        SetupError: it does not start with a slash, or ends with one, or has a segment ``.`` or ``..``.
    """
    if not isinstance(prefix, str) or not prefix.startswith("/") or prefix.endswith("/"):
        raise SetupError(f"{what}({prefix!r}): the path starts with a slash and does not end with one")
    if has_dots(prefix):
        raise SetupError(f"{what}({prefix!r}): clients take the segments . and .. out of a path")
    return prefix


def _owner_of(path: str, mounts: Sequence[Mount]) -> Mount | None:
    for mount in mounts:
        if path.startswith(mount.path) and path[len(mount.path) : len(mount.path) + 1] in ("", "/"):
            return mount
    return None
