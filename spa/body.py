"""Open the body of a request, to be read whole and within its limit or not at all."""

import sys
from io import BytesIO
from typing import IO, Any, cast

from werkzeug.exceptions import BadRequest, HTTPException, RequestEntityTooLarge
from werkzeug.wsgi import LimitedStream, get_content_length


class ChunkedBody(LimitedStream):
    """A body whose length is known at its end only (RFC 9112 section 7.1).

    Werkzeug's stream ends at the limit as if the body did; this one tells a body of just so many bytes from a
    longer one.

    Args:
        stream: where the server gives the body, without the frames of its chunks.
        limit: bytes that are accepted; more is 413.
    """

    def __init__(self, stream: IO[bytes], limit: int) -> None:
        super().__init__(stream, limit + 1, is_max=True)
        self._failure: HTTPException | None = None

    def readinto(self, buffer: Any) -> int | None:
        """Read some bytes.

        Raises:
            RequestEntityTooLarge: 413, there are more than the limit.
            BadRequest: 400, the chunks are not what they say, or the last is missing.
        """
        if self._failure is not None:
            raise self._failure  # what comes after a wrong chunk is not the body
        try:
            return super().readinto(buffer)
        except RequestEntityTooLarge:
            raise
        except Exception as error:  # each server has its own
            self._failure = BadRequest("The body is not chunked as it should be, or ends too early.")
            raise self._failure from error

    def readall(self) -> bytes:
        """Read all there is."""
        data = super().readall()
        if self.is_exhausted:
            self.on_exhausted()
        return data


def open_body(environ: dict[str, Any], limit: int | None) -> IO[bytes]:
    """Return the body of a request as a stream.

    Args:
        environ: the WSGI environ.
        limit: bytes that are accepted; None lifts the bound.

    Raises:
        RequestEntityTooLarge: 413, its Content-Length is larger than the limit.
    """
    length = get_content_length(environ)
    stream = environ["wsgi.input"]
    if length is not None:
        if limit is not None and length > limit:
            raise RequestEntityTooLarge
        return cast(IO[bytes], LimitedStream(stream, length))
    if not environ.get("wsgi.input_terminated"):
        return BytesIO()  # the server would wait for an end that never comes
    return cast(IO[bytes], ChunkedBody(stream, sys.maxsize - 1 if limit is None else limit))
