"""Carry one answer from an app to the server, compressed where that pays."""

import logging
from collections.abc import Callable, Iterator
from functools import cached_property
from itertools import chain
from typing import Any

import gevent
from werkzeug.wsgi import ClosingIterator

from spa.answer import BrokenOff
from spa.coding import negotiate
from spa.middleware.coder import Coder, open_coder
from spa.middleware.variant import Policy, coded_headers, coded_tag, may_be_coded, plain_headers, plain_tags
from spa.middleware.vary import Headers
from spa.requestid import describe
from spa.wsgi import Body, WSGIApp

logger = logging.getLogger("spa")

# From so many bytes on, a thread compresses: on the greenlet's own it would hold all others up, for these by half a
# millisecond to one. To go to a thread and back costs a tenth of that.
LARGE = 128 * 2**10


class CodedAnswer:
    """One request and its answer, whose head is held back until it is known what becomes of the body.

    Args:
        policy: what to compress, and how.
        environ: the WSGI environ.
        start_response: the server's.
    """

    def __init__(self, policy: Policy, environ: dict[str, Any], start_response: Any) -> None:
        self._policy = policy
        self._environ = environ
        self._start_response = start_response
        self._mapped: list[str] = []  # the app's own tags for those in If-None-Match that were made for this coding
        self._status: str | None = None
        self._headers: Headers = []
        self._write: Callable[[bytes], object] | None = None  # the server's, once the head has left
        self._coder: Coder | None = None

    @cached_property
    def _coding(self) -> str | None:
        """The coding that this client likes best; None for the plain variant."""
        return negotiate(self._environ.get("HTTP_ACCEPT_ENCODING"), self._policy.codings)

    def run(self, app: WSGIApp) -> Body:
        """Call the app, and return the body to send."""
        self._translate_conditions()
        body = app(self._environ, self._start)
        close = getattr(body, "close", None)
        try:
            answer = self._answer(body) if self._status is not None else self._answer_late(body)
        except BaseException:
            if close is not None:
                close()
            raise
        return answer if answer is body or close is None else ClosingIterator(answer, close)

    def _start(self, status: str, headers: Headers, exc_info: Any = None) -> Callable[[bytes], None]:
        """Note the head of the answer; another one may replace it until it has left (PEP 3333)."""
        if exc_info is not None:
            try:
                if self._write is not None:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None  # as PEP 3333 asks: the traceback holds this frame
        elif self._status is not None:
            raise AssertionError("start_response was called twice without exc_info")
        self._status, self._headers = status, list(headers)
        return self._write_at_once

    def _write_at_once(self, data: bytes) -> None:
        """Send data beside the body that is returned: the old way of WSGI."""
        if self._write is None:
            if self._is_to_be_coded(_declared_size(self._headers)):
                self._begin_coding()
            self._send_head()
        assert self._write is not None
        self._write(data if self._coder is None else self._code(data))

    def _answer(self, body: Body) -> Body:
        """Return the body to send for an answer whose head is known."""
        if self._write is not None:
            return body if self._coder is None else self._stream(iter(body))
        is_in_memory = isinstance(body, (list, tuple)) and self._environ["REQUEST_METHOD"] != "HEAD"
        declared = _declared_size(self._headers)
        size = sum(map(len, body)) if is_in_memory else declared
        if not self._is_to_be_coded(size):
            self._send_head()
            return body
        if is_in_memory and declared in (None, size):
            return [self._code_whole(b"".join(body))]
        chunks = iter(body)
        if declared is not None:
            chunks = self._hold(chunks, declared)
            first = next(chunks, b"")
            if len(first) == declared:  # the only chunk; what follows it has no bytes, but may have effects
                return chain([self._code_whole(first)], chunks)
            chunks = chain([first], chunks)
        self._begin_coding()
        self._send_head()
        return self._stream(chunks)

    def _answer_late(self, body: Body) -> Iterator[bytes]:
        """Yield the body of an app that starts its answer only when it is asked for the first chunk."""
        chunks = iter(body)
        first = next(chunks, None)
        while first == b"" and self._status is None:
            first = next(chunks, None)
        if self._status is not None:
            yield from self._answer([] if first is None else chain([first], chunks))

    def _is_to_be_coded(self, size: int | None) -> bool:
        """Tell whether to compress the body; if not, make the head that of the plain variant."""
        assert self._status is not None
        if self._status.startswith("304"):
            self._restore_tag()
            # It says what the 200 would have said (RFC 9110 section 15.4.5). Whether that would have varied, its type
            # would tell, and that is gone; to vary for nothing costs a cache some memory.
            self._headers = plain_headers(self._headers)
            return False
        if not may_be_coded(self._status, self._headers, size, self._policy):
            return False
        if self._coding is not None and self._environ["REQUEST_METHOD"] != "HEAD":
            return True
        self._headers = plain_headers(self._headers)
        return False

    def _code_whole(self, data: bytes) -> bytes:
        """Return a whole body in the coding, unless that is larger, and send the head."""
        assert self._coding is not None
        coder = open_coder(self._coding, self._policy.codings[self._coding])
        coded = _compute(len(data), lambda: coder.add(data) + coder.finish())
        if len(coded) < len(data):
            self._headers = coded_headers(self._headers, self._coding, len(coded))
        else:
            coded, self._headers = data, plain_headers(self._headers)
        self._send_head()
        return coded

    def _begin_coding(self) -> None:
        coding = self._coding
        if "gzip" in self._policy.codings and _is_event_stream(self._headers):
            # Many of them stay open for long, and br and zstd hold ten times the memory of gzip for few events.
            coding = negotiate(self._environ.get("HTTP_ACCEPT_ENCODING"), ["gzip"]) or coding
        assert coding is not None
        self._coder = open_coder(coding, self._policy.codings[coding])
        self._headers = coded_headers(self._headers, coding, None)

    def _send_head(self) -> None:
        self._write = self._start_response(self._status, self._headers)

    def _hold(self, chunks: Iterator[bytes], declared: int) -> Iterator[bytes]:
        """Yield the chunks of a body, and break off where they are not as long as its Content-Length says.

        In a coding it would look whole (RFC 9112 section 8): the length that the client is told is another one.
        """
        left = declared
        for chunk in chunks:
            left -= len(chunk)
            if left < 0:
                break
            yield chunk
        if left:
            reason = f"the body is {'shorter' if left > 0 else 'longer'} than its Content-Length, {declared}"
            logger.error("%s: %s", describe(self._environ), reason)
            raise BrokenOff(reason)

    def _stream(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        assert self._coder is not None
        for chunk in chunks:
            yield self._code(chunk)
        yield self._coder.finish()

    def _code(self, chunk: bytes) -> bytes:
        """Return a chunk in the coding, so that the client can read all of it."""
        coder = self._coder
        assert coder is not None
        return _compute(len(chunk), lambda: coder.add(chunk) + coder.flush()) if chunk else b""

    def _translate_conditions(self) -> None:
        """Let the app find its own tags in the request, beside those that were made of them.

        A client may be told that its copy is current only if it accepts the coding of that copy now; a change of the
        resource (If-Match) may be based on any variant. Where a range is asked for, a condition is about the very
        bytes that it is a part of.
        """
        environ = self._environ
        if "HTTP_RANGE" in environ:
            return
        if "HTTP_IF_NONE_MATCH" in environ and self._coding is not None:
            self._mapped = plain_tags(environ["HTTP_IF_NONE_MATCH"], [self._coding])
            if self._mapped:
                environ["HTTP_IF_NONE_MATCH"] = ", ".join([environ["HTTP_IF_NONE_MATCH"], *self._mapped])
        if "HTTP_IF_MATCH" in environ:
            tags = plain_tags(environ["HTTP_IF_MATCH"], self._policy.codings)
            if tags:
                environ["HTTP_IF_MATCH"] = ", ".join([environ["HTTP_IF_MATCH"], *tags])

    def _restore_tag(self) -> None:
        """Name in a 304 the variant that the client has (RFC 9110 section 15.4.5)."""
        known = {tag.removeprefix("W/") for tag in self._mapped}
        for index, (name, value) in enumerate(self._headers):
            if name.lower() == "etag" and value in known and self._coding is not None:
                self._headers[index] = (name, coded_tag(value, self._coding))
                return


def _compute(size: int, work: Callable[[], bytes]) -> bytes:
    """Compress so many bytes, on a thread if they are many; the libraries let go of the GIL."""
    return work() if size < LARGE else gevent.get_hub().threadpool.apply(work)


def _declared_size(headers: Headers) -> int | None:
    """Return the Content-Length."""
    return next((int(value) for name, value in headers if name.lower() == "content-length" and value.isdecimal()), None)


def _is_event_stream(headers: Headers) -> bool:
    return any(name.lower() == "content-type" and value.startswith("text/event-stream") for name, value in headers)
