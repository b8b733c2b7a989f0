"""Hold the tree of Spa's own exceptions, and that each can be caught as what it also is."""

import pickle
import pkgutil
import re
from importlib import import_module

import pytest
from geventwebsocket import WebSocketError

import spa
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


def drawn_tree():
    """Yield for each item of the tree in the docstring its name, its parent, what else it is, and its module."""
    parents = {}
    item = r"^( *)\* ``(\w+)``(?: \(an? ``([\w.]+)``\))?(?:, in ``([\w.]+)``)?(?::|$)"
    for indent, name, also, module in re.findall(item, errors.__doc__, re.MULTILINE):
        parents[len(indent)] = name
        yield name, parents.get(len(indent) - 2), also.rpartition(".")[2], module or "spa.errors"


def classes_below(error):
    """Yield a class of Spa's own and those derived from it, each with the class above it."""
    for child in error.__subclasses__():
        if child.__module__.partition(".")[0] == "spa":  # not one of a test
            yield child, error
            yield from classes_below(child)


def test_the_tree_in_the_docstring_is_the_tree():
    for module in pkgutil.walk_packages(spa.__path__, "spa."):
        if not module.name.endswith("__main__"):
            import_module(module.name)
    root, *drawn = drawn_tree()
    assert root == ("SpaError", None, "", "spa.errors")
    found = dict(classes_below(SpaError))
    assert sorted((error.__name__, above.__name__, error.__module__) for error, above in found.items()) == sorted(
        (name, parent, module) for name, parent, _, module in drawn
    )
    also = {
        error.__name__: {kind.__name__ for kind in error.__bases__ if not issubclass(kind, SpaError)} for error in found
    }
    assert also == {name: {kind} - {""} for name, _, kind, _ in drawn}
    assert {error for error, _ in TREE} == {error for error in found if error.__module__ == "spa.errors"}


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


@pytest.mark.parametrize("errors", [(), [{"loc": ["a", 0], "msg": "Must be an integer."}]])
def test_an_invalid_message_tells_its_places_and_keeps_them_through_pickle(errors):
    for error in (InvalidMessage("x", errors), pickle.loads(pickle.dumps(InvalidMessage("x", errors)))):
        assert (str(error), error.errors) == ("x", list(errors))


@pytest.mark.parametrize("error", [SetupError("x"), InvalidMessage("x"), ReceiveInProgress("x")])
def test_an_error_keeps_its_message_through_pickle(error):
    assert str(pickle.loads(pickle.dumps(error))) == "x"
