"""Find the mount that owns the path of a request."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from spa.grammar import merge_slashes
from spa.redirect import quote_path, redirect_to
from spa.wsgi import WSGIApp


@dataclass(frozen=True, slots=True)
class Mount:
    """A WSGI app under a path, spelled as in PATH_INFO; made by ``spa.mount``."""

    path: str
    wsgi_app: WSGIApp


def find_mount(mounts: Sequence[Mount], environ: Mapping[str, Any], is_upgrade: bool = False) -> Mount | None:
    """Return the mount that owns the path of a request, the first of several.

    A WebSocket client follows no redirect, so the path of an upgrade may have double slashes.

    Raises:
        Redirect: a mount owns this path with double slashes merged.
    """
    path = environ.get("PATH_INFO", "")
    mount = _owner_of(path, mounts)
    if mount is None and "//" in path:
        merged = merge_slashes(path)
        mount = _owner_of(merged, mounts)
        if mount is not None and not is_upgrade:
            raise redirect_to(quote_path(merged), environ)
    return mount


def _owner_of(path: str, mounts: Sequence[Mount]) -> Mount | None:
    for mount in mounts:
        if path.startswith(mount.path) and path[len(mount.path) : len(mount.path) + 1] in ("", "/"):
            return mount
    return None
