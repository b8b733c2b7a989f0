"""Send the answers of an app compressed."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from spa.coding import available_codings, is_compressible
from spa.errors import SetupError
from spa.listing import check_list
from spa.middleware.codedanswer import CodedAnswer
from spa.middleware.variant import Policy
from spa.websocket.handshake import is_upgrade
from spa.wsgi import Body, WSGIApp

# Each answer is compressed anew, so the levels are those after which time grows faster than bytes shrink: 1 MiB of JSON
# takes 7 ms in gzip, 5 in br and 1 in zstd; the best levels take five times as long and more for some percent less.
LEVELS = {"br": 4, "zstd": 3, "gzip": 6}
HIGHEST = {"br": 11, "zstd": 19, "gzip": 9}  # from 20 on, browsers refuse the window of zstd (RFC 9659)


class CompressionMiddleware:
    """A WSGI app that sends the answers of another in the content coding a client likes best: br, zstd or gzip.

    Text, JSON and whatever else shrinks is compressed (RFC 9110 section 12.5.3). Both variants say
    ``Vary: Accept-Encoding``, and a strong ETag gets an ending of its own in each coding, which is understood in
    If-None-Match and If-Match. What comes chunk by chunk leaves chunk by chunk, event streams included. WebSockets
    pass, and so does what has no whole body (HEAD, 204, 206, 304), has its coding already, or forbids it
    (``Cache-Control: no-transform``).

    Args:
        app: the WSGI app.
        minimum_size: bytes below which a body of known length is left as it is; it fits into one packet anyway.
        codings: the codings to offer, each with its level: ``{"gzip": 6}``. By default those whose packages are
            installed: ``br`` at 4, ``zstd`` at 3, ``gzip`` at 6.
        types: media types to compress, ``application/json`` or ``text/*``. By default text, JSON, XML, and further
            types whose files are not compressed by themselves.

    Raises:
        SetupError: an option is wrong, or the package of a coding is not installed.
    """

    def __init__(
        self,
        app: WSGIApp,
        *,
        minimum_size: int = 500,
        codings: Mapping[str, int] | None = None,
        types: Sequence[str] | None = None,
    ) -> None:
        if not callable(app):
            raise SetupError(f"CompressionMiddleware wraps a WSGI app, not {app!r}")
        if not isinstance(minimum_size, int) or minimum_size < 0:
            raise SetupError(f"minimum_size is a number of bytes, not {minimum_size!r}")
        is_type = is_compressible if types is None else _check_types(types)
        self.app = app
        self._policy = Policy(minimum_size, _check_codings(codings), is_type)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Body:
        """Answer a WSGI request."""
        if is_upgrade(environ):
            return self.app(environ, start_response)
        return CodedAnswer(self._policy, environ, start_response).run(self.app)


def _check_codings(codings: Mapping[str, int] | None) -> dict[str, int]:
    if codings is None:
        return {coding: LEVELS[coding] for coding in available_codings()}
    if not isinstance(codings, Mapping) or not codings:
        raise SetupError(f"codings is a dict of levels, as {LEVELS!r}, not {codings!r}")
    for coding, level in codings.items():
        if coding not in HIGHEST:
            raise SetupError(f"there is no coding {coding!r}: choose of {', '.join(HIGHEST)}")
        if coding not in available_codings():
            raise SetupError(f"the package for the coding {coding!r} is missing: pip install 'spa[compression]'")
        if not isinstance(level, int) or not 0 < level <= HIGHEST[coding]:
            raise SetupError(f"the level of {coding} is a number from 1 to {HIGHEST[coding]}, not {level!r}")
    return dict(codings)


def _check_types(types: Sequence[str]) -> Callable[[str], bool]:
    listed = check_list(types, "types", "media types")
    for kind in listed:
        main, _, sub = kind.partition("/") if isinstance(kind, str) else ("", "", "")
        if not main or not sub or ";" in kind:
            raise SetupError(f"{kind!r} is not a media type; write text/html, or text/* for all of text")
    chosen = frozenset(kind.lower() for kind in listed)

    def is_type(content_type: str) -> bool:
        kind = content_type.partition(";")[0].strip().lower()
        return kind in chosen or f"{kind.partition('/')[0]}/*" in chosen

    return is_type
