"""The parts of HTTP's grammar."""

import re

import pytest

from spa.grammar import TOKEN

SEPARATORS = '"(),/:;<=>?@[\\]{} \t'  # RFC 9110 section 5.6.2


def test_a_token_is_of_visible_ascii_without_separators():
    allowed = {chr(code) for code in range(0x110000) if re.fullmatch(TOKEN, chr(code))}
    assert allowed == {chr(code) for code in range(0x21, 0x7F)} - set(SEPARATORS)


@pytest.mark.parametrize(("text", "is_token"), [("X-Request-ID", True), ("", False), ("a b", False), ("a\n", False)])
def test_a_token_is_not_empty_and_has_no_gap(text, is_token):
    assert bool(re.fullmatch(TOKEN, text)) is is_token
