"""Tell what a coded body decodes to, without holding it in memory."""

import zlib
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from spa.coding import find_library
from spa.static.hashing import Digest

# Bytes that are decoded at a time. Four of zstd may become 128 KiB (RFC 8878 section 3.1.1.2), so these become 16 MiB
# at most; of gzip, half a megabyte.
FED = 512
WANTED = 64 * 2**10  # bytes that brotli, in which a few become 16 MiB, is asked for; it may give twice as many
WINDOW = 8 * 2**20  # bytes that a decoder of zstd may need; browsers refuse what needs more (RFC 9659)


@cache
def can_decode(coding: str) -> bool:
    """Tell whether a coding can be decoded here; br and zstd need their packages."""
    if coding == "br":  # before 1.2 it could not be told to stop
        return hasattr(getattr(find_library(coding), "Decompressor", None), "can_accept_more_data")
    return coding == "gzip" or find_library(coding) is not None


def digest(pieces: Iterable[bytes], coding: str, size: int) -> str | None:
    """Return the hash of the bytes that a coded body decodes to, as ``hashing.digest`` names them.

    Args:
        pieces: the coded body; all of it is taken unless the answer is None.
        coding: one that ``can_decode``.
        size: how many bytes ought to come out. Decoding ends with the first one more, so a bomb does no harm.

    Returns:
        None if it is not one whole stream of this coding, of this size, with nothing after it.
    """
    found, length = Digest(), 0
    try:
        for piece in _decode(pieces, coding):
            length += len(piece)
            if length > size:
                return None
            found.update(piece)
    except Exception:  # each library has errors of its own, and the file may become shorter meanwhile
        return None
    return found.name() if length == size else None


def _decode(pieces: Iterable[bytes], coding: str) -> Iterator[bytes]:
    if coding == "br":
        yield from _decode_brotli(pieces)
        return
    decoder = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS) if coding == "gzip" else _zstd_decoder()
    for piece in pieces:
        for start in range(0, len(piece), FED):
            if decoder.eof:
                raise ValueError("something follows the stream")
            yield decoder.decompress(piece[start : start + FED])
    if not decoder.eof or decoder.unused_data:
        raise ValueError("this is not one whole stream")


def _decode_brotli(pieces: Iterable[bytes]) -> Iterator[bytes]:
    decoder = find_library("br").Decompressor()  # type: ignore[union-attr]  # can_decode has found it
    for piece in pieces:
        while decoded := decoder.process(piece, output_buffer_limit=WANTED):
            yield decoded
            piece = b""  # it can accept more before it has given all
    if not decoder.is_finished():
        raise ValueError("this is not one whole stream")


def _zstd_decoder() -> Any:
    library: Any = find_library("zstd")
    if library.__name__ == "zstandard":
        return library.ZstdDecompressor(max_window_size=WINDOW).decompressobj()
    return library.ZstdDecompressor(options={library.DecompressionParameter.window_log_max: WINDOW.bit_length() - 1})
