"""Find files under a directory, and nothing outside it."""

import os
import socket
import sys
import tempfile
from pathlib import Path

import pytest

from spa.errors import SetupError
from spa.static.files import Directory, TruncatedError, is_servable


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
        *("x" * 300, "/".join(["sub"] * 2000), "\u00fc" * 128 + "\u00fc", "a\nb", "a\x7fb"),
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


def test_an_unreadable_file_is_nothing():
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        path = Path(folder, "a.txt")
        path.write_text("inside")
        path.chmod(0)
        directory = Directory(folder)
        user = os.geteuid()
        if user == 0:
            os.seteuid(65534)  # root reads everything
        try:
            assert directory.open("a.txt") is None
        finally:
            os.seteuid(user)


def test_an_open_file_stays_the_same_when_another_takes_its_name(root):
    directory = Directory(root)
    file = directory.open("a.txt")
    (root / "new").write_text("other bytes")
    (root / "new").rename(root / "a.txt")
    assert file.read() == b"inside"
    assert file.identity != directory.identify("a.txt")
    file.close()


def test_a_file_that_became_shorter_is_an_error_that_ends_the_connection(root):
    file = Directory(root).open("a.txt")
    os.truncate(root / "a.txt", 3)
    with pytest.raises(TruncatedError):
        file.read()
    file.close()
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
    "root", ["/no/such/directory", ("no_such_package", "static"), ("spa", "no_such_folder"), __file__]
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


def test_a_path_may_have_64_segments():
    assert is_servable("/".join(["x"] * 64))
    assert not is_servable("/".join(["x"] * 65))
