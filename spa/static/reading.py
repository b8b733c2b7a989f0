"""Read a file of a static directory: its hash, and the references in it."""

from collections.abc import Sequence
from dataclasses import dataclass

from spa.static import css, hashing, sourcemap
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
    """

    identity: Identity
    hash: str
    references: Sequence[Reference] = ()
    data: bytes = b""
    is_utf8: bool = True


def read(file: File) -> Reading:
    """Read an open file; in whatever thread.

    Raises:
        TruncatedError: the file has become shorter meanwhile.
    """
    if not refers(file.path):
        return Reading(file.identity, _hash_pieces(file))
    data = file.read()
    is_css = _is_css(file.path)
    references = css.find(data) if is_css else sourcemap.find(data)
    kept = data if references else b""
    return Reading(file.identity, hashing.digest(data), references, kept, not is_css or is_utf8(data))


def refers(path: str) -> bool:
    """Tell whether files of this name may refer to others."""
    return path.lower().endswith((".css", ".js", ".mjs"))


def replace(path: str, data: bytes, changes: Sequence[tuple[Reference, str]]) -> bytes:
    """Write new URLs into a stylesheet or a script; every other byte stays."""
    if not changes:
        return data
    return css.replace(data, changes) if _is_css(path) else sourcemap.replace(data, changes)


def is_utf8(data: bytes) -> bool:
    """Tell whether these bytes are text in UTF-8."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _is_css(path: str) -> bool:
    return path.lower().endswith(".css")


def _hash_pieces(file: File) -> str:
    digest = hashing.Digest()
    for piece in file.pieces(0, file.size):
        digest.update(piece)
    return digest.name()
