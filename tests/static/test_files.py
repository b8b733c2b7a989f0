"""Find files under a directory, and nothing outside it."""

import errno
import gc
import os
import resource
import socket
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import gevent
import pytest

from spa.errors import SetupError
from spa.static.files import ChangedError, Directory
from spa.static.unavailable import FileUnavailable


@pytest.fixture
def root(tmp_path):
    """A directory with a secret beside it."""
    directory = tmp_path / "root"
    (directory / "sub").mkdir(parents=True)
    (directory / "a.txt").write_text("inside")
    (directory / "sub" / "b.txt").write_text("deeper")
    (tmp_path / "secret.txt").write_text("SECRET")
    (tmp_path / "root-secret").mkdir()
    (tmp_path / "root-secret" / "a.txt").write_text("SECRET")
    return directory


def read(directory, path):
    file = directory.open(path)
    if file is None:
        return None
    try:
        return file.read()
    finally:
        file.close()


def test_a_version_is_opened_as_long_as_no_other_has_taken_its_place(root):
    directory = Directory(root)
    identity = directory.identify("a.txt")
    file = directory.open_version("a.txt", identity)
    assert (file.identity, file.read()) == (identity, b"inside")
    file.close()
    (root / "a.txt").write_text("another")
    assert directory.open_version("a.txt", identity) is None
    (root / "a.txt").unlink()
    assert directory.open_version("a.txt", identity) is None


@pytest.mark.parametrize(
    "path",
    [
        *("", ".", "..", "/", "../secret.txt", "sub/../../secret.txt", "../root-secret/a.txt", "/etc/passwd"),
        *(
            "....//secret.txt",
            "..\\secret.txt",
            "sub\\..\\..\\secret.txt",
            "%2e%2e/secret.txt",
            "%252e%252e/secret.txt",
        ),
        *("\u2025/secret.txt", "\uff0e\uff0e/secret.txt", "\ufffd\ufffd/secret.txt", "a.txt\0", "a.txt\0.png"),
        *("C:/windows/win.ini", "C:a.txt", "//host/share/a.txt", "file:///etc/passwd", "a.txt::$DATA"),
        *("a.txt/", "a.txt/x", "./a.txt", "sub/./b.txt", "sub//b.txt", "a.txt.", "a.txt ", "A.TXT", "sub", "sub/"),
        *("x" * 300, "/".join(["sub"] * 2000), "\u00fc" * 128 + "\u00fc", "a\nb", "a\x7fb", "\ufffd.txt"),
    ],
)
def test_what_is_not_the_one_path_of_a_file_inside_is_nothing(root, path):
    directory = Directory(root)
    assert directory.open(path) is None
    assert directory.identify(path) is None


@pytest.mark.parametrize(
    "name", ["CON", "con.txt", "NUL.txt", "aux.js", "COM1", "lpt9.tar.gz", "prn .txt", ".env", ".git", ".htaccess"]
)
def test_devices_and_dotfiles_are_not_served_even_if_they_are_there(root, name):
    (root / name).write_text("SECRET")
    assert Directory(root).open(name) is None


def test_what_is_below_a_hidden_directory_is_hidden_but_for_well_known(root):
    for name in (".git", ".well-known", "sub/.well-known"):
        (root / name).mkdir()
        (root / name / "config").write_text("x")
    directory = Directory(root)
    assert read(directory, ".well-known/config") == b"x"
    assert directory.open(".git/config") is None
    assert directory.open("sub/.well-known/config") is None


@pytest.mark.parametrize(
    "name", ["a b.txt", "a+b.txt", "100%.txt", "it's.txt", 'say "hi".txt', "gr\u00fc\u00df.txt", "\U0001f600.txt", "i."]
)
def test_odd_names_are_served_exactly(root, name):
    (root / name).write_text(name)
    assert read(Directory(root), name) == name.encode()


@pytest.mark.parametrize(
    ("target", "follow", "served"),
    [
        ("../secret.txt", False, False),
        ("../secret.txt", True, True),
        ("a.txt", False, True),
        ("sub/b.txt", False, True),
        (".env", False, False),
        ("link", False, False),
        ("/dev/zero", False, False),
        ("/dev/zero", True, False),
    ],
)
def test_a_link_is_followed_inside_the_root_only_unless_asked_for(root, target, follow, served):
    (root / ".env").write_text("SECRET")
    (root / "link").symlink_to(target)
    assert (read(Directory(root, follow_symlinks=follow), "link") is not None) == served


def test_a_linked_directory_outside_is_not_entered(root, tmp_path):
    (root / "out").symlink_to(tmp_path)
    assert Directory(root).open("out/secret.txt") is None
    assert Directory(root).paths() == ["a.txt", "sub/b.txt"]
    assert read(Directory(root, follow_symlinks=True), "out/secret.txt") == b"SECRET"


def test_a_fifo_a_socket_and_a_directory_are_nothing_and_never_block(root, monkeypatch):
    os.mkfifo(root / "fifo")
    with socket.socket(socket.AF_UNIX) as sock:
        monkeypatch.chdir(root)  # the address of a socket may not be long
        sock.bind("socket")
    directory = Directory(root)
    assert [directory.open(name) for name in ("fifo", "socket", "sub")] == [None, None, None]


@contextmanager
def unprivileged():
    """Be somebody who may not read everything, as root may."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)


@pytest.fixture
def open_root():
    """A directory that everybody may enter; those of pytest are for its own user only."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)


def test_an_unreadable_file_is_nothing(open_root):
    (open_root / "a.txt").write_text("inside")
    (open_root / "a.txt").chmod(0)
    with unprivileged():
        assert Directory(open_root).open("a.txt") is None


def test_what_may_not_be_read_or_listed_is_left_out_and_told_once(open_root, caplog):
    (open_root / "a.txt").write_text("x")
    (open_root / "private.txt").write_text("x")
    os.chmod(open_root / "private.txt", 0)
    (open_root / "lost+found").mkdir(mode=0o700)
    (open_root / "sub").mkdir()
    (open_root / "sub" / "link").symlink_to(open_root / "lost+found" / "below")
    (open_root / "sub" / "b.txt").write_text("x")
    os.chmod(open_root / "lost+found", 0)
    with unprivileged():
        directory = Directory(open_root)
        assert directory.paths() == directory.paths() == ["a.txt", "sub/b.txt"]
    assert sorted(record.getMessage() for record in caplog.records) == [
        f"left out of the static files: {open_root / 'lost+found'} cannot be listed: Permission denied",
        f"left out of the static files: {open_root / 'private.txt'} cannot be read",
    ]


def test_a_root_that_may_not_be_listed_is_a_mistake_in_the_set_up(open_root):
    (open_root / "root").mkdir()
    os.chmod(open_root / "root", 0o311)
    with unprivileged(), pytest.raises(SetupError, match="cannot be listed: Permission denied"):
        Directory(open_root / "root").paths()


def test_links_that_lead_nowhere_or_round_in_circles_are_left_out(root):
    (root / "loop").symlink_to("loop")
    (root / "gone").symlink_to("nowhere")
    (root / "sub" / "up").symlink_to("..")
    assert Directory(root).paths() == ["a.txt", "sub/b.txt"]


def test_a_name_that_is_not_utf8_is_nothing(root):
    with open(os.fsencode(root) + b"/caf\xe9.js", "wb"):
        pass
    (root / "link.js").symlink_to(os.fsdecode(b"caf\xe9.js"))
    directory = Directory(root)
    assert directory.paths() == ["a.txt", "sub/b.txt"]
    assert directory.open(os.fsdecode(b"caf\xe9.js")) is None


@pytest.mark.parametrize("name", ["open", "scandir"])
@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.EIO, errno.ENOMEM])
def test_want_of_descriptors_is_not_want_of_a_file(root, monkeypatch, number, name):
    def fail(*arguments, **options):
        raise OSError(number, os.strerror(number), "a.txt")

    directory = Directory(root)
    monkeypatch.setattr(os, name, fail)
    with pytest.raises(FileUnavailable):
        directory.open("a.txt") if name == "open" else directory.paths()


def test_a_process_without_descriptors_cannot_tell_which_files_there_are(root):
    directory = Directory(root)
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, limits[1]))
    try:
        with pytest.raises(FileUnavailable):
            directory.open("a.txt")
        assert directory.open("nope.txt") is None
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert read(directory, "a.txt") == b"inside"


def test_an_open_file_stays_the_same_when_another_takes_its_name(root):
    directory = Directory(root)
    file = directory.open("a.txt")
    (root / "new").write_text("other bytes")
    (root / "new").rename(root / "a.txt")
    assert file.read() == b"inside"
    assert file.identity != directory.identify("a.txt")
    file.close()


def test_a_file_that_nobody_holds_any_more_is_closed_without_a_warning(root, recwarn):
    file = Directory(root).open("a.txt")
    descriptor = file.descriptor
    pieces = file.pieces(0, file.size)
    del file
    os.fstat(descriptor)  # who reads it holds it
    del pieces
    gc.collect()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)
    assert not recwarn


def test_a_file_that_became_shorter_is_an_error_that_ends_the_connection(root):
    file = Directory(root).open("a.txt")
    os.truncate(root / "a.txt", 3)
    with pytest.raises(ChangedError):
        file.read()
    file.close()
    file.close()


@pytest.mark.parametrize(
    ("change", "is_growth"),
    [
        (lambda path: path.write_bytes(b"b" * 300_000), False),
        (lambda path: path.write_bytes(b"b" * 299_999), False),
        (lambda path: path.write_bytes(b"b" * 300_001), True),
        (lambda path: os.truncate(path, 299_999), False),
    ],
)
@pytest.mark.parametrize("may_grow", [False, True])
def test_no_byte_is_given_of_a_file_that_was_written_to_since_it_was_opened(root, change, is_growth, may_grow):
    (root / "a.bin").write_bytes(b"a" * 300_000)
    os.utime(root / "a.bin", (1, 1))
    file = Directory(root).open("a.bin")
    file.may_grow = may_grow
    pieces = file.pieces(0, file.size)
    assert set(next(pieces)) == {ord("a")}
    change(root / "a.bin")
    if may_grow and is_growth:  # as a log does
        assert sum(map(len, pieces)) < 300_000
    else:
        with pytest.raises(ChangedError):
            next(pieces)
    file.close()


@pytest.mark.parametrize(
    "change", [os.unlink, lambda path: os.chmod(path, 0o600), lambda path: os.link(path, f"{path}2")]
)
def test_a_file_whose_bytes_stay_is_given_whole(root, change):
    (root / "a.bin").write_bytes(b"a" * 300_000)
    file = Directory(root).open("a.bin")
    pieces = file.pieces(0, file.size)
    next(pieces)
    change(root / "a.bin")
    assert sum(map(len, pieces)) < 300_000
    file.close()


def test_paths_are_all_that_may_be_served_sorted(root):
    (root / ".env").write_text("SECRET")
    os.mkfifo(root / "fifo")
    assert Directory(root).paths() == ["a.txt", "sub/b.txt"]


def test_the_data_of_a_package_can_be_served(root, tmp_path, monkeypatch):
    package = tmp_path / "shop"
    (package / "assets").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "assets" / "a.txt").write_text("in a package")
    monkeypatch.syspath_prepend(tmp_path)
    assert read(Directory(("shop", "assets")), "a.txt") == b"in a package"
    del sys.modules["shop"]


@pytest.mark.parametrize(
    "root",
    [
        *("/no/such/directory", ("no_such_package", "static"), ("spa", "no_such_folder"), __file__),
        *(None, 7, b"static", ("spa",), ("spa", "static", "files")),
    ],
)
def test_a_directory_that_is_not_there_is_a_mistake_in_the_setup(root):
    with pytest.raises(SetupError):
        Directory(root)


def test_is_directory_knows_folders_inside_only(root, tmp_path):
    (root / "out").symlink_to(tmp_path)
    (root / ".git").mkdir()
    directory = Directory(root)
    paths = ["", "sub", "a.txt", "..", "out", ".git", "nope"]
    assert [directory.is_directory(path) for path in paths] == [True, True, False, False, False, False, False]


def test_what_may_not_be_served_is_still_so_until_it_may(root):
    directory = Directory(root)
    (root / "out.txt").symlink_to(root.parent / "secret.txt")
    refused = ["sub", "out.txt", ".hidden", "con.txt", "none.txt"]
    (root / ".hidden").write_text("x")
    (root / "con.txt").write_text("x")
    assert [path for path in refused if not directory.is_still(path, None)] == []
    (root / "out.txt").unlink()
    (root / "out.txt").write_text("x")
    assert not directory.is_still("out.txt", None)


def test_a_version_of_a_file_is_still_the_same_until_it_changes_or_goes(root):
    directory = Directory(root)
    identity = directory.identify("a.txt")
    assert directory.is_still("a.txt", identity)
    assert not directory.is_still("sub/b.txt", identity)
    (root / "a.txt").unlink()
    assert not directory.is_still("a.txt", identity)


def test_a_log_whose_time_is_there_before_what_is_appended_is_read_as_far_as_it_went(tmp_path):
    path = tmp_path / "a.log"
    path.write_bytes(b"a" * 1000)
    file = Directory(tmp_path).open("a.log")
    file.may_grow = True
    os.utime(path, (1, 1))  # as a look into the midst of a write finds it

    def append():
        with path.open("ab") as log:
            log.write(b"b")

    gevent.spawn(append)
    assert file.read() == b"a" * 1000
    os.truncate(path, 1000)
    with pytest.raises(ChangedError):  # nothing comes behind it
        file.read()
    file.close()
