"""Write an HTTP response: text, JSON."""

import re
from collections.abc import Iterable
from typing import Any, ClassVar

from werkzeug.datastructures import Headers
from werkzeug.wrappers import Response as WerkzeugResponse

from spa.jsoncodec import codec_of, encode_json

Start = Any  # WSGI's start_response
CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")  # all but the tab (RFC 9110 section 5.5)
WRITING = ("close", "get_app_iter", "get_wsgi_headers", "get_wsgi_response", "iter_encoded")


class Response(WerkzeugResponse):
    """Werkzeug's response. Text is ``text/plain`` unless you say otherwise: ``Response(html, mimetype='text/html')``.

    The plainest response of all, a body in memory with no headers that need a second look, is written the
    short way; every other goes through Werkzeug's.
    """

    _is_plain: ClassVar[bool] = True

    def __init_subclass__(cls, **options: Any) -> None:
        """Leave the short way to classes that write as this one does."""
        super().__init_subclass__(**options)
        cls._is_plain = all(getattr(cls, name) is getattr(Response, name) for name in WRITING)

    def __call__(self, environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        """Answer a WSGI request."""
        body = self.response
        if (
            self.status == "200 OK"
            and self._is_plain
            and type(body) is list
            and len(body) == 1
            and not self._on_close
            and environ["REQUEST_METHOD"] != "HEAD"
        ):
            headers = self.headers.to_wsgi_list()
            if (
                len(headers) == 2
                and type(body[0]) is bytes
                and headers[0][0] == "Content-Type"
                and headers[1][0] == "Content-Length"
                and headers[0][1].isprintable()
            ):
                start_response("200 OK", headers)
                return body
        return super().__call__(environ, start_response)

    def get_wsgi_headers(self, environ: dict[str, Any]) -> Headers:
        """Return the headers to send; an answer without a body has no Content-Type (RFC 9110 section 8.3).

        Raises:
            ValueError: a header holds a control character, with which it could pass for several.
        """
        headers = super().get_wsgi_headers(environ)
        if self.status_code in (204, 304):
            headers.remove("Content-Type")
        for name, value in self.headers:
            if CONTROL.search(name) or CONTROL.search(value):
                raise ValueError(f"the header {name!r} holds a control character: {value!r}")
        return headers


class JSONResponse(Response):
    """A value as ``application/json``: ``JSONResponse({"a": 1})`` sends ``{"a": 1}``, in UTF-8.

    Args:
        value: what to encode: what JSON has, and dates, times, durations, decimals, UUIDs, enums, dataclasses,
            sets, paths and bytes. It is encoded at once.
        status: the status code, 200 by default.
        headers: further headers.
        json_module: what encodes it, Python's ``json`` by default; see ``App``.

    Raises:
        TypeError, ValueError: JSON has no such value; NaN and the infinities are among them.
    """

    default_mimetype = "application/json"

    def __init__(
        self,
        value: Any,
        status: int | str | None = None,
        headers: Any = None,
        *,
        json_module: Any = None,
        **options: Any,
    ) -> None:
        data = encode_json(value) if json_module is None else codec_of(json_module).dumps(value)
        super().__init__(data, status, headers, **options)
