"""Read an HTTP request: Werkzeug's request, and its JSON body."""

from json import JSONDecodeError, loads
from typing import Any

from werkzeug.exceptions import BadRequest, UnsupportedMediaType
from werkzeug.wrappers import Request as WerkzeugRequest


class Request(WerkzeugRequest):
    """Werkzeug's request, whose attributes are read from the WSGI environ when the first of them is used.

    Making one costs next to nothing, so every handler gets one.
    """

    max_content_length = 4 * 2**20
    """Bytes of body that are accepted; more is 413. None lifts the bound."""

    def __init__(self, environ: dict[str, Any], populate_request: bool = False, shallow: bool = False) -> None:
        self.environ = environ
        self.shallow = shallow
        self._populate_request = populate_request

    def __getattr__(self, name: str) -> Any:
        """Read the environ at the first use of an attribute that is not there yet."""
        if "headers" in self.__dict__ or name.startswith("__"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        super().__init__(self.environ, self._populate_request, self.shallow)
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
        try:
            return loads(self.get_data(cache=True), parse_constant=_refuse_constant)
        except JSONDecodeError as error:
            raise BadRequest(f"The body is not JSON: {error.msg}: line {error.lineno} column {error.colno}.") from error
        except UnicodeDecodeError as error:
            raise BadRequest(f"The body is not JSON in UTF-8: {error.reason} at byte {error.start}.") from error
        except (ValueError, RecursionError) as error:
            raise BadRequest(f"The body is not JSON: {error}.") from error


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON value")
