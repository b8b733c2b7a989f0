"""Keep the bytes of small files in memory, and for a while those of earlier versions of rewritten ones."""

from spa.static.cache import Cache
from spa.static.files import ChangedError, Directory, File, Identity
from spa.static.hashing import digest

SMALL = 128 * 1024  # bytes of a body that is kept in memory: at 100 KB, opening and reading cost as much as sending
MEMORY = 64 * 2**20  # bytes of bodies kept in all, the least used go first
OVERHEAD = 512  # bytes that a body costs beside its own, so that many empty ones are bounded too
OLD_MEMORY = 32 * 2**20  # bytes of rewritten bodies of earlier versions, kept for pages that still refer to them


class OtherBytes(Exception):
    """A file was written again within the tick of the clock in which it was read."""


class Bodies:
    """The bytes of the files of a directory, bounded in memory."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._small: Cache[tuple[str, Identity, str], bytes] = Cache(MEMORY, _cost)
        self._old: Cache[tuple[str, str], bytes] = Cache(OLD_MEMORY, _cost)

    def read(self, path: str, identity: Identity, hash: str) -> bytes | None:
        """Return the bytes of a version of a file, reading them once; None if it is large, or is no longer there.

        Raises:
            OtherBytes: their hash is another: two versions have one identity.
        """
        if identity.size > SMALL:
            return None
        key = path, identity, hash
        body = self._small.get(key)
        if body is not None:
            return body
        file = self.open(path, identity)
        if file is None:
            return None
        try:
            body = file.read()
        except ChangedError:
            return None
        finally:
            file.close()
        if digest(body) != hash:
            raise OtherBytes(path)
        self._small.put(key, body)
        return body

    def open(self, path: str, identity: Identity) -> File | None:
        """Open a version of a file; None if another has taken its place."""
        return open_version(self._directory, path, identity)

    def keep_old(self, path: str, hash: str, body: bytes) -> None:
        """Keep the rewritten bytes of a version that has been followed by another."""
        self._old.put((path, hash), body)

    def read_old(self, path: str, hash: str) -> bytes | None:
        """Return the rewritten bytes of an earlier version, if they are still kept."""
        return self._old.get((path, hash))


def _cost(key: object, body: bytes) -> int:
    return OVERHEAD + len(body)


def open_version(directory: Directory, path: str, identity: Identity) -> File | None:
    """Open a version of a file; None if another has taken its place."""
    file = directory.open(path)
    if file is not None and file.identity != identity:
        file.close()
        return None
    return file
