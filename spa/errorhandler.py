"""Keep the error handlers of an app, and find the one for an exception."""

from collections.abc import Callable
from typing import Any

from werkzeug.exceptions import HTTPException, default_exceptions

from spa.errors import SetupError

ErrorHandler = Callable[[Any, Any], Any]
Key = int | type[BaseException]


class ErrorHandlers:
    """Error handlers by status code or class of exception."""

    def __init__(self) -> None:
        self._handlers: dict[Key, ErrorHandler] = {}

    def add(self, key: Key, handler: ErrorHandler) -> None:
        """Register a handler.

        Raises:
            SetupError: the key is neither the code of an HTTP error nor a class of exceptions, or has a handler.
        """
        is_class = isinstance(key, type) and issubclass(key, Exception)
        if not is_class and key not in default_exceptions:
            raise SetupError(f"app.error takes the code of an HTTP error, as 404, or an exception class, not {key!r}")
        if key in self._handlers:
            name = key.__name__ if isinstance(key, type) else key
            raise SetupError(f"{name} has an error handler already: {self._handlers[key]!r}")
        self._handlers[key] = handler

    def find(self, error: BaseException) -> ErrorHandler | None:
        """Return the handler of the nearest class of an exception.

        A code stands between the class of an HTTP error and the classes above it.
        """
        if not self._handlers:
            return None
        for cls in type(error).__mro__:
            if cls in (HTTPException, Exception) and isinstance(error, HTTPException) and error.code in self._handlers:
                return self._handlers[error.code]
            if cls in self._handlers:
                return self._handlers[cls]
        return None
