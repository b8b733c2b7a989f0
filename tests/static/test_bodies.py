"""What is kept in memory, and how much of it."""

import pytest

from spa.static import bodies
from spa.static.bodies import Bodies, OtherBytes
from spa.static.files import Directory
from spa.static.hashing import digest

A = digest(b"a" * 100)


@pytest.fixture
def directory(tmp_path):
    for name in "abc":
        (tmp_path / name).write_bytes(name.encode() * 100)
    return Directory(tmp_path)


def test_a_small_file_is_read_once(directory, monkeypatch):
    kept, identity = Bodies(directory), directory.identify("a")
    assert kept.read("a", identity, A) == b"a" * 100
    monkeypatch.setattr(directory, "open", lambda path: pytest.fail("read again"))
    assert kept.read("a", identity, A) == b"a" * 100


def test_a_large_file_is_not_read(directory, monkeypatch):
    monkeypatch.setattr(bodies, "SMALL", 99)
    assert Bodies(directory).read("a", directory.identify("a"), A) is None


def test_another_version_is_not_read(directory, tmp_path):
    kept, identity = Bodies(directory), directory.identify("a")
    (tmp_path / "a").write_bytes(b"another")
    assert kept.read("a", identity, A) is None
    (tmp_path / "a").unlink()
    assert kept.read("a", identity, A) is None


def test_bytes_that_have_another_hash_are_not_kept_though_they_have_the_identity(directory):
    kept, identity = Bodies(directory), directory.identify("a")
    for _ in range(2):
        with pytest.raises(OtherBytes):
            kept.read("a", identity, digest(b"b" * 100))
    assert kept.read("a", identity, A) == b"a" * 100


def test_the_least_used_goes_first(directory, monkeypatch):
    monkeypatch.setattr(bodies, "MEMORY", 2 * (100 + bodies.OVERHEAD))
    kept = Bodies(directory)
    identities = {name: directory.identify(name) for name in "abc"}
    for name in "abac":
        kept.read(name, identities[name], digest(name.encode() * 100))
    monkeypatch.setattr(directory, "open", lambda path: None)
    assert [name for name in "abc" if kept.read(name, identities[name], digest(name.encode() * 100))] == ["a", "c"]


def test_many_empty_files_are_bounded_too(directory, tmp_path, monkeypatch):
    monkeypatch.setattr(bodies, "MEMORY", 10 * bodies.OVERHEAD)
    kept = Bodies(directory)
    for number in range(30):
        (tmp_path / f"{number}.js").touch()
        assert kept.read(f"{number}.js", directory.identify(f"{number}.js"), digest(b"")) == b""
    assert len(kept._small._values) == 10
