"""Test what an import map holds, and that it can stand in a page."""

import json
from hashlib import md5
from pathlib import Path

import pytest

from spa.errors import SetupError
from spa.static.importmap import build, is_external, to_json
from spa.static.smart import SmartStatic

CASES = json.loads(Path(__file__).with_name("cases.json").read_text(encoding="utf-8"))
WITH_MAP = [case for case in CASES if "import_map_contains" in case]
HASH = "0123456789ab"


def hashed(*paths):
    """Return files with an invented hash."""
    return {path: f"/s/{path.replace('.', f'.{HASH}.', 1)}" for path in paths}


def static_of(case, tmp_path):
    for path, text in case["files"].items():
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode())
    return SmartStatic(tmp_path)


def test_there_are_cases_to_look_at():
    assert len(WITH_MAP) >= 10


@pytest.mark.parametrize("case", WITH_MAP, ids=lambda case: case["id"])
def test_the_map_of_a_directory_sends_each_module_to_its_hashed_url(case, tmp_path):
    static, mount = static_of(case, tmp_path), case["mount"]
    made = build({path: static.url(path, mount) for path in static.paths()}, mount)
    assert made["imports"].items() >= case["import_map_contains"].items()


def test_what_browsers_import_is_mapped_and_nothing_else():
    files = hashed("a.js", "b.mjs", "c.json", "d.css", "E.JS", "f.png", "g.js.map", "h.html", "i.ts", "js")
    assert set(build(files, "/s/")["imports"]) == {"/s/a.js", "/s/b.mjs", "/s/c.json", "/s/d.css", "/s/E.JS"}


NAMES = [
    # name, target, entries
    ("vue", "vendor/vue.js", {"vue": f"/s/vendor/vue.{HASH}.js"}),
    ("@org/pkg", "vendor/vue.js", {"@org/pkg": f"/s/vendor/vue.{HASH}.js"}),
    ("three", "https://cdn.example/three.js", {"three": "https://cdn.example/three.js"}),
    ("three/", "https://cdn.example/three/", {"three/": "https://cdn.example/three/"}),
    ("lit", "//cdn.example/lit.js", {"lit": "//cdn.example/lit.js"}),
    ("data", "data:text/javascript,export default 1", {"data": "data:text/javascript,export default 1"}),
    ("ui/", "ui/", {"ui/a.js": f"/s/ui/a.{HASH}.js", "ui/deep/b.js": f"/s/ui/deep/b.{HASH}.js"}),
    ("x/", "ui/deep/", {"x/b.js": f"/s/ui/deep/b.{HASH}.js"}),
]


@pytest.mark.parametrize(("name", "target", "entries"), NAMES)
def test_a_bare_name_leads_to_a_hashed_url_or_elsewhere(name, target, entries):
    files = hashed("vendor/vue.js", "ui/a.js", "ui/deep/b.js", "ui/logo.png")
    imports = build(files, "/s/", {name: target})["imports"]
    assert {key: url for key, url in imports.items() if not key.startswith("/s/")} == entries


WRONG_NAMES = [
    ({"vue": "vendor/veu.js"}, r"'vue'.*'vendor/veu\.js'"),
    ({"vue": "/vendor/vue.js"}, r"'/vendor/vue\.js'"),
    ({"ui/": "ui"}, "slash"),
    ({"ui": "ui/"}, "slash"),
    ({"ui/": "iu/"}, "no modules under 'iu/'"),
    ({"": "vendor/vue.js"}, "name"),
]


@pytest.mark.parametrize(("names", "message"), WRONG_NAMES)
def test_a_name_that_leads_nowhere_is_an_error_that_names_it(names, message):
    with pytest.raises(SetupError, match=message):
        build(hashed("vendor/vue.js", "ui/a.js"), "/s/", names)


PATHS = [
    # path, key: what a browser makes of an import of this file
    ("a b.js", "/s/a b.js"),  # browsers encode a space in the module and in the map alike
    ("a+b,c@(1)!~'$&;=.js", "/s/a+b,c@(1)!~'$&;=.js"),
    ("100%.js", "/s/100%25.js"),
    ("what?.js", "/s/what%3F.js"),
    ("c#.js", "/s/c%23.js"),
    ("é.js", "/s/%C3%A9.js"),
]


@pytest.mark.parametrize(("path", "key"), PATHS)
def test_a_key_is_what_a_browser_makes_of_the_path(path, key):
    assert list(build({path: "/s/x.js"}, "/s/")["imports"]) == [key]


def test_integrity_is_keyed_by_hashed_url_and_only_for_scripts():
    files = hashed("a.js", "A.MJS", "b.png", "c.json", "d.css")
    made = build(files, "/s/", integrity={**{path: f"sha384-{path}" for path in files}, "gone.js": "sha384-C"})
    assert made["integrity"] == {files["a.js"]: "sha384-a.js", files["A.MJS"]: "sha384-A.MJS"}


def test_a_map_without_digests_has_no_member_for_them():
    assert set(build(hashed("a.js"), "/s/")) == {"imports"}


@pytest.mark.parametrize("name", ["</script><script>alert(1)//", "<!--<script>", "\u2028\u2029", "]]>", '"\\'])
def test_json_keeps_its_value_and_cannot_end_the_script(name):
    made = {"imports": {name: "/s/x.js"}}
    text = to_json(made)
    assert json.loads(text) == made
    assert not {"<", "\u2028", "\u2029"} & set(text)
    assert text.isascii()


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("https://x.example/a.js", True),
        ("HTTPS://x.example/", True),
        ("//x.example/a.js", True),
        ("blob:x", True),
        ("js/a.js", False),
        ("/js/a.js", False),
        ("a/b:c.js", False),
        ("1:a.js", False),
        ("", False),
    ],
)
def test_a_url_is_known_by_its_scheme(target, expected):
    assert is_external(target) is expected


def test_the_hash_in_the_map_is_that_of_the_bytes(tmp_path):
    (tmp_path / "a.js").write_bytes(b"export {}\n")
    digest = md5(b"export {}\n", usedforsecurity=False).hexdigest()[:12]
    assert SmartStatic(tmp_path).url("a.js", "/s/") == f"/s/a.{digest}.js"
