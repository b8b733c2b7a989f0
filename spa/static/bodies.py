"""Keep the bytes of small files in memory."""

from spa.static.cache import Cache
from spa.static.files import ChangedError, Directory, Identity
from spa.static.hashing import digest

SMALL = 128 * 1024  # bytes of a body that is kept in memory: at 100 KB, opening and reading cost as much as sending
MEMORY = 64 * 2**20  # bytes of bodies kept in all, the least used go first
OVERHEAD = 512  # bytes that a body costs beside its own, so that many empty ones are bounded too


class OtherBytes(Exception):
    """A file was written again within the tick of the clock in which it was read."""


class Bodies:
    """The bytes of the files of a directory, bounded in memory."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._small: Cache[tuple[str, Identity, str], bytes] = Cache(MEMORY, _cost)

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
        file = self._directory.open_version(path, identity)
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


def _cost(key: object, body: bytes) -> int:
    return OVERHEAD + len(body)
