"""Tell of references in static files to files that are not there."""

import logging
from collections.abc import Sequence
from typing import NamedTuple

from spa.errors import SpaError

logger = logging.getLogger("spa.static")

WARNINGS = 20  # missing references of one file that are logged; ``check`` lists them all


class MissingReferenceError(SpaError):
    """A static file refers to a file that is not there; raised with ``strict=True`` only."""


class Missing(NamedTuple):
    """A reference to a file that is not there."""

    path: str
    line: int
    column: int
    url: str

    def __str__(self) -> str:
        return f"{_printable(self.path)}:{self.line}:{self.column}: {_printable(self.url)} not found"


class Reporter:
    """Tells of missing references and the like, of each once.

    Args:
        strict: whether to raise, instead of logging.
    """

    def __init__(self, strict: bool = False) -> None:
        self._strict = strict
        self._told: set[str] = set()

    def report(self, missing: Sequence[Missing]) -> None:
        """Log the first few missing references of a file, unless that has been done.

        Raises:
            MissingReferenceError: there is one, and the reporter is strict.
        """
        if missing and self._strict:
            raise MissingReferenceError(str(missing[0]))
        for one in missing[:WARNINGS]:
            self.tell(str(one))

    def tell(self, text: str) -> None:
        """Log a text, unless that has been done."""
        if text not in self._told:
            self._told.add(text)
            logger.warning("%s", text)


def _printable(text: str) -> str:
    """Return a text with an escape for each character that would end the line or command a terminal."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
