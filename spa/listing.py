"""See that a setting which is a list of something is one, and not the one string that belongs into it."""

from collections.abc import Iterable
from typing import Any

from spa.errors import SetupError


def check_list(values: Any, option: str, kind: str) -> list[Any]:
    """Return the items of a setting.

    Args:
        values: the setting.
        option: its name, for the message.
        kind: what it lists, in the plural.

    Raises:
        SetupError: it is a single string, which would pass for the list of its letters, or no list at all.
    """
    if isinstance(values, str):
        raise SetupError(f"{option} is a list of {kind}; write [{values!r}]")
    if not isinstance(values, Iterable):
        raise SetupError(f"{option} is a list of {kind}, not {values!r}")
    return list(values)
