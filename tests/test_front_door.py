"""Hold the names that users import: sorted, complete, and each with a docstring."""

import ast
import importlib
import inspect
from pathlib import Path

import pytest

import spa

PACKAGE = Path(spa.__file__).parent
FRONT_DOORS = [
    ".".join(path.parent.relative_to(PACKAGE.parent).parts)
    for path in sorted(PACKAGE.rglob("__init__.py"))
    if "__all__" in path.read_text()
]


def names(door):
    return [(door, name) for name in importlib.import_module(door).__all__]


def test_the_front_door_has_what_the_quickstart_needs():
    assert {
        "App",
        "Handler",
        "JSONHandler",
        "JSONResponse",
        "Request",
        "Response",
        "include",
        "mount",
        "run",
    } <= set(spa.__all__)


@pytest.mark.parametrize("door", FRONT_DOORS)
def test_all_is_sorted(door):
    exported = importlib.import_module(door).__all__
    assert exported == sorted(set(exported))


@pytest.mark.parametrize("door", FRONT_DOORS)
def test_all_is_complete(door):
    module = importlib.import_module(door)
    tree = ast.parse(Path(module.__file__).read_text())
    imported = {
        alias.asname or alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    assert imported == set(module.__all__)


@pytest.mark.parametrize(("door", "name"), [pair for door in FRONT_DOORS for pair in names(door)])
def test_every_name_has_a_docstring_of_its_own(door, name):
    docstring = getattr(importlib.import_module(door), name).__doc__  # a class does not inherit it
    assert docstring
    assert docstring.strip()


@pytest.mark.parametrize(("door", "name"), [pair for door in FRONT_DOORS for pair in names(door)])
def test_every_public_method_has_a_docstring(door, name):
    exported = getattr(importlib.import_module(door), name)
    members = vars(exported).items() if inspect.isclass(exported) else ()
    missing = [
        member
        for member, value in members
        if not member.startswith("_") and (inspect.isfunction(value) or isinstance(value, property))
        if not inspect.getdoc(value)
    ]
    assert missing == []


def test_star_import_gives_exactly_the_front_door():
    namespace = {}
    exec("from spa import *", namespace)
    del namespace["__builtins__"]
    assert sorted(namespace) == spa.__all__
