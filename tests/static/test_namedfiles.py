"""Files at the URLs of their names: what each is sent with."""

import os

import pytest

from spa.static.handler import Static
from spa.static.namedfiles import NamedFiles
from tests.static.site import mounted


def client_for(root, **options):
    return mounted(Static(directory=root, **options))[1]


def test_the_same_bytes_have_the_same_etag_wherever_and_whenever_they_were_written(tmp_path):
    tags = []
    for number, text in enumerate(["same", "same", "SAME"]):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "a.txt").write_text(text)
        os.utime(tmp_path / str(number) / "a.txt", (number // 2, number // 2))
        tags.append(client_for(tmp_path / str(number)).get("/static/a.txt").headers["ETag"])
    assert tags[0] == tags[1] != tags[2]


def test_a_charset_is_claimed_only_if_it_is_true(tmp_path):
    (tmp_path / "new.css").write_bytes('a:after{content:"\u00e9"}'.encode())
    (tmp_path / "old.css").write_bytes('@charset "iso-8859-1";a:after{content:"\u00e9"}'.encode("latin-1"))
    client = client_for(tmp_path)
    assert client.get("/static/new.css").content_type == "text/css; charset=utf-8"
    assert client.get("/static/old.css").content_type == "text/css"


def test_max_age_lets_caches_keep_it(tmp_path):
    (tmp_path / "a.txt").write_text("a")
    assert client_for(tmp_path, max_age=60).get("/static/a.txt").headers["Cache-Control"] == "public, max-age=60"


def test_a_sibling_is_sent_if_it_is_not_older_and_stays_inside(tmp_path, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "secret.gz"
    outside.write_bytes(b"SECRET")
    for name in ("new", "old", "out"):
        (tmp_path / f"{name}.js").write_text("x" * 600)
        os.utime(tmp_path / f"{name}.js", (2_000_000_000, 2_000_000_000))
    for name, time in (("new", 2_000_000_000), ("old", 1_999_999_999)):
        (tmp_path / f"{name}.js.gz").write_bytes(b"GZIP")
        os.utime(tmp_path / f"{name}.js.gz", (time, time))
    (tmp_path / "out.js.gz").symlink_to(outside)
    client = client_for(tmp_path)
    plain = client.get("/static/new.js")
    packed = client.get("/static/new.js", headers={"Accept-Encoding": "gzip"})
    assert (packed.data, packed.headers["Content-Encoding"]) == (b"GZIP", "gzip")
    assert packed.content_type == "text/javascript; charset=utf-8"
    assert plain.headers["Vary"] == packed.headers["Vary"] == "Accept-Encoding"
    assert plain.headers["ETag"] != packed.headers["ETag"]
    for name in ("old", "out"):
        response = client.get(f"/static/{name}.js", headers={"Accept-Encoding": "gzip"})
        assert response.data not in (b"GZIP", b"SECRET")


@pytest.mark.parametrize(("written", "compressed"), [(None, 0), ((1_000_000_000, 1_000_000_000), 3)])  # now, long ago
def test_a_log_that_is_written_to_while_it_is_polled_is_not_compressed_for_each_poll(tmp_path, written, compressed):
    files = NamedFiles(tmp_path)
    for number in range(3):
        with (tmp_path / "a.log").open("a") as log:
            log.write(f"line {number}\n" * 100)
        os.utime(tmp_path / "a.log", written)
        found = files.find("a.log", {"HTTP_ACCEPT_ENCODING": "gzip"})
        found.close()
    assert len(files._variants._compressor._claimed) == compressed


@pytest.mark.parametrize("accept", ["gzip;q=0", "x-gzip-foo", "identity", "br;q=0, *;q=0"])
def test_a_coding_that_is_not_accepted_is_not_sent(tmp_path, accept):
    (tmp_path / "a.js").write_text("x" * 600)
    (tmp_path / "a.js.gz").write_bytes(b"GZIP")
    response = client_for(tmp_path).get("/static/a.js", headers={"Accept-Encoding": accept})
    assert "Content-Encoding" not in response.headers
    assert response.headers["Vary"] == "Accept-Encoding"


def test_an_archive_has_its_own_type_and_no_content_encoding(tmp_path):
    (tmp_path / "x.tar.gz").write_bytes(b"\x1f\x8b")
    response = client_for(tmp_path).get("/static/x.tar.gz")
    assert response.content_type == "application/gzip"
    assert "Content-Encoding" not in response.headers
