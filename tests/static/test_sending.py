"""One variant of a file, sent whole, in part or not at all; the file beneath is closed whatever the answer."""

import os
from dataclasses import replace

import pytest
from werkzeug.exceptions import PreconditionFailed
from werkzeug.http import http_date
from werkzeug.test import Client, EnvironBuilder, run_wsgi_app

import spa
from spa.static.files import Directory
from spa.static.handler import StaticHandler
from spa.static.sending import VARIES, Representation
from spa.static.singlepage import SinglePage
from spa.static.smart import SmartStatic

DIGITS = b"0123456789" * 50
MODIFIED = 1_700_000_000


@pytest.fixture(params=["bytes", "file"])
def variant(request, tmp_path):
    """A representation of the digits, in memory or in an open file."""
    body = DIGITS
    if request.param == "file":
        (tmp_path / "a.txt").write_bytes(DIGITS)
        body = Directory(tmp_path).open("a.txt")
    made = Representation(body, len(DIGITS), '"tag"', MODIFIED, "text/plain", (("Cache-Control", "no-cache"),))
    yield made
    made.close()


def is_closed(variant):
    return isinstance(variant.body, bytes) or variant.body.descriptor == -1


def answer(variant, method="GET", **headers):
    """Return the status, headers and body of an answer, which has been closed."""
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    environ = EnvironBuilder(method=method, headers=fields).get_environ()
    pieces, status, sent = run_wsgi_app(variant, environ, buffered=True)
    return status, dict(sent), b"".join(pieces)


def test_the_whole_has_all_headers_of_a_file(variant):
    status, headers, body = answer(variant)
    assert (status, body) == ("200 OK", DIGITS)
    assert headers == {
        "ETag": '"tag"',
        "Cache-Control": "no-cache",
        "Last-Modified": http_date(MODIFIED),
        "Accept-Ranges": "bytes",
        "X-Content-Type-Options": "nosniff",
        "Content-Type": "text/plain",
        "Content-Length": "500",
    }
    assert is_closed(variant)


def test_its_bytes_are_read_wherever_they_are(variant):
    assert variant.read() == DIGITS


def test_head_has_the_headers_and_no_body(variant):
    status, headers, body = answer(variant, "HEAD")
    assert (status, headers["Content-Length"], body) == ("200 OK", "500", b"")
    assert is_closed(variant)


def test_a_part_has_its_own_length_and_place(variant):
    status, headers, body = answer(variant, Range="bytes=10-14")
    assert (status, body) == ("206 Partial Content", b"01234")
    assert (headers["Content-Length"], headers["Content-Range"]) == ("5", "bytes 10-14/500")
    assert headers["Content-Type"] == "text/plain"
    assert is_closed(variant)


def test_several_parts_come_in_the_order_they_were_asked_for(variant):
    status, headers, body = answer(variant, Range="bytes=490-492,0-1")
    kind, _, boundary = headers["Content-Type"].partition("; boundary=")
    assert (status, kind) == ("206 Partial Content", "multipart/byteranges")
    assert int(headers["Content-Length"]) == len(body)
    *parts, end = body.split(f"--{boundary}".encode())
    assert [part.partition(b"\r\n\r\n")[2] for part in parts if part] == [b"012\r\n", b"01\r\n"]
    assert end.strip() == b"--"
    assert is_closed(variant)


def test_what_the_client_has_is_not_sent_and_only_its_headers_are_renewed(variant):
    status, headers, body = answer(variant, If_None_Match='"tag"')
    assert (status, headers, body) == ("304 Not Modified", {"ETag": '"tag"', "Cache-Control": "no-cache"}, b"")
    assert is_closed(variant)


def test_a_part_behind_the_end_is_refused_with_the_size(variant):
    status, headers, body = answer(variant, Range="bytes=500-")
    assert (status, headers["Content-Range"], body) == ("416 Range Not Satisfiable", "bytes */500", b"")
    assert is_closed(variant)


def test_a_condition_that_fails_is_an_error_of_http(variant):
    with pytest.raises(PreconditionFailed):
        answer(variant, If_Match='"other"')
    assert is_closed(variant)


def test_a_file_is_closed_when_its_answer_breaks_off(variant):
    environ = EnvironBuilder().get_environ()
    body = variant(environ, lambda status, headers: None)
    assert next(iter(body)) == DIGITS
    if hasattr(body, "close"):
        body.close()
    assert is_closed(variant)


def test_without_a_date_there_is_none(variant):
    undated = Representation(DIGITS, len(DIGITS), '"tag"', None, "text/plain")
    assert "Last-Modified" not in answer(undated)[1]


@pytest.mark.parametrize(("now", "told"), [(MODIFIED + 0.5, MODIFIED), (MODIFIED - 0.5, MODIFIED - 1), (0, 0)])
def test_what_was_changed_in_the_future_counts_as_changed_now(variant, now, told):
    assert answer(replace(variant, clock=lambda: now))[1]["Last-Modified"] == http_date(told)


def test_the_date_that_stands_for_one_in_the_future_vouches_for_nothing(variant):
    """Other bytes, whose time lies in the future too, have it in the same second; the entity tag tells them apart."""
    cut = http_date(MODIFIED - 10)
    early = replace(variant, clock=lambda: MODIFIED - 10)
    assert answer(early, If_None_Match='"tag"', If_Modified_Since=cut)[0] == "304 Not Modified"
    fresh = replace(early, body=DIGITS)
    assert answer(fresh, If_Modified_Since=cut)[0] == "200 OK"
    assert answer(fresh, Range="bytes=0-1", If_Range=cut)[0] == "200 OK"
    with pytest.raises(PreconditionFailed):
        answer(fresh, If_Unmodified_Since=cut)


@pytest.mark.parametrize(("more", "status"), [((), "206 Partial Content"), ((VARIES,), "200 OK")])
def test_the_date_of_a_file_with_several_codings_joins_no_parts(variant, more, status):
    coded = replace(variant, headers=(*variant.headers, *more))
    assert answer(coded, Range="bytes=0-1", If_Range=http_date(MODIFIED))[0] == status


@pytest.mark.parametrize("under", ["/plain", "/front", "/smart"])
def test_a_file_that_is_written_anew_in_place_before_its_first_byte_is_sent_is_503_and_no_bug(
    tmp_path, monkeypatch, caplog, under
):
    file = tmp_path / "a.bin"
    file.write_bytes(b"a" * 300_000)
    static = SmartStatic(tmp_path)
    routes = (
        ("/plain/<path:filepath>", "", StaticHandler, {"directory": tmp_path}),
        ("/front/<path:filepath>", "", SinglePage(tmp_path, "a.bin")),
        ("/smart/<path:filepath>", "", static),
    )
    client, name = Client(spa.App(routes)), static.hashed_path("a.bin") if under == "/smart" else "a.bin"
    before = len(os.listdir("/proc/self/fd"))
    with monkeypatch.context() as patch:
        patch.setattr(Representation, "__call__", written_before(Representation.__call__, file, b"b" * 299_999))
        changed = client.get(f"{under}/{name}")
    assert (changed.status_code, changed.headers["Retry-After"]) == (503, "1")
    assert changed.content_type == "application/problem+json"
    assert len(os.listdir("/proc/self/fd")) == before
    assert not caplog.records
    after = client.get(f"{under}/{name}")
    if under == "/smart":  # the new bytes have another URL
        assert after.status_code == 404
        after = client.get(f"{under}/{static.hashed_path('a.bin')}")
    assert (after.status_code, set(after.data)) == (200, {ord("b")})


def written_before(call, file, content):
    """Return a function that does as another does, but for the file, which is written meanwhile."""

    def written(variant, environ, start_response):
        file.write_bytes(content)
        return call(variant, environ, start_response)

    return written
