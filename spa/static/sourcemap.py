"""Find the URL of the source map in the comment at the end of a script, and replace it."""

import re
from collections.abc import Iterable

from spa.static.reference import Reference, splice

# ECMA-426 section 11.1.2: quotes in the URL say that this is no comment but the end of a string or template.
COMMENT = re.compile(rb"[ \t]*+//[#@][ \t]*+sourceMappingURL=[ \t]*+([^\s\"'`]++)")
LINE_ENDS = (b"\n", b"\r", b"\xe2\x80\xa8", b"\xe2\x80\xa9")  # ECMA-262 section 12.3


def find(script: bytes) -> list[Reference]:
    """Find the ``//# sourceMappingURL=`` comment, if it is the last line of the script that is not blank.

    Nothing can follow such a line, so it needs no parser to know that it stands in no string, template or comment:
    these would still have to end.

    Returns:
        One reference or none.
    """
    if b"sourceMappingURL=" not in script:
        return []  # as most scripts: one look instead of four
    end = len(script.rstrip())
    start = max(script.rfind(mark, 0, end) + len(mark) if mark in script else 0 for mark in LINE_ENDS)
    match = COMMENT.fullmatch(script, start, end)
    if match is None:
        return []
    return [Reference(*match.span(1), match[1].decode("utf-8", "surrogateescape"), "raw")]


def replace(script: bytes, replacements: Iterable[tuple[Reference, str]]) -> bytes:
    """Write new URLs over found ones; every other byte stays as it was."""
    return splice(script, [(reference, url.encode("utf-8", "surrogateescape")) for reference, url in replacements])
