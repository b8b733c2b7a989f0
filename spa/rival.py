"""Tell of which patterns a path that is built of plain values can only lead back to where it came from.

Whether a path leads back is for the matcher to say, and to ask it costs more than to build the path. But most values
are numbers and words, and most patterns have no rival: no other that might be found in their place. Then there is
nothing to ask. Of whatever is not sure here, the matcher is asked.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from spa.grammar import merge_slashes

VARIABLE = re.compile(r"<(?:(default|string|int|path):)?([a-zA-Z_][a-zA-Z0-9_]*)>")
CONVERTERS = frozenset({"default", "string", "int", "path"})
NUMBER, WORD, REST, OTHER = "<int>", "<string>", "<path>", "<>"  # kinds of variables; what is written out has no "<"
KINDS = {"int": NUMBER, "path": REST}
# A segment that a value, a path and a URL spell alike (RFC 3986 section 3.3), and that does not begin with a dot.
SEGMENT = r"[A-Za-z0-9_~!$&'()*+,:;=@-][A-Za-z0-9._~!$&'()*+,:;=@-]*"
PLAIN = {WORD: re.compile(SEGMENT), REST: re.compile(f"{SEGMENT}(?:/{SEGMENT})*")}


class Rivals:
    """The patterns of an app, each of which might be found where another was meant.

    Args:
        patterns: those of all routes.
        mounts: the paths under which other apps are; these are asked first.
        replaced: the names of converters that are not Werkzeug's own; if one is among those that are known here by
            their names, nothing is sure.
    """

    def __init__(self, patterns: Iterable[str], mounts: Iterable[str], replaced: Collection[str] = ()) -> None:
        self._patterns = [kinds_of(pattern) for pattern in patterns]
        self._mounts = [kinds_of(mount) for mount in mounts]
        self._is_off = not CONVERTERS.isdisjoint(replaced)
        self._known: dict[str, dict[str, str] | None] = {}

    def are_none(self, pattern: str, values: Mapping[str, Any]) -> bool:
        """Tell whether the path that was built of a pattern and values is sure to lead back to both."""
        if pattern not in self._known:  # few are ever built, and each is compared with all
            self._known[pattern] = None if self._is_off else self._variables_of(pattern)
        variables = self._known[pattern]
        return variables is not None and all(_is_plain(values[name], kind) for name, kind in variables.items())

    def _variables_of(self, pattern: str) -> dict[str, str] | None:
        """Return the kinds of the variables; None if there are others, or the pattern has a rival."""
        own = kinds_of(pattern)
        if OTHER in own or REST in own[:-1] or merge_slashes(pattern) != pattern:
            return None
        if not all("<" in kind or kind == "" or PLAIN[WORD].fullmatch(kind) for kind in own):
            return None
        if any(_is_over(mount, own) for mount in self._mounts):
            return None
        if sum(is_rival(other, own) for other in self._patterns) > 1:  # one is the pattern itself
            return None
        return {name: KINDS.get(converter, WORD) for converter, name in VARIABLE.findall(pattern)}


def kinds_of(pattern: str) -> list[str]:
    """Return the segments of a pattern: as they are written out, or the kinds of their variables."""
    return [_kind_of(segment) for segment in merge_slashes(pattern).split("/")[1:]]


def is_rival(other: Sequence[str], own: Sequence[str]) -> bool:
    """Tell whether a path of one pattern may be found by another, or be redirected for its sake.

    At each slash, Werkzeug follows the patterns that have the segment written out before all others.
    """
    is_ahead = False  # whether the other may be followed first
    for theirs, mine in zip(other, own, strict=False):
        if not _may_meet(theirs, mine):
            return False
        if "<" in theirs and "<" not in mine and not is_ahead:
            return False
        if theirs in (REST, OTHER) or mine == REST:
            return True
        is_ahead = is_ahead or theirs != mine
    # Where one has a slash more, a path without it is one that lacks it.
    return len(other) == len(own) or list(other[len(own) :]) == [""]


def _kind_of(segment: str) -> str:
    if "<" not in segment:
        return segment
    variable = VARIABLE.fullmatch(segment)
    return OTHER if variable is None else KINDS.get(variable[1], WORD)


def _may_meet(theirs: str, mine: str) -> bool:
    """Tell whether two segments may be spelled alike."""
    if "<" not in theirs and "<" not in mine:
        return theirs == mine
    if NUMBER in (theirs, mine):
        written = mine if theirs == NUMBER else theirs
        return "<" in written or written.isdecimal()
    return True


def _is_over(mount: Sequence[str], own: Sequence[str]) -> bool:
    """Tell whether a path of a pattern may be that of a mount, or below it."""
    for theirs, mine in zip(mount, own, strict=False):
        if not _may_meet(theirs, mine):
            return False
        if mine == REST:
            return True
    return len(own) >= len(mount)


def _is_plain(value: Any, kind: str) -> bool:
    if kind == NUMBER:
        return type(value) is int and value >= 0
    return type(value) is str and PLAIN[kind].fullmatch(value) is not None
