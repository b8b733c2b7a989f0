"""The parts of the grammars of HTTP and of URLs."""

import re

import pytest

from spa.grammar import PATH_SAFE, SCHEME, TOKEN, is_token, merge_slashes

SEPARATORS = '"(),/:;<=>?@[\\]{} \t'  # RFC 9110 section 5.6.2


def test_a_token_is_of_visible_ascii_without_separators():
    allowed = {chr(code) for code in range(0x110000) if re.fullmatch(TOKEN, chr(code))}
    assert allowed == {chr(code) for code in range(0x21, 0x7F)} - set(SEPARATORS)


@pytest.mark.parametrize(("text", "expected"), [("X-Request-ID", True), ("", False), ("a b", False), ("a\n", False)])
def test_a_token_is_not_empty_and_has_no_gap(text, expected):
    assert is_token(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("http", True), ("HTTP", True), ("x-a+b.2", True), ("", False), ("2a", False), ("a_b", False), ("a:", False)],
)
def test_a_scheme_begins_with_a_letter(text, expected):
    assert bool(re.fullmatch(SCHEME, text)) is expected


@pytest.mark.parametrize(("path", "merged"), [("//a///b/c//", "/a/b/c/"), ("/", "/"), ("", ""), ("a", "a")])
def test_a_run_of_slashes_is_merged_into_one(path, merged):
    assert merge_slashes(path) == merged


def test_what_is_safe_in_a_path_neither_ends_it_nor_encodes_anything():
    delimiters, segment = set("!$&'()*+,;="), set(":@")  # sub-delims and pchar, RFC 3986 sections 2.2 and 3.3
    assert set(PATH_SAFE) == delimiters | segment | {"/"}
