"""Read one of some values, those of an enum or of a Literal, from what JSON has for it."""

import json
from collections.abc import Iterable
from enum import Enum, Flag
from functools import reduce
from operator import or_
from typing import Any

from spa.scalar import WRITERS
from spa.validation.shape import Scalar, one_of


def one_of_enum(wanted: type[Enum]) -> Scalar:
    """Return the check for a member of an enum, or for any flags together.

    Raises:
        TypeError: JSON has nothing for one of the values.
    """
    if issubclass(wanted, Flag):
        return _some_of(wanted)
    return one_of_values((each.value, each) for each in wanted)


def one_of_values(choices: Iterable[tuple[Any, Any]]) -> Scalar:
    """Return the check for one of some values, each given with what is to be returned for it.

    Raises:
        TypeError: JSON has nothing for one of them.
    """
    written = [(_write(value), member) for value, member in choices]
    members = {_key(value): member for value, member in written}

    def read(value: Any) -> Any:
        key = _key(value)
        if key not in members:
            raise ValueError("not among the choices")
        return members[key]

    return Scalar(one_of(value for value, _ in written), read)


def _some_of(wanted: type[Flag]) -> Scalar:
    values = [each.value for each in wanted.__members__.values()]
    mask = reduce(or_, values, 0)

    def read(value: Any) -> Any:
        if type(value) is not int or value & ~mask:  # an IntFlag takes any bits, and -1 for all of them
            raise ValueError("no flags")
        return wanted(value)

    return Scalar(f"{one_of(values)}, or the sum of some", read)


def _key(value: Any) -> Any:
    """Return what two JSON values have in common if they are the same: True equals 1 and 1.0 to Python."""
    return json.dumps(value, sort_keys=True) if isinstance(value, (list, dict)) else (type(value), value)


def _write(value: Any) -> Any:
    """Return what Spa writes for a value."""
    if value is None:
        return value
    if isinstance(value, (list, tuple)):
        return [_write(item) for item in value]
    for kind in type(value).__mro__:
        if kind in WRITERS:
            return WRITERS[kind](value)
    raise TypeError(f"JSON has nothing to read {value!r} from, a value of an enum or Literal; give it a string")
