"""Hold that the values of enums and literals are read from what is written for them."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, Flag, IntEnum, IntFlag, StrEnum
from typing import Literal
from uuid import UUID

import pytest

from spa.jsoncodec import decode_json, encode_json
from spa.validation import ValidationError, check


class Odd(Enum):
    DATE = date(2020, 1, 1)
    DATETIME = datetime(2020, 1, 1, tzinfo=UTC)
    TIME = time(12)
    DURATION = timedelta(hours=1)
    DECIMAL = Decimal("1.50")
    UUID = UUID(int=1)
    BYTES = b"ab"
    TUPLE = (1, 2)
    LIST = [1, date(2020, 1, 1)]  # noqa: RUF012
    NOTHING = None
    TRUE = True
    ONE = 1
    FLOAT = 1.5
    TEXT = "1"


class Day(date, Enum):
    FIRST = 2020, 1, 1


class Level(IntEnum):
    LOW = 1


class Name(StrEnum):
    ADA = "ada"


class Right(Flag):
    READ = 1
    WRITE = 2
    ALL = 3


class Mode(IntFlag):
    READ = 1
    WRITE = 4


@pytest.mark.parametrize(
    "member",
    [*Odd, *Day, *Level, *Name, *Right, Right.ALL, Right(0), Mode.READ, Mode.READ | Mode.WRITE, Mode(0)],
    ids=repr,
)
def test_a_member_that_is_written_comes_back(member):
    back = check(decode_json(encode_json([member])), list[type(member)])
    assert back == [member]
    assert type(back[0]) is type(member)


@pytest.mark.parametrize(
    ("value", "wanted", "msg"),
    [
        ("2020-01-02", Day, 'Must be "2020-01-01".'),
        (1.0, Level, "Must be 1."),
        (True, Level, "Must be 1."),
        ([1], Level, "Must be 1."),
        ({}, Name, 'Must be "ada".'),
        ([1, 2.0], Literal[1, 2], "Must be one of 1, 2."),
        (4, Right, "Must be one of 1, 2, 3, or the sum of some."),
        (-1, Right, "Must be one of 1, 2, 3, or the sum of some."),
        (True, Right, "Must be one of 1, 2, 3, or the sum of some."),
        (2, Mode, "Must be one of 1, 4, or the sum of some."),
        (-1, Mode, "Must be one of 1, 4, or the sum of some."),
        ("READ", Mode, "Must be one of 1, 4, or the sum of some."),
    ],
)
def test_another_value_is_told_what_is_written(value, wanted, msg):
    with pytest.raises(ValidationError) as caught:
        check(value, wanted)
    assert caught.value.errors == [{"loc": [], "msg": msg}]


def test_of_two_values_that_are_written_alike_the_first_is_built():
    assert check("ada", Literal[Name.ADA, "ada"]) is Name.ADA
    assert type(check("ada", Literal["ada", Name.ADA])) is str


def test_a_literal_of_bytes_is_base64():
    assert check("YWI=", Literal[b"ab"]) == b"ab"


def test_one_array_is_another_if_an_item_is_of_another_type():
    class Version(Enum):
        FIRST = (1, 0)

    assert check([1, 0], Version | None) is Version.FIRST
    for value in ([1, False], [1.0, 0], [0, 1], [1]):
        with pytest.raises(ValidationError):
            check(value, Version)


def test_a_value_that_json_cannot_express_is_a_bug():
    class Shape(Enum):
        ROUND = object()

    for wanted in (Shape, list[Shape], Shape | None):
        with pytest.raises(TypeError, match=r"JSON has nothing to read <object .* give it a string"):
            check(1, wanted)
