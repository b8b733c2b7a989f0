"""Find the compressed siblings of a file, and check that they hold its bytes."""

import logging
import os
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import NamedTuple

import gevent

from spa.coding import SIBLINGS
from spa.static.bodies import SMALL
from spa.static.cache import Cache
from spa.static.decoding import can_decode, digest
from spa.static.files import ChangedError, Directory, File, Identity
from spa.static.hashing import Digest
from spa.static.unavailable import FileUnavailable

logger = logging.getLogger("spa.static")

AT_ONCE = 128 * 1024  # bytes of a file whose sibling is decoded while the others wait: less than a millisecond
MEMORY = 32 * 2**20  # bytes of verdicts, with the bodies of small siblings; the least used go first
TINY = 512  # bytes of a sibling that may save nothing: what the coding itself takes is more than some files have
OVERHEAD = 1024  # bytes that a verdict costs beside its body and its path


class Original(NamedTuple):
    """The file on disk for whose bytes a sibling may stand.

    Attributes:
        path: where it is under the directory.
        identity: of this version.
        hash: of its bytes, which a sibling must decode to; None trusts every sibling that is not older.
    """

    path: str
    identity: Identity
    hash: str | None = None


class Sibling(NamedTuple):
    """A sibling that may be sent in the place of its file.

    Attributes:
        body: the bytes, or the open file; None while it is being checked whether it holds the bytes of its file.
        tag: tells it from other siblings of the file, for its ETag.
    """

    body: bytes | File | None
    tag: str = ""


class Verdict(NamedTuple):
    """What was found out about a sibling: its tag, None if it holds other bytes, and its bytes, if they are few."""

    tag: str | None
    body: bytes | None = None


Key = tuple[str, Identity, str]  # path and identity of a sibling, and the hash of its file


class Siblings:
    """The siblings of the files of a directory: ``app.js.br`` beside ``app.js``.

    A sibling is checked once. That of a large file is decoded on a thread of gevent's pool, one at a time; what is
    asked for meanwhile is checked when it is asked for again.

    Args:
        directory: where they are looked for.
    """

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._verdicts: Cache[Key, Verdict] = Cache(MEMORY, _cost)
        self._worker: gevent.Greenlet | None = None
        self._process = os.getpid()

    def find(self, original: Original) -> dict[str, Identity]:
        """Return the siblings that may stand for a file: the coding and the identity of each."""
        found = {}
        for coding, suffix in SIBLINGS.items():
            identity = self._directory.identify(original.path + suffix)
            if identity is not None and self._may_stand(original, coding, identity):
                found[coding] = identity
        return found

    def open(self, original: Original, coding: str, identity: Identity) -> Sibling | None:
        """Return a sibling that was found, or None if it holds other bytes than its file, or another is there now."""
        path = original.path + SIBLINGS[coding]
        if original.hash is None:
            return self._open(path, identity, identity.tag)
        key = path, identity, original.hash
        verdict = self._verdicts.get(key)
        if verdict is None:
            size = original.identity.size
            if size > AT_ONCE:
                self._start(key, coding, size)
                return Sibling(None)
            verdict = self._check(key, coding, size)
            self._remember(key, verdict)
        if verdict is None or verdict.tag is None:
            return None
        if verdict.body is not None:
            return Sibling(verdict.body, verdict.tag)
        return self._open(path, identity, verdict.tag)

    def _may_stand(self, original: Original, coding: str, identity: Identity) -> bool:
        if original.hash is None:
            return identity.modified_ns >= original.identity.modified_ns
        verdict = self._verdicts.get((original.path + SIBLINGS[coding], identity, original.hash))
        if verdict is not None:
            return verdict.tag is not None
        # One that saves nothing is not worth the check, whose time is so bounded by the size of the file.
        return identity.size < max(original.identity.size, TINY) and _can_check(coding)

    def _open(self, path: str, identity: Identity, tag: str) -> Sibling | None:
        """Open a sibling; a small one is read, so that a shortcut can remember it."""
        file = self._directory.open_version(path, identity)
        if file is None or file.size > SMALL:
            return None if file is None else Sibling(file, tag)
        try:
            return Sibling(file.read(), tag)
        except ChangedError:  # it is being written
            return None
        finally:
            file.close()

    def _start(self, key: Key, coding: str, size: int) -> None:
        """Begin to check a sibling, unless another is being checked."""
        if self._process != os.getpid():  # forked: the thread that the greenlet waits for stayed with the parent
            self._process, self._worker = os.getpid(), None
        if not self._worker:  # a greenlet is false once it is dead
            self._worker = gevent.spawn(self._work, key, coding, size)

    def _work(self, key: Key, coding: str, size: int) -> None:
        self._remember(key, gevent.get_hub().threadpool.apply(self._check, (key, coding, size)))

    def _check(self, key: Key, coding: str, size: int) -> Verdict | None:
        """Decode a sibling, in whatever thread; what is hashed, decoded and kept comes from one descriptor."""
        path, identity, hash = key
        try:
            file = self._directory.open_version(path, identity)
        except FileUnavailable:  # it will be asked for again
            return None
        if file is None:
            return None
        try:
            body = file.read() if file.size <= SMALL else None
            tag = Digest()
            pieces = file.pieces(0, file.size) if body is None else [body]
            holds = digest(_shown(pieces, tag.update), coding, size) == hash
            return Verdict(tag.name(), body) if holds else Verdict(None)
        except ChangedError:
            return None
        finally:
            file.close()

    def _remember(self, key: Key, verdict: Verdict | None) -> None:
        if verdict is None:  # another has taken its place
            return
        if verdict.tag is None:
            logger.warning("%s is not sent: it does not hold the bytes of its file", key[0])
        self._verdicts.put(key, verdict)


def _cost(key: Key, verdict: Verdict) -> int:
    return OVERHEAD + len(key[0]) + (0 if verdict.body is None else len(verdict.body))


def _shown(pieces: Iterable[bytes], see: Callable[[bytes], object]) -> Iterator[bytes]:
    """Give pieces on, each after another has seen it."""
    for piece in pieces:
        see(piece)
        yield piece


@cache
def _can_check(coding: str) -> bool:
    """Tell whether siblings in a coding can be checked, and say once if they cannot."""
    if not can_decode(coding):
        logger.warning(
            "%s siblings are not sent at hashed URLs, as they cannot be checked: pip install 'spa[compression]'",
            SIBLINGS[coding],
        )
    return can_decode(coding)
