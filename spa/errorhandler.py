"""Keep the error handlers of an app, and find the one for an exception."""

from collections.abc import Callable
from typing import Any

from werkzeug.exceptions import HTTPException

from spa.blame import name_of
from spa.errors import SetupError
from spa.routecheck import check_is_plain, try_call

ErrorHandler = Callable[[Any, Any], Any]
Key = int | type[BaseException]

CODES = range(400, 600)  # RFC 9110 sections 15.5 and 15.6


class ErrorHandlers:
    """Error handlers by status code or class of exception."""

    def __init__(self) -> None:
        self._handlers: dict[Key, ErrorHandler] = {}

    def check(self, key: Any) -> None:
        """See that a handler can be registered for a key.

        Raises:
            SetupError: it is neither the code of an HTTP error nor a class of exceptions, or has a handler.
        """
        is_class = isinstance(key, type) and issubclass(key, Exception)
        if not is_class and key not in CODES:
            raise SetupError(
                f"app.error takes the code of an HTTP error or an exception class, not {key!r}: write @app.error(404)"
            )
        if key in self._handlers:
            name = key.__name__ if isinstance(key, type) else key
            raise SetupError(f"{name} has an error handler already: {self._handlers[key]!r}")

    def add(self, key: Key, handler: ErrorHandler) -> None:
        """Register a handler.

        Raises:
            SetupError: the key is not fit for it, or this cannot be called with a request and an exception.
        """
        self.check(key)
        if not callable(handler):
            raise SetupError(f"app.error({key!r}) takes a function of the request and the exception, not {handler!r}")
        name = name_of(handler)
        check_is_plain(name, handler)
        wrong = try_call(handler, (None, None), {})
        if wrong is not None:
            raise SetupError(f"app.error({key!r}): {name} is called with (request, error), which it cannot be: {wrong}")
        self._handlers[key] = handler

    def find(self, error: BaseException) -> ErrorHandler | None:
        """Return the handler of the nearest class of an exception.

        A code stands between the class of an HTTP error and the classes above it. An exception that carries its
        answer, as a redirect does and what ``abort(response)`` raises, has none.
        """
        if not self._handlers or (isinstance(error, HTTPException) and error.response is not None):
            return None
        for cls in type(error).__mro__:
            if cls in (HTTPException, Exception) and isinstance(error, HTTPException) and error.code in self._handlers:
                return self._handlers[error.code]
            if cls in self._handlers:
                return self._handlers[cls]
        return None
