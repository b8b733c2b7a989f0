"""Keep values in memory as long as there is room, and those used last for longest."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Cache(Generic[Key, Value]):
    """Values by their keys; what was used longest ago goes first.

    Args:
        capacity: the most that all may cost together.
        cost: tells what a key with its value costs, in bytes or whatever the capacity is in.
    """

    def __init__(self, capacity: int, cost: Callable[[Key, Value], int]) -> None:
        self._capacity = capacity
        self._cost = cost
        self._values: OrderedDict[Key, Value] = OrderedDict()
        self._size = 0  # what all of them cost

    def get(self, key: Key) -> Value | None:
        """Return a value, which counts as used; None if it is not there, or not any more."""
        value = self._values.get(key)
        if value is not None:
            self._values.move_to_end(key)
        return value

    def put(self, key: Key, value: Value) -> None:
        """Keep a value in place of the one that was there; one too large for the capacity drives out no other."""
        self._drop(key)
        cost = self._cost(key, value)
        if cost > self._capacity:
            return
        self._values[key] = value
        self._size += cost
        while self._size > self._capacity:
            self._drop(next(iter(self._values)))

    def _drop(self, key: Key) -> None:
        value = self._values.pop(key, None)
        if value is not None:
            self._size -= self._cost(key, value)
