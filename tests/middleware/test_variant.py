"""Which answers may be compressed, and what their variants say."""

import pytest

from spa.coding import is_compressible
from spa.middleware.variant import Policy, coded_headers, coded_tag, may_be_coded, plain_headers, plain_tags

POLICY = Policy(500, {"br": 4, "gzip": 6}, is_compressible)
TEXT = ("Content-Type", "text/plain; charset=utf-8")


@pytest.mark.parametrize("content_type", ["text/html", "application/json", "application/problem+json", "image/svg+xml"])
@pytest.mark.parametrize("status", ["200 OK", "201 Created", "404 Not Found", "500 Internal Server Error"])
@pytest.mark.parametrize("size", [500, 10**9, None])
def test_text_of_some_length_or_of_unknown_length_may_be_compressed(status, content_type, size):
    assert may_be_coded(status, [("content-type", content_type)], size, POLICY)


@pytest.mark.parametrize("status", ["204 No Content", "205 Reset Content", "206 Partial Content", "304 Not Modified"])
def test_what_has_no_whole_body_is_left(status):
    assert not may_be_coded(status, [TEXT], 1000, POLICY)


@pytest.mark.parametrize("size", [0, 1, 499])
def test_what_is_known_to_be_short_is_left(size):
    assert not may_be_coded("200 OK", [TEXT], size, POLICY)


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("Content-Type", "image/png")],
        [("Content-Type", "application/zip")],
        [("Content-Type", "application/octet-stream")],
        [("Content-Type", "font/woff2")],
        [("Content-Type", "")],
        [TEXT, ("Content-Encoding", "gzip")],
        [TEXT, ("content-encoding", "identity")],
        [TEXT, ("Content-Range", "bytes 0-9/10")],
        [TEXT, ("Content-Digest", "sha-256=:x:")],
        [TEXT, ("Repr-Digest", "sha-256=:x:")],
        [TEXT, ("Content-MD5", "x")],
        [TEXT, ("Cache-Control", "no-transform")],
        [TEXT, ("cache-control", "public, No-Transform, max-age=60")],
        [TEXT, ("Vary", "Accept-Encoding")],
        [TEXT, ("Vary", "Cookie, accept-encoding")],
        [TEXT, ("Vary", "*")],
    ],
)
def test_what_has_its_coding_or_wants_none_is_left(headers):
    assert not may_be_coded("200 OK", headers, 1000, POLICY)


@pytest.mark.parametrize("cache_control", ["no-cache", "max-age=60", 'private="no-transform"', "x-no-transform"])
def test_other_directives_do_not_forbid_it(cache_control):
    assert may_be_coded("200 OK", [TEXT, ("Cache-Control", cache_control)], 1000, POLICY)


def test_the_variants_differ_in_what_depends_on_the_bytes_only():
    headers = [
        TEXT,
        ("Content-Length", "1000"),
        ("ETag", '"abc"'),
        ("Vary", "Cookie"),
        ("Accept-Ranges", "bytes"),
        ("Set-Cookie", "a=1"),
        ("Set-Cookie", "b=2"),
    ]
    before = list(headers)
    assert plain_headers(headers) == [*headers[:3], ("Vary", "Cookie, Accept-Encoding"), *headers[4:]]
    assert coded_headers(headers, "br", 90) == [
        TEXT,
        ("ETag", '"abc-br"'),
        ("Vary", "Cookie, Accept-Encoding"),
        ("Set-Cookie", "a=1"),
        ("Set-Cookie", "b=2"),
        ("Content-Encoding", "br"),
        ("Content-Length", "90"),
    ]
    assert headers == before


def test_a_variant_of_unknown_length_has_no_length():
    assert coded_headers([("content-length", "9")], "gzip", None) == [
        ("Content-Encoding", "gzip"),
        ("Vary", "Accept-Encoding"),
    ]


@pytest.mark.parametrize(
    ("tag", "coded"),
    [('"abc"', '"abc-gzip"'), ('""', '"-gzip"'), ('W/"abc"', 'W/"abc"'), ("abc", "abc"), ('"a"b"', '"a"b"'), ("", "")],
)
def test_a_strong_tag_gets_an_ending_and_a_weak_one_stays(tag, coded):
    assert coded_tag(tag, "gzip") == coded


@pytest.mark.parametrize(
    ("condition", "tags"),
    [
        ('"abc-gzip"', ['"abc"']),
        ('"abc-br"', ['"abc"']),
        ('W/"abc-gzip"', ['W/"abc"']),
        ('"x", "a-b-gzip","c,d-br" , "y"', ['"a-b"', '"c,d"']),
        ('"-gzip"', ['""']),
        ('"abc"', []),
        ('"abc-zstd"', []),
        ('"abcgzip"', []),
        ("*", []),
        ("", []),
        ("abc-gzip", []),
        ('"a", -gzip"', []),
    ],
)
def test_the_tags_of_the_app_are_found_again(condition, tags):
    assert plain_tags(condition, ["br", "gzip"]) == tags


def test_without_codings_no_tag_is_found():
    assert plain_tags('"abc-gzip"', []) == []
