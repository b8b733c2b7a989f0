"""Media types: one table, the same on every machine."""

import mimetypes

import pytest

from spa.static.mimetypes import EXTENSIONS, TYPES, UNKNOWN, type_of


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("app.js", "text/javascript; charset=utf-8"),
        ("app.mjs", "text/javascript; charset=utf-8"),
        ("app.css", "text/css; charset=utf-8"),
        ("data.json", "application/json"),
        ("app.js.map", "application/json"),
        ("logo.svg", "image/svg+xml; charset=utf-8"),
        ("code.wasm", "application/wasm"),
        ("site.webmanifest", "application/manifest+json"),
        ("text.woff2", "font/woff2"),
        ("photo.avif", "image/avif"),
        ("index.html", "text/html; charset=utf-8"),
        ("sitemap.xml", "application/xml; charset=utf-8"),
        ("news.rss", "application/rss+xml; charset=utf-8"),
        ("robots.txt", "text/plain; charset=utf-8"),
        ("readme.md", "text/markdown; charset=utf-8"),
        ("table.csv", "text/csv; charset=utf-8"),
        ("favicon.ico", "image/vnd.microsoft.icon"),
        ("film.mp4", "video/mp4"),
        ("live.m3u8", "application/vnd.apple.mpegurl"),
        ("live.ts", "video/mp2t"),
        ("paper.pdf", "application/pdf"),
    ],
)
def test_a_type_is_right_with_a_charset_on_text(name, content_type):
    assert type_of(name) == content_type


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("data.tar.gz", "application/gzip"),
        ("data.tgz", "application/gzip"),
        ("app.js.gz", "application/gzip"),
        ("app.js.zst", "application/zstd"),
        ("app.js.br", "application/x-brotli"),
        ("drawing.svgz", "application/gzip"),
    ],
)
def test_a_compressed_file_is_a_type_of_its_own(name, content_type):
    assert type_of(name) == content_type


@pytest.mark.parametrize("name", ["APP.JS", "App.Js", "js/app.JS", "a.b/c d/app.js", "..js.js", "ä.js", "app.css.js"])
def test_the_last_extension_counts_in_any_case(name):
    assert type_of(name) == "text/javascript; charset=utf-8"


@pytest.mark.parametrize(
    "name",
    ["", "LICENSE", "a.unknown", "a.", "html", ".html", "dir.html/", "dir.html/name", "a.html.", "a.html~", "a.html "],
)
def test_what_is_not_in_the_table_is_bytes_and_never_html(name):
    assert type_of(name) == "application/octet-stream"


def test_the_name_that_apple_asks_for_is_json():
    assert type_of(".well-known/apple-app-site-association") == "application/json"


@pytest.mark.parametrize(
    ("name", "charset", "content_type"),
    [
        ("app.css", None, "text/css"),
        ("app.css", "latin-1", "text/css; charset=latin-1"),
        ("app.json", "latin-1", "application/json"),
        ("a.png", None, "image/png"),
    ],
)
def test_a_charset_is_claimed_only_where_it_is_known_and_means_something(name, charset, content_type):
    assert type_of(name, charset) == content_type


def test_the_table_of_the_machine_is_not_asked():
    mimetypes.init()
    before = mimetypes.types_map.get(".js")
    mimetypes.add_type("text/x-wrong", ".js")
    mimetypes.add_type("text/x-wrong", ".nobody")
    try:
        assert mimetypes.guess_type("app.js") == ("text/x-wrong", None)
        assert type_of("app.js") == "text/javascript; charset=utf-8"
        assert type_of("app.nobody") == UNKNOWN
    finally:
        mimetypes.init()
    assert mimetypes.types_map.get(".js") == before


def test_an_extension_stands_in_one_row_only():
    extensions = " ".join(EXTENSIONS.values()).split()
    assert len(extensions) == len(set(extensions)) == len(TYPES)
    assert extensions == [extension.lower() for extension in extensions]
