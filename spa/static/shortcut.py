"""Answer the usual request for a file that never changes, without finding and deciding anew.

Nearly all requests for a hashed URL are a plain GET, or one with the ETag that was sent before. The app asks the
shortcuts, by the path of the request, before its routes; whatever is not usual takes the way of every request.
"""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

from spa.static.sending import Representation

MEMORY = 32 * 2**20  # bytes of bodies that shortcuts hold, the least recently made go first
ACCEPTED = 8  # values of Accept-Encoding that one shortcut knows; browsers have three or four among them
UNUSUAL = ("HTTP_RANGE", "HTTP_IF_MATCH", "HTTP_IF_UNMODIFIED_SINCE", "HTTP_UPGRADE")

Answer = tuple[str, list[tuple[str, str]], list[tuple[str, str]], list[bytes]]


class Shortcut:
    """The answers to usual requests for one URL, by their Accept-Encoding."""

    def __init__(self, script_name: str) -> None:
        self.size = 0
        self._script_name = script_name
        self._answers: dict[str | None, Answer] = {}

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes] | None:
        """Answer a usual request; None leaves the request to the app."""
        answer = self._answers.get(environ.get("HTTP_ACCEPT_ENCODING"))
        if answer is None or environ["REQUEST_METHOD"] != "GET" or environ.get("SCRIPT_NAME", "") != self._script_name:
            return None
        for name in UNUSUAL:
            if name in environ:
                return None
        etag, headers, known_headers, body = answer
        known = environ.get("HTTP_IF_NONE_MATCH")
        if known is None:
            if "HTTP_IF_MODIFIED_SINCE" in environ:
                return None
            start_response("200 OK", headers.copy())
            return body
        if known != etag:
            return None
        start_response("304 Not Modified", known_headers.copy())
        return []

    def learn(self, accept: str | None, form: Representation) -> None:
        """Remember the form of the file for a value of Accept-Encoding."""
        if len(self._answers) < ACCEPTED and isinstance(form.body, bytes):
            self.size += form.size
            self._answers[accept] = form.etag, form.headers_of(200), form.headers_of(304), [form.body]


class Shortcuts:
    """The shortcuts to the files of one directory, bounded in memory."""

    def __init__(self) -> None:
        self._shortcuts: OrderedDict[str, Shortcut] = OrderedDict()
        self._size = 0

    def learn(self, environ: dict[str, Any], form: Representation, paths: dict[str, Any]) -> None:
        """Make or extend the shortcut to the URL of a request.

        Args:
            environ: the WSGI environ of the request.
            form: what was sent for it.
            paths: the app's shortcuts by path.
        """
        path = environ.get("PATH_INFO", "")
        shortcut = self._shortcuts.get(path)
        if shortcut is None:
            shortcut = self._shortcuts[path] = Shortcut(environ.get("SCRIPT_NAME", ""))
            paths[path] = shortcut
        self._size -= shortcut.size
        shortcut.learn(environ.get("HTTP_ACCEPT_ENCODING"), form)
        self._size += shortcut.size
        while self._size > MEMORY:
            oldest, dropped = self._shortcuts.popitem(last=False)
            self._size -= dropped.size
            paths.pop(oldest, None)
