"""Name the types of WSGI (PEP 3333)."""

from collections.abc import Callable, Iterable
from typing import Any

Body = Iterable[bytes]  # with a ``close``, if it has one, that is called at its end
WSGIApp = Callable[[dict[str, Any], Any], Body]  # (environ, start_response)
