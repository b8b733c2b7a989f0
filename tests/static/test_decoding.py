"""What coded forms decode to: told exactly, and in bounded memory."""

import gzip
import random
import sys
import tracemalloc
import zlib

import pytest

from spa.coding import SIBLINGS, compress
from spa.static.decoding import can_decode, digest
from spa.static.hashing import digest as hash_of

TEXT = b"body { color: rebeccapurple; margin: 0 auto }\n" * 4000
NOISE = random.Random(1).randbytes(300_000)
BOTH = {"text": TEXT, "noise": NOISE, "nothing": b""}


def pieces(data, size):
    return [data[start : start + size] for start in range(0, len(data), size)]


@pytest.fixture(params=list(SIBLINGS))
def coding(request):
    if not can_decode(request.param):
        pytest.skip(f"pip install brotli zstandard, for {request.param}")
    return request.param


@pytest.mark.parametrize("size", [1, 500, 130_048, 10**6])
@pytest.mark.parametrize("data", BOTH.values(), ids=BOTH)
def test_the_hash_is_that_of_the_bytes_that_were_coded(coding, data, size):
    if size == 1:
        data = data[:2000]
    coded = compress(data, coding, thorough=False)
    assert digest(pieces(coded, size), coding, len(data)) == hash_of(data)


@pytest.mark.parametrize("size", [1, 500, 10**6])
def test_what_is_not_one_whole_stream_has_no_hash(coding, size):
    data = TEXT[:5000] + NOISE[:2000]
    coded = compress(data, coding)
    for cut in (0, 1, 10, len(coded) // 2, len(coded) - 4, len(coded) - 1):
        assert digest(pieces(coded[:cut], size), coding, len(data)) is None
    for more in (b"\0", b"more", coded, NOISE[:2000]):
        assert digest(pieces(coded + more, size), coding, len(data)) is None


def test_other_sizes_and_other_codings_have_no_hash(coding):
    coded = compress(TEXT, coding)
    for size in (len(TEXT) - 1, len(TEXT) + 1, 0):
        assert digest([coded], coding, size) is None
    others = [other for other in SIBLINGS if can_decode(other) and other != coding]
    for data in (TEXT, b"GZIP", *(compress(TEXT, other) for other in others)):
        assert digest([data], coding, len(TEXT)) is None


def test_a_raw_or_a_zlib_stream_is_no_gzip():
    for wbits in (-15, 15):
        coder = zlib.compressobj(wbits=wbits)
        assert digest([coder.compress(TEXT) + coder.flush()], "gzip", len(TEXT)) is None


def test_a_damaged_checksum_is_seen():
    coded = bytearray(gzip.compress(TEXT))
    coded[-6] ^= 1
    assert digest([bytes(coded)], "gzip", len(TEXT)) is None


def test_a_bomb_is_put_out(coding):
    bomb = compress(bytes(200 * 2**20), coding, thorough=False)
    assert len(bomb) < 250_000
    tracemalloc.start()
    try:
        assert digest([bomb], coding, 1000) is None
        assert tracemalloc.get_traced_memory()[1] < 20 * 2**20
    finally:
        tracemalloc.stop()


def test_what_browsers_refuse_for_its_window_is_refused():
    zstandard = pytest.importorskip("zstandard")
    parameters = zstandard.ZstdCompressionParameters(window_log=25)
    coder = zstandard.ZstdCompressor(compression_params=parameters).compressobj()  # knows no size: the window is whole
    coded = coder.compress(TEXT) + coder.flush()
    assert digest([coded], "zstd", len(TEXT)) is None


def test_what_is_larger_than_the_window_is_decoded(coding):
    data = NOISE * 32  # 9.6 MB
    coded = compress(data, coding, thorough=coding == "zstd")
    assert digest(pieces(coded, 130_048), coding, len(data)) == hash_of(data)


def test_without_packages_only_gzip_can_be_decoded(monkeypatch):
    for name in ("brotli", "zstandard", "compression", "compression.zstd"):
        monkeypatch.setitem(sys.modules, name, None)
    can_decode.cache_clear()
    try:
        assert [coding for coding in SIBLINGS if can_decode(coding)] == ["gzip"]
    finally:
        can_decode.cache_clear()


def test_a_brotli_that_cannot_be_told_to_stop_does_not_count(monkeypatch):
    brotli = pytest.importorskip("brotli")
    monkeypatch.setattr(brotli, "Decompressor", object)
    can_decode.cache_clear()
    try:
        assert not can_decode("br")
    finally:
        can_decode.cache_clear()
