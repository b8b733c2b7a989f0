"""Test what is learnt from the bytes of files, and that it is learnt once."""

import hashlib
import os

import pytest

from spa.static import facts
from spa.static.facts import Examiner, Facts
from spa.static.files import Directory, File


def examine(root, name, data, time=1):
    (root / name).write_bytes(data)
    os.utime(root / name, ns=(time, time))
    file = Directory(root).open(name)
    try:
        return Examiner().examine(file)
    finally:
        file.close()


LATIN = "\u00e9".encode("latin-1")
LARGE = b"a" * facts.EXAMINED

FACTS = [
    # name, bytes, media type
    ("a.txt", b"", "text/plain; charset=utf-8"),
    ("a.css", b"a{}", "text/css; charset=utf-8"),
    ("a.css", LATIN, "text/css"),
    ("a.html", LATIN, "text/html"),
    ("a.svg", LATIN, "image/svg+xml"),
    ("a.png", LATIN, "image/png"),
    ("a.css", LARGE, "text/css; charset=utf-8"),
]


@pytest.mark.parametrize(("name", "data", "content_type"), FACTS)
def test_the_tag_is_of_the_bytes_and_the_charset_is_true(tmp_path, name, data, content_type):
    assert examine(tmp_path, name, data) == Facts(f'"{hashlib.md5(data).hexdigest()[:12]}"', content_type)


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("a.CSS", "text/css"),
        ("a.txt", "text/plain; charset=utf-8"),
        ("a.bin", "application/octet-stream"),
    ],
)
def test_a_large_file_is_known_by_its_time_and_a_large_stylesheet_says_its_charset_itself(tmp_path, name, content_type):
    assert examine(tmp_path, name, LARGE + b"a", time=9) == Facts('"9-100001"', content_type)


def test_other_bytes_of_the_same_length_and_time_have_another_tag(tmp_path):
    assert examine(tmp_path, "a", b"1").etag != examine(tmp_path, "a", b"2").etag


def test_each_version_is_read_once_and_the_latest_are_remembered(tmp_path, monkeypatch):
    monkeypatch.setattr(facts, "REMEMBERED", 2)
    reads = []
    read = File.read
    monkeypatch.setattr(File, "read", lambda file: reads.append(file.path) or read(file))
    examiner = Examiner()
    for name, time in [("a", 1), ("a", 1), ("a", 2), ("a", 2), ("b", 1), ("a", 2), ("c", 1), ("a", 2), ("b", 1)]:
        if not (tmp_path / name).exists():
            (tmp_path / name).write_bytes(b"x")
        os.utime(tmp_path / name, ns=(time, time))
        file = Directory(tmp_path).open(name)
        examiner.examine(file)
        file.close()
    assert reads == ["a", "a", "b", "c", "b"]


def test_a_file_that_becomes_shorter_meanwhile_is_known_by_its_time(tmp_path):
    (tmp_path / "a.txt").write_text("0123456789")
    os.utime(tmp_path / "a.txt", ns=(9, 9))
    file = Directory(tmp_path).open("a.txt")
    os.truncate(tmp_path / "a.txt", 3)
    assert Examiner().examine(file).etag == '"9-a"'
    file.close()
