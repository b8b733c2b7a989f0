"""Tell of references in static files to files that are not there."""

import logging
from collections.abc import Sequence
from typing import NamedTuple

from spa.errors import SpaError

logger = logging.getLogger("spa.static.missing")

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
        return f"{self.path}:{self.line}:{self.column}: {self.url} not found"


class Reporter:
    """Tells of missing references, of each once.

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
            if str(one) not in self._told:
                self._told.add(str(one))
                logger.warning("%s", one)
