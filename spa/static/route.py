"""See that a route is one in which a handler of static files can stand."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from spa.errors import SetupError

VARIABLE = ":filepath>"  # of <path:filepath>, or of another converter


def check_pattern(pattern: str, index: str | None) -> None:
    """See that the pattern of a route has a place for the path of a file, or is that of a directory with an index.

    Raises:
        SetupError: it is neither.
    """
    if VARIABLE in pattern:
        return
    if index is None:
        raise SetupError(f"route {pattern!r}: the pattern needs <path:filepath>")
    if not pattern.endswith("/"):
        raise SetupError(f"route {pattern!r}: the pattern needs <path:filepath>, or a slash at its end for {index!r}")


def check_arguments(pattern: str, kwargs: Mapping[str, Any], known: Sequence[str]) -> None:
    """See that a route has no argument but these.

    Raises:
        SetupError: it has another.
    """
    for name in kwargs:
        if name not in known:
            close = get_close_matches(str(name), known, 1)
            hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(known)}"
            raise SetupError(f"route {pattern!r}: there is no argument {name!r}; {hint}")


def refuse_arguments(pattern: str, kwargs: Mapping[str, Any], name: str) -> None:
    """See that a route has no arguments, as its handler was made with those it takes.

    Raises:
        SetupError: it has.
    """
    if kwargs:
        given = ", ".join(f"{key}={value!r}" for key, value in kwargs.items())
        raise SetupError(f"route {pattern!r}: arguments of {name} are no part of a route; write {name}(..., {given})")
