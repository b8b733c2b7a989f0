"""Answer usual requests for hashed files from memory, exactly as the long way does."""

import pytest
from werkzeug.test import Client

import spa
from spa.static import shortcut
from spa.static.smart import SmartStatic

TEXT = "console.log('a text that is worth to be compressed');\n" * 40


@pytest.fixture
def root(tmp_path):
    (tmp_path / "a.js").write_text(TEXT)
    (tmp_path / "a.js.gz").write_bytes(b"GZIP")
    (tmp_path / "a.bin").write_bytes(b"0123456789")
    return tmp_path


def serve(root, **options):
    static = SmartStatic(root, **options)
    app = spa.App((("/static/<path:filepath>", "static", static),))
    return static, app, Client(app)


REQUESTS = [
    ("GET", {}),
    ("HEAD", {}),
    ("POST", {}),
    ("GET", {"Accept-Encoding": "gzip"}),
    ("GET", {"Accept-Encoding": "gzip;q=0"}),
    ("GET", {"If-None-Match": "ETAG"}),
    ("GET", {"If-None-Match": 'W/ETAG, "other"'}),
    ("GET", {"If-None-Match": '"other"'}),
    ("GET", {"If-None-Match": '"other"', "If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT"}),
    ("GET", {"If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT"}),
    ("GET", {"If-Match": '"other"'}),
    ("GET", {"Range": "bytes=0-3"}),
    ("GET", {"Upgrade": "websocket", "Connection": "Upgrade"}),
]


@pytest.mark.parametrize(("method", "headers"), REQUESTS)
@pytest.mark.parametrize("name", ["a.js", "a.bin"])
def test_every_request_is_answered_as_without_shortcuts(root, name, method, headers):
    static, app, client = serve(root, watch=False)
    _, plain_app, plain_client = serve(root, watch=True)
    url = static.url(name)
    etag = client.get(url).headers["ETag"]
    client.get(url, headers={"Accept-Encoding": "gzip"})
    assert app.shortcuts
    headers = {key: value.replace("ETAG", etag) for key, value in headers.items()}
    for _ in range(2):
        short = client.open(url, method=method, headers=headers)
        long = plain_client.open(url, method=method, headers=headers)
        assert (short.status, short.data) == (long.status, long.data)
        assert sorted(short.headers) == sorted(long.headers)
    assert not plain_app.shortcuts


def test_a_shortcut_belongs_to_its_script_name(root):
    static, app, client = serve(root, watch=False)
    (root / "a.css").write_text(".x{background:url(/static/a.bin)}")
    url = static.url("a.css")
    assert "a.bin" not in client.get(url).text
    (shortcut_of_url,) = app.shortcuts.values()
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": url, "SCRIPT_NAME": "/other"}
    assert shortcut_of_url(environ, None) is None


def test_shortcuts_are_bounded_in_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(shortcut, "MEMORY", 1000)
    for number in range(20):
        (tmp_path / f"{number}.bin").write_bytes(bytes(100))
    static, app, client = serve(tmp_path, watch=False)
    for number in range(20):
        assert client.get(static.url(f"{number}.bin")).data == bytes(100)
    assert len(app.shortcuts) == 10


def test_a_large_file_has_no_shortcut(tmp_path):
    (tmp_path / "a.bin").write_bytes(bytes(200_000))
    static, app, client = serve(tmp_path, watch=False)
    assert client.get(static.url("a.bin")).content_length == 200_000
    assert not app.shortcuts
