"""Hold what is a list in a setting, and what the message says of what is none."""

import pytest

from spa.errors import SetupError
from spa.listing import check_list


@pytest.mark.parametrize("values", [["a", "b"], ("a", "b"), {"a": 1, "b": 2}, iter("ab"), dict.fromkeys("ab").keys()])
def test_the_items_of_a_list_are_returned(values):
    assert check_list(values, "names", "names") == ["a", "b"]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ("a", r"; write \['a'\]"),
        ("", r"; write \[''\]"),
        (None, ", not None"),
        (5, ", not 5"),
        (True, ", not True"),
        (b"a", ", not b'a'"),
        (bytearray(b"a"), r", not bytearray\(b'a'\)"),
        (check_list, ", not <function check_list"),
    ],
)
def test_what_is_no_list_is_a_mistake_in_the_set_up(values, words):
    with pytest.raises(SetupError, match=f"^types is a list of media types{words}"):
        check_list(values, "types", "media types")


@pytest.mark.parametrize("values", [{"a"}, frozenset({"a"})])
def test_a_set_is_no_list_where_the_order_counts(values):
    assert check_list(values, "types", "media types") == ["a"]
    with pytest.raises(SetupError, match=r"^types is a list of media types, whose order counts, and a set has none: "):
        check_list(values, "types", "media types", is_ordered=True)
    assert check_list(["b", "a"], "types", "media types", is_ordered=True) == ["b", "a"]
