"""Order nodes by what they refer to."""

import pytest

from spa.static.graph import components


@pytest.mark.parametrize(
    ("graph", "expected"),
    [
        ({}, []),
        ({"a": []}, [["a"]]),
        ({"a": ["a"]}, [["a"]]),
        ({"a": ["b"], "b": []}, [["b"], ["a"]]),
        ({"a": ["missing"]}, [["a"]]),
        ({"a": ["b"], "b": ["a"]}, [["a", "b"]]),
        ({"a": ["b", "c"], "b": ["d"], "c": ["d"], "d": []}, [["d"], ["b"], ["c"], ["a"]]),
        ({"a": ["b"], "b": ["c"], "c": ["b", "d"], "d": []}, [["d"], ["b", "c"], ["a"]]),
        ({"a": ["b"], "b": ["c"], "c": ["a"], "d": ["a"]}, [["a", "b", "c"], ["d"]]),
    ],
)
def test_each_component_comes_after_those_it_refers_to(graph, expected):
    assert components(graph) == expected


def test_a_long_chain_needs_no_deep_recursion():
    graph = {str(number): [str(number + 1)] for number in range(20_000)} | {"20000": []}
    found = components(graph)
    assert found[0] == ["20000"]
    assert found[-1] == ["0"]
    assert len(found) == 20_001
