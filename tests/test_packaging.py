"""The wheel and the source distribution build without a warning, hold what they should, and can be installed."""

import io
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
from readme_renderer import rst

from tests.processes import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
FOLDERS = (".ci", "benchmarks", "docs", "examples", "spa", "tests")
FILES = (
    *(".gitignore", ".readthedocs.yaml", "AUTHORS", "CHANGELOG.rst", "LICENSE.txt", "README.rst"),
    *("pyproject.toml", "setup.py"),
)
IGNORED = shutil.ignore_patterns("__pycache__", "*.pyc", "_build")
TIMEOUT = 120.0  # seconds for one command, on a slow and busy machine
ENVIRON = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}  # it may lead to another Spa


def run(*words, env=ENVIRON, **options):
    """Run a command that must succeed, and return what it wrote to stdout."""
    done = subprocess.run(words, capture_output=True, text=True, timeout=TIMEOUT, check=False, env=env, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy of the checkout, from which all is built: without git, and without what has been built before."""
    copy = tmp_path_factory.mktemp("checkout")
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, copy / folder, ignore=IGNORED)
    for name in FILES:
        shutil.copy(ROOT / name, copy)
    return copy


@pytest.fixture(scope="module")
def files(checkout):
    """The names of all files in the checkout, before the build puts its own beside them."""
    return {str(path.relative_to(checkout)) for path in checkout.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def built(checkout, files, tmp_path_factory):
    """The directory with a source distribution, and with the wheel that was built from it."""
    out = tmp_path_factory.mktemp("dist")
    env = {**ENVIRON, "PYTHONWARNINGS": "error"}  # those of setuptools too, of what it will not take for much longer
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", out, checkout, env=env)
    return out


@pytest.fixture(scope="module")
def wheel(built):
    (path,) = built.glob("*.whl")
    return path


def test_the_wheel_holds_the_package_and_its_licence_and_no_tests(wheel, files):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        licence = archive.read(f"spa-{PROJECT['version']}.dist-info/licenses/LICENSE.txt")
    info = f"spa-{PROJECT['version']}.dist-info"
    package = {name for name in files if name.startswith("spa/")}
    assert "spa/py.typed" in package
    assert {name for name in names if not name.startswith(f"{info}/")} == package
    assert {f"{info}/licenses/LICENSE.txt", f"{info}/licenses/AUTHORS"} <= names
    assert licence == (ROOT / "LICENSE.txt").read_bytes()


def test_the_wheel_is_for_every_machine(wheel):
    assert wheel.name == f"spa-{PROJECT['version']}-py3-none-any.whl"


def test_the_source_distribution_holds_the_whole_checkout(built, files):
    (path,) = built.glob("*.tar.gz")
    root = f"spa-{PROJECT['version']}/"
    with tarfile.open(path) as archive:
        names = {member.name.removeprefix(root) for member in archive.getmembers() if member.isfile()}
    made = {name for name in names if name.startswith("spa.egg-info/")} | {"PKG-INFO", "setup.cfg"}
    assert names - made == files


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """The Python of a fresh virtual environment that has the wheel, and sees the dependencies of this one behind it."""
    directory = tmp_path_factory.mktemp("venv")
    run(sys.executable, "-m", "venv", directory)
    python = directory / "bin" / "python"
    run(python, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", wheel)
    (packages,) = directory.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return python


def test_the_installed_package_is_the_one_that_is_imported(installed, tmp_path):
    place = Path(run(installed, "-W", "error", "-c", "import spa; print(spa.__file__)", cwd=tmp_path).strip())
    assert place.is_relative_to(installed.parent.parent)
    assert (place.parent / "py.typed").is_file()


def test_the_command_is_installed(installed, tmp_path):
    assert run(installed.parent / "spa", "--version", cwd=tmp_path) == f"spa {PROJECT['version']}\n"


def test_the_installed_metadata_is_that_of_the_project(installed, tmp_path):
    program = """
from importlib.metadata import metadata, requires
found = metadata("spa")
print(found["Name"], found["Version"], found["Requires-Python"], found["License-Expression"])
print(*found.get_all("License-File"))
print(*sorted(found.get_all("Provides-Extra")))
print(*sorted(line for line in requires("spa") if "extra" not in line))
"""
    lines = run(installed, "-c", program, cwd=tmp_path).splitlines()
    assert lines == [
        f"spa {PROJECT['version']} >=3.11 BSD-3-Clause",
        "LICENSE.txt AUTHORS",
        " ".join(sorted(PROJECT["optional-dependencies"])),
        " ".join(sorted(PROJECT["dependencies"])),
    ]


@pytest.fixture
def index(tmp_path):
    """A directory that has, as the package index does, another Spa of a lower version."""
    directory, info = tmp_path / "index", "spa-0.10.1.dist-info"
    directory.mkdir()
    with zipfile.ZipFile(directory / "spa-0.10.1-py3-none-any.whl", "w") as archive:
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: spa\nVersion: 0.10.1\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", f"{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")
    return directory


@pytest.mark.parametrize("is_beside", [True, False])
def test_the_requirements_of_the_recipes_take_the_wheel_beside_them_and_no_other_spa(wheel, index, tmp_path, is_beside):
    app, packages = tmp_path / "app", tmp_path / "packages"
    app.mkdir()
    shutil.copy(ROOT / "examples" / "deploy" / "requirements.txt", app)
    if is_beside:
        shutil.copy(wheel, app)
    install = [sys.executable, "-m", "pip", "install", "--no-index", "--no-deps", "--find-links", index]
    done = subprocess.run(
        [*install, "--target", packages, "--requirement", app / "requirements.txt"],
        cwd=tmp_path,  # the wheel stands beside the file, wherever pip is started
        env=ENVIRON,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    found = [path.name for path in packages.glob("spa-*")]
    assert (done.returncode == 0, found) == (is_beside, [f"spa-{PROJECT['version']}.dist-info"] if is_beside else [])
    assert is_beside or "No matching distribution found for spa" in done.stderr


def test_an_extra_leaves_the_spa_that_is_installed(installed, index, tmp_path):
    install = [installed, "-m", "pip", "install", "--no-index", "--find-links", index, "--dry-run"]
    said = run(*install, "spa[jwt]", cwd=tmp_path)
    assert "Requirement already satisfied: spa[jwt]" in said
    assert "Would install" not in said


def test_the_readme_can_be_shown_by_the_package_index():
    warnings = io.StringIO()
    assert rst.render((ROOT / "README.rst").read_text(), stream=warnings)
    assert warnings.getvalue() == ""


def test_setup_py_says_nothing_but_that_setuptools_is_used():
    assert (ROOT / "setup.py").read_text().split() == ["from", "setuptools", "import", "setup", "setup()"]


def oldest(*extras):
    return run(sys.executable, ROOT / ".ci" / "oldest.py", *extras).splitlines()


def test_the_oldest_versions_are_the_lower_bounds():
    bounds = [line.replace(">=", "==") for line in PROJECT["dependencies"]]
    assert oldest() == bounds
    assert oldest("compression") == bounds + [
        line.replace(">=", "==") for line in PROJECT["optional-dependencies"]["compression"]
    ]


def test_every_requirement_has_one_lower_bound_wherever_it_stands():
    extras = [name for name, lines in PROJECT["optional-dependencies"].items() if lines]
    names = [re.split(r"[\[=]", line)[0] for line in oldest(*extras)]
    assert sorted(names) == sorted(set(names))


def test_a_requirement_without_a_lower_bound_is_an_error(tmp_path):
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "oldest.py", tmp_path / ".ci")
    (tmp_path / "pyproject.toml").write_text('[project]\ndependencies = ["gevent"]\n')
    done = subprocess.run(
        [sys.executable, tmp_path / ".ci" / "oldest.py"], capture_output=True, text=True, timeout=TIMEOUT, check=False
    )
    assert (done.returncode, done.stderr) == (
        1,
        "'gevent' has no lower bound; write name>=version into pyproject.toml\n",
    )
