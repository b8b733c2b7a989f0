"""Answer a file with the right status: 200, 206, 304, 412, 416."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from spa.precondition import check, parse_http_date

Range = tuple[int, int]  # half-open: the first byte, and the byte after the last

# More parts than this, once what touches is joined, and the whole is cheaper for both sides; section 14.2 lets a
# server ignore Range. Readers of PDFs and of zip directories ask for a handful.
MAX_PARTS = 16
# What decide() assumes of a part's head, so that no multipart body becomes longer than the file. The boundary may be
# shorter; the longest Content-Type in the table of media types has 73 characters.
LONGEST_BOUNDARY = "b" * 32
LONGEST_TYPE = "t" * 80
FAR = 10**19  # beyond the end of any file: sizes are below 2**63, which has 19 digits

POSITIONS = re.compile("([0-9]*)-([0-9]*)")


@dataclass(frozen=True, slots=True)
class Decision:
    """How to answer a request for a file.

    Attributes:
        status: 200, 206, 304, 412 or 416.
        ranges: what of the file is the body, half-open: the whole for 200; one range for a plain 206, several
            for a ``multipart/byteranges``; none where there is no body.
        headers: the headers that belong to the status: Content-Range of a single range, and of a 416.
    """

    status: int
    ranges: tuple[Range, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()


class Multipart(NamedTuple):
    """A ``multipart/byteranges`` body: each part's head and range, the closing bytes, and the length of it all."""

    parts: list[tuple[bytes, Range]]
    closing: bytes
    length: int


def decide(
    method: str, environ: Mapping[str, Any], *, etag: str, modified: int | None, size: int, is_one_of_many: bool = False
) -> Decision:
    """Judge the preconditions of a request in the order of RFC 9110 section 13.2.2, then its Range.

    A field that is not valid is passed over, as if it had not been sent.

    Args:
        method: the method of the request. Range counts for GET only (section 14.2).
        environ: the WSGI environment.
        etag: the entity tag of the file, with its quotes: ``"abc"`` or ``W/"abc"``.
        modified: when the file was changed last, in whole seconds since the epoch; None if nobody knows.
        size: the length of the file in bytes.
        is_one_of_many: whether there are other variants of this date, in other codings, and a client may have a part
            of one.
    """
    status = check(method, environ, etag=etag, modified=modified)
    if status is not None:
        return Decision(status)
    whole = Decision(200, ((0, size),))
    if method != "GET" or "HTTP_RANGE" not in environ:
        return whole
    if not _range_applies(environ, etag, None if is_one_of_many else modified):
        return whole
    ranges = _ranges(environ["HTTP_RANGE"], size)
    if ranges is None:
        return whole
    if not ranges:
        return Decision(416, (), (("Content-Range", f"bytes */{size}"),))
    if len(ranges) == 1:
        return Decision(206, ranges, (("Content-Range", _content_range(ranges[0], size)),))
    if len(ranges) > MAX_PARTS or multipart(ranges, size, LONGEST_TYPE, LONGEST_BOUNDARY).length > size:
        return whole
    return Decision(206, ranges)


def multipart(ranges: Sequence[Range], size: int, content_type: str, boundary: str) -> Multipart:
    """Lay out several ranges of a file as one body (RFC 9110 section 14.6).

    Args:
        ranges: half-open, in the order in which they are to be sent.
        size: the length of the whole file in bytes.
        content_type: the media type of the file, repeated in every part.
        boundary: what parts are told from each other by; at most 32 characters, and not to be found in the file.
    """
    parts = []
    for index, part in enumerate(ranges):
        head = (
            f"\r\n--{boundary}\r\nContent-Type: {content_type}\r\nContent-Range: {_content_range(part, size)}\r\n\r\n"
        )
        # The line break before a boundary belongs to it, and the first has nothing to break from.
        parts.append(((head if index else head[2:]).encode("latin-1"), part))
    closing = f"\r\n--{boundary}--\r\n".encode("latin-1")
    return Multipart(parts, closing, len(closing) + sum(len(head) + stop - start for head, (start, stop) in parts))


def _range_applies(environ: Mapping[str, Any], etag: str, modified: int | None) -> bool:
    """Say whether the client's part is of this very file: If-Range (section 13.1.5).

    Werkzeug's parse_if_range_header() drops the W/ of a weak tag, which must never match here, and takes a tag
    that looks like a date for a date.
    """
    value = environ.get("HTTP_IF_RANGE")
    if value is None:
        return True
    value = value.strip(" \t")
    if not etag.startswith('"'):  # what is the same only by and large has no parts to be put together
        return False
    # The date must be the very one, not a later one: an older copy put back would pass for the newer.
    return value == etag or (modified is not None and parse_http_date(value) == modified)


def _ranges(value: str, size: int) -> tuple[Range, ...] | None:
    """Read a Range: the parts that are there, joined where they touch; None if it is to be ignored.

    Werkzeug's parse_range_header() gives up where ranges overlap or are out of order, and calls ``-0`` and empty
    elements malformed.
    """
    unit, equals, items = value.strip(" \t").partition("=")
    if not equals or unit.lower() != "bytes":  # section 14.1: the name of a unit has no case
        return None
    found: list[tuple[int, int, int]] = []
    specs = [
        item for item in (part.strip(" \t") for part in items.split(",")) if item
    ]  # empty elements count for nothing (5.6.1)
    for order, spec in enumerate(specs):
        match = POSITIONS.fullmatch(spec)
        if match is None:
            return None
        first, last = match.groups()
        if first:
            start, stop = _number(first), _number(last) + 1 if last else size
            if last and stop <= start:
                return None
        elif last:  # the last so many bytes
            start, stop = max(0, size - _number(last)), size
            if not size and _number(last):  # can be met, but no Content-Range can say so: the whole says the same
                return None
        else:
            return None
        if start < min(stop, size):
            found.append((start, min(stop, size), order))
    return _join(found) if specs else None


def _join(found: list[tuple[int, int, int]]) -> tuple[Range, ...]:
    """Join ranges that touch or overlap, each where its first request stood (section 15.3.7.2).

    So no byte is sent twice, however often it is asked for.
    """
    joined: list[tuple[int, int, int]] = []
    for start, stop, order in sorted(found):
        if joined and start <= joined[-1][1]:
            begin, end, earlier = joined[-1]
            joined[-1] = (begin, max(end, stop), min(earlier, order))
        else:
            joined.append((start, stop, order))
    return tuple((start, stop) for start, stop, _ in sorted(joined, key=lambda part: part[2]))


def _number(digits: str) -> int:
    """Read a position; of one with more digits than any file has bytes, only that it is too far."""
    digits = digits.lstrip("0") or "0"
    return int(digits) if len(digits) <= 19 else FAR


def _content_range(part: Range, size: int) -> str:
    return f"bytes {part[0]}-{part[1] - 1}/{size}"
