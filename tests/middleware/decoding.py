"""Read content codings as a browser does: as far as the bytes have come."""

import zlib

import brotli
import zstandard


def open_decoder(coding):
    """Return a function that takes bytes and gives what can be read so far."""
    if coding == "gzip":
        return zlib.decompressobj(31).decompress
    if coding == "br":
        return brotli.Decompressor().process
    return zstandard.ZstdDecompressor(max_window_size=8 * 2**20).decompressobj().decompress  # RFC 9659


def decode(data, coding):
    """Return a whole body; None is the coding of a plain one."""
    return data if coding is None else open_decoder(coding)(data)
