"""Read an HTTP request: Werkzeug's request, its JSON body, its query, its session."""

from typing import IO, Any, TypeVar, overload

from werkzeug.exceptions import BadRequest, PreconditionFailed, PreconditionRequired, UnsupportedMediaType
from werkzeug.http import quote_etag
from werkzeug.utils import cached_property
from werkzeug.wrappers import Request as WerkzeugRequest

from spa import precondition
from spa.body import open_body
from spa.environ import SESSION
from spa.errors import SetupError
from spa.form import FormParser, Upload
from spa.jsoncodec import PYTHON, codec_of
from spa.jsontext import NotJSON
from spa.requestid import request_id
from spa.validation import compiler, query

T = TypeVar("T")


class UnsupportedCoding(UnsupportedMediaType):
    """415: the body has a content coding, and none is read (RFC 9110 section 15.5.16)."""

    description = "The body must have no content coding: send it without Content-Encoding."

    def get_headers(self, *args: Any, **options: Any) -> list[tuple[str, str]]:
        """Return the headers, with one that says which codings are read (RFC 9110 section 12.5.3)."""
        return [*super().get_headers(*args, **options), ("Accept-Encoding", "identity")]


class Request(WerkzeugRequest):
    """Werkzeug's request, whose attributes are read from the WSGI environ when the first of them is used.

    Making one costs next to nothing, so every handler gets one.
    """

    max_content_length = 4 * 2**20
    """Bytes of body that are accepted; more is 413. None lifts the bound."""

    max_form_memory_size = 500_000
    """Bytes of a text in a form, and of an urlencoded form in all, that are accepted; more is 413."""

    max_form_parts = 1000
    """Fields and files of a form that are accepted; more is 413."""

    form_data_parser_class = FormParser

    json_module: Any = PYTHON
    """The module that reads JSON bodies, of the kind that ``App(json_module=...)`` takes, whose choice this becomes."""

    _cached_data: Any = None  # Werkzeug's; given here, so that get_data need not read the environ

    def __init__(self, environ: dict[str, Any], populate_request: bool = False, shallow: bool = False) -> None:
        self.environ = environ
        self.shallow = shallow
        self._is_unread = True
        if populate_request and not shallow:
            environ["werkzeug.request"] = self

    def __getattr__(self, name: str) -> Any:
        """Read the environ at the first use of an attribute that is not there yet."""
        if not name.startswith("__") and self.__dict__.pop("_is_unread", False):
            assigned = dict(self.__dict__)
            super().__init__(self.environ, False, self.shallow)
            if not self.query_string.isascii():  # raw bytes, of which those that are not UTF-8 are left as %E9
                self.query_string = self.query_string.decode(errors="werkzeug.url_quote").encode()
            self.__dict__.update(assigned)  # what was assigned before the first look is not overwritten by it
        # What a property lacks brings its reader here too; asked once more, it says what that was, and where.
        return object.__getattribute__(self, name)

    @cached_property
    def stream(self) -> IO[bytes]:
        """The body, to be read once, whole and within ``max_content_length``, or not at all.

        Raises:
            RequestEntityTooLarge: 413, the body is larger; of a chunked body that is seen while it is read.
            BadRequest: 400, also while it is read: the body ends too early, or is not chunked as it should be.
        """
        if self.shallow:
            raise RuntimeError("a request made with shallow=True leaves the body to others")
        return open_body(self.environ, self.max_content_length)

    def _get_file_stream(self, *args: Any, **options: Any) -> IO[bytes]:  # Werkzeug's hook
        return Upload()

    @property
    def id(self) -> str:
        """The name of this request in the log, which is its ``X-Request-ID`` if that is a plain one, else random."""
        return request_id(self.environ)

    @property
    def last_event_id(self) -> str | None:
        """The ``id`` of the last event that a browser has seen, which comes back to its event stream; or None.

        A browser sends it as UTF-8 (WHATWG HTML section 9.2.3), and ``headers`` would show that as Latin-1.
        """
        value: str = self.environ.get("HTTP_LAST_EVENT_ID", "")
        return value.encode("latin-1").decode(errors="replace") or None

    def check_preconditions(
        self, etag: str | None, *, modified: int | None = None, is_required: bool = False
    ) -> None:
        """Refuse a change that was made against another state of the resource (RFC 9110 section 13).

        ::

            def put(self, number):
                self.request.check_preconditions(str(notes[number].version), is_required=True)

        Args:
            etag: the tag of the state as it is now, without quotes, as ``Response.etag`` has it; None if the
                resource does not exist, so that ``If-Match: *`` fails and ``If-None-Match: *`` holds.
            modified: when it changed last, in whole seconds since the epoch, if that is known.
            is_required: whether a request that states no condition is refused as well, and one whose condition
                cannot be judged: a date that is not valid, or that has no ``modified`` to be compared with.

        Raises:
            TypeError: the tag is no str.
            PreconditionFailed: 412, a condition does not hold.
            PreconditionRequired: 428, there is none that can be judged (RFC 6585 section 3).
        """
        if not isinstance(etag, str | None):
            raise TypeError(f"the etag is a str or None, not {type(etag).__name__}: use str()")
        if is_required and not precondition.is_guarded(self.environ, modified=modified):
            raise PreconditionRequired("Send If-Match with the ETag of the state that you want to change.")
        quoted = None if etag is None else quote_etag(etag)
        if precondition.check(self.environ["REQUEST_METHOD"], self.environ, etag=quoted, modified=modified) == 412:
            raise PreconditionFailed("The resource is no longer in the state that the request was made for.")

    @property
    def session(self) -> dict[str, Any]:
        """The visitor's session, a dict of what JSON can express; see ``spa.middleware.SessionMiddleware``.

        Raises:
            SetupError: there is no SessionMiddleware around the app.
        """
        open_session = self.environ.get(SESSION)
        if open_session is None:
            raise SetupError("request.session needs its middleware: app = SessionMiddleware(app, secret)")
        session: dict[str, Any] = open_session()
        return session

    @session.setter
    def session(self, value: Any) -> None:
        raise AttributeError("request.session cannot be replaced: use its clear() and update()")

    @overload
    def json(self, type: None = None) -> Any: ...

    @overload
    def json(self, type: type[T]) -> T: ...

    @overload
    def json(self, type: Any) -> Any: ...

    def json(self, type: Any = None) -> Any:  # Werkzeug has a property here; a body that may fail is a call
        """Return the value of a JSON body, of type ``application/json`` or any ``+json`` type.

        Args:
            type: what to make of the value: a dataclass, a TypedDict, or any type that may stand in one
                (``list[str]``); a ``msgspec.Struct``; a pydantic model or ``TypeAdapter``. None takes the value as
                it is.

        Raises:
            UnsupportedMediaType: 415, the Content-Type is not JSON, or the body is in a content coding, as gzip.
            BadRequest: 400, the body is not JSON in UTF-8; the description names line and column.
            RequestEntityTooLarge: 413, the body is larger than ``max_content_length``.
            ValidationError: 422, the value is not of the type; it tells each place where it is not.
            TypeError: JSON cannot be checked against this type.
        """
        if self.environ.get("CONTENT_TYPE") != "application/json" and not self.is_json:  # most are just that
            raise UnsupportedMediaType("The body must be JSON: send Content-Type: application/json.")
        try:
            value = codec_of(self.json_module).loads(self.get_data(cache=True))
        except NotJSON as error:
            if self.environ.get("HTTP_CONTENT_ENCODING", "identity").lower() != "identity":
                raise UnsupportedCoding from error
            raise BadRequest(f"The body is not JSON: {error}.") from error
        return value if type is None else compiler.check(value, type)

    def query(self, type: type[T]) -> T:
        """Return the fields of the query string, as a type.

        ::

            @dataclass
            class Page:
                page: int = 1
                tag: list[str] = field(default_factory=list)

            page = self.request.query(Page)  # ?page=2&tag=red&tag=new

        Args:
            type: what to make of them: a dataclass or a TypedDict. Its members are what can be written as text (str,
                int, float, bool, Decimal, UUID, dates and times, Enum, Literal, a union of such), or a list, set,
                frozenset or ``tuple[X, ...]`` of them for a name that may be given more than once.

        Raises:
            ValidationError: 422, a field is not of its type, missing, or given once too often, or its name is not
                known; it tells each.
            TypeError: a query cannot be checked against this type.
        """
        built: T = query.check(dict(self.args.lists()), type)
        return built
