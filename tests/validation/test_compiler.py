"""Hold which types JSON is checked against, what is built of them, and what each error says and where."""

import json
import sys
from dataclasses import InitVar, dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, IntEnum
from typing import (
    Annotated,
    Any,
    ClassVar,
    Literal,
    NewType,
    NotRequired,
    Optional,
    Required,
    TypedDict,
    TypeVar,
    Union,
)
from uuid import UUID

import msgspec
import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import TypeAliasType
from typing_extensions import TypedDict as ExtensionTypedDict

from spa.jsoncodec import decode_json, encode_json
from spa.validation import ValidationError, check
from spa.validation.mismatch import LONGEST_NAME, MOST_ERRORS

T = TypeVar("T")
UserId = NewType("UserId", int)
MAP = {"a": int}  # as others spell types
Number = TypeAliasType("Number", int | float)


class Colour(Enum):
    RED = "red"
    ONE = 1


class Level(IntEnum):
    LOW = 1


NO_ITEM = "Must not hold an array or an object, as an item of a set."


@dataclass(frozen=True)
class Pixel:
    x: int


@dataclass(frozen=True)
class Loose:
    tags: Any


class Point(msgspec.Struct):
    x: int


class FrozenPoint(msgspec.Struct, frozen=True):
    x: int


class Model(pydantic.BaseModel):
    x: int


@dataclass
class Item:
    name: str
    price: Decimal
    count: int = 1
    tags: list[str] = field(default_factory=list)
    kind: ClassVar[str] = "item"
    total: Decimal = field(init=False, default=Decimal(0))

    def __post_init__(self):
        if self.count < 0:
            raise ValueError("count must not be negative.")
        self.total = self.price * self.count


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    id: UUID
    items: list[Item]
    placed: datetime | None = None
    note: "str" = ""


@dataclass
class Tree:
    value: int
    children: "list[Tree]" = field(default_factory=list)


@dataclass
class Forest:
    children: "dict[str, Forest]" = field(default_factory=dict)


@dataclass
class Cat:
    kind: Literal["cat"]
    lives: int = 9


@dataclass
class Dog:
    kind: Literal["dog", "puppy"]
    friends: "list[Cat | Dog]" = field(default_factory=list)


@dataclass
class Span:
    start: int
    end: int

    def __post_init__(self):
        if self.end < self.start:
            raise ValidationError([(["end"], "Must not be before start."), ([], "Is turned round.")])


class Base(TypedDict):
    id: int


class Movie(Base, total=False):
    name: Required[str]
    year: int
    rating: "float | None"


class Marked(TypedDict):
    id: "int"
    nick: "NotRequired[str]"


class Extended(ExtensionTypedDict):
    id: int
    nick: NotRequired[str]


ONE = UUID("12345678-1234-5678-1234-567812345678")

FITTING = [
    (1, Any, 1),
    ({"a": [1]}, object, {"a": [1]}),
    (None, None, None),
    (None, type(None), None),
    (True, bool, True),
    (1, int, 1),
    (10**30, int, 10**30),
    (1.5, float, 1.5),
    ("é", str, "é"),
    (1, UserId, 1),
    (1.5, Number, 1.5),
    ("2030-01-31T12:00:00Z", datetime, datetime(2030, 1, 31, 12, tzinfo=UTC)),
    ("2030-01-31 12:00", datetime, datetime(2030, 1, 31, 12)),
    ("2030-01-31", date, date(2030, 1, 31)),
    ("12:00", time, time(12)),
    ("P1DT2H", timedelta, timedelta(days=1, hours=2)),
    ("9.90", Decimal, Decimal("9.90")),
    (5, Decimal, Decimal(5)),
    (str(ONE), UUID, ONE),
    ("AP8=", bytes, b"\x00\xff"),
    ([1, 2], list, [1, 2]),
    ([1, 2], list[int], [1, 2]),
    ({"a": 1}, dict, {"a": 1}),
    ({"a": "2030-01-31"}, dict[str, date], {"a": date(2030, 1, 31)}),
    ([1, "a"], tuple[int, str], (1, "a")),
    ([], tuple[()], ()),
    ([1, 2, 3], tuple[int, ...], (1, 2, 3)),
    ([1, "a"], tuple, (1, "a")),
    ([1, 1], set[int], {1}),
    (["a"], frozenset[str], frozenset({"a"})),
    ([1, "a", None], set, {1, "a", None}),
    (["a", 1], set[Any], {"a", 1}),
    ([["red", 1]], set[tuple[Colour, int]], {(Colour.RED, 1)}),
    ([["a"], []], set[frozenset[str]], {frozenset({"a"}), frozenset()}),
    ([{"x": 1}, {"x": 1}], set[Pixel | None], {Pixel(1)}),
    ([{"x": 1}], set[FrozenPoint], {FrozenPoint(1)}),
    (None, int | None, None),
    (1, Optional[int], 1),  # noqa: UP045
    ("a", Union[int, str], "a"),  # noqa: UP007
    ("2030-01-31", str | date, "2030-01-31"),
    ("2030-01-31", date | str, date(2030, 1, 31)),
    ("soon", date | str, "soon"),
    ([1], list[int] | int, [1]),
    (7, list[int] | int, 7),
    ({"a": None}, dict[str, int | None] | list[int], {"a": None}),
    ({"x": 1}, int | Any, {"x": 1}),
    ("a", Literal["a", "b", 1, None], "a"),
    (1, Literal["a", 1], 1),
    (None, Literal["a", None], None),
    (1, Literal[True, 1], 1),
    (True, Literal[True, 1], True),
    ("red", Literal[Colour.RED], Colour.RED),
    ("red", Colour, Colour.RED),
    (1, Colour, Colour.ONE),
    (1, Level, Level.LOW),
    ({"name": "x", "price": "2"}, Item, Item("x", Decimal(2))),
    (
        {"id": str(ONE), "items": [{"name": "x", "price": "2", "count": 2, "tags": ["a"]}], "placed": None},
        Order,
        Order(id=ONE, items=[Item("x", Decimal(2), 2, ["a"])]),
    ),
    ({"value": 1, "children": [{"value": 2}]}, Tree, Tree(1, [Tree(2)])),
    ({"kind": "cat"}, Cat | Dog, Cat("cat")),
    ({"kind": "puppy", "friends": [{"kind": "cat", "lives": 1}]}, Cat | Dog, Dog("puppy", [Cat("cat", 1)])),
    (None, Cat | Dog | None, None),
    ({"id": 1, "name": "x"}, Movie, {"id": 1, "name": "x"}),
    ({"id": 1, "name": "x", "year": 2, "rating": None}, Movie, {"id": 1, "name": "x", "year": 2, "rating": None}),
    ({"id": 1}, Marked, {"id": 1}),
    ({"id": 1, "nick": "x"}, Extended, {"id": 1, "nick": "x"}),
]


@pytest.mark.parametrize(("value", "wanted", "built"), FITTING, ids=repr)
def test_a_value_that_fits_is_built(value, wanted, built):
    made = check(value, wanted)
    assert made == built
    assert type(made) is type(built)


def test_an_integer_becomes_a_float_where_one_is_wanted():
    assert type(check(1, float)) is float
    assert type(check(1, int | float)) is int


AMISS = [
    (True, int, [([], "Must be an integer.")]),
    (1.0, int, [([], "Must be an integer.")]),
    ("1", int, [([], "Must be an integer.")]),
    (True, float, [([], "Must be a number.")]),
    (10**400, float, [([], "Is too large a number.")]),
    (10**400, float | None, [([], "Must be a number or null.")]),
    ([-(10**400)], list[float], [([0], "Is too large a number.")]),
    (1, bool, [([], "Must be true or false.")]),
    (1, str, [([], "Must be a string.")]),
    (None, str, [([], "Must be a string.")]),
    (0, None, [([], "Must be null.")]),
    (True, Decimal, [([], 'Must be a decimal number in a string ("9.90").')]),
    (1.5, Decimal, [([], 'Must be a decimal number in a string ("9.90").')]),
    (1700000000, datetime, [([], "Must be a date and time in ISO 8601 (2030-01-31T12:00:00Z).")]),
    ("soon", date, [([], "Must be a date (2030-01-31).")]),
    ({}, list[int], [([], "Must be an array.")]),
    ([], dict[str, int], [([], "Must be an object.")]),
    ([], Item, [([], "Must be an object.")]),
    ([1, "a", 2, None], list[int], [([1], "Must be an integer."), ([3], "Must be an integer.")]),
    ({"a": [1, "b"]}, dict[str, list[int]], [(["a", 1], "Must be an integer.")]),
    ([1], tuple[int, str], [([], "Must have 2 items.")]),
    (["a", 1], tuple[int, str], [([0], "Must be an integer."), ([1], "Must be a string.")]),
    (1, tuple[int, str], [([], "Must be an array.")]),
    (["a"], set[int], [([0], "Must be an integer.")]),
    ("a", set, [([], "Must be an array.")]),
    ([1, {}, "a", []], set, [([1], NO_ITEM), ([3], NO_ITEM)]),
    ([[1, [2]]], frozenset[tuple[Any, ...]], [([0], NO_ITEM)]),
    ([{"tags": 1}, {"tags": []}], set[Loose], [([1], NO_ITEM)]),
    ("a", int | None, [([], "Must be an integer or null.")]),
    ({}, int | list[int], [([], "Must be an integer or an array.")]),
    (1, dict[str, int] | None, [([], "Must be null or an object.")]),
    (["a"], int | list[int], [([0], "Must be an integer.")]),
    ("c", Literal["a", "b"], [([], 'Must be one of "a", "b".')]),
    (True, Literal[1], [([], "Must be 1.")]),
    (1.0, Literal[1], [([], "Must be 1.")]),
    (["a"], Literal["a"], [([], 'Must be "a".')]),
    ("blue", Colour, [([], 'Must be one of "red", 1.')]),
    ({}, Colour, [([], 'Must be one of "red", 1.')]),
    (
        {"price": 1.5, "count": "x", "size": 1},
        Item,
        [
            (["price"], 'Must be a decimal number in a string ("9.90").'),
            (["count"], "Must be an integer."),
            (["size"], "Is not a member that is known here."),
            (["name"], "Is required."),
        ],
    ),
    (
        {"name": "x", "price": "1", "kind": "y", "total": "5"},
        Item,
        [
            (["kind"], "Is not a member that is known here."),
            (["total"], "Is not a member that is known here."),
        ],
    ),
    ([{"name": "x", "price": "1", "count": -1}], list[Item], [([0], "count must not be negative.")]),
    (
        {"a": {"start": 2, "end": 1}},
        dict[str, Span],
        [(["a", "end"], "Must not be before start."), (["a"], "Is turned round.")],
    ),
    ({"value": 1, "children": [{"value": 2}, {}]}, Tree, [(["children", 1, "value"], "Is required.")]),
    ({"kind": "cow"}, Cat | Dog, [(["kind"], 'Must be one of "cat", "dog", "puppy".')]),
    ({"kind": ["cat"]}, Cat | Dog, [(["kind"], 'Must be one of "cat", "dog", "puppy".')]),
    ({}, Cat | Dog, [(["kind"], "Is required.")]),
    (1, Cat | Dog, [([], "Must be an object.")]),
    (
        {"kind": "dog", "friends": [{"kind": "cat", "lives": "x"}]},
        Cat | Dog,
        [(["friends", 0, "lives"], "Must be an integer.")],
    ),
    ({"year": "x"}, Movie, [(["year"], "Must be an integer."), (["id"], "Is required."), (["name"], "Is required.")]),
    ({}, Marked, [(["id"], "Is required.")]),
    ({}, Extended, [(["id"], "Is required.")]),
]


@pytest.mark.parametrize(("value", "wanted", "errors"), AMISS, ids=repr)
def test_each_place_where_a_value_does_not_fit_is_told(value, wanted, errors):
    with pytest.raises(ValidationError) as caught:
        check(value, wanted)
    assert [(each["loc"], each["msg"]) for each in caught.value.errors] == errors


@dataclass
class Unsupported:
    numbers: list[complex]


@dataclass
class WithInitVar:
    start: InitVar[int]


@dataclass
class OtherCat:
    kind: Literal["cat"]


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (complex, "^complex: JSON cannot be checked against"),
        (list[complex], r"^list\[complex\]\[\]: JSON cannot"),
        (Unsupported, r"^Unsupported.numbers\[\]: JSON cannot be checked against <class 'complex'>"),
        (dict[int, str], "JSON cannot be checked"),
        (Annotated[int, "positive"], "JSON cannot be checked"),
        (T, "JSON cannot be checked"),
        (list[T], "JSON cannot be checked"),
        ("Item", "JSON cannot be checked"),
        (WithInitVar, "start is an InitVar"),
        (set[Item], r"^set\[.*Item\]: a set cannot hold <class .*Item'>; take a list, or make a dataclass frozen"),
        (set[list[int]], "a set cannot hold"),
        (frozenset[dict[str, int]], "a set cannot hold"),
        (set[set[int]], "a set cannot hold"),
        (set[Movie], "a set cannot hold"),
        (set[int | list[int]], "a set cannot hold"),
        (set[tuple[int, Item]], "a set cannot hold"),
        (list[set[tuple[Item, ...]]], "a set cannot hold"),
        (set[Point], "a set cannot hold"),
        (set[Model], "a set cannot hold"),
        (list[int] | tuple[int, int], "two kinds of array"),
        (Item | Tree, "several kinds of object"),
        (Cat | OtherCat, "several kinds of object"),
        (Cat | Item, "several kinds of object"),
        (Cat | dict[str, int], "several kinds of object"),
        (MAP, r"JSON cannot be checked against \{'a': <class 'int'>\}; see Request.json"),
        ([int], "JSON cannot be checked against"),
        (Annotated[int, []], "JSON cannot be checked against"),
        (list[MAP], "JSON cannot be checked against"),
    ],
)
@pytest.mark.parametrize("value", [None, {}, []])
def test_a_type_that_json_cannot_be_checked_against_is_a_bug_whatever_the_value(wanted, words, value):
    with pytest.raises(TypeError, match=words):
        check(value, wanted)


def named(source):
    """Return the type J that this source stands for."""
    names = dict(globals())
    exec(f"type J = {source}", names)
    return names["J"]


has_aliases = pytest.mark.skipif(sys.version_info < (3, 12), reason="types have no names of their own")


@has_aliases
@pytest.mark.parametrize(
    ("source", "value", "built"),
    [
        ("dict[str, J] | list[J] | str", {"a": ["b", {"c": []}]}, {"a": ["b", {"c": []}]}),
        ("list[J]", [[], [[]]], [[], [[]]]),
        ("tuple[J, ...] | None", [[None], []], ((None,), ())),
        ("Optional[list[J]]", [None], [None]),
    ],
)
def test_a_type_may_hold_itself_by_its_name(source, value, built):
    assert check(value, named(source)) == built
    assert check([value], list[named(source) | bool]) == [built]


@has_aliases
def test_a_type_that_holds_itself_may_be_the_item_of_a_set():
    assert check([1, [2, [3]]], set[named("tuple[J, ...] | int")]) == {1, (2, (3,))}
    with pytest.raises(TypeError, match="a set cannot hold J"):
        check([], set[named("list[J] | int")])


@has_aliases
def test_what_does_not_fit_in_a_type_that_holds_itself_is_told_where_it_is():
    with pytest.raises(ValidationError) as caught:
        check({"a": ["b", {"c": 1}]}, named("dict[str, J] | list[J] | str"))
    assert caught.value.errors == [{"loc": ["a", 1, "c"], "msg": "Must be a string or an array or an object."}]


@has_aliases
@pytest.mark.parametrize("source", ["J", "J | int", "Optional[J]", "Union[int, Union[J, str]]"])
def test_a_type_that_stands_for_itself_is_a_bug(source):
    with pytest.raises(TypeError, match="J is a type that stands for itself"):
        check(1, named(source))


def test_what_goes_wrong_in_the_app_is_not_the_clients_fault():
    @dataclass
    class Broken:
        x: int

        def __post_init__(self):
            raise KeyError(self.x)

    with pytest.raises(KeyError):
        check({"x": 1}, Broken)


MODULUS = 2**61 - 1  # of the hash of numbers, which a client knows


@pytest.mark.parametrize(
    ("wanted", "write"),
    [
        (set[int], int),
        (frozenset[int], int),
        (set[Any], int),
        (set[int | None], int),
        (set[Decimal], str),
        (set[UUID], lambda number: str(UUID(int=number))),
        (set[tuple[int, ...]], lambda number: [1, number]),
        (set[frozenset[int]], lambda number: [1, number]),
        (set[Pixel], lambda number: {"x": number}),
        (set[Loose], lambda number: {"tags": number}),
    ],
    ids=repr,
)
def test_items_chosen_so_that_a_set_compares_each_with_each_are_refused(wanted, write):
    value = [write(number * MODULUS) for number in range(1000)]
    with pytest.raises(ValidationError) as caught:
        check({"ids": value}, dict[str, wanted])
    assert caught.value.errors == [
        {"loc": ["ids"], "msg": "Must not hold more than 32 items that share a hash, as a set."}
    ]
    assert len(check(value[:30], wanted)) == 30
    assert len(check([write(number) for number in range(1000)], wanted)) == 1000


def test_a_million_errors_are_told_as_a_thousand():
    with pytest.raises(ValidationError) as caught:
        check(["x"] * 1_000_000, list[int])
    assert len(caught.value.errors) == MOST_ERRORS == 1000
    assert caught.value.errors[-1]["loc"] == [999]


def test_a_long_name_is_not_repeated_at_length_in_each_error():
    with pytest.raises(ValidationError) as caught:
        check({"n" * 1_000_000: ["x"] * 2000}, dict[str, list[int]])
    assert len(encode_json(caught.value.extensions)) < MOST_ERRORS * (LONGEST_NAME + 100)
    assert caught.value.errors[0]["loc"] == ["n" * LONGEST_NAME + "…", 0]


def test_a_place_far_down_under_long_names_is_not_repeated_a_thousand_times():
    value: Any = dict.fromkeys(map(str, range(1000)), 1)
    for _ in range(97):
        value = {"children": {"k" * 101: value}}
    with pytest.raises(ValidationError, match="More may be wrong than is told") as caught:
        check(value, Forest)
    assert len(caught.value.errors) > 1
    assert len(encode_json(caught.value.extensions)) < 200_000


def test_what_is_nested_more_deeply_than_the_stack_is_an_error_of_the_value():
    tree: dict[str, Any] = {"value": 1}
    for _ in range(5000):
        tree = {"value": 1, "children": [tree]}
    with pytest.raises(ValidationError, match="form that is expected") as caught:
        check(tree, Tree)
    assert caught.value.errors[-1] == {"loc": [], "msg": "Is nested too deeply."}


def test_a_tree_of_two_kinds_is_checked_in_linear_time():
    tree: dict[str, Any] = {"kind": "dog", "friends": ["wrong"]}
    for _ in range(60):  # if each kind were tried at each level, this would take 2**60 steps
        tree = {"kind": "dog", "friends": [tree]}
    with pytest.raises(ValidationError) as caught:
        check(tree, Cat | Dog)
    assert len(caught.value.errors) == 1


SCALARS = (
    st.datetimes(timezones=st.none() | st.just(UTC))
    | st.dates()
    | st.times()
    | st.timedeltas()
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.uuids()
    | st.binary()
    | st.sampled_from(Colour)
    | st.text(st.characters(exclude_categories=["Cs"]))
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.booleans()
)


@given(SCALARS)
def test_what_is_written_comes_back_as_its_type(value):
    back = check(decode_json(encode_json(value)), type(value))
    assert back == value
    assert type(back) is type(value)


@given(st.lists(st.tuples(st.text(st.characters(exclude_categories=["Cs"])), st.integers(0, 9))))
def test_a_dataclass_that_is_written_comes_back(pairs):
    order = Order(id=ONE, items=[Item(name, Decimal(count), count) for name, count in pairs], placed=datetime.now(UTC))
    value = json.loads(encode_json(order))
    for item in value["items"]:
        del item["total"]  # not a member that is read
    assert check(value, Order) == order
