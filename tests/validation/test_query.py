"""Hold which types a query is checked against, what is built of its fields, and what each error says and where."""

import json
import sys
from dataclasses import InitVar, dataclass, field, make_dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, Flag, IntEnum
from typing import Annotated, Any, Literal, NewType, NotRequired, Optional, TypedDict
from urllib.parse import urlencode
from uuid import UUID

import msgspec
import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import TypeAliasType
from werkzeug.test import create_environ
from werkzeug.wrappers import Request

from spa.jsoncodec import encode_json
from spa.validation import ValidationError
from spa.validation.query import check

EAST = timezone(timedelta(hours=1))
ONE = UUID("12345678-1234-5678-1234-567812345678")
UserId = NewType("UserId", int)
Tags = NewType("Tags", list[str])


class Colour(Enum):
    RED = "red"
    ONE = 1
    NEW_YEAR = date(2030, 1, 1)
    HALF = 0.5


class Level(IntEnum):
    LOW = 1


class Right(Flag):
    READ = 1
    WRITE = 2


@dataclass
class Page:
    page: int = 1
    sort: Literal["name", "date"] = "name"
    tag: list[str] = field(default_factory=list)
    since: date | None = None


@dataclass
class Span:
    start: int
    end: int

    def __post_init__(self):
        if self.start < 0:
            raise ValueError("Must not begin before 0.")
        if self.end < self.start:
            raise ValidationError([(["end"], "Must not be before start.")])


Period = TypedDict("Period", {"from": date, "to": "NotRequired[date]", "tag[]": NotRequired[list[int]]})


def read(query, wanted):
    """Return what is built of a query, whose fields are read as those of a request are."""
    return check(dict(Request(create_environ("/", query_string=query)).args.lists()), wanted)


def one(wanted, **options):
    """Return a dataclass with one member, x."""
    return make_dataclass("One", [("x", wanted, field(**options))])


def errors_of(query, wanted):
    with pytest.raises(ValidationError) as caught:
        read(query, wanted)
    return [(each["loc"], each["msg"]) for each in caught.value.errors]


@pytest.mark.parametrize(
    ("text", "wanted", "value"),
    [
        ("", str, ""),
        ("a+b%2Bc", str, "a b+c"),
        ("%C3%A9", str, "é"),
        ("%E9", str, "%E9"),
        ("5", int, 5),
        ("-5", int, -5),
        ("%2B5", int, 5),
        ("007", int, 7),
        ("9" * 4300, int, 10**4300 - 1),
        ("5", UserId, 5),
        ("5", float, 5.0),
        ("-1.5e-3", float, -0.0015),
        ("%2B01.5", float, 1.5),
        ("0." + "0" * 400 + "1", float, 0.0),
        ("true", bool, True),
        ("1", bool, True),
        ("false", bool, False),
        ("0", bool, False),
        ("9.90", Decimal, Decimal("9.90")),
        (str(ONE), UUID, ONE),
        ("2030-01-31", date, date(2030, 1, 31)),
        ("12:00", time, time(12)),
        ("12:00%2B01:00", time, time(12, tzinfo=EAST)),
        ("2030-01-31T12:00:00Z", datetime, datetime(2030, 1, 31, 12, tzinfo=UTC)),
        ("2030-01-31T12:00:00%2B01:00", datetime, datetime(2030, 1, 31, 12, tzinfo=EAST)),
        ("2030-01-31T12:00:00-05:30", datetime, datetime(2030, 1, 31, 17, 30, tzinfo=UTC)),
        ("2030-01-31+12:00", datetime, datetime(2030, 1, 31, 12)),
        ("P1DT2H", timedelta, timedelta(days=1, hours=2)),
        ("red", Colour, Colour.RED),
        ("1", Colour, Colour.ONE),
        ("2030-01-01", Colour, Colour.NEW_YEAR),
        ("0.5", Colour, Colour.HALF),
        ("1", Level, Level.LOW),
        ("3", Right, Right.READ | Right.WRITE),
        ("b", Literal["a", "b"], "b"),
        ("2", Literal[1, 2], 2),
        ("false", Literal[False, "all"], False),
        ("red", Literal[Colour.RED], Colour.RED),
        ("1", Literal["1", 1], "1"),
        ("1", Literal[1, "1"], 1),
        ("5", int | str, 5),
        ("5", str | int, "5"),
        ("soon", date | Literal["soon"], "soon"),
        ("", date | Literal[""], ""),
        ("5", Optional[int], 5),  # noqa: UP045
        ("null", str | None, "null"),
        ("1.5", int | float | None, 1.5),
    ],
)
def test_a_text_is_read_as_its_type(text, wanted, value):
    built = read(f"x={text}", one(wanted)).x
    assert built == value
    assert type(built) is type(value)


@pytest.mark.parametrize(
    ("query", "wanted", "value"),
    [
        ("", Page, Page()),
        ("page=2&tag=a&sort=date&tag=b", Page, Page(2, "date", ["a", "b"])),
        ("since=2030-01-31&tag=", Page, Page(tag=[""], since=date(2030, 1, 31))),
        ("start=1&end=2", Span, Span(1, 2)),
        ("from=2030-01-31", Period, {"from": date(2030, 1, 31)}),
        ("from=2030-01-31&to=2030-02-01", Period, {"from": date(2030, 1, 31), "to": date(2030, 2, 1)}),
        ("from=2030-01-31&tag[]=1&tag%5B%5D=2", Period, {"from": date(2030, 1, 31), "tag[]": [1, 2]}),
    ],
)
def test_a_query_that_fits_is_built(query, wanted, value):
    assert read(query, wanted) == value


@pytest.mark.parametrize(
    ("wanted", "value"),
    [
        (list[int], [1, 2, 1]),
        (tuple[int, ...], (1, 2, 1)),
        (set[int], {1, 2}),
        (frozenset[int], frozenset({1, 2})),
        (list[int] | None, [1, 2, 1]),
        (list[int | None], [1, 2, 1]),
        (list[int | str], [1, 2, 1]),
        (Tags, ["1", "2", "1"]),
    ],
)
def test_a_name_that_is_repeated_is_a_collection(wanted, value):
    built = read("x=1&x=2&x=1", one(wanted)).x
    assert built == value
    assert type(built) is type(value)


INTEGER, NUMBER, BOOL = "Must be an integer.", "Must be a number.", "Must be true or false."
DECIMAL, DATE = "Must be a decimal number (9.90).", "Must be a date (2030-01-31)."
DATETIME = "Must be a date and time in ISO 8601 (2030-01-31T12:00:00Z, the + of an offset as %2B)."


@pytest.mark.parametrize(
    ("text", "wanted", "msg"),
    [
        *((text, int, INTEGER) for text in ("", "abc", "1.0", "1_0", "+5", "5+", "%205", "0x1", "--1", "%D9%A1", "²")),
        ("9" * 4301, int, INTEGER),
        *((text, float, NUMBER) for text in ("", "nan", "-inf", "Infinity", "1_0.5", "+1.5", ".5", "5.", "1e", "²")),
        ("1e999", float, "Is too large a number."),
        ("9" * 400, float, "Is too large a number."),
        *((text, bool, BOOL) for text in ("", "True", "yes", "on", "2", "%201")),
        ("NaN", Decimal, DECIMAL),
        ("1e9999", Decimal, DECIMAL),
        ("31.01.2030", date, DATE),
        ("12:00+01:00", time, "Must be a time in ISO 8601 (12:00:00, the + of an offset as %2B)."),
        ("2030-01-31T12:00:00+01:00", datetime, DATETIME),
        ("1", timedelta, "Must be a duration in ISO 8601 (P1DT2H30M)."),
        ("1", UUID, "Must be a UUID."),
        ("blue", Colour, 'Must be one of "red", 1, "2030-01-01", 0.5.'),
        ("01", Level, "Must be 1."),
        ("4", Right, "Must be one of 1, 2, or the sum of some."),
        ("red", Right, "Must be one of 1, 2, or the sum of some."),
        ("True", Literal[True, 1], "Must be one of true, 1."),
        ("", int | None, INTEGER),
        ("x", date | int, "Must be a date (2030-01-31) or an integer."),
    ],
)
def test_a_text_that_is_not_of_its_type_is_told(text, wanted, msg):
    assert errors_of(f"x={text}", one(wanted, default=None)) == [(["x"], msg)]


@pytest.mark.parametrize(
    ("query", "wanted", "errors"),
    [
        ("page=abc", Page, [(["page"], INTEGER)]),
        ("page", Page, [(["page"], INTEGER)]),
        ("page=1&page=1", Page, [(["page"], "Must be given once.")]),
        ("pgae=2&Page=3", Page, [([name], "Is not a member that is known here.") for name in ("pgae", "Page")]),
        ("%E9=1", Page, [(["%E9"], "Is not a member that is known here.")]),
        (
            "sort=size&page=2&tag=x&since=",
            Page,
            [(["sort"], 'Must be one of "name", "date".'), (["since"], DATE)],
        ),
        ("", Span, [(["start"], "Is required."), (["end"], "Is required.")]),
        ("", Period, [(["from"], "Is required.")]),
        ("", one(int | None), [(["x"], "Is required.")]),
        ("", one(list[int]), [(["x"], "Is required.")]),
        ("x=1&x=&x=2&x=a", one(list[int]), [(["x", 1], INTEGER), (["x", 3], INTEGER)]),
        ("x=a&x=1", one(set[int]), [(["x", 0], INTEGER)]),
        ("start=-1&end=0", Span, [([], "Must not begin before 0.")]),
        ("start=1&end=0", Span, [(["end"], "Must not be before start.")]),
    ],
)
def test_each_field_that_does_not_fit_is_told(query, wanted, errors):
    assert errors_of(query, wanted) == errors


def test_the_error_speaks_of_the_query():
    with pytest.raises(ValidationError) as caught:
        read("page=abc", Page)
    assert caught.value.description == "The query is not of the form that is expected here."


class Struct(msgspec.Struct):
    x: int


class Model(pydantic.BaseModel):
    x: int


@pydantic.dataclasses.dataclass
class Checked:
    x: int


class Shape(Enum):
    SQUARE = (1, 1)


@dataclass
class WithInitVar:
    start: InitVar[int]


NO_RECORDS = ({"a": int}, [int], int, list[int], dict[str, int], Page | None, Any, None, Struct, Model, Checked)
NO_SCALARS = (Page, Period, Struct, Model, Checked, Any, object, None, bytes, complex, dict, dict[str, int])
NO_COLLECTIONS = (list, tuple, set, tuple[int, str], tuple[()], list[int] | int, list[int] | set[int])
NO_ITEMS = (list[Page], list[list[int]], set[Any], tuple[bytes, ...], list[Page] | None, list[None])
ONLY = "a query is checked against a plain dataclass or a TypedDict, not against"


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        *((wanted, ONLY) for wanted in NO_RECORDS),
        *((one(wanted), r"^One\.x: a query has nothing for .*; see Request\.query") for wanted in NO_SCALARS),
        *((one(wanted), r"^One\.x: a query has nothing for .*; see Request\.query") for wanted in NO_COLLECTIONS),
        *((one(wanted), r"^One\.x\[\]: a query has nothing for .*; see Request\.query") for wanted in NO_ITEMS),
        (one(Annotated[int, "positive"]), "a query has nothing for"),
        (one(Shape), r"^One\.x: a query has nothing for \[1, 1\], a value of an enum or Literal; give it a string"),
        (one(Literal["a", None]), r"^One\.x: a query has nothing for None, a value of an enum or Literal"),
        (WithInitVar, "start is an InitVar; only fields are checked"),
    ],
    ids=repr,
)
@pytest.mark.parametrize("query", ["", "x=1"])
def test_a_type_that_a_query_cannot_be_checked_against_is_a_bug_whatever_is_sent(query, wanted, words):
    with pytest.raises(TypeError, match=words):
        read(query, wanted)


def test_the_type_may_have_a_name_of_its_own():
    assert read("page=2", TypeAliasType("Named", Page)) == Page(page=2)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="types have no names of their own")
@pytest.mark.parametrize("source", ["J", "J | str", "list[J]", "list[J] | str", "dict[str, J]"])
def test_a_type_that_holds_itself_is_a_bug(source):
    names = {}
    exec(f"type J = {source}", names)
    with pytest.raises(TypeError, match=r"stands for itself|a query has nothing for"):
        read("x=1", one(names["J"]))


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("&".join(f"{number:x}" for number in range(14_000)), 1000),
        ("&".join(f"{number:0300}" for number in range(200)), 200),
        ("n" * 64_000, 1),
        ("tag=a&" * 10_000 + "page=x", 1),
        ("page&" * 13_000, 1),
        ("&".join(f"%00{number}" for number in range(8000)), 1000),
    ],
    ids=["short names", "long names", "one name", "many of a list", "many of one", "escaped"],
)
def test_the_answer_to_a_large_query_is_not_much_larger(query, count):
    with pytest.raises(ValidationError) as caught:
        read(query, Page)
    assert len(caught.value.errors) == count
    assert len(encode_json(caught.value.extensions)) < 2 * len(query)


def test_numbers_chosen_so_that_a_set_compares_each_with_each_are_refused():
    query = "&".join(f"x={number * (2**61 - 1)}" for number in range(1000))
    assert errors_of(query, one(set[int])) == [(["x"], "Must not hold more than 32 items that share a hash, as a set.")]


TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@dataclass
class Everything:
    text: str
    whole: int
    number: float
    truth: bool
    price: Decimal
    id: UUID
    day: date
    clock: time
    at: datetime
    lasts: timedelta
    colour: Colour
    choice: Literal["é", 1, True]
    texts: list[str] = field(default_factory=list)
    days: set[date] = field(default_factory=set)
    numbers: tuple[float, ...] = ()


OFFSETS = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(
    st.builds(
        Everything,
        text=TEXT,
        number=st.floats(allow_nan=False, allow_infinity=False),
        price=st.decimals(allow_nan=False, allow_infinity=False),
        clock=st.times(timezones=st.none() | OFFSETS),
        at=st.datetimes(timezones=st.none() | OFFSETS),
        texts=st.lists(TEXT),
        days=st.sets(st.dates()),
        numbers=st.lists(st.floats(allow_nan=False, allow_infinity=False)).map(tuple),
    )
)
def test_what_is_written_comes_back(value):
    written = json.loads(encode_json(value)).items()
    lists = [(name, items if isinstance(items, list) else [items]) for name, items in written]
    fields = [(name, item if isinstance(item, str) else json.dumps(item)) for name, items in lists for item in items]
    assert read(urlencode(fields), Everything) == value
