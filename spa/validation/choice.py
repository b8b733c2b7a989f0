"""Read one of some values, those of an enum or of a Literal, from what is written for it."""

import json
from collections.abc import Callable, Iterable
from enum import Enum, Flag
from functools import reduce
from operator import or_
from typing import Any

from spa.scalar import write_scalar
from spa.validation.shape import Scalar, one_of


def one_of_enum(wanted: type[Enum], identify: Callable[[Any], Any], integer: Scalar) -> Scalar:
    """Return the check for a member of an enum, or for any flags together, whose sum is an ``integer``.

    Raises:
        TypeError: nothing is written for one of the values.
    """
    if issubclass(wanted, Flag):
        return _some_of(wanted, integer)
    return one_of_values(((each.value, each) for each in wanted), identify)


def one_of_values(choices: Iterable[tuple[Any, Any]], identify: Callable[[Any], Any]) -> Scalar:
    """Return the check for one of some values, each given with what is to be returned for it.

    ``identify`` returns what a JSON value has in common with what is read for it.

    Raises:
        TypeError: nothing is written for one of them.
    """
    written = [(_write(value), member) for value, member in choices]
    members = {identify(value): member for value, member in reversed(written)}  # of two alike, the first

    def read(value: Any) -> Any:
        key = identify(value)
        if key not in members:
            raise ValueError("not among the choices")
        return members[key]

    return Scalar(one_of(value for value, _ in written), read)


def identify_json(value: Any) -> Any:
    """Return what two JSON values have in common if they are the same: True equals 1 and 1.0 to Python."""
    return json.dumps(value, sort_keys=True) if isinstance(value, (list, dict)) else (type(value), value)


def _some_of(wanted: type[Flag], integer: Scalar) -> Scalar:
    values = [each.value for each in wanted.__members__.values()]
    mask = reduce(or_, values, 0)

    def read(value: Any) -> Any:
        number = integer.read(value)
        if number & ~mask:  # an IntFlag takes any bits, and -1 for all of them
            raise ValueError("no flags")
        return wanted(number)

    return Scalar(f"{one_of(values)}, or the sum of some", read)


def _write(value: Any) -> Any:
    """Return what Spa writes for a value."""
    if value is None:
        return value
    if isinstance(value, (list, tuple)):
        return [_write(item) for item in value]
    try:
        return write_scalar(value)
    except TypeError:
        wrong = f"JSON has nothing to read {value!r} from, a value of an enum or Literal; give it a string"
        raise TypeError(wrong) from None
