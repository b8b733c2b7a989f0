"""Choose the variant of a file that a client accepts: as it is, or compressed."""

from collections.abc import Hashable
from dataclasses import replace
from typing import Any

from spa.coding import available_codings, is_compressible, negotiate
from spa.static.compressor import Compressor
from spa.static.files import Directory, File
from spa.static.sending import VARIES, Representation
from spa.static.sibling import Original, Siblings

SMALLEST = 500  # bytes that are compressed here: below, that saves no packet
LARGEST = 4 * 2**20  # bytes that are compressed here; larger files want a sibling made in advance
# Seconds a file has to rest before it is compressed here. A log that is written to and polled would be compressed for
# each of its versions, and hold up all others: with up to 0.8 s of brotli for each, that now takes a tenth of a core.
REST = 8


class Variants:
    """The variants of the files of a directory: ``app.js.br`` beside ``app.js``, else compressed once in memory.

    Args:
        directory: where siblings are looked for; None for what is made in memory, and has none.
    """

    def __init__(self, directory: Directory | None = None) -> None:
        self._siblings = None if directory is None else Siblings(directory)
        self._compressor = Compressor()

    def choose(
        self,
        plain: Representation,
        environ: dict[str, Any],
        key: Hashable,
        original: Original | None = None,
    ) -> Representation:
        """Return the variant to send (RFC 9110 section 12.5.3); each has an ETag of its own.

        Args:
            plain: the file as it is.
            environ: the WSGI environ of the request.
            key: what the bytes of ``plain`` are known by.
            original: the file on disk that these are the bytes of, whose siblings may stand for it; None if they were
                rewritten.
        """
        accept = environ.get("HTTP_ACCEPT_ENCODING")
        is_worth_it = plain.size >= SMALLEST and is_compressible(plain.content_type)
        # Where compressing pays, the answer varies anyway; where not, only if somebody has made a sibling.
        finder = None if is_worth_it and not accept else self._siblings
        siblings = {} if finder is None or original is None else finder.find(original)
        if not (is_worth_it or siblings):
            return plain
        plain = replace(plain, headers=(*plain.headers, VARIES))
        if not accept:
            return plain
        ready = available_codings() if is_worth_it and plain.size <= LARGEST else ()
        while (coding := negotiate(accept, [*siblings, *ready])) in siblings and finder and original:
            sibling = finder.open(original, coding, siblings.pop(coding))
            if sibling is None:
                continue
            if sibling.body is None:
                return replace(plain, is_final=False)
            return _coded(plain, coding, sibling.body, sibling.tag)
        if coding is None:
            return plain
        body = self._compressor.get(key, plain.read, coding) if _is_at_rest(plain) else None
        return replace(plain, is_final=False) if body is None else _coded(plain, coding, body)


def _is_at_rest(plain: Representation) -> bool:
    """Tell whether a file seems to be written to no more; a time in the far future is that of another clock."""
    return plain.modified is None or abs(plain.clock() - plain.modified) >= REST


def _coded(plain: Representation, coding: str, body: bytes | File, tag: str = "") -> Representation:
    """Return a file in a coding; each body of it has an ETag of its own, so that no download joins two of them."""
    plain.close()
    return replace(
        plain,
        body=body,
        size=len(body) if isinstance(body, bytes) else body.size,
        etag=f'{plain.etag[:-1]}-{coding}{tag and "-"}{tag}"',
        headers=(*plain.headers, ("Content-Encoding", coding)),
    )
