"""Hold which patterns are rivals, and that a path of one without rivals always leads back, whatever the others are."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.routing import BuildError, Map, Rule

from spa.rival import Rivals, is_rival, kinds_of


@pytest.mark.parametrize(
    ("pattern", "kinds"),
    [
        ("/", [""]),
        ("/a/b/", ["a", "b", ""]),
        ("//a//<x>", ["a", "<string>"]),
        ("/<string:x>/<default:y>", ["<string>", "<string>"]),
        ("/<int:x>/<path:y>", ["<int>", "<path>"]),
        ("/x<y>/<int(max=9):z>/<uuid:u>/<a>-<b>", ["<>", "<>", "<>", "<>"]),
    ],
)
def test_a_pattern_has_kinds_of_segments(pattern, kinds):
    assert kinds_of(pattern) == kinds


@pytest.mark.parametrize(
    ("own", "other", "expected"),
    [
        # what is written out differs, or not
        ("/a/<x>", "/b/<x>", False),
        ("/a/<x>", "/a/<y>", True),
        ("/a/<x>", "/a/<x>/b", False),
        ("/a/<x>/b", "/a/<x>", False),
        # a word may be what another has written out, a number only if that is one
        ("/a/<x>", "/a/new", True),
        ("/a/<x>", "/a/7", True),
        ("/a/<int:x>", "/a/new", False),
        ("/a/<int:x>", "/a/7", True),
        ("/a/<int:x>/b", "/a/7/c", False),
        # what is written out here is followed first
        ("/a/new", "/a/<x>", False),
        ("/a/<x>", "/<x>/<y>", False),
        ("/a/<x>", "/<path:x>", False),
        ("/a/<x>", "/<any(a, b):x>/<y>", False),
        # but not where the other has been followed before
        ("/<x>/b", "/a/<y>", True),
        ("/<int:x>/b", "/<x>/<y>", True),
        ("/<int:x>/7", "/<x>/<int:y>", True),
        ("/<int:x>/b", "/<x>/<int:y>", False),
        ("/<x>/b", "/<y>/<z>", False),
        ("/<x>/b", "/a/<path:y>", True),
        # of variables that are not known, nothing is sure
        ("/a/<x>", "/a/<float:x>", True),
        ("/a/<x>", "/a/x<y>/b/c", True),
        ("/a/<path:x>", "/a/<path:x>/b", True),
        ("/a/<path:x>", "/a/b/c", True),
        ("/a/<path:x>", "/b/<path:x>", False),
        ("/a/<x>/b", "/a/<path:x>", True),
        # Werkzeug redirects to a path with the slash that one lacks
        ("/a/<x>", "/a/new/", True),
        ("/a/<x>", "/a/<int:x>/", True),
        ("/a/<x>/", "/a/<int:x>", False),
    ],
)
def test_a_rival_is_what_might_be_found_instead(own, other, expected):
    assert is_rival(kinds_of(other), kinds_of(own)) is expected


PATTERNS = ("/", "/a/<x>", "/b/<int:x>/c/<string:y>", "/p/<path:x>", "/q/<path:x>/r", "/d/<float:x>", "/é/<x>", "//<x>")
ODD_WORDS = ("", "a/b", ".", "..", ".a", "%41", "a b", "é", "a\n", "?", "#", 7)
ODD_PATHS = ("/a", "a/", "a//b", "a/../b", "a/.b", "", "a/b\n")


@pytest.mark.parametrize(
    ("pattern", "values", "expected"),
    [
        ("/", {}, True),
        ("/a/<x>", {"x": "word"}, True),
        ("/a/<x>", {"x": "A-z_0.~!$&'()*+,:;=@"}, True),
        ("/a/<x>", {"x": "word", "page": "a/b"}, True),
        *(("/a/<x>", {"x": value}, False) for value in ODD_WORDS),
        ("/b/<int:x>/c/<string:y>", {"x": 7, "y": "z"}, True),
        *(("/b/<int:x>/c/<string:y>", {"x": value, "y": "z"}, False) for value in (-1, "7", 7.0, True)),
        ("/p/<path:x>", {"x": "a/b.c/d"}, True),
        *(("/p/<path:x>", {"x": value}, False) for value in ODD_PATHS),
        ("/q/<path:x>/r", {"x": "a"}, False),
        ("/d/<float:x>", {"x": 1.5}, False),
        ("/é/<x>", {"x": "a"}, False),
        ("//<x>", {"x": "a"}, False),
    ],
)
def test_plain_values_of_a_pattern_without_rivals_are_sure_to_lead_back(pattern, values, expected):
    assert Rivals(PATTERNS, ()).are_none(pattern, values) is expected
    assert Rivals((*PATTERNS, pattern), ()).are_none(pattern, values) is False
    assert Rivals(PATTERNS, (), {"path"}).are_none(pattern, values) is False


@pytest.mark.parametrize(
    ("pattern", "mount", "expected"),
    [
        ("/a/<x>", "/b", True),
        ("/a/<x>", "/a", False),
        ("/a/<x>", "/a/b", False),
        ("/a/<x>", "/a/b/c", True),
        ("/a/<int:x>", "/a/b", True),
        ("/a/<int:x>", "/a/7", False),
        ("/a/<path:x>", "/a/b/c", False),
    ],
)
def test_a_path_that_may_be_below_a_mount_is_not_sure(pattern, mount, expected):
    values = {"x": 7 if "int" in pattern else "word"}
    assert Rivals((pattern,), (mount,)).are_none(pattern, values) is expected


SEGMENTS = st.sampled_from(
    [
        *("a", "b", "1", "ab", ".a", "é", "", "<{}>", "<string:{}>", "<int:{}>", "<path:{}>", "<string(length=1):{}>"),
        *("<int(max=9):{}>", "<any(a, b):{}>", "<any('a/b', a):{}>", "<float:{}>", "x<{}>", "<{}>.html"),
    ]
)
LISTS = st.lists(SEGMENTS, min_size=1, max_size=4).map(
    lambda parts: "/" + "/".join(part.format(f"v{index}") for index, part in enumerate(parts))
)
VALUES = st.sampled_from(["a", "b", "ab", "xa", "a.html", "1", "1.5", "a/b", "1/a", "a/b/1", "..", "é", "", 1, 12, -1])


@given(st.lists(LISTS, min_size=1, max_size=6, unique_by=lambda pattern: re.sub(r"v\d>", ">", pattern)), st.data())
def test_what_is_sure_to_lead_back_does(patterns, data):
    adapter = Map([Rule(pattern, endpoint=index) for index, pattern in enumerate(patterns)]).bind("localhost")
    rivals = Rivals(patterns, ())
    for index, pattern in enumerate(patterns):
        names = re.findall(r"v\d", pattern)
        values = {name: data.draw(VALUES) for name in names}
        try:
            path = adapter.build(index, values)
        except (BuildError, ValueError):
            continue
        if rivals.are_none(pattern, values):
            assert adapter.match(path) == (index, values)
