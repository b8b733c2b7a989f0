"""Hold the text of JSON: what is refused in it and where, and that brackets count only outside of strings."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spa.jsontext import MOST_NESTED, NotJSON, decode_text, find_token, refuse_depth, refuse_surrogates

DEEP = "[" * MOST_NESTED + "]" * MOST_NESTED
OPEN = "[{" * MOST_NESTED
SHUT = "]}" * MOST_NESTED


@pytest.mark.parametrize(
    "text",
    [
        "",
        DEEP,
        f"[{DEEP[1:-1]}]",
        f"[{','.join([DEEP[1:-1]] * 5)}]",
        f"[{','.join(['[]'] * 1000)}]",
        f"[{','.join(['{}'] * 1000)}]",
        json.dumps(OPEN),
        json.dumps([{OPEN: OPEN}, [OPEN, SHUT]]),
        json.dumps([f'"{OPEN}"', f'\\"{OPEN}', f'{OPEN}\\', "\\", OPEN]),
        json.dumps(["\ud83d\ude00", OPEN], ensure_ascii=False),
    ],
    ids=lambda text: text[:20],
)
def test_brackets_in_a_row_or_in_a_string_are_not_deep(text):
    refuse_depth(text)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", ""),
        ("[" + json.dumps(SHUT) + ",", "]"),
        ("[" + json.dumps(f'"{SHUT}"') + ",", "]"),
        ("[" + json.dumps(f"\\{SHUT}\\") + ',"",', "]"),
        ('["é€😀",', "]"),
        ('["\ud800",', "]"),
    ],
)
def test_brackets_in_strings_hide_no_depth(before, after):
    inner = "[" * (MOST_NESTED + 1) + "]" * (MOST_NESTED + 1)
    column = len(before) + MOST_NESTED + (not before)
    with pytest.raises(NotJSON, match=f"^it is nested more than 200 deep: line 1 column {column}$"):
        refuse_depth(before + inner + after)


def depth_of(value):
    if isinstance(value, dict):
        return 1 + max(map(depth_of, value.values()), default=0)
    return 1 + max(map(depth_of, value), default=0) if isinstance(value, list) else 0


LEAVES = st.text(st.sampled_from('[]{}"\\aé')) | st.none()
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text('[]{}"\\a'), inner))


@given(VALUES, st.integers(MOST_NESTED - 6, MOST_NESTED + 1), st.booleans())
def test_text_is_refused_just_if_its_value_is_too_deep(value, wraps, is_ascii):
    text = json.dumps([value] * 3, ensure_ascii=is_ascii)
    text = "[" * wraps + text + "]" * wraps
    is_too_deep = depth_of(json.loads(text)) > MOST_NESTED
    try:
        refuse_depth(text)
    except NotJSON:
        assert is_too_deep
    else:
        assert not is_too_deep


def test_garbage_behind_the_depth_does_not_hide_it():
    for garbage in ('"', "\\", '\\"', '"]', "]" * 500, '""'):
        with pytest.raises(NotJSON, match=r"line 1 column 201$"):
            refuse_depth("[" * 1000 + garbage)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\xff", "it is not UTF-8 (invalid start byte): line 1 column 1"),
        (b"\n\xc3\xa9\xe9", "it is not UTF-8 (unexpected end of data): line 2 column 2"),
        (b"\xef\xbb\xbf1", "it begins with a byte order mark: line 1 column 1"),
        ("\ufeff1", "it begins with a byte order mark: line 1 column 1"),
    ],
)
def test_what_is_no_text_of_json_is_refused(data, message):
    with pytest.raises(NotJSON) as caught:
        decode_text(data)
    assert str(caught.value) == message


def test_bytes_are_utf_8():
    assert decode_text("[é]".encode()) == decode_text("[é]") == "[é]"


def test_half_of_a_surrogate_pair_is_refused_where_it_stands():
    refuse_surrogates(r'"\ud83d\ude00 \\ud800"')
    with pytest.raises(NotJSON, match="half of a surrogate pair: line 1 column 14"):
        refuse_surrogates(r'"\ud83d\ude00\ud83d"')


def test_a_token_is_found_outside_of_strings():
    assert find_token('["NaN", 1, NaN]', lambda token: token == "NaN") == 11
