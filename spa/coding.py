"""Choose a content coding and compress with it."""

import gzip
import importlib
import sys
from collections.abc import Iterable
from functools import cache
from types import ModuleType

from spa.accept import weight_of

# Each coding and the ending of a sibling in it, the preferred first: smallest first, as measured on scripts and styles.
SIBLINGS = {"br": ".br", "zstd": ".zst", "gzip": ".gz"}
ALIASES = {"x-gzip": "gzip"}  # RFC 9110 section 8.4.1.3
WORTH = 0.9  # the most of its size that a compressed form may keep: for less than a tenth, decoding costs too much

# Beside text/*, +json and +xml: types whose files are not compressed by themselves.
COMPRESSIBLE = frozenset(
    {
        "application/javascript",
        "application/json",
        "application/msword",
        "application/rtf",
        "application/toml",
        "application/vnd.apple.mpegurl",
        "application/vnd.ms-fontobject",
        "application/wasm",
        "application/x-ndjson",
        "application/x-subrip",
        "application/x-tar",
        "application/xml",
        "application/yaml",
        "font/collection",
        "font/otf",
        "font/ttf",
        "image/bmp",
        "image/vnd.microsoft.icon",
        "model/stl",
    }
)


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


def pays(compressed: bytes, data: bytes) -> bool:
    """Tell whether a compressed form is so much smaller that it is worth decoding."""
    return len(compressed) <= len(data) * WORTH


def is_compressible(content_type: str) -> bool:
    """Say whether compressing files of a type is likely to pay.

    Args:
        content_type: a media type, with or without parameters.
    """
    kind = content_type.partition(";")[0].strip().lower()
    return kind.startswith("text/") or kind.endswith(("+json", "+xml")) or kind in COMPRESSIBLE


def find_library(coding: str) -> ModuleType | None:
    """Return the module that makes a coding, imported when first needed: both packages are optional."""
    names = {"br": ["brotli"], "zstd": ["compression.zstd"] * (sys.version_info >= (3, 14)) + ["zstandard"]}
    for name in names.get(coding, ()):
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    return None


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
