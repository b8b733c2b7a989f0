"""Tell where what a client sent is not of its type, and in which way."""

from collections.abc import Iterable, Mapping
from typing import Any

from werkzeug.exceptions import UnprocessableEntity

MOST_ERRORS = 1000  # that are told: a body of 4 MiB may hold a million, and the answer would be many times as long
MOST_TEXT = 2**17  # characters of their places and messages: a place repeats the names of all members above it
LONGEST_NAME = 100  # characters of a member's name in an error, which may be repeated in each
LONGEST_MESSAGE = 1000  # characters; some name what the client sent
PUNCTUATION = 4  # characters around a step in JSON: two quotes, a comma and a space

Loc = tuple[str | int, ...]


class ValidationError(UnprocessableEntity):
    """422: the body or the query can be read, but is not of the form that is expected.

    Raise it for what only the app can check, too: ``raise ValidationError([(["email"], "Is taken.")])``. In
    ``__post_init__`` of a dataclass, the places count from there.

    Args:
        errors: pairs of where (names of members and indices, from the outside in; or one alone) and what is wrong.
        description: what the answer says above them; None says that it is the body.

    Attributes:
        errors: a list of ``{"loc": [...], "msg": "..."}``.
        extensions: the members that the problem document gets (RFC 9457 section 3.2): ``errors``.

    Raises:
        TypeError: these are no such pairs.
    """

    description = "The body is not of the form that is expected here."

    def __init__(self, errors: Iterable[tuple[Iterable[str | int] | int, str]], description: str | None = None) -> None:
        super().__init__(description)
        self.errors: list[dict[str, Any]] = [_tell(error) for error in errors]
        self.extensions: Mapping[str, Any] = {"errors": self.errors}


class Errors(list[tuple[Loc, str]]):
    """What is wrong so far, and where; ``description`` is that of the error.

    Attributes:
        size: the characters of the places and messages.
        is_full: whether no more is told.
    """

    def __init__(self, description: str | None = None) -> None:
        super().__init__()
        self.description = description
        self.size = 0
        self.is_full = False

    def add(self, loc: Loc, msg: str) -> None:
        """Note an error, with long names and a long message cut off.

        Raises:
            Enough: it is the last that is told.
        """
        steps = tuple(_shorten(step, LONGEST_NAME) if isinstance(step, str) else step for step in loc)
        self.append((steps, _shorten(msg, LONGEST_MESSAGE)))
        self.size += sum(len(str(step)) + PUNCTUATION for step in steps) + len(self[-1][1])
        if len(self) == MOST_ERRORS or self.size >= MOST_TEXT:
            self.is_full = True
            raise Enough

    def error(self) -> ValidationError:
        """Return them as the error to raise."""
        error = ValidationError(self, self.description)
        if self.is_full:
            error.description = f"{error.description} More may be wrong than is told."
        return error


class Enough(Exception):
    """There are as many errors as are told."""


def _tell(error: Any) -> dict[str, Any]:
    if not isinstance(error, (tuple, list)) or len(error) != 2 or not isinstance(error[1], str):
        raise TypeError(f"not a pair of where and what: {error!r}; write ValidationError([(['email'], 'Is taken.')])")
    loc, msg = error
    return {"loc": [loc] if isinstance(loc, (str, int)) else list(loc), "msg": msg}


def _shorten(text: str, longest: int) -> str:
    return text[:longest] + "…" if len(text) > longest else text
