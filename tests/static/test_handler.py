"""Serve the files of a directory as they are."""

import gc
import logging
import os
from urllib.parse import quote, unquote

import pytest
from werkzeug.exceptions import Forbidden
from werkzeug.http import http_date
from werkzeug.test import Client

import spa
from spa.errors import SetupError
from spa.static.handler import Static, StaticFileHandler, StaticHandler


@pytest.fixture
def root(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "a.txt").write_text("0123456789")
    (tmp_path / "docs" / "index.html").write_text("<p>docs")
    os.utime(tmp_path / "a.txt", (1_700_000_000, 1_700_000_000))
    return tmp_path


def client_for(root, **options):
    return Client(spa.App((("/files/<path:filepath>", "", StaticHandler, {"directory": root, **options}),)))


def test_a_file_has_its_type_etag_date_and_is_asked_for_again(root):
    response = client_for(root).get("/files/a.txt")
    assert response.data == b"0123456789"
    assert response.content_type == "text/plain; charset=utf-8"
    assert response.headers["Cache-Control"] == "no-cache"
    assert response.headers["Last-Modified"] == http_date(1_700_000_000)
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Accept-Ranges"] == "bytes"
    again = client_for(root).get("/files/a.txt", headers={"If-None-Match": response.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == response.headers["ETag"]
    assert again.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    ("headers", "status", "body", "content_range"),
    [
        ({"Range": "bytes=0-0"}, 206, b"0", "bytes 0-0/10"),
        ({"Range": "bytes=-1"}, 206, b"9", "bytes 9-9/10"),
        ({"Range": "bytes=5-"}, 206, b"56789", "bytes 5-9/10"),
        ({"Range": "bytes=100-"}, 416, b"", "bytes */10"),
        ({"Range": "bytes=abc"}, 200, b"0123456789", None),
        ({"Range": "lines=0-1"}, 200, b"0123456789", None),
        ({"If-Match": '"other"'}, 412, None, None),
        ({"If-Match": "*"}, 200, b"0123456789", None),
        ({"If-None-Match": "*"}, 304, b"", None),
        ({"If-Modified-Since": http_date(1_700_000_000)}, 304, b"", None),
        ({"If-Modified-Since": http_date(1_699_999_999)}, 200, b"0123456789", None),
        ({"If-Modified-Since": "yesterday"}, 200, b"0123456789", None),
        ({"If-Unmodified-Since": http_date(1_699_999_999)}, 412, None, None),
        ({"If-Range": '"other"', "Range": "bytes=0-3"}, 200, b"0123456789", None),
        ({"If-Range": http_date(1_700_000_000), "Range": "bytes=0-3"}, 206, b"0123", "bytes 0-3/10"),
    ],
)
def test_conditions_and_ranges_are_answered(root, headers, status, body, content_range):
    response = client_for(root).get("/files/a.txt", headers=headers)
    assert response.status_code == status
    if body is not None:
        assert response.data == body
    assert response.headers.get("Content-Range") == content_range


def test_several_ranges_are_parts_of_a_multipart_body(tmp_path):
    (tmp_path / "a.bin").write_bytes(bytes(range(256)) * 8)
    response = client_for(tmp_path).get("/files/a.bin", headers={"Range": "bytes=0-1,1000-1001"})
    assert response.status_code == 206
    kind, _, boundary = response.content_type.partition("; boundary=")
    assert kind == "multipart/byteranges"
    assert len(response.data) == response.content_length
    parts = response.data.split(f"--{boundary}".encode())
    assert parts[-1] == b"--\r\n"
    assert [part.partition(b"\r\n\r\n")[2] for part in parts[1:-1]] == [b"\x00\x01\r\n", b"\xe8\xe9\r\n"]
    assert b"Content-Range: bytes 1000-1001/2048" in parts[2]


def test_head_has_the_headers_of_get(root):
    client = client_for(root)
    whole, head = client.get("/files/a.txt"), client.head("/files/a.txt")
    assert (head.data, {**head.headers}) == (b"", {**whole.headers})


class Late(StaticHandler):
    """Says that nobody may have the file when it has the answer."""

    def get(self, filepath):
        answer = super().get(filepath)
        if "Authorization" not in self.request.headers:
            raise Forbidden
        return answer


class Wrong(StaticHandler):
    """Gives a status to what has one."""

    def get(self, filepath):
        return super().get(filepath), 200


@pytest.mark.parametrize(("handler", "status"), [(Late, 403), (Wrong, 500)])
def test_an_answer_that_is_given_up_leaves_no_file_open(root, monkeypatch, handler, status):
    monkeypatch.setattr(logging.getLogger("spa"), "disabled", True)  # its records hold tracebacks
    client = Client(spa.App((("/<path:filepath>", "", handler, {"directory": root}),)))
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        assert client.get("/a.txt").status_code == status
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("path", ["nope.txt", "docs", "docs/", "../a.txt", "a.txt/", ".env", "a.txt%00"])
def test_what_is_not_a_file_is_404(root, path):
    (root / ".env").write_text("SECRET")
    assert client_for(root).get(f"/files/{path}").status_code == 404


def test_an_index_answers_for_its_directory_where_asked_for(root):
    client = client_for(root, index="index.html")
    assert client.get("/files/docs/").text == "<p>docs"
    without_slash = client.get("/files/docs?x=1", environ_overrides={"SCRIPT_NAME": "/app"})
    assert (without_slash.status_code, without_slash.headers["Location"]) == (308, "/app/files/docs/?x=1")


@pytest.mark.parametrize("name", ["a?b", "a#b", "a%41", "a b", "gr\u00fc\u00df", "a+b@c"])
def test_a_directory_of_any_name_is_redirected_to_its_own_url(root, name):
    (root / name).mkdir()
    (root / name / "index.html").write_text(name)
    client = client_for(root, index="index.html")
    response = client.get(f"/files/{quote(name)}?q=%23&r=/?")
    assert response.status_code == 308
    path, _, query = response.headers["Location"].partition("?")
    assert (unquote(path), query) == (f"/files/{name}/", "q=%23&r=/?")
    assert client.get(response.headers["Location"]).text == name


@pytest.mark.parametrize("is_made", [False, True])
@pytest.mark.parametrize("top", ["/", "/files/"])
def test_an_index_answers_for_the_directory_itself_at_a_pattern_of_its_own(root, is_made, top):
    (root / "index.html").write_text("<p>root")
    options = {"directory": root, "index": "index.html"}
    route = ("", Static(**options)) if is_made else ("", StaticHandler, options)
    client = Client(spa.App(((top, *route), (f"{top}<path:filepath>", *route))))
    assert client.get(top).text == "<p>root"
    assert client.get(f"{top}docs/").text == "<p>docs"
    assert client.get(f"{top}a.txt").data == b"0123456789"
    (root / "index.html").unlink()
    assert client.get(top).status_code == 404


def test_a_directory_is_served_by_an_expression_too(root):
    client = Client(spa.App((("/<path:filepath>", "", Static(directory=root)),)))
    assert client.get("/a.txt").data == b"0123456789"


def test_one_file_can_stand_under_any_path(root):
    client = Client(spa.App((("/robots.txt", "", StaticFileHandler, {"file": root / "a.txt"}),)))
    assert client.get("/robots.txt").data == b"0123456789"


@pytest.mark.parametrize(
    ("pattern", "handler", "kwargs", "message"),
    [
        ("/<path:filepath>", StaticHandler, {}, "name the directory"),
        ("/<path:filepath>", StaticHandler, {"directory": "no/such"}, "is not there"),
        ("/files", StaticHandler, {"directory": "."}, "<path:filepath>"),
        ("/<path:filepath>", StaticHandler, {"directory": None}, "a directory is a path"),
        ("/<path:filepath>", StaticHandler, {"directory": ".", "maxage": 3}, "did you mean 'max_age'"),
        ("/<path:filepath>", StaticHandler, {"directory": ".", "zip": 3}, "there are directory, max_age, index"),
        ("/<path:filepath>", StaticHandler, {"directory": ".", "max_age": "60"}, "max_age is a number"),
        ("/<path:filepath>", StaticHandler, {"directory": ".", "max_age": -1}, "max_age is a number"),
        ("/<path:filepath>", StaticHandler, {"directory": ".", "index": True}, "index is the name of a file"),
        ("/<path:filepath>", StaticHandler, {"directory": ".", "index": "../a"}, "index is the name of a file"),
        ("/files", StaticHandler, {"directory": ".", "index": "index.html"}, "a slash at its end"),
        ("/files", Static("."), {}, "<path:filepath>"),
        ("/<path:filepath>", Static, {"directory": "."}, r"not the class Static, but one: Static\("),
        ("/<path:filepath>", Static("."), {"max_age": 3}, r"Static\(\.\.\., max_age=3\)"),
        ("/f", StaticFileHandler, {}, "name the file"),
        ("/f", StaticFileHandler, {"file": None}, "name the file"),
        ("/f", StaticFileHandler, {"file": "setup.py", "maxage": 3}, "did you mean 'max_age'"),
        ("/f", StaticFileHandler, {"file": "no_such_file"}, "is not there"),
    ],
)
def test_a_wrong_set_up_fails_when_the_app_is_built(pattern, handler, kwargs, message):
    with pytest.raises(SetupError, match=message):
        spa.App(((pattern, "", handler, kwargs),))


@pytest.mark.parametrize("name", [".hid", "a:b", "aux.js", "folder", "link"])
def test_a_file_that_is_there_and_may_not_be_served_is_not_said_to_be_absent(tmp_path, name):
    (tmp_path / "x" / "folder").mkdir(parents=True)
    (tmp_path / "secret").write_text("x")
    (tmp_path / "x" / "link").symlink_to("../secret")
    if name not in ("folder", "link"):
        (tmp_path / "x" / name).write_text("x")
    with pytest.raises(SetupError, match=f"{name}' may not be served: name a regular file"):
        spa.App((("/f", "", StaticFileHandler, {"file": tmp_path / "x" / name}),))


@pytest.mark.parametrize("path", ["/files/%ff.txt", "/files/%80.txt", "/files/%ef%bf%bd.txt"])
def test_what_a_url_has_in_the_place_of_utf8_leads_to_no_file(tmp_path, path):
    (tmp_path / "\ufffd.txt").write_text("x")
    assert client_for(tmp_path).get(path).status_code == 404


def test_files_are_closed_whatever_the_answer(root):
    client = client_for(root)
    before = len(os.listdir("/proc/self/fd"))
    for headers in ({}, {"Range": "bytes=0-1"}, {"If-None-Match": "*"}, {"If-Match": '"x"'}, {"Range": "bytes=50-"}):
        client.get("/files/a.txt", headers=headers).close()
    client.head("/files/a.txt").close()
    assert len(os.listdir("/proc/self/fd")) == before
