"""Turn values into JSON and JSON into values, with Python's own module or another."""

import sys
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from decimal import Decimal
from enum import Enum
from functools import lru_cache, partial, singledispatch
from inspect import isroutine
from json import JSONDecodeError, JSONDecoder, JSONEncoder
from math import isfinite
from pathlib import PurePath
from typing import Any, NoReturn

from spa.errors import SetupError
from spa.jsontext import NotJSON, decode_text, find_token, not_json, refuse_depth, refuse_surrogates
from spa.scalar import WRITERS

NOT_NUMBERS = [kind(name) for kind in (float, Decimal) for name in ("NaN", "Infinity")]
LONGEST_MESSAGE = 200  # characters of what another module says is wrong: it may quote the whole body
SAMPLE = {"é": [1, 2.5, None, True, "x"]}


@dataclass(frozen=True, slots=True)
class Codec:
    """One way to read and write JSON.

    Attributes:
        loads: return the value of JSON, given as bytes or text; raises ``NotJSON``.
        dumps: return a value as the bytes of JSON; raises ``TypeError`` or ``ValueError``.
    """

    loads: Callable[[bytes | str], Any]
    dumps: Callable[[Any], bytes]


@singledispatch
def plain(value: Any) -> Any:
    """Return what stands for a value in JSON: one step, down to what JSON has.

    Raises:
        TypeError: nothing does.
        ValueError: it is a decimal that is not a number, or infinite.
    """
    kind = type(value)
    if hasattr(kind, "__pydantic_serializer__") or kind.__module__.partition(".")[0] == "pydantic":
        return _write_pydantic(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    if hasattr(kind, "__struct_encode_fields__"):
        return _write_struct(value)
    raise TypeError(f"a value of type {kind.__name__} cannot be written as JSON: {_advise(value)}")


def _advise(value: Any) -> str:
    """Tell what to do with a value that nothing in JSON stands for."""
    if isroutine(value):
        return "call it"
    if isinstance(value, Mapping):
        return "make it a dict"
    if isinstance(value, Iterable):
        return "make it a list"
    return "put a dict in its place, or make its class a dataclass"


def _write_pydantic(value: Any) -> Any:
    """Return what pydantic writes for a model or dataclass of its own, or for what it builds, such as a URL."""
    from pydantic_core import to_jsonable_python

    return to_jsonable_python(value, by_alias=True)  # by what it reads: a model wants its aliases


def _write_struct(value: Any) -> Any:
    """Return what msgspec writes for a Struct, whose members may have other names and a tag; its values as they are."""
    from msgspec import UNSET

    kind, config = type(value), value.__struct_config__
    members = {
        written: getattr(value, name)
        for name, written in zip(kind.__struct_fields__, kind.__struct_encode_fields__, strict=True)
    }
    if config.tag is not None:
        members = {config.tag_field: config.tag} | members
    if config.array_like:
        return list(members.values())
    return {name: member for name, member in members.items() if member is not UNSET}


plain.register(PurePath, str)
plain.register(tuple, list)  # a named one, which orjson does not take for a tuple
for scalar, write in WRITERS.items():  # of subclasses, orjson refuses those of float, msgspec those of str and int too
    plain.register(scalar, write)


@plain.register(Enum)
def _(value: Enum) -> Any:
    return value.value


@plain.register(set)
@plain.register(frozenset)
def _(value: set[Any]) -> list[Any]:
    try:
        return sorted(value)  # the same bytes for the same set, in every process
    except TypeError:
        return list(value)


ENCODER = JSONEncoder(ensure_ascii=False, allow_nan=False, default=plain)


def encode_json(value: Any) -> bytes:
    """Return a value as the bytes of JSON (RFC 8259): UTF-8, and no NaN.

    Raises:
        TypeError, ValueError: JSON has no such value.
    """
    return ENCODER.encode(value).encode()


def decode_json(data: bytes | str) -> Any:
    """Return the value of JSON, given as UTF-8 or as text.

    Raises:
        NotJSON: it is not JSON, holds a number that Python cannot, or is nested too deeply (``MOST_NESTED``).
    """
    text = decode_text(data)
    try:
        value = DECODER.decode(text)
    except JSONDecodeError as error:
        raise NotJSON(f"{error.msg}: line {error.lineno} column {error.colno}") from error
    except _Refused as error:
        refused = error.token
        raise not_json(error.reason, text, find_token(text, lambda token: token == refused)) from error
    except ValueError as error:
        raise not_json("a number has too many digits", text, find_token(text, _is_too_long)) from error
    except RecursionError:
        refuse_depth(text)
        raise  # it is the caller that stands at the end of the stack
    refuse_surrogates(text)
    refuse_depth(text)
    return value


def codec_of(module: Any) -> Codec:
    """Return how a module reads and writes JSON; None is Python's, a ``Codec`` is itself.

    Raises:
        SetupError: the module does neither; the message names what will do.
    """
    if module is None:
        return PYTHON
    if isinstance(module, Codec):
        return module
    return _known_codec(module) if isinstance(module, Hashable) else _make_codec(module)


@lru_cache(maxsize=16)  # a program has one or two; one that makes them anew all the time does not fill the memory
def _known_codec(module: Any) -> Codec:
    return _make_codec(module)


def _make_codec(module: Any) -> Codec:
    read, write = _functions_of(module)
    try:
        works = read(_bytes(write(SAMPLE)).decode()) == SAMPLE
    except Exception as error:
        raise SetupError(f"json_module={_name(module)} does not work: {error!r}; try orjson or msgspec.json") from error
    if not works:
        raise SetupError(f"json_module={_name(module)} reads other values than it wrote; try orjson or msgspec.json")
    is_lenient = any(_passes(read, text) for text in ("[NaN]", "[-Infinity]", "[1e999]"))
    # What it writes for numbers that JSON has not; orjson and msgspec would make them null without a word.
    stand_ins = {_bytes(write(number)) for number in NOT_NUMBERS if _passes(write, number)}

    def loads(data: bytes | str) -> Any:
        text = decode_text(data)
        try:
            value = read(text)
        except Exception as error:  # each module has its own
            decode_json(text)  # this names line and column of most of what is wrong
            raise NotJSON(str(error)[:LONGEST_MESSAGE]) from error
        if is_lenient and not _is_finite(value):
            decode_json(text)
            raise NotJSON("a number is infinite, or not a number")
        refuse_surrogates(text)
        refuse_depth(text)
        return value

    def dumps(value: Any) -> bytes:
        data = _bytes(write(value))
        if any(text in data for text in stand_ins) and not _is_finite(value):
            raise ValueError("JSON has no NaN, and no infinity")
        return data

    return Codec(loads, dumps)


def _functions_of(module: Any) -> tuple[Callable[[str], Any], Callable[[Any], bytes | str]]:
    """Return how to read and to write with a module, with what it needs to write as Python's does here."""
    if _has(module, "loads", "dumps"):
        if hasattr(module, "OPT_NON_STR_KEYS"):
            return module.loads, _orjson_writer(module)
        write = partial(module.dumps, default=plain, ensure_ascii=False)
        return module.loads, write if _passes(write, SAMPLE) else partial(module.dumps, default=plain)
    if _has(module, "decode", "encode"):  # msgspec.json
        return module.decode, partial(module.encode, enc_hook=plain)
    raise SetupError(
        f"json_module={_name(module)} has no loads and dumps, nor decode and encode; pass orjson, msgspec.json, "
        "or another module that has"
    )


def _orjson_writer(orjson: Any) -> Callable[[Any], bytes | str]:
    option = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS
    write: Callable[[Any], bytes] = partial(orjson.dumps, default=plain, option=option)
    retry: Callable[[Any], bytes] = partial(orjson.dumps, default=plain, option=option | orjson.OPT_NON_STR_KEYS)

    def dumps(value: Any) -> bytes:
        try:
            return write(value)
        except TypeError:  # maybe of a key that is a number; to allow for them always makes keys of text slow, too
            return retry(value)

    return dumps


def _is_finite(value: Any) -> bool:
    """Tell whether no number within a value is infinite or NaN."""
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, float):
            if not isfinite(value):
                return False
        elif isinstance(value, Mapping):
            waiting.extend(value.values())
        elif isinstance(value, (list, tuple)):
            waiting.extend(value)
        elif value is not None and not isinstance(value, (str, int)):
            try:
                waiting.append(plain(value))
            except TypeError:
                pass  # a type that only the module knows
    return True


class _Refused(ValueError):
    """A token that Python's parser knows, and JSON or a double does not."""

    def __init__(self, token: str, reason: str) -> None:
        super().__init__(reason)
        self.token = token
        self.reason = reason


def _refuse_constant(token: str) -> NoReturn:
    raise _Refused(token, f"{token} is not a JSON value")


def _read_float(token: str) -> float:
    value = float(token)
    if not isfinite(value):
        raise _Refused(token, "a number is too large")
    return value


def _is_too_long(token: str) -> bool:
    digits = token.lstrip("-")
    return digits.isdigit() and len(digits) > sys.get_int_max_str_digits()


def _passes(function: Callable[[Any], Any], value: Any) -> bool:
    try:
        function(value)
    except Exception:
        return False
    return True


def _bytes(data: bytes | str) -> bytes:
    return data.encode() if isinstance(data, str) else data


def _has(module: Any, *names: str) -> bool:
    return all(callable(getattr(module, name, None)) for name in names)


def _name(module: Any) -> str:
    return str(getattr(module, "__name__", module))


DECODER = JSONDecoder(parse_float=_read_float, parse_constant=_refuse_constant)
PYTHON = Codec(decode_json, encode_json)
