"""Which request is carried out, and which is not: RFC 9110 section 13."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.http import http_date

from spa.precondition import check, is_guarded, parse_http_date

ETAG = '"abc"'
MODIFIED = 784111777
DATE = "Sun, 06 Nov 1994 08:49:37 GMT"
BAD_DATES = [
    "",
    "yesterday",
    "784111777",
    "Sun, 06 Nov 1994 08:49:37",
    "Sun, 06 Nov 1994 08:49:37 +0200",
    "sun, 06 nov 1994 08:49:37 gmt",
    "Sun, 31 Feb 1994 08:49:37 GMT",
    "Sun, 06 Nov 0000 08:49:37 GMT",
    "Sun, 06 Nov 1994 24:49:37 GMT",
    "Sun, 06 Nov 1994 08:60:37 GMT",
    "Sun, 06 Nov 1994 08:49:61 GMT",
    "Sun, 06 Nov 99999999999999999999 08:49:37 GMT",
    "Sun, 06 Nov 1994 08:49:37 +99999999999",
    "Sun, 06 Nov \u0661994 08:49:37 GMT",
    f"{DATE}, {DATE}",
    f"{DATE}; length=10",
    "9" * 7000,
]


def judge(method, etag=ETAG, modified=MODIFIED, **fields):
    environ = {f"HTTP_{name.upper()}": value for name, value in fields.items()}
    return check(method, environ, etag=etag, modified=modified)


@pytest.mark.parametrize(
    ("method", "fields", "expected"),
    [
        ("GET", {}, None),
        ("PUT", {}, None),
        ("GET", {"if_none_match": ETAG}, 304),
        ("HEAD", {"if_none_match": 'W/"abc"'}, 304),
        ("GET", {"if_none_match": f"{ETAG}\n"}, 304),
        ("PUT", {"if_none_match": ETAG}, 412),
        ("GET", {"if_match": '"x"'}, 412),
        ("PUT", {"if_match": ETAG}, None),
        ("DELETE", {"if_match": '"x", "y"'}, 412),
        ("PUT", {"if_match": "*"}, None),
        ("PUT", {"if_none_match": "*"}, 412),
        ("GET", {"if_modified_since": DATE}, 304),
        ("PUT", {"if_modified_since": DATE}, None),
        ("OPTIONS", {"if_match": '"x"'}, None),
    ],
)
def test_the_conditions_of_a_request_are_judged(method, fields, expected):
    assert judge(method, **fields) == expected


@pytest.mark.parametrize(
    ("method", "fields", "expected"),
    [
        ("PUT", {"if_match": "*"}, 412),
        ("PUT", {"if_match": ETAG}, 412),
        ("PUT", {"if_none_match": "*"}, None),
        ("PUT", {"if_none_match": ETAG}, None),
        ("GET", {"if_modified_since": DATE}, None),
        ("PUT", {}, None),
    ],
)
def test_where_nothing_is_only_its_absence_can_be_wanted(method, fields, expected):
    assert judge(method, etag=None, modified=None, **fields) == expected


@pytest.mark.parametrize(
    ("fields", "modified", "expected"),
    [
        ({}, MODIFIED, False),
        ({"if_match": ETAG}, None, True),
        ({"if_match": "*"}, None, True),
        ({"if_match": ""}, None, True),
        ({"if_none_match": ETAG}, None, True),
        ({"if_none_match": 'W/"abc"'}, None, True),
        ({"if_none_match": '""'}, None, True),
        ({"if_none_match": " * "}, None, True),
        ({"if_none_match": ""}, MODIFIED, False),
        ({"if_none_match": " \t"}, MODIFIED, False),
        ({"if_none_match": ""}, None, False),
        ({"if_unmodified_since": DATE}, MODIFIED, True),
        ({"if_unmodified_since": DATE}, 0, True),
        ({"if_unmodified_since": DATE}, None, False),
        ({"if_none_match": "", "if_unmodified_since": DATE}, MODIFIED, True),
        ({"if_none_match": ETAG, "if_unmodified_since": DATE}, None, True),
        ({"if_modified_since": DATE}, MODIFIED, False),
        ({"range": "bytes=0-1"}, MODIFIED, False),
        *(({"if_unmodified_since": value}, MODIFIED, False) for value in BAD_DATES),
    ],
)
def test_a_condition_guards_a_change_only_where_it_can_be_judged(fields, modified, expected):
    environ = {f"HTTP_{name.upper()}": value for name, value in fields.items()}
    assert is_guarded(environ, modified=modified) is expected


@pytest.mark.parametrize("value", BAD_DATES)
def test_what_is_no_http_date_is_none(value):
    assert parse_http_date(value) is None


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (DATE, MODIFIED),
        ("Sunday, 06-Nov-94 08:49:37 GMT", MODIFIED),
        ("Sun Nov  6 08:49:37 1994", MODIFIED),
        ("Saturday, 01-Jan-00 00:00:00 GMT", 946684800),
        ("Wednesday, 01-Jan-69 00:00:00 GMT", -31536000),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("Sat, 31 Dec 2016 23:59:60 GMT", 1483228800),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 253402300799),
        (None, None),
    ],
)
def test_the_three_forms_of_a_date_are_read(value, seconds):
    assert parse_http_date(value) == seconds


@given(st.integers(0, 253402300799))
def test_a_date_that_is_written_is_read_back(seconds):
    assert parse_http_date(http_date(seconds)) == seconds
