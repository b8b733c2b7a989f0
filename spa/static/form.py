"""Choose the form of a file that a client accepts: as it is, or compressed."""

from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import Any

from spa.static.bodies import SMALL
from spa.static.encoding import SIBLINGS, Compressor, available_codings, negotiate
from spa.static.files import Directory, File, Identity
from spa.static.mimetypes import is_compressible
from spa.static.sending import Representation

SMALLEST = 500  # bytes: below, a compressed form saves no packet
LARGEST = 4 * 2**20  # bytes that are compressed here; larger files want a sibling made in advance


class Forms:
    """The forms of the files of a directory: ``app.js.br`` beside ``app.js``, else compressed once in memory.

    Args:
        directory: where siblings are looked for.
    """

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._compressor = Compressor()

    def choose(
        self,
        plain: Representation,
        environ: dict[str, Any],
        key: Hashable,
        data: Callable[[], bytes],
        origin: tuple[str, Identity] | None = None,
    ) -> Representation:
        """Return the form to send (RFC 9110 section 12.5.3); each has an ETag of its own.

        Args:
            plain: the file as it is.
            environ: the WSGI environ of the request.
            key: what the bytes of ``plain`` are known by.
            data: gives these bytes; called at once, or never.
            origin: path and identity of the file on disk that these are the bytes of, whose siblings may stand for
                it; None if they were rewritten.
        """
        if plain.size < SMALLEST or not is_compressible(plain.content_type):
            return plain
        plain = replace(plain, headers=(*plain.headers, ("Vary", "Accept-Encoding")))
        accept = environ.get("HTTP_ACCEPT_ENCODING")
        if not accept:
            return plain
        siblings = self._siblings(*origin) if origin is not None else []
        ready = available_codings() if plain.size <= LARGEST else ()
        coding = negotiate(accept, [*siblings, *ready])
        if coding is None:
            return plain
        body: bytes | File | None
        if coding in siblings and origin is not None:
            body = self._open(origin[0] + SIBLINGS[coding])
        else:
            body = self._compressor.get((key, coding), data, coding)
        if body is None:
            return replace(plain, is_final=False)
        plain.close()
        return replace(
            plain,
            body=body,
            size=len(body) if isinstance(body, bytes) else body.size,
            etag=f'{plain.etag[:-1]}-{coding}"',
            headers=(*plain.headers, ("Content-Encoding", coding)),
        )

    def _siblings(self, path: str, identity: Identity) -> list[str]:
        """Return the codings of the siblings that are not older than the file."""
        found = []
        for coding, suffix in SIBLINGS.items():
            sibling = self._directory.identify(path + suffix)
            if sibling is not None and sibling[3] >= identity[3]:
                found.append(coding)
        return found

    def _open(self, sibling: str) -> bytes | File | None:
        """Open a sibling; a small one is read, so that a shortcut can remember it."""
        file = self._directory.open(sibling)
        if file is None or file.size > SMALL:
            return file
        try:
            return file.read()
        finally:
            file.close()
