"""Learn from the bytes of a file what its name does not tell: its entity tag and its charset."""

from typing import NamedTuple

from spa.answer import BrokenOff
from spa.static.cache import Cache
from spa.static.files import File, Identity
from spa.static.hashing import digest
from spa.static.mimetypes import type_of
from spa.static.reading import charset_of

EXAMINED = 2**20  # bytes up to which a file is read for this, once: MD5 takes 2 ms for them, and nobody else runs then
REMEMBERED = 4096  # files; what is known of one takes some 500 bytes


class Facts(NamedTuple):
    """What a file is sent with: its entity tag, in quotes, and its media type."""

    etag: str
    content_type: str


class Examiner:
    """Knows the facts of files, and reads each version of a file once for them."""

    def __init__(self) -> None:
        self._known: Cache[tuple[str, Identity], Facts] = Cache(REMEMBERED, lambda key, facts: 1)

    def examine(self, file: File) -> Facts:
        """Return the facts of an open file.

        The entity tag is a hash of the bytes: the same wherever the same files are, whenever they were put there, and
        another for other bytes of the same length and time, as reproducible builds have. Of a file too large to be
        read, the tag is made of time and size.
        """
        key = file.path, file.identity
        facts = self._known.get(key)
        if facts is not None:
            return facts
        facts = None if file.size > EXAMINED else _read(file)
        if facts is None:
            facts = Facts(f'"{file.identity.tag}"', type_of(file.path, charset_of(file.path)))
        self._known.put(key, facts)
        return facts


def _read(file: File) -> Facts | None:
    """Return the facts by the bytes; None if the file is changed meanwhile, and so another."""
    try:
        data = file.read()
    except BrokenOff:
        return None
    return Facts(f'"{digest(data)}"', type_of(file.path, charset_of(file.path, data)))
