"""The form of a file that a client accepts: as it is, its sibling, or compressed in memory."""

import gzip
import hashlib
import os

import gevent
import pytest

from spa.static.files import Directory
from spa.static.form import LARGEST, SMALLEST, Forms
from spa.static.mimetypes import type_of
from spa.static.sending import Representation
from spa.static.sibling import Origin

TEXT = b"one and the same line\n" * 100
PATIENCE = 20  # seconds until a test says that something never came
VARY = ("Vary", "Accept-Encoding")


def plain(body=TEXT, content_type="text/plain", size=None):
    return Representation(body, len(body) if size is None else size, '"tag"', None, content_type, (("X-Kept", "1"),))


def accepting(value):
    return {} if value is None else {"HTTP_ACCEPT_ENCODING": value}


def choose(forms, form, accept, origin=None):
    """Return the form that is sent in the end, when nothing is being made any more."""
    with gevent.Timeout(PATIENCE):
        while True:
            chosen = forms.choose(form, accepting(accept), "key", lambda: TEXT, origin)
            if chosen.is_final:
                return chosen
            gevent.sleep(0.01)


@pytest.fixture
def forms(tmp_path):
    return Forms(Directory(tmp_path))


@pytest.mark.parametrize(
    ("form", "accept", "varies"),
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
def test_a_file_is_sent_as_it_is_and_says_if_others_might_get_another_form(forms, form, accept, varies):
    chosen = choose(forms, form, accept)
    assert (chosen.body, chosen.etag) == (form.body, '"tag"')
    assert chosen.headers == (*form.headers, *([VARY] if varies else []))


def test_while_a_form_is_being_made_the_file_is_sent_as_it_is(forms):
    chosen = forms.choose(plain(), accepting("gzip"), "key", lambda: TEXT)
    assert (chosen.body, chosen.is_final) == (TEXT, False)
    assert choose(forms, plain(), "gzip").body != TEXT


def test_a_compressed_form_has_a_length_and_an_etag_of_its_own(forms):
    chosen = choose(forms, plain(), "gzip")
    assert gzip.decompress(chosen.body) == TEXT
    assert chosen.size == len(chosen.body) < len(TEXT)
    assert chosen.etag == '"tag-gzip"'
    assert chosen.headers == (("X-Kept", "1"), VARY, ("Content-Encoding", "gzip"))


def origin_of(root, name, hash):
    directory = Directory(root)
    (root / name).write_bytes(TEXT)
    os.utime(root / name, (1_000_000_000, 1_000_000_000))
    return Origin(name, directory.identify(name), hash)


@pytest.mark.parametrize(
    ("packed", "is_sent"),
    [
        (gzip.compress(TEXT, 1), True),
        (gzip.compress(TEXT + b"more"), False),
        (b"no gzip at all", False),
    ],
)
def test_a_sibling_is_sent_if_it_holds_the_bytes_of_its_file(forms, tmp_path, packed, is_sent):
    origin = origin_of(tmp_path, "a.txt", hashlib.md5(TEXT).hexdigest()[:12])
    (tmp_path / "a.txt.gz").write_bytes(packed)
    chosen = choose(forms, plain(), "gzip", origin)
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
    forms, tmp_path, hash, name, data, accept, coding
):
    (tmp_path / name).write_bytes(data)
    (tmp_path / f"{name}.gz").write_bytes(gzip.compress(data))
    origin = Origin(name, Directory(tmp_path).identify(name), hash and hashlib.md5(data).hexdigest()[:12])
    chosen = choose(forms, plain(data, type_of(name)), accept, origin)
    assert VARY in chosen.headers
    assert dict(chosen.headers).get("Content-Encoding") == coding
    assert (chosen.body if coding is None else gzip.decompress(chosen.body)) == data


def test_a_file_that_would_not_be_compressed_here_does_not_vary_without_a_sibling(forms, tmp_path):
    origin = origin_of(tmp_path, "a.png", None)
    assert choose(forms, plain(content_type="image/png"), "gzip", origin).headers == (("X-Kept", "1"),)


def test_a_file_that_is_open_is_closed_when_another_form_is_sent(forms, tmp_path):
    choose(forms, plain(), "gzip")
    (tmp_path / "a.txt").write_bytes(TEXT)
    file = Directory(tmp_path).open("a.txt")
    chosen = choose(forms, Representation(file, len(TEXT), '"tag"', None, "text/plain"), "gzip")
    assert gzip.decompress(chosen.body) == TEXT
    assert file.descriptor == -1
