"""Compress a body chunk by chunk, in any of the content codings."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from spa.coding import find_library

GZIP = 16 + zlib.MAX_WBITS  # a window of 32 KiB in the gzip format; its header has no time: same input, same bytes
# A window of 256 KiB bounds what an open stream holds: 1.2 MB in br or zstd, where their own choice takes 3 to 7; the
# bodies were no longer for it, measured on 6 MiB of JSON. gzip holds 0.05 MB while little has come, and 0.3 MB in all.
WINDOW_BITS = 18


@dataclass(frozen=True, slots=True)
class Coder:
    """One body on its way into a content coding.

    Attributes:
        add: takes bytes, and gives what has become ready of them.
        flush: gives all that was added, so that the client can read it.
        finish: gives the rest; the last call.
    """

    add: Callable[[bytes], bytes]
    flush: Callable[[], bytes]
    finish: Callable[[], bytes]


def open_coder(coding: str, level: int) -> Coder:
    """Begin a body.

    Args:
        coding: ``gzip``, or ``br`` or ``zstd`` if their package is installed.
        level: how hard to try, in the coding's own measure.
    """
    if coding == "gzip":
        gzip = zlib.compressobj(level, zlib.DEFLATED, GZIP)
        return Coder(gzip.compress, partial(gzip.flush, zlib.Z_SYNC_FLUSH), gzip.flush)
    module = find_library(coding)
    assert module is not None, coding
    if coding == "br":
        brotli = module.Compressor(quality=level, lgwin=WINDOW_BITS)
        return Coder(brotli.process, brotli.flush, brotli.finish)
    if module.__name__ == "zstandard":
        parameters = module.ZstdCompressionParameters.from_level(level, window_log=WINDOW_BITS)
        zstd = module.ZstdCompressor(compression_params=parameters).compressobj()
        return Coder(zstd.compress, partial(zstd.flush, module.COMPRESSOBJ_FLUSH_BLOCK), zstd.flush)
    names = module.CompressionParameter
    zstd = module.ZstdCompressor(options={names.compression_level: level, names.window_log: WINDOW_BITS})
    return Coder(zstd.compress, partial(zstd.flush, zstd.FLUSH_BLOCK), zstd.flush)
