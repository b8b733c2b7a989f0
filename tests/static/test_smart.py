"""Serve files at hashed URLs: the identity of bytes and URL, whatever happens to the files."""

import base64
import dataclasses
import gzip
import hashlib
import json
import logging
import os
import re
from pathlib import Path

import gevent
import pytest
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.test import Client, EnvironBuilder, run_wsgi_app

import spa
from spa.errors import SetupError
from spa.static import charset, hashing, reading
from spa.static.assets import Assets
from spa.static.files import Directory, File
from spa.static.missing import MissingReferenceError
from spa.static.smart import SmartStatic
from tests.static.site import STATIC, mounted, write

CASES = json.loads(Path(__file__).with_name("cases.json").read_text(encoding="utf-8"))
STYLESHEETS = [case for case in CASES if "stylesheet" in case]
SCRIPTS = [case for case in CASES if case["id"].startswith("js-") and "body" in case]


def files_of(case):
    encoded = {path: base64.b64decode(data) for path, data in case.get("files_base64", {}).items()}
    return {**case["files"], **encoded}


def md5(data):
    return hashlib.md5(data).hexdigest()[:12]


@pytest.mark.parametrize("case", STYLESHEETS, ids=lambda case: case["id"])
def test_a_stylesheet_is_served_with_the_urls_of_what_it_refers_to(case, tmp_path):
    static = SmartStatic(write(tmp_path, files_of(case)))
    _, client = mounted(static, f"{case['mount']}<path:filepath>")
    response = client.get(static.url(case["stylesheet"]))
    assert response.status_code == 200
    if "body_base64" in case:
        assert response.data == base64.b64decode(case["body_base64"])
        assert response.content_type == "text/css"
    elif "body" in case:
        assert response.data.decode() == case["body"]
        assert response.content_type == "text/css; charset=utf-8"
    assert response.content_length == len(response.data)


@pytest.mark.parametrize("case", SCRIPTS, ids=lambda case: case["id"])
def test_a_script_is_served_as_it_is_but_for_its_source_map(case, tmp_path):
    static = SmartStatic(write(tmp_path, files_of(case)))
    _, client = mounted(static, f"{case['mount']}<path:filepath>")
    assert client.get(static.url("js/app.js")).data.decode() == case["body"]


def test_the_hash_is_the_md5_of_the_bytes_and_the_answer_may_be_kept_for_ever(tmp_path):
    static = SmartStatic(write(tmp_path, {"a.css": ".x{color:red}"}))
    app, client = mounted(static)
    assert app.url("static", filepath="a.css") == static.url("a.css") == "/static/a.335b65a2feac.css"
    response = client.get("/static/a.335b65a2feac.css")
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response.headers["ETag"].startswith('"335b65a2feac')
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_the_hash_of_the_file_on_disk_gives_access_but_is_not_kept(tmp_path):
    sheet = ".x{background:url(i.png)}"
    static = SmartStatic(write(tmp_path, {"a.css": sheet, "i.png": "png"}))
    _, client = mounted(static)
    served = client.get(static.url("a.css"))
    response = client.get(f"/static/{hashing.put('a.css', md5(sheet.encode()))}")
    assert (response.status_code, response.data) == (200, served.data)
    assert response.headers["Cache-Control"] == "no-cache"
    assert response.headers["ETag"] == served.headers["ETag"]


def replace(path, content):
    """Put another file in the place of one, as editors do."""
    new = path.with_name("new")
    new.write_text(content)
    new.replace(path)


@pytest.mark.parametrize("watch", [True, False])
def test_an_edit_has_a_new_url_at_once_and_never_comes_under_the_old_one(tmp_path, watch):
    static = SmartStatic(write(tmp_path, {"a.js": "old"}), watch=watch)
    _, client = mounted(static)
    old = static.url("a.js")
    assert client.get(old).data == b"old"
    replace(tmp_path / "a.js", "new")
    assert client.get(f"/static/a.{md5(b'new')}.js").data == b"new"
    response = client.get(old)
    assert response.status_code == 404 or response.data == b"old"
    assert static.url("a.js") == f"/static/a.{md5(b'new')}.js"


def test_a_large_file_that_was_replaced_is_not_sent_under_the_old_hash(tmp_path):
    before, after = b"a" * 200_000, b"b" * 200_000
    static = SmartStatic(write(tmp_path, {"a.bin": before}), watch=False)
    _, client = mounted(static)
    old = static.url("a.bin")
    assert client.get(old).data == before
    write(tmp_path, {"a.bin.new": after})
    (tmp_path / "a.bin.new").replace(tmp_path / "a.bin")
    assert client.get(old).status_code == 404
    assert client.get(f"/static/a.{md5(after)}.bin").data == after


def test_a_changed_image_changes_the_stylesheets_that_show_it_and_the_old_one_is_kept_a_while(tmp_path):
    files = {"i.png": "one", "b.css": ".b{background:url(i.png)}", "a.css": '@import "b.css";', "c.css": ".c{}"}
    static = SmartStatic(write(tmp_path, files), watch=True)
    _, client = mounted(static)
    before = {path: static.url(path) for path in files}
    body = client.get(before["a.css"]).data
    replace(tmp_path / "i.png", "two")
    after = {path: static.url(path) for path in files}
    assert {path for path in files if before[path] != after[path]} == {"i.png", "b.css", "a.css"}
    assert client.get(after["a.css"]).data != body
    old = client.get(before["a.css"])
    assert (old.status_code, old.data) == (200, body)


@pytest.mark.parametrize("watch", [None, True, False])
def test_the_version_is_equal_until_a_file_changes_comes_or_goes_and_constant_without_watching(tmp_path, watch):
    static = SmartStatic(write(tmp_path, {"a.js": "one", "css/b.css": "b{}"}), watch=watch)
    versions = [static.version(), static.version()]
    replace(tmp_path / "a.js", "two")
    versions.append(static.version())
    replace(tmp_path / "c.js", "new")
    versions.append(static.version())
    (tmp_path / "css" / "b.css").unlink()
    versions.append(static.version())
    assert versions[0] == versions[1]
    assert len(set(versions)) == (1 if watch is False else 4)


def test_what_was_missing_is_found_when_it_comes(tmp_path, caplog):
    static = SmartStatic(write(tmp_path, {"css/app.css": "a{}\nb{}\n.x{background:url(nope.png)}"}), watch=True)
    _, client = mounted(static)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert client.get(static.url("css/app.css")).data.endswith(b"url(nope.png)}")
    assert [record.getMessage() for record in caplog.records] == ["css/app.css:3:15: nope.png not found"]
    write(tmp_path, {"css/nope.png": "here"})
    assert client.get(static.url("css/app.css")).data.endswith(f'url("nope.{md5(b"here")}.png")}}'.encode())


def test_strict_makes_a_missing_reference_an_error_and_check_lists_them(tmp_path):
    write(tmp_path, {"a.css": ".x{background:url(nope.png)}", "b.css": '@import "gone.css";'})
    with pytest.raises(MissingReferenceError, match=re.escape("a.css:1:15: nope.png not found")):
        SmartStatic(tmp_path, strict=True).url("a.css")
    assert SmartStatic(tmp_path).check() == ["a.css:1:15: nope.png not found", "b.css:1:9: gone.css not found"]


@pytest.mark.parametrize(
    "files",
    [
        {"a.css": '@import "a.css";.a{background:url(i.png)}'},
        {"a.css": '@import "b.css";', "b.css": '@import "a.css";.b{background:url(i.png)}'},
        {
            "a.css": '@import "b.css";',
            "b.css": '@import "c.css";',
            "c.css": '@import "a.css";@import "d.css";',
            "d.css": "d{}",
        },
    ],
)
def test_circles_of_imports_end_are_stable_and_change_as_one(tmp_path, files):
    write(tmp_path, {**files, "i.png": "one"})
    static = SmartStatic(tmp_path, watch=True)
    _, client = mounted(static)
    urls = {path: static.url(path) for path in files}
    assert urls == {path: SmartStatic(tmp_path).url(path, "/static/") for path in reversed(files)}
    for url in urls.values():
        sheet = client.get(url)
        assert sheet.status_code == 200
        for reference in re.findall(r'url\("([^"]+)"\)', sheet.text):
            assert client.get(f"/static/{reference}").status_code == 200
    last = list(files)[-1] if "d.css" in files else "i.png"
    replace(tmp_path / last, "x{}")
    changed = {path for path in files if static.url(path) != urls[path]}
    assert changed == set(files)


@pytest.mark.parametrize("written", ["/s1/a.css", "/s1/s2/a.css"])
def test_a_circle_that_is_another_under_another_mount_has_other_hashes_and_its_own_bytes(tmp_path, written):
    padding = "/*" + "x" * 600 + "*/"  # enough to be compressed
    circle = {"a.css": f'@import "b.css";{padding}', "b.css": f'@import "a.css";@import "{written}";{padding}'}
    circle["s2/a.css"] = '@import "../b.css";'
    static = SmartStatic(write(tmp_path, circle))
    mounts = ("/s1/", "/s2/", "/s1/s2/")
    client = Client(spa.App([(f"{mount}<path:filepath>", "", static) for mount in mounts]))
    bodies = {}
    for mount in mounts:
        url = static.url("b.css", mount)
        with gevent.Timeout(20):
            while "Content-Encoding" not in (answer := client.get(url, headers={"Accept-Encoding": "gzip"})).headers:
                gevent.sleep(0.001)
        body = gzip.decompress(answer.data)
        assert body == static.content("b.css", mount)
        assert bodies.setdefault(static.hashed_path("b.css", mount), body) == body
    assert len(set(bodies.values())) == len(bodies) > 1


def test_a_stylesheet_never_asked_for_is_made_once_for_a_hundred_requests(tmp_path, monkeypatch):
    made = []
    make = Assets._make

    def counted(self, path, mount):
        made.append(path)
        gevent.sleep(0.01)
        return make(self, path, mount)

    monkeypatch.setattr(Assets, "_make", counted)
    body = b"@import 'b.css';"
    static = SmartStatic(write(tmp_path, {"a.css": body, "b.css": ".b{}"}), watch=False)
    _, client = mounted(static)
    url = f"/static/{hashing.put('a.css', md5(body))}"
    jobs = [gevent.spawn(client.get, url) for _ in range(100)]
    gevent.joinall(jobs, timeout=20, raise_error=True)
    assert {job.value.status_code for job in jobs} == {200}
    assert made.count("a.css") == 1


def test_absolute_references_are_right_under_each_route_and_script_name(tmp_path):
    sheet = ".x{background:url(/s1/i.png) url(/s2/i.png) url(/app/s1/i.png)}"
    static = SmartStatic(write(tmp_path, {"a.css": sheet, "i.png": "i"}))
    app = spa.App((("/s1/<path:filepath>", "one", static), ("/s2/<path:filepath>", "two", static)))
    client = Client(app)
    hashed = f"i.{md5(b'i')}.png"
    one = client.get(app.url("one", filepath="a.css")).text
    two = client.get(app.url("two", filepath="a.css")).text
    assert one == f'.x{{background:url("/s1/{hashed}") url(/s2/i.png) url(/app/s1/i.png)}}'
    assert two == f'.x{{background:url(/s1/i.png) url("/s2/{hashed}") url(/app/s1/i.png)}}'
    under = client.get(static.url("a.css", "/app/s1/").removeprefix("/app"), environ_overrides={"SCRIPT_NAME": "/app"})
    assert under.text == f'.x{{background:url(/s1/i.png) url(/s2/i.png) url("/app/s1/{hashed}")}}'
    assert client.get(app.url("one", filepath="a.css"), environ_overrides={"SCRIPT_NAME": "/app"}).status_code == 200


@pytest.mark.parametrize("prefix", ["/app", "/app/"])
def test_the_link_that_a_page_has_behind_a_proxy_leads_to_the_stylesheet(tmp_path, prefix):
    static = SmartStatic(write(tmp_path, {"a.css": ".x{background:url(/app/s/i.png)}", "i.png": "i"}))
    page = spa.HomePage("/s/", static, stylesheets=["a.css"])
    app = spa.App((("/", "home", page), ("/s/<path:filepath>", "static", static)))
    client = Client(ProxyFix(app, x_prefix=1))
    headers = {"X-Forwarded-Prefix": prefix}
    (link,) = re.findall('stylesheet" href="([^"]+)"', client.get("/", headers=headers).text)
    assert link == static.url("a.css", "/app/s/")
    assert client.get(link.removeprefix("/app"), headers=headers).status_code == 200


def test_a_url_outside_the_root_never_reaches_the_file_system(tmp_path, monkeypatch):
    sheet = ".x{background:url(../../../../etc/passwd) url(../../secret.png)}"
    write(tmp_path, {"root/css/app.css": sheet, "secret.png": "S"})
    static = SmartStatic(tmp_path / "root")
    asked = []

    def noting(function):
        def noted(path, *arguments, **options):
            asked.append(os.fspath(path))
            return function(path, *arguments, **options)

        return noted

    for name in ("open", "stat", "lstat", "scandir"):
        monkeypatch.setattr(os, name, noting(getattr(os, name)))
    static.url("css/app.css", "/static/")
    inside = os.fspath(tmp_path / "root") + os.sep
    assert asked
    assert all(path.startswith(inside) for path in asked)


def test_without_watching_a_request_for_what_is_known_asks_the_disk_nothing(tmp_path, monkeypatch):
    static = SmartStatic(write(tmp_path, {"a.js": "x"}), watch=False)
    _, client = mounted(static)
    url = static.url("a.js")
    client.get(url)
    for name in ("open", "stat", "lstat"):
        monkeypatch.setattr(os, name, None)
    assert client.get(url).data == b"x"


def test_many_mounts_do_not_fill_the_memory(tmp_path):
    static = SmartStatic(write(tmp_path, {"a.js": "x"}))
    _, client = mounted(static, "/<lang>/static/<path:filepath>")
    path = f"a.{md5(b'x')}.js"
    for number in range(200):
        assert client.get(f"/{number}/static/{path}").status_code == 200
    assert len(static._assets._assets) <= 64


@pytest.mark.parametrize("hash", ["000000000000", None])
def test_many_slashes_before_a_path_are_no_other_mount(tmp_path, hash):
    static = SmartStatic(write(tmp_path, {"a.css": ".x{background:url(/static/i.png)}", "i.png": "i"}))
    app, _ = mounted(static)
    url = static.url("a.css") if hash is None else f"/static/a.{hash}.css"
    for count in range(1, 5):
        environ = EnvironBuilder(path="/").get_environ()
        run_wsgi_app(app, {**environ, "PATH_INFO": "/" * count + url[1:]})
    assert {mount for _, mount in static._assets._assets} == {"/static/"}


def test_integrity_and_content_are_of_the_bytes_served(tmp_path):
    static = SmartStatic(write(tmp_path, {"a.css": ".x{background:url(i.png)}", "i.png": "i"}))
    _, client = mounted(static)
    body = client.get(static.url("a.css")).data
    assert static.content("a.css") == body
    assert static.integrity("a.css") == "sha384-" + base64.b64encode(hashlib.sha384(body).digest()).decode()


def test_the_manifest_names_the_hashed_path_of_every_file(tmp_path):
    static = SmartStatic(write(tmp_path, {"b.css": ".x{background:url(/s/i.png)}", "i.png": "i", ".env": "no"}))
    mounted(static, "/s/<path:filepath>")
    assert list(static.manifest()) == ["b.css", "i.png"]
    assert static.manifest() == {path: static.hashed_path(path) for path in static.paths()}
    assert static.manifest("/other/")["b.css"] == static.hashed_path("b.css", "/other/") != static.hashed_path("b.css")


def test_the_manifest_of_an_empty_directory_is_empty(tmp_path):
    assert SmartStatic(tmp_path).manifest() == {}


@pytest.mark.parametrize("method", ["url", "content", "integrity"])
def test_a_file_that_is_not_there_is_a_lookup_error(tmp_path, method):
    with pytest.raises(LookupError, match=r"nope\.js"):
        getattr(SmartStatic(tmp_path), method)("nope.js")


def test_a_wrong_set_up_fails_when_the_app_is_built(tmp_path):
    with pytest.raises(SetupError, match="is not there"):
        SmartStatic(tmp_path / "nope")
    with pytest.raises(SetupError, match="filepath"):
        spa.App((("/static/", "", SmartStatic(tmp_path)),))


def test_names_that_need_quoting_are_quoted_in_urls_and_served(tmp_path):
    names = ["a b.png", "100%.png", "it's.png", "grüß.png", "a#b.png", "a?b.png", "a+b.png"]
    static = SmartStatic(write(tmp_path, dict.fromkeys(names, "x")))
    app, client = mounted(static)
    for name in names:
        assert client.get(static.url(name)).data == b"x"
        assert client.get(app.url("static", filepath=name)).data == b"x"


def test_a_mount_has_a_slash_at_both_ends(tmp_path):
    static = SmartStatic(write(tmp_path, {"a.js": "x"}))
    for mount in ("", "/static", "static/", "https://cdn.example/static/"):
        with pytest.raises(SetupError, match="slash at both ends"):
            static.url("a.js", mount)
        with pytest.raises(SetupError, match="slash at both ends"):
            static.manifest(mount)


def test_a_version_with_the_size_and_the_time_of_another_is_another(tmp_path):
    write(tmp_path, {"a.js": "v=1"})
    os.utime(tmp_path / "a.js", (1, 1))
    static = SmartStatic(tmp_path, watch=False)
    _, client = mounted(static)
    old = static.url("a.js")
    write(tmp_path, {"a.js": "v=2"})
    os.utime(tmp_path / "a.js", (1, 1))
    assert client.get(old).status_code == 404
    assert client.get(f"/static/a.{md5(b'v=2')}.js").data == b"v=2"


@pytest.mark.parametrize("watch", [False, True])
@pytest.mark.parametrize(("encoding", "charset"), [("latin-1", ""), ("utf-8", "; charset=utf-8")])
@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("a.js", "'é'", "text/javascript"),
        ("a.js", "'é'\n//# sourceMappingURL=a.js.map", "text/javascript"),
        ("a.js", "'é'//" + "a" * 150_000 + "\n//# sourceMappingURL=a.js.map", "text/javascript"),
        ("a.txt", "é", "text/plain"),
        ("a.html", "<meta charset=latin-1>é", "text/html"),
        ("a.svg", "<?xml version='1.0' encoding='latin-1'?><svg>é</svg>", "image/svg+xml"),
    ],
)
def test_text_that_is_not_utf_8_is_not_claimed_to_be(tmp_path, watch, encoding, charset, name, text, kind):
    static = SmartStatic(write(tmp_path, {name: text.encode(encoding), "a.js.map": "{}"}), watch=watch)
    _, client = mounted(static)
    for _ in range(2):
        assert client.get(static.url(name)).content_type == kind + charset


def test_what_was_rewritten_is_not_looked_at_again_for_each_request(tmp_path, monkeypatch):
    static = SmartStatic(write(tmp_path, {"a.css": ".x{background:url(i.png)}", "i.png": "i"}), watch=True)
    _, client = mounted(static)
    url = static.url("a.css")
    monkeypatch.setattr(charset, "is_utf8", lambda data: pytest.fail("looked at again"))
    assert client.get(url).content_type == "text/css; charset=utf-8"


@pytest.mark.parametrize("padding", [0, 200_000])
@pytest.mark.parametrize("reference", [b"", b".x{background:url(i.png)}"])
@pytest.mark.parametrize(("encoding", "content_type"), [("latin-1", "text/css"), ("utf-8", "text/css; charset=utf-8")])
def test_a_stylesheet_in_another_encoding_has_no_charset(tmp_path, padding, reference, encoding, content_type):
    sheet = f'@charset "{encoding}"; a:after{{content:"é"}}'.encode(encoding) + reference + b" " * padding
    static = SmartStatic(write(tmp_path, {"a.css": sheet, "i.png": "i"}))
    _, client = mounted(static)
    assert client.get(static.url("a.css")).content_type == content_type
    assert client.get(f"/static/a.{md5(sheet)}.css").content_type == content_type


@pytest.mark.parametrize("encoding", ["utf-16", "shift_jis", "gbk", "gb18030", "iso-2022-jp"])
def test_a_stylesheet_in_an_encoding_that_is_not_read_is_sent_as_it_is_and_told_of_once(tmp_path, encoding, caplog):
    sheet = f'@charset "{encoding}";a:after{{content:"ソ"}}.x{{background:url(i.png)}}'.encode(encoding)
    static = SmartStatic(write(tmp_path, {"a.css": sheet, "i.png": "i"}), watch=True)
    _, client = mounted(static)
    for _ in range(2):
        response = client.get(f"/static/a.{md5(sheet)}.css")
        assert (response.data, response.content_type) == (sheet, "text/css")
    assert static.check() == []
    assert caplog.messages == ["a.css: no URL is hashed in a stylesheet of this encoding; save it as UTF-8"]


@pytest.mark.parametrize("size", [1, 200_000])
def test_content_that_has_changed_since_its_hash_was_known_is_read_anew(tmp_path, size):
    static = SmartStatic(write(tmp_path, {"a.js": b"1" * size}), watch=False)
    static.manifest()
    replace(tmp_path / "a.js", "2" * size)
    assert static.content("a.js") == b"2" * size
    assert static.url("a.js") == hashing.put("a.js", md5(b"2" * size))


@pytest.mark.parametrize("size", [10, 200_000])
def test_content_that_changes_at_every_look_is_a_lookup_error(tmp_path, size, monkeypatch):
    static = SmartStatic(write(tmp_path, {"a.js": "1"}), watch=False)
    opened = Directory.open

    def exchange_and_open(self, path):
        replace(tmp_path / path, "2" * size)
        return opened(self, path)

    monkeypatch.setattr(Directory, "open", exchange_and_open)
    with pytest.raises(LookupError, match=r"'a\.js' is changing"):
        static.content("a.js")


def test_the_url_of_a_file_that_is_being_written_is_a_lookup_error_that_says_so(tmp_path, monkeypatch):
    static = SmartStatic(write(tmp_path, {"a.bin": "1"}))
    pieces = File.pieces

    def growing(self, start, stop):
        with open(tmp_path / "a.bin", "ab") as copy:
            copy.write(b"more")
        yield from pieces(self, start, stop)

    monkeypatch.setattr(File, "pieces", growing)
    with pytest.raises(LookupError, match=r"'a\.bin' is changing: write a new file beside it, and rename it"):
        static.url("a.bin")
    assert static.manifest() == {}


def test_before_a_server_has_said_whether_to_watch_an_edit_is_seen(tmp_path):
    static = SmartStatic(write(tmp_path, {"a.js": "1"}))
    app, client = mounted(static)
    before = app.url("static", filepath="a.js")
    replace(tmp_path / "a.js", "2")
    after = app.url("static", filepath="a.js")
    assert after != before
    assert client.get(after).data == b"2"
    replace(tmp_path / "a.js", "3")
    assert app.url("static", filepath="a.js") == after, "a production server does not look"


@pytest.mark.parametrize("watch", [False, True])
def test_a_version_with_the_very_identity_of_another_does_not_come_under_its_hash(tmp_path, monkeypatch, watch):
    """As of a file that is written twice in one tick of the clock, and was hashed in between."""
    write(tmp_path, {"a.png": "new", "a.css": ".x{background:url(a.png)}"})
    static = SmartStatic(tmp_path, watch=watch)
    _, client = mounted(static)
    with monkeypatch.context() as earlier:
        read, of_old = reading.read, {"hash": md5(b"old")}
        earlier.setattr(
            reading, "read", lambda file: dataclasses.replace(read(file), **of_old if file.path == "a.png" else {})
        )
        old_sheet, old = static.url("a.css"), static.url("a.png")
    new = old.replace(md5(b"old"), md5(b"new"))
    for url, status in ((old, 404), (new, 200), (old, 404)):
        answer = client.get(url)
        assert answer.status_code == status
    assert client.get(new).data == static.content("a.png") == b"new"
    assert static.url("a.png") == new
    assert md5(b"new").encode() in client.get(static.url("a.css")).data
    assert static.url("a.css") != old_sheet


@pytest.mark.parametrize("below", ["/\u00e4", "/a b"])
def test_a_url_that_a_handler_builds_has_the_hash_of_where_its_app_stands(tmp_path, below):
    class Page(spa.Handler):
        def get(self):
            return self.url("static", filepath="a.css")

    sheet = f'.x{{background:url("{below}/static/i.svg")}}.y{{background:url(i.svg)}}'
    write(tmp_path, {"a.css": sheet, "i.svg": "<svg/>"})
    inner = spa.App(((STATIC, "static", SmartStatic(tmp_path)), ("/page", "", Page)))
    client = Client(spa.App((spa.mount(below, inner),)))
    response = client.get(client.get(f"{below}/page").text)
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response.text.count(f"i.{md5(b'<svg/>')}.svg") == 2
