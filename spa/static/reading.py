"""Read a file of a static directory: its hash, and the references in it."""

from collections.abc import Sequence
from dataclasses import dataclass

import gevent

from spa.static import charset, css, hashing, sourcemap
from spa.static.files import File, Identity
from spa.static.reference import Reference

LARGE = 2**20  # bytes from which a file is read in a thread, so that the others need not wait


@dataclass(frozen=True, slots=True)
class Reading:
    """What was found in one version of a file on disk.

    Attributes:
        identity: tells this version from others.
        hash: of its bytes.
        references: the URLs in it, in order.
        data: its bytes, only if there are references in them: nobody else needs them.
        charset: what may be claimed for it.
        is_read: false for a stylesheet in an encoding in which URLs are not looked for.
    """

    identity: Identity
    hash: str
    references: Sequence[Reference] = ()
    data: bytes = b""
    charset: str | None = "utf-8"
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
    # To look at all scripts takes a fiftieth of all: a small one is looked at when it is sent.
    claimed = charset_of(file.path, data if is_css or references else None)
    return Reading(file.identity, hashing.digest(data), references, kept, claimed, is_read)


def attempt(file: File) -> Reading | Exception:
    """Read an open file and close it; a large one in a thread, which goes on if who waits for it is killed.

    An exception is returned: gevent would print one that is raised in a thread, beside handing it over.
    """
    if file.size <= LARGE:
        return _attempt(file)
    try:
        result = gevent.get_hub().threadpool.spawn(_attempt, file)
    except BaseException:  # killed while it waited for a free thread
        file.close()
        raise
    found: Reading | Exception = result.get()
    return found


def _attempt(file: File) -> Reading | Exception:
    try:
        return read(file)
    except Exception as error:
        return error
    finally:
        file.close()


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
    return "utf-8" if charset.is_utf8(data) else None


def _is_css(path: str) -> bool:
    return path.lower().endswith(".css")


def _hash_pieces(file: File) -> str:
    digest = hashing.Digest()
    for piece in file.pieces(0, file.size):
        digest.update(piece)
    return digest.name()
