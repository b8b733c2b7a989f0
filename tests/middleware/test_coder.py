"""Bodies in the making: readable after each flush, and the same each time."""

import sys

import pytest

from spa.coding import available_codings
from spa.middleware.coder import open_coder
from tests.middleware.decoding import decode, open_decoder

CODINGS = ["br", "zstd", "gzip"]
TEXT = b"the quick brown fox jumps over the lazy dog; " * 200


def test_all_codings_are_tested_here():
    assert list(available_codings()) == CODINGS


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("level", [1, 4, 9])
def test_what_was_flushed_can_be_read_at_once(coding, level):
    coder, read = open_coder(coding, level), open_decoder(coding)
    for part in (b"first", TEXT, b"", b"last"):
        assert read(coder.add(part) + coder.flush()) == part
    assert read(coder.finish()) == b""


@pytest.mark.parametrize("coding", CODINGS)
def test_the_same_input_gives_the_same_bytes(coding):
    def code():
        coder = open_coder(coding, 4)
        return coder.add(TEXT) + coder.flush() + coder.add(TEXT) + coder.finish()

    assert code() == code()
    assert len(code()) < len(TEXT) / 10
    assert decode(code(), coding) == TEXT * 2


@pytest.mark.parametrize("coding", CODINGS)
def test_a_body_without_a_byte_is_one_too(coding):
    assert decode(open_coder(coding, 4).finish(), coding) == b""


@pytest.mark.skipif(sys.version_info < (3, 14), reason="compression.zstd came with Python 3.14")
def test_the_standard_library_makes_zstd_where_it_can():
    from compression import zstd

    coder = open_coder("zstd", 3)
    assert zstd.decompress(coder.add(TEXT) + coder.finish()) == TEXT
