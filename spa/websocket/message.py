"""Read a WebSocket message as JSON of a type."""

from typing import Any

from spa.errors import InvalidMessage
from spa.jsoncodec import decode_json
from spa.jsontext import NotJSON
from spa.validation import compiler
from spa.validation.mismatch import ValidationError


def read_json(message: str | bytes, wanted: Any) -> Any:
    """Return the ``wanted`` type made of the JSON in a message; None takes the value as it is.

    Raises:
        InvalidMessage: the message is binary, or not JSON, or its value does not fit.
        TypeError: JSON cannot be checked against this type.
    """
    if isinstance(message, bytes):
        raise InvalidMessage("expected JSON in a text message, got a binary one")
    try:
        value = decode_json(message)
        return value if wanted is None else compiler.check(value, wanted)
    except NotJSON as error:
        raise InvalidMessage(f"not JSON: {error}") from error
    except ValidationError as error:
        raise InvalidMessage(_tell_first(error.errors), error.errors) from error


def refuse_number(wanted: Any) -> None:
    """Refuse a number where a type belongs, before a message is waited for: it is meant as the timeout.

    Raises:
        TypeError: it is a number; the message names the fix.
    """
    if isinstance(wanted, (int, float)):
        raise TypeError(f"{wanted} is no type: write receive_json(timeout={wanted})")


def _tell_first(errors: list[dict[str, Any]]) -> str:
    first, *others = errors
    more = f" (and {len(others)} more)" if others else ""
    return f"not of the expected form at {first['loc']}: {first['msg']}{more}"
