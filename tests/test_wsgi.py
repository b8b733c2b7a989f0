"""The types of WSGI have their names in one file."""

import ast
import re
from pathlib import Path
from typing import get_args

import pytest

from spa import wsgi

PACKAGE = Path(wsgi.__file__).parent
APP = re.compile(r"Callable\[(\.\.\.|\[dict\[str, Any\], Any\]), (Body|Iterable\[bytes\])\]")


def types_written_out(tree):
    """Yield what a program writes out of the types of WSGI: a name for the body, and the type of an app."""
    for node in ast.walk(tree):
        is_body = isinstance(node, ast.Assign) and ast.unparse(node.value) == "Iterable[bytes]"
        if is_body or (isinstance(node, ast.Subscript) and APP.fullmatch(ast.unparse(node))):
            yield ast.unparse(node)


def test_an_app_takes_environ_and_start_response_and_returns_a_body():
    arguments, returned = get_args(wsgi.WSGIApp)
    assert len(arguments) == 2
    assert returned == wsgi.Body


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_the_types_are_written_out_in_one_file_only(path):
    written = list(types_written_out(ast.parse(path.read_text())))
    assert len(written) == (2 if path == Path(wsgi.__file__) else 0), written
