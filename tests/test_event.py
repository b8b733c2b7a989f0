"""The bytes of server-sent events, as WHATWG HTML section 9.2 has them, and how they are read back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spa.event import COMMENT, Event, Parser, encode


@pytest.mark.parametrize(
    ("item", "data"),
    [
        ("hello", b"data: hello\n\n"),
        ("", b"data: \n\n"),
        (" two  spaces", b"data:  two  spaces\n\n"),
        ("one\ntwo", b"data: one\ndata: two\n\n"),
        ("one\rtwo", b"data: one\ndata: two\n\n"),
        ("one\r\ntwo", b"data: one\ndata: two\n\n"),
        ("one\n\r\ntwo\n", b"data: one\ndata: \ndata: two\ndata: \n\n"),
        ("a\u2028b\x0bc\x0cd\x1ce\x85f", "data: a\u2028b\x0bc\x0cd\x1ce\x85f\n\n".encode()),
        ("data: x\nid: 3", b"data: data: x\ndata: id: 3\n\n"),
        ("Grüße 😀", "data: Grüße 😀\n\n".encode()),
        ({"a": 1}, b'data: {"a": 1}\n\n'),
        ({"text": "one\ntwo"}, b'data: {"text": "one\\ntwo"}\n\n'),
        ([1, None, "ü"], 'data: [1, null, "ü"]\n\n'.encode()),
        (Event("x"), b"data: x\n\n"),
        (Event({"a": [1]}), b'data: {"a": [1]}\n\n'),
        (Event("x", id="7"), b"id: 7\ndata: x\n\n"),
        (Event("x", id=""), b"id: \ndata: x\n\n"),
        (Event("x", event="score"), b"event: score\ndata: x\n\n"),
        (Event("x", retry=0), b"retry: 0\ndata: x\n\n"),
        (Event("x\ny", "7", "score", 3000), b"event: score\nid: 7\nretry: 3000\ndata: x\ndata: y\n\n"),
        (Event(None, id="8"), b"id: 8\n\n"),
        (Event(None, retry=500), b"retry: 500\n\n"),
    ],
)
def test_an_event_is_written_as_the_standard_has_it(item, data):
    assert encode(item) == data


@pytest.mark.parametrize("item", [1, 1.5, True, b"bytes", ("a", "b"), {1, 2}, object()])
def test_what_is_neither_text_nor_an_object_nor_an_array_is_no_event(item):
    with pytest.raises(TypeError, match="str, dict, list or None"):
        encode(item)


def test_nan_is_no_json():
    with pytest.raises(ValueError, match="JSON"):
        encode({"a": float("nan")})


@pytest.mark.parametrize(
    ("field", "value", "error"),
    [
        ("id", "1\n2", ValueError),
        ("id", "1\r", ValueError),
        ("id", "\0", ValueError),
        ("id", 7, TypeError),
        ("event", "a\nb", ValueError),
        ("event", "a\rb", ValueError),
        ("event", b"a", TypeError),
        ("retry", -1, ValueError),
        ("retry", 1.5, TypeError),
        ("retry", "1", TypeError),
        ("retry", True, TypeError),
    ],
)
def test_a_field_that_could_pass_for_several_lines_or_be_dropped_is_refused(field, value, error):
    with pytest.raises(error, match=field):
        Event("x", **{field: value})


def test_an_event_cannot_be_changed():
    event = Event("x")
    with pytest.raises(AttributeError):
        event.id = "1\n2"


def parse(*pieces):
    parser = Parser()
    return [event for piece in pieces for event in parser.feed(piece)]


@pytest.mark.parametrize(
    ("data", "events"),
    [
        (b"data: x\n\n", [Event("x")]),
        (b"data:x\n\n", [Event("x")]),
        (b"data:  x\n\n", [Event(" x")]),
        (b"data\n\n", [Event("")]),
        (b"data\ndata\n\n", [Event("\n")]),
        (b"data: a\rdata: b\r\rdata: c\r\n\r\ndata: d\n\n", [Event("a\nb"), Event("c"), Event("d")]),
        (b": comment\n\n:\n\ndata: x\n\n", [Event("x")]),
        (b"unknown: 1\nData: 1\n\ndata: x\n\n", [Event("x")]),
        (b"id: 1\0\ndata: x\n\n", [Event("x")]),
        (b"id: 1\nid: 2\nevent: a\ndata: x\n\ndata: y\n\n", [Event("x", "2", "a"), Event("y")]),
        (b"id\ndata: x\n\n", [Event("x", "")]),
        (b"retry: 10\n\n", [Event(None, retry=10)]),
        (b"retry: 1.5\nretry: -1\nretry: \xd9\xa1\nretry:\nretry: " + b"9" * 5000 + b"\ndata: x\n\n", [Event("x")]),
        (b"\xef\xbb\xbfdata: x\n\n", [Event("x")]),
        (b"data: \xff\n\n", [Event("\ufffd")]),
        (b"data: not ended\n", []),
        (COMMENT, []),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 10_000])
def test_a_stream_is_read_as_a_browser_does_however_it_is_cut(data, events, size):
    assert parse(*(data[start : start + size] for start in range(0, len(data), size))) == events


def one_line(alphabet):
    return st.none() | st.text(st.characters(exclude_characters=alphabet, exclude_categories=["Cs"]))


@given(
    st.lists(
        st.builds(
            Event,
            st.text(st.characters(exclude_categories=["Cs"])),
            one_line("\r\n\0"),
            one_line("\r\n"),
            st.none() | st.integers(0, 10**18 - 1),
        )
    ),
    st.integers(1, 20),
)
def test_what_was_written_is_read_back(events, size):
    data = COMMENT + b"".join(map(encode, events))
    read = parse(*(data[start : start + size] for start in range(0, len(data), size)))
    assert [event.data for event in read] == [
        event.data.replace("\r\n", "\n").replace("\r", "\n") for event in events
    ]
    assert [(event.id, event.event, event.retry) for event in read] == [
        (event.id, event.event, event.retry) for event in events
    ]
