"""Choose the content coding of a file, making the compressed form where there is none yet."""

import gzip
import importlib
import logging
import os
import sys
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable, Iterable
from functools import cache
from types import ModuleType

import gevent

from spa.accept import weight_of
from spa.errors import SetupError

logger = logging.getLogger("spa.static")

# Each coding and the ending of a sibling in it, the preferred first: smallest first, as measured on scripts and styles.
SIBLINGS = {"br": ".br", "zstd": ".zst", "gzip": ".gz"}
ALIASES = {"x-gzip": "gzip"}  # RFC 9110 section 8.4.1.3

# Up to so many bytes the best level is worth its time: brotli takes 0.8 s for them on one core, and 11 s for 4 MB.
THOROUGH = 256 * 2**10
WORTH = 0.9  # a compressed form is kept if it is smaller by a tenth; else decoding costs more than it saves
OVERHEAD = 512  # bytes that an entry costs beside its body, so that a memory of refusals is bounded too


def negotiate(accept_encoding: str | None, available: Iterable[str]) -> str | None:
    """Choose the coding a client likes best (RFC 9110 section 12.5.3), and at equal weight the smallest.

    What is malformed is passed over: a member whose weight is no weight counts as not listed. Where not even
    identity is acceptable, identity is the answer still: a file that may be read beats a 406.

    Args:
        accept_encoding: the value of Accept-Encoding; None if it was not sent.
        available: the codings there are, in any order.

    Returns:
        One of ``available``, or None for the file as it is.
    """
    weights = _weights(accept_encoding or "")  # none sent: anything goes, but many such clients cannot decode
    if not weights:
        return None
    rest = weights.get("*", 0.0)
    # Identity is acceptable without being listed, but no wish: any coding that is listed goes before it.
    best, chosen = weights.get("identity", rest), None
    for coding in sorted(available, key=_rank):
        weight = weights.get(coding.lower(), rest)
        if weight > best or (weight == best > 0 and chosen is None):
            best, chosen = weight, coding
    return chosen


@cache
def available_codings() -> tuple[str, ...]:
    """Return the codings that ``compress`` can make here, the preferred first."""
    return tuple(coding for coding in SIBLINGS if coding == "gzip" or find_library(coding) is not None)


def compress(data: bytes, coding: str, *, thorough: bool = True) -> bytes:
    """Return data in a content coding; the same data gives the same bytes.

    Args:
        data: the bytes as they are.
        coding: one of ``available_codings()``.
        thorough: as small as can be, if that takes 20 times as long; else nearly so (5 to 10 % larger).

    Raises:
        LookupError: the coding is unknown, or its package is not installed.
    """
    if coding == "gzip":
        return gzip.compress(data, 9, mtime=0)  # without the time, which would make each run another file
    library = find_library(coding)
    if library is None:
        raise LookupError(f"no package for the content coding {coding!r}: pip install 'spa[compression]'")
    # The best level of zstd is 19: from 20 on its window is over 8 MB, which browsers refuse (RFC 9659).
    level = 19 if thorough else 12
    if coding == "br":
        body = library.compress(data, quality=11 if thorough else 9)
    elif library.__name__ == "zstandard":
        body = library.ZstdCompressor(level=level).compress(data)
    else:
        body = library.compress(data, level=level)
    return bytes(body)


def find_library(coding: str) -> ModuleType | None:
    """Return the module that makes a coding, imported when first needed: both packages are optional."""
    names = {"br": ["brotli"], "zstd": ["compression.zstd"] * (sys.version_info >= (3, 14)) + ["zstandard"]}
    for name in names.get(coding, ()):
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    return None


class Compressor:
    """Compresses bodies in the background, once each, and remembers the results.

    One body at a time is compressed, on a thread of gevent's pool (zlib, brotli and zstd let go of the GIL), so
    that no greenlet waits and at most one core is taken. What was not asked for longest is forgotten first.

    Args:
        capacity: the most bytes of compressed bodies to remember, and of bodies to keep waiting.
        waiting: the most bodies waiting; what comes while so many wait may come again later.

    Raises:
        SetupError: a bound is below one.
    """

    def __init__(self, *, capacity: int = 32 * 2**20, waiting: int = 256) -> None:
        if capacity < 1 or waiting < 1:
            raise SetupError("a Compressor needs a capacity and a queue of at least 1")
        self._capacity = capacity
        self._waiting = waiting
        self._bodies: OrderedDict[Hashable, bytes] = OrderedDict()  # an empty one: not worth it
        self._remembered = 0  # bytes in _bodies, with their overhead
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
            self._bodies.move_to_end(entry)
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
            self._remember(entry, result)

    def _remember(self, entry: Hashable, body: bytes) -> None:
        if len(body) + OVERHEAD > self._capacity:
            body = b""  # it would drive out all others, and itself
        self._bodies[entry] = body
        self._remembered += len(body) + OVERHEAD
        while self._remembered > self._capacity:
            _, oldest = self._bodies.popitem(last=False)
            self._remembered -= len(oldest) + OVERHEAD


def _attempt(data: bytes, coding: str) -> bytes | Exception:
    """Compress on a thread; empty if it does not pay.

    An exception is returned: gevent would print one that is raised here, beside handing it over.
    """
    try:
        body = compress(data, coding, thorough=len(data) <= THOROUGH)
    except Exception as error:
        return error
    return body if len(body) <= len(data) * WORTH else b""


def _weights(accept_encoding: str) -> dict[str, float]:
    """Read Accept-Encoding: the weight of each coding named, the lowest if it is named twice."""
    weights: dict[str, float] = {}
    for member in accept_encoding.lower().split(","):
        coding, *parameters = (part.strip(" \t") for part in member.split(";"))
        weight = weight_of(parameters)
        if coding and weight is not None:
            coding = ALIASES.get(coding, coding)
            weights[coding] = min(weight, weights.get(coding, weight))
    return weights


def _rank(coding: str) -> int:
    return list(SIBLINGS).index(coding) if coding in SIBLINGS else len(SIBLINGS)
