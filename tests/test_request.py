"""Hold the request: Werkzeug's in every attribute, read when first used, with a JSON body that is checked."""

import copy
import gzip
import io
import json
import pickle
import re
import subprocess
import sys
import traceback
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import date

import msgspec
import orjson
import pytest
from werkzeug.exceptions import (
    BadRequest,
    PreconditionFailed,
    PreconditionRequired,
    RequestEntityTooLarge,
    UnsupportedMediaType,
)
from werkzeug.test import Client, create_environ, run_wsgi_app
from werkzeug.wrappers import Request as WerkzeugRequest

import spa
from tests.processes import ROOT

FORM = b"""--x\r
Content-Disposition: form-data; name="b"\r
\r
2\r
--x\r
Content-Disposition: form-data; name="file"; filename="f.txt"\r
\r
data\r
--x--\r
"""
ENVIRONS = {
    "plain": lambda: create_environ("/"),
    "query": lambda: create_environ("/ä/b c?x=1&x=2&ü=%20", "https://example.org:8443/root"),
    "form": lambda: create_environ("/f?a=1", method="POST", data=FORM, content_type="multipart/form-data; boundary=x"),
    "urlencoded": lambda: create_environ("/f", method="PUT", data={"b": "2"}),
    "json": lambda: create_environ("/j", method="PATCH", json={"a": [1]}),
    "headers": lambda: create_environ(
        "/h",
        method="post",
        data=b"x",
        headers={
            "Accept": "text/html;q=0.5",
            "Accept-Language": "de",
            "Authorization": "Basic dXNlcjpwYXNz",
            "Cache-Control": "no-cache",
            "Cookie": "a=1; b=2",
            "Date": "Tue, 01 Jan 2030 00:00:00 GMT",
            "If-None-Match": '"x"',
            "If-Modified-Since": "Tue, 01 Jan 2030 00:00:00 GMT",
            "Origin": "https://example.org",
            "Range": "bytes=0-1",
            "Referer": "https://example.org/",
            "User-Agent": "test",
            "X-Forwarded-For": "10.0.0.1, 10.0.0.2",
        },
    ),
    "bare": lambda: {"wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(), "REQUEST_METHOD": "GET"},
}
# These differ, or are for the class.
OWN = {"json", "json_module", "max_content_length", "form_data_parser_class", "application", "from_values"}
ATTRIBUTES = sorted({name for name in dir(WerkzeugRequest(create_environ("/"))) if not name.startswith("_")} - OWN)


def seen(request, name):
    """Return what somebody sees who reads one attribute, in a form that can be compared."""
    try:
        value = getattr(request, name)
    except Exception as error:
        return type(error)
    if name in ("stream", "input_stream"):
        return value.read()
    if hasattr(type(value), "to_header"):
        return value.to_header()
    if name == "files":
        return {key: (file.filename, file.read()) for key, file in value.items()}
    if name == "environ":
        return sorted(value)
    if name == "headers":
        return list(value)
    if callable(value) and not isinstance(value, type):
        return value.__name__
    return re.sub(" at 0x[0-9a-f]+", "", repr(value))


@pytest.mark.parametrize("name", ATTRIBUTES)
@pytest.mark.parametrize("environ", ENVIRONS)
def test_each_attribute_read_first_is_werkzeugs(environ, name):
    build = ENVIRONS[environ]
    with spa.Request(build()) as ours, WerkzeugRequest(build(), populate_request=False) as theirs:
        assert seen(ours, name) == seen(theirs, name)


@pytest.mark.parametrize("environ", ENVIRONS)
def test_all_attributes_in_a_row_are_werkzeugs(environ):
    build = ENVIRONS[environ]
    with spa.Request(build()) as ours, WerkzeugRequest(build(), populate_request=False) as theirs:
        assert [seen(ours, name) for name in ATTRIBUTES] == [seen(theirs, name) for name in ATTRIBUTES]


@pytest.mark.parametrize("environ", ENVIRONS)
def test_the_methods_of_an_unread_request_work(environ):
    build = ENVIRONS[environ]
    ours, theirs = spa.Request(build()), WerkzeugRequest(build())
    assert ours.get_data() == theirs.get_data()
    assert repr(spa.Request(build())) == repr(theirs)
    with spa.Request(build()) as request:
        assert request.method == theirs.method


def test_a_request_that_nobody_reads_reads_nothing():
    request = spa.Request({})
    assert vars(request).keys().isdisjoint({"headers", "path", "method"})


@pytest.mark.parametrize("is_read", [False, True])
def test_an_attribute_that_is_not_there_is_an_attribute_error(is_read):
    request = spa.Request(create_environ("/x"))
    if is_read:
        assert request.path == "/x"
    assert not hasattr(request, "nothing")
    assert getattr(request, "nothing", 1) == 1
    with pytest.raises(AttributeError, match="'Request' object has no attribute 'nothing'"):
        request.nothing  # noqa: B018
    assert request.path == "/x"


class Faulty(spa.Request):
    @property
    def language(self):
        return self.accept_langs.best  # there is no such attribute

    @property
    def shouted(self):
        return self.language.upper()

    @property
    def unsplit(self):
        return self.path.split("/").join("")  # a list has no join


@pytest.mark.parametrize("is_read", [False, True])
@pytest.mark.parametrize(
    ("name", "words", "lines"),
    [
        ("language", "'Faulty' object has no attribute 'accept_langs'", ["self.accept_langs.best"]),
        ("shouted", "'Faulty' object has no attribute 'accept_langs'", ["self.language.upper", "self.accept_langs"]),
        ("unsplit", "'list' object has no attribute 'join'", ['self.path.split("/").join']),
    ],
)
def test_what_a_property_of_ones_own_lacks_is_told_with_its_line(name, words, lines, is_read):
    request = Faulty(create_environ("/x"))
    if is_read:
        assert request.path == "/x"
    with pytest.raises(AttributeError) as caught:
        getattr(request, name)
    assert str(caught.value) == words
    told = "".join(traceback.format_exception(caught.value))
    assert all(line in told for line in lines)


@pytest.mark.parametrize("name", ["__html__", "__fspath__", "__len__", "__json__", "__setstate__"])
def test_a_protocol_that_is_asked_for_does_not_read_the_request(name):
    request = spa.Request({})
    assert not hasattr(request, name)
    assert "headers" not in vars(request)


def test_an_object_that_was_never_initialised_does_not_recurse():
    request = spa.Request.__new__(spa.Request)
    with pytest.raises(AttributeError):
        request.path  # noqa: B018


@pytest.mark.parametrize("is_read", [False, True])
def test_a_copy_is_a_request_of_its_own(is_read):
    request = spa.Request(create_environ("/x?a=1"))
    if is_read:
        assert request.path == "/x"
    other = copy.copy(request)
    other.path = "/y"
    assert (request.path, other.path, other.args["a"]) == ("/x", "/y", "1")


@pytest.mark.parametrize("is_read", [False, True])
def test_a_request_without_streams_survives_pickle(is_read):
    environ = {key: value for key, value in create_environ("/x?a=1").items() if key.isupper()}
    request = spa.Request(environ)
    if is_read:
        assert request.args["a"] == "1"
    other = pickle.loads(pickle.dumps(request))
    assert (other.path, other.args["a"], other.method) == ("/x", "1", "GET")


def test_what_is_assigned_before_the_first_look_stays():
    class Overridden(spa.Request):
        def __init__(self, environ):
            super().__init__(environ)
            self.method = "PUT"

    request = Overridden(create_environ("/x"))
    request.user = "ann"
    request.headers = {"X": "1"}
    assert (request.path, request.method, request.user, request.headers) == ("/x", "PUT", "ann", {"X": "1"})


@pytest.mark.parametrize(
    ("populate", "shallow", "is_there"), [(True, False, True), (True, True, False), (False, False, False)]
)
def test_a_request_can_put_itself_into_the_environ(populate, shallow, is_there):
    environ = create_environ("/")
    request = spa.Request(environ, populate, shallow)
    assert (environ.get("werkzeug.request") is request) is is_there
    assert request.path == "/"


def test_a_shallow_request_does_not_read_the_body():
    request = spa.Request(create_environ("/", method="POST", data=b"x"), shallow=True)
    with pytest.raises(RuntimeError, match="shallow"):
        request.get_data()


def test_the_app_makes_the_request_class_it_was_given():
    class Shouting(spa.Request):
        @property
        def name(self):
            return self.args["name"].upper()

    class Hello(spa.Handler):
        def get(self):
            return self.request.name

    assert Client(spa.App((("/", "", Hello),), request_class=Shouting)).get("/?name=ann").text == "ANN"


def json_of(body, content_type="application/json"):
    return spa.Request(create_environ("/", method="POST", data=body, content_type=content_type)).json()


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"a": 1}', {"a": 1}),
        (b" [1, 2.5, null, true]\n", [1, 2.5, None, True]),
        ('"é€"'.encode(), "é€"),
        (b'"NaN, -Infinity \\" NaN"', 'NaN, -Infinity " NaN'),
        (b"0", 0),
    ],
)
def test_a_json_body_is_read(body, value):
    assert json_of(body) == value


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        'application/json; charset="utf-8"',
        "application/problem+json",
        "application/vnd.api+json; version=1",
    ],
)
def test_these_types_are_json(content_type):
    assert json_of(b"[]", content_type) == []


@pytest.mark.parametrize(
    "content_type",
    [None, "", "text/plain", "text/json", "application/x-www-form-urlencoded", "json", "application/xjson"],
)
def test_any_other_type_is_415(content_type):
    with pytest.raises(UnsupportedMediaType, match="application/json"):
        json_of(b"[]", content_type)


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b"", "line 1 column 1"),
        (b"{", "line 1 column 2"),
        (b'{\n  "a": }', "line 2 column 8"),
        (b"{'a': 1}", "line 1 column 2"),
        (b"[1] 2", "line 1 column 5"),
        (b'"\x01"', "line 1 column 2"),
        (b'"\n"', "line 1 column 2"),
        (b"\xff", "line 1 column 1"),
        (b'[1,\n "\xc3\xa9\xe9"]', "line 2 column 4"),
        (b"\xef\xbb\xbf{}", "line 1 column 1"),
        ("{}".encode("utf-16"), "line 1 column 1"),
        ("{}".encode("utf-16-le"), "line 1 column 2"),
        ("{}".encode("utf-32-be"), "line 1 column 1"),
        (b"NaN", "line 1 column 1"),
        (b'{"NaN": "NaN \\" NaN",\n "a": NaN}', "line 2 column 7"),
        (b"[Infinity]", "line 1 column 2"),
        (b"[1,\n-Infinity]", "line 2 column 1"),
    ],
)
def test_a_body_that_is_not_json_is_400_with_line_and_column(body, place):
    with pytest.raises(BadRequest) as caught:
        json_of(body)
    assert caught.value.description.endswith(f": {place}.")


@pytest.mark.parametrize(
    ("coding", "body", "status"),
    [
        ("gzip", gzip.compress(b"[]"), 415),
        ("x-own", b"\0", 415),
        ("Identity", b"\0", 400),
        ("identity", b"[]", 200),
    ],
)
def test_a_body_in_a_coding_is_415_that_says_so(coding, body, status):
    class Echo(spa.JSONHandler):
        def post(self):
            return self.request.json()

    client = Client(spa.App((("/", "", Echo),)))
    response = client.post("/", data=body, content_type="application/json", headers={"Content-Encoding": coding})
    assert response.status_code == status
    if status == 415:
        assert response.headers["Accept-Encoding"] == "identity"
        assert "without Content-Encoding" in response.json["detail"]


@pytest.mark.parametrize("json_module", [None, orjson, msgspec.json], ids=["python", "orjson", "msgspec"])
@pytest.mark.parametrize("body", [b"[" * 100_000, b"1" * 5000, b'{"a":' * 100_000, b"1e999", b"[-1e999]", b'"\\ud800"'])
def test_a_body_that_is_too_much_for_anybody_is_400(body, json_module):
    class Echo(spa.JSONHandler):
        def post(self):
            return self.request.json()

    client = Client(spa.App((("/", "", Echo),), json_module=json_module))
    assert client.post("/", data=body, content_type="application/json").status_code == 400


@pytest.mark.parametrize("json_module", [None, orjson, msgspec.json], ids=["python", "orjson", "msgspec"])
@pytest.mark.parametrize(("depth", "status"), [(199, 200), (200, 200), (201, 400), (260, 400), (990, 400), (1023, 400)])
def test_what_is_read_can_always_be_echoed(depth, status, json_module):
    class Echo(spa.JSONHandler):
        def post(self):
            return {"you sent": self.request.json()}

    client = Client(spa.App((("/", "", Echo),), json_module=json_module))
    answer = client.post("/", data="[" * depth + "]" * depth, content_type="application/json")
    assert answer.status_code == status
    if status == 400:
        assert answer.json["detail"] == "The body is not JSON: it is nested more than 200 deep: line 1 column 201."


@pytest.mark.parametrize(("size", "is_read"), [(100, True), (101, False)])
def test_a_body_over_the_limit_is_413(size, is_read):
    class Small(spa.Request):
        max_content_length = 100

    environ = create_environ("/", method="POST", data=b"1".ljust(size), content_type="application/json")
    if is_read:
        assert Small(environ).json() == 1
    else:
        with pytest.raises(RequestEntityTooLarge):
            Small(environ).json()
        assert environ["wsgi.input"].tell() == 0, "the length was believed, the body left unread"


def test_the_limit_is_4_mib_unless_said_otherwise():
    environ = create_environ("/", method="POST", data=b"x", content_type="application/json")
    environ["CONTENT_LENGTH"] = str(4 * 2**20 + 1)
    with pytest.raises(RequestEntityTooLarge):
        spa.Request(environ).json()


def test_a_json_body_can_be_read_twice_and_as_bytes():
    request = spa.Request(create_environ("/", method="POST", json={"a": 1}))
    assert request.json() == request.json() == {"a": 1}
    assert request.get_data() == b'{"a": 1}'


def test_errors_of_the_body_are_answered():
    class Echo(spa.JSONHandler):
        def post(self):
            return self.request.json()

    client = Client(spa.App((("/", "", Echo),)))
    assert client.post("/", json={"é": [1]}).json == {"é": [1]}
    refused = client.post("/", data=b"{", content_type="application/json")
    assert (refused.status_code, refused.json["detail"]) == (
        400,
        "The body is not JSON: Expecting property name enclosed in double quotes: line 1 column 2.",
    )
    assert client.post("/", data=b"{}").status_code == 415


@dataclass
class Note:
    text: str
    due: date | None = None


class Notes(spa.Handler):
    def post(self):
        note = self.request.json(Note)
        return {"text": note.text, "due": note.due, "type": type(note).__name__}

    def put(self):
        return {"days": sorted(self.request.json(set[date]))}


@pytest.mark.parametrize("json_module", [None, orjson, msgspec.json], ids=["python", "orjson", "msgspec"])
def test_a_body_is_made_into_a_type(json_module):
    client = Client(spa.App((("/", "", Notes),), json_module=json_module))
    answer = client.post("/", json={"text": "é", "due": "2030-01-31"})
    assert answer.json == {"text": "é", "due": "2030-01-31", "type": "Note"}
    assert client.put("/", json=["2030-01-31", "2030-01-30"]).json == {"days": ["2030-01-30", "2030-01-31"]}


def test_a_body_that_does_not_fit_is_422_and_tells_every_place():
    client = Client(spa.App((("/", "", Notes),)))
    answer = client.post("/", json={"due": "soon", "done": True})
    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")
    assert answer.json == {
        "type": "about:blank",
        "title": "Unprocessable Entity",
        "status": 422,
        "detail": "The body is not of the form that is expected here.",
        "errors": [
            {"loc": ["due"], "msg": "Must be a date (2030-01-31) or null."},
            {"loc": ["done"], "msg": "Is not a member that is known here."},
            {"loc": ["text"], "msg": "Is required."},
        ],
    }


def test_what_is_not_json_is_400_before_any_type_is_looked_at():
    client = Client(spa.App((("/", "", Notes),)))
    assert client.post("/", data=b"{", content_type="application/json").status_code == 400
    assert client.post("/", data=b"{}", content_type="text/plain").status_code == 415


@pytest.mark.parametrize("json_module", [orjson, msgspec.json], ids=["orjson", "msgspec"])
def test_the_module_of_the_app_reads_and_writes(json_module):
    class Echo(spa.JSONHandler):
        def post(self):
            return [self.request.json(), self.request.get_json()]

    client = Client(spa.App((("/", "", Echo),), json_module=json_module))
    assert client.post("/", json={"a": 1}).data == b'[{"a":1},{"a":1}]'  # Python's would write spaces
    refused = client.post("/", data=b"[1,\n NaN]", content_type="application/json")
    assert (refused.status_code, refused.json["detail"].rpartition(": ")[2]) == (400, "line 2 column 2.")


def test_a_request_class_may_name_its_module_itself():
    class Request(spa.Request):
        json_module = orjson

    environ = create_environ("/", method="POST", json=2**70)
    assert Request(environ).json() == float(2**70)  # orjson has integers of 64 bits


def test_werkzeugs_way_to_read_json_has_the_same_rules():
    request = spa.Request(create_environ("/", method="POST", data=b"[NaN]", content_type="application/json"))
    with pytest.raises(BadRequest, match="NaN is not a JSON value"):
        request.get_json()


@pytest.mark.parametrize(
    ("query", "args", "full_path"),
    [
        (b"name=caf\xe9", [("name", "caf%E9")], "/p?name=caf%E9"),
        (b"name=caf%E9", [("name", "caf%E9")], "/p?name=caf%E9"),
        ("name=café".encode(), [("name", "café")], "/p?name=café"),
        (b"\xe9=1&x=%41&\xff\xfe", [("%E9", "1"), ("x", "A"), ("%FF%FE", "")], "/p?%E9=1&x=%41&%FF%FE"),
        (b"a+b=%zz", [("a b", "%zz")], "/p?a+b=%zz"),
    ],
)
@pytest.mark.parametrize("first", ["args", "full_path", "url", "query_string", "values"])
def test_raw_bytes_in_the_query_are_read_as_if_they_were_escaped(query, args, full_path, first):
    environ = create_environ("/p")
    environ["QUERY_STRING"] = query.decode("latin-1")
    request = spa.Request(environ)
    getattr(request, first)
    assert list(request.args.items(multi=True)) == args
    assert request.full_path == full_path
    assert request.url.startswith("http://localhost/p?")


def test_a_raw_byte_in_the_query_does_not_break_a_handler():
    class Show(spa.Handler):
        def get(self):
            return dict(self.request.args)

    environ = create_environ("/")
    environ["QUERY_STRING"] = "q=\xe9"
    body, status, _ = run_wsgi_app(spa.App((("/", "", Show),)), environ)
    assert (status, b"".join(body)) == ("200 OK", b'{"q": "%E9"}')


def chunked(body, **environ):
    made = create_environ("/", method="POST", content_type="application/json")
    return {
        **made,
        "wsgi.input": io.BytesIO(body),
        "wsgi.input_terminated": True,
        "HTTP_TRANSFER_ENCODING": "chunked",
        **environ,
    }


@pytest.mark.parametrize(("size", "is_read"), [(99, True), (100, True), (101, False), (10_000, False)])
def test_a_chunked_body_over_the_limit_is_413(size, is_read):
    class Small(spa.Request):
        max_content_length = 100

    environ = chunked(json.dumps("x" * (size - 2)).encode())
    request = Small(environ)
    if is_read:
        assert request.json() == "x" * (size - 2)
        return
    with pytest.raises(RequestEntityTooLarge):
        request.json()
    assert environ["wsgi.input"].tell() == 101, "no more is read than tells that it is too much"
    with pytest.raises(RequestEntityTooLarge):
        request.json()


def test_a_body_without_a_length_and_without_an_end_is_not_waited_for():
    class Endless:
        def read(self, size=-1):
            raise AssertionError("nobody may read this")

    environ = chunked(b"", **{"wsgi.input": Endless(), "wsgi.input_terminated": False})
    with pytest.raises(BadRequest):
        spa.Request(environ).json()


def test_without_a_limit_everything_is_read():
    class Large(spa.Request):
        max_content_length = None

    size = 5 * 2**20
    assert len(Large(chunked(b" " * size)).get_data()) == size
    assert len(Large(create_environ("/", method="POST", data=b" " * size)).get_data()) == size


def test_a_form_comes_with_its_files():
    with spa.Request(ENVIRONS["form"]()) as request:
        assert request.form["b"] == "2"
        assert request.files["file"].read() == b"data"


# Conditions and names


@pytest.mark.parametrize(
    ("etag", "fields", "expected"),
    [
        ("v1", {}, None),
        ("v1", {"If-Match": '"v1"'}, None),
        ("v1", {"If-Match": '"v0", "v1"'}, None),
        ("v1", {"If-Match": "*"}, None),
        ("v1", {"If-Match": '"v0"'}, PreconditionFailed),
        ("v1", {"If-Match": 'W/"v1"'}, PreconditionFailed),
        ("v1", {"If-None-Match": "*"}, PreconditionFailed),
        ("v1", {"If-None-Match": '"v0"'}, None),
        (None, {"If-Match": "*"}, PreconditionFailed),
        (None, {"If-None-Match": "*"}, None),
        ("v1", {"If-Unmodified-Since": "Sun, 06 Nov 1994 08:49:37 GMT"}, None),
        ("v1", {"If-Unmodified-Since": "Sun, 06 Nov 1994 08:49:36 GMT"}, PreconditionFailed),
    ],
)
def test_a_change_is_refused_where_its_condition_does_not_hold(etag, fields, expected):
    request = spa.Request(create_environ("/", method="PUT", headers=fields))
    with nullcontext() if expected is None else pytest.raises(expected):
        request.check_preconditions(etag, modified=784111777)


@pytest.mark.parametrize("etag", [7, b"v1"])
def test_an_etag_to_compare_with_is_a_str(etag):
    with pytest.raises(TypeError, match=rf"the etag is a str or None, not {type(etag).__name__}: use str\(\)"):
        spa.Request(create_environ("/", method="PUT")).check_preconditions(etag)


def test_a_change_without_a_condition_may_be_refused():
    with pytest.raises(PreconditionRequired):
        spa.Request(create_environ("/", method="PUT")).check_preconditions("v1", is_required=True)
    for name in ("If-Match", "If-None-Match"):
        request = spa.Request(create_environ("/", method="PUT", headers={name: '"v2"' if "None" in name else '"v1"'}))
        request.check_preconditions("v1", is_required=True)


@pytest.mark.parametrize(
    ("fields", "modified"),
    [
        ({"If-Unmodified-Since": "Sun, 06 Nov 1994 08:49:37 GMT"}, None),
        ({"If-Unmodified-Since": "yesterday"}, 784111777),
        ({"If-None-Match": ""}, 784111777),
        ({"If-Modified-Since": "Sun, 06 Nov 1994 08:49:37 GMT"}, 784111777),
    ],
)
def test_a_condition_that_cannot_be_judged_is_none(fields, modified):
    request = spa.Request(create_environ("/", method="PUT", headers=fields))
    request.check_preconditions("v1", modified=modified)
    with pytest.raises(PreconditionRequired):
        request.check_preconditions("v1", modified=modified, is_required=True)


def test_two_who_change_one_resource_do_not_overwrite_each_other():
    state = {"text": "old", "version": 1}

    class Note(spa.Handler):
        def get(self):
            return spa.JSONResponse(state["text"]).etag(str(state["version"]))

        def put(self):
            self.request.check_preconditions(str(state["version"]), is_required=True)
            state.update(text=self.request.json(), version=state["version"] + 1)
            return self.get()

    client = Client(spa.App((("/", "", Note),)))
    seen = client.get("/").headers["ETag"]
    first = client.put("/", json="first", headers={"If-Match": seen})
    assert first.status_code == 200
    assert client.put("/", json="second", headers={"If-Match": seen}).status_code == 412
    assert client.put("/", json="second").status_code == 428
    assert client.get("/", headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    assert state == {"text": "first", "version": 2}


@pytest.mark.parametrize(
    ("sent", "expected"),
    [(None, None), (b"", None), (b"41", "41"), ("Grün 5 €".encode(), "Grün 5 €"), (b"\xff", "\ufffd")],
)
def test_the_id_of_the_last_event_is_read_as_browsers_send_it(sent, expected):
    header = {} if sent is None else {"HTTP_LAST_EVENT_ID": sent.decode("latin-1")}
    assert spa.Request({**create_environ("/"), **header}).last_event_id == expected


def test_a_request_has_a_name_that_stays():
    request = spa.Request(create_environ("/"))
    assert re.fullmatch("[0-9a-f]{16}", request.id)
    assert request.id == request.id
    assert spa.Request(create_environ("/", headers={"X-Request-ID": "given"})).id == "given"


def test_the_session_is_what_its_middleware_opens():
    session = {"user": 7}
    assert spa.Request({**create_environ("/"), "spa.session": lambda: session}).session is session


def test_a_session_that_is_replaced_is_a_mistake_that_names_the_fix():
    request = spa.Request({**create_environ("/"), "spa.session": dict})
    with pytest.raises(AttributeError, match=r"cannot be replaced: use its clear\(\) and update\(\)"):
        request.session = {"user": 7}


def test_a_session_without_its_middleware_is_a_mistake_that_names_the_fix():
    with pytest.raises(spa.SetupError, match=r"app = SessionMiddleware\(app, secret\)"):
        assert spa.Request(create_environ("/")).session


@dataclass
class Page:
    page: int = 1
    tag: list[str] = field(default_factory=list)


class Notebook(spa.Handler):
    def get(self):
        page = self.request.query(Page)
        return {"page": page.page, "tag": page.tag}


def test_a_query_is_made_into_a_type():
    client = Client(spa.App((("/", "", Notebook),)))
    assert client.get("/").json == {"page": 1, "tag": []}
    assert client.get("/?tag=%C3%A9&page=2&tag=%E9").json == {"page": 2, "tag": ["é", "%E9"]}
    assert client.get("/", environ_overrides={"QUERY_STRING": "tag=\xe9"}).json["tag"] == ["%E9"]


def test_a_query_that_does_not_fit_is_422_and_tells_every_field():
    client = Client(spa.App((("/", "", Notebook),)))
    answer = client.get("/?page=abc&pgae=2")
    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")
    assert answer.json == {
        "type": "about:blank",
        "title": "Unprocessable Entity",
        "status": 422,
        "detail": "The query is not of the form that is expected here.",
        "errors": [
            {"loc": ["page"], "msg": "Must be an integer."},
            {"loc": ["pgae"], "msg": "Is not a member that is known here."},
        ],
    }


def test_nothing_of_werkzeugs_is_called_query():
    assert not hasattr(WerkzeugRequest(create_environ("/")), "query")


def test_a_type_checker_knows_what_is_built_of_a_query(tmp_path):
    program = """
from dataclasses import dataclass
from typing import TypedDict, assert_type
import spa

@dataclass
class Page:
    page: int = 1

class Filter(TypedDict, total=False):
    tag: list[str]

def get(request: spa.Request) -> None:
    assert_type(request.query(Page), Page)
    assert_type(request.query(Filter), Filter)
"""
    path = tmp_path / "program.py"
    path.write_text(program)
    options = ("--strict", "--follow-imports=silent", "--cache-dir", str(tmp_path))  # it is the program that is checked
    words = (sys.executable, "-m", "mypy", *options, str(path))
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
