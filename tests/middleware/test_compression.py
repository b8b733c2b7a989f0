"""What a client gets from an app that is wrapped for compression: the coding it likes, and HTTP that stays right."""

import json
import sys
from datetime import UTC, datetime
from wsgiref.validate import validator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import Client, create_environ

import spa
from spa.errors import SetupError
from spa.middleware.compression import CompressionMiddleware
from tests.middleware.decoding import decode

CODINGS = ["br", "zstd", "gzip"]
TEXT = "the quick brown fox jumps over the lazy dog; " * 40
ITEMS = [{"id": number, "name": f"item {number}"} for number in range(100)]
HANDSHAKE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


def client_of(method, **options):
    """Return a client of a wrapped app with one handler, whose ``get`` is the function given."""
    handler = type("Page", (spa.Handler,), {"get": method, "post": method})
    return Client(CompressionMiddleware(spa.App((("/", "", handler),)), **options))


def get(client, accept="gzip, deflate, br, zstd", method="GET", **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.open("/", method=method, headers={"Accept-Encoding": accept, **named})


def page(self):
    return TEXT


def tagged(self):
    return spa.Response(TEXT, headers={"Cache-Control": "no-cache"}).etag("abc")


# The coding


@pytest.mark.parametrize("coding", CODINGS)
def test_text_is_compressed_in_the_coding_asked_for(coding):
    answer = get(client_of(page), coding)
    assert answer.headers["Content-Encoding"] == coding
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert int(answer.headers["Content-Length"]) == len(answer.data) < len(TEXT) / 5
    assert decode(answer.data, coding).decode() == TEXT


@pytest.mark.parametrize(
    ("accept", "coding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("br;q=0.5, zstd;q=0.8, gzip;q=0.2", "zstd"),
        ("gzip;q=x", None),
        ("gzip;q", None),
        ("gzip;q=nan", None),
        ("gzip;q=inf", None),
        ("*;q=0", None),
        ("*", "br"),
        ("identity;q=0", None),
        ("identity;q=0, gzip;q=0.1", "gzip"),
        ("GZIP", "gzip"),
        ("x-gzip", "gzip"),
        ("x-gzip-foo", None),
        ("deflate", None),
        ("", None),
        (";,;=,q=", None),
        ("gzip;q=0", None),
        ("gzip" * 2000, None),
    ],
)
def test_the_coding_is_the_one_the_client_likes_best(accept, coding):
    answer = get(client_of(page), accept)
    assert answer.status_code == 200
    assert answer.headers.get("Content-Encoding") == coding
    assert decode(answer.data, coding).decode() == TEXT
    assert answer.headers["Vary"] == "Accept-Encoding"


@given(st.text(alphabet='gzipbrstd*;q=01.5, \t"\xa0identynaf'))
def test_no_accept_encoding_is_an_error(accept):
    answer = client_of(page).get("/", environ_overrides={"HTTP_ACCEPT_ENCODING": accept})
    assert answer.status_code == 200
    assert decode(answer.data, answer.headers.get("Content-Encoding")).decode() == TEXT


def test_the_codings_and_their_levels_can_be_chosen():
    assert "Content-Encoding" not in get(client_of(page, codings={"gzip": 6}), "br, zstd").headers
    low, high = (get(client_of(page, codings={"gzip": level}), "gzip").data for level in (1, 9))
    assert len(high) < len(low)


@pytest.mark.parametrize("value", [ITEMS, {"items": ITEMS}])
def test_json_is_compressed(value):
    answer = get(client_of(lambda self: value))
    assert json.loads(decode(answer.data, "br")) == value


def test_an_error_is_compressed_if_it_is_long():
    from werkzeug.exceptions import NotFound

    def fail(self):
        raise NotFound(TEXT)

    answer = get(client_of(fail))
    assert (answer.status_code, answer.headers["Content-Encoding"]) == (404, "br")
    assert answer.headers["Vary"] == "Accept, Accept-Encoding"
    assert json.loads(decode(answer.data, "br"))["detail"] == TEXT


# Variants


@pytest.mark.parametrize("coding", CODINGS)
def test_variants_have_etags_of_their_own_and_the_same_bytes_each_time(coding):
    client = client_of(tagged)
    plain, coded, again = get(client, ""), get(client, coding), get(client, coding)
    assert plain.headers["ETag"] == '"abc"'
    assert coded.headers["ETag"] == f'"abc-{coding}"'
    assert plain.headers["Vary"] == coded.headers["Vary"] == "Accept-Encoding"
    assert coded.data == again.data
    assert plain.data == decode(coded.data, coding)


def test_a_weak_etag_stays():
    client = client_of(lambda self: spa.Response(TEXT, headers={"ETag": 'W/"abc"'}))
    assert get(client).headers["ETag"] == get(client, "").headers["ETag"] == 'W/"abc"'


@pytest.mark.parametrize(
    ("vary", "merged"),
    [("Cookie", "Cookie, Accept-Encoding"), ("accept", "accept, Accept-Encoding")],
)
@pytest.mark.parametrize("accept", ["", "br"])
def test_vary_is_merged(vary, merged, accept):
    answer = get(client_of(lambda self: spa.Response(TEXT, headers={"Vary": vary})), accept)
    assert answer.headers.getlist("Vary") == [merged]


@pytest.mark.parametrize("vary", ["*", "Accept-Encoding"])
def test_what_varies_on_the_coding_already_is_left(vary):
    answer = get(client_of(lambda self: spa.Response(TEXT, headers={"Vary": vary})))
    assert answer.headers.getlist("Vary") == [vary]
    assert answer.text == TEXT


@pytest.mark.parametrize(
    ("condition", "accept", "tag"),
    [
        ('"abc-gzip"', "gzip", '"abc-gzip"'),
        ('"x", "abc-br"', "br, gzip", '"abc-br"'),
        ('W/"abc-gzip"', "gzip", '"abc-gzip"'),  # a proxy has made it weak
        ('"abc"', "gzip", '"abc"'),
        ('"abc"', "", '"abc"'),
        ('"abc-gzip", "abc"', "gzip", '"abc-gzip"'),
        ("*", "gzip", '"abc"'),
    ],
)
def test_a_client_with_a_current_variant_is_told_so(condition, accept, tag):
    answer = get(client_of(tagged), accept, If_None_Match=condition)
    assert (answer.status_code, answer.data) == (304, b"")
    assert answer.headers["ETag"] == tag
    assert answer.headers.getlist("Vary") == ["Accept-Encoding"]
    assert "Content-Encoding" not in answer.headers


@pytest.mark.parametrize("kind", ["strong", "weak", "dated"])
@pytest.mark.parametrize("accept", ["", "identity", "gzip", "br, gzip"])
def test_that_nothing_has_changed_is_told_with_the_vary_of_the_whole_answer(kind, accept):
    def get_value(self):
        answer = spa.JSONResponse({"a": "x" * 1000}, headers={"Vary": "Cookie"})
        if kind == "dated":
            answer.last_modified = datetime(2026, 1, 1, tzinfo=UTC)
            return answer.make_conditional(self.request)
        return answer.etag("v1", weak=kind == "weak")

    client = client_of(get_value)
    whole = get(client, accept)
    if kind == "dated":
        same = get(client, accept, If_Modified_Since=whole.headers["Last-Modified"])
    else:
        same = get(client, accept, If_None_Match=whole.headers["ETag"])
    assert (whole.status_code, same.status_code) == (200, 304)
    for name in ("ETag", "Vary"):
        assert same.headers.getlist(name) == whole.headers.getlist(name)
    assert same.headers["Vary"] == "Cookie, Accept-Encoding"


@pytest.mark.parametrize(
    ("condition", "accept"),
    [('"abd-gzip"', "gzip"), ('"abc-gzip"', ""), ('"abc-gzip"', "br"), ('"abcgzip"', "gzip"), ('"abc-foo"', "gzip")],
)
def test_a_client_without_a_current_variant_that_it_can_read_gets_one(condition, accept):
    answer = get(client_of(tagged), accept, If_None_Match=condition)
    assert answer.status_code == 200
    assert decode(answer.data, accept or None).decode() == TEXT


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        ('"abc"', 200),
        ('"abc-gzip"', 200),
        ('"abc-br"', 200),
        ('"x", "abc-zstd"', 200),
        ("*", 200),
        ('"abd-gzip"', 412),
        ('W/"abc-gzip"', 412),
    ],
)
@pytest.mark.parametrize("accept", ["", "gzip"])
def test_a_change_may_be_based_on_any_variant(condition, status, accept):
    def change(self):
        given = self.request.if_match
        if not (given.star_tag or given.is_strong("abc")):
            return None, 412
        return "changed"

    assert get(client_of(change), accept, "POST", If_Match=condition).status_code == status


# What is left as it is


def answer_with(status, headers, body=TEXT):
    return lambda self: spa.Response(body, status, headers)


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (204, {}, None),
        (206, {"Content-Range": "bytes 0-9/10"}, TEXT),
        (200, {"Content-Encoding": "br"}, TEXT),
        (200, {"Cache-Control": "no-transform"}, TEXT),
        (200, {"Content-Type": "image/png"}, TEXT),
        (200, {"Content-Type": "application/zip"}, TEXT),
        (200, {"Content-Type": "application/octet-stream"}, TEXT),
        (200, {}, "x" * 499),
    ],
)
def test_what_does_not_gain_is_untouched(status, headers, body):
    bare = Client(spa.App((("/", "", type("Page", (spa.Handler,), {"get": answer_with(status, headers, body)})),)))
    got, plain = get(client_of(answer_with(status, headers, body))), get(bare)
    assert got.status == plain.status
    assert got.headers == plain.headers
    assert got.data == plain.data


def test_head_has_the_headers_of_the_plain_variant():
    answer = get(client_of(tagged), method="HEAD")
    plain = get(client_of(tagged), "")
    assert answer.data == b""
    assert answer.headers == plain.headers
    assert answer.headers["Content-Length"] == str(len(TEXT))


def test_the_least_size_is_500_or_what_is_set():
    assert "Content-Encoding" in get(client_of(lambda self: "x" * 500)).headers
    assert "Content-Encoding" in get(client_of(lambda self: "x" * 50, minimum_size=50)).headers
    assert "Content-Encoding" not in get(client_of(lambda self: "x" * 49, minimum_size=50)).headers


def test_what_would_grow_is_sent_as_it_is():
    answer = get(client_of(lambda self: "1", minimum_size=0))
    assert (answer.text, answer.headers.get("Content-Encoding")) == ("1", None)
    assert answer.headers["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize(
    ("content_type", "is_coded"),
    [("text/css", True), ("TEXT/html; charset=utf-8", True), ("image/x-odd", True), ("application/json", False)],
)
def test_the_types_can_be_chosen(content_type, is_coded):
    client = client_of(answer_with(200, {"Content-Type": content_type}), types=["text/*", "image/X-Odd"])
    assert ("Content-Encoding" in get(client).headers) is is_coded


def static_client(directory):
    route = ("/<path:filepath>", "", spa.StaticHandler, {"directory": directory})
    return Client(CompressionMiddleware(spa.App((route,))))


def test_static_files_choose_their_coding_themselves(tmp_path):
    for name in ("plain.js", "made.js"):
        (tmp_path / name).write_text(TEXT)
    (tmp_path / "made.js.br").write_bytes(b"made in advance")
    client, accept = static_client(tmp_path), {"Accept-Encoding": "br"}
    plain = client.get("/plain.js", headers=accept)  # its compressed form is being made meanwhile
    assert (plain.text, plain.headers["Accept-Ranges"]) == (TEXT, "bytes")
    assert "-br" not in plain.headers["ETag"]
    made = client.get("/made.js", headers=accept)
    assert (made.data, made.headers["Content-Encoding"]) == (b"made in advance", "br")
    known = client.get("/made.js", headers={**accept, "If-None-Match": made.headers["ETag"]})
    assert (known.status_code, known.headers["ETag"]) == (304, made.headers["ETag"])
    assert known.headers.getlist("Vary") == made.headers.getlist("Vary") == ["Accept-Encoding"]


def test_a_range_is_one_of_the_plain_variant(tmp_path):
    (tmp_path / "a.txt").write_text("0123456789" * 100)
    answer = static_client(tmp_path).get("/a.txt", headers={"Accept-Encoding": "br", "Range": "bytes=0-4"})
    assert (answer.status_code, answer.data) == (206, b"01234")


def test_a_condition_on_a_range_is_about_the_very_bytes():
    seen = []

    def note(self):
        seen.append((self.request.headers.get("If-None-Match"), self.request.headers.get("If-Match")))
        return TEXT

    get(client_of(note), "gzip", If_None_Match='"a-gzip"', If_Match='"a-gzip"', Range="bytes=0-4")
    get(client_of(note), "gzip", If_None_Match='"a-gzip"', If_Match='"a-br"')
    assert seen == [('"a-gzip"', '"a-gzip"'), ('"a-gzip", "a"', '"a-br", "a"')]


def test_a_wrapped_app_can_be_wrapped_again():
    app = spa.App((("/", "", type("Page", (spa.Handler,), {"get": page})),))
    answer = get(Client(CompressionMiddleware(CompressionMiddleware(app))))
    assert decode(answer.data, "br").decode() == TEXT


# WSGI


@pytest.mark.parametrize("accept", ["gzip", ""])
@pytest.mark.parametrize("content_type", ["text/plain", "image/png"])
@pytest.mark.parametrize("kind", ["list", "generator", "write", "late"])
def test_the_validator_of_the_standard_library_finds_nothing(kind, content_type, accept):
    def app(environ, start_response):
        write = start_response("200 OK", [("Content-Type", content_type)])
        if kind == "write":
            write(TEXT.encode())
        return [TEXT.encode()] if kind == "list" else (TEXT.encode() for _ in range(2))

    def late(environ, start_response):
        yield from app(environ, start_response)

    # An app that starts its answer late is not what the validator takes from an app, only what servers take.
    inner = late if kind == "late" else validator(app)
    with get(Client(validator(CompressionMiddleware(inner))), accept) as answer:
        data = answer.data
    times = {"list": 1, "generator": 2, "write": 3, "late": 2}[kind]
    coding = accept if accept and content_type == "text/plain" else None
    assert answer.headers.get("Content-Encoding") == coding
    assert decode(data, coding).decode() == TEXT * times


def test_an_upgrade_goes_to_the_app_as_it_came():
    given = []

    def app(environ, start_response):
        given.append((environ, start_response))
        return body

    body, start_response = [], object()
    environ = create_environ(headers={**HANDSHAKE, "Accept-Encoding": "gzip", "If-Match": '"a-gzip"'})
    before = dict(environ)
    assert CompressionMiddleware(app)(environ, start_response) is body
    assert given == [(environ, start_response)]
    assert environ == before


@pytest.mark.parametrize(
    ("options", "fix"),
    [
        ({"minimum_size": -1}, "a number of bytes"),
        ({"minimum_size": "500"}, "a number of bytes"),
        ({"codings": {}}, "a dict of levels"),
        ({"codings": ["gzip"]}, "a dict of levels"),
        ({"codings": {"deflate": 6}}, "choose of br, zstd, gzip"),
        ({"codings": {"gzip": 10}}, "from 1 to 9"),
        ({"codings": {"gzip": 0}}, "from 1 to 9"),
        ({"codings": {"br": "4"}}, "from 1 to 11"),
        ({"codings": {"zstd": 20}}, "from 1 to 19"),
        ({"types": "text/html"}, "write \\['text/html'\\]"),
        ({"types": 5}, "types is a list of media types, not 5"),
        ({"types": [5]}, "5 is not a media type"),
        ({"types": ["html"]}, "write text/html"),
        ({"types": ["text/html; charset=utf-8"]}, "not a media type"),
    ],
)
def test_wrong_options_fail_at_once_and_name_the_fix(options, fix):
    with pytest.raises(SetupError, match=fix):
        CompressionMiddleware(spa.App(()), **options)


def test_what_is_no_app_is_a_mistake_in_the_setup():
    with pytest.raises(SetupError, match="wraps a WSGI app"):
        CompressionMiddleware(())


def test_without_the_packages_there_is_gzip_and_asking_for_more_names_the_fix(monkeypatch):
    from spa.coding import available_codings

    for name in ("brotli", "zstandard", "compression.zstd"):
        monkeypatch.setitem(sys.modules, name, None)  # as if it were not installed
    available_codings.cache_clear()
    try:
        assert get(client_of(page)).headers["Content-Encoding"] == "gzip"
        with pytest.raises(SetupError, match=r"pip install .spa\[compression\]"):
            client_of(page, codings={"br": 4})
    finally:
        available_codings.cache_clear()
