"""See, when the app is built, that every route can answer.

What is refused here could only ever fail: with 404 or 405 for every request, or with a ``TypeError`` from a call that
is nowhere in the program. What cannot be told for certain passes, as a method that a decorator has replaced.
"""

import inspect
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from http import HTTPMethod
from types import FunctionType
from typing import Any

from spa.errors import SetupError
from spa.handler import Handler, JSONHandler
from spa.misnomer import USUAL, find_misnomer, members_of, suggest_method

SLASHES = re.compile("/{2,}?")  # as Werkzeug merges them in a pattern
VARIABLE = re.compile(r"<([^<>]*:)?[a-zA-Z_][a-zA-Z0-9_]*>")
BRACES = re.compile(r"\{([a-zA-Z_][a-zA-Z0-9_]*)(?::([a-zA-Z_][a-zA-Z0-9_]*))?\}")
PLAIN = {"", "default:", "string:"}  # three ways to write one converter
ANSWERING = [*(verb.lower() for verb in HTTPMethod), "websocket"]
# What is looked at: a method called connect or trace answers too, but may as well be meant for the class itself.
LOOKED_AT = ("prepare", *USUAL, "head", "options")
AT_SELF = {"ws": "ws", "websocket": "ws", "socket": "ws", "request": "request", "req": "request"}  # others hand it over
ARGUMENTS = "app, request, params, route_name"


class Patterns:
    """The patterns of an app, no two of which may have the same paths: Werkzeug would never find the second.

    Args:
        replaced: the names of converters that are not Werkzeug's own.
    """

    def __init__(self, replaced: Collection[str] = ()) -> None:
        self._first: dict[str, str] = {}
        self._plain = PLAIN if {"default", "string"}.isdisjoint(replaced) else {"", "default:"}

    def add(self, pattern: str) -> None:
        """Add a pattern that Werkzeug has taken.

        Raises:
            SetupError: another has the same paths, or this one has its variables in braces.
        """
        check_braces(pattern)
        shape = VARIABLE.sub(self._unname, SLASHES.sub("/", pattern))
        if shape in self._first:
            first = self._first[shape]
            same = f"the pattern {pattern!r}" if first == pattern else f"the same paths, {first!r} and {pattern!r}"
            raise SetupError(
                f"two routes have {same}, and the second is never found: put the methods of both into one class"
            )
        self._first[shape] = pattern

    def _unname(self, variable: re.Match[str]) -> str:
        """Return a variable without its name."""
        converter = variable[1] or ""
        return "<>" if converter in self._plain else f"<{converter}>"


def check_braces(pattern: str) -> None:
    """See that no variable is written in the way of other frameworks: ``{name}`` is found as it stands only.

    Raises:
        SetupError: one is.
    """
    braces = BRACES.search(VARIABLE.sub("", pattern))  # a converter may have braces in its arguments
    if braces is not None:
        converter = "" if braces[2] in (None, "str") else f"{braces[2]}:"
        raise SetupError(f"{pattern!r}: a variable is written <{converter}{braces[1]}>, not {braces[0]}")


def check_mounts(paths: Sequence[str]) -> None:
    """See that no two apps are mounted under one path.

    Raises:
        SetupError: two are.
    """
    for index, path in enumerate(paths):
        check_braces(path)
        if path in paths[:index]:
            raise SetupError(f"two apps are mounted under {path!r}, and the second is never asked: move one of them")


class Handlers:
    """The handlers of an app, each of whose methods must fit one of its routes at least."""

    def __init__(self) -> None:
        self._misfits: dict[tuple[type[Handler], str], str | None] = {}

    def add(self, pattern: str, handler: Any, kwargs: Mapping[str, Any], variables: Collection[str]) -> None:
        """Add the handler of a route, which is called with the variables of its pattern.

        Args:
            pattern: of the route.
            handler: whatever may be called.
            kwargs: the fourth item of the route.
            variables: the names in the pattern.

        Raises:
            SetupError: it cannot be called; the message names class, method and variable, and what to write.
        """
        cls = handler
        if isinstance(handler, partial) and not handler.args:
            cls, kwargs = handler.func, {**handler.keywords, **kwargs}
        try:
            if isinstance(cls, type) and issubclass(cls, Handler):
                ordered = sorted(variables, key=lambda name: pattern.find(f"{name}>"))
                for name, misfit in _check_class(cls, kwargs, ordered):
                    told = f"route {pattern!r}: {misfit}" if misfit is not None else None
                    self._misfits[cls, name] = told and self._misfits.get((cls, name), told)
            else:
                _check_callable(handler, kwargs)
        except SetupError as error:
            raise SetupError(f"route {pattern!r}: {error}") from None

    def check(self) -> None:
        """See that each method can be called for one of the routes of its class.

        A class may stand under several routes, with a verb that only some of them have a use for, as
        ``delete(self, id)`` has none for the route without the ``id``.

        Raises:
            SetupError: one cannot, and fails whenever it is called.
        """
        for misfit in self._misfits.values():
            if misfit is not None:
                raise SetupError(misfit)


# Handler classes


def _check_class(
    cls: type[Handler], kwargs: Mapping[str, Any], variables: Sequence[str]
) -> Iterator[tuple[str, str | None]]:
    """Yield the methods that are called with the variables, and why one cannot be."""
    _check_constructor(cls, kwargs)
    if not _is_spas_own(cls, "__call__"):
        return  # how it answers is its own affair
    has_answer = any(getattr(cls, name, None) is not None for name in ANSWERING)
    if not has_answer and _is_spas_own(cls, "__init__"):  # one of its own may raise the answer
        raise SetupError(_explain_silence(cls))
    misnomer = find_misnomer(cls)
    if misnomer is not None:
        raise SetupError(misnomer)
    methods = [name for name in LOOKED_AT if hasattr(cls, name) and not _is_spas_own(cls, name)]
    if _is_spas_own(cls, "to_response"):  # one of its own may wait for what async def returns
        for name in (*methods, "websocket_close"):
            check_is_plain(f"{cls.__name__}.{name}", getattr(cls, name))
            if name.startswith("websocket") and inspect.isgeneratorfunction(getattr(cls, name)):
                raise SetupError(f"{cls.__name__}.{name}: write self.ws.send(...), not yield, which nobody would run")
    if _is_spas_own(cls, "__init__"):  # one of its own may change the variables
        is_trusted = _may_change_params(cls)
        for name in methods:
            misfit = _explain_misfit(cls, name, variables) if name == "prepare" or not is_trusted else None
            if name == "prepare" and misfit is not None:  # it runs before every verb, under every route
                raise SetupError(misfit)
            yield name, misfit
    if callable(getattr(cls, "websocket", None)):
        yield "websocket_close", _explain_misfit(cls, "websocket_close", ())


def _check_constructor(cls: type[Handler], kwargs: Mapping[str, Any]) -> None:
    function = inspect.getattr_static(cls, "__init__")
    if type(cls).__call__ is not type.__call__ or not isinstance(function, FunctionType):
        return  # a metaclass may make it in another way
    error = try_call(function, (None,) * 5, kwargs)
    if error is not None:
        raise SetupError(
            f"{cls.__name__}.__init__ cannot be called as a handler is ({error}): write"
            " def __init__(self, app, req, params, route_name, **kwargs) and hand all on to super().__init__"
        )


def _explain_misfit(cls: type[Handler], name: str, variables: Sequence[str]) -> str | None:
    """Return why a method cannot be called with these variables, and what to write; None if it can."""
    function, instance = _find_function(cls, name)
    if function is None:
        return None
    error = try_call(function, instance, dict.fromkeys(variables))
    if error is None:
        return None
    signature = inspect.signature(function, follow_wrapped=False)
    method, parameters = f"{cls.__name__}.{name}{signature}", list(signature.parameters.values())[len(instance) :]
    wanted = f"def {name}({', '.join(['self', *variables])})"
    extra = [variable for variable in variables if not any(_takes(parameter, variable) for parameter in parameters)]
    missing = [parameter.name for parameter in parameters if _is_required(parameter, variables)]
    if name == "websocket_close":
        return f"{method} gets no arguments: write {wanted}, and see self.params and self.ws.close_code"
    if extra:
        return (
            f"{method} does not take the variable {extra[0]!r}: write {wanted}, or give this route a class of its own"
        )
    if missing and missing[0] in AT_SELF:
        return f"{method} is not given {missing[0]!r}, which is self.{AT_SELF[missing[0]]}: write {wanted}"
    if missing:
        return (
            f"{method} needs {missing[0]!r}, which the pattern has not: write <{missing[0]}> into the pattern,"
            f" or give it a default, {missing[0]}=None"
        )
    return f"{method} cannot be called ({error}): write {wanted}"


def _takes(parameter: inspect.Parameter, variable: str) -> bool:
    if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
        return parameter.name == variable
    return parameter.kind is parameter.VAR_KEYWORD


def _is_required(parameter: inspect.Parameter, variables: Sequence[str]) -> bool:
    if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
        return False
    return parameter.default is parameter.empty and parameter.name not in variables


def _find_function(cls: type[Handler], name: str) -> tuple[FunctionType | None, tuple[None, ...]]:
    """Return the function of a method, and what is passed before the variables; no function if it is another thing."""
    found = inspect.getattr_static(cls, name)
    instance: tuple[None, ...] = (None,)
    if isinstance(found, staticmethod):
        instance = ()
    if isinstance(found, (staticmethod, classmethod)):
        found = found.__func__
    return (found, instance) if isinstance(found, FunctionType) else (None, ())


def _may_change_params(cls: type[Handler]) -> bool:
    """Tell whether what may run before a verb, as ``prepare`` does, speaks of ``self.params``, which the verb gets."""
    functions = (inspect.unwrap(value) for name, value in members_of(cls) if name not in ANSWERING)
    return any("params" in function.__code__.co_names for function in functions if isinstance(function, FunctionType))


def _explain_silence(cls: type[Handler]) -> str:
    explanation = f"{cls.__name__} has no method that answers: write {', '.join(USUAL[:-1])} or {USUAL[-1]}"
    suggestion = suggest_method(cls)
    if suggestion is not None:
        return f"{explanation}; perhaps {suggestion}"
    if not _is_spas_own(cls, "prepare"):
        explanation += "; prepare runs before one of them only"
    return explanation


def _is_spas_own(cls: type[Handler], name: str) -> bool:
    """Tell whether a method is that of Spa's own classes."""
    found = inspect.getattr_static(cls, name)
    return any(found is vars(base).get(name) for base in (Handler, JSONHandler))


# Functions, and other callables


def _check_callable(handler: Any, kwargs: Mapping[str, Any]) -> None:
    name = getattr(handler, "__name__", type(handler).__name__)
    check_is_plain(name, handler)
    check_is_plain(name, type(handler).__call__)
    error = try_call(handler, (None,) * 4, kwargs)
    if error is None:
        return
    if isinstance(handler, type):
        raise SetupError(f"{name} is no handler class: write class {name}(spa.Handler)")
    signature = inspect.signature(handler, follow_wrapped=False)
    if "start_response" in signature.parameters:
        raise SetupError(f"{name}{signature} is a WSGI app: put it under a path with spa.mount")
    wanted = ", ".join([ARGUMENTS, *map(str, kwargs)])
    raise SetupError(f"a function handler takes ({wanted}), unlike {name}{signature}: {error}")


# Both


def check_is_plain(name: str, function: Any) -> None:
    """Raise SetupError for a function that must be awaited."""
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        raise SetupError(f"{name}: write def, not async def: gevent needs no await")


def try_call(function: Any, args: Sequence[None], kwargs: Mapping[str, Any]) -> TypeError | None:
    """Return why a call with such arguments must fail; None if it need not, or nobody can tell."""
    if hasattr(function, "__signature__"):
        return None  # what it says is for readers; a decorator may pass other arguments
    try:
        signature = inspect.signature(function, follow_wrapped=False)
    except (TypeError, ValueError):  # as of a function written in C
        return None
    try:
        signature.bind(*args, **kwargs)
    except TypeError as error:
        return error
    return None
