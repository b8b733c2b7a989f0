"""Hold what an error about a value carries: its places, in bounds, and its members of the problem document."""

import pytest
from werkzeug.exceptions import UnprocessableEntity

from spa.validation.mismatch import LONGEST_NAME, MOST_ERRORS, Enough, Errors, ValidationError


def test_the_error_is_422_with_members_for_the_problem_document():
    error = ValidationError([(("a", 0), "Is wrong."), ([], "Too.")])
    assert isinstance(error, UnprocessableEntity)
    assert error.code == 422
    expected = [{"loc": ["a", 0], "msg": "Is wrong."}, {"loc": [], "msg": "Too."}]
    assert error.errors == expected
    assert error.extensions == {"errors": expected}


def test_the_last_error_that_is_told_ends_the_check():
    errors = Errors()
    for number in range(MOST_ERRORS - 1):
        errors.add((number,), "x")
    with pytest.raises(Enough):
        errors.add((0,), "x")
    assert len(errors.error().errors) == MOST_ERRORS


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
