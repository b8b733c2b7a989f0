"""Tell where a JSON value is not of its type, and in which way."""

from collections.abc import Iterable, Mapping
from typing import Any

from werkzeug.exceptions import UnprocessableEntity

MOST_ERRORS = 1000  # that are told: a body of 4 MiB may hold a million, and the answer would be many times as long
LONGEST_NAME = 100  # characters of a member's name in an error, which may be repeated in each

Loc = tuple[str | int, ...]


class ValidationError(UnprocessableEntity):
    """422: the body is JSON, but not of the form that is expected.

    Raise it for what only the app can check, too: ``raise ValidationError([(["email"], "Is taken.")])``. In
    ``__post_init__`` of a dataclass, the places count from there.

    Args:
        errors: pairs of where (names of members and indices, from the outside in) and what is wrong.

    Attributes:
        errors: a list of ``{"loc": [...], "msg": "..."}``.
        extensions: the members that the problem document gets (RFC 9457 section 3.2): ``errors``.
    """

    description = "The body is not of the form that is expected here."

    def __init__(self, errors: Iterable[tuple[Iterable[str | int], str]]) -> None:
        super().__init__()
        self.errors: list[dict[str, Any]] = [{"loc": list(loc), "msg": msg} for loc, msg in errors]
        self.extensions: Mapping[str, Any] = {"errors": self.errors}


class Errors(list[tuple[Loc, str]]):
    """What is wrong so far, and where."""

    def add(self, loc: Loc, msg: str) -> None:
        """Note an error.

        Raises:
            Enough: it is the last that is told.
        """
        self.append((loc, msg))
        if len(self) == MOST_ERRORS:
            raise Enough

    def error(self) -> ValidationError:
        """Return them as the error to raise."""
        return ValidationError((map(_shorten, loc), msg) for loc, msg in self)


class Enough(Exception):
    """There are as many errors as are told."""


def _shorten(step: str | int) -> str | int:
    return step[:LONGEST_NAME] + "…" if isinstance(step, str) and len(step) > LONGEST_NAME else step
