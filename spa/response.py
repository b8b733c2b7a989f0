"""Write an HTTP response: text, JSON."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Self

from werkzeug.datastructures import Headers
from werkzeug.exceptions import PreconditionFailed
from werkzeug.http import generate_etag
from werkzeug.utils import get_content_type
from werkzeug.wrappers import Response as WerkzeugResponse

from spa.grammar import is_token
from spa.jsoncodec import codec_of, encode_json
from spa.precondition import check

Start = Any  # WSGI's start_response
STATUS = re.compile(r"[2-5][0-9]{2} [\t\x20-\x7e\x80-\xff]*")  # of a final answer (RFC 9110 section 15)
UNFIT = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]|[^\x00-\xff]")  # for its value (section 5.5, PEP 3333)
ETAG = re.compile(r"[\x21\x23-\x7e]*")  # section 8.8.3, without what is no ASCII
SHOWN = 100  # characters of what is wrong that an error shows
# What a 304 leaves out: it describes a body that is not sent (RFC 9110 section 15.4.5).
OF_THE_BODY = ("Content-Type", "Content-Length", "Content-Encoding", "Content-Language", "Last-Modified")
WRITING = (
    *("close", "get_app_iter", "get_wsgi_headers", "get_wsgi_response", "iter_encoded"),
    *("set_data", "default_status", "automatically_set_content_length"),
)


class Response(WerkzeugResponse):
    """Werkzeug's response. Text is ``text/plain`` unless you say otherwise: ``Response(html, mimetype='text/html')``.

    The plainest response of all, a body in memory and nothing else, is made Werkzeug's when the first of its
    attributes is used, and written the short way if none was; every other goes through Werkzeug's.

    Raises:
        TypeError: the body is a dict, cannot be iterated over, or is a list of something else than str and bytes; or
            the headers are neither a dict nor pairs.
    """

    _is_plain: ClassVar[bool] = True
    _plain_type: ClassVar[str] = "text/plain; charset=utf-8"
    _is_conditional = False

    def __init__(
        self,
        response: Iterable[bytes] | bytes | Iterable[str] | str | None = None,
        status: int | str | None = None,
        headers: Any = None,
        mimetype: str | None = None,
        content_type: str | None = None,
        direct_passthrough: bool = False,
    ) -> None:
        if (
            status is None
            and headers is None
            and mimetype is None
            and content_type is None
            and not direct_passthrough
            and (type(response) is str or type(response) is bytes)
        ):
            self._body = response.encode() if type(response) is str else response
        else:
            if isinstance(response, (bytearray, memoryview)):
                response = bytes(response)
            if response is not None and not isinstance(response, (str, bytes)):
                _check_body(response)
            own = None if headers is None else read_headers(headers)
            super().__init__(response, status, own, mimetype, content_type, direct_passthrough)

    def __init_subclass__(cls, **options: Any) -> None:
        """Leave the short way to classes that write as this one does."""
        super().__init_subclass__(**options)
        writes_alike = all(getattr(cls, name) is getattr(Response, name) for name in WRITING)
        cls._is_plain = writes_alike and cls.default_mimetype is not None  # None sends no Content-Type at all
        cls._plain_type = get_content_type(cls.default_mimetype or "", "utf-8")

    def __getattr__(self, name: str) -> Any:
        """Become Werkzeug's response at the first use of an attribute that is not there yet."""
        body = None if name.startswith("__") else self.__dict__.pop("_body", None)
        if body is not None:
            assigned = dict(self.__dict__)
            super().__init__(body)
            self.__dict__.update(assigned)  # what was assigned before the first look is not overwritten by it
        # What a property lacks brings its reader here too; asked once more, it says what that was, and where.
        return object.__getattribute__(self, name)

    def __call__(self, environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        """Answer a WSGI request.

        Raises:
            PreconditionFailed: 412, the response has an entity tag and the request wants another.
        """
        if self._is_conditional and self.status_code == 200 and environ["REQUEST_METHOD"] in ("GET", "HEAD"):
            modified = None if self.last_modified is None else int(self.last_modified.timestamp())
            status = check(environ["REQUEST_METHOD"], environ, etag=self.headers["ETag"], modified=modified)
            if status is not None:
                return self._answer_without_body(status, environ, start_response)
        own = self.__dict__
        if len(own) == 1 and "_body" in own and self._is_plain and environ["REQUEST_METHOD"] != "HEAD":
            data = own["_body"]
            start_response("200 OK", [("Content-Type", self._plain_type), ("Content-Length", str(len(data)))])
            return [data]
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
                and headers[1] == ("Content-Length", str(len(body[0])))
                and headers[0][1].isprintable()
                and headers[0][1].isascii()
            ):
                start_response("200 OK", headers)
                return body
        return super().__call__(environ, start_response)

    def etag(self, value: str | None = None, *, weak: bool = False) -> Self:
        """Give the response an entity tag, by which a client that has it already is answered 304.

        ::

            def get(self, number):
                note = notes[number]
                return spa.JSONResponse(note.text).etag(str(note.version))

        GET and HEAD are then answered by the conditions of the request, ``last_modified`` included where it is
        set (RFC 9110 section 13): 304 without a body, or 412.

        Args:
            value: what names this state of the resource, such as a version; by default a hash of the body.
            weak: whether the tag stands for what means the same, rather than for these very bytes.

        Returns:
            the response itself.

        Raises:
            TypeError: the tag is no str.
            ValueError: the body is a stream, so its tag must be given; or the tag holds a quote.
        """
        if value is None:
            if self.is_streamed:
                raise ValueError("the body is a stream, so give its etag a value")
            value = generate_etag(self.get_data())
        if not isinstance(value, str):
            raise TypeError(f"an etag is a str, not {type(value).__name__}: use str()")
        if not ETAG.fullmatch(value):
            raise ValueError(f"an etag is of ASCII without quotes, spaces and controls, unlike {value!r}")
        self.set_etag(value, weak)
        self._is_conditional = True
        return self

    def _answer_without_body(self, status: int, environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        self.close()
        if status == 412:
            raise PreconditionFailed("The resource has another ETag than the one that was asked for.")
        headers = Headers([header for header in self.headers if header[0].title() not in OF_THE_BODY])
        return Response(status=status, headers=headers)(environ, start_response)

    def get_wsgi_headers(self, environ: dict[str, Any]) -> Headers:
        """Return the headers to send; an answer without a body has no Content-Type (RFC 9110 section 8.3).

        The Content-Length of a body in memory is its true one, whatever was said before.

        Raises:
            ValueError: the status is not one of a final answer, 200 to 599; or a header has no name that is one, or
                holds a control character, with which it could pass for several, or one beyond latin-1, which
                cannot be sent.
        """
        if not STATUS.fullmatch(self.status):
            raise ValueError(f"the status of an answer is a number from 200 to 599, and words, not {self.status!r}")
        headers = super().get_wsgi_headers(environ)
        if self.status_code in (204, 304):
            headers.remove("Content-Type")
        for name, value in self.headers:
            if not is_token(name):
                raise ValueError(f"the header name {name!r} holds what a header cannot")
            if UNFIT.search(value):
                raise ValueError(f"the header {name!r} holds what a header cannot: {value!r}")
        if "Content-Length" in headers and self.is_sequence:
            length = sum(map(len, self.iter_encoded()))
            if length or environ["REQUEST_METHOD"] != "HEAD":  # for which a body need not have been made
                headers["Content-Length"] = str(length)
        return headers


def answer_options(methods: Iterable[str]) -> Response:
    """Return the answer to OPTIONS: 204, with the methods of the resource in ``Allow`` (RFC 9110 section 9.3.7)."""
    return Response(status=204, headers={"Allow": ", ".join(methods)})


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


def read_headers(headers: Any) -> Headers:
    """Return headers, given as a dict or as a list of pairs, which may name one twice.

    Raises:
        TypeError: they are neither.
        ValueError: a value holds a line end.
    """
    if isinstance(headers, Headers):
        return headers
    try:
        return Headers(headers)
    except (TypeError, ValueError):
        if isinstance(headers, Mapping) or (not isinstance(headers, str) and _are_pairs(headers)):
            raise  # it is one of them that is wrong
        hint = "; a media type is named by spa.Response(..., mimetype='text/html')" if isinstance(headers, str) else ""
        shown = f"{headers!r:.{SHOWN}}"
        raise TypeError(f"headers are a dict or a list of pairs, as {{'X-Total': '2'}}, not {shown}{hint}") from None


def _are_pairs(headers: Any) -> bool:
    return isinstance(headers, Iterable) and all(
        isinstance(header, (tuple, list)) and len(header) == 2 for header in headers
    )


def _check_body(body: Any) -> None:
    """See, where the line that made it is still in the traceback, that a body can be sent."""
    if isinstance(body, Mapping):
        raise TypeError("the body of a Response is str or bytes, not a dict: use JSONResponse")
    if not hasattr(body, "__iter__") and not hasattr(body, "__getitem__"):  # the two ways to be iterated over
        raise TypeError(
            f"the body of a Response is str, bytes or an iterable of them, not {type(body).__name__}: use str(),"
            " or JSONResponse"
        )
    if isinstance(body, (list, tuple)):
        for index, item in enumerate(body):
            if not isinstance(item, (str, bytes)):
                hint = "bytes()" if isinstance(item, (bytearray, memoryview)) else "str(), or JSONResponse"
                raise TypeError(
                    f"the body of a Response is a list of str or bytes, and its item {index} is {item!r:.{SHOWN}}: use"
                    f" {hint}"
                )
