"""Hold that what a URL is built of is read from its query again, whatever its type."""

from dataclasses import make_dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, Flag, IntEnum, StrEnum
from pathlib import PurePosixPath
from typing import Literal
from uuid import UUID

import pytest

import spa
from spa.querytext import write_text, write_texts
from spa.testing import Client


class Colour(Enum):
    RED = "red"
    NEW_YEAR = date(2030, 1, 1)


class Name(StrEnum):
    ANN = "ann"


class Level(IntEnum):
    LOW = 1


class Right(Flag):
    READ = 1
    WRITE = 2


@pytest.mark.parametrize(
    ("wanted", "value", "text"),
    [
        (str, "a b+c&d=é", "a+b%2Bc%26d%3D%C3%A9"),
        (int, -7, "-7"),
        (float, 1e-5, "1e-05"),
        (float, 1e22, "1e%2B22"),
        (bool, True, "true"),
        (bool, False, "false"),
        (Decimal, Decimal("1.50"), "1.50"),
        (UUID, UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (date, date(2030, 1, 31), "2030-01-31"),
        (time, time(12), "12:00:00"),
        (datetime, datetime(2030, 1, 31, 12, tzinfo=UTC), "2030-01-31T12:00:00Z"),
        (datetime, datetime(2030, 1, 31, 12, tzinfo=timezone(timedelta(hours=1))), "2030-01-31T12:00:00%2B01:00"),
        (timedelta, timedelta(days=1), "P1D"),
        (Colour, Colour.RED, "red"),
        (Colour, Colour.NEW_YEAR, "2030-01-01"),
        (Name, Name.ANN, "ann"),
        (Level, Level.LOW, "1"),
        (Right, Right.READ | Right.WRITE, "3"),
        (Literal[True, "all"], True, "true"),
        (int | str, "x", "x"),
        (list[int], [1, 2], "1&x=2"),
        (tuple[bool, ...], (True, False), "true&x=false"),
        (set[timedelta], {timedelta(1)}, "P1D"),
        (frozenset[str], frozenset("bac"), "a&x=b&x=c"),
    ],
)
def test_what_is_written_into_a_url_is_read_from_it(wanted, value, text):
    read = []

    class Page(spa.Handler):
        def get(self):
            read.append(self.request.query(make_dataclass("One", [("x", wanted)])).x)

    app = spa.App((("/", "page", Page),))
    url = app.url("page", x=value)
    assert url == f"/?x={text}"
    assert Client(app).get(url).status_code == 204
    assert (read, type(read[0])) == ([value], type(value))


def test_a_value_in_the_pattern_is_left_to_its_converter():
    app = spa.App((("/<x>/", "page", lambda app, request, params, route_name: spa.Response()),))
    assert app.url("page", x=True, y=True) == "/True/?y=true"


@pytest.mark.parametrize(
    ("value", "texts"),
    [
        (None, None),
        ([1, None], ["1"]),
        ([], []),
        (PurePosixPath("a/b"), "a/b"),
        (b"abc", "YWJj"),
        ({"c", "a"}, ["a", "c"]),
    ],
)
def test_none_is_left_out_and_anything_else_is_a_text(value, texts):
    assert write_texts(value) == texts


@pytest.mark.parametrize("value", [None, [1], {"a": 1}, object()])
def test_what_is_no_scalar_has_no_text(value):
    with pytest.raises(TypeError):
        write_text(value)
