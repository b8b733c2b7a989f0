"""Read an HTTP request: Werkzeug's request, and its JSON body."""

import re
from json import JSONDecodeError, loads
from typing import Any

from werkzeug.exceptions import BadRequest, UnsupportedMediaType
from werkzeug.wrappers import Request as WerkzeugRequest

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
