"""Content codings: which a client likes best, and the compressed forms."""

import gzip
import random
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spa.coding import COMPRESSIBLE, SIBLINGS, available_codings, compress, is_compressible, negotiate
from spa.static.mimetypes import NAMES, TYPES

ALL = ("gzip", "zstd", "br")
TEXT = b"body { color: rebeccapurple; margin: 0 auto }\n" * 100


def decompress(body, coding):
    if coding == "gzip":
        return gzip.decompress(body)
    if coding == "br":
        return pytest.importorskip("brotli").decompress(body)
    if sys.version_info >= (3, 14):
        from compression import zstd

        return zstd.decompress(body)
    return pytest.importorskip("zstandard").ZstdDecompressor().decompress(body)


@pytest.mark.parametrize(
    ("accept_encoding", "coding"),
    [
        (None, None),
        ("", None),
        (" , ", None),
        ("gzip", "gzip"),
        ("GZIP", "gzip"),
        ("x-gzip", "gzip"),
        ("gzip, deflate, br, zstd", "br"),
        ("gzip, deflate, br", "br"),
        ("gzip, zstd", "zstd"),
        ("deflate", None),
        ("deflate, gzip;q=0.1", "gzip"),
        ("br;q=0.5, gzip;q=0.8", "gzip"),
        ("br;q=0.5,gzip ; q=0.5", "br"),
        ("br;Q=0.1, gzip;q=0.2", "gzip"),
        ("br;level=3;q=0.1, gzip;q=0.2", "gzip"),
        ("br;q=1.000, gzip;q=1.0", "br"),
        ("gzip;q=0.3333, br;q=0.2", "gzip"),
        ("gzip;q=0", None),
        ("gzip;q=0.000, br;q=0.001", "br"),
        ("*", "br"),
        ("*;q=0", None),
        ("*;q=0.5, br;q=0", "zstd"),
        ("gzip, *;q=0", "gzip"),
        ("gzip;q=1.0, identity;q=0.5, *;q=0", "gzip"),
        ("identity", None),
        ("identity, gzip;q=0.5", None),
        ("identity;q=0.5, gzip;q=0.5", "gzip"),
        ("identity;q=0.5, gzip", "gzip"),
        ("identity;q=0, gzip;q=0.1", "gzip"),
        ("identity;q=0", None),
        ("identity;q=0, *;q=0", None),
        # Names are whole.
        ("x-gzip-foo", None),
        ("notgzip", None),
        ("gzi", None),
        ("brotli", None),
        # A weight that is none: as if the coding had not been named.
        ("gzip;q=nan", None),
        ("gzip;q=inf", None),
        ("gzip;q=1e0", None),
        ("gzip;q=1.5", None),
        ("gzip;q=-1", None),
        ("gzip;q=", None),
        ("gzip;q", None),
        ("gzip;q=\u0661", None),
        ("br;q=nan, gzip;q=0.1", "gzip"),
        ("gzip;q=x, *;q=0.1", "br"),
        (";q=1", None),
        ("gzip;", "gzip"),
        ("gzip;q=0, gzip;q=1", None),
        ("gzip;q=0." + "3" * 7000, "gzip"),
        ("," * 7000 + "gzip", "gzip"),
    ],
)
def test_the_coding_is_the_one_the_client_likes_best(accept_encoding, coding):
    assert negotiate(accept_encoding, ALL) == coding
    assert negotiate(accept_encoding, ALL[::-1]) == coding


@pytest.mark.parametrize(
    ("accept_encoding", "available", "coding"),
    [
        ("br, gzip;q=0.1", ["gzip"], "gzip"),
        ("br", ["gzip"], None),
        ("*", ["gzip"], "gzip"),
        ("*", [], None),
        ("gzip, dcb", ["dcb", "gzip"], "gzip"),
        ("dcb", ["dcb", "gzip"], "dcb"),
    ],
)
def test_only_what_there_is_is_chosen(accept_encoding, available, coding):
    assert negotiate(accept_encoding, available) == coding


@given(st.text(alphabet='gzipbrstd*;q=01.5, \t"\xa0identy'), st.sets(st.sampled_from(ALL)))
def test_no_text_is_an_error(accept_encoding, available):
    assert negotiate(accept_encoding, available) in available | {None}


@pytest.mark.parametrize("thorough", [True, False])
@pytest.mark.parametrize("coding", SIBLINGS)
def test_a_compressed_form_is_smaller_and_can_be_read_back_and_is_always_the_same(coding, thorough):
    if coding not in available_codings():
        pytest.skip(f"pip install brotli zstandard, for {coding}")
    body = compress(TEXT, coding, thorough=thorough)
    assert type(body) is bytes
    assert len(body) < len(TEXT) / 10
    assert decompress(body, coding) == TEXT
    assert compress(TEXT, coding, thorough=thorough) == body
    assert decompress(compress(b"", coding, thorough=thorough), coding) == b""


def test_gzip_carries_no_time():
    assert compress(TEXT, "gzip")[4:8] == bytes(4)


def test_the_window_of_zstd_is_one_that_browsers_take():
    if "zstd" not in available_codings():
        pytest.skip("pip install zstandard")
    frame = compress(random.Random(2).randbytes(2**20) * 9, "zstd")
    assert frame[4] & 0x20 == 0, "not a single segment, so the next byte tells the window (RFC 8878 section 3.1.1.1)"
    exponent, mantissa = frame[5] >> 3, frame[5] & 7
    window = 2 ** (10 + exponent)
    assert window + window // 8 * mantissa <= 8 * 2**20


@pytest.mark.parametrize("coding", ["deflate", "", "identity"])
def test_an_unknown_coding_is_an_error(coding):
    with pytest.raises(LookupError, match=repr(coding)):
        compress(TEXT, coding)


@pytest.fixture
def without_packages(monkeypatch):
    for name in ("brotli", "zstandard", "compression", "compression.zstd"):
        monkeypatch.setitem(sys.modules, name, None)
    available_codings.cache_clear()
    yield
    available_codings.cache_clear()


@pytest.mark.usefixtures("without_packages")
def test_without_packages_there_is_gzip():
    assert available_codings() == ("gzip",)
    with pytest.raises(LookupError, match="pip install"):
        compress(TEXT, "br")


def test_the_codings_come_in_the_order_of_preference():
    assert available_codings() == tuple(coding for coding in SIBLINGS if coding in available_codings())
    assert "gzip" in available_codings()


def test_every_name_of_the_compressible_table_is_in_use_or_an_old_name_of_javascript():
    assert COMPRESSIBLE - {"application/javascript"} <= set(TYPES.values()) | set(NAMES.values())


@pytest.mark.parametrize(
    ("content_type", "answer"),
    [
        ("text/html; charset=utf-8", True),
        ("TEXT/CSS", True),
        ("application/json", True),
        ("application/problem+json", True),
        ("application/manifest+json", True),
        ("image/svg+xml; charset=utf-8", True),
        ("application/wasm", True),
        ("font/ttf", True),
        ("image/vnd.microsoft.icon", True),
        ("font/woff2", False),
        ("image/png", False),
        ("video/mp4", False),
        ("application/gzip", False),
        ("application/zip", False),
        ("application/octet-stream", False),
        ("", False),
    ],
)
def test_text_is_compressible_and_what_is_compressed_already_is_not(content_type, answer):
    assert is_compressible(content_type) is answer
