"""Read a file: what is kept of it."""

import hashlib

import pytest

from spa.static import reading
from spa.static.files import ChangedError, Directory


def read(tmp_path, name, data):
    (tmp_path / name).write_bytes(data)
    file = Directory(tmp_path).open(name)
    try:
        return reading.read(file), file.identity
    finally:
        file.close()


@pytest.mark.parametrize(
    ("name", "data", "urls"),
    [
        ("a.css", b".x{background:url(i.png)} @import 'b.css';", ["i.png", "b.css"]),
        ("A.CSS", b"@import 'b.css';", ["b.css"]),
        ("a.css", b".x{}", []),
        ("a.css", b"", []),
        ("a.js", b"x()\n//# sourceMappingURL=a.js.map", ["a.js.map"]),
        ("a.mjs", b"x()\n//# sourceMappingURL=a.mjs.map\n", ["a.mjs.map"]),
        ("a.js", b"url(i.png)", []),
        ("a.txt", b".x{background:url(i.png)}", []),
        ("a", b"", []),
        ("a.png", bytes(range(256)) * 4096, []),
    ],
)
def test_the_bytes_are_kept_only_where_there_are_references_in_them(tmp_path, name, data, urls):
    found, identity = read(tmp_path, name, data)
    assert found.hash == hashlib.md5(data).hexdigest()[:12]
    assert [reference.url for reference in found.references] == urls
    assert found.data == (data if urls else b"")
    assert found.identity == identity


@pytest.mark.parametrize(
    ("name", "data", "is_read", "charset"),
    [
        ("a.css", b"url(a)", True, "utf-8"),
        ("a.css", b"url(\xe9)", True, None),
        ("a.css", "url(a)".encode("utf-16"), False, None),
        ("a.css", '@charset "iso-2022-jp";url(あ)'.encode("iso-2022-jp"), False, None),
        ("a.css", '@charset "shift_jis";url(ソ)'.encode("shift_jis"), False, None),
        ("a.js", "x()".encode("utf-16"), True, "utf-8"),
    ],
)
def test_it_is_told_of_a_stylesheet_that_it_is_in_an_encoding_not_read(tmp_path, name, data, is_read, charset):
    found, _ = read(tmp_path, name, data)
    assert (found.is_read, found.charset) == (is_read, charset)
    assert is_read or not found.references


@pytest.mark.parametrize("name", ["a.png", "a.css", "a.js"])
def test_a_file_that_becomes_shorter_meanwhile_is_not_taken_for_whole(tmp_path, name):
    (tmp_path / name).write_bytes(b"x" * 200_000)
    file = Directory(tmp_path).open(name)
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(ChangedError):
        reading.read(file)
    file.close()


def test_a_file_in_which_nothing_is_replaced_stays_as_it_is():
    data = b"x()\n//# sourceMappingURL=a.js.map"
    assert reading.replace("a.js", data, []) is data


@pytest.mark.parametrize(
    ("path", "data", "charset"),
    [
        ("a.css", "é".encode(), "utf-8"),
        ("a.css", "é".encode("latin-1"), None),
        ("a.js", "é".encode("latin-1"), None),
        ("a.js", None, "utf-8"),
        ("A.CSS", None, None),
    ],
)
def test_a_charset_is_claimed_if_it_is_true_or_likely(path, data, charset):
    assert reading.charset_of(path, data) == charset
