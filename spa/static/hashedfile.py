"""Answer one request for a file at a content-hashed URL."""

from typing import Any

from werkzeug.exceptions import NotFound

from spa.environ import SHOW_BUG
from spa.handler import Handler
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

        A shortcut would not ask it: a function that guards ``static``, a converter, the constructor of the requests.
        """
        is_plain = type(self.request).__init__ is Request.__init__
        return is_plain and self.app.router.always_finds(static, self.request.environ)

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
