"""Check a JSON value against a type of msgspec or pydantic, by that package."""

import json
import re
from collections.abc import Callable, Iterable
from types import UnionType
from typing import Any, Union, get_args, get_origin

from spa.validation.mismatch import MOST_ERRORS, Errors, Loc

# What msgspec puts behind a message: " - at `$.items[0].price`".
PATH = re.compile(r"(.*?)(?: - at `(?:key` in `)?\$(.*)`)?", re.DOTALL)
STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]|\[\.\.\.\]")


class Model:
    """What a package builds of a value. ``convert`` raises its error, ``explain`` tells what that says and where."""

    def __init__(
        self,
        convert: Callable[[Any], Any],
        failure: type[Exception],
        explain: Callable[[Any], Iterable[tuple[Loc, str]]],
    ) -> None:
        self.convert = convert
        self.failure = failure
        self.explain = explain

    def __call__(self, value: Any, loc: Loc, errors: Errors) -> Any:
        """Return what the package builds of the value."""
        try:
            return self.convert(value)
        except self.failure as error:
            for inner, msg in self.explain(error):
                errors.add((*loc, *inner), msg)


def model_of(wanted: Any) -> Model | None:
    """Return the check of a type, or of a union of types of one package; None if it is of neither package.

    Raises:
        TypeError: the package cannot tell the types of the union apart.
    """
    package = package_of(get_args(wanted)[0] if get_origin(wanted) in (Union, UnionType) else wanted)
    if package is None:
        return None
    return _by_msgspec(wanted) if package == "msgspec" else _by_pydantic(wanted)


def package_of(wanted: Any) -> str | None:
    """Return the name of the package a type is of, or None if it is of neither."""
    if hasattr(get_origin(wanted) or wanted, "__struct_fields__"):
        return "msgspec"
    if hasattr(wanted, "__pydantic_validator__") or type(wanted).__module__.partition(".")[0] == "pydantic":
        return "pydantic"
    return None


def _by_msgspec(wanted: Any) -> Model:
    import msgspec

    msgspec.json.Decoder(wanted)  # it knows now what it cannot read

    def convert(value: Any) -> Any:
        return msgspec.convert(value, wanted, str_keys=True)

    return Model(convert, msgspec.ValidationError, lambda error: [_read_path(str(error))])


def _by_pydantic(wanted: Any) -> Model:
    import pydantic

    adapter = wanted if isinstance(wanted, pydantic.TypeAdapter) else pydantic.TypeAdapter(wanted)

    def convert(value: Any) -> Any:
        # Not validate_python: of JSON, a strict model reads a date from a string, as it must.
        return adapter.validate_json(json.dumps(value))

    def explain(error: pydantic.ValidationError) -> Iterable[tuple[Loc, str]]:
        count = error.error_count()
        if count > MOST_ERRORS:  # errors() builds a dict of each, and of no fewer
            return [((), f"Does not fit in {count} ways, too many to tell.")]
        details = error.errors(include_url=False, include_context=False, include_input=False)
        return ((detail["loc"], f"{detail['msg']}.") for detail in details)

    return Model(convert, pydantic.ValidationError, explain)


def _read_path(message: str) -> tuple[Loc, str]:
    match = PATH.fullmatch(message)
    assert match is not None  # the pattern takes any text
    steps = STEP.findall(match[2] or "")
    return tuple(int(index) if index else name for name, index in steps if name or index), f"{match[1]}."
