"""The variant of a file that a client accepts: as it is, its sibling, or compressed in memory."""

import dataclasses
import gzip
import hashlib
import os

import gevent
import pytest

from spa.static.files import Directory
from spa.static.mimetypes import type_of
from spa.static.sending import Representation
from spa.static.sibling import Original
from spa.static.variant import LARGEST, REST, SMALLEST, Variants

TEXT = b"one and the same line\n" * 100
PATIENCE = 20  # seconds until a test says that something never came
VARY = ("Vary", "Accept-Encoding")


def plain(body=TEXT, content_type="text/plain", size=None):
    return Representation(body, len(body) if size is None else size, '"tag"', None, content_type, (("X-Kept", "1"),))


def accepting(value):
    return {} if value is None else {"HTTP_ACCEPT_ENCODING": value}


def choose(variants, variant, accept, original=None):
    """Return the variant that is sent in the end, when nothing is being made any more."""
    with gevent.Timeout(PATIENCE):
        while True:
            chosen = variants.choose(variant, accepting(accept), "key", original)
            if chosen.is_final:
                return chosen
            gevent.sleep(0.01)


@pytest.fixture
def variants(tmp_path):
    return Variants(Directory(tmp_path))


@pytest.mark.parametrize(
    ("variant", "accept", "varies"),
    [
        (plain(b"x" * (SMALLEST - 1)), "gzip", False),  # too small to be worth it
        (plain(content_type="image/png"), "gzip", False),  # packed already
        (plain(), None, True),
        (plain(), "", True),
        (plain(), "identity", True),
        (plain(), "gzip;q=0", True),
        (plain(), "unheard-of", True),
        (plain(size=LARGEST + 1), "gzip", True),  # too large to be compressed here
    ],
)
def test_a_file_is_sent_as_it_is_and_says_if_others_might_get_another_variant(variants, variant, accept, varies):
    chosen = choose(variants, variant, accept)
    assert (chosen.body, chosen.etag) == (variant.body, '"tag"')
    assert chosen.headers == (*variant.headers, *([VARY] if varies else []))


def test_while_a_variant_is_being_made_the_file_is_sent_as_it_is(variants):
    chosen = variants.choose(plain(), accepting("gzip"), "key")
    assert (chosen.body, chosen.is_final) == (TEXT, False)
    assert choose(variants, plain(), "gzip").body != TEXT


def test_a_compressed_variant_has_a_length_and_an_etag_of_its_own(variants):
    chosen = choose(variants, plain(), "gzip")
    assert gzip.decompress(chosen.body) == TEXT
    assert chosen.size == len(chosen.body) < len(TEXT)
    assert chosen.etag == '"tag-gzip"'
    assert chosen.headers == (("X-Kept", "1"), VARY, ("Content-Encoding", "gzip"))


@pytest.mark.parametrize(
    ("modified", "is_at_rest"),
    [
        (None, True),  # made in memory
        (1_000_000, False),
        (1_000_000 - REST + 1, False),
        (1_000_000 - REST, True),
        (1_000_000 + REST - 1, False),  # by a clock that is a little ahead
        (1_000_000 + REST, True),  # by one that knows nothing of ours
    ],
)
def test_a_file_is_compressed_once_it_has_rested(variants, modified, is_at_rest):
    variant = dataclasses.replace(plain(), modified=modified, clock=lambda: 1_000_000.0)
    chosen = variants.choose(variant, accepting("gzip"), "key")
    assert (chosen.body, chosen.is_final) == (TEXT, False)
    assert VARY in chosen.headers
    assert bool(variants._compressor._claimed) is is_at_rest


def test_a_file_that_rests_at_last_is_compressed(variants):
    now = 1_000_000.0
    variant = dataclasses.replace(plain(), modified=1_000_000, clock=lambda: now)
    assert variants.choose(variant, accepting("gzip"), "key").body == TEXT
    now += REST
    assert gzip.decompress(choose(variants, variant, "gzip").body) == TEXT


def original_of(root, name, hash):
    directory = Directory(root)
    (root / name).write_bytes(TEXT)
    os.utime(root / name, (1_000_000_000, 1_000_000_000))
    return Original(name, directory.identify(name), hash)


@pytest.mark.parametrize(
    ("packed", "is_sent"),
    [
        (gzip.compress(TEXT, 1), True),
        (gzip.compress(TEXT + b"more"), False),
        (b"no gzip at all", False),
    ],
)
def test_a_sibling_is_sent_if_it_holds_the_bytes_of_its_file(variants, tmp_path, packed, is_sent):
    original = original_of(tmp_path, "a.txt", hashlib.md5(TEXT).hexdigest()[:12])
    (tmp_path / "a.txt.gz").write_bytes(packed)
    chosen = choose(variants, plain(), "gzip", original)
    assert (chosen.body == packed) is is_sent
    assert gzip.decompress(chosen.body) == TEXT  # otherwise it was compressed here
    assert (chosen.etag != '"tag-gzip"') is is_sent  # no download may join bytes of the two
    assert ("Content-Encoding", "gzip") in chosen.headers


@pytest.mark.parametrize("hash", [None, True])
@pytest.mark.parametrize(
    ("name", "data"),
    [("a.css", b".x{color:red}"), ("model.glb", TEXT), ("tiny.png", b"png"), ("empty.js", b"")],
)
@pytest.mark.parametrize(
    ("accept", "coding"),
    [("gzip", "gzip"), ("gzip;q=0", None), ("identity, gzip;q=0.5", None), ("", None), (None, None)],
)
def test_a_sibling_counts_for_a_file_that_would_not_be_compressed_here(
    variants, tmp_path, hash, name, data, accept, coding
):
    (tmp_path / name).write_bytes(data)
    (tmp_path / f"{name}.gz").write_bytes(gzip.compress(data))
    original = Original(name, Directory(tmp_path).identify(name), hash and hashlib.md5(data).hexdigest()[:12])
    chosen = choose(variants, plain(data, type_of(name)), accept, original)
    assert VARY in chosen.headers
    assert dict(chosen.headers).get("Content-Encoding") == coding
    assert (chosen.body if coding is None else gzip.decompress(chosen.body)) == data


def test_a_file_that_would_not_be_compressed_here_does_not_vary_without_a_sibling(variants, tmp_path):
    original = original_of(tmp_path, "a.png", None)
    assert choose(variants, plain(content_type="image/png"), "gzip", original).headers == (("X-Kept", "1"),)


def test_a_file_that_is_open_is_closed_when_another_variant_is_sent(variants, tmp_path):
    choose(variants, plain(), "gzip")
    (tmp_path / "a.txt").write_bytes(TEXT)
    file = Directory(tmp_path).open("a.txt")
    chosen = choose(variants, Representation(file, len(TEXT), '"tag"', None, "text/plain"), "gzip")
    assert gzip.decompress(chosen.body) == TEXT
    assert file.descriptor == -1
