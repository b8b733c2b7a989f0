"""Answer usual requests for hashed files from memory, exactly as the long way does."""

import gc
import gzip
import os
import tracemalloc

import pytest
from werkzeug.test import Client

import spa
from spa.static import shortcut
from spa.static.smart import SmartStatic
from tests.loop import wait_until

TEXT = "console.log('a text that is worth to be compressed');\n" * 40


@pytest.fixture
def root(tmp_path):
    (tmp_path / "a.js").write_text(TEXT)
    (tmp_path / "a.js.gz").write_bytes(gzip.compress(TEXT.encode()))
    (tmp_path / "a.bin").write_bytes(b"0123456789")
    os.utime(tmp_path / "a.js", (1_000_000_000, 1_000_000_000))  # at rest, and so to be compressed at once
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
    paths = [f"{number}.bin" for number in range(20)]
    for path in paths:
        (tmp_path / path).write_bytes(bytes(100))
    static, app, client = serve(tmp_path, watch=False)
    urls = [static.url(path) for path in paths]
    monkeypatch.setattr(shortcut, "MEMORY", 10 * (100 + shortcut.OVERHEAD) + sum(map(len, urls[-10:])))
    for url in urls:
        assert client.get(url).data == bytes(100)
    assert list(app.shortcuts) == urls[-10:]


ODD = {
    "an empty file": ("a" * 10, "gzip;q=0"),
    "a long path": ("a" * (shortcut.LONGEST_PATH - 60), "gzip;q=0"),
    "a long key": ("a" * 10, "gzip;q=0" + " " * 200),
    "too long a path": ("a" * 3_000, "gzip;q=0"),
    "too long a key": ("a" * 10, "gzip;q=0" + " " * 6_000),
}


@pytest.mark.parametrize(("tenant", "accept"), ODD.values(), ids=ODD)
def test_odd_requests_cost_no_more_memory_than_shortcuts_may(tmp_path, monkeypatch, tenant, accept):
    monkeypatch.setattr(shortcut, "MEMORY", 500_000)
    (tmp_path / "a.bin").touch()
    static = SmartStatic(tmp_path, watch=False)
    app = spa.App((("/<tenant>/static/<path:filepath>", "static", static),))
    client, path = Client(app), static.hashed_path("a.bin")
    client.get(f"/x/static/{path}")

    def ask(numbers):
        for number in numbers:
            url = f"/{number}{tenant}/static/{path}"
            for key in range(3):
                assert client.get(url, headers={"Accept-Encoding": f"{accept}, x{key}"}).status_code == 200

    ask(range(100))  # what other parts keep is there by now
    tracemalloc.start()
    try:
        ask(range(100, 400))
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] < 1_500_000  # 64 mounts are kept too, and urllib has a cache
    finally:
        tracemalloc.stop()
    assert static.shortcuts._size <= 500_000
    assert static.shortcuts._size == sum(
        kept.size + len(path) for (_, path), (kept, _) in static.shortcuts._shortcuts.items()
    )


def test_what_odd_clients_accept_keeps_no_browser_from_its_shortcut(root):
    static, app, client = serve(root, watch=False)
    url = static.url("a.js")
    for number in range(3 * shortcut.ACCEPTED):
        client.get(url, headers={"Accept-Encoding": f"x{number}"})
    browser = {"Accept-Encoding": "gzip, deflate, br;q=0, zstd;q=0"}
    wait_until(lambda: "Content-Encoding" in client.get(url, headers=browser).headers)
    known = list(app.shortcuts[url]._answers)
    assert known == [f"x{number}" for number in range(2 * shortcut.ACCEPTED + 1, 3 * shortcut.ACCEPTED)] + [
        browser["Accept-Encoding"]
    ]


def test_an_answer_that_is_learnt_again_counts_once(root):
    static, app, client = serve(root, watch=False)
    url = static.url("a.bin")
    for _ in range(3):
        client.head(url)  # takes the long way
    assert app.shortcuts[url].size == shortcut.OVERHEAD + 10
    assert static.shortcuts._size == shortcut.OVERHEAD + 10 + len(url)


def test_each_of_two_apps_has_shortcuts_and_loses_its_own(root, monkeypatch):
    static, app, client = serve(root, watch=False)
    other = spa.App((("/static/<path:filepath>", "static", static),))
    urls = [static.url(path) for path in ("a.bin", "a.js")]
    for url in urls:
        client.get(url)
        Client(other).get(url)
    assert list(app.shortcuts) == list(other.shortcuts) == urls
    monkeypatch.setattr(shortcut, "MEMORY", 2 * (shortcut.OVERHEAD + len(TEXT) + len(urls[1])))
    client.head(urls[1])
    assert list(app.shortcuts) == list(other.shortcuts) == urls[1:]


def test_a_large_file_has_no_shortcut(tmp_path):
    (tmp_path / "a.bin").write_bytes(bytes(200_000))
    static, app, client = serve(tmp_path, watch=False)
    assert client.get(static.url("a.bin")).content_length == 200_000
    assert not app.shortcuts
