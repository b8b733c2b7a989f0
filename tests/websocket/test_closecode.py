"""The codes that a WebSocket closes with have their names in one file."""

import ast
from pathlib import Path

import pytest
from websockets.frames import CloseCode

from spa.websocket import closecode

PACKAGE = Path(closecode.__file__).parent
NAMES = {name: value for name, value in vars(closecode).items() if name.isupper()}
USERS = [*sorted(PACKAGE.glob("*.py")), PACKAGE.parent / "testing" / "websocket.py"]


@pytest.mark.parametrize("name", NAMES)
def test_a_code_is_that_of_the_registry(name):
    registered = {code.name.replace("RCVD", "RECEIVED"): code.value for code in CloseCode}
    assert NAMES[name] == registered[name]


@pytest.mark.parametrize("path", USERS, ids=lambda path: path.stem)
def test_a_code_is_written_as_a_number_in_one_file_only(path):
    numbers = {node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)}
    assert numbers & {code.value for code in CloseCode} == (set(NAMES.values()) if path.stem == "closecode" else set())
