"""Compress bodies in the background, once each."""

import logging
import os
from collections import deque
from collections.abc import Callable, Hashable

import gevent

from spa.coding import compress, pays
from spa.static.cache import Cache

logger = logging.getLogger("spa.static")

# Up to so many bytes the best level is worth its time: brotli takes 0.8 s for them on one core, and 11 s for 4 MB.
THOROUGH = 256 * 2**10
OVERHEAD = 512  # bytes that an entry costs beside its body, so that a memory of refusals is bounded too


class Compressor:
    """Compresses bodies in the background, once each, and remembers the results.

    One body at a time is compressed, on a thread of gevent's pool (zlib, brotli and zstd let go of the GIL), so
    that no greenlet waits and at most one core is taken. What was not asked for longest is forgotten first.

    Args:
        capacity: the most bytes of compressed bodies to remember, and of bodies to keep waiting.
        waiting: the most bodies waiting; what comes while so many wait may come again later.
    """

    def __init__(self, *, capacity: int = 32 * 2**20, waiting: int = 256) -> None:
        self._capacity = capacity
        self._waiting = waiting
        self._bodies: Cache[Hashable, bytes] = Cache(capacity, _cost)  # an empty one: not worth it
        self._jobs: deque[tuple[tuple[Hashable, str], bytes]] = deque()  # the first is being compressed
        self._queued = 0  # bytes in _jobs
        self._claimed: set[Hashable] = set()  # in _jobs, or being read for it
        self._worker: gevent.Greenlet | None = None
        self._process = os.getpid()

    def get(self, key: Hashable, data: Callable[[], bytes], coding: str) -> bytes | None:
        """Return the compressed body at once, or None: it is not ready yet, or not worth it; send it as it is.

        Args:
            key: what the body is known by; other bytes must have another key.
            data: gives the body as it is. Called at once or never, so it may read a file that is open now only.
            coding: one of ``available_codings()``.
        """
        entry = (key, coding)
        body = self._bodies.get(entry)
        if body is not None:
            return body or None
        if entry not in self._claimed and len(self._claimed) < self._waiting and self._queued < self._capacity:
            self._enqueue(entry, data)
        self._start()
        return None

    def _enqueue(self, entry: tuple[Hashable, str], data: Callable[[], bytes]) -> None:
        self._claimed.add(entry)  # before reading: that may let other greenlets run
        body = None
        try:
            body = data()
        except OSError:
            return  # the file has gone; whoever sends it will say so
        finally:
            if body is None:
                self._claimed.discard(entry)
        self._jobs.append((entry, body))
        self._queued += len(body)

    def _start(self) -> None:
        """Set a greenlet to work if there is work and no greenlet at it."""
        if self._process != os.getpid():  # forked: the thread that the greenlet waits for stayed with the parent
            self._process, self._worker = os.getpid(), None
        if self._jobs and not self._worker:  # a greenlet is false once it is dead
            self._worker = gevent.spawn(self._work)

    def _work(self) -> None:
        while self._jobs:
            entry, data = self._jobs[0]  # taken off when done: if this greenlet is killed, the next begins anew
            result = gevent.get_hub().threadpool.apply(_attempt, (data, entry[1]))
            self._jobs.popleft()
            self._queued -= len(data)
            self._claimed.discard(entry)
            if isinstance(result, Exception):
                logger.error("compressing %r failed", entry, exc_info=result)
                result = b""
            if _cost(entry, result) > self._capacity:
                result = b""  # it would not be kept, and be made again and again
            self._bodies.put(entry, result)


def _cost(entry: Hashable, body: bytes) -> int:
    return OVERHEAD + len(body)


def _attempt(data: bytes, coding: str) -> bytes | Exception:
    """Compress on a thread; empty if it does not pay.

    An exception is returned: gevent would print one that is raised here, beside handing it over.
    """
    try:
        body = compress(data, coding, thorough=len(data) <= THOROUGH)
    except Exception as error:
        return error
    return body if pays(body, data) else b""
