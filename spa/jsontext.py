"""Find what Spa refuses in the text of JSON, and where it stands."""

import re
from collections.abc import Callable
from itertools import accumulate
from json import JSONDecodeError

MOST_NESTED = 200
"""Arrays and objects that may stand within each other in JSON that is read.

Whatever is read can then be written, whichever module does it: orjson writes 254 levels, and a handler may put some
around. It is far from the end of Python's stack, which is not as deep for every caller.
"""

# A string, or a token that may be refused outside of one.
TOKENS = re.compile(r'"(?:[^"\\]++|\\.)*+"|-?Infinity|NaN|-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?', re.DOTALL)
STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]++|\\.)*+"|[\[\]{}]', re.DOTALL)
# An escape: of anything but a surrogate, of a pair of them, or (in the group) of a surrogate that stands alone.
ESCAPES = re.compile(r"\\(?:[^u]|u[dD][89abAB]..\\u[dD][c-fC-F]..|u(?![dD][89a-fA-F])|(u))")
NO_MARKS = bytes(set(range(256)) - set(b'"[]{}'))
STEPS = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}


class NotJSON(ValueError):
    """Text that is not JSON; the message says why, and where: the line and the column."""


def not_json(reason: str, text: str, place: int) -> NotJSON:
    """Return the error for what stands at a place in a text."""
    error = JSONDecodeError(reason, text, place)
    return NotJSON(f"{reason}: line {error.lineno} column {error.colno}")


def decode_text(data: bytes | str) -> str:
    """Return what is to be read, as text; it is UTF-8, without a byte order mark (RFC 8259 section 8.1).

    Raises:
        NotJSON: it is not.
    """
    if isinstance(data, str):
        text = data
    else:
        try:
            text = data.decode()
        except UnicodeDecodeError as error:
            before = data[: error.start].decode()
            raise not_json(f"it is not UTF-8 ({error.reason})", before, len(before)) from error
    if text.startswith("\ufeff"):
        raise not_json("it begins with a byte order mark", text, 0)
    return text


def find_token(text: str, is_wanted: Callable[[str], bool]) -> int:
    """Return where the first number or constant stands that is wanted, outside of strings."""
    return next(token.start() for token in TOKENS.finditer(text) if is_wanted(token[0]))


def refuse_surrogates(text: str) -> None:
    """Refuse an escaped surrogate that stands alone: Python reads it into a string that can never be sent.

    Raises:
        NotJSON: there is one.
    """
    if "\\ud" in text or "\\uD" in text:
        alone = next((escape for escape in ESCAPES.finditer(text) if escape[1]), None)
        if alone is not None:
            raise not_json("half of a surrogate pair", text, alone.start())


def refuse_depth(text: str) -> None:
    """Refuse what is nested more deeply than ``MOST_NESTED``; the text is JSON, or begins as JSON does.

    Raises:
        NotJSON: it is.
    """
    if text.count("[") + text.count("{") <= MOST_NESTED:
        return
    brackets = _brackets(text)
    if _is_shallow(brackets) or max(accumulate(map(STEPS.__getitem__, brackets))) <= MOST_NESTED:
        return
    depth = 0
    for token in STRING_OR_BRACKET.finditer(text):
        depth += STEPS.get(ord(token[0][0]), 0)
        if depth > MOST_NESTED:
            raise not_json(f"it is nested more than {MOST_NESTED} deep", text, token.start())


# A body of many small objects is the usual one that gets here, so these two work on whole texts, without a step of
# Python's for each token.


def _brackets(text: str) -> bytes:
    """Return the brackets of a text, without those within strings."""
    data = text.encode(errors="surrogatepass")
    if b"\\" in data:
        data = data.replace(b"\\\\", b"").replace(b'\\"', b"")  # in this order: the quote behind \\ ends its string
    marks = data.translate(None, NO_MARKS)
    brackets = marks.replace(b'""', b"")
    if b'"' in brackets:  # there are strings with brackets in them
        brackets = b"".join(marks.split(b'"')[::2])
    return brackets


def _is_shallow(brackets: bytes) -> bool:
    """Tell whether pairs that hold nothing, taken out some times, leave nothing: each time is one level, or two."""
    for _ in range(4):
        brackets = brackets.replace(b"[]", b"").replace(b"{}", b"")
    return not brackets
