"""What is kept in memory, and what goes when there is no more room."""

import random

import pytest

from spa.static.cache import Cache


def filled(capacity, items, cost=lambda key, value: len(value)):
    cache = Cache(capacity, cost)
    for key, value in items:
        cache.put(key, value)
    return cache


def kept(cache, keys="abcd"):
    return {key: value for key in keys if (value := cache.get(key)) is not None}


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ([], {}),
        ([("a", "11"), ("b", "22")], {"a": "11", "b": "22"}),
        ([("a", "11"), ("b", "22"), ("c", "3")], {"b": "22", "c": "3"}),
        ([("a", "11"), ("b", "22"), ("c", "3333")], {"c": "3333"}),
        ([("a", "11"), ("b", "22"), ("c", "33333")], {"a": "11", "b": "22"}),  # which has no room at all
        ([("a", "11"), ("a", "22"), ("b", "33")], {"a": "22", "b": "33"}),  # the first takes no room any more
        ([("a", "11"), ("b", "22"), ("a", "1"), ("c", "33")], {"a": "1", "c": "33"}),  # put again is used
        ([("a", "11"), ("a", "22222")], {}),  # what was there is out of date, whatever comes
        ([("a", ""), ("b", "")], {"a": "", "b": ""}),
    ],
)
def test_what_came_longest_ago_goes_first(items, expected):
    assert kept(filled(4, items)) == expected


def test_what_was_used_stays_longer():
    cache = filled(4, [("a", "11"), ("b", "22")])
    assert cache.get("a") == "11"
    cache.put("c", "33")
    assert kept(cache) == {"a": "11", "c": "33"}


def test_a_key_may_cost_too_so_that_many_small_values_are_bounded():
    cache = filled(25, [(name, b"") for name in "abcd"], cost=lambda key, value: 10 * len(key) + len(value))
    assert kept(cache) == {"c": b"", "d": b""}


def test_the_cost_of_what_is_kept_is_known_and_in_bounds_whatever_comes():
    chance = random.Random(7)
    cache = Cache(1000, lambda key, value: len(value) + 10)
    for _ in range(2000):
        cache.put(chance.randrange(50), bytes(chance.randrange(300)))
        cache.get(chance.randrange(50))
        assert cache._size == sum(len(value) + 10 for value in cache._values.values()) <= 1000
