"""Hash the bytes of a file, put the hash into its name, and take it out again."""

import base64
import hashlib
import re
from posixpath import splitext

LENGTH = 12  # 48 bits: among 10,000 files, two share a hash on one site in five million

HASH = re.compile(rf"[0-9a-f]{{{LENGTH}}}")


class Digest:
    """The hash of bytes that come piece by piece: the first 12 hex digits of their MD5.

    MD5 tells contents apart here and guards nothing: whoever can make two files collide can already write both
    into the directory.
    """

    __slots__ = ("_md5",)

    def __init__(self, data: bytes | bytearray | memoryview = b"") -> None:
        self._md5 = hashlib.md5(data, usedforsecurity=False)

    def update(self, data: bytes) -> None:
        """Take the next piece."""
        self._md5.update(data)

    def name(self) -> str:
        """Return the hash of all that was taken."""
        return self._md5.hexdigest()[:LENGTH]


def digest(data: bytes | bytearray | memoryview) -> str:
    """Return the hash of these bytes, as ``Digest``."""
    return Digest(data).name()


def integrity(data: bytes) -> str:
    """Return the ``integrity`` attribute of these bytes (Subresource Integrity, sha384)."""
    return "sha384-" + base64.b64encode(hashlib.sha384(data).digest()).decode()


def put(name: str, hash: str) -> str:
    """Write the hash before the extension of a file name: ``css/app.css`` becomes ``css/app.<hash>.css``.

    The extension is what ``os.path.splitext`` says on POSIX, on every machine; where there is none, the hash is
    appended.

    Args:
        name: the path of a file, separated by ``/``.
        hash: 12 lower-case hex digits, as ``digest`` gives them.
    """
    root, extension = splitext(name)
    return f"{root}.{hash}{extension}"


def take(path: str) -> tuple[str, str] | None:
    """Split a hashed path into the name and the hash it was put together from.

    Only what ``put`` writes is taken apart, so that one version of a file has one URL.

    Returns:
        ``(name, hash)`` with ``put(name, hash) == path``, or None where the path carries no hash.
    """
    for stem, extension in (splitext(path), (path, "")):  # the hash stands before the extension, or there is none
        name, _, hash = stem.rpartition(".")
        named = name and not name.endswith("/")
        if named and HASH.fullmatch(hash) and put(name + extension, hash) == path:
            return name + extension, hash
    return None
