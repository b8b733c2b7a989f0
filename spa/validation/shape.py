"""Check a JSON value of one shape (a scalar, an array, an object, a choice of them) and build it."""

import json
from collections.abc import Callable, Iterable
from itertools import chain
from typing import Any

from spa.validation.mismatch import Errors, Loc, ValidationError

MOST_ALIKE = 32  # unequal items of a set that have one hash; honest ones have none but -1 and -2

Check = Callable[[Any, Loc, Errors], Any]


class Scalar:
    """A value without parts. ``read`` returns it, or raises ``ValueError``, or ``OverflowError`` of a number."""

    def __init__(self, expected: str, read: Callable[[Any], Any]) -> None:
        self.expected = expected
        self.read = read

    def __call__(self, value: Any, loc: Loc, errors: Errors) -> Any:
        """Return the value, as its type."""
        try:
            return self.read(value)
        except ValueError:
            errors.add(loc, f"Must be {self.expected}.")
        except OverflowError:
            errors.add(loc, "Is too large a number.")


class Array:
    """A list or tuple whose items are all of one type."""

    def __init__(self, build: Callable[[list[Any]], Any], item: Check) -> None:
        self.build = build
        self.item = item

    def __call__(self, value: Any, loc: Loc, errors: Errors) -> Any:
        """Return the collection of the items built."""
        if type(value) is not list:
            return errors.add(loc, "Must be an array.")
        before = len(errors)
        items = [self.item(item, (*loc, index), errors) for index, item in enumerate(value)]
        return self.build(items) if len(errors) == before else None


class Set(Array):
    """A set whose items are all of one type."""

    def __call__(self, value: Any, loc: Loc, errors: Errors) -> Any:
        """Return the set of the items built; what the client chose, for ``Any``, may be nothing that a set can hold."""
        before = len(errors)
        items = Array(list, self.item)(value, loc, errors)
        for index, item in enumerate(items or ()):
            if not _has_hash(item):
                errors.add((*loc, index), "Must not hold an array or an object, as an item of a set.")
        if len(errors) > before:
            return None
        distinct = drop_equals(items)
        if distinct is None:
            return errors.add(loc, f"Must not hold more than {MOST_ALIKE} items that share a hash, as a set.")
        return self.build(distinct)


class Tuple:
    """A tuple with a type for each item."""

    def __init__(self, items: list[Check]) -> None:
        self.items = items

    def __call__(self, value: Any, loc: Loc, errors: Errors) -> Any:
        """Return the tuple of the items built."""
        if type(value) is not list:
            return errors.add(loc, "Must be an array.")
        if len(value) != len(self.items):
            return errors.add(loc, f"Must have {len(self.items)} items.")
        pairs = enumerate(zip(self.items, value, strict=True))
        return tuple(item(part, (*loc, index), errors) for index, (item, part) in pairs)


class Dictionary:
    """An object whose members are all of one type."""

    def __init__(self, item: Check) -> None:
        self.item = item

    def __call__(self, value: Any, loc: Loc, errors: Errors) -> Any:
        """Return the dict of the members built."""
        if type(value) is not dict:
            return errors.add(loc, "Must be an object.")
        return {name: self.item(item, (*loc, name), errors) for name, item in value.items()}


class Record:
    """An object with a type for each member: a dataclass or a TypedDict."""

    def __init__(self, build: Callable[..., Any]) -> None:
        self.build = build
        self.members: dict[str, Check] = {}
        self.required: list[str] = []
        self.tags: dict[str, tuple[Any, ...]] = {}

    def __call__(self, value: Any, loc: Loc, errors: Errors) -> Any:
        """Return the object built of its members."""
        if type(value) is not dict:
            return errors.add(loc, "Must be an object.")
        before = len(errors)
        members = {}
        for name, item in value.items():
            member = self.members.get(name)
            if member is None:
                errors.add((*loc, name), "Is not a member that is known here.")
            else:
                members[name] = member(item, (*loc, name), errors)
        for name in self.required:
            if name not in value:
                errors.add((*loc, name), "Is required.")
        if len(errors) > before:
            return None
        try:
            return self.build(**members)
        except ValidationError as error:  # of __post_init__, which may name members
            for each in error.errors:
                errors.add((*loc, *each["loc"]), each["msg"])
        except ValueError as error:
            errors.add(loc, str(error) or "Is not valid.")


class Choice:
    """One of several types; the value alone tells which, so that none is checked twice."""

    def __init__(
        self, scalars: list[Scalar], array: Check | None, objects: Check | None, others: Check | None = None
    ) -> None:
        self.scalars = scalars
        self.array = array
        self.objects = objects
        self.others = others  # asked last, of whatever kind the value is: only this knows what it takes
        words = [each.expected for each in scalars]
        words += ["an array"] * (array is not None) + ["an object"] * (objects is not None)
        self.expected = " or ".join(words)

    def __call__(self, value: Any, loc: Loc, errors: Errors) -> Any:
        """Return the value, as the first type that takes it."""
        if self.array is not None and type(value) is list:
            return self.array(value, loc, errors)
        if self.objects is not None and type(value) is dict:
            return self.objects(value, loc, errors)
        for each in self.scalars:
            try:
                return each.read(value)
            except (ValueError, OverflowError):
                pass
        if self.others is not None:
            return self.others(value, loc, errors)
        return errors.add(loc, f"Must be {self.expected}.")


class Tagged:
    """One of several records, told by a member that has other literal values in each."""

    def __init__(self, tag: str, records: dict[Any, Record]) -> None:
        self.tag = tag
        self.records = records
        self.expected = one_of(records)

    def __call__(self, value: dict[str, Any], loc: Loc, errors: Errors) -> Any:
        """Return the record that the tag names."""
        if self.tag not in value:
            return errors.add((*loc, self.tag), "Is required.")
        tag = value[self.tag]
        record = self.records.get(tag) if isinstance(tag, str) else None
        if record is None:
            return errors.add((*loc, self.tag), f"Must be {self.expected}.")
        return record(value, loc, errors)


def drop_equals(items: list[Any]) -> list[Any] | None:
    """Return the items without those that equal an earlier one; None where too many unequal ones share a hash.

    Python's hash of a number is known to all, so a client can send numbers that a set compares each with each, or one
    number over and over that it finds late. Text hashes at random, so here the hashes are keys as text.
    """
    first: dict[str, Any] = {}
    others: dict[str, list[Any]] = {}
    for item in items:
        key = str(hash(item))
        if item in (first.setdefault(key, item),):
            continue
        alike = others.setdefault(key, [])
        if item not in alike:
            alike.append(item)
            if len(alike) == MOST_ALIKE:
                return None
    return [*first.values(), *chain.from_iterable(others.values())]


def _has_hash(value: Any) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True


def one_of(values: Iterable[Any]) -> str:
    """Return how a message names some values."""
    words = [json.dumps(value, ensure_ascii=False, default=str) for value in values]
    return words[0] if len(words) == 1 else f"one of {', '.join(words)}"
