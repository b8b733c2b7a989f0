"""How a part of the user's code is called in an error message."""

import functools

import spa
from spa.blame import name_of, tell_source


class Page(spa.Handler):
    def get(self):
        return "x"


def function():
    """Do nothing."""


def test_a_handler_is_called_as_in_its_module():
    assert name_of(Page) == "tests.test_blame.Page"
    assert name_of(function) == "tests.test_blame.function"
    assert name_of(functools.partial(function)) == "functools.partial"


def test_the_source_of_a_value_is_told_with_its_line():
    text = tell_source(Page.get)
    assert text.startswith("The value was returned by Page.get (")
    assert text.endswith(f"test_blame.py, line {Page.get.__code__.co_firstlineno}).")
    assert "partial" in tell_source(functools.partial(function))
