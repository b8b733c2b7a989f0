"""Hold how floats stand in a path."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.routing import Map, ValidationError

from spa.converter import PlainFloatConverter

FLOATS = PlainFloatConverter(Map(), signed=True)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.5, "1.5"),
        (1, "1.0"),
        ("1.50", "1.5"),
        (1e-5, "0.00001"),
        (-1.25e-7, "-0.000000125"),
        (1e16, "10000000000000000.0"),
        (1.2345e20, "123450000000000000000.0"),
    ],
)
def test_a_float_is_written_in_digits(value, text):
    assert FLOATS.to_url(value) == text
    assert FLOATS.to_python(text) == float(value)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_what_is_written_is_read(value):
    assert FLOATS.to_python(FLOATS.to_url(value)) == value


def test_what_is_too_large_for_a_float_is_none():
    with pytest.raises(ValidationError):
        FLOATS.to_python("9" * 400 + ".0")


@pytest.mark.parametrize("value", ["a", None])
def test_what_is_no_float_is_not_written(value):
    with pytest.raises((ValueError, TypeError)):
        FLOATS.to_url(value)


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), float("nan")])
def test_what_has_no_digits_is_not_found_again(value):
    assert "." not in FLOATS.to_url(value)
