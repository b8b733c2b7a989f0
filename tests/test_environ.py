"""What Spa puts into the environ has its names in one file."""

import ast
import re
from pathlib import Path

import pytest

from spa import environ

ROOT = Path(__file__).resolve().parent.parent
NAMES = {name: value for name, value in vars(environ).items() if name.isupper()}
KEY = re.compile(r"spa\.[a-z_]+")


def keys_in(tree):
    """Yield the literals in a program that look like a key of the environ, without the names of loggers."""
    loggers = {
        id(node.args[0])
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "logging.getLogger" and node.args
    }
    for node in ast.walk(tree):
        is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
        if is_text and KEY.fullmatch(node.value) and id(node) not in loggers:
            yield node.value


def test_a_key_is_found_unless_it_names_a_logger():
    program = 'logging.getLogger("spa.static"); "spa.run is called"; x["spa.socket"]; y.get("spa.app", {})'
    assert list(keys_in(ast.parse(program))) == ["spa.socket", "spa.app"]


@pytest.mark.parametrize("path", sorted((ROOT / "spa").rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_key_is_spelled_in_one_file_only(path):
    found = sorted(keys_in(ast.parse(path.read_text())))
    assert found == (sorted(NAMES.values()) if path == Path(environ.__file__) else [])


def test_each_key_is_spas_and_has_its_own_line_that_says_who_uses_it():
    lines = [line for line in Path(environ.__file__).read_text().splitlines() if re.match("[A-Z]", line)]
    assert [line for line in lines if not re.fullmatch(r'[A-Z_]+ = "spa\.[a-z_]+"  # .+', line)] == []
    assert len(lines) == len(NAMES) == len(set(NAMES.values()))


@pytest.mark.parametrize(
    ("name", "key"),
    [("CSP_NONCE", "spa.csp_nonce"), ("SESSION", "spa.session"), ("UPGRADE_HEADERS", "spa.upgrade_headers")],
)
def test_what_users_write_into_their_programs_stays(name, key):
    assert NAMES[name] == key
