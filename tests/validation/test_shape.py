"""Hold the shapes: each calls the parts it is made of with their places, and builds only what is without errors."""

import pytest

from spa.validation.mismatch import Errors
from spa.validation.shape import Array, Choice, Dictionary, Record, Scalar, Set, Tagged, Tuple, one_of


def digit(value):
    if value not in range(10):
        raise ValueError("no digit")
    return str(value)


DIGIT = Scalar("a digit", digit)
DIGITS = Array(tuple, DIGIT)


def pair():
    record = Record(dict)
    record.members = {"a": DIGIT, "b": DIGIT}
    record.required = ["a"]
    return record


@pytest.mark.parametrize(
    ("shape", "value", "built", "errors"),
    [
        (DIGIT, 1, "1", []),
        (DIGIT, 11, None, [(("x",), "Must be a digit.")]),
        (DIGITS, [1, 2], ("1", "2"), []),
        (DIGITS, [1, 11], None, [(("x", 1), "Must be a digit.")]),
        (DIGITS, "12", None, [(("x",), "Must be an array.")]),
        (Tuple([DIGIT, DIGITS]), [1, [2]], ("1", ("2",)), []),
        (Dictionary(DIGIT), {"a": 1}, {"a": "1"}, []),
        (Dictionary(DIGIT), [1], None, [(("x",), "Must be an object.")]),
        (pair(), {"a": 1}, {"a": "1"}, []),
        (pair(), {"b": 11}, None, [(("x", "b"), "Must be a digit."), (("x", "a"), "Is required.")]),
        (Choice([DIGIT], DIGITS, pair()), 1, "1", []),
        (Choice([DIGIT], DIGITS, pair()), [1], ("1",), []),
        (Choice([DIGIT], DIGITS, pair()), {"a": 1}, {"a": "1"}, []),
        (Choice([DIGIT], DIGITS, pair()), "x", None, [(("x",), "Must be a digit or an array or an object.")]),
        (
            Tagged("b", {"1": pair()}),
            {"b": "1"},
            None,
            [(("x", "b"), "Must be a digit."), (("x", "a"), "Is required.")],
        ),
        (Tagged("b", {"1": pair()}), {"b": "2"}, None, [(("x", "b"), 'Must be "1".')]),
    ],
)
def test_a_shape_builds_a_value_or_tells_what_is_wrong_and_where(shape, value, built, errors):
    noted = Errors()
    made = shape(value, ("x",), noted)
    assert noted == errors
    if not errors:
        assert made == built


def test_a_set_of_what_has_errors_is_not_built():
    noted = Errors()
    assert Set(set, Dictionary(DIGIT))([{"a": 11}], (), noted) is None
    assert noted == [((0, "a"), "Must be a digit.")]


def test_a_set_tells_which_items_it_cannot_hold():
    noted = Errors()
    assert Set(frozenset, Dictionary(DIGIT))([{}], ("x",), noted) is None
    assert noted == [(("x", 0), "Must not hold an array or an object, as an item of a set.")]


def test_values_are_named_as_json():
    assert one_of(["é"]) == '"é"'
    assert one_of([None, True, "a"]) == 'one of null, true, "a"'
