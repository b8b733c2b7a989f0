"""Hold the tree of Spa's own exceptions, and that each can be caught as what it also is."""

import ast
import inspect
import pickle

import pytest
from geventwebsocket import WebSocketError

from spa import errors
from spa.errors import ConnectionClosed, InvalidMessage, ReceiveInProgress, SetupError, SpaError

TREE = [
    (SetupError, ValueError),
    (ConnectionClosed, WebSocketError),
    (InvalidMessage, ValueError),
    (ReceiveInProgress, RuntimeError),
]


@pytest.mark.parametrize(("error", "also"), TREE)
def test_every_error_is_spas_own_and_what_its_users_already_catch(error, also):
    assert issubclass(error, SpaError)
    assert issubclass(error, also)


def test_the_tree_in_the_docstring_is_the_tree():
    classes = [node.name for node in ast.parse(inspect.getsource(errors)).body if isinstance(node, ast.ClassDef)]
    assert classes[0] == "SpaError"
    assert [name for name in classes if f"``{name}``" not in errors.__doc__] == []
    assert {error.__name__ for error, _ in TREE} == set(classes[1:])


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((1000,), "the WebSocket is closed: 1000"),
        ((1001, ""), "the WebSocket is closed: 1001"),
        ((4000, "see you"), "the WebSocket is closed: 4000 see you"),
    ],
)
def test_a_closed_connection_tells_code_and_reason(arguments, text):
    error = ConnectionClosed(*arguments)
    assert str(error) == text
    assert (error.code, error.reason) == (*arguments, "")[:2]


@pytest.mark.parametrize("error", [SetupError("x"), InvalidMessage("x"), ReceiveInProgress("x")])
def test_an_error_keeps_its_message_through_pickle(error):
    assert str(pickle.loads(pickle.dumps(error))) == "x"
