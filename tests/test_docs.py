"""The Python of the README and the docs runs as it is printed, and the README's commands are what they claim."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import ROOT

README = ROOT / "README.rst"
PAGES = [README, *sorted((ROOT / "docs").glob("*.rst"))]
TIMEOUT = 60.0  # seconds a page's code may run


def python_of(page: Path) -> str:
    """Return the code blocks of a page as one module, each line where the page has it."""
    module: list[str] = []
    start: int | None = None  # the indentation of the directive we are in
    for line in page.read_text().splitlines():
        indent = len(line) - len(line.lstrip())
        if start is not None and line.strip() and indent <= start:
            start = None
        if line.strip() == ".. code-block:: python":
            start = indent
            module.append("")
        else:
            module.append(line[start + 4 :] if start is not None else "")
    return "\n".join(module) + "\n"


def commands_of(page: Path) -> list[str]:
    """Return the lines of a page that make a virtual environment."""
    return re.findall(r"^ +(python3 -m venv .*)$", page.read_text(), re.MULTILINE)


def imported_in_subprocess(name: str, directory: Path) -> subprocess.CompletedProcess[str]:
    """Import a module, as a server would, so that ``spa.run`` at its end is ignored."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", f"import {name}"],
        cwd=directory,
        env={**os.environ, "SECRET": "s" * 32},  # which an app with sessions is given
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_python_of_a_page_runs(page: Path, tmp_path: Path) -> None:
    code = python_of(page)
    if not code.strip():
        assert "code-block:: python" not in page.read_text()
        return
    name = f"page_{page.stem.lower()}"
    (tmp_path / f"{name}.py").write_text(code)
    done = imported_in_subprocess(name, tmp_path)
    assert done.returncode == 0, done.stderr
    if "\nspa.run(" in code:
        assert "spa.run ignored" in done.stderr


def test_a_page_whose_code_fails_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.rst"
    block = ".. code-block:: python\n\n    {}\n\n"
    page.write_text("Text.\n\n" + block.format("x = 1") + "More.\n\n" + block.format("assert x == 2"))
    (tmp_path / "page_broken.py").write_text(python_of(page))
    done = imported_in_subprocess("page_broken", tmp_path)
    assert done.returncode == 1
    assert 'page_broken.py", line 11' in done.stderr


def test_the_readme_shows_the_quickstart_example() -> None:
    example = (ROOT / "examples" / "quickstart.py").read_text()
    docstring = ast.get_docstring(ast.parse(example))
    assert python_of(README).strip() == example.replace(f'"""{docstring}"""', "").strip()


def test_the_readme_has_two_set_up_commands() -> None:
    run, test = commands_of(README)
    assert run.endswith("python examples/quickstart.py")
    assert test.endswith("pytest")
    assert "'.[test]'" in test


def test_the_docs_give_the_same_set_up_command_as_the_readme() -> None:
    assert commands_of(ROOT / "docs" / "quickstart.rst") == commands_of(README)[:1]


def test_every_page_is_reached_from_the_index() -> None:
    index = (ROOT / "docs" / "index.rst").read_text()
    listed = set(re.findall(r"^   (\w+)$", index, re.MULTILINE))
    assert listed == {page.stem for page in (ROOT / "docs").glob("*.rst")} - {"index"}


def test_the_readme_links_to_pages_that_exist() -> None:
    targets = re.findall(r"<((?:docs/)?\w+\.rst)>`__", README.read_text())
    assert targets
    assert [target for target in targets if not (ROOT / target).is_file()] == []
