"""Answer the usual request for a file that never changes, without finding and deciding anew.

Nearly all requests for a hashed URL are a plain GET, or one with the ETag that was sent before. The app asks the
shortcuts, by the path of the request, before its routes; whatever is not usual takes the way of every request.
"""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

from spa.static.sending import Representation

MEMORY = 32 * 2**20  # bytes that shortcuts hold, with all that belongs to them; the least recently made go first
OVERHEAD = 2048  # bytes that an answer costs beside its body and keys, for headers and objects; 1,500 as measured
ACCEPTED = 8  # values of Accept-Encoding that one shortcut knows; browsers have three or four among them
# Longer keys are not learnt: whoever sends them would drive out the others sooner.
LONGEST_PATH = 2048  # characters
LONGEST_ACCEPT = 256  # characters; browsers send 30
UNUSUAL = ("HTTP_RANGE", "HTTP_IF_MATCH", "HTTP_IF_UNMODIFIED_SINCE", "HTTP_UPGRADE")

Answer = tuple[str, list[tuple[str, str]], list[tuple[str, str]], list[bytes]]


class Shortcut:
    """The answers to usual requests for one URL, by their Accept-Encoding."""

    def __init__(self, script_name: str) -> None:
        self.size = 0  # bytes it costs
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

    def learn(self, accept: str | None, variant: Representation) -> None:
        """Remember the variant of the file for a value of Accept-Encoding, and forget the oldest of too many."""
        assert isinstance(variant.body, bytes)  # SmartStatic.is_lasting has seen to it
        self._forget(accept)
        while len(self._answers) >= ACCEPTED:
            self._forget(next(iter(self._answers)))
        headers = variant.headers_of_body(variant.size)
        self._answers[accept] = variant.etag, headers, variant.headers_of_304(), [variant.body]
        self.size += _cost(accept, variant.body)

    def _forget(self, accept: str | None) -> None:
        answer = self._answers.pop(accept, None)
        if answer is not None:
            self.size -= _cost(accept, answer[3][0])


class Shortcuts:
    """The shortcuts to the files of one directory, bounded in memory, in whatever apps they are."""

    def __init__(self) -> None:
        self._shortcuts: OrderedDict[tuple[int, str], tuple[Shortcut, dict[str, Any]]] = OrderedDict()
        self._size = 0

    def learn(self, environ: dict[str, Any], variant: Representation, paths: dict[str, Any]) -> None:
        """Make or extend the shortcut to the URL of a request, unless the request is far from usual.

        Args:
            environ: the WSGI environ of the request.
            variant: what was sent for it.
            paths: the app's shortcuts by path.
        """
        path, accept = environ.get("PATH_INFO", ""), environ.get("HTTP_ACCEPT_ENCODING")
        if len(path) > LONGEST_PATH or (accept is not None and len(accept) > LONGEST_ACCEPT):
            return
        key = id(paths), path  # of this app alone: its dict is kept here, so no other gets its id
        shortcut, _ = self._shortcuts.get(key, (None, None))
        if shortcut is None:
            shortcut = Shortcut(environ.get("SCRIPT_NAME", ""))
            self._shortcuts[key] = shortcut, paths
            paths[path] = shortcut
            self._size += len(path)
        self._size -= shortcut.size
        shortcut.learn(accept, variant)
        self._size += shortcut.size
        while self._size > MEMORY:
            (_, oldest), (dropped, owner) = self._shortcuts.popitem(last=False)
            self._size -= dropped.size + len(oldest)
            owner.pop(oldest, None)


def _cost(accept: str | None, body: bytes) -> int:
    return OVERHEAD + len(accept or "") + len(body)
