"""The tree finds what Werkzeug finds, or nothing."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from werkzeug.exceptions import HTTPException
from werkzeug.routing import BaseConverter, Map, Rule

from spa.segmenttree import SegmentTree


def tree(*patterns, replaced=()):
    made = SegmentTree(replaced)
    for pattern in patterns:
        made.add(pattern, pattern)
    return made


@pytest.mark.parametrize(
    ("patterns", "path", "found"),
    [
        (["/"], "/", ("/", {})),
        (["/a"], "/a", ("/a", {})),
        (["/a/<x>"], "/a/b", ("/a/<x>", {"x": "b"})),
        (["/a/<x>/"], "/a/b/", ("/a/<x>/", {"x": "b"})),
        (["/<x>/<y>"], "/a/b", ("/<x>/<y>", {"x": "a", "y": "b"})),
        (["/<string:x>"], "/a", ("/<string:x>", {"x": "a"})),
        (["/<x>", "/a"], "/a", ("/a", {})),
        (["/a/b", "/<x>/c"], "/a/c", ("/<x>/c", {"x": "a"})),
        (["/<x>/b/<y>", "/a/<z>/c"], "/a/b/d", ("/<x>/b/<y>", {"x": "a", "y": "d"})),
        (["/<x>", "/<y>"], "/a", ("/<x>", {"x": "a"})),
        (["/<x>", "/<path:rest>"], "/a", ("/<x>", {"x": "a"})),
        (["/a/<x>", "/<int:n>"], "/a/1", ("/a/<x>", {"x": "1"})),
        (["/a"], "/b", None),
        (["/a/<x>"], "/a/", None),
        (["/a/<x>"], "/a/b/c", None),
        (["/<path:rest>"], "/a/b", None),
        (["/<x>", "/<int:n>"], "/5", None),
        (["/<x>", "/v<int:n>"], "/v5", None),
        (["/<x>", "/<path:p>/edit"], "/a", None),
        (["/<int:n>", "/<path:p>", "/<x>"], "/5", None),
        (["/<path:p>", "/<int:n>", "/<x>"], "/5", None),
        (["/a/", "/<x>"], "/a", None),
        (["/a"], "a", None),
        (["/a"], "", None),
        (["//a"], "/a", ("//a", {})),
        (["/a"], "//a", None),
    ],
)
def test_a_path_is_found_or_left_to_werkzeug(patterns, path, found):
    assert tree(*patterns).find(path) == found


@pytest.mark.parametrize("name", ["default", "string", "path"])
def test_a_converter_that_is_replaced_switches_it_off(name):
    assert tree("/a", "/<x>", replaced={name: BaseConverter}).find("/a") is None
    assert tree("/a", replaced={"own": BaseConverter}).find("/a") is not None


WRITTEN = ["a", "b", "a.b", "1", ""]
SEGMENTS = [*WRITTEN, "<x>", "<string:x>", "<y>", "<int:x>", "<path:x>", "a<x>", "<x>-<y>", "<any(a, b):x>"]
PATTERNS = st.lists(
    st.lists(st.sampled_from(SEGMENTS), min_size=1, max_size=4).map(lambda segments: "/" + "/".join(segments)),
    min_size=1,
    max_size=6,
)
PATHS = st.lists(st.sampled_from(["a", "b", "a.b", "1", "", "ab", "a-b", "c", "%", "<x>"]), max_size=5).map(
    lambda segments: "/" + "/".join(segments)
)


VARIABLES = [segment for segment in SEGMENTS if "<" in segment]
# Several variables at one node, in any order, and a path that comes by there: by chance that is too seldom.
FORKS = st.builds(
    lambda start, variables, segment: ([f"/{start}{variable}" for variable in variables], f"/{start}{segment}"),
    st.sampled_from(["", "a/"]),
    st.lists(st.sampled_from(VARIABLES), min_size=2, max_size=5, unique=True),
    st.sampled_from(["1", "a", "ab", "a-b", "a/b"]),
)


@settings(max_examples=2000)
@given(st.tuples(PATTERNS, PATHS) | FORKS)
@example((["/a/", "/<x>"], "/a"))
@example((["/<x>/", "/<path:x>"], "/a/"))
def test_it_never_finds_another_route_than_werkzeug(case):
    patterns, path = case
    urls, own = Map(), SegmentTree()
    for number, pattern in enumerate(patterns):
        try:
            urls.add(Rule(pattern, endpoint=number))
        except SyntaxError:  # a variable is there twice
            continue
        own.add(pattern, number)
    found = own.find(path)
    if found is None:
        return
    try:
        expected = urls.bind("localhost").match(path)
    except HTTPException as error:
        expected = error
    assert found == expected


def test_it_finds_most_of_what_werkzeug_finds():
    patterns = [f"/{name}/<x>/{rest}" for name in "abcdef" for rest in ("", "edit", "items/<y>")]
    own = tree(*patterns)
    assert all(own.find(pattern.replace("<x>", "1").replace("<y>", "2")) is not None for pattern in patterns)
