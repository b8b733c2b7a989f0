"""Siblings: sent at a hashed URL only if they hold the bytes of their file, each under an ETag of its own."""

import gzip
import logging
import os
import random
import subprocess
import sys

import gevent
import pytest
from werkzeug.test import Client

import spa
from spa.coding import SIBLINGS, available_codings, compress
from spa.static import decoding, hashing, sibling
from spa.static.files import Directory
from spa.static.sibling import Original, Siblings
from spa.static.smart import SmartStatic

PATIENCE = 20  # seconds until a test says that something never came
SMALL, LARGE = 4_000, 600_000  # bytes of a file whose sibling is checked at once, and of one that is in a thread


def text(word, size):
    return (f"console.log('{word}');\n".encode() * (size // 10))[:size]


@pytest.fixture(params=available_codings())
def coding(request):
    return request.param


@pytest.fixture(params=[SMALL, LARGE], ids=["small", "large"])
def size(request):
    return request.param


def hashed(root, **options):
    static = SmartStatic(root, **options)
    return static, Client(spa.App((("/static/<path:filepath>", "static", static),)))


@pytest.fixture(autouse=True)
def files_are_at_rest_at_once(monkeypatch):
    """Let what has no sibling that counts be compressed although it was written a moment ago."""
    monkeypatch.setattr("spa.static.variant.REST", 0)


def plain(root):
    return Client(spa.App((("/files/<path:filepath>", "", spa.StaticHandler, {"directory": root}),)))


def settle(client, url, coding):
    """Ask until the answer is coded."""
    with gevent.Timeout(PATIENCE):
        while "Content-Encoding" not in (answer := client.get(url, headers={"Accept-Encoding": coding})).headers:
            gevent.sleep(0.001)
    return answer



@pytest.mark.parametrize("watch", [True, False])
def test_new_bytes_are_not_sent_under_an_old_hash_if_a_sibling_comes_before_its_file(tmp_path, coding, size, watch):
    old, new = text("old", size), text("new", size)
    file, packed = tmp_path / "app.js", tmp_path / f"app.js{SIBLINGS[coding]}"
    file.write_bytes(old)
    packed.write_bytes(compress(old, coding, thorough=False))
    static, client = hashed(tmp_path, watch=watch)
    url = static.url("app.js")
    before = settle(client, url, coding)
    assert before.data == packed.read_bytes()
    packed.write_bytes(compress(new, coding, thorough=False))
    for accept in (coding, f"{coding}, deflate"):  # one has a shortcut, the other has not
        answer = settle(client, url, accept)
        assert "immutable" in answer.headers["Cache-Control"]
        assert decoding.digest([answer.data], coding, size) == hashing.digest(old)
    file.write_bytes(new)
    after = settle(client, static.url("app.js") if watch else url.replace(*hashes(old, new)), coding)
    assert after.data == packed.read_bytes()


def hashes(*contents):
    return [hashing.digest(content) for content in contents]


def test_what_holds_other_bytes_is_never_sent_and_is_told_once(tmp_path, coding, size, caplog):
    (tmp_path / "app.js").write_bytes(text("app", size))
    packed = tmp_path / f"app.js{SIBLINGS[coding]}"
    contents = [b"", b"GZIP", compress(text("other", size), coding), compress(text("app", size), coding) + b"more"]
    contents += [compress(bytes(100 * 2**20), coding, thorough=False)[: size // 2]]
    contents += [compress(text("app", size), coding)[:-1]]
    static, client = hashed(tmp_path, watch=True)
    for content in contents:
        packed.write_bytes(content)
        answer = settle(client, static.url("app.js"), coding)  # by and by compressed here
        assert answer.data != content
        assert decoding.digest([answer.data], coding, size) == hashing.digest(text("app", size))
    with gevent.Timeout(PATIENCE):
        while len(caplog.records) < len(contents):
            settle(client, static.url("app.js"), coding)
            gevent.sleep(0.001)
    settle(client, static.url("app.js"), coding)
    told = f"{packed.name} is not sent: it does not hold the bytes of its file"
    assert [record.getMessage() for record in caplog.records] == [told] * len(contents)


def test_a_sibling_that_holds_the_bytes_is_sent_however_old(tmp_path, coding, size):
    content = text("app", size)
    (tmp_path / "app.js").write_bytes(content)
    packed = tmp_path / f"app.js{SIBLINGS[coding]}"
    packed.write_bytes(compress(content, coding, thorough=False) if size == LARGE else compress(content, coding))
    os.utime(packed, (1, 1))  # as in a checkout, an image or an archive, where times say nothing
    static, client = hashed(tmp_path)
    assert settle(client, static.url("app.js"), coding).data == packed.read_bytes()
    assert client.get(static.url("app.js")).data == content


def test_a_large_sibling_is_sent_from_disk(tmp_path):
    content = random.Random(1).randbytes(250_000).hex().encode()
    (tmp_path / "app.js").write_bytes(content)
    packed = tmp_path / "app.js.gz"
    packed.write_bytes(gzip.compress(content, 1))
    assert packed.stat().st_size > 2 * sibling.SMALL
    static, client = hashed(tmp_path)
    answer = settle(client, static.url("app.js"), "gzip")
    assert answer.data == packed.read_bytes()
    part = client.get(static.url("app.js"), headers={"Accept-Encoding": "gzip", "Range": "bytes=200000-200099"})
    assert part.data == packed.read_bytes()[200_000:200_100]


def test_a_rewritten_stylesheet_has_no_sibling(tmp_path, coding):
    sheet = b".x{background:url(i.png)}" + b" " * SMALL
    (tmp_path / "i.png").write_bytes(b"png")
    (tmp_path / "app.css").write_bytes(sheet)
    packed = tmp_path / f"app.css{SIBLINGS[coding]}"
    packed.write_bytes(compress(sheet, coding))
    static, client = hashed(tmp_path)
    answer = settle(client, static.url("app.css"), coding)
    assert decoding.digest([answer.data], coding, len(static.content("app.css"))) is not None


def test_the_file_itself_is_sent_while_a_large_sibling_is_checked(tmp_path):
    content = text("app", LARGE)
    (tmp_path / "app.js").write_bytes(content)
    (tmp_path / "app.js.gz").write_bytes(gzip.compress(content))
    static, client = hashed(tmp_path, watch=False)
    first = client.get(static.url("app.js"), headers={"Accept-Encoding": "gzip"})
    assert (first.data, first.headers.get("Content-Encoding")) == (content, None)
    assert first.headers["Vary"] == "Accept-Encoding"
    assert settle(client, static.url("app.js"), "gzip").data == (tmp_path / "app.js.gz").read_bytes()


def test_a_sibling_is_checked_once(tmp_path, coding, size, monkeypatch):
    content, checks = text("app", size), []
    (tmp_path / "app.js").write_bytes(content)
    packed = tmp_path / f"app.js{SIBLINGS[coding]}"
    packed.write_bytes(compress(content, coding, thorough=False))
    digest = decoding.digest
    monkeypatch.setattr(sibling, "digest", lambda *arguments: checks.append(1) or digest(*arguments))
    static, client = hashed(tmp_path, watch=True)
    for _ in range(5):
        assert settle(client, static.url("app.js"), coding).data == packed.read_bytes()
    assert checks == [1]


def test_the_one_that_holds_the_bytes_is_sent_in_the_place_of_a_better_one_that_does_not(tmp_path, monkeypatch):
    content = text("app", SMALL)
    monkeypatch.setattr("spa.static.variant.LARGEST", 0)  # nothing is compressed here
    (tmp_path / "app.js").write_bytes(content)
    (tmp_path / "app.js.br").write_bytes(b"nonsense")
    (tmp_path / "app.js.gz").write_bytes(gzip.compress(content))
    static, client = hashed(tmp_path)
    answer = client.get(static.url("app.js"), headers={"Accept-Encoding": "br, gzip"})
    assert (answer.headers["Content-Encoding"], gzip.decompress(answer.data)) == ("gzip", content)


def test_what_cannot_be_decoded_here_is_sent_where_caches_ask_again_only(tmp_path, monkeypatch, caplog):
    for name in ("brotli", "zstandard", "compression", "compression.zstd"):
        monkeypatch.setitem(sys.modules, name, None)
    caches = (available_codings, decoding.can_decode, sibling._can_check)
    for function in caches:
        function.cache_clear()
    content = text("app", SMALL)
    (tmp_path / "app.js").write_bytes(content)
    (tmp_path / "app.js.br").write_bytes(b"BROTLI")
    (tmp_path / "app.js.gz").write_bytes(gzip.compress(content))
    try:
        static, client = hashed(tmp_path, watch=True)
        for _ in range(2):
            answer = client.get(static.url("app.js"), headers={"Accept-Encoding": "br, gzip"})
            assert answer.data == (tmp_path / "app.js.gz").read_bytes()
        assert plain(tmp_path).get("/files/app.js", headers={"Accept-Encoding": "br"}).data == b"BROTLI"
    finally:
        for function in caches:
            function.cache_clear()
    assert [(record.levelno, ".br siblings" in record.getMessage()) for record in caplog.records] == [
        (logging.WARNING, True)
    ]
    assert "pip install 'spa[compression]'" in caplog.text


@pytest.mark.parametrize("serve", ["hashed", "plain"])
def test_another_sibling_of_the_same_file_has_another_etag_so_that_no_download_joins_the_two(tmp_path, serve):
    content = random.Random(1).randbytes(500).hex().encode() * 4
    (tmp_path / "app.js").write_bytes(content)
    packed = tmp_path / "app.js.gz"
    packed.write_bytes(gzip.compress(content, 9))
    static, client = hashed(tmp_path, watch=True)
    url = static.url("app.js")
    if serve == "plain":
        client, url = plain(tmp_path), "/files/app.js"
    first = settle(client, url, "gzip")
    assert first.data == packed.read_bytes()
    packed.write_bytes(gzip.compress(content, 1))
    assert packed.read_bytes() != first.data
    resumed = {"Accept-Encoding": "gzip", "Range": "bytes=100-", "If-Range": first.headers["ETag"]}
    second = client.get(url, headers=resumed)
    assert (second.status_code, second.data) == (200, packed.read_bytes())
    assert second.headers["ETag"] != first.headers["ETag"]
    resumed["If-Range"] = second.headers["ETag"]
    third = client.get(url, headers=resumed)
    assert (third.status_code, third.data) == (206, packed.read_bytes()[100:])


def test_the_etag_at_a_hashed_url_is_the_same_on_every_machine(tmp_path):
    etags = set()
    for name in ("one", "two"):
        root = tmp_path / name
        root.mkdir()
        (root / "app.js").write_bytes(text("app", SMALL))
        (root / "app.js.gz").write_bytes(gzip.compress(text("app", SMALL), mtime=0))
        os.utime(root / "app.js.gz", (len(etags), 1))
        static, client = hashed(root)
        etags.add(settle(client, static.url("app.js"), "gzip").headers["ETag"])
    assert len(etags) == 1


def test_another_that_takes_its_place_meanwhile_is_not_opened(tmp_path):
    for name in ("app.js", "app.js.gz"):
        (tmp_path / name).write_bytes(gzip.compress(b"app", mtime=0) * (1 + (name == "app.js")))
    siblings, directory = Siblings(Directory(tmp_path)), Directory(tmp_path)
    for hash in (None, "0123456789ab"):
        original = Original("app.js", directory.identify("app.js"), hash)
        found = siblings.find(original)
        assert list(found) == ["gzip"]
        (tmp_path / "app.js.gz").write_bytes(b"another %d" % len(str(hash)))
        assert siblings.open(original, "gzip", found["gzip"]) is None
        assert list(siblings.find(original)) == ["gzip"], "the other has not been judged yet"


@pytest.mark.parametrize("hash", [None, "0123456789ab"])
def test_one_that_becomes_shorter_while_it_is_read_is_not_sent(tmp_path, monkeypatch, hash):
    (tmp_path / "app.js").write_bytes(text("app", SMALL))
    (tmp_path / "app.js.gz").write_bytes(gzip.compress(text("app", SMALL)))
    directory = Directory(tmp_path)
    siblings, original = Siblings(directory), Original("app.js", directory.identify("app.js"), hash)
    found = siblings.find(original)
    opened = directory.open

    def cut(path):
        file = opened(path)
        os.truncate(tmp_path / path, 10)
        return file

    monkeypatch.setattr(directory, "open", cut)
    assert siblings.open(original, "gzip", found["gzip"]) is None
    assert not siblings._verdicts._values


def test_what_is_remembered_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(sibling, "MEMORY", 5 * 1500)
    content = text("app", SMALL)
    siblings, directory = Siblings(Directory(tmp_path)), Directory(tmp_path)
    for number in range(20):
        (tmp_path / f"{number}.js").write_bytes(content)
        (tmp_path / f"{number}.js.gz").write_bytes(gzip.compress(content))
        original = Original(f"{number}.js", directory.identify(f"{number}.js"), hashing.digest(content))
        assert siblings.open(original, "gzip", siblings.find(original)["gzip"]).body
        assert sum(sibling._cost(*item) for item in siblings._verdicts._values.items()) <= sibling.MEMORY
    assert list(siblings._verdicts._values)[-1][0] == "19.js.gz"


FORK = """
import os, sys, threading
import gevent
from spa.static import sibling
from spa.static.files import Directory
from spa.static.hashing import digest
import gzip

parent, begun = os.getpid(), threading.Event()
decode = sibling.digest

def slowly(*arguments):
    if os.getpid() == parent:
        begun.set()
        threading.Event().wait()
    return decode(*arguments)

sibling.digest = slowly
content = b"x" * 500_000
with open("app.js", "wb") as file, open("app.js.gz", "wb") as packed:
    file.write(content)
    packed.write(gzip.compress(content))
siblings = sibling.Siblings(Directory("."))
original = sibling.Original("app.js", Directory(".").identify("app.js"), digest(content))
ask = lambda: siblings.open(original, "gzip", siblings.find(original)["gzip"]).body
assert ask() is None
while not begun.is_set():
    gevent.sleep(0.001)
child = gevent.os.fork()
if child:
    os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
with gevent.Timeout(10):
    while ask() is None:
        gevent.sleep(0.001)
os._exit(42)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_process_checks_anew(tmp_path):
    command = [sys.executable, "-c", FORK]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 42, done.stderr
