"""See that a setting which is a list of something is one, and not the one string that belongs into it."""

from collections.abc import Iterable
from typing import Any

from spa.errors import SetupError


def check_list(values: Any, option: str, kind: str, *, is_ordered: bool = False) -> list[Any]:
    """Return the items of a setting.

    Args:
        values: the setting.
        option: its name, for the message.
        kind: what it lists, in the plural.
        is_ordered: whether the order counts. That of a set may be another in each process.

    Raises:
        SetupError: it is a single string, which would pass for the list of its letters, or no list at all; or it is a
            set where the order counts.
    """
    if isinstance(values, str):
        raise SetupError(f"{option} is a list of {kind}; write [{values!r}]")
    if not isinstance(values, Iterable) or isinstance(values, (bytes, bytearray)):
        raise SetupError(f"{option} is a list of {kind}, not {values!r}")
    if is_ordered and isinstance(values, (set, frozenset)):
        raise SetupError(f"{option} is a list of {kind}, whose order counts, and a set has none: {values!r}")
    return list(values)
