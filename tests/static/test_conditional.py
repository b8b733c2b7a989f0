"""Conditional and range requests: RFC 9110 sections 13 and 14."""

import dataclasses
import email

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spa.static.conditional import LONGEST_BOUNDARY, LONGEST_TYPE, MAX_PARTS, decide, multipart
from spa.static.mimetypes import EXTENSIONS, type_of
from tests.stopwatch import seconds
from tests.test_precondition import BAD_DATES, DATE, MODIFIED

ETAG = '"abc"'
EARLIER = "Sun, 06 Nov 1994 08:49:36 GMT"
LATER = "Sun, 06 Nov 1994 08:49:38 GMT"


def judge(method="GET", *, etag=ETAG, modified=MODIFIED, size=10, **fields):
    environ = {f"HTTP_{name.upper()}": value for name, value in fields.items()}
    return decide(method, environ, etag=etag, modified=modified, size=size)


def status(method="GET", **given):
    return judge(method, **given).status


def test_a_plain_request_gets_the_whole():
    decision = judge()
    assert (decision.status, decision.ranges, decision.headers) == (200, ((0, 10),), ())


def test_a_decision_does_not_change():
    with pytest.raises(dataclasses.FrozenInstanceError):
        judge().status = 500


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('"abc"', 304),
        ('W/"abc"', 304),
        ('"x", "abc"', 304),
        ('"x","y" , W/"abc"', 304),
        ('"a,b", "abc"', 304),
        (', ,"abc",', 304),
        ("*", 304),
        (" * ", 304),
        ('"x"', 200),
        ('"ABC"', 200),
        ('"*"', 200),
        ('"x, abc"', 200),
        ('W/"x"', 200),
        ('"', 200),
        ("", 200),
        ('""', 200),
    ],
)
def test_if_none_match_compares_weakly(value, expected):
    assert status(if_none_match=value) == expected
    assert status("HEAD", if_none_match=value) == expected
    assert status("PUT", if_none_match=value) == {304: 412, 200: 200}[expected]


def test_a_weak_etag_of_the_file_matches_a_strong_one_in_if_none_match():
    assert status(etag='W/"abc"', if_none_match='"abc"') == 304


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('"abc"', 200),
        ('"x", "abc"', 200),
        ("*", 200),
        ('W/"abc"', 412),
        ('"x"', 412),
        ('"x", W/"abc"', 412),
        ("", 412),
    ],
)
def test_if_match_compares_strongly(value, expected):
    for method in ("GET", "HEAD", "PUT"):
        assert status(method, if_match=value) == expected


@pytest.mark.parametrize(("value", "expected"), [('"abc"', 412), ('W/"abc"', 412), ("*", 200)])
def test_a_weak_etag_of_the_file_never_matches_in_if_match(value, expected):
    assert status(etag='W/"abc"', if_match=value) == expected


@pytest.mark.parametrize(("value", "since", "unmodified"), [(DATE, 304, 200), (LATER, 304, 200), (EARLIER, 200, 412)])
def test_dates_compare_by_the_second(value, since, unmodified):
    assert status(if_modified_since=value) == since
    assert status("HEAD", if_modified_since=value) == since
    assert status(if_unmodified_since=value) == unmodified
    assert status("PUT", if_unmodified_since=value) == unmodified


@pytest.mark.parametrize("value", BAD_DATES)
def test_a_bad_date_is_passed_over(value):
    assert status(if_modified_since=value) == 200
    assert status(if_unmodified_since=value) == 200


def test_if_modified_since_counts_for_get_and_head_only():
    assert status("PUT", if_modified_since=DATE) == 200


def test_without_a_date_of_the_file_dates_are_passed_over():
    assert status(modified=None, if_modified_since=LATER) == 200
    assert status(modified=None, if_unmodified_since=EARLIER) == 200
    assert judge(modified=None, range="bytes=0-0", if_range=DATE).status == 200


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"if_match": '"abc"', "if_unmodified_since": EARLIER}, 200),
        ({"if_match": '"x"', "if_unmodified_since": LATER}, 412),
        ({"if_match": '"x"', "if_none_match": '"abc"'}, 412),
        ({"if_match": '"abc"', "if_none_match": '"abc"'}, 304),
        ({"if_unmodified_since": EARLIER, "if_none_match": '"abc"'}, 412),
        ({"if_none_match": '"x"', "if_modified_since": LATER}, 200),
        ({"if_none_match": '"abc"', "if_modified_since": EARLIER}, 304),
        ({"if_none_match": '"abc"', "range": "bytes=0-0"}, 304),
        ({"if_modified_since": LATER, "range": "bytes=99-"}, 304),
        ({"if_match": '"x"', "range": "bytes=99-"}, 412),
        ({"if_match": '"abc"', "range": "bytes=0-0"}, 206),
        ({"if_range": '"abc"'}, 200),
    ],
)
def test_preconditions_are_judged_in_the_order_of_the_rfc(fields, expected):
    assert status(**fields) == expected


@pytest.mark.parametrize("method", ["CONNECT", "OPTIONS", "TRACE"])
def test_methods_that_do_not_select_the_file_know_no_preconditions(method):
    assert status(method, if_match='"x"', if_none_match="*", if_unmodified_since=EARLIER) == 200


@pytest.mark.parametrize("fields", [{"if_none_match": "*"}, {"if_match": '"x"'}, {"range": "bytes=10-"}])
def test_answers_without_a_body_have_no_range(fields):
    assert judge(**fields).ranges == ()


@pytest.mark.parametrize(
    ("value", "part", "content_range"),
    [
        ("bytes=0-0", (0, 1), "bytes 0-0/10"),
        ("bytes=-1", (9, 10), "bytes 9-9/10"),
        ("bytes=5-", (5, 10), "bytes 5-9/10"),
        ("bytes=0-", (0, 10), "bytes 0-9/10"),
        ("bytes=0-9", (0, 10), "bytes 0-9/10"),
        ("bytes=9-9", (9, 10), "bytes 9-9/10"),
        ("bytes=2-99", (2, 10), "bytes 2-9/10"),
        ("bytes=-99", (0, 10), "bytes 0-9/10"),
        ("Bytes=0-0", (0, 1), "bytes 0-0/10"),
        ("bytes= ,, 0-0\t,", (0, 1), "bytes 0-0/10"),
        ("bytes=000000000000000000000000-0", (0, 1), "bytes 0-0/10"),
        ("bytes=0-" + "9" * 7000, (0, 10), "bytes 0-9/10"),
        ("bytes=-" + "9" * 7000, (0, 10), "bytes 0-9/10"),
        ("bytes=5-18446744073709551615", (5, 10), "bytes 5-9/10"),
        # Several that are one: they overlap, they touch, or only one of them is there.
        ("bytes=0-3,2-5", (0, 6), "bytes 0-5/10"),
        ("bytes=4-5,0-3", (0, 6), "bytes 0-5/10"),
        ("bytes=0-0,0-0", (0, 1), "bytes 0-0/10"),
        ("bytes=0-9,3-4", (0, 10), "bytes 0-9/10"),
        ("bytes=0-0,10-,-0", (0, 1), "bytes 0-0/10"),
    ],
)
def test_a_range_of_bytes_is_answered_with_206(value, part, content_range):
    decision = judge(range=value)
    assert (decision.status, decision.ranges) == (206, (part,))
    assert decision.headers == (("Content-Range", content_range),)


@pytest.mark.parametrize("value", ["bytes=10-", "bytes=100-", "bytes=10-10", "bytes=-0", "bytes=99-,-0,10-11"])
def test_a_range_beyond_the_end_is_answered_with_416(value):
    decision = judge(range=value)
    assert (decision.status, decision.ranges, decision.headers) == (416, (), (("Content-Range", "bytes */10"),))


@pytest.mark.parametrize("digits", [19, 20, 4300, 7000])
def test_positions_of_many_digits_are_only_too_far(digits):
    far = "9" * digits
    assert status(range=f"bytes={far}-") == 416
    assert status(range=f"bytes={far}-{far}") == 416


@pytest.mark.parametrize(
    "value",
    [
        "",
        "abc",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=abc",
        "bytes=1",
        "bytes=5-4",
        "bytes=0-0,abc",
        "bytes=0-0,5-4",
        "bytes=0-0;1-1",
        "bytes=--1",
        "bytes=+1-2",
        "bytes=1_0-",
        "bytes=0 - 1",
        "bytes=0x0-1",
        "bytes=\u0661-",
        "bytes=\xb2-",
        "bytes=0-1-2",
        "bytes =0-0",
        "bytes:0-0",
        "lines=0-1",
        "bytes=" + "," * 7000,
    ],
)
def test_another_unit_and_a_malformed_range_are_passed_over(value):
    decision = judge(range=value)
    assert (decision.status, decision.ranges, decision.headers) == (200, ((0, 10),), ())


@pytest.mark.parametrize("method", ["HEAD", "PUT", "POST", "DELETE"])
def test_a_range_counts_for_get_only(method):
    assert status(method, range="bytes=0-0") == 200
    assert status(method, range="bytes=99-") == 200


@pytest.mark.parametrize(("value", "expected"), [("bytes=0-", 416), ("bytes=-0", 416), ("bytes=-5", 200)])
def test_an_empty_file_has_a_last_part_but_no_first_byte(value, expected):
    decision = judge(size=0, range=value)
    assert decision.status == expected
    assert decision.headers == ((("Content-Range", "bytes */0"),) if expected == 416 else ())


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('"abc"', 206),
        (DATE, 206),
        ("Sunday, 06-Nov-94 08:49:37 GMT", 206),
        ('"x"', 200),
        ('W/"abc"', 200),
        ("abc", 200),
        ('"abc", "x"', 200),
        ("*", 200),
        (EARLIER, 200),
        (LATER, 200),
        ("yesterday", 200),
        ("", 200),
    ],
)
def test_if_range_wants_the_very_same_file(value, expected):
    assert status(range="bytes=0-0", if_range=value) == expected
    assert status(range="bytes=99-", if_range=value) == {206: 416, 200: 200}[expected]


@pytest.mark.parametrize(("value", "expected"), [('"abc"', 206), (DATE, 200)])
def test_the_date_of_several_forms_does_not_tell_of_which_one_the_client_has_a_part(value, expected):
    environ = {"HTTP_RANGE": "bytes=0-0", "HTTP_IF_RANGE": value}
    decision = decide("GET", environ, etag=ETAG, modified=MODIFIED, size=10, is_one_of_many=True)
    assert decision.status == expected


@pytest.mark.parametrize("value", ['W/"abc"', '"abc"', DATE])
def test_if_range_never_holds_for_a_weak_etag(value):
    assert status(etag='W/"abc"', range="bytes=0-0", if_range=value) == 200


@pytest.mark.parametrize(
    ("value", "ranges"),
    [
        ("bytes=0-1,4-5", ((0, 2), (4, 6))),
        ("bytes=4-5,0-1", ((4, 6), (0, 2))),
        ("bytes=-1,0-0,9000-", ((9000, 10000), (0, 1))),
        ("bytes=500-600,0-0,400-550,1-1", ((400, 601), (0, 2))),
        ("bytes=400-550,0-0,500-600", ((400, 601), (0, 1))),
    ],
)
def test_several_ranges_are_joined_where_they_touch_and_keep_their_order(value, ranges):
    decision = judge(size=10_000, range=value)
    assert (decision.status, decision.ranges, decision.headers) == (206, ranges, ())


def test_parts_that_would_take_more_than_the_whole_give_the_whole():
    assert judge(range="bytes=0-1,4-5").ranges == ((0, 10),)
    assert status(range="bytes=0-1,4-5") == 200


@pytest.mark.parametrize(("count", "expected"), [(2, 206), (MAX_PARTS, 206), (MAX_PARTS + 1, 200), (1000, 200)])
def test_many_parts_give_the_whole(count, expected):
    value = "bytes=" + ",".join(f"{2 * index}-{2 * index}" for index in range(count))
    assert status(size=10**6, range=value) == expected


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("range", "bytes=" + ",".join(f"{index}-" for index in range(1000))),
        ("range", "bytes=" + ",".join("0-" for _ in range(1000))),
        ("range", "bytes=" + ",".join(f"{2 * index}-{2 * index}" for index in range(1000))),
        ("range", "bytes=" + "9" * 7000 + "-"),
        ("range", "bytes=" + "9" * 7000),
        ("range", "bytes=" + "," * 7000 + "0-0"),
        ("range", "bytes=" + "-" * 7000),
        ("range", "bytes=" + " " * 7000 + "x"),
        ("if_none_match", '"' * 7001),
        ("if_none_match", "W/" * 3500),
        ("if_none_match", " " * 7000 + "x" + " " * 7000 + '"'),
        ("if_none_match", "," * 7000),
        ("if_match", '"a" ' * 1700),
        ("if_modified_since", "Sun, " * 1400),
        ("if_range", " " * 7000 + DATE),
    ],
)
def test_hostile_fields_are_judged_at_once(field, value):
    fields = {"range": "bytes=0-0", field: value}
    assert seconds(lambda: judge(size=10**6, **fields)) < 0.3
    assert sum(stop - start for start, stop in judge(size=10**6, **fields).ranges) <= 10**6


POSITION = st.one_of(st.just(""), st.integers(0, 2500).map(str))
SPECS = st.lists(st.tuples(POSITION, POSITION).map("-".join), max_size=24)


@given(SPECS, st.integers(0, 2000))
def test_no_body_is_longer_than_the_file_and_no_byte_is_sent_that_was_not_asked_for(specs, size):
    decision = judge(size=size, range="bytes=" + ",".join(specs))
    sent = [index for start, stop in decision.ranges for index in range(start, stop)]
    assert len(sent) == len(set(sent))
    if len(decision.ranges) > 1:
        assert multipart(decision.ranges, size, LONGEST_TYPE, LONGEST_BOUNDARY).length <= size
    if decision.status == 206:
        wanted = set()
        for first, _, last in (spec.partition("-") for spec in specs):
            if first:
                wanted.update(range(int(first), min(int(last or size) + 1, size)))
            else:
                wanted.update(range(max(0, size - int(last)), size))
        assert set(sent) == wanted
    else:
        assert decision.ranges == (((0, size),) if decision.status == 200 else ())


@given(st.text(), st.sampled_from(["range", "if_range", "if_match", "if_none_match", "if_modified_since"]))
def test_no_text_in_a_field_is_an_error(text, field):
    assert status(**{"range": "bytes=0-0", field: text}) in (200, 206, 304, 412, 416)


def test_the_assumed_head_of_a_part_is_at_least_as_long_as_any():
    assert max(len(type_of(f"a.{name}")) for names in EXTENSIONS.values() for name in names.split()) <= len(
        LONGEST_TYPE
    )


def test_a_multipart_body_can_be_read_back():
    data = bytes(range(65, 91)) * 40
    ranges = ((4, 6), (0, 2), (1000, 1040))
    parts, closing, length = multipart(ranges, len(data), "text/plain; charset=utf-8", "fence")
    body = b"".join(head + data[start:stop] for head, (start, stop) in parts) + closing
    assert len(body) == length
    assert body.startswith(b"--fence\r\n")
    message = email.message_from_bytes(b"Content-Type: multipart/byteranges; boundary=fence\r\n\r\n" + body)
    assert [
        (part["Content-Type"], part["Content-Range"], part.get_payload(decode=True)) for part in message.get_payload()
    ] == [("text/plain; charset=utf-8", f"bytes {a}-{b - 1}/{len(data)}", data[a:b]) for a, b in ranges]
    assert message.defects == []
