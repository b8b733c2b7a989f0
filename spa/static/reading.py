"""Read a file of a static directory: its hash, and the references in it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from spa.static import charset, css, hashing, sourcemap
from spa.static.files import File, Identity
from spa.static.reference import Reference


@dataclass(frozen=True, slots=True)
class Reading:
    """What was found in one version of a file on disk.

    Attributes:
        identity: tells this version from others.
        hash: of its bytes.
        references: the URLs in it, in order.
        data: its bytes, only if there are references in them: nobody else needs them.
        is_utf8: false for a stylesheet in another encoding.
        is_read: false for a stylesheet in an encoding in which URLs are not looked for.
    """

    identity: Identity
    hash: str
    references: Sequence[Reference] = ()
    data: bytes = b""
    is_utf8: bool = True
    is_read: bool = True


def read(file: File) -> Reading:
    """Read an open file; in whatever thread.

    Raises:
        ChangedError: the file has been written to meanwhile.
    """
    if not refers(file.path):
        return Reading(file.identity, _hash_pieces(file))
    data = file.read()
    is_css = _is_css(file.path)
    references = css.find(data) if is_css else sourcemap.find(data)
    kept = data if references else b""
    is_read = not is_css or charset.encoding(data) is not None
    return Reading(file.identity, hashing.digest(data), references, kept, not is_css or charset.is_utf8(data), is_read)


def refers(path: str) -> bool:
    """Tell whether files of this name may refer to others."""
    return path.lower().endswith((".css", ".js", ".mjs"))


def replace(path: str, data: bytes, changes: Sequence[tuple[Reference, str]]) -> bytes:
    """Write new URLs into a stylesheet or a script; every other byte stays."""
    if not changes:
        return data
    return css.replace(data, changes) if _is_css(path) else sourcemap.replace(data, changes)


def _is_css(path: str) -> bool:
    return path.lower().endswith(".css")


def _hash_pieces(file: File) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    for piece in file.pieces(0, file.size):
        digest.update(piece)
    return digest.hexdigest()[: hashing.LENGTH]
