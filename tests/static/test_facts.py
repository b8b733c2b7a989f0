"""Test what is learnt from the bytes of files, and that it is learnt once."""

import hashlib
import os

import pytest

from spa.static import facts
from spa.static.facts import Examiner, Facts
from spa.static.files import Directory, File


def examine(root, name, examiner):
    file = Directory(root).open(name)
    try:
        return examiner.examine(file)
    finally:
        file.close()


def facts_of(root, name, data, time=1):
    (root / name).write_bytes(data)
    os.utime(root / name, ns=(time, time))
    return examine(root, name, Examiner())


LATIN = "\u00e9".encode("latin-1")
LARGE = b"a" * facts.EXAMINED

FACTS = [
    # name, bytes, media type
    ("a.txt", b"", "text/plain; charset=utf-8"),
    ("a.css", b"a{}", "text/css; charset=utf-8"),
    ("a.css", LATIN, "text/css"),
    ("a.css", '@charset "iso-2022-jp";あ'.encode("iso-2022-jp"), "text/css"),
    ("a.html", LATIN, "text/html"),
    ("a.svg", LATIN, "image/svg+xml"),
    ("a.png", LATIN, "image/png"),
    ("a.css", LARGE, "text/css; charset=utf-8"),
]


@pytest.mark.parametrize(("name", "data", "content_type"), FACTS)
def test_the_tag_is_of_the_bytes_and_the_charset_is_true(tmp_path, name, data, content_type):
    assert facts_of(tmp_path, name, data) == Facts(f'"{hashlib.md5(data).hexdigest()[:12]}"', content_type)


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("a.CSS", "text/css"),
        ("a.txt", "text/plain; charset=utf-8"),
        ("a.bin", "application/octet-stream"),
    ],
)
def test_a_large_file_is_known_by_its_time_and_a_large_stylesheet_says_its_charset_itself(tmp_path, name, content_type):
    assert facts_of(tmp_path, name, LARGE + b"a", time=9) == Facts('"9-100001"', content_type)


def test_other_bytes_of_the_same_length_and_time_have_another_tag(tmp_path):
    assert facts_of(tmp_path, "a", b"1").etag != facts_of(tmp_path, "a", b"2").etag


def test_each_version_is_read_once_and_the_latest_are_remembered(tmp_path, monkeypatch):
    monkeypatch.setattr(facts, "REMEMBERED", 2)
    reads = []
    read = File.read
    monkeypatch.setattr(File, "read", lambda file: reads.append(file.path) or read(file))
    examiner = Examiner()
    for name, text in [("a", "1"), ("a", "1"), ("a", "22"), ("a", "22"), ("b", "1"), ("a", "22"), ("c", "1")]:
        if not (tmp_path / name).exists() or (tmp_path / name).read_text() != text:
            (tmp_path / name).write_text(text)
        examine(tmp_path, name, examiner)
    for name in ("a", "b"):  # b was asked for longest ago
        examine(tmp_path, name, examiner)
    assert reads == ["a", "a", "b", "c", "b"]


def test_a_file_that_becomes_shorter_meanwhile_is_known_by_its_time(tmp_path):
    (tmp_path / "a.txt").write_text("0123456789")
    os.utime(tmp_path / "a.txt", ns=(9, 9))
    file = Directory(tmp_path).open("a.txt")
    os.truncate(tmp_path / "a.txt", 3)
    assert Examiner().examine(file).etag == '"9-a"'
    file.close()
