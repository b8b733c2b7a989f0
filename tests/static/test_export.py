"""Write the hashed tree of a directory, and check it, from the command line."""

import gzip
import hashlib
import json
import subprocess
import sys

import pytest

from spa.cli import main
from spa.errors import SetupError
from spa.static.encoding import SIBLINGS, available_codings
from spa.static.export import export
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
        with pytest.raises(SetupError, match="cannot write to"):
            export(SmartStatic(tmp_path / "static"), out)
