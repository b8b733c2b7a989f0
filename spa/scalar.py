"""Write times, decimals, identifiers and bytes as JSON strings, and read them back."""

import re
from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple
from uuid import UUID

DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
CLOCK = r"[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?(?:Z|[+-][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?)?"
TIME = re.compile(CLOCK)
DATETIME = re.compile(rf"{DATE.pattern}[T ]{CLOCK}")  # RFC 3339 section 5.6 allows the space
DURATION = re.compile(
    r"(?P<sign>[+-])?P(?=[0-9T])(?:(?P<weeks>[0-9]+)W)?(?:(?P<days>[0-9]+)D)?"
    r"(?:T(?=[0-9])(?:(?P<hours>[0-9]+)H)?(?:(?P<minutes>[0-9]+)M)?(?:(?P<seconds>[0-9]+)(?:\.(?P<fraction>[0-9]+))?S)?)?"
)
DECIMAL = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
IDENTIFIER = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

MOST_DIGITS = 4300  # of a decimal: what Python allows an integer in text
LARGEST_EXPONENT = 6144  # of a decimal: IEEE 754 decimal128; printing 1e999999999 in full would take a gigabyte


class Kind(NamedTuple):
    """How a type is read from a JSON string."""

    expected: str
    read: Callable[[str], Any]


def write_time(value: datetime | time) -> str:
    """Return a date and time, or a time, in ISO 8601; what has no offset from UTC ends with ``Z``."""
    text = value.isoformat()
    return text[:-6] + "Z" if text.endswith("+00:00") else text


def write_duration(value: timedelta) -> str:
    """Return a duration in ISO 8601: ``P1DT2H3M4.5S``."""
    rest = value // timedelta(microseconds=1)
    sign, rest = ("-", -rest) if rest < 0 else ("", rest)
    rest, microseconds = divmod(rest, 10**6)
    rest, seconds = divmod(rest, 60)
    rest, minutes = divmod(rest, 60)
    days, hours = divmod(rest, 24)
    clock = f"{hours}H" if hours else ""
    clock += f"{minutes}M" if minutes else ""
    if microseconds:
        clock += f"{seconds}.{microseconds:06}".rstrip("0") + "S"
    elif seconds or not (days or clock):
        clock += f"{seconds}S"
    return f"{sign}P{f'{days}D' if days else ''}{f'T{clock}' if clock else ''}"


def write_decimal(value: Decimal) -> str:
    """Return a decimal with all its digits.

    Raises:
        ValueError: it is not a number, or infinite.
    """
    if not value.is_finite():
        raise ValueError(f"JSON has no {value}")
    return str(value)


def write_bytes(value: bytes | bytearray) -> str:
    """Return bytes in base64 (RFC 4648 section 4)."""
    return b64encode(value).decode()


# What stands for a value in JSON, by its type. The first four are for subclasses, such as markupsafe.Markup.
WRITERS: dict[type, Callable[[Any], Any]] = {
    bool: bool,
    str: str.__str__,
    int: int.__int__,
    float: float.__float__,
    datetime: write_time,
    date: date.isoformat,
    time: write_time,
    timedelta: write_duration,
    Decimal: write_decimal,
    UUID: str,
    bytes: write_bytes,
    bytearray: write_bytes,
}


def write_scalar(value: Any) -> Any:
    """Return what stands in JSON for a value of a type in ``WRITERS``, or derived from one.

    Raises:
        TypeError: nothing does.
        ValueError: it is a decimal that is not a number, or infinite.
    """
    for kind in type(value).__mro__:
        if kind in WRITERS:
            return WRITERS[kind](value)
    raise TypeError(f"{value!r} is no scalar of JSON")


def read_datetime(text: str) -> datetime:
    """Return the date and time that ISO 8601 text names; it is aware if there is an offset or ``Z``."""
    return datetime.fromisoformat(_check(DATETIME, text))


def read_date(text: str) -> date:
    """Return the date that ``YYYY-MM-DD`` names."""
    return date.fromisoformat(_check(DATE, text))


def read_time(text: str) -> time:
    """Return the time of day that ISO 8601 text names; it is aware if there is an offset or ``Z``."""
    return time.fromisoformat(_check(TIME, text))


def read_duration(text: str) -> timedelta:
    """Return the duration that ISO 8601 text names; years and months have no fixed length, and are refused."""
    match = DURATION.fullmatch(text)
    if match is None:
        raise ValueError("not an ISO 8601 duration")
    parts = match.groupdict(default="")
    sign, fraction = parts.pop("sign"), parts.pop("fraction")
    numbers = {name: int(digits or 0) for name, digits in parts.items()}
    try:
        duration = timedelta(**numbers, microseconds=int(fraction[:6].ljust(6, "0")))
        return -duration if sign == "-" else duration
    except OverflowError as error:
        raise ValueError("too long a duration") from error


def read_decimal(text: str) -> Decimal:
    """Return the number that decimal text names, with all its digits."""
    if len(text) > MOST_DIGITS:
        raise ValueError("too many digits")
    try:
        value = Decimal(_check(DECIMAL, text))
    except InvalidOperation as error:
        raise ValueError("too large an exponent") from error
    exponent = value.as_tuple().exponent
    if max(abs(value.adjusted()), abs(int(exponent))) > LARGEST_EXPONENT:
        raise ValueError("too large an exponent")
    return value


def read_identifier(text: str) -> UUID:
    """Return the UUID that its 36 characters name (RFC 9562 section 4)."""
    return UUID(_check(IDENTIFIER, text))


def read_bytes(text: str) -> bytes:
    """Return the bytes that base64 text stands for (RFC 4648 section 4)."""
    return b64decode(text, validate=True)


def _check(pattern: re.Pattern[str], text: str) -> str:
    if pattern.fullmatch(text) is None:
        raise ValueError(f"not of the form {pattern.pattern}")
    return text


KINDS: dict[Any, Kind] = {
    datetime: Kind("a date and time in ISO 8601 (2030-01-31T12:00:00Z)", read_datetime),
    date: Kind("a date (2030-01-31)", read_date),
    time: Kind("a time in ISO 8601 (12:00:00)", read_time),
    timedelta: Kind("a duration in ISO 8601 (P1DT2H30M)", read_duration),
    Decimal: Kind('a decimal number in a string ("9.90")', read_decimal),
    UUID: Kind("a UUID", read_identifier),
    bytes: Kind("bytes in base64", read_bytes),
}
