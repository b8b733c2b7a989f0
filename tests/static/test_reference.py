"""Which file a URL names, and the URL with a hash in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spa.static.hashing import put
from spa.static.reference import Reference, hashed, places, resolve, splice

HASH = "0123456789ab"


@pytest.mark.parametrize(
    ("url", "path", "written"),
    [
        ("i.png", "css/i.png", "i.0123456789ab.png"),
        ("./i.png", "css/i.png", "./i.0123456789ab.png"),
        ("img/b/a.min.png", "css/img/b/a.min.png", "img/b/a.min.0123456789ab.png"),
        ("../img/a.png", "img/a.png", "../img/a.0123456789ab.png"),
        ("../img/./../img/a.png", "img/a.png", "../img/./../img/a.0123456789ab.png"),
        ("/static/img/a.png", "img/a.png", "/static/img/a.0123456789ab.png"),
        ("/static/css/../a.png", "a.png", "/static/css/../a.0123456789ab.png"),
        ("f.eot?#iefix", "css/f.eot", "f.0123456789ab.eot?#iefix"),
        ("s.svg?v=1#icon", "css/s.svg", "s.0123456789ab.svg?v=1#icon"),
        ("s.svg#a?b/c.d", "css/s.svg", "s.0123456789ab.svg#a?b/c.d"),
        ("a.png?p=/x/y.gif", "css/a.png", "a.0123456789ab.png?p=/x/y.gif"),
        ("a%23b.png", "css/a#b.png", "a%23b.0123456789ab.png"),
        ("100%25.png", "css/100%.png", "100%25.0123456789ab.png"),
        ("%C3%BC.png", "css/ü.png", "%C3%BC.0123456789ab.png"),
        ("ü.png", "css/ü.png", "ü.0123456789ab.png"),
        ("a b+c.png", "css/a b+c.png", "a b+c.0123456789ab.png"),
        ("a%2Epng", "css/a.png", "a.0123456789ab.png"),
        ("%2e%2E/a.png", "a.png", "%2e%2E/a.0123456789ab.png"),
        # Out of the root, and into it again; nothing is above the host's root.
        ("../../static/img/a.png", "img/a.png", "../../static/img/a.0123456789ab.png"),
        ("../../../../static/a.png", "a.png", "../../../../static/a.0123456789ab.png"),
        ("/static/../static/i.png", "i.png", "/static/../static/i.0123456789ab.png"),
        ("/../static/i.png", "i.png", "/../static/i.0123456789ab.png"),
        ("/x/../static/i.png", "i.png", "/x/../static/i.0123456789ab.png"),
        ("/./static/i.png", "i.png", "/./static/i.0123456789ab.png"),
        ("/%73tatic/i.png", "i.png", "/%73tatic/i.0123456789ab.png"),
        ("./a:b.png", "css/a:b.png", "./a:b.0123456789ab.png"),
        ("1:2.png", "css/1:2.png", "1:2.0123456789ab.png"),
        (" i.png ", "css/i.png", " i.0123456789ab.png "),
        ("LICENSE", "css/LICENSE", "LICENSE.0123456789ab"),
        ("...", "css/...", "....0123456789ab"),
    ],
)
def test_a_url_names_a_file_and_keeps_its_form(url, path, written):
    target = resolve(url, "css/app.css", "/static/")
    assert target is not None
    assert target.path == path
    assert hashed(target, HASH) == written


@pytest.mark.parametrize(
    "url",
    [
        "", " ", "#g", "?x=1", "?", "data:,x", "DATA:image/png;base64,AA==", "https://cdn.example/i.png", "HTTPS:i.png",
        "chrome-extension://abc/i.png", "ms-appx:///i.png", " https://cdn.example/i.png", "C:/i.png", "a:b.png",
        "//cdn.example/css/i.png", "///i.png", "/", "/other/i.png", "/static", "/static/", "/staticx/i.png",
        "/static//i.png", "/static/../i.png", "/../i.png", "../../staticx/i.png", "../../static", "../../static/",
        "/static/..", "/%2Fstatic/i.png", "/Static/i.png", "//static/i.png",
        "../../i.png", "../../../../etc/passwd", "../css/../../i.png", "%2e%2e/%2E%2e/etc/passwd", "..%2f..%2fi.png",
        "..\\i.png", "img\\i.png", "img%5Ci.png", "img%2Fi.png", "img//i.png", "img/", ".", "..", "./", "img/..",
        "%", "a%2.png", "a%zz.png", "a%00.png", "a\0.png", "%FF.png", "%C0%AE.png", "a\ud800.png", "a\nb.png", "a\tb",
    ],
)  # fmt: skip
def test_a_url_that_names_no_file_of_ours_is_left_alone(url):
    assert resolve(url, "css/app.css", "/static/") is None


def test_a_stylesheet_at_the_root_has_nothing_above_it():
    assert resolve("../a.png", "app.css", "/static/") is None
    assert resolve("a.png", "app.css", "/static/").path == "a.png"


@pytest.mark.parametrize(
    ("url", "mount", "path"),
    [
        ("/my%20app/a.png", "/my app/", "a.png"),
        ("/my app/a.png", "/my app/", "a.png"),
        ("/st%C3%A4tic/a.png", "/stätic/", "a.png"),
        ("/stätic/a.png", "/stätic/", "a.png"),
        ("/100%25/a.png", "/100%/", "a.png"),
        ("/my%2520app/a.png", "/my%20app/", "a.png"),
        ("/a/b/i.png", "/a/b/", "i.png"),
        ("/a%2Fb/i.png", "/a/b/", None),
        ("../../b/i.png", "/a/b/", "i.png"),
        ("../../../a/b/i.png", "/a/b/", "i.png"),
        ("../i.png", "//a/", "i.png"),
        ("//a/i.png", "//a/", None),
        ("../../i.png", "/", "i.png"),
        ("/../i.png", "/", "i.png"),
        ("../../etc/passwd", "/", "etc/passwd"),
        # As long as the mount is not known, only what stays below the root is.
        ("../i.png", "", "i.png"),
        ("../../i.png", "", None),
        ("../../static/i.png", "", None),
        ("/i.png", "", None),
        ("/%00/i.png", "", None),
    ],
)
def test_a_url_is_resolved_from_the_root_of_the_host_and_its_path_compared_decoded(url, mount, path):
    target = resolve(url, "css/app.css", mount)
    assert (target and target.path) == path


def test_a_root_that_is_served_at_the_root_of_the_host_owns_all_absolute_paths():
    assert resolve("/a.png", "css/app.css", "/").path == "a.png"
    assert resolve("//a.png", "css/app.css", "/") is None


@given(st.text(alphabet="ab./%2eE\\:?#\0 é5cf", max_size=24), st.sampled_from(["a.css", "a/b.css", "a/b/c.css"]))
def test_no_url_names_anything_outside_of_the_root(url, base_path):
    target = resolve(url, base_path, "/static/")
    if target is not None:
        segments = target.path.split("/")
        assert not {"", ".", ".."} & set(segments)
        assert "\\" not in target.path
        assert "\0" not in target.path


@given(st.text(alphabet="ab./%2eE?#é5", max_size=24))
def test_a_hashed_url_names_the_hashed_file(url):
    target = resolve(url, "css/app.css", "/static/")
    if target is not None:
        again = resolve(hashed(target, HASH), "css/app.css", "/static/")
        assert again is not None
        assert again.path == put(target.path, HASH)


def test_spans_are_spliced_and_all_other_bytes_stay():
    first, second = Reference(1, 3, "bc", "raw"), Reference(4, 5, "e", "raw")
    assert splice(b"abcdef", [(second, b"!"), (first, b"long")]) == b"alongd!f"
    assert splice(b"abcdef", []) == b"abcdef"


@pytest.mark.parametrize(
    ("data", "offsets", "expected"),
    [
        (b"abc", [0, 2], [(1, 1), (1, 3)]),
        (b"a\nbc\n\nd", [2, 3, 6], [(2, 1), (2, 2), (4, 1)]),
        (b"a\r\nb\rc\n", [3, 5, 7], [(2, 1), (3, 1), (4, 1)]),
        ("é→\né x".encode(), [5, 6, 9], [(1, 3), (2, 1), (2, 3)]),
        (b"\xe9\xe9x", [2], [(1, 3)]),
        ("\ufeffé x\ny".encode(), [3, 6, 8], [(1, 1), (1, 3), (2, 1)]),
        ("a\ufeffb".encode(), [4], [(1, 3)]),
    ],
)
def test_lines_and_columns_are_counted_as_an_editor_does(data, offsets, expected):
    assert list(places(data, offsets)) == expected
