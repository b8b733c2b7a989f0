"""Find the app that a command line names."""

import importlib
import inspect
import sys
from difflib import get_close_matches
from pathlib import Path, PurePath
from types import ModuleType
from typing import Any

from spa.app import App
from spa.errors import SetupError
from spa.handler import Handler
from spa.server.frames import format_error

FILES = ("app.py", "main.py", "wsgi.py")
NAMES = ("app", "application")
DEEPEST = 100  # wrappers around an app, before a chain that leads back to itself is given up
FAILURES = (Exception, SystemExit)


class ImportFailed(SetupError):
    """The user's module raises while it is imported.

    Attributes:
        trace: where, in the user's own frames; lines that end in LF.
    """

    def __init__(self, message: str, trace: str) -> None:
        super().__init__(message)
        self.trace = trace


def find_app(target: str | None, directory: Path) -> Any:
    """Import and return a WSGI app.

    Args:
        target: ``module:name``, ``module:factory()``, or ``module`` for its ``app`` or ``application``; None looks
            for these two in ``app.py``, ``main.py`` and ``wsgi.py`` of the directory.
        directory: where the user's modules are; it goes to the front of ``sys.path``.

    Raises:
        SetupError: there is no such module, or no app in it; the message names the fix.
        ImportFailed: the module, or the factory, raises.
    """
    if str(directory) not in sys.path[:1]:
        sys.path.insert(0, str(directory))
    if target is None:
        return _find_unnamed(directory)
    check_target(target)
    module_name, _, expression = target.partition(":")
    module = _import(module_name, directory)
    if expression:
        return _evaluate(module, expression)
    found = _find_usual(module)
    if found is None:
        raise SetupError(_explain(module))
    return found


def check_target(target: str) -> None:
    """See that this can name an app: ``module``, or ``module:`` and something.

    Raises:
        SetupError: it cannot.
    """
    name = target.partition(":")[0]
    if name.endswith(".py") or "/" in name:
        module = ".".join(part for part in PurePath(name.removesuffix(".py")).parts if part not in ("/", ".", ".."))
        raise SetupError(f"{name!r} is a path; go to the directory that it starts from, and name the module: {module}")
    if not all(part.isidentifier() for part in name.split(".")):
        raise SetupError(f"{name!r} is not the name of a module; write module:app")


def is_app(value: Any) -> bool:
    """Tell whether a value can be called as a WSGI app, which a class of apps or handlers cannot."""
    return callable(value) and not (isinstance(value, type) and issubclass(value, App | Handler))


def name_kind(value: Any) -> str:
    """Return what a value that is no app is, for a message."""
    return f"the class {value.__name__}" if isinstance(value, type) else type(value).__name__


def is_finding(frame: Any) -> bool:
    """Tell whether ``find_app`` is among the callers of a frame: that of a module which it imports, for one."""
    while frame is not None:
        if frame.f_code is find_app.__code__:
            return True
        frame = frame.f_back
    return False


def unwrap(app: Any) -> App | None:
    """Return the App inside WSGI middleware, which keeps what it wraps as ``app`` or ``wsgi_app``; None if it is none.

    So do Werkzeug's middleware and Spa's own; Flask's custom is the second name.
    """
    for _ in range(DEEPEST):
        if app is None or isinstance(app, App):
            return app
        app = getattr(app, "wsgi_app", None) or getattr(app, "app", None)
    return None


def _find_unnamed(directory: Path) -> Any:
    modules = []
    for file in FILES:
        if (directory / file).is_file():
            module = _import(file.removesuffix(".py"), directory)
            found = _find_usual(module)
            if found is not None:
                return found
            modules.append(module)
    if modules:
        raise SetupError(_explain(next((module for module in modules if _apps_of(module)), modules[0])))
    raise SetupError(
        f"there is no app or application in {', '.join(FILES)} of {directory}; name yours, as in: spa run module:app"
    )


def _find_usual(module: ModuleType) -> Any:
    for name in NAMES:
        found = getattr(module, name, None)
        if is_app(found):
            return _check_app(found, f"{module.__name__}:{name}")
    return None


def _explain(module: ModuleType) -> str:
    """Return why a module has no app under the usual names, and what to do."""
    for name in NAMES:
        if hasattr(module, name):
            kind = name_kind(getattr(module, name))
            return f"{module.__name__}:{name} is no WSGI app but {kind}; {_suggest(module)}"
    return f"module {module.__name__!r} has neither app nor application; {_suggest(module)}"


def _import(name: str, directory: Path) -> ModuleType:
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{name}.".startswith(f"{error.name}."):
            raise SetupError(
                f"there is no module {error.name!r} in {directory}; go to its directory, or name another: module:app"
            ) from None
        raise _failed(f"{name} cannot be imported", error) from None
    except FAILURES as error:
        raise _failed(f"{name} cannot be imported", error) from None
    file = directory / f"{name.replace('.', '/')}.py"
    if file.is_file() and not file.samefile(getattr(module, "__file__", None) or directory):
        raise SetupError(f"{name!r} is a module that was loaded from elsewhere; give {file.name} another name")
    return module


def _evaluate(module: ModuleType, expression: str) -> Any:
    path = expression.removesuffix("()")
    found: Any = module
    for name in path.split("."):
        found = getattr(found, name, None)
        if found is None:
            raise SetupError(f"module {module.__name__!r} has no {path!r}; {_suggest(module, path)}")
    if path != expression:
        try:
            found = found()
        except FAILURES as error:
            raise _failed(f"{module.__name__}:{expression} failed", error) from None
    if not is_app(found):
        raise SetupError(f"{module.__name__}:{expression} is no WSGI app but {name_kind(found)}; {_suggest(module)}")
    return _check_app(found, f"{module.__name__}:{path}")


def _check_app(found: Any, target: str) -> Any:
    """Return what was found, unless it is a function that makes the app instead of being it."""
    if not _takes_request(found):
        raise SetupError(
            f"{target} does not take environ and start_response; if it returns the app, write '{target}()'"
        )
    return found


def _takes_request(found: Any) -> bool:
    """Tell whether an app can be called as one; of anything but a function that is taken for granted."""
    if inspect.isfunction(found):
        try:
            inspect.signature(found).bind(None, None)
        except TypeError:
            return False
    return True


def _failed(what: str, error: BaseException) -> ImportFailed:
    lines = str(error).splitlines()
    said = f": {lines[0]}" if lines else ""
    return ImportFailed(f"{what}; mend this first: {type(error).__name__}{said}", format_error(error))


def _suggest(module: ModuleType, missing: str = "") -> str:
    for name in _apps_of(module, missing):
        return f"write {module.__name__}:{name}"
    return "make one there, as in: app = spa.App(routes)"


def _apps_of(module: ModuleType, missing: str = "") -> list[str]:
    """Return the names that may be meant, the likeliest first; an App is last, as middleware may belong around it."""
    known = {name: value for name, value in vars(module).items() if is_app(value) and _takes_request(value)}
    usual = [name for name in NAMES if name in known]
    apps = sorted(name for name, value in known.items() if isinstance(value, App))
    return [*usual, *get_close_matches(missing, known), *apps]
