"""Find the names in a handler class that are nearly those which Spa looks for."""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from types import FunctionType
from typing import Any

from spa.handler import VERBS, Handler, JSONHandler

USUAL = ("get", "post", "put", "patch", "delete", "websocket")
HABITS = {"ws": "websocket"}  # what others call it, where it does not look alike
METHODS = ("websocket", "websocket_close")
SETTINGS = ("allowed_origins", "subprotocols", "websocket_limits")
# Where a class answers nothing, something is wrong, and a guess is welcome. Where it answers, a name must be nearly
# certain to be meant otherwise: one letter more or less, but not websocket_id, websocket_limiter, disallowed_origins.
LIKE, NEARLY_THE_SAME = 0.8, 0.92


def suggest_method(cls: type[Handler]) -> str | None:
    """Return which method of a class that answers nothing may be meant to, as ``def get for def gett``."""
    for name in (name for name, value in members_of(cls) if callable(value)):
        plain = name.lower().removeprefix("on_").removeprefix("do_")
        close = [HABITS[plain]] if plain in HABITS else get_close_matches(plain, USUAL, n=1, cutoff=LIKE)
        if close:
            return f"def {close[0]} for def {name}"
    return None


def find_misnomer(cls: type[Handler]) -> str | None:
    """Return what to write instead of a name that Spa passes by, though it is all but certainly meant for it.

    What is in a class that is no handler, from which this one is derived as well, may be for others. So may be a
    nested class, a property, and a name that begins with an underscore.
    """
    for base in cls.__mro__:
        if issubclass(base, Handler) and base not in JSONHandler.__mro__:
            for name, value in vars(base).items():
                meant = None if name.startswith("_") else _find_meant(name, value)
                if meant is not None and not _has_own(cls, meant.removeprefix("def ")):
                    return f"Spa looks for no {base.__name__}.{name}: write {meant}, or a name that is less like it"
    return None


def members_of(cls: type[Handler]) -> Iterator[tuple[str, Any]]:
    """Yield what the user wrote into a class and those it is derived from."""
    for base in cls.__mro__:
        if base not in JSONHandler.__mro__:
            yield from vars(base).items()


def _has_own(cls: type[Handler], name: str) -> bool:
    """Tell whether a class has this name from the user, who knows it then, though the class may inherit it."""
    return getattr(cls, name, None) is not getattr(JSONHandler, name, None)


def _find_meant(name: str, value: Any) -> str | None:
    """Return what to write for a name in the body of a class; None if it is right, or a name of the user's."""
    if isinstance(value, (FunctionType, staticmethod, classmethod)):
        meant = _find_meant_method(name)
        return None if meant is None else f"def {meant}"
    if callable(value) or hasattr(value, "__get__") or name.isupper():  # a class, a property, a constant
        return None
    return None if name in SETTINGS else _find_near(name, SETTINGS)


def _find_meant_method(name: str) -> str | None:
    lower = name.lower()
    if name != lower and name.upper() in VERBS:
        return lower
    return HABITS.get(lower) or (None if name in METHODS else _find_near(lower, METHODS))


def _find_near(name: str, known: Sequence[str]) -> str | None:
    """Return the known name that is nearly this one, whatever its case."""
    close = get_close_matches(name.lower(), known, n=1, cutoff=NEARLY_THE_SAME)
    return close[0] if close else None
