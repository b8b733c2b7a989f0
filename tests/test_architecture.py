"""Hold the cut of the package: imports point down, pure files are pure, and each file says its sentence."""

import ast
import re
import subprocess
import sys
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "spa"
FILES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}
FRONT_DOORS = {name for name, path in FILES.items() if path.name == "__init__.py"}

# Files that decide and compute, and leave sockets, disks and clocks to their callers.
PURE = {
    "spa.accept",
    "spa.environ",
    "spa.blame",
    "spa.coding",
    "spa.converter",
    "spa.grammar",
    "spa.listing",
    "spa.mounted",
    "spa.origin",
    "spa.websocket.closecode",
    "spa.websocket.deadline",
    "spa.websocket.handshake",
    "spa.websocket.keepalive",
    "spa.websocket.limits",
    "spa.websocket.protocol",
    "spa.jsontext",
    "spa.middleware.cookie",
    "spa.precondition",
    "spa.querytext",
    "spa.readiness",
    "spa.segmenttree",
    "spa.server.framing",
    "spa.server.grace",
    "spa.static.cache",
    "spa.static.charset",
    "spa.static.conditional",
    "spa.static.css",
    "spa.static.hashing",
    "spa.static.buildhash",
    "spa.static.graph",
    "spa.static.importmap",
    "spa.static.mimetypes",
    "spa.static.reference",
    "spa.static.servable",
    "spa.static.sourcemap",
    "spa.static.tag",
    "spa.scalar",
    "spa.testing.protocol",
    "spa.trustedhost",
    "spa.validation.choice",
    "spa.validation.compiler",
    "spa.validation.mismatch",
    "spa.validation.model",
    "spa.validation.query",
    "spa.validation.shape",
    "spa.wsgi",
}
# The words of HTTP: they know pure files only.
WORDS = {"spa.body", "spa.event", "spa.form", "spa.jsoncodec", "spa.problem", "spa.request", "spa.response"}
IMPURE = {"socket", "ssl", "select", "os", "pathlib", "time", "threading", "gevent", "geventwebsocket"}
NETWORK = {"socket", "ssl", "select", "gevent", "geventwebsocket"}
OPTIONAL = {
    *("brotli", "gunicorn", "jwt", "msgspec", "orjson", "pydantic", "pydantic_core", "redis", "watchfiles"),
    "zstandard",
}
EDGES = ("spa.server", "spa.cli", "spa.testing", "spa.__main__")


@cache
def tree(name):
    return ast.parse(FILES[name].read_text())


def imports(node):
    """Yield the dotted name of each module that is imported under a node, from a package the submodule."""
    for child in ast.walk(node):
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, "an import by full name says where it points"
            for alias in child.names:
                submodule = f"{child.module}.{alias.name}"
                yield submodule if submodule in FILES else child.module


def top(module):
    return module.partition(".")[0]


def own_imports(name):
    return {module for module in imports(tree(name)) if top(module) == "spa"}


@pytest.mark.parametrize("name", FILES)
def test_the_docstring_of_a_file_opens_with_one_sentence(name):
    docstring = ast.get_docstring(tree(name))
    assert docstring, "a file says in its docstring what it is for"
    sentence = " ".join(docstring.partition("\n\n")[0].split())
    assert re.fullmatch(r"[A-Z](?:[^.!?]|[.!?](?! ))*\.", sentence), sentence


def test_there_are_files_to_look_at():
    assert {"spa", "spa.app"} | PURE | WORDS <= set(FILES)


def test_the_map_in_the_docs_shows_every_folder():
    shown = re.findall(r"^\.\. map:: (\S+)$", (ROOT / "docs" / "map.rst").read_text(), re.MULTILINE)
    assert sorted(shown) == sorted({str(path.parent.relative_to(ROOT)) for path in FILES.values()})


@pytest.mark.parametrize("name", sorted(FILES.keys() - FRONT_DOORS - {"spa.__main__"}))
def test_each_file_has_its_test_file(name):
    path = FILES[name].relative_to(PACKAGE)
    assert (ROOT / "tests" / path.parent / f"test_{path.name}").is_file()


@pytest.mark.parametrize("name", sorted(PURE))
def test_a_pure_file_does_no_io(name):
    assert not {top(module) for module in imports(tree(name))} & IMPURE


@pytest.mark.parametrize("name", sorted(PURE))
def test_a_pure_file_knows_pure_files_and_errors_only(name):
    assert own_imports(name) <= PURE | {"spa.errors"}


@pytest.mark.parametrize("name", sorted(WORDS))
def test_the_words_of_http_know_no_network(name):
    assert not {top(module) for module in imports(tree(name))} & NETWORK


def test_only_the_protocols_of_both_ends_import_websockets():
    users = {name for name in FILES if "websockets" in map(top, imports(tree(name)))}
    assert users == {"spa.websocket.protocol", "spa.testing.protocol"}


def test_only_the_edges_and_the_front_door_know_app():
    users = {name for name in FILES if "spa.app" in own_imports(name)}
    assert {name for name in users - {"spa"} if not name.startswith(EDGES)} == set()
    assert "spa" in users


def test_imports_make_no_cycle():
    try:
        TopologicalSorter({name: own_imports(name) for name in FILES}).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


@pytest.mark.parametrize("name", FILES)
def test_no_file_imports_a_front_door(name):
    assert not own_imports(name) & FRONT_DOORS, "import the file that defines the name"


@pytest.mark.parametrize("name", FILES)
def test_no_import_is_for_type_checkers_only(name):
    names = {node.id for node in ast.walk(tree(name)) if isinstance(node, ast.Name)}
    attributes = {node.attr for node in ast.walk(tree(name)) if isinstance(node, ast.Attribute)}
    assert "TYPE_CHECKING" not in names | attributes


@pytest.mark.parametrize("name", FILES)
def test_an_import_in_a_function_is_of_an_optional_package(name):
    functions = [node for node in ast.walk(tree(name)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    inner = {module for function in functions for module in imports(function)}
    needs_optional = {module for module in inner & set(FILES) if OPTIONAL & set(map(top, imports(tree(module))))}
    assert {module for module in inner - needs_optional if top(module) not in OPTIONAL} == set()


@pytest.mark.parametrize("name", sorted(FRONT_DOORS))
def test_a_front_door_only_reexports(name):
    docstring, *body = tree(name).body
    assert isinstance(docstring, ast.Expr)
    for node in body:
        is_list_of_names = isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == [
            "__all__"
        ]
        assert isinstance(node, ast.ImportFrom) or is_list_of_names, ast.unparse(node)


def test_no_module_is_called_run():
    assert "spa.run" not in FILES, "it would shadow the function"


def test_import_spa_asks_for_no_optional_package():
    # The finder notes who is asked for, so that the test also sees an import of a package that is not installed.
    program = """
import sys

class Notes:
    asked = set()

    def find_spec(self, name, path=None, target=None):
        self.asked.add(name.partition(".")[0])

sys.meta_path.insert(0, Notes())
import spa
print(*sorted(Notes.asked))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    asked = set(done.stdout.split())
    assert {"spa", "gevent", "werkzeug"} <= asked
    assert not asked & OPTIONAL
