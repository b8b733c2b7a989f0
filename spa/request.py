"""Read an HTTP request: Werkzeug's request, its JSON body, its session."""

import re
from json import JSONDecodeError, loads
from typing import Any

from werkzeug.exceptions import BadRequest, PreconditionFailed, PreconditionRequired, UnsupportedMediaType
from werkzeug.http import quote_etag
from werkzeug.wrappers import Request as WerkzeugRequest

from spa.errors import SetupError
from spa.precondition import check
from spa.requestid import request_id

CONDITIONS = ("HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH", "HTTP_IF_UNMODIFIED_SINCE")  # those that guard a change
# A string, or a constant that is not JSON: what stands in a string is no constant.
CONSTANTS = re.compile(r'"(?:[^"\\]++|\\.)*+"|-?Infinity|NaN', re.DOTALL)


class Request(WerkzeugRequest):
    """Werkzeug's request, whose attributes are read from the WSGI environ when the first of them is used.

    Making one costs next to nothing, so every handler gets one.
    """

    max_content_length = 4 * 2**20
    """Bytes of body that are accepted; more is 413. None lifts the bound."""

    def __init__(self, environ: dict[str, Any], populate_request: bool = False, shallow: bool = False) -> None:
        self.environ = environ
        self.shallow = shallow
        self._is_unread = True
        if populate_request and not shallow:
            environ["werkzeug.request"] = self

    def __getattr__(self, name: str) -> Any:
        """Read the environ at the first use of an attribute that is not there yet."""
        if name.startswith("__") or not self.__dict__.pop("_is_unread", False):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        assigned = dict(self.__dict__)
        super().__init__(self.environ, False, self.shallow)
        self.__dict__.update(assigned)  # what was assigned before the first look is not overwritten by it
        return getattr(self, name)

    @property
    def id(self) -> str:
        """The name of this request in the log: its ``X-Request-ID`` if that is a plain one, else a random one."""
        return request_id(self.environ)

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
            is_required: whether a request that states no condition is refused as well.

        Raises:
            PreconditionFailed: 412, a condition does not hold.
            PreconditionRequired: 428, there is none (RFC 6585 section 3).
        """
        if is_required and not any(name in self.environ for name in CONDITIONS):
            raise PreconditionRequired("Send If-Match with the ETag of the state that you want to change.")
        quoted = None if etag is None else quote_etag(etag)
        if check(self.environ["REQUEST_METHOD"], self.environ, etag=quoted, modified=modified) == 412:
            raise PreconditionFailed("The resource is no longer in the state that the request was made for.")

    @property
    def session(self) -> dict[str, Any]:
        """The visitor's session, a dict of what JSON can express; see ``spa.middleware.SessionMiddleware``.

        Raises:
            SetupError: there is no SessionMiddleware around the app.
        """
        open_session = self.environ.get("spa.session")
        if open_session is None:
            raise SetupError("request.session needs its middleware: app = SessionMiddleware(app, secret)")
        session: dict[str, Any] = open_session()
        return session

    def json(self) -> Any:  # Werkzeug has a property here; a body that is parsed, and may fail, is a call
        """Return the value of a JSON body, of type ``application/json`` or any ``+json`` type.

        Raises:
            UnsupportedMediaType: 415, the Content-Type is not JSON.
            BadRequest: 400, the body is not JSON in UTF-8; the description names line and column.
            RequestEntityTooLarge: 413, the body is larger than ``max_content_length``.
        """
        if not self.is_json:
            raise UnsupportedMediaType("The body must be JSON: send Content-Type: application/json.")
        data = self.get_data(cache=True)
        try:
            text = data.decode()
        except UnicodeDecodeError as error:
            before = data[: error.start].decode()
            place = JSONDecodeError(f"it is not UTF-8 ({error.reason})", before, len(before))
            raise _refuse(place) from error
        try:
            return loads(text, parse_constant=_refuse_constant)
        except JSONDecodeError as error:
            raise _refuse(error) from error
        except NotJSON as error:
            constant = next(token for token in CONSTANTS.finditer(text) if not token[0].startswith('"'))
            raise _refuse(JSONDecodeError(f"{error} is not a JSON value", text, constant.start())) from error
        except ValueError as error:
            raise BadRequest("The body is not JSON that can be read: it holds a number of too many digits.") from error
        except RecursionError as error:
            raise BadRequest("The body is not JSON that can be read: it is nested too deeply.") from error


class NotJSON(ValueError):
    """A constant that Python's parser knows and JSON does not."""


def _refuse_constant(name: str) -> Any:
    raise NotJSON(name)


def _refuse(error: JSONDecodeError) -> BadRequest:
    return BadRequest(f"The body is not JSON: {error.msg}: line {error.lineno} column {error.colno}.")
