"""Write values as the texts of a query string, so that ``Request.query`` reads them back."""

import json
from enum import Enum
from typing import Any

from spa.scalar import write_scalar


def write_text(value: Any) -> str:
    """Return what stands for a value in a query: what Spa writes for it in JSON, a string without its quotes.

    Raises:
        TypeError: it is no scalar: a list, an object, None.
        ValueError: it is a decimal that is not a number, or infinite; or an integer of too many digits.
    """
    written = write_scalar(value.value if isinstance(value, Enum) else value)
    return written if isinstance(written, str) else json.dumps(written)


def write_texts(value: Any) -> str | list[str] | None:
    """Return the text of a value, or one for each item of a collection; None is left out.

    What Spa does not write as a scalar in JSON is a text as ``str`` makes it.
    """
    if isinstance(value, (list, tuple, set, frozenset)):
        texts = [_text_of(item) for item in value if item is not None]
        return texts if isinstance(value, (list, tuple)) else sorted(texts)  # the same URL in every process
    return None if value is None else _text_of(value)


def _text_of(value: Any) -> str:
    try:
        return write_text(value)
    except TypeError:  # as of a path
        return str(value)
