"""Say in an error message which part of the user's code something came from."""

from typing import Any


def name_of(handler: Any) -> str:
    """Return the name of a class or function with that of its module, or of the class of any other callable."""
    named = handler if hasattr(handler, "__qualname__") else type(handler)
    module: str = named.__module__
    return f"{module}.{named.__qualname__}"


def tell_source(method: Any) -> str:
    """Tell which method returned a value, and where it is."""
    code = getattr(method, "__code__", None)
    place = f" ({code.co_filename}, line {code.co_firstlineno})" if code is not None else ""
    return f"The value was returned by {getattr(method, '__qualname__', method)}{place}."
