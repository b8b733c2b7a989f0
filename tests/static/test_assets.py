"""Make assets: what is read for them, and when."""

import os
import threading
from collections import Counter
from pathlib import Path

import gevent
import pytest

from spa.static import assets as module
from spa.static import reading
from spa.static.assets import MOUNTS, Assets
from spa.static.files import Directory, File

FILES = {
    "css/app.css": b'@import "base.css"; .x{background:url(../i.png)} .y{background:url(/static/big.bin)}',
    "css/base.css": b".z{background:url(nope.png)}",
    "css/circle.css": b'@import "circle.css";',
    "js/app.js": b"x()\n//# sourceMappingURL=app.js.map",
    "js/app.js.map": b"{}",
    "js/plain.js": b"y()",
    "i.png": b"i",
    "big.bin": b"0123456789" * 200_000,
}


@pytest.fixture
def root(tmp_path):
    for path, data in FILES.items():
        file = tmp_path / path
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(data)
    return tmp_path


@pytest.fixture
def reads(monkeypatch):
    """Count how often each file is read."""
    counted = Counter()
    read = reading.read

    def counting(file):
        counted[file.path] += 1
        return read(file)

    monkeypatch.setattr(reading, "read", counting)
    return counted


def get_all(assets, paths=tuple(FILES), mount="/static/"):
    found = [assets.get(path, mount, look=True) for path in paths]
    return {asset.path: (asset.hash, asset.disk_hash, asset.size, asset.body) for asset in found}


@pytest.mark.parametrize("paths", [list(FILES), list(reversed(FILES)), sorted(FILES)])
def test_in_whatever_order_assets_are_made_they_are_the_same_and_few_files_are_read_twice(root, reads, paths):
    together = get_all(Assets(Directory(root)), paths)
    # A stylesheet that another one refers to is read with it, and again when it is asked for before or after.
    assert {path for path, count in reads.items() if count > 1} <= {"css/base.css"}
    assert together == {path: get_all(Assets(Directory(root)), [path])[path] for path in paths}


def test_nothing_is_read_again_before_it_changes(root, reads):
    assets = Assets(Directory(root))
    before = get_all(assets)
    reads.clear()
    assert get_all(assets) == before
    assert not reads
    (root / "i.new").write_bytes(b"another")
    os.replace(root / "i.new", root / "i.png")
    after = get_all(assets)
    assert {path for path in FILES if after[path] != before[path]} == {"i.png", "css/app.css"}
    assert reads["big.bin"] == reads["js/plain.js"] == 0


def test_under_another_mount_only_what_refers_to_something_is_read_again(root, reads):
    assets = Assets(Directory(root))
    for path in FILES:
        assets.get(path, "/static/", look=False)
    reads.clear()
    for path in FILES:
        assets.get(path, "/app/static/", look=False)
    assert set(reads) == {"css/app.css", "css/base.css", "css/circle.css", "js/app.js"}


def test_a_change_of_a_stylesheet_without_references_is_seen_through_a_circle(root):
    Path(root, "css/circle.css").write_bytes(b'@import "circle.css"; @import "leaf.css";')
    Path(root, "css/leaf.css").write_bytes(b"l{}")
    assets = Assets(Directory(root))
    before = assets.get("css/circle.css", "/", look=True).hash
    Path(root, "css/new.css").write_bytes(b"l{color:red}")
    os.replace(root / "css/new.css", root / "css/leaf.css")
    assert assets.get("css/circle.css", "/", look=True).hash != before


def test_while_a_large_file_is_read_others_are_made_and_those_who_want_it_read_it_once(root, reads, monkeypatch):
    assets, counting, go_on = Assets(Directory(root)), reading.read, threading.Event()

    def read(file):
        if file.path == "big.bin":  # it is in a thread
            assert go_on.wait(20)
        return counting(file)

    monkeypatch.setattr(reading, "read", read)
    with gevent.Timeout(20):
        waiting = [gevent.spawn(assets.get, "big.bin", mount, True) for mount in ("/static/", "/static/", "/a/", "/b/")]
        gevent.sleep(0)
        for path in ("i.png", "js/plain.js", "css/circle.css"):
            assert assets.get(path, "/static/", look=False).path == path
        assert not any(greenlet.ready() for greenlet in waiting)
        go_on.set()
        assert [greenlet.get().size for greenlet in waiting] == [len(FILES["big.bin"])] * 4
    assert reads["big.bin"] == 1
    assert not assets._leaf_locks


def test_a_file_that_changes_while_it_is_read_is_read_by_one_at_a_time(root, monkeypatch, capfd):
    assets, read, begun, most, gate = Assets(Directory(root)), reading.read, [], [], threading.Semaphore(0)

    def changing(file):  # in a thread
        begun.append(file)
        most.append(len(begun))
        os.utime(root / "big.bin", ns=(0, len(most)))
        try:
            assert gate.acquire(timeout=20)
            return read(file)
        finally:
            begun.remove(file)

    monkeypatch.setattr(reading, "read", changing)
    with gevent.Timeout(20):
        waiting = [gevent.spawn(assets.get, "big.bin", "/", True) for _ in range(4)]
        for number in range(8):
            while not begun:
                gevent.sleep(0.001)
            gate.release()
            assert waiting[number].get() is None
            if number < 4:  # as each leaves, another comes
                waiting.append(gevent.spawn(assets.get, "big.bin", "/", True))
                gevent.sleep(0)
    assert most == [1] * 8
    assert not assets._leaf_locks
    assert "ChangedError" not in capfd.readouterr().err  # as gevent prints what is raised in a thread


@pytest.mark.parametrize("path", ["big.bin", "i.png"])
def test_a_file_that_grows_while_it_is_read_has_no_hash_until_it_rests(root, monkeypatch, path):
    """A copy that is going on would be hashed anew with each of its pieces, and each hash be out of date at once."""
    assets, pieces, given = Assets(Directory(root)), File.pieces, []

    def growing(self, start, stop):
        with open(root / path, "ab") as copy:
            copy.write(b"more")
        for piece in pieces(self, start, stop):
            given.append(piece)
            yield piece

    monkeypatch.setattr(File, "pieces", growing)
    assert assets.get(path, "/", look=True) is None
    assert not given  # nor is the rest read in vain
    monkeypatch.undo()
    assert assets.get(path, "/", look=True).size == (root / path).stat().st_size


def test_who_is_killed_while_a_large_file_is_read_leaves_no_file_open_and_no_noise(root, monkeypatch, capfd):
    assets, read, go_on, files = Assets(Directory(root)), reading.read, threading.Event(), []

    def waiting(file):  # in a thread
        files.append(file)
        assert go_on.wait(20)
        return read(file)

    monkeypatch.setattr(reading, "read", waiting)
    with gevent.Timeout(20):
        greenlet = gevent.spawn(assets.get, "big.bin", "/", True)
        while not files:
            gevent.sleep(0.001)
        greenlet.kill()
        assert files[0].descriptor >= 0  # the thread reads it
        go_on.set()
        while files[0].descriptor >= 0:
            gevent.sleep(0.001)
        assert assets.get("big.bin", "/", True).size == len(FILES["big.bin"])
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("more", [0, 1])  # the pool takes one task more than it has threads, and lets others wait
def test_a_large_file_is_closed_if_who_wants_it_is_killed_before_there_is_a_thread(root, monkeypatch, more):
    directory, go_on, files = Directory(root), threading.Event(), []
    open_file = directory.open
    monkeypatch.setattr(directory, "open", lambda path: files.append(open_file(path)) or files[-1])
    pool = gevent.get_hub().threadpool
    with gevent.Timeout(20):
        busy = [pool.spawn(go_on.wait, 20) for _ in range(pool.maxsize + more)]
        greenlet = gevent.spawn(Assets(directory).get, "big.bin", "/", True)
        while not files:
            gevent.sleep(0)
        greenlet.kill()
        go_on.set()
        gevent.joinall(busy)
        while files[0].descriptor >= 0:
            gevent.sleep(0.001)


@pytest.mark.parametrize("path", ["big.bin", "i.png"])
def test_what_goes_wrong_while_a_file_is_read_is_raised_where_it_was_asked_for(root, monkeypatch, capfd, path):
    def fail(file):
        raise OSError("the disk is broken")

    monkeypatch.setattr(reading, "read", fail)
    with pytest.raises(OSError, match="the disk is broken"):
        Assets(Directory(root)).get(path, "/", look=True)
    assert capfd.readouterr().err == ""


def test_a_mount_that_is_used_stays_known_however_many_others_there_are(root, reads):
    assets = Assets(Directory(root))
    for number in range(2 * MOUNTS):
        assets.get("css/app.css", "/static/", look=False)
        assets.get("css/app.css", f"/{number}/", look=False)
    reads.clear()
    assets.get("css/app.css", "/static/", look=False)
    assert not reads
    assert len({mount for _, mount in assets._assets}) == MOUNTS


def test_a_circle_has_another_hash_when_a_line_moves_from_one_member_to_another(root):
    def hashes():
        assets = Assets(Directory(root))
        return {assets.get(f"css/{name}.css", "/", look=True).hash for name in ("base", "site")}

    Path(root, "css/base.css").write_bytes(b'@import "site.css";@import "print.css" print;')
    Path(root, "css/site.css").write_bytes(b'@import "base.css";.s{}')
    before = hashes()
    Path(root, "css/base.css").write_bytes(b'@import "site.css";')
    Path(root, "css/site.css").write_bytes(b'@import "print.css" print;@import "base.css";.s{}')
    assert not before & hashes()


def test_what_a_circle_refers_to_is_looked_up_a_few_times_for_each_member_not_for_each_pair(root):
    count = 30
    asked = Counter()

    class Counting(Assets):
        def get(self, path, mount, look):
            asked[path] += 1
            return super().get(path, mount, look)

    imports = "".join(f'@import "{number}.css";' for number in range(count))
    for number in range(count):
        Path(root, f"css/{number}.css").write_text(f"{imports}.x{{background:url(../i.png)}}")
    asset = Counting(Directory(root)).get("css/0.css", "/", look=True)
    assert asset.made_from.keys() == {"i.png", *(f"css/{number}.css" for number in range(count))}
    assert asked["i.png"] <= 2 * count + 1  # the bytes of each are written twice


def test_a_stylesheet_that_refers_to_what_may_not_be_served_is_made_once(root, reads):
    (root / "css/d").mkdir()
    (root / "css/.hidden").write_bytes(b"x")
    (root / "css/con.png").write_bytes(b"x")
    (root / "css/out.png").symlink_to("/dev/null")
    Path(root, "css/app.css").write_bytes(b"x{y:url(d) url(.hidden) url(con.png) url(out.png) url(../i.png)}")
    assets = Assets(Directory(root))
    before = assets.get("css/app.css", "/", look=True)
    assert [missing.url for missing in before.missing] == ["d", ".hidden", "con.png", "out.png"]
    reads.clear()
    assert assets.get("css/app.css", "/", look=True) is before
    assert not reads
    (root / "css/d").rmdir()
    (root / "css/d").write_bytes(b"x")
    assert b"url(\"d." in assets.get("css/app.css", "/", look=True).body


def write(root, path, data):
    """Write a new file beside, and give it the name."""
    (root / "new").write_bytes(data)
    os.replace(root / "new", root / path)


def test_a_rewritten_asset_that_another_follows_is_kept_with_its_bytes_and_its_charset(root):
    assets = Assets(Directory(root))
    write(root, "css/app.css", b"/* caf\xe9 */ .x{background:url(../i.png)}")
    before = assets.get("css/app.css", "/", look=True)
    assert assets.find_earlier("css/app.css", before.hash) is None
    write(root, "i.png", b"another")
    after = assets.get("css/app.css", "/", look=True)
    earlier = assets.find_earlier("css/app.css", before.hash)
    assert assets.read_small(earlier) == before.body != after.body
    assert (earlier.size, earlier.charset, earlier.hashed_path) == (before.size, None, before.hashed_path)


def test_what_is_on_disk_as_it_is_served_is_not_kept_when_another_follows(root):
    assets = Assets(Directory(root))
    before = assets.get("i.png", "/", look=True)
    write(root, "i.png", b"another")
    assert assets.get("i.png", "/", look=True).hash != before.hash
    assert assets.find_earlier("i.png", before.hash) is None


def test_of_earlier_assets_those_asked_for_last_are_kept(root, monkeypatch):
    monkeypatch.setattr(module, "EARLIER", 2 * (module.OVERHEAD + 200))
    assets, hashes = Assets(Directory(root)), []
    for number in range(4):
        write(root, "i.png", b"%d" % number)
        hashes.append(assets.get("css/app.css", "/static/", look=True).hash)
        assets.find_earlier("css/app.css", hashes[0])
    assert [assets.find_earlier("css/app.css", hash) is not None for hash in hashes] == [True, False, True, False]
