"""The URLs in a stylesheet: found as a browser finds them, replaced without touching another byte."""

import base64
import json
import re
from pathlib import Path

import pytest
import tinycss2
from hypothesis import example, given, settings
from hypothesis import strategies as st

from spa.static import css, hashing
from spa.static.reference import hashed, places, resolve
from tests.stopwatch import seconds

CASES = [
    case for case in json.loads((Path(__file__).parent / "cases.json").read_text()) if case["id"].startswith("css-")
]
PRELUDES = {"namespace", "document", "-moz-document"}
IMAGE_SETS = {"image-set", "-webkit-image-set"}


def served(case: dict, path: str) -> bytes:
    """Return the bytes of a file as they would be served; its stylesheets import each other in no circle."""
    files = {name: text.encode() for name, text in case.get("files", {}).items()}
    files |= {name: base64.b64decode(text) for name, text in case.get("files_base64", {}).items()}
    data = files[path]
    if not path.endswith(".css"):
        return data
    replacements = []
    for found in css.find(data):
        target = resolve(found.url, path, case["mount"])
        if target and target.path in files:
            replacements.append((found, hashed(target, hashing.digest(served(case, target.path)))))
    return css.replace(data, replacements)


def urls(text: str | bytes) -> list[str]:
    return [found.url for found in css.find(text.encode() if isinstance(text, str) else text)]


def test_there_are_cases_to_look_at():
    assert len(CASES) > 50


@pytest.mark.parametrize("case", [case for case in CASES if "note" not in case], ids=lambda case: case["id"])
def test_a_stylesheet_is_served_with_hashed_urls_and_otherwise_byte_for_byte(case):
    expected = base64.b64decode(case["body_base64"]) if "body_base64" in case else case["body"].encode()
    assert served(case, case["stylesheet"]) == expected


@pytest.mark.parametrize("case", [case for case in CASES if "note" in case], ids=lambda case: case["id"])
def test_a_stylesheet_that_imports_itself_refers_to_itself(case):
    assert urls(case["files"][case["stylesheet"]]) == ["app.css", "../img/a.png"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        # Names: where they begin and end.
        ("url(a)", ["a"]), ("a:url(a)", ["a"]), ("xurl(a)", []), ("-url(a)", []), ("1url(a)", []), ("1e3url(a)", []),
        ("_url(a)", []), ("éurl(a)", []), ("\0url(a)", []), ("#url(a)", []), ("@url(a)", []), ("##url(a)", []),
        ("5%url(a)", ["a"]), (".url(a)", ["a"]), ("/**/url(a)", ["a"]), ("''url(a)", ["a"]),
        ("url(a)url(b)", ["a", "b"]),
        ("<!--url(a)", ["a"]), ("<!---url(a)", []), ("-->url(a)", ["a"]), ("\\<!--url(a)", []), ("url (a)", []),
        ("\ufeffurl(a)", ["a"]), ("x\ufeffurl(a)", []), ("'' x src('a')", ["a"]), ("''<!--url(a)", ["a"]),
        # Names with escapes.
        ("\\75rl(a)", ["a"]), ("\\75 rl(a)", ["a"]), ("\\000075rl(a)", ["a"]), ("u\\52 L(a)", ["a"]),
        ("ur\\6c(a)", ["a"]),
        ("#\\75rl(a)", []), ("@\\75rl(a)", []), ("1\\75rl(a)", []), ("x\\75rl(a)", []), ("\\31 url(a)", []),
        ("\\\nurl(a)", ["a"]), ("\\ url(a)", []), ("url\\(a)", []), ("<!--\\75rl(a)", ["a"]), ("'' ur\\6c(a)", ["a"]),
        ("\\url(a)", ["a"]), ("\\'url(a)", []), ("\\75r\\6c('a')", ["a"]), ("u\\72l( a )", ["a"]), ("\\", []),
        ("x\\", []), ("\\69mage-set('a')", ["a"]),
        ("x" * 30 + "\\75rl(a)", []), ("x" * 30 + "url(a)", []), ("x" * 30 + "-image-set('a')", []),
        # Unquoted URLs.
        ("url()", [""]), ("url( )", [""]), ("url(", [""]), ("url(a", ["a"]), ("url( a ", ["a"]),
        ("url(a\\", ["a\ufffd"]),
        ("url(\n\ta\f\r)", ["a"]), ("url(a b)url(c)", ["c"]), ("url(a'b)url(c)", ["c"]), ("url(a(b)url(c)", ["c"]),
        ("url(a b\\)url(c)url(d)", ["d"]), ("url(a\\\nb)url(c)", ["c"]), ("url(a\x01)url(c)", ["c"]),
        ("url(a\x7f)", []),
        ("url(a b\\\\)url(c)", ["c"]), ("url(a\0b)", ["a\ufffdb"]), ("url(/**/a)", ["/**/a"]),
        ("url(/**/'a')url(c)", ["c"]),
        ("url(a\\)b)", ["a)b"]), ("url(\\0)", ["\ufffd"]), ("url(\\d800)", ["\ufffd"]), ("url(\\110000)", ["\ufffd"]),
        ("url(\\41\r\nb)", ["Ab"]), ("url(\\0000411)", ["A1"]), ("url(\\e9)", ["é"]), ("url(é)", ["é"]),
        ("url(a\\é)", ["aé"]),
        # Quoted URLs.
        ("url('a')", ["a"]), ('url(\n"a" x(y))', ["a"]), ("url('a", ["a"]), ("url('a\\", ["a"]),
        ("url('a\\\r\nb')", ["ab"]),
        ("url('a\nb)url(c)", ["c"]), ("url('a\\27\nb')", ["a'b"]), ("url('a\\27 b')", ["a'b"]),
        ("url('a\\'b')", ["a'b"]), ("url('')", [""]),
        ("url('a\\\\')url(c)", ["a\\", "c"]), ("url('a' 'b')", ["a"]), ("url('url(a)')", ["url(a)"]),
        # src() is a function like others.
        ("src('a')", ["a"]), ("SRC( /**/ 'a' )", ["a"]), ("src(a)", []), ("src(var(--x))", []), ("xsrc('a')", []),
        ("src(url(a))", ["a"]), ("src('a\n')", []),
        # @import.
        ("@import 'a'", ["a"]), ("@import'a'", ["a"]), ("@import/**/ /*'b'*/'a'", ["a"]), ("@import url(a)", ["a"]),
        ("@import url('a')", ["a"]), ("@import 'a", ["a"]), ("@import 'a\n';", []), ("@imports 'a'", []),
        ("@import\\s 'a'", []),
        ("@import x 'a'", []), ("@\\69mport 'a'", ["a"]), ("@imp\\6f rt 'a'", ["a"]), ("@import\\\n'a'", []),
        ("@IMPORT 'a\\\\'", ["a\\"]),
        ("@import src('a')", ["a"]), ("@import 'a' supports(b:url(c))", ["a", "c"]), ("\\@import 'a'", []),
        ("@@import 'a'", ["a"]),
        ("@x\\url(a)", []), ("@x\\31 url(a)", []), ("@import /*", []), ("@import /*'a'", []), ("import 'a'", []),
        ("@charset 'a';@import 'b'", ["b"]),
        # image-set(): its own strings are URLs.
        ("image-set('a' 1x, 'b' type('c'), url(d) 2x, url('e'), src('f'))'g'url(h)", ["a", "b", "d", "e", "f", "h"]),
        ("-webkit-image-set('a')", ["a"]), ("Image-Set('a')", ["a"]), ("x-image-set('a')", []), ("#image-set('a')", []),
        ("image-set('a' (')' 'b') [')'] {'c'} 'd')", ["a", "d"]), ("image-set(image-set('a') 'b')'c'", ["a", "b"]),
        ("image-set('a\n'b') url(c)", ["b", "c"]), ("image-set(/*)*/'a' \\) 'b')'c'", ["a", "b"]),
        ("image-set((]) 'a')", ["a"]),
        ("image-set('a'", ["a"]), ("image-set('a", ["a"]), ("image-set(} 'a';'b')", ["a", "b"]),
        ("image-set(url(a b) 'c')", ["c"]),
        ("image-set(f\\6f('b') 'a')", ["a"]), ("image-set(url('a' 'b') 'c')", ["a", "c"]),
        # Preludes in which no URL is loaded.
        ("@namespace 'a';url(b)", ["b"]), ("@namespace x url(a);url(b)", ["b"]), ("@NAMESPACE url('a');url(b)", ["b"]),
        ("@-moz-document url(a),url-prefix('b'),regexp('{'){c:url(d)}", ["d"]), ("@document url(a){b:url(c)}", ["c"]),
        ("@-moz-document f({url(a)};) url(b);url(c)", ["c"]), ("@namespace image-set('a');image-set('b')", ["b"]),
        ("@namespace src('a');", []), ("x{@namespace url(a)}url(b)", ["b"]), ("@name\\73pace url(a);url(b)", ["b"]),
        ("@namespaces url(a);", ["a"]), ("@namespace \\;url(a);url(b)", ["b"]),
        ("@-moz-document url(a){@import 'b'}", ["b"]),
        # What hides URLs.
        ("/*url(a)*/url(b)", ["b"]), ("/*/url(a)*/url(b)", ["b"]), ("/**url(a)**/url(b)", ["b"]), ("/*url(a)", []),
        ("'url(a)'url(b)", ["b"]), ("'\\'url(a)'url(b)", ["b"]), ("'a\nurl(b)", ["b"]), ("'a\\\nurl(a)'url(b)", ["b"]),
        ("'a", []), ("'a\\", []), ('"\'"url(a)', ["a"]), ("/ url(a) / * url(b) */", ["a", "b"]),
        # Source maps: the last one.
        ("/*# sourceMappingURL=a */", ["a"]), ("/*@ sourceMappingURL=a*/x", ["a"]), ("/*#sourceMappingURL=a", ["a"]),
        ("/*# sourceMappingURL=a *//*# sourceMappingURL=b */", ["b"]), ("/* # sourceMappingURL=a */", []),
        ("/*# sourceMappingURL=a b */", []), ("/*# sourceMappingURL=*/", []),
        ("'a'/**/ /*# sourceMappingURL=a */url(b)", ["a", "b"]),
        ("image-set('a' /*# sourceMappingURL=b */)", ["a", "b"]), ("/*# sourceURL=a */", []),
        ("/*# sourceMappingURL=a\\62 */", ["a\\62"]),
    ],
)  # fmt: skip
def test_urls_are_found_as_a_browser_finds_them(text, found):
    assert urls(text) == found


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x:url(a) y", 'x:url("NEW") y'),
        ("x:URL( a ) y", 'x:url("NEW") y'),
        ("x:u\\72l(a) y", 'x:url("NEW") y'),
        ("x:url( 'a'\tm(n)) y", 'x:url( "NEW"\tm(n)) y'),
        ("@import /**/ 'a' screen;", '@import /**/ url("NEW") screen;'),
        # "@importurl(" would be another keyword; what stands behind needs no space.
        ('@import"a";', '@import url("NEW");'),
        ("@IMPORT'a'screen;", '@IMPORT url("NEW")screen;'),
        ('@import"a"layer(x)supports(b:c)print;', '@import url("NEW")layer(x)supports(b:c)print;'),
        ('@impor\\74 "a";', '@impor\\74   url("NEW");'),
        ('@impor\\000074"a"', '@impor\\000074  url("NEW")'),
        ('@impor\\000074\r\n"a"', '@impor\\000074\r\n  url("NEW")'),
        ('@impor\\74\r\n\t"a"', '@impor\\74\r\n\turl("NEW")'),
        ('@import/**/"a"', '@import/**/url("NEW")'),
        ('@import"a', '@import url("NEW")'),
        ("x:url(a)y", 'x:url("NEW")y'),
        ("src( 'a' )", 'src( "NEW" )'),
        ("image-set('a' 1x)", 'image-set("NEW" 1x)'),
        ('image-set("a"1x)', 'image-set("NEW"1x)'),
        ("/*# sourceMappingURL=a */", "/*# sourceMappingURL=NEW */"),
        ("url(a", 'url("NEW")'),
        ("url('a", 'url("NEW"'),
    ],
)
def test_a_new_url_is_written_quoted_where_the_old_one_was(before, after):
    (found,) = css.find(before.encode())
    assert css.replace(before.encode(), [(found, "NEW")]) == after.encode()


def test_line_and_column_tell_where_a_reference_begins():
    data = "/* é\r\n */\n.é{background:url(a.png)}\n@import  'b';".encode()
    assert list(places(data, [found.start for found in css.find(data)])) == [(3, 15), (4, 10)]


SHEETS = [
    *("x{y:url(a)}", "image-set('a' 1x)", "src('a')"),
    *("@import 'a' b;", "@import'a'b", "@impor\\74 'a'", "@impor\\74'a'"),
]


@given(st.text(max_size=20), st.sampled_from(SHEETS))
def test_any_url_that_is_written_is_read_again(url, text):
    data = text.encode()
    (found,) = css.find(data)
    assert urls(css.replace(data, [(found, url)])) == [url.replace("\0", "\ufffd")]


@given(st.text(max_size=20).filter(bool))
def test_a_comment_stays_one_comment_whatever_url_is_written_into_it(url):
    data = b"/*# sourceMappingURL=a */x"
    (found,) = css.find(data)
    written = css.replace(data, [(found, url)])
    assert written.count(b"*/") == 1
    assert written.endswith(b" */x")


def test_a_latin_1_stylesheet_keeps_its_encoding():
    data = b'@charset "iso-8859-1";x{y:url(\xe9.png)}'
    (found,) = css.find(data)
    assert found.url == "é.png"
    assert css.replace(data, [(found, "é.0123456789ab.png")]) == (
        b'@charset "iso-8859-1";x{y:url("\xe9.0123456789ab.png")}'
    )


def test_a_character_that_the_encoding_has_not_is_written_as_an_escape():
    data = b'@charset "iso-8859-1";x{y:url(\\2192\\e9.png)}\xe9'
    (found,) = css.find(data)
    assert found.url == "→é.png"
    written = css.replace(data, [(found, "→é.0.png")])
    assert written == b'@charset "iso-8859-1";x{y:url("\\2192 \\e9 .0.png")}\xe9'
    assert [one.url for one in css.find(written)] == ["→é.0.png"]


@pytest.mark.parametrize(
    ("charset", "name"),
    [("latin1", "é"), ("cp1252", "é"), ("us-ascii", "é"), ("windows-874", "้"), ("koi8-r", "И"), ("euc-kr", "가")],
)
def test_a_url_is_read_and_written_in_the_encoding_of_its_stylesheet(charset, name):
    raw = b"\xb0\xa1" if charset == "euc-kr" else b"\xe9"
    data = f'@charset "{charset}";x{{y:url('.encode() + raw + b".png)}"
    (found,) = css.find(data)
    assert found.url == f"{name}.png"
    assert css.replace(data, [(found, f"{name}.0.png")]).endswith(b'url("' + raw + b'.0.png")}')


@pytest.mark.parametrize("charset", ["shift_jis", "gbk", "gb18030"])
def test_an_encoding_with_ascii_in_its_characters_is_left_alone(charset):
    data = f'@charset "{charset}";x{{content:"'.encode() + b"\x83\x5c" + b'"}y{z:url(a.png)}'
    assert css.find(data) == []


@pytest.mark.parametrize("charset", [b"nonsense", b"utf-16", b"rot13", b"windows-1259", b"iso-8859-99", b""])
def test_bytes_in_no_known_encoding_are_kept(charset):
    data = b'@charset "' + charset + b'";x{y:url(\xe9.png)}'
    (found,) = css.find(data)
    assert css.replace(data, [(found, found.url)]) == data.replace(b"\xe9.png", b'"\xe9.png"')


def test_utf_16_is_left_alone():
    assert css.find("x{y:url(a)} @import 'b'; /*# sourceMappingURL=a */".encode("utf-16")) == []


@given(st.binary(max_size=60), st.lists(st.sampled_from([b"url(", b"@import '", b"/*", b"\\", b"image-set('", b")"])))
def test_no_bytes_are_too_strange(noise, pieces):
    data = noise.join(pieces) + noise
    found = css.find(data)
    assert css.replace(data, []) == data
    ends = [0, *(end for one in found for end in (one.start, one.end)), len(data)]
    assert ends == sorted(ends)


# tinycss2 as the oracle.

PIECES = [
    "url(", "URL(", "src(", "image-set(", "-webkit-image-set(", "foo(", "(", ")", "[", "]", "{", "}", ";", ",", ":",
    "@import", "@import ", "@IMPORT/**/", "@namespace ", "@-moz-document ", "@media ", "@", "#", "<!--", "-->", "-",
    "'", '"', "'a.png'", '"b.css"', "a.png", "b", "u", "rl", "é", "1", "2x", "%", ".", "/", "*", "/*", "*/", "/**/",
    "\\", "\\75 ", "\\75", "\\69mport", "@\\69mport ", "\\29 ", "\\6c(", "\\'", "\\)", "\\a\n", "\\\n", " ", "\n", "\t",
    "\r\n", "\f", "\x01", "\0", "\ufeff", "type(", "url(a)", "url('c')", "url( d )", "url(a b)", "image-set('e' 1x)",
]  # fmt: skip


def expected(nodes: list, in_image_set: bool = False, at_rules: bool = True) -> list[str]:
    """Walk the tokens of tinycss2, and return the URLs among them in order."""
    found, previous, in_prelude = [], None, False
    for node in nodes:
        kind = node.type
        if in_prelude:
            if kind == "{} block":
                found += expected(node.content)
            in_prelude = not (kind == "{} block" or node == ";" or (kind == "error" and node.kind in ")]}"))
            continue
        if kind == "url" or (kind == "string" and (in_image_set or previous == "import")):
            found.append(node.value)
        elif kind == "function":
            first = [one for one in node.arguments if one.type not in ("whitespace", "comment")][:1]
            is_image_set = node.lower_name in IMAGE_SETS
            if node.lower_name in ("url", "src") and first and first[0].type == "string":
                found.append(first[0].value)
            found += expected(node.arguments, is_image_set, at_rules and not in_image_set and not is_image_set)
        elif kind in ("() block", "[] block", "{} block"):
            found += expected(node.content, False, at_rules and not in_image_set)
        if kind == "at-keyword" and at_rules and not in_image_set:
            previous = node.lower_value
            in_prelude = previous in PRELUDES
        elif kind not in ("whitespace", "comment"):
            previous = None
    return found


# Where tinycss2 leaves the standard: in an unquoted URL it takes a backslash before a line end for a letter (section
# 4.3.6 says bad URL), and in the remnants of a bad one it takes the bracket in "\\\\)" for escaped (section 4.3.14).
DEVIATION = re.compile(r"\((?:[^)]|\\\))*\\(?:[\n\r\f]|\\\))")


def oracle(text: str) -> list[str]:
    return expected(tinycss2.parse_component_value_list(text.removeprefix("\ufeff")))


def test_the_oracle_finds_something():
    assert oracle("@import 'a';b{c:url(d) image-set('e' type('f'))}@namespace url(g);url('h')") == ["a", "d", "e", "h"]


@settings(max_examples=300)
@example("<!---webkit-image-set('a' 1x)")
@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join).filter(lambda text: not DEVIATION.search(text)))
def test_tinycss2_finds_the_same_urls(text):
    assert urls(text) == oracle(text)


@settings(max_examples=300)
@example('@import"b.css"b')
@example("@\\69mport 'a.png'")
@example("@\\69mpor\\74 'a.png'")
@example("@\\69mpor\\74'a.png'")
@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join).filter(lambda text: not DEVIATION.search(text)))
def test_new_urls_are_read_again_in_the_place_of_the_old_ones(text):
    data = text.encode()
    new = [(found, f"new{number}.png") for number, found in enumerate(css.find(data))]
    written = css.replace(data, new)
    assert urls(written) == oracle(written.decode()) == [url for _, url in new]


# Time.

NAMED = [b"url(", b'@import "', b"/*", b"url(" + b" " * 60]  # what an attacker would think of first
HOSTILE = [
    *NAMED,
    b'"',
    b"\\",
    b"image-set(",
    b"@import/*",
    b"url(a",
    b"\\a ",
]


def seconds_to_find(data: bytes) -> float:
    return seconds(lambda: css.find(data))


@pytest.mark.parametrize("piece", HOSTILE, ids=repr)
def test_time_is_linear_in_the_size_of_hostile_bytes(piece):
    quarter, whole = (seconds_to_find((piece * (size // len(piece) + 1))[:size]) for size in (1 << 18, 1 << 20))
    assert whole < 8 * quarter + 0.02  # four times the bytes; quadratic would be sixteen times
    assert whole < (0.2 if piece in NAMED else 1)


def test_url_and_a_megabyte_of_spaces_take_no_time():
    assert seconds_to_find(b"url(" + b" " * (1 << 20)) < 0.2
