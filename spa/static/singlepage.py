"""Serve a built front end, with its index page for every client-side route."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from werkzeug.exceptions import MethodNotAllowed

from spa.accept import weigh
from spa.errors import SetupError
from spa.response import answer_options
from spa.static.buildhash import carries_build_hash
from spa.static.files import Root
from spa.static.hashedfile import UnknownFile
from spa.static.mimetypes import UNKNOWN, type_of
from spa.static.namedfiles import NamedFiles
from spa.static.route import VARIABLE, refuse_arguments
from spa.static.sending import IMMUTABLE, Representation
from spa.static.servable import DEEPEST
from spa.websocket.handshake import refuse
from spa.wsgi import WSGIApp

METHODS = ("GET", "HEAD", "OPTIONS")
# What no client-side route has: names that begin with a dot, so that nobody who looks for an .env is told 200; the
# dot-segments among them browsers take out before they send a path, and control characters they never send.
NO_ROUTE = re.compile(r"(?:^|[/\\])\.|[\x00-\x1f\x7f]")


class SinglePage:
    """The output of a front end's build (Vite, webpack, esbuild, Angular), as the handler of two routes::

        front = SinglePage('dist')
        routes = (
            ('/api/notes/', 'notes', Notes),
            ('/', 'home', front),
            ('/<path:filepath>', '', front),
        )

    Files that are there are sent: for ever cacheable if their name carries the hash of a build, else ``no-cache`` with
    an ETag. Every other path may be a client-side route, so it is answered with the index page, but to those only who
    GET a page: their Accept names ``text/html``, as a browser's does for an address and not for an image, a script or
    a fetch. What looks like a file that is not there is 404, and so is everything else.

    Args:
        directory: a path, or ``(package, folder)`` for the data of an installed package.
        index: the page, a file in it.
        is_immutable: tells by its path whether a file never changes; the default knows the names that build tools give.
        follow_symlinks: whether links may lead out of the directory.

    Raises:
        SetupError: the directory or the index page is not there.
    """

    def __init__(
        self,
        directory: Root = "dist",
        index: str = "index.html",
        *,
        is_immutable: Callable[[str], bool] = carries_build_hash,
        follow_symlinks: bool = False,
    ) -> None:
        try:
            self._files = NamedFiles(directory, follow_symlinks=follow_symlinks)
        except SetupError as error:
            raise SetupError(f"{error}; run the front end's build first, as npm run build") from error
        if not isinstance(index, str) or self._files.directory.identify(index) is None:
            root = self._files.directory.root
            raise SetupError(f"there is no {index!r} in {root!r}; run the front end's build first, as npm run build")
        self._index = index
        self._is_immutable = is_immutable

    def set_up_route(self, pattern: str, kwargs: Mapping[str, Any]) -> Mapping[str, Any]:
        """See, when the app is built, that the route is one for a front end."""
        refuse_arguments(pattern, kwargs, "SinglePage")
        if "<path:" in pattern and VARIABLE not in pattern:
            raise SetupError(f"route {pattern!r}: the variable of the path is called filepath: <path:filepath>")
        return kwargs

    def __call__(self, app: Any, request: Any, params: Mapping[str, Any], route_name: str, **kwargs: Any) -> WSGIApp:
        """Return the answer to a request, a WSGI callable.

        Raises:
            NotFound: there is no such file, and this is not a browser that asks for a page. No cache may keep that: the
                next build may have the file.
            BadRequest: it asks for a WebSocket.
            MethodNotAllowed: there is such a file, and the method is not GET, HEAD or OPTIONS.
        """
        environ = request.environ
        refuse(environ)
        path = params.get("filepath", "") or self._index
        method = environ["REQUEST_METHOD"]
        if method in ("GET", "HEAD"):
            return self._find(path, environ)
        if self._files.directory.identify(path) is None:
            raise UnknownFile
        if method == "OPTIONS":
            return answer_options(METHODS)
        raise MethodNotAllowed(METHODS)

    def _find(self, path: str, environ: dict[str, Any]) -> Representation:
        """Return the file, or the index page if this is a client-side route."""
        found = self._files.find(path, environ)
        if found is not None:
            return self._mark(found, path)
        if names_html(environ.get("HTTP_ACCEPT", "")) and is_client_side(path) and not self._is_below_file(path):
            found = self._files.find(self._index, environ)
        if found is None:
            raise UnknownFile
        return replace(found, headers=(*found.headers, ("Vary", "Accept")))

    def _mark(self, found: Representation, path: str) -> Representation:
        """Let caches keep what never changes."""
        try:
            return _with_cache_control(found, IMMUTABLE) if self._is_immutable(path) else found
        except BaseException:  # of the user's function
            found.close()
            raise

    def _is_below_file(self, path: str) -> bool:
        """Tell whether a path goes on behind a file, ``about.html/x``.

        Mostly its first segment is enough to tell that it does not.
        """
        segments = path.split("/", DEEPEST)
        for count in range(1, len(segments)):
            above = "/".join(segments[:count])
            if self._files.directory.identify(above) is not None:
                return True
            if not self._files.directory.is_directory(above):
                return False
        return False


def is_client_side(path: str) -> bool:
    """Tell whether a path that is no file may be a route of the front end.

    It is not if it has the extension of a known type, as a file of a build that is gone; ``/users/john.doe`` may be.
    Nor is it if a segment begins with a dot, or has control characters. What else names of files may not be, routes
    may: ``/users/urn:isbn:1``, ``/time/12:30``, ``/users/con``.
    """
    return NO_ROUTE.search(path) is None and type_of(path.rstrip("/. ")).startswith(UNKNOWN)


def names_html(accept: str) -> bool:
    """Tell whether an Accept header asks for HTML by name; ``*/*``, which fetch and curl send, does not."""
    (html,) = weigh(accept, "text/html")
    return html.is_by_name


def _with_cache_control(found: Representation, value: str) -> Representation:
    others = [header for header in found.headers if header[0] != "Cache-Control"]
    return replace(found, headers=(("Cache-Control", value), *others))
