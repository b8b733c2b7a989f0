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
        charset: what may be claimed for it.
    """

    identity: Identity
    hash: str
    references: Sequence[Reference] = ()
    data: bytes = b""
    charset: str | None = "utf-8"


def read(file: File) -> Reading:
    """Read an open file; in whatever thread.

    Raises:
        TruncatedError: the file has become shorter meanwhile.
    """
    if not refers(file.path):
        return Reading(file.identity, _hash_pieces(file))
    data = file.read()
    references = css.find(data) if _is_css(file.path) else sourcemap.find(data)
    kept = data if references else b""
    return Reading(file.identity, hashing.digest(data), references, kept, charset_of(file.path, data))


def refers(path: str) -> bool:
    """Tell whether files of this name may refer to others."""
    return path.lower().endswith((".css", ".js", ".mjs"))


def replace(path: str, data: bytes, changes: Sequence[tuple[Reference, str]]) -> bytes:
    """Write new URLs into a stylesheet or a script; every other byte stays."""
    if not changes:
        return data
    return css.replace(data, changes) if _is_css(path) else sourcemap.replace(data, changes)


def charset_of(path: str, data: bytes | None = None) -> str | None:
    """Return the charset that may be claimed for a file: the header beats what a stylesheet or a page says itself.

    It is UTF-8 if the bytes are. Text that nobody has looked at is taken for UTF-8, but for stylesheets: without a
    charset they have that of their page, or what they say themselves.
    """
    if data is None:
        return None if _is_css(path) else "utf-8"
    try:
        data.decode()
    except UnicodeDecodeError:
        return None
    return "utf-8"


def _is_css(path: str) -> bool:
    return path.lower().endswith(".css")


def _hash_pieces(file: File) -> str:
    digest = hashing.Digest()
    for piece in file.pieces(0, file.size):
        digest.update(piece)
    return digest.name()
