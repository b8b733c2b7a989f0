"""Answer one request for a file at a content-hashed URL."""

from typing import Any

from werkzeug.exceptions import NotFound

from spa.environ import SHOW_BUG
from spa.handler import Handler
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
        static.learn(environ, found, self.app.shortcuts)
        return found

    def _hint(self, static: Any, filepath: str) -> str | None:
        """Tell the developer how to link to the file that was asked for without its hash, or under an old one."""
        taken = hashing.take(filepath)
        for path, place in ((filepath, "its hash"), (taken[0] if taken else "", "another hash")):
            if static.directory.identify(path) is not None:
                values = ", ".join(f"{name}={value!r}" for name, value in {**self.params, "filepath": path}.items())
                link = f"app.url({self.route_name!r}, {values})" if self.route_name else f"static.url({path!r})"
                return f"{path} is here, under {place}: link to it with {link}"
        return None


class UnknownFile(NotFound):
    """*404* that no cache may keep: the file may come, as with the hash in its name."""

    def get_headers(self, environ: Any = None, scope: Any = None) -> list[tuple[str, str]]:
        """Forbid caches to keep the answer."""
        return [*super().get_headers(environ, scope), ("Cache-Control", "no-store")]
