"""Write the hashed tree of a directory, and check it, from the command line."""

import errno
import gzip
import hashlib
import json
import os
import subprocess
import sys
import tracemalloc

import pytest
from werkzeug.test import Client

import spa
from spa.cli import main
from spa.errors import SetupError
from spa.static.encoding import SIBLINGS, available_codings
from spa.static.export import export
from spa.static.files import File
from spa.static.smart import SmartStatic


@pytest.fixture
def source(tmp_path):
    directory = tmp_path / "source"
    (directory / "css").mkdir(parents=True)
    (directory / "i.png").write_bytes(b"png")
    (directory / ".env").write_text("SECRET")
    (directory / "css" / "app.css").write_text(".x{background:url(../i.png)}\n" + ".y{color:red}\n" * 100)
    return directory


def test_export_writes_the_hashed_files_their_siblings_and_a_manifest(source, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["static", "export", str(source), str(out)]) == 0
    assert capsys.readouterr().out == f"2 files written to {out}\n"
    manifest = json.loads((out / "manifest.json").read_text())
    assert set(manifest) == {"i.png", "css/app.css"}
    sheet = (out / manifest["css/app.css"]).read_bytes()
    assert hashlib.md5(sheet).hexdigest()[:12] in manifest["css/app.css"]
    assert f'url("../{manifest["i.png"]}")'.encode() in sheet
    assert gzip.decompress((out / (manifest["css/app.css"] + ".gz")).read_bytes()) == sheet
    siblings = [manifest["css/app.css"] + SIBLINGS[coding] for coding in available_codings()]
    written = sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file())
    assert written == sorted([*manifest.values(), *siblings, "manifest.json"])


def test_the_mount_is_where_absolute_references_point(source, tmp_path):
    (source / "a.css").write_text(".x{background:url(/cdn/i.png)}")
    out = tmp_path / "out"
    assert main(["static", "export", str(source), str(out), "--mount", "/cdn/"]) == 0
    manifest = json.loads((out / "manifest.json").read_text())
    assert (out / manifest["a.css"]).read_text() == f'.x{{background:url("/cdn/{manifest["i.png"]}")}}'


def test_the_same_files_give_the_same_export(source, tmp_path):
    for out in ("one", "two"):
        main(["static", "export", str(source), str(tmp_path / out)])
    one, two = (
        {path.relative_to(tmp_path / out): path.read_bytes() for path in (tmp_path / out).rglob("*") if path.is_file()}
        for out in ("one", "two")
    )
    assert one == two


@pytest.mark.parametrize("arguments", [["export", "no/such", "out"], ["check", "no/such"]])
def test_a_missing_directory_is_one_line(arguments, capsys):
    assert main(["static", *arguments]) == 1
    error = capsys.readouterr().err
    assert error.startswith("spa: the directory 'no/such' is not there")
    assert error.count("\n") == 1


def test_an_export_into_the_directory_itself_is_refused(source, capsys):
    assert main(["static", "export", str(source), str(source / "out")]) == 1
    assert "lies in the directory to export" in capsys.readouterr().err
    assert not (source / "out").exists()


def test_check_lists_missing_references_and_fails(source, capsys):
    assert main(["static", "check", str(source)]) == 0
    (source / "a.css").write_text("\n.x{background:url(nope.png)}")
    assert main(["static", "check", str(source)]) == 1
    assert capsys.readouterr().out == "a.css:2:15: nope.png not found\n"


def test_it_is_a_module_to_run():
    done = subprocess.run([sys.executable, "-m", "spa", "--version"], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0
    assert done.stdout.startswith("spa ")


def test_a_place_that_cannot_be_written_is_a_mistake_in_the_set_up(tmp_path):
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "a.txt").write_text("x")
    (tmp_path / "file").write_text("no directory")
    for out in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(SetupError, match=f"cannot write {out}: "):
            export(SmartStatic(tmp_path / "static"), out)


def test_a_name_that_is_too_long_with_its_hash_is_named(source, tmp_path):
    name = "x" * 247 + ".js"
    (source / name).write_text("1")
    with pytest.raises(SetupError, match=rf"cannot write {tmp_path}/out/x+\.[0-9a-f]{{12}}\.js: its name is too long"):
        export(SmartStatic(source), tmp_path / "out")


def test_a_file_that_cannot_be_read_is_named_and_not_the_place_to_write_to(source, tmp_path, monkeypatch):
    def fail(descriptor, size, start):
        raise OSError(errno.EIO, "Input/output error")

    static = SmartStatic(source)
    with monkeypatch.context() as patch:
        patch.setattr(os, "pread", fail)
        with pytest.raises(SetupError, match=f"^cannot read {source}: Input/output error$"):
            export(static, tmp_path / "out")
    static.manifest("/static/")  # all is hashed, and the bytes have still to be read
    monkeypatch.setattr(os, "pread", fail)
    with pytest.raises(SetupError, match=r"^cannot read i\.png: Input/output error$"):
        export(static, tmp_path / "out")


def test_a_large_file_is_copied_in_pieces(source, tmp_path):
    (source / "film.mp4").write_bytes(os.urandom(2**20) * 32)
    static = SmartStatic(source)
    tracemalloc.start()
    try:
        manifest = export(static, tmp_path / "out")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 * 2**20
    assert (tmp_path / "out" / manifest["film.mp4"]).read_bytes() == (source / "film.mp4").read_bytes()


def test_a_file_that_is_written_to_while_it_is_copied_says_to_export_again(source, tmp_path, monkeypatch):
    (source / "film.mp4").write_bytes(b"a" * 300_000)
    static, target = SmartStatic(source), tmp_path / "out"
    pieces = File.pieces

    def change(file, start, stop):
        for piece in pieces(file, start, stop):
            if target.exists():  # all is hashed by now
                (source / "film.mp4").write_bytes(b"b" * 300_000)
            yield piece

    monkeypatch.setattr(File, "pieces", change)
    static.manifest("/static/")
    with pytest.raises(SetupError, match=r"film\.mp4 was changed in place while it was read: .*; export again"):
        export(static, target)


def test_want_of_descriptors_names_the_file(source, tmp_path, monkeypatch):
    def fail(path, *rest):
        raise OSError(errno.EMFILE, "Too many open files", path)

    static = SmartStatic(source)
    (tmp_path / "out").mkdir()
    monkeypatch.setattr(os, "open", fail)
    with pytest.raises(SetupError, match=f"^cannot read {source}/css/app.css: Too many open files$"):
        export(static, tmp_path / "out")


def test_a_file_that_goes_while_it_is_exported_says_to_export_again(source, tmp_path, monkeypatch):
    static = SmartStatic(source)
    monkeypatch.setattr(static, "manifest", lambda mount: {"gone.js": "gone.0123456789ab.js"})
    with pytest.raises(SetupError, match=r"there is no 'gone\.js' in .*; export again"):
        export(static, tmp_path / "out")


@pytest.fixture
def odd(tmp_path, monkeypatch):
    """A directory with a file and a directory that others may not read, and a name that is not UTF-8."""
    source = tmp_path / "source"
    (source / "lost+found").mkdir(parents=True)
    (source / "a.js").write_text("1")
    (source / "private.js").write_text("2")
    with open(os.fsencode(source) + b"/caf\xe9.js", "wb"):
        pass

    def refuse(path):
        if path.endswith("/lost+found/"):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return scandir(path)

    # Really to be somebody else than root would keep this process from its own modules, which may lie with root.
    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", refuse)
    monkeypatch.setattr(os, "access", lambda path, mode, **options: not path.endswith("/private.js"))
    return source


TOLD = ["lost+found cannot be listed: Permission denied", "private.js cannot be read"]


def told(caplog, source):
    prefix = f"left out of the static files: {source}/"
    return sorted(record.getMessage().removeprefix(prefix) for record in caplog.records)


def test_what_is_left_out_of_an_export_is_told(odd, tmp_path, caplog, capsys):
    assert main(["static", "export", str(odd), str(tmp_path / "out")]) == 0
    assert capsys.readouterr().out == f"1 files written to {tmp_path / 'out'}\n"
    assert told(caplog, odd) == TOLD


def test_a_check_tells_what_it_could_not_look_at(odd, caplog, capsys):
    assert main(["static", "check", str(odd)]) == 0
    assert told(caplog, odd) == TOLD


def test_odd_entries_do_not_keep_an_app_from_starting(odd):
    static = SmartStatic(odd)
    app = spa.App(
        (
            ("/", "", spa.HomePage("/static/", static, modules=["a.js"])),
            ("/static/<path:filepath>", "static", static),
        )
    )
    assert static.url("a.js") in Client(app).get("/").text
    assert set(static.manifest()) == {"a.js"}
