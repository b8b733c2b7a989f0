"""Hold JSON out and in: what stands for which value, the same rules for each module, and where text is not JSON."""

import inspect
import json
import os
import subprocess
import sys
from collections import OrderedDict, namedtuple
from dataclasses import InitVar, dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from pathlib import Path, PurePosixPath
from types import MappingProxyType, ModuleType
from typing import ClassVar
from uuid import UUID

import msgspec
import orjson
import pydantic
import pytest
from markupsafe import Markup

import spa
from spa.jsoncodec import PYTHON, codec_of, decode_json, encode_json
from spa.jsontext import MOST_NESTED, NotJSON

CODECS = {
    "python": PYTHON,
    "json": codec_of(json),
    "orjson": codec_of(orjson),
    "msgspec": codec_of(msgspec.json),
}


@pytest.fixture(params=CODECS)
def codec(request):
    return CODECS[request.param]


class Colour(Enum):
    RED = "red"
    DARK = (0, 0, 0)


class Level(IntEnum):
    HIGH = 3


class Word(StrEnum):
    YES = "yes"


class Both(float, Enum):
    HALF = 0.5


class Count(int):
    pass


class Weight(float):
    pass


@dataclass
class Inner:
    when: date


@dataclass
class Outer:
    name: str
    inner: Inner
    _hidden: int = 1
    start: InitVar[int] = 0
    kind: ClassVar[str] = "x"
    tags: set[str] = field(default_factory=set)


@dataclass(slots=True, frozen=True)
class Slotted:
    price: Decimal


class Struct(msgspec.Struct):
    price: Decimal


class Renamed(msgspec.Struct, rename="camel", tag="new"):
    unit_price: Decimal
    left_out: int | msgspec.UnsetType = msgspec.UNSET
    next_one: "Renamed | None" = None


class Row(msgspec.Struct, array_like=True, tag=True):
    at: date
    note: str = ""


class Model(pydantic.BaseModel):
    price: Decimal
    key: bytes = b"k"


class Site(pydantic.BaseModel):
    url: pydantic.HttpUrl = pydantic.Field(alias="siteUrl")
    lasts: timedelta = timedelta(hours=36)
    secret: pydantic.SecretStr = pydantic.SecretStr("hush")


@pydantic.dataclasses.dataclass
class Place:
    home: pydantic.HttpUrl


SITE = Site(siteUrl="https://a.example/")

VALUES = [
    ({"a": 1}, {"a": 1}),
    ({"é€": ["<", None, True, 1.5]}, {"é€": ["<", None, True, 1.5]}),
    (datetime(2030, 1, 31, 12, 30, 0, 5, tzinfo=UTC), "2030-01-31T12:30:00.000005Z"),
    (datetime(2030, 1, 31, 12, 30), "2030-01-31T12:30:00"),
    (date(2030, 1, 31), "2030-01-31"),
    (time(12, 30, tzinfo=UTC), "12:30:00Z"),
    (Decimal("9.90"), "9.90"),
    (Decimal("12345678901234567890.1234567890"), "12345678901234567890.1234567890"),
    (UUID("12345678-1234-5678-1234-567812345678"), "12345678-1234-5678-1234-567812345678"),
    (Colour.RED, "red"),
    (Level.HIGH, 3),
    (Word.YES, "yes"),
    (Both.HALF, 0.5),
    ([Markup("<b>"), Count(3), Weight(2.5)], ["<b>", 3, 2.5]),
    (Path("a/b"), "a/b"),
    (PurePosixPath("/c"), "/c"),
    (b"\x00\xff", "AP8="),
    (bytearray(b"a"), "YQ=="),
    ({"x"}, ["x"]),
    (frozenset([1]), [1]),
    ((1, "a"), [1, "a"]),
    (namedtuple("Point", "x y")(1, 2), [1, 2]),
    (OrderedDict(a=1), {"a": 1}),
    (Outer("n", Inner(date(2030, 1, 1))), {"name": "n", "inner": {"when": "2030-01-01"}, "_hidden": 1, "tags": []}),
    (Slotted(Decimal("1.0")), {"price": "1.0"}),
    (Struct(Decimal("1.0")), {"price": "1.0"}),
    (Model(price=Decimal("1.0")), {"price": "1.0", "key": "k"}),
    (Renamed(Decimal("1.0")), {"type": "new", "unitPrice": "1.0", "nextOne": None}),
    (Row(date(2030, 1, 1)), ["Row", "2030-01-01", ""]),
    (SITE, {"siteUrl": "https://a.example/", "lasts": "P1DT12H", "secret": "**********"}),
    ({"url": SITE.url}, {"url": "https://a.example/"}),
    (Place("https://b.example"), {"home": "https://b.example/"}),
    ({1: "a", 2.5: "b", "c": {-3: Colour.RED}}, {"1": "a", "2.5": "b", "c": {"-3": "red"}}),
    ([{"deep": {"er": Colour.RED}}], [{"deep": {"er": "red"}}]),
]


@pytest.mark.parametrize(("value", "plain"), VALUES, ids=lambda value: type(value).__name__)
def test_a_value_is_written_as_this_by_every_module(codec, value, plain):
    assert json.loads(codec.dumps(value)) == plain


@pytest.mark.parametrize("duration", [timedelta(days=1, hours=2, microseconds=5), timedelta(seconds=-90), timedelta()])
def test_a_duration_is_written_by_every_module_so_that_it_comes_back(codec, duration):
    assert spa.validation.check(codec.loads(codec.dumps(duration)), timedelta) == duration


@pytest.mark.parametrize(
    "value",
    [
        Renamed(Decimal("1.0"), 5, Renamed(Decimal("2.50"))),
        Row(date(2030, 1, 1), "x"),
        Site(siteUrl="https://a.example/?q=1", secret="**********"),
        Place("https://b.example"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_a_model_writes_it_reads(codec, value):
    assert spa.validation.check(codec.loads(codec.dumps(value)), type(value)) == value


def test_a_pydantic_model_is_written_as_it_says_itself():
    assert json.loads(encode_json(SITE)) == SITE.model_dump(mode="json", by_alias=True)


def test_a_model_that_holds_what_is_not_a_number_is_not_written(codec):
    class Measure(pydantic.BaseModel):
        value: float

    with pytest.raises((TypeError, ValueError)):
        codec.dumps([Measure(value=float("nan"))])


@pytest.mark.parametrize("name", ["python", "json", "orjson"])
def test_true_and_null_as_names_are_written_by_all_but_msgspec(name):
    assert json.loads(CODECS[name].dumps({True: 1, None: 2})) == {"true": 1, "null": 2}


def test_msgspec_has_its_own_form_of_a_duration_and_its_own_order_of_a_set():
    assert CODECS["msgspec"].dumps(timedelta(hours=36)) == b'"P1DT43200S"'
    letters = set("spam and eggs")
    assert set(CODECS["msgspec"].loads(CODECS["msgspec"].dumps(letters))) == letters


def test_python_writes_what_it_always_wrote():
    assert encode_json({"a": 1, "é": [timedelta(days=1, hours=2)]}) == '{"a": 1, "é": ["P1DT2H"]}'.encode()
    assert encode_json([Colour.DARK]) == b"[[0, 0, 0]]"


def test_a_set_of_text_has_the_same_bytes_in_every_process():
    program = "from spa.jsoncodec import encode_json; print(encode_json({str(number) for number in range(50)}))"
    runs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(runs) == 1


def test_a_set_that_has_no_order_is_written_all_the_same():
    assert sorted(json.loads(encode_json({1, "a"})), key=str) == [1, "a"]


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        Weight("nan"),
        [1, float("inf")],
        {"a": None, "b": {"c": (1, -float("inf"))}},
        Inner(float("nan")),
        Struct(float("nan")),
        Decimal("NaN"),
        [None, Decimal("Infinity")],
        {float("nan")},
    ],
    ids=repr,
)
def test_no_module_writes_what_is_not_a_number(codec, value):
    with pytest.raises((TypeError, ValueError)):  # orjson wraps what the decimal says
        codec.dumps(value)


@pytest.mark.parametrize("value", [object(), Outer, 1j, {"a": object()}, {UUID(int=1): object()}, "\ud800"], ids=repr)
def test_what_nothing_stands_for_is_an_error(codec, value):
    with pytest.raises((TypeError, ValueError)):
        codec.dumps(value)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (object(), "type object cannot be written as JSON: put a dict in its place, or make its class a dataclass"),
        (1j, "type complex cannot be written as JSON: put a dict"),
        ("".split, "type builtin_function_or_method cannot be written as JSON: call it"),
        (lambda: 1, "type function cannot be written as JSON: call it"),
        ((part for part in "ab"), "type generator cannot be written as JSON: make it a list"),
        ({}.keys(), "type dict_keys cannot be written as JSON: make it a list"),
        (range(3), "type range cannot be written as JSON: make it a list"),
        (MappingProxyType({}), "type mappingproxy cannot be written as JSON: make it a dict"),
    ],
)
def test_what_nothing_stands_for_is_told_with_what_to_do(value, words):
    with pytest.raises(TypeError) as caught:
        encode_json({"a": value})
    assert str(caught.value).startswith(f"a value of {words}")


def test_null_is_written_where_it_stands_beside_types_that_only_the_module_knows():
    data = CODECS["msgspec"].dumps({"a": None, "b": msgspec.Raw(b"[1]"), "c": Colour.RED, "d": 1.5})
    assert json.loads(data) == {"a": None, "b": [1], "c": "red", "d": 1.5}


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b'{"a": 1}', {"a": 1}),
        (b" [1, 2.5, null, true]\n", [1, 2.5, None, True]),
        ('"é€"'.encode(), "é€"),
        (b'"NaN, -Infinity \\" NaN"', 'NaN, -Infinity " NaN'),
        (b"0", 0),
        (b"1e308", 1e308),
        (b"-1.5e-999", 0),
        (b'"\\ud83d\\ude00"', "😀"),
        (b'"\\uD83D\\uDE00 \\\\ud800 \\u00e9"', "😀 \\ud800 é"),
    ],
)
def test_json_is_read_by_every_module(codec, data, value):
    assert codec.loads(data) == value
    assert codec.loads(data.decode()) == value


NOT_JSON = [
    (b"", "line 1 column 1"),
    (b" \n ", "line 2 column 2"),
    (b"{", "line 1 column 2"),
    (b'{\n  "a": }', "line 2 column 8"),
    (b"{'a': 1}", "line 1 column 2"),
    (b"[1] 2", "line 1 column 5"),
    (b'"\x01"', "line 1 column 2"),
    (b'"\n"', "line 1 column 2"),
    (b'"\\x"', "line 1 column 2"),
    (b"01", "line 1 column 2"),
    (b"\xff", "line 1 column 1"),
    (b'[1,\n "\xc3\xa9\xe9"]', "line 2 column 4"),
    (b'"\xed\xa0\x80"', "line 1 column 2"),
    (b"\xef\xbb\xbf{}", "line 1 column 1"),
    ("{}".encode("utf-16"), "line 1 column 1"),
    ("{}".encode("utf-16-le"), "line 1 column 2"),
    ("{}".encode("utf-32-be"), "line 1 column 1"),
    (b"NaN", "line 1 column 1"),
    (b'{"NaN": "NaN \\" NaN",\n "a": NaN}', "line 2 column 7"),
    (b"[Infinity]", "line 1 column 2"),
    (b"[1,\n-Infinity]", "line 2 column 1"),
    (b"[1.5, 1e999]", "line 1 column 7"),
    (b'["1e999",\n-1e999]', "line 2 column 1"),
    (b"[" + b"1" * 400 + b".5]", "line 1 column 2"),
    (b"[2, " + b"1" * 5000 + b"]", "line 1 column 5"),
    (b'["' + b"1" * 5000 + b'", 0.' + b"1" * 5000 + b", -" + b"1" * 5000 + b"]", "line 1 column 10010"),
    (b'"\\ud800"', "line 1 column 2"),
    (b'{"a": "\\\\\\udfff"}', "line 1 column 10"),
    (b'"\\ud83d\\ud83d\\ude00"', "line 1 column 2"),
]


@pytest.mark.parametrize(("data", "place"), NOT_JSON, ids=lambda value: repr(value)[:30])
def test_what_is_not_json_is_refused_by_every_module_with_line_and_column(codec, data, place):
    with pytest.raises(NotJSON) as caught:
        codec.loads(data)
    assert str(caught.value).endswith(f": {place}")
    assert len(str(caught.value)) < 300


def nested(depth, opening="[", closing="]"):
    return opening * depth + closing * depth


@pytest.mark.parametrize("data", [nested(MOST_NESTED), nested(MOST_NESTED - 1, '{"[":', "}").replace(":}", ":{}}")])
def test_what_is_read_can_be_written_by_every_module_and_with_something_around_it(codec, data):
    value = codec.loads(data)
    for each in CODECS.values():
        assert json.loads(each.dumps({"data": [value]})) == {"data": [value]}


@dataclass
class Node:
    child: "Node | None" = None


def test_what_is_built_of_the_deepest_value_can_be_written_by_every_module(codec):
    node = Node()
    for _ in range(MOST_NESTED - 1):
        node = Node(node)
    text = codec.dumps(node)
    assert text.count(b"{") == MOST_NESTED
    assert codec.dumps(codec.loads(text)) == text


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (nested(MOST_NESTED + 1), "line 1 column 201"),
        ("\n" + nested(500), "line 2 column 201"),
        (nested(1100), "line 1 column 201"),
        ('{"a":' * 1100 + "1" + "}" * 1100, "line 1 column 1001"),
        ("[" * 100_000, "line 1 column 201"),
        ('{"a":' * 100_000, "line 1 column 1001"),
        (nested(100_000), "line 1 column 201"),
    ],
    ids=lambda value: value[:20],
)
def test_what_is_nested_too_deeply_is_refused_by_every_module_with_line_and_column(codec, data, place):
    with pytest.raises(NotJSON, match=f"^it is nested more than 200 deep: {place}$"):
        codec.loads(data)


def test_a_caller_at_the_end_of_the_stack_is_not_the_fault_of_the_text():
    def call(depth):
        return decode_json(nested(MOST_NESTED)) if depth == 0 else call(depth - 1)

    old = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack()) + 150)
    try:
        with pytest.raises(RecursionError):
            call(200)
    finally:
        sys.setrecursionlimit(old)


def test_what_the_module_alone_refuses_is_refused_in_its_words():
    strict = codec_of(module_with(loads=only_short, dumps=json.dumps))
    assert strict.loads("[1]") == [1]
    with pytest.raises(NotJSON, match="too long for me"):
        strict.loads(json.dumps(["x" * 100]))


def only_short(text):
    if len(text) > 100:
        raise ArithmeticError("too long for me")
    return json.loads(text)


def module_with(**functions):
    module = ModuleType("another")
    vars(module).update(functions)
    return module


def test_a_module_of_ones_own_reads_and_writes():
    def loads(text):
        return json.loads(text, parse_float=Decimal)

    def dumps(value, default):
        return json.dumps(value, default=default, separators=(",", ":"))

    codec = codec_of(module_with(loads=loads, dumps=dumps))
    assert codec.loads(b"[1.10]") == [Decimal("1.10")]
    assert codec.dumps({"a": date(2030, 1, 1)}) == b'{"a":"2030-01-01"}'
    with pytest.raises(NotJSON, match="NaN is not a JSON value: line 1 column 2"):
        codec.loads(b"[NaN]")


def test_infinity_is_found_also_if_only_the_module_makes_it():
    codec = codec_of(
        module_with(loads=lambda text: [float(text.strip("[]"))] if "9" in text else json.loads(text), dumps=json.dumps)
    )
    with pytest.raises(NotJSON, match="infinite"):
        codec.loads(b"[" + b"9" * 400 + b"]")


@pytest.mark.parametrize(
    ("module", "words"),
    [
        (msgspec, "pass orjson, msgspec.json"),
        (object(), "pass orjson, msgspec.json"),
        ("orjson", "pass orjson, msgspec.json"),
        ({"loads": json.loads, "dumps": json.dumps}, "pass orjson, msgspec.json"),
        (module_with(loads=json.loads, dumps=lambda value: json.dumps(value)), "does not work"),
        (module_with(loads=1, dumps=2), "pass orjson, msgspec.json"),
        (module_with(loads=lambda text: None, dumps=json.dumps), "reads other values"),
    ],
)
def test_a_module_that_will_not_do_is_a_setup_error(module, words):
    with pytest.raises(spa.SetupError, match=words):
        spa.App((), json_module=module)


def test_no_module_is_pythons_and_a_codec_is_itself():
    assert codec_of(None) is PYTHON
    assert codec_of(PYTHON) is PYTHON
    assert codec_of(orjson) is codec_of(orjson)


def test_decoding_is_what_encoding_undoes():
    value = {"é": [1, -2.5, None, True, "\u2028", {"": []}]}
    assert decode_json(encode_json(value)) == value
