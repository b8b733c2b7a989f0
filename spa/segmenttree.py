"""Find the route of a path by its segments, where that is sure to be the one that Werkzeug would find.

Werkzeug tries, at each slash, the segment as it is written first, and then the variables, the narrower before the
wider. This tree knows segments that are written out and variables that stand alone and take any segment
(``<name>``), which is what most patterns are made of. Where a pattern has anything else, the tree says nothing of the
paths that come by there, and nothing of those that it does not find: Werkzeug is asked.
"""

import re
from collections.abc import Collection
from typing import Generic, TypeVar

from spa.grammar import merge_slashes

Value = TypeVar("Value")
Found = tuple[Value, dict[str, str]]

VARIABLE = re.compile(r"<(?:(?:default|string):)?([a-zA-Z_][a-zA-Z0-9_]*)>")
REST = re.compile(r"<path:[a-zA-Z_][a-zA-Z0-9_]*>")  # the widest variable: tried when all else has failed
CONVERTERS = frozenset({"default", "string", "path"})


class Node(Generic[Value]):
    """What may follow a slash.

    Attributes:
        written: by a segment as it is written.
        any: by a variable that takes any segment.
        end: the value of the pattern that ends here, and the names of its variables.
        is_unsure: whether a pattern has something else here, which Werkzeug tries before ``any``.
    """

    __slots__ = ("any", "end", "is_unsure", "written")

    def __init__(self) -> None:
        self.written: dict[str, Node[Value]] = {}
        self.any: Node[Value] | None = None
        self.end: tuple[Value, tuple[str, ...]] | None = None
        self.is_unsure = False


class Unsure(Exception):
    """Only Werkzeug can tell."""


class SegmentTree(Generic[Value]):
    """A tree of patterns.

    Args:
        replaced: the names of converters that are not Werkzeug's own; if it is one of those the tree knows by
            their names, the tree stays empty.
    """

    def __init__(self, replaced: Collection[str] = ()) -> None:
        self._root: Node[Value] = Node()
        self._is_off = not CONVERTERS.isdisjoint(replaced)

    def add(self, pattern: str, value: Value) -> None:
        """Add a pattern of Werkzeug's; of two that are alike the first counts, as there."""
        if self._is_off:
            return
        _, *segments = merge_slashes(pattern).split("/")  # as Werkzeug does
        node = self._root
        names = []
        for index, segment in enumerate(segments):
            variable = VARIABLE.fullmatch(segment)
            if variable is not None:
                names.append(variable[1])
                node.any = node.any or Node()
                node = node.any
            elif "<" not in segment:
                node = node.written.setdefault(segment, Node())
            else:
                node.is_unsure = node.is_unsure or not self._is_rest(segments[index:])
                return
        if node.end is None:
            node.end = value, tuple(names)

    def find(self, path: str) -> Found[Value] | None:
        """Return the value of the pattern that Werkzeug would find, and the variables; None if it must be asked."""
        first, *segments = path.split("/")
        if first:
            return None
        values: list[str] = []
        try:
            end = self._walk(self._root, segments, 0, values)
        except Unsure:
            return None
        return None if end is None else (end[0], dict(zip(end[1], values, strict=True)))

    def _walk(
        self, node: Node[Value], segments: list[str], index: int, values: list[str]
    ) -> tuple[Value, tuple[str, ...]] | None:
        if index == len(segments):
            if node.end is None and "" in node.written:
                raise Unsure  # it lacks a slash, for which Werkzeug redirects whatever else would match
            return node.end
        segment = segments[index]
        following = node.written.get(segment)
        if following is not None:
            end = self._walk(following, segments, index + 1, values)
            if end is not None:
                return end
        if node.is_unsure:
            raise Unsure
        if node.any is None or not segment:
            return None
        values.append(segment)
        end = self._walk(node.any, segments, index + 1, values)
        if end is None:
            values.pop()
        return end

    def _is_rest(self, segments: list[str]) -> bool:
        """Tell whether this is a variable for all the rest of the path, with a slash behind it or without."""
        return REST.fullmatch(segments[0]) is not None and segments[1:] in ([], [""])
