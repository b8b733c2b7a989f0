"""Check the fields of a query string against a type, and build it."""

import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from math import isinf
from types import NoneType
from typing import Any, get_args, get_origin
from uuid import UUID

from spa.querytext import write_text
from spa.scalar import DECIMAL, KINDS
from spa.validation.compiler import build, fill, flatten, is_record, scalar_of
from spa.validation.mismatch import Errors, Loc
from spa.validation.model import package_of
from spa.validation.shape import Array, Check, Choice, Record, Scalar, Set, has_hash

DESCRIPTION = "The query is not of the form that is expected here."
INTEGER = re.compile(r"[+-]?[0-9]+")


def check(fields: dict[str, list[str]], wanted: Any) -> Any:
    """Return the ``wanted`` type made of the texts that are given for each name.

    Raises:
        ValidationError: they do not fit; it tells each place where they do not.
        TypeError: a query cannot be checked against this type.
    """
    if not has_hash(wanted):  # as {"a": int}
        raise _refuse(wanted)
    return build(_compile(wanted), fields, Errors(DESCRIPTION))


class Once:
    """A member whose name is given once, with a text for a scalar."""

    def __init__(self, item: Check) -> None:
        self.item = item

    def __call__(self, texts: list[str], loc: Loc, errors: Errors) -> Any:
        """Return what is built of the only text."""
        return self.item(texts[0], loc, errors) if len(texts) == 1 else errors.add(loc, "Must be given once.")


@lru_cache(maxsize=1024)  # as many as of JSON
def _compile(wanted: Any) -> Record:
    types = list(flatten(wanted))  # one, but for a union; it may have a name of its own
    if len(types) > 1 or package_of(types[0]) is not None or not is_record(types[0]):
        raise _refuse(wanted)
    record = Record(types[0])
    fill(record, types[0], _compile_member)
    return record


def _refuse(wanted: Any) -> TypeError:
    return TypeError(f"a query is checked against a plain dataclass or a TypedDict, not against {wanted!r}")


def _compile_member(wanted: Any, where: str) -> Check:
    types = _types_of(wanted, where)
    origin, args = get_origin(types[0]), get_args(types[0])
    if len(types) > 1 or not (origin in (list, set, frozenset) or (origin is tuple and args[1:] == (...,))):
        return Once(_compile_scalar(types, where))
    item = _compile_scalar(_types_of(args[0], f"{where}[]"), f"{where}[]")
    return Array(origin, item) if origin in (list, tuple) else Set(origin, item)


def _compile_scalar(types: list[Any], where: str) -> Check:
    scalars = []
    for each in types:
        try:
            scalar = scalar_of(each, SCALARS, _text_of)
        except TypeError as error:  # of a value of an enum or Literal
            raise TypeError(f"{where}: {error}") from None
        if scalar is None:
            raise TypeError(f"{where}: a query has nothing for {each!r}; see Request.query for what it can be")
        scalars.append(scalar)
    return Choice(scalars, None, None) if len(scalars) > 1 else scalars[0]


def _types_of(wanted: Any, where: str) -> list[Any]:
    """Return the types of a union, or the one type, without None: it says what may be absent, and is never sent."""
    try:
        types = list(flatten(wanted))
    except TypeError as error:  # of a name that stands for itself
        raise TypeError(f"{where}: {error}") from None
    return [each for each in types if each not in (None, NoneType)] or types


def _text_of(value: Any) -> str:
    """Return what stands in a query for a JSON value."""
    if value is None or isinstance(value, list):
        raise TypeError(f"a query has nothing for {value!r}, a value of an enum or Literal; give it a string")
    return write_text(value)


def _read_bool(text: str) -> bool:
    if text not in ("true", "1", "false", "0"):
        raise ValueError("not a bool")
    return text in ("true", "1")


def _read_integer(text: str) -> int:
    if INTEGER.fullmatch(text) is None:  # int() takes spaces, underscores and digits of other scripts, too
        raise ValueError("not an integer")
    return int(text)  # of so many digits as Python allows


def _read_number(text: str) -> float:
    if DECIMAL.fullmatch(text) is None:
        raise ValueError("not a number")
    number = float(text)
    if isinf(number):
        raise OverflowError("too large a number")
    return number


# What is read from text, by its type.
SCALARS: dict[Any, Scalar] = {
    str: Scalar("a text", str),
    bool: Scalar("true or false", _read_bool),
    int: Scalar("an integer", _read_integer),
    float: Scalar("a number", _read_number),
    **{wanted: Scalar(*KINDS[wanted]) for wanted in (date, timedelta, UUID)},
    Decimal: Scalar("a decimal number (9.90)", KINDS[Decimal].read),
    # A plus is a space in a query; that is not forgiven, for it would be so for some types only.
    datetime: Scalar(
        "a date and time in ISO 8601 (2030-01-31T12:00:00Z, the + of an offset as %2B)", KINDS[datetime].read
    ),
    time: Scalar("a time in ISO 8601 (12:00:00, the + of an offset as %2B)", KINDS[time].read),
}
