"""Check JSON values and the fields of queries against types, and build them."""

from spa.validation.compiler import check
from spa.validation.mismatch import ValidationError

__all__ = ["ValidationError", "check"]
