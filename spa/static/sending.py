"""Send one variant of a file as the answer to a request: whole, in part, or not at all."""

import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from werkzeug.exceptions import PreconditionFailed
from werkzeug.http import http_date
from werkzeug.wsgi import ClosingIterator

from spa.static.conditional import decide, multipart
from spa.static.files import File

REASONS = {200: "200 OK", 206: "206 Partial Content", 304: "304 Not Modified"}
VARIES = ("Vary", "Accept-Encoding")  # the header of a file that has several codings
IMMUTABLE = "public, max-age=31536000, immutable"  # a year, the longest that caches honour (RFC 8246)


@dataclass(frozen=True, slots=True)
class Representation:
    """One variant of a file, as it may be sent.

    Attributes:
        body: the bytes, or the open file they are read from; the file is closed when the answer has ended.
        size: how many bytes.
        etag: the entity tag, with its quotes.
        modified: whole seconds since the epoch; None sends no Last-Modified.
        content_type: the media type.
        headers: further headers: Cache-Control, Vary, Content-Encoding.
        is_final: whether the same request will get the same variant again; not while a compressed one is being made.
        clock: gives seconds since the epoch.
    """

    body: bytes | File
    size: int
    etag: str
    modified: int | None
    content_type: str
    headers: tuple[tuple[str, str], ...] = ()
    is_final: bool = True
    clock: Callable[[], float] = time.time

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer a GET or HEAD by RFC 9110 sections 13 and 14; the instance is a WSGI callable."""
        decision = decide(
            environ["REQUEST_METHOD"],
            environ,
            etag=self.etag,
            modified=self.modified,  # not cut to now: a date that was made up for an answer vouches for no bytes
            size=self.size,
            is_one_of_many=VARIES in self.headers,
        )
        if decision.status not in REASONS:
            self.close()
            return self._refuse(decision.status, decision.headers, start_response)
        if decision.status == 304:
            self.close()
            start_response(REASONS[304], self.headers_of_304())
            return []
        if len(decision.ranges) > 1:
            return self._send_parts(decision.ranges, start_response)
        start, stop = decision.ranges[0] if decision.ranges else (0, self.size)
        start_response(REASONS[decision.status], [*decision.headers, *self.headers_of_body(stop - start)])
        if environ["REQUEST_METHOD"] == "HEAD":
            self.close()
            return []
        if isinstance(self.body, bytes):
            return [self.body if stop - start == self.size else self.body[start:stop]]
        return ClosingIterator(self.body.pieces(start, stop), self.close)

    def read(self) -> bytes:
        """Return the bytes."""
        return self.body if isinstance(self.body, bytes) else self.body.read()

    def close(self) -> None:
        """Close the file beneath, if there is one."""
        if isinstance(self.body, File):
            self.body.close()

    def headers_of_304(self) -> list[tuple[str, str]]:
        """Return those that update what the client has kept (RFC 9110 section 15.4.5)."""
        return [("ETag", self.etag), *self.headers]

    def headers_of_body(self, length: int) -> list[tuple[str, str]]:
        """Return the headers of an answer with the whole file, or with a part of it, of this length."""
        headers = self.headers_of_304()
        if self.modified is not None:
            # What was changed in the future, by another clock, counts as changed now (RFC 9110 section 8.8.2.1).
            headers.append(("Last-Modified", http_date(min(self.modified, int(self.clock())))))
        return [
            *headers,
            ("Accept-Ranges", "bytes"),
            ("X-Content-Type-Options", "nosniff"),
            ("Content-Type", self.content_type),
            ("Content-Length", str(length)),
        ]

    def _refuse(self, status: int, headers: Sequence[tuple[str, str]], start_response: Any) -> Iterable[bytes]:
        if status == 412:
            raise PreconditionFailed
        start_response(
            "416 Range Not Satisfiable",
            [*headers, ("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", "0")],
        )
        return []

    def _send_parts(self, ranges: Sequence[tuple[int, int]], start_response: Any) -> Iterable[bytes]:
        """Send several ranges as ``multipart/byteranges`` (RFC 9110 section 14.6)."""
        boundary = secrets.token_hex(12)
        parts, closing, length = multipart(ranges, self.size, self.content_type, boundary)
        whole = replace(self, content_type=f"multipart/byteranges; boundary={boundary}")
        start_response(REASONS[206], whole.headers_of_body(length))
        return ClosingIterator(self._pieces(parts, closing), self.close)

    def _pieces(self, parts: Sequence[tuple[bytes, tuple[int, int]]], closing: bytes) -> Iterator[bytes]:
        for head, (start, stop) in parts:
            yield head
            if isinstance(self.body, bytes):
                yield self.body[start:stop]
            else:
                yield from self.body.pieces(start, stop)
        yield closing
