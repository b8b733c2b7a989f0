"""Read and write floats in a path, so that whatever was read can be written."""

from decimal import Decimal
from math import isinf
from typing import Any

from werkzeug.routing import FloatConverter, ValidationError


class PlainFloatConverter(FloatConverter):
    """Werkzeug's ``<float:x>``, which would write the ``0.00001`` that it reads as ``1e-05``, and not read that."""

    def to_python(self, value: str) -> float:
        """Return the float.

        Raises:
            ValidationError: it is too large for one.
        """
        number: float = super().to_python(value)
        if isinf(number):
            raise ValidationError
        return number

    def to_url(self, value: Any) -> str:
        """Return the digits of a float, without an exponent."""
        text = super().to_url(value)
        if "e" not in text:
            return text
        digits = format(Decimal(text), "f")
        return digits if "." in digits else f"{digits}.0"
