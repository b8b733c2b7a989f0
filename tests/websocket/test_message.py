"""A WebSocket message, read as JSON of a type."""

from dataclasses import dataclass, field
from datetime import date

import pydantic
import pytest

from spa.errors import InvalidMessage
from spa.jsontext import NotJSON
from spa.validation import ValidationError
from spa.websocket.message import read_json, refuse_number


@dataclass
class Point:
    x: int
    y: int = 0


@dataclass
class Line:
    points: list[Point]
    day: date | None = None
    names: dict[str, str] = field(default_factory=dict)


class Model(pydantic.BaseModel):
    x: int


@pytest.mark.parametrize(
    ("message", "wanted", "value"),
    [
        ('{"x": 1}', None, {"x": 1}),
        ("null", None, None),
        ('{"x": 1}', Point, Point(1)),
        ('{"points": [{"x": 1, "y": 2}], "day": "2030-01-31"}', Line, Line([Point(1, 2)], date(2030, 1, 31))),
        ("[1, 2]", tuple[int, ...], (1, 2)),
        ("null", Point | None, None),
        ('{"x": 1}', Model, Model(x=1)),
    ],
)
def test_the_value_is_built_as_that_of_a_body(message, wanted, value):
    assert read_json(message, wanted) == value


@pytest.mark.parametrize(
    ("message", "wanted", "errors", "text"),
    [
        ("5", Point, [([], "Must be an object.")], "not of the expected form at []: Must be an object."),
        ("null", Point, [([], "Must be an object.")], "not of the expected form at []: Must be an object."),
        (
            '{"points": [{"x": 1}, {"x": "1"}]}',
            Line,
            [(["points", 1, "x"], "Must be an integer.")],
            "not of the expected form at ['points', 1, 'x']: Must be an integer.",
        ),
        (
            '{"z\\n": 1}',
            Point,
            [(["z\n"], "Is not a member that is known here."), (["x"], "Is required.")],
            "not of the expected form at ['z\\n']: Is not a member that is known here. (and 1 more)",
        ),
    ],
)
def test_each_place_that_does_not_fit_is_told_and_the_first_is_named(message, wanted, errors, text):
    with pytest.raises(InvalidMessage) as caught:
        read_json(message, wanted)
    assert caught.value.errors == [{"loc": loc, "msg": msg} for loc, msg in errors]
    assert str(caught.value) == text
    assert isinstance(caught.value.__cause__, ValidationError)


@pytest.mark.parametrize("wanted", [None, Point])
@pytest.mark.parametrize(
    ("message", "text", "cause"),
    [
        ("{", "not JSON: Expecting property name enclosed in double quotes: line 1 column 2", NotJSON),
        ("", "not JSON: Expecting value: line 1 column 1", NotJSON),
        (b'{"x": 1}', "expected JSON in a text message, got a binary one", type(None)),
    ],
)
def test_what_is_not_json_has_no_places(message, wanted, text, cause):
    with pytest.raises(InvalidMessage) as caught:
        read_json(message, wanted)
    assert (str(caught.value), caught.value.errors) == (text, [])
    assert isinstance(caught.value.__cause__, cause)


def test_a_type_that_json_cannot_be_checked_against_is_a_bug_of_the_handler():
    with pytest.raises(TypeError, match="JSON cannot be checked against"):
        read_json("1", complex)


@pytest.mark.parametrize("number", [5, 0, 0.5])
def test_a_number_in_the_place_of_the_type_is_meant_as_the_timeout(number):
    with pytest.raises(TypeError, match=rf"write receive_json\(timeout={number}\)"):
        refuse_number(number)


@pytest.mark.parametrize("wanted", [None, int, float, Point, list[int], Point | None, "Point"])
def test_what_may_be_a_type_is_let_pass(wanted):
    refuse_number(wanted)
