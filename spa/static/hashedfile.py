"""Answer one request for a file at a content-hashed URL."""

from typing import Any

from werkzeug.exceptions import NotFound

from spa.environ import SHOW_BUG
from spa.handler import Handler
from spa.mounted import mount_of
from spa.request import Request
from spa.static import hashing
from spa.static.sending import Representation
from spa.wsgi import WSGIApp


class HashedFile(Handler):
    """The answer to one request, from the ``SmartStatic`` in its argument ``static``."""

    def get(self, filepath: str = "", **params: Any) -> WSGIApp:
        """Answer with the file, if the path carries its hash."""
        static = self.kwargs["static"]
        environ = self.request.environ
        found: Representation | None = static.find(filepath, environ)
        if found is None:
            raise UnknownFile(self._hint(static, filepath) if SHOW_BUG in environ else None)
        if static.is_lasting(found) and self._is_for_all(static):
            static.shortcuts.learn(environ, found, self.app.shortcuts)
        return found

    def _is_for_all(self, static: Any) -> bool:
        """Tell whether nothing of the user's may refuse the next such request before ``static`` is asked.

        A shortcut would not ask it: a function that guards ``static``, a converter, a class of requests.
        """
        return type(self.request) is Request and self.app.router.always_finds(static, self.request.environ)

    def _hint(self, static: Any, filepath: str) -> str | None:
        """Tell the developer how to link to the file that was asked for without its hash, or under an old one."""
        taken = hashing.take(filepath)
        for path, place in ((filepath, "its hash"), (taken[0] if taken else "", "another hash")):
            if static.directory.identify(path) is not None:
                return f"{path} is here, under {place}: link to it with {self._tell_link(static, path, filepath)}"
        return None

    def _tell_link(self, static: Any, path: str, filepath: str) -> str:
        routes = self.app.router.routes
        if self.route_name and any(
            route.name == self.route_name and hasattr(route.handler, "url_values") for route in routes
        ):
            values = ", ".join(f"{name}={value!r}" for name, value in {**self.params, "filepath": path}.items())
            return f"app.url({self.route_name!r}, {values})"
        mount = mount_of(self.request.environ, filepath)
        return f"static.url({path!r})" if mount == static.mount else f"static.url({path!r}, {mount!r})"


class UnknownFile(NotFound):
    """*404* that no cache may keep: the file may come, as with the hash in its name."""

    def get_headers(self, environ: Any = None, scope: Any = None) -> list[tuple[str, str]]:
        """Forbid caches to keep the answer."""
        return [*super().get_headers(environ, scope), ("Cache-Control", "no-store")]
