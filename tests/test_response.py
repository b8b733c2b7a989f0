"""Hold the responses: their bytes, and that the short way to write one differs from Werkzeug's in nothing."""

import copy
import json
import pickle
import traceback
from datetime import UTC, datetime

import msgspec
import orjson
import pytest
from werkzeug.datastructures import Headers
from werkzeug.exceptions import PreconditionFailed
from werkzeug.test import create_environ, run_wsgi_app
from werkzeug.wrappers import Response as WerkzeugResponse

import spa
from spa.jsoncodec import encode_json
from spa.response import answer_options


def written(response, method="GET", **environ):
    body, status, headers = run_wsgi_app(response, {**create_environ("/p/", method=method), **environ}, buffered=True)
    return b"".join(body), status, list(headers)


def written_by_werkzeug(response, method="GET"):
    """Return what Werkzeug's response writes, told the true length of a body that was replaced since it was counted."""
    if response.is_sequence and "Content-Length" in response.headers:
        response.content_length = response.calculate_content_length()
    return written(response, method)


def with_cookie(cls):
    response = cls("x")
    response.set_cookie("a", "b")
    response.set_cookie("c", "d")
    return response


def with_replaced_body(cls):
    response = cls("x")
    response.response = [b"other"]
    return response


def with_data(cls):
    response = cls()
    response.data = "later"
    return response


def with_removed_type(cls):
    response = cls("x")
    response.headers.remove("Content-Type")
    return response


def with_etag(cls):
    response = cls("x")
    response.add_etag()
    return response


def with_relative_location(cls):
    response = cls("x")
    del response.headers["Content-Type"]
    del response.headers["Content-Length"]
    response.headers["Location"] = "/é"
    response.headers["Content-Length"] = "1"
    return response


BUILDERS = {
    "empty": lambda cls: cls(),
    "text": lambda cls: cls("hello"),
    "not ascii": lambda cls: cls("hé€"),
    "bytes": lambda cls: cls(b"\xff\x00"),
    "empty text": lambda cls: cls(""),
    "list": lambda cls: cls(["a", b"b"]),
    "list of one": lambda cls: cls([b"a"]),
    "list of one text": lambda cls: cls(["é"]),
    "tuple": lambda cls: cls((b"a",)),
    "generator": lambda cls: cls(part for part in ("a", b"b", "é")),
    "status": lambda cls: cls("x", 201),
    "status with words": lambda cls: cls("x", "200 Fine"),
    "unknown status": lambda cls: cls("x", 299),
    "mimetype": lambda cls: cls("<p>", mimetype="text/html"),
    "content type": lambda cls: cls("x", content_type="image/png"),
    "headers": lambda cls: cls("x", headers={"X-A": "1", "Cache-Control": "no-store"}),
    "content type as header": lambda cls: cls("x", headers={"Content-Type": "text/css"}),
    "own length": lambda cls: cls("x", headers={"Content-Length": "1"}),
    "only a location": with_relative_location,
    "cookies": with_cookie,
    "replaced body": with_replaced_body,
    "later data": with_data,
    "no type": with_removed_type,
    "etag": with_etag,
    "redirect": lambda cls: cls("x", 302, {"Location": "/élan?a=b"}),
    "corrected redirect": lambda cls: _corrected(cls("x", 302, {"Location": "there"})),
    "passed through": lambda cls: cls([b"x"], direct_passthrough=True),
}


def _corrected(response):
    response.autocorrect_location_header = True
    return response


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize("name", BUILDERS)
def test_a_response_is_written_as_werkzeug_writes_it(name, method):
    build = BUILDERS[name]
    assert written(build(spa.Response), method) == written_by_werkzeug(build(WerkzeugResponse), method)


@pytest.mark.parametrize("name", BUILDERS)
def test_a_response_can_be_sent_twice_where_werkzeugs_can(name):
    ours, theirs = BUILDERS[name](spa.Response), BUILDERS[name](WerkzeugResponse)
    assert [written(ours), written(ours)] == [written_by_werkzeug(theirs), written_by_werkzeug(theirs)]


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_without_a_body_has_no_content_type(status):
    body, line, headers = written(spa.Response(status=status))
    assert body == b""
    assert line.startswith(str(status))
    assert "Content-Type" not in dict(headers)


def test_what_was_asked_to_run_on_close_runs_once():
    closed = []
    response = spa.Response("x")
    response.call_on_close(lambda: closed.append(1))
    assert written(response)[0] == b"x"
    assert closed == [1]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_streamed_body_is_closed_once(method):
    closed = []

    class File:
        def __iter__(self):
            yield from ("a", "b")

        def close(self):
            closed.append(1)

    assert written(spa.Response(File()), method)[0] == (b"ab" if method == "GET" else b"")
    assert closed == [1]


def test_a_subclass_that_writes_headers_of_its_own_is_heard():
    class Marked(spa.Response):
        def get_wsgi_headers(self, environ):
            headers = super().get_wsgi_headers(environ)
            headers["X-Mark"] = "1"
            return headers

    assert ("X-Mark", "1") in written(Marked("x"))[2]


def test_a_plain_subclass_differs_in_what_it_names():
    class Page(spa.Response):
        default_mimetype = "text/html"

    headers = dict(written(Page("<p>"))[2])
    assert headers == {"Content-Type": "text/html; charset=utf-8", "Content-Length": "3"}


@pytest.mark.parametrize("use", [lambda response: None, lambda response: response.headers])
def test_a_subclass_without_a_media_type_names_none(use):
    class Untyped(spa.Response):
        default_mimetype = None

    response = Untyped("x")
    use(response)
    assert written(response)[2] == [("Content-Length", "1")]


@pytest.mark.parametrize(
    "build",
    [
        lambda bad: spa.Response("x", headers={"X-A": f"a{bad}b"}),
        lambda bad: spa.Response("x", headers={f"X-A{bad}b": "a"}),
        lambda bad: spa.Response("x", headers=[("X-A", "1"), ("X-B", f"{bad}")]),
        lambda bad: spa.Response("x", content_type=f"text/{bad}"),
        lambda bad: spa.Response("x", mimetype=f"text/{bad}"),
        lambda bad: spa.JSONResponse({}, headers={"X-A": f"a{bad}b"}),
        lambda bad: spa.Response(status=204, headers={"X-A": f"a{bad}b"}),
    ],
)
@pytest.mark.parametrize("bad", ["\r\n", "\n", "\r", "\0", "\x1b", "\x7f"])
def test_a_control_character_in_a_header_is_an_error(build, bad):
    with pytest.raises(ValueError, match=r"newline|holds what a header cannot"):
        written(build(bad))


@pytest.mark.parametrize("value", ["a\tb", "é", "\xff", "a b"])
def test_what_a_header_may_hold_passes(value):
    assert ("X-A", value) in written(spa.Response("x", headers={"X-A": value}))[2]


@pytest.mark.parametrize(
    ("value", "body"),
    [
        ({"a": 1}, b'{"a": 1}'),
        ([], b"[]"),
        ("é", '"é"'.encode()),
        (None, b"null"),
        (True, b"true"),
        (1.5, b"1.5"),
        ({"€": [1, "<"]}, '{"€": [1, "<"]}'.encode()),
    ],
)
def test_json_is_sent_as_these_bytes(value, body):
    assert encode_json(value) == body
    assert written(spa.JSONResponse(value)) == (
        body,
        "200 OK",
        [("Content-Type", "application/json"), ("Content-Length", str(len(body)))],
    )
    assert json.loads(body) == value


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), {"a": object()}, object()])
def test_json_has_no_such_value(value):
    with pytest.raises((TypeError, ValueError)):
        spa.JSONResponse(value)


@pytest.mark.parametrize(
    ("response", "line", "extra"),
    [
        (lambda: spa.JSONResponse({}, 201), "201 CREATED", {}),
        (lambda: spa.JSONResponse({}, "200 Fine"), "200 Fine", {}),
        (lambda: spa.JSONResponse({}, 201, {"Location": "/1"}), "201 CREATED", {"Location": "/1"}),
        (lambda: spa.JSONResponse({}, headers=[("X-A", "1")]), "200 OK", {"X-A": "1"}),
        (
            lambda: spa.JSONResponse({}, content_type="application/geo+json"),
            "200 OK",
            {"Content-Type": "application/geo+json"},
        ),
        (
            lambda: spa.JSONResponse({}, mimetype="application/ld+json"),
            "200 OK",
            {"Content-Type": "application/ld+json"},
        ),
    ],
)
def test_json_takes_status_and_headers(response, line, extra):
    body, status, headers = written(response())
    assert (body, status) == (b"{}", line)
    assert dict(headers) == {"Content-Type": "application/json", "Content-Length": "2"} | extra


@pytest.mark.parametrize(
    ("json_module", "body"),
    [
        (None, b'{"at": "2030-01-31T00:00:00Z", "tags": ["a"]}'),
        (orjson, b'{"at":"2030-01-31T00:00:00Z","tags":["a"]}'),
        (msgspec.json, b'{"at":"2030-01-31T00:00:00Z","tags":["a"]}'),
    ],
)
def test_json_is_encoded_by_the_module_that_is_named(json_module, body):
    value = {"at": datetime(2030, 1, 31, tzinfo=UTC), "tags": {"a"}}
    assert written(spa.JSONResponse(value, json_module=json_module))[0] == body


def test_json_is_encoded_at_once():
    value = {"a": 1}
    response = spa.JSONResponse(value)
    value["a"] = 2
    assert response.json == {"a": 1}
    with pytest.raises(ValueError, match="NaN"):
        spa.JSONResponse(float("nan"), json_module=orjson)


# Conditions


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, "200 OK"),
        ({"HTTP_IF_NONE_MATCH": '"v1"'}, "304 NOT MODIFIED"),
        ({"HTTP_IF_NONE_MATCH": 'W/"v1"'}, "304 NOT MODIFIED"),
        ({"HTTP_IF_NONE_MATCH": '"v0", "v1"'}, "304 NOT MODIFIED"),
        ({"HTTP_IF_NONE_MATCH": "*"}, "304 NOT MODIFIED"),
        ({"HTTP_IF_NONE_MATCH": '"v0"'}, "200 OK"),
        ({"HTTP_IF_MATCH": '"v1"'}, "200 OK"),
        ({"HTTP_IF_MODIFIED_SINCE": "Sun, 06 Nov 1994 08:49:37 GMT"}, "304 NOT MODIFIED"),
        ({"HTTP_IF_MODIFIED_SINCE": "Sun, 06 Nov 1994 08:49:36 GMT"}, "200 OK"),
        ({"HTTP_IF_UNMODIFIED_SINCE": "Sun, 06 Nov 1994 08:49:37 GMT"}, "200 OK"),
        ({"HTTP_RANGE": "bytes=0-0"}, "200 OK"),
    ],
)
def test_a_response_with_an_etag_is_answered_by_conditions(method, fields, status):
    response = spa.Response("hello").etag("v1")
    response.last_modified = datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)
    body, line, headers = written(response, method, **fields)
    assert line == status
    assert dict(headers)["ETag"] == '"v1"'
    assert body == (b"hello" if status == "200 OK" and method == "GET" else b"")


@pytest.mark.parametrize(
    "fields", [{"HTTP_IF_MATCH": '"v0"'}, {"HTTP_IF_UNMODIFIED_SINCE": "Sun, 06 Nov 1994 08:49:36 GMT"}]
)
def test_a_condition_that_does_not_hold_is_412(fields):
    response = spa.Response("hello").etag("v1")
    response.last_modified = datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)
    with pytest.raises(PreconditionFailed):
        written(response, **fields)


def test_a_304_keeps_what_updates_the_clients_copy_and_describes_no_body():
    response = spa.Response("hello", headers={"Cache-Control": "no-cache", "Content-Language": "en", "X-A": "1"})
    response.set_cookie("a", "b")
    body, _, headers = written(response.etag("v1"), HTTP_IF_NONE_MATCH='"v1"')
    assert body == b""
    assert [name for name, _ in headers] == ["Cache-Control", "X-A", "Set-Cookie", "ETag"]


def test_a_response_can_be_answered_by_conditions_again():
    response = spa.Response("hello").etag("v1")
    statuses = [written(response, HTTP_IF_NONE_MATCH=f'"{tag}"')[1] for tag in ("v1", "v0", "v1")]
    assert statuses == ["304 NOT MODIFIED", "200 OK", "304 NOT MODIFIED"]


def test_by_default_the_etag_is_of_the_body():
    tags = [spa.JSONResponse(value).etag().headers["ETag"] for value in (1, 1, 2)]
    assert tags[0] == tags[1] != tags[2]


def test_a_weak_etag_says_so():
    response = spa.Response("hello").etag("v1", weak=True)
    assert response.headers["ETag"] == 'W/"v1"'
    assert written(response, HTTP_IF_NONE_MATCH='"v1"')[1] == "304 NOT MODIFIED"
    with pytest.raises(PreconditionFailed):
        written(response, HTTP_IF_MATCH='W/"v1"')


@pytest.mark.parametrize(("method", "status"), [("PUT", 200), ("GET", 201), ("GET", 404)])
def test_only_the_200_of_a_read_is_answered_by_conditions(method, status):
    response = spa.Response("hello", status).etag("v1")
    assert written(response, method, HTTP_IF_NONE_MATCH='"v1"')[0] == b"hello"


def test_a_stream_needs_an_etag_that_is_given():
    with pytest.raises(ValueError, match="give its etag a value"):
        spa.Response(iter("ab")).etag()
    closed = []
    response = spa.Response(iter("ab")).etag("v1")
    response.call_on_close(lambda: closed.append(1))
    assert written(response, HTTP_IF_NONE_MATCH='"v1"')[0] == b""
    assert closed == [1]


@pytest.mark.parametrize("value", ['a"b', "a b", "a\nb", "a\x7f", "日", "é"])
def test_an_etag_holds_no_quote_or_space(value):
    with pytest.raises(ValueError, match="an etag is of ASCII"):
        spa.Response("x").etag(value)


@pytest.mark.parametrize("value", [7, b"v1"])
def test_an_etag_is_a_str(value):
    with pytest.raises(TypeError, match=rf"an etag is a str, not {type(value).__name__}: use str\(\)"):
        spa.Response("x").etag(value)


# Werkzeug's in every attribute, whenever that is looked at

ATTRIBUTES = sorted({name for name in dir(WerkzeugResponse("x")) if not name.startswith("_")})


def shown(response, name):
    """Return what somebody sees who reads one attribute, in a form that can be compared."""
    try:
        value = getattr(response, name)
    except Exception as error:
        return type(error)
    if callable(value):
        return name
    return type(value) if " object at " in repr(value) else repr(value)


@pytest.mark.parametrize("name", ATTRIBUTES)
@pytest.mark.parametrize("body", ["héllo", b"h\xff", ""])
def test_the_first_attribute_that_is_read_is_werkzeugs(name, body):
    assert shown(spa.Response(body), name) == shown(WerkzeugResponse(body), name)


@pytest.mark.parametrize(
    "change",
    [
        lambda response: setattr(response, "status_code", 404),
        lambda response: setattr(response, "status", "201 Made"),
        lambda response: setattr(response, "headers", Headers([("X-A", "1")])),
        lambda response: setattr(response, "data", "other"),
        lambda response: setattr(response, "response", [b"other"]),
        lambda response: setattr(response, "mimetype", "text/html"),
        lambda response: setattr(response, "content_length", 7),
        lambda response: setattr(response, "direct_passthrough", True),
        lambda response: setattr(response, "own", 1),
        lambda response: response.headers.add("X-A", "1"),
        lambda response: response.set_cookie("a", "b"),
        lambda response: response.call_on_close(lambda: None),
        lambda response: response.stream.write(b" more"),
        lambda response: response.make_sequence(),
        lambda response: response.freeze(),
        lambda response: response.cache_control.__setattr__("max_age", 3),
        lambda response: hasattr(response, "none"),
        lambda response: repr(response),
        lambda response: response.get_json(silent=True),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_whatever_is_done_first_it_is_written_as_werkzeug_writes_it(change, method):
    ours, theirs = spa.Response("hello"), WerkzeugResponse("hello")
    change(ours)
    change(theirs)
    assert written(ours, method) == written_by_werkzeug(theirs, method)


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda response: pickle.loads(pickle.dumps(response))])
@pytest.mark.parametrize("is_used", [False, True])
def test_a_response_can_be_copied(again, is_used):
    response = spa.Response("hello")
    assert not is_used or response.status_code == 200
    assert written(again(response)) == written(response)


def test_an_attribute_that_is_not_there_is_an_attribute_error():
    response = spa.Response("hello")
    for _ in range(2):
        with pytest.raises(AttributeError, match="'Response' object has no attribute 'none'"):
            _ = response.none


@pytest.mark.parametrize("is_used", [False, True])
def test_what_a_property_of_ones_own_lacks_is_told_with_its_line(is_used):
    class Faulty(spa.Response):
        @property
        def size(self):
            return self.lenght

    response = Faulty("hello")
    assert not is_used or response.status_code == 200
    with pytest.raises(AttributeError, match="'Faulty' object has no attribute 'lenght'") as caught:
        _ = response.size
    assert "return self.lenght" in "".join(traceback.format_exception(caught.value))


def test_a_response_can_be_written_twice_and_changed_between():
    response = spa.Response("hello")
    first = written(response)
    assert written(response) == first
    response.status_code = 404
    assert written(response)[1] == "404 NOT FOUND"


@pytest.mark.parametrize(
    "build",
    [
        lambda: spa.Response("x", headers={"X-A": "日本"}),
        lambda: spa.Response("x", content_type="text/日"),
        lambda: spa.Response("x", headers={"X-日": "1"}),
    ],
)
def test_a_header_beyond_latin_1_is_an_error(build):
    with pytest.raises(ValueError, match="holds what a header cannot"):
        written(build())


def test_a_header_in_latin_1_is_sent():
    assert ("X-A", "h\xe9") in written(spa.Response("x", headers={"X-A": "h\xe9"}))[2]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_length_is_that_of_the_body_that_is_sent_whatever_was_said_before(method):
    short, replaced, given = spa.Response("abc"), spa.Response("abc", 201), spa.Response([b"a", b"bc"], 201)
    short.content_length = 10
    replaced.response = [b"other", b"s"]
    given.headers["Content-Length"] = "1"
    lengths = [dict(written(response, method)[2])["Content-Length"] for response in (short, replaced, given)]
    assert lengths == ["3", "6", "3"]


@pytest.mark.parametrize(
    "status", [0, 99, 100, 101, 199, 600, 799, 99999, "abc", "2000 x", "200 OK\r\nX-Evil: 1", "200 \u20ac"]
)
def test_a_status_that_no_final_answer_has_is_an_error(status):
    with pytest.raises(ValueError, match="a number from 200 to 599, and words, not"):
        written(spa.Response("x", status))


@pytest.mark.parametrize("name", ["X A", "X-A:", "", "X-\u00e9", "X\t", "(X)"])
def test_a_name_that_is_no_token_is_an_error(name):
    with pytest.raises(ValueError, match=r"the header name .* holds what a header cannot"):
        written(spa.Response("x", headers={name: "1"}))


def test_the_answer_to_options_names_the_methods_and_has_no_body():
    assert written(answer_options(("GET", "HEAD"))) == (b"", "204 NO CONTENT", [("Allow", "GET, HEAD")])


@pytest.mark.parametrize("options", [{}, {"mimetype": "application/json"}, {"status": 201}])
@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"a": 1}, "use JSONResponse"),
        (5, r"not int: use str\(\)"),
        (spa.Response("x"), "not Response"),
        (object(), "not object"),
        (["a", 1], r"its item 1 is 1: use str\(\), or JSONResponse"),
        ([bytearray(b"x")], r"its item 0 is bytearray\(b'x'\): use bytes\(\)$"),
        ([memoryview(b"x")], r"its item 0 is <memory at .*>: use bytes\(\)$"),
        ((None,), "its item 0 is None"),
        ([{"a": 1}], r"its item 0 is \{'a': 1\}"),
    ],
)
def test_a_body_that_cannot_be_sent_is_an_error_where_the_response_is_made(body, words, options):
    with pytest.raises(TypeError, match=words):
        spa.Response(body, **options)


@pytest.mark.parametrize("make", [spa.Response, spa.JSONResponse])
@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ("text/html", "not 'text/html'; a media type is named by spa.Response(..., mimetype='text/html')"),
        (["X-Total: 2"], "not ['X-Total: 2']"),
        ([("X", "1", "2")], "not [('X', '1', '2')]"),
        ({"X-Total"}, "not {'X-Total'}"),
        (5, "not 5"),
        (["x" * 1000], f"not ['{'x' * 98}"),
    ],
)
def test_what_are_no_headers_is_an_error_that_says_what_headers_are(make, headers, words):
    with pytest.raises(TypeError) as caught:
        make("x", 200, headers)
    assert str(caught.value) == f"headers are a dict or a list of pairs, as {{'X-Total': '2'}}, {words}"


@pytest.mark.parametrize("headers", [{"X": "a\nb"}, [("X", "a\nb")], (("X", "a\nb"),), iter([("X", "a\nb")])])
def test_a_header_that_is_wrong_among_right_ones_is_told_as_werkzeug_does(headers):
    with pytest.raises(ValueError, match="newline"):
        spa.Response("x", 200, headers)


PAIRS = [("X", "1"), ("X", "2")]


@pytest.mark.parametrize("headers", [{"X": ["1", "2"]}, PAIRS, Headers(PAIRS), iter(PAIRS), [["X", 1], ["X", 2]]])
def test_headers_are_a_dict_or_pairs(headers):
    assert spa.Response("x", 200, headers).headers.getlist("X") == ["1", "2"]


class ByIndex:
    def __getitem__(self, index):
        return [b"a", b"b"][index]


@pytest.mark.parametrize(
    "body", [["a", "b"], ("a", b"b"), {"ab"}, iter(["ab"]), (part for part in "ab"), ByIndex()]
)
def test_a_body_that_can_be_iterated_over_is_taken(body):
    assert b"".join(spa.Response(body).iter_encoded()) == b"ab"


@pytest.mark.parametrize("kind", [bytearray, memoryview])
def test_bytes_of_another_kind_are_made_bytes(kind):
    response = spa.Response(kind(b"ab"))
    assert (response.data, response.headers["Content-Length"], response.response) == (b"ab", "2", [b"ab"])
