"""Hold that types of msgspec and pydantic are checked by these packages, with their errors in the same form."""

import time
import tracemalloc
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Generic, Literal, TypeVar

import msgspec
import pydantic
import pytest

from spa.validation import ValidationError, check
from spa.validation.mismatch import MOST_ERRORS

T = TypeVar("T")


class Point(msgspec.Struct, forbid_unknown_fields=True):
    x: int
    on: date | None = None
    by_number: dict[int, Annotated[int, msgspec.Meta(ge=0)]] = {}


class Page(msgspec.Struct, Generic[T]):
    items: list[T]


class User(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(strict=True, extra="forbid")

    name: str = pydantic.Field(min_length=1)
    born: date | None = None


@pydantic.dataclasses.dataclass
class Place:
    city: str


@dataclass
class Table:
    rows: pydantic.TypeAdapter(list[pydantic.StrictInt])


@dataclass
class Both:
    user: User
    points: list[Point]


@pytest.mark.parametrize(
    ("value", "wanted", "built"),
    [
        ({"x": 1, "on": "2030-01-31", "by_number": {"5": 1}}, Point, Point(1, date(2030, 1, 31), {5: 1})),
        ({"items": [{"x": 1}]}, Page[Point], Page([Point(1)])),
        ({"name": "a", "born": "2030-01-31"}, User, User(name="a", born=date(2030, 1, 31))),
        ({"city": "x"}, Place, Place("x")),
        (["2030-01-31T00:00:00Z"], pydantic.TypeAdapter(list[datetime]), [datetime.fromisoformat("2030-01-31T00Z")]),
        ([{"name": "a"}], list[User], [User(name="a")]),
        ({"user": {"name": "a"}, "points": [{"x": 1}]}, Both, Both(User(name="a"), [Point(1)])),
        (None, User | None, None),
        ({"name": "a"}, User | None, User(name="a")),
    ],
)
def test_a_value_that_fits_is_built(value, wanted, built):
    assert check(value, wanted) == built


@pytest.mark.parametrize(
    ("value", "wanted", "errors"),
    [
        ({"x": "a"}, Point, [(["x"], "Expected `int`, got `str`.")]),
        ({}, Point, [([], "Object missing required field `x`.")]),
        ({"x": 1, "y": 2}, Point, [([], "Object contains unknown field `y`.")]),
        ({"x": 1, "by_number": {"5": -1}}, Point, [(["by_number"], "Expected `int` >= 0.")]),
        ({"x": 1, "by_number": {"a": 1}}, Point, [(["by_number"], "Expected `int`, got `str`.")]),
        ({"items": [{"x": 1}, {"x": None}]}, Page[Point], [(["items", 1, "x"], "Expected `int`, got `null`.")]),
        (
            {"name": "", "born": 5, "age": 1},
            User,
            [
                (["name"], "String should have at least 1 character."),
                (["born"], "Input should be a valid date."),
                (["age"], "Extra inputs are not permitted."),
            ],
        ),
        ([True, None], pydantic.TypeAdapter(list[bool]), [([1], "Input should be a valid boolean.")]),
        (
            {"user": {}, "points": [{"x": 1}, {"x": "a"}]},
            Both,
            [(["user", "name"], "Field required."), (["points", 1, "x"], "Expected `int`, got `str`.")],
        ),
    ],
)
def test_their_errors_are_told_in_the_same_form(value, wanted, errors):
    with pytest.raises(ValidationError) as caught:
        check(value, wanted)
    assert [(each["loc"], each["msg"]) for each in caught.value.errors] == errors


@pytest.mark.parametrize(
    ("number", "told", "first"),
    [
        (1, 1, {"loc": ["rows", 0], "msg": "Input should be a valid integer."}),
        (MOST_ERRORS, MOST_ERRORS, {"loc": ["rows", 0], "msg": "Input should be a valid integer."}),
        (MOST_ERRORS + 1, 1, {"loc": ["rows"], "msg": "Does not fit in 1001 ways, too many to tell."}),
        (100_000, 1, {"loc": ["rows"], "msg": "Does not fit in 100000 ways, too many to tell."}),
    ],
)
def test_more_errors_of_pydantic_than_are_told_are_counted_and_not_built(number, told, first):
    value = {"rows": [None] * number}
    tracemalloc.start()
    try:
        with pytest.raises(ValidationError) as caught:
            check(value, Table)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(caught.value.errors) == told
    assert caught.value.errors[0] == first
    assert peak < 4 * 2**20  # bytes; 100,000 errors that are built take 50 MB


def test_a_list_of_models_tells_the_first_errors_however_many_there_are():
    with pytest.raises(ValidationError, match="More may be wrong than is told") as caught:
        check([{}] * 100_000, list[User])
    assert len(caught.value.errors) == MOST_ERRORS
    assert caught.value.errors[-1] == {"loc": [MOST_ERRORS - 1, "name"], "msg": "Field required."}


class Row(pydantic.BaseModel):
    a: int
    b: int


class Rows(pydantic.BaseModel):
    rows: Annotated[list[Row], pydantic.FailFast()]


class Few(msgspec.Struct):
    ids: Annotated[set[int], msgspec.Meta(max_length=1000)]


class FewToo(pydantic.BaseModel):
    ids: Annotated[set[int], pydantic.Field(max_length=1000)]


@pytest.mark.parametrize("wanted", [Few, FewToo])
def test_a_set_of_theirs_with_a_bound_is_not_built_beyond_it(wanted):
    value = {"ids": [number * (2**61 - 1) for number in range(40_000)]}  # 8 s, if they were put into a set
    start = time.process_time()
    with pytest.raises(ValidationError):
        check(value, wanted)
    assert time.process_time() - start < 2


def test_a_list_of_pydantic_that_fails_fast_ends_at_the_first_item_that_does_not_fit():
    with pytest.raises(ValidationError) as caught:
        check({"rows": [{}] * 1000}, Rows)
    assert [each["loc"] for each in caught.value.errors] == [["rows", 0, "a"], ["rows", 0, "b"]]


def test_what_a_model_was_given_is_not_told():
    with pytest.raises(ValidationError) as caught:
        check({"name": ["secret"]}, User)
    assert "secret" not in str(caught.value.extensions)


class Circle(msgspec.Struct):
    kind: Literal["circle"]


class Square(msgspec.Struct):
    kind: Literal["square"]


class Row(msgspec.Struct, array_like=True):
    x: int
    y: int


class Big(msgspec.Struct, tag=True):
    n: int


class Small(msgspec.Struct, tag="tiny"):
    n: int


class Pair(msgspec.Struct, tag=True, array_like=True):
    n: int


class Box(msgspec.Struct, Generic[T], tag=True):
    item: T


class Numbers(pydantic.RootModel[list[int]]):
    pass


class Cat(pydantic.BaseModel):
    kind: Literal["cat"]


class Dog(pydantic.BaseModel):
    kind: Literal["dog"]


@dataclass
class Holder:
    row: Row | None
    pet: Cat | Dog | None = None


@pytest.mark.parametrize(
    ("value", "wanted", "built"),
    [
        ([1, 2], Row | None, Row(1, 2)),
        (None, Row | None, None),
        (7, Row | int, 7),
        ("x", str | Row, "x"),
        ([1], list[int] | User, [1]),
        ([1], Numbers | None, Numbers([1])),
        ({"row": [1, 2], "pet": {"kind": "dog"}}, Holder, Holder(Row(1, 2), Dog(kind="dog"))),
        ({"row": None, "pet": None}, Holder, Holder(None)),
        ({"type": "Big", "n": 1}, Big | Small, Big(1)),
        ({"type": "tiny", "n": 1}, Big | None | Small, Small(1)),
        ([["Pair", 1], 7], list[Pair | int], [Pair(1), 7]),
        ({"type": "Box", "item": 1}, Box[int] | Big, Box(1)),
        ({"items": []}, Page[Point] | None, Page([])),
        ({"kind": "cat"}, Cat | Dog, Cat(kind="cat")),
    ],
)
def test_a_choice_of_their_types_is_theirs_to_make(value, wanted, built):
    assert check(value, wanted) == built


@pytest.mark.parametrize(
    ("value", "wanted", "errors"),
    [
        ([1], Row | None, [([], "Expected `array` of at least length 2, got 1.")]),
        (True, Row | None, [([], "Expected `array`, got `bool`.")]),
        (["a"], Numbers | None, [([0], "Input should be a valid integer, unable to parse string as an integer.")]),
        ({"row": [1, "x"]}, Holder, [(["row", 1], "Expected `int`, got `str`.")]),
        ({"type": "Huge"}, Big | Small, [(["type"], "Invalid value 'Huge'.")]),
        ({"type": "Big"}, Big | Small, [([], "Object missing required field `n`.")]),
    ],
)
def test_a_choice_with_their_types_tells_their_errors(value, wanted, errors):
    with pytest.raises(ValidationError) as caught:
        check(value, wanted)
    assert [(each["loc"], each["msg"]) for each in caught.value.errors] == errors


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (Circle | Square, "several kinds of object in a union: .* must be tagged"),
        (Big | Circle, "several kinds of object in a union: "),
        (User | Point, "several kinds of object in a union are all of one package, or of none"),
        (User | Both, "all of one package, or of none"),
        (Row | dict[str, int], "all of one package, or of none"),
    ],
)
def test_types_that_nothing_tells_apart_are_a_bug(wanted, words):
    with pytest.raises(TypeError, match=words):
        check({}, wanted)
