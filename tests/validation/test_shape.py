"""Hold the shapes: each calls the parts it is made of with their places, and builds only what is without errors."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spa.validation.mismatch import Errors
from spa.validation.shape import (
    MOST_ALIKE,
    Array,
    Choice,
    Dictionary,
    Record,
    Scalar,
    Set,
    Tagged,
    Tuple,
    drop_equals,
    one_of,
)

MODULUS = 2**61 - 1  # of the hash of numbers


class Counted(int):
    """A number that counts how often it is compared."""

    comparisons = 0

    def __eq__(self, other):
        Counted.comparisons += 1
        return int.__eq__(self, other)

    def __hash__(self):
        return int.__hash__(self)


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


@pytest.mark.parametrize(
    ("items", "distinct"),
    [
        ([], []),
        ([1, 2, 1, 1], [1, 2]),
        ([-1, -2, -1, -2], [-1, -2]),
        ([1, True, 1.0], [1]),
        ([True, 1], [True]),
        ([0, MODULUS, 0, 2 * MODULUS, MODULUS], [0, MODULUS, 2 * MODULUS]),
        (["a", "b", "a", None], ["a", "b", None]),
        ([7] * 100_000, [7]),
        ([number * MODULUS for number in range(MOST_ALIKE)] * 2, [number * MODULUS for number in range(MOST_ALIKE)]),
        ([number * MODULUS for number in range(MOST_ALIKE + 1)], None),
    ],
    ids=lambda value: None if value is None else f"{len(value)}",
)
def test_of_equal_items_the_first_is_kept_and_too_many_of_one_hash_are_refused(items, distinct):
    kept = drop_equals(items)
    assert kept == distinct
    assert kept is None or list(map(type, kept)) == list(map(type, distinct))


@pytest.mark.parametrize("step", [1, 2**40, 2**60, MODULUS + 1])
def test_a_large_set_of_honest_numbers_passes(step):
    items = [number * step for number in range(200_000)]
    assert drop_equals(items) == items


@pytest.mark.parametrize(
    "items",
    [
        [number * MODULUS for number in range(4000)],
        [number % 30 * MODULUS for number in range(4000)],
        [number % 200 + number // 200 * MODULUS for number in range(4000)],
    ],
    ids=["one hash", "few numbers of one hash, over and over", "20 numbers of each of many hashes"],
)
def test_no_item_of_a_set_is_compared_with_more_than_a_few_others(items):
    Counted.comparisons = 0
    Set(set, Scalar("a number", Counted))(items, (), Errors())
    assert Counted.comparisons <= 2 * MOST_ALIKE * len(items)


@given(st.lists(st.integers(-3, 3) | st.booleans() | st.sampled_from([0.0, -0.0, 1.0, MODULUS, -MODULUS, "", "a"])))
def test_the_set_of_what_is_kept_is_the_set_of_all(items):
    kept = drop_equals(items)
    assert set(kept) == set(items)
    assert len(kept) == len(set(items))


def test_values_are_named_as_json():
    assert one_of(["é"]) == '"é"'
    assert one_of([None, True, "a"]) == 'one of null, true, "a"'
