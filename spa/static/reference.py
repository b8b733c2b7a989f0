"""Resolve a URL written in a static file to the path of the file it names, and write a hash into it."""

import re
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple
from urllib.parse import unquote_to_bytes

from spa.grammar import SCHEME
from spa.static.hashing import put

WITH_SCHEME = re.compile(f"{SCHEME}:")
BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
PATH = re.compile(r"[^?#]*+")
# What nearly all references look like: it needs no decoding, and names a file below the folder it is written in.
PLAIN = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*+(?:/[A-Za-z0-9_-][A-Za-z0-9_.-]*+)*+")
DOT = re.compile("%2e", re.IGNORECASE)
NOWHERE = "/\0/"  # a mount that no URL leads into
EDGES = "".join(map(chr, range(0x21)))  # the URL Standard strips controls and spaces at both ends
REMOVED = frozenset("\t\n\r")  # ... and removes these within

Form = Literal["url", "string", "raw"]


class Reference(NamedTuple):
    """A URL where it stands in a file: ``data[start:end]`` is what a new URL replaces.

    ``form`` is how the new one is written: as ``url("...")``, as a CSS string, or as it is (in a comment).
    """

    start: int
    end: int
    url: str
    form: Form


class Target(NamedTuple):
    """The file that a reference names: its path below the root, beside the URL as written."""

    path: str
    url: str


def resolve(url: str, base_path: str, mount: str) -> Target | None:
    """Find out which file a URL names, as a browser would; no file is looked for.

    Args:
        url: the URL as written, with any escapes of its language taken off.
        base_path: the path below the root of the file it is written in, such as ``css/app.css``.
        mount: the path under which the root is served, such as ``/static/``, decoded; empty if it is not known.

    Returns:
        The target, or None where the URL is to be left as written: it names nothing below the root (another
        origin, a ``data:`` URL, a fragment, a path that leads out of the root), a directory, or it is malformed.
    """
    if PLAIN.fullmatch(url):
        folder, slash, _ = base_path.rpartition("/")
        return Target(folder + slash + url, url)
    written = path_of(url.strip(EDGES))
    if not written or WITH_SCHEME.match(written) or not REMOVED.isdisjoint(written) or BAD_PERCENT.search(written):
        return None
    mount = mount or NOWHERE
    # The path as the browser will ask for it, from the root of the host. "//host/..." is another host.
    segments = [] if written.startswith("/") else f"{mount}{base_path}".split("/")[1:-1]
    for segment in written.removeprefix("/").split("/"):
        name = _decode(segment)
        if name == "..":
            del segments[-1:]  # nothing is above the root: a browser stays there (URL Standard section 4.4)
        elif name != ".":
            if not name:
                return None
            segments.append(name)
    path = f"/{'/'.join(segments)}"
    if name in (".", "..") or not path.startswith(mount) or path == mount:
        return None
    return Target(path.removeprefix(mount), url)


def hashed(target: Target, hash: str) -> str:
    """Write the hash into the last segment of the target's URL; all else stays as it was written."""
    url = target.url
    if PLAIN.fullmatch(url):
        return put(url, hash)
    path = path_of(url)
    directory, slash, name = path.rpartition("/")
    # An encoded dot is the same as a dot (RFC 3986 section 2.3), and the server looks for the extension after decoding.
    return directory + slash + put(DOT.sub(".", name), hash) + url[len(path) :]


def path_of(url: str) -> str:
    """Cut off the query and the fragment; a ``/`` in them separates nothing."""
    match = PATH.match(url)
    return match[0] if match else ""


def splice(data: bytes, replacements: Iterable[tuple[Reference, bytes]]) -> bytes:
    """Put new bytes in the place of references; every other byte stays as it was."""
    parts, position = [], 0
    for reference, new in sorted(replacements, key=lambda replacement: replacement[0].start):
        parts += [data[position : reference.start], new]
        position = reference.end
    return b"".join([*parts, data[position:]])


def places(data: bytes, offsets: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Count the line and the column of each offset, from 1, as an editor does; the offsets ascend.

    Lines end with LF, CR or CRLF; columns count characters of UTF-8. All is counted in one go through the data: a
    file may have very many references in one line.
    """
    line, column = 1, 1
    position = 3 if data.startswith(BOM_UTF8) else 0  # an editor shows no byte order mark
    is_plain = data.isascii() and b"\r" not in data
    for offset in offsets:
        if is_plain and data.find(b"\n", position, offset) < 0:
            column += offset - position
        else:
            piece = data[position:offset]
            last = max(piece.rfind(b"\n"), piece.rfind(b"\r"))
            if last >= 0:
                line += piece.count(b"\n") + piece.count(b"\r") - piece.count(b"\r\n")
                column = 1
            column += len(piece[last + 1 :].decode("utf-8", "replace"))
        position = offset
        yield line, column


def _decode(segment: str) -> str:
    """Take off the percent-encoding of one segment; what no file of ours can be called becomes empty."""
    try:
        name = unquote_to_bytes(segment).decode("utf-8")
    except UnicodeError:  # not UTF-8, or a lone surrogate
        return ""
    # A server decodes before it splits, so an encoded slash would name another file than the browser means; and a
    # browser takes a backslash for a slash (URL Standard section 4.4).
    return "" if "/" in name or "\\" in name or "\0" in name else name
