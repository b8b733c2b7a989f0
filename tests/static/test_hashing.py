"""The hash in a file name: put in, taken out, and nothing else taken for one."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spa.static import hashing

HASH = "0123456789ab"
NAMES = st.text(alphabet="ab.0/-é ", min_size=1, max_size=20) | st.sampled_from(["i.0123456789ab", ".0123456789ab"])
HASHES = st.text(alphabet="0123456789abcdef", min_size=12, max_size=12)


def test_a_digest_is_the_first_twelve_hex_digits_of_the_md5():
    assert hashing.digest(b"leaf:img/a.png") == hashlib.md5(b"leaf:img/a.png").hexdigest()[:12] == "7414f1dab82c"
    assert hashing.digest(memoryview(b"leaf:img/a.png")) == "7414f1dab82c"


@pytest.mark.parametrize(
    ("name", "hashed"),
    [
        ("css/app.css", "css/app.0123456789ab.css"),
        ("LICENSE", "LICENSE.0123456789ab"),
        ("x.tar.gz", "x.tar.0123456789ab.gz"),
        ("i.", "i.0123456789ab."),
        (".bashrc", ".bashrc.0123456789ab"),
        ("v1.2/LICENSE", "v1.2/LICENSE.0123456789ab"),
        ("i.ffffffffffff.png", "i.ffffffffffff.0123456789ab.png"),
        ("i.ffffffffffff", "i.0123456789ab.ffffffffffff"),
        (".ffffffffffff", ".ffffffffffff.0123456789ab"),
        ("ü b.png", "ü b.0123456789ab.png"),
    ],
)
def test_the_hash_stands_before_the_extension(name, hashed):
    assert hashing.put(name, HASH) == hashed
    assert hashing.take(hashed) == (name, HASH)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "a.css",
        ".0123456789ab",
        "css/.0123456789ab",
        "a.0123456789AB.css",
        "a.0,0,0,0,0,0,.css",
        "a.0123456789a.css",
        "a.0123456789abc.css",
        "a.0123456789ag.css",
        "a.0123456789ab.css/x",
        "a.0123456789ab.b.css",
        "a.css.0123456789ab",
        "a.0123456789ab\n.css",
        "a.\u0660123456789ab.css",
        "0123456789ab.css",
    ],
)
def test_what_put_never_writes_carries_no_hash(path):
    assert hashing.take(path) is None


@given(NAMES.filter(lambda name: not name.endswith("/")), HASHES)
def test_what_is_put_in_is_taken_out_again(name, hash):
    assert hashing.take(hashing.put(name, hash)) == (name, hash)


@given(st.text(alphabet=".a0123456789abcdef/", max_size=40))
def test_what_is_taken_out_can_be_put_in_again(path):
    taken = hashing.take(path)
    assert taken is None or hashing.put(*taken) == path
