"""Hold what an error about a value carries: its places, in bounds, and its members of the problem document."""

from contextlib import suppress

import pytest
from werkzeug.exceptions import UnprocessableEntity

from spa.jsoncodec import encode_json
from spa.validation.mismatch import LONGEST_NAME, MOST_ERRORS, MOST_TEXT, Enough, Errors, ValidationError


def note(pairs) -> Errors:
    """Return what is noted of some errors until there are enough."""
    errors = Errors()
    with suppress(Enough):
        for loc, msg in pairs:
            errors.add(loc, msg)
    return errors


def test_the_error_is_422_with_members_for_the_problem_document():
    error = ValidationError([(("a", 0), "Is wrong."), ([], "Too.")])
    assert isinstance(error, UnprocessableEntity)
    assert error.code == 422
    expected = [{"loc": ["a", 0], "msg": "Is wrong."}, {"loc": [], "msg": "Too."}]
    assert error.errors == expected
    assert error.extensions == {"errors": expected}


@pytest.mark.parametrize(("loc", "told"), [("name", ["name"]), ("", [""]), (0, [0]), (["a"], ["a"]), ((), [])])
def test_one_step_may_stand_alone(loc, told):
    assert ValidationError([(loc, "Is taken.")]).errors == [{"loc": told, "msg": "Is taken."}]


@pytest.mark.parametrize(
    "errors",
    ["bad", {"name": "Is bad."}, ("name", "Is bad."), (["ab"], "Is bad."), ["ab"], [("name",)], [("a", "b", "Bad.")]],
    ids=repr,
)
def test_what_is_no_list_of_pairs_is_an_error_that_shows_one(errors):
    with pytest.raises(TypeError, match="write ValidationError"):
        ValidationError(errors)


def test_the_last_error_that_is_told_ends_the_check():
    errors = Errors()
    for number in range(MOST_ERRORS - 1):
        errors.add((number,), "x")
    with pytest.raises(Enough):
        errors.add((0,), "x")
    assert len(errors.error().errors) == MOST_ERRORS


@pytest.mark.parametrize(
    ("loc", "msg"),
    [
        (("k" * 1000,) * 97, "x"),
        ((*["k"] * 1000, 7), "x"),
        (tuple(range(1000)), "x"),
        ((), "x" * 1000),
        ((), "x" * 4 * 2**20),
    ],
    ids=["long names", "short names", "indices", "messages", "one long message"],
)
def test_all_places_and_messages_together_have_their_bound(loc, msg):
    errors = note([(loc, msg)] * MOST_ERRORS)
    assert len(errors) < MOST_ERRORS
    assert MOST_TEXT / 2 < len(encode_json(errors.error().extensions)) < MOST_TEXT * 1.5


@pytest.mark.parametrize(("number", "is_full"), [(1, False), (MOST_ERRORS - 1, False), (MOST_ERRORS, True)])
def test_the_error_says_whether_more_may_be_wrong(number, is_full):
    errors = note([((index,), "x") for index in range(number)])
    assert errors.is_full is is_full
    told = "The body is not of the form that is expected here."
    assert errors.error().description == (f"{told} More may be wrong than is told." if is_full else told)


def test_the_error_may_speak_of_something_else_than_the_body():
    assert ValidationError([("page", "Is behind the last.")]).description.startswith("The body is not")
    assert ValidationError([("page", "Is behind the last.")], "There is no such page.").description == (
        "There is no such page."
    )
    assert Errors("The query is wrong.").error().description == "The query is wrong."


@pytest.mark.parametrize(
    ("step", "told"),
    [("n" * 100, "n" * 100), ("n" * 101, "n" * 100 + "…"), (10**9, 10**9)],
    ids=["100", "101", "index"],
)
def test_a_long_name_is_cut_off(step, told):
    assert LONGEST_NAME == 100
    errors = Errors()
    errors.add((step,), "x")
    assert errors.error().errors[0]["loc"] == [told]
