"""The source map comment at the end of a script."""

import json
from pathlib import Path

import pytest

from spa.static import hashing, sourcemap
from spa.static.reference import hashed, places, resolve

CASES = [
    case
    for case in json.loads((Path(__file__).parent / "cases.json").read_text())
    if case["id"].startswith("js-") and "sourcemap" in case["id"]
]


def test_there_are_cases_to_look_at():
    assert len(CASES) >= 4


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_only_the_url_of_the_source_map_changes(case):
    script = case["files"]["js/app.js"].encode()
    replacements = []
    for found in sourcemap.find(script):
        target = resolve(found.url, "js/app.js", case["mount"])
        if target and target.path in case["files"]:
            hash = hashing.digest(case["files"][target.path].encode())
            replacements.append((found, hashed(target, hash)))
    assert sourcemap.replace(script, replacements) == case["body"].encode()


@pytest.mark.parametrize(
    ("script", "url", "place"),
    [
        (b"//# sourceMappingURL=a.map", "a.map", (1, 22)),
        (b"x()\n//# sourceMappingURL=a.map\n\n  \r\n", "a.map", (2, 22)),
        (b"x()\r//@ sourceMappingURL=a.map\r", "a.map", (2, 22)),
        (b"x()\n\t//#sourceMappingURL=a.map \t", "a.map", (2, 22)),
        ("é\u2028//# sourceMappingURL=ü.map".encode(), "ü.map", (1, 24)),
        (b"//# sourceMappingURL=old.map\n//# sourceMappingURL=a.map\n", "a.map", (2, 22)),
        (b"//# sourceMappingURL=\xff.map", "\udcff.map", (1, 22)),
    ],
)
def test_the_comment_is_found_on_the_last_line_that_is_not_blank(script, url, place):
    (found,) = sourcemap.find(script)
    assert found.url == url
    assert list(places(script, [found.start])) == [place]
    assert sourcemap.replace(script, [(found, found.url)]) == script
    before, after = script[: found.start], script[found.end :]
    assert sourcemap.replace(script, [(found, "b.map")]) == before + b"b.map" + after


@pytest.mark.parametrize(
    "script",
    [
        b"",
        b"x()",
        b"//# sourceMappingURL=a.map\nx()",
        b"//# sourceMappingURL=a.map\n// the end",
        b"x() //# sourceMappingURL=a.map",
        b"/*# sourceMappingURL=a.map */",
        b"/*\n//# sourceMappingURL=a.map */",
        b"s=`\n//# sourceMappingURL=a.map`",
        b"s='\\\n//# sourceMappingURL=a.map'",
        b"//# sourceMappingURL=a.map b",
        b"//# sourceMappingURL=",
        b"//# sourceURL=a.js",
        b"// # sourceMappingURL=a.map",
        b"//# sourceMappingURL=a.map\xe2\x80\xa8x()",
    ],
)
def test_nothing_else_is_a_source_map_comment(script):
    assert sourcemap.find(script) == []
