"""Write an HTTP response: text, JSON."""

import json
from collections.abc import Iterable
from typing import Any

from werkzeug.datastructures import Headers
from werkzeug.wrappers import Response as WerkzeugResponse

Start = Any  # WSGI's start_response


class Response(WerkzeugResponse):
    """Werkzeug's response. Text is ``text/plain`` unless you say otherwise: ``Response(html, mimetype='text/html')``.

    The plainest response of all, a body in memory with no headers that need a second look, is written the
    short way; every other goes through Werkzeug's.
    """

    def __call__(self, environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        """Answer a WSGI request."""
        body = self.response
        if (
            self.status_code == 200
            and type(body) is list
            and len(body) == 1
            and not self._on_close
            and environ["REQUEST_METHOD"] != "HEAD"
        ):
            headers = self.headers.to_wsgi_list()
            if len(headers) == 2 and type(body[0]) is bytes and headers[1][0] == "Content-Length":
                start_response("200 OK", headers)
                return body
        return super().__call__(environ, start_response)


    def get_wsgi_headers(self, environ: dict[str, Any]) -> Headers:
        """Return the headers to send; an answer without a body has no Content-Type (RFC 9110 section 8.3)."""
        headers = super().get_wsgi_headers(environ)
        if self.status_code in (204, 304):
            headers.remove("Content-Type")
        return headers


class JSONResponse(Response):
    """A value as ``application/json``: ``JSONResponse({"a": 1})`` sends ``{"a": 1}``, in UTF-8.

    Args:
        value: what to encode.
        status: the status code, 200 by default.
        headers: further headers.

    Raises:
        TypeError, ValueError: JSON has no such value; NaN and the infinities are among them.
    """

    default_mimetype = "application/json"

    def __init__(self, value: Any, status: int | str | None = None, headers: Any = None, **options: Any) -> None:
        super().__init__(encode_json(value), status, headers, **options)


def encode_json(value: Any) -> bytes:
    """Return the bytes of a value as JSON (RFC 8259): UTF-8, and no NaN."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
