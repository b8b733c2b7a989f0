"""Keep the user's own frames of a stack or a traceback."""

import importlib
import os
import traceback
from collections.abc import Iterable

import gevent
import geventwebsocket
import werkzeug

# Between the user's code and its caller: what is true of these frames is true of every request and every import.
MACHINERY = (
    "<frozen ",  # importlib, runpy
    *(
        os.path.dirname(os.path.abspath(file)) + os.sep
        for file in (importlib.__file__, gevent.__file__, geventwebsocket.__file__, werkzeug.__file__)
    ),
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep,  # Spa
)


def is_machinery(filename: str) -> bool:
    """Tell whether a file belongs to Spa, to what it stands on, or to Python's import."""
    return filename.startswith(MACHINERY)


def count_machinery(filenames: Iterable[str]) -> int:
    """Return how many frames at the outer end are machinery; 0 if all are, for then they are all there is to show."""
    for number, filename in enumerate(filenames):
        if not is_machinery(filename):
            return number
    return 0


def format_error(error: BaseException) -> str:
    """Return the traceback of an error, and of what led to it, with the user's frames only; lines that end in LF."""
    described = traceback.TracebackException.from_exception(error)
    _keep_own(described)
    return "".join(described.format())


def _keep_own(described: traceback.TracebackException | None) -> None:
    if described is not None:
        own = (frame for frame in described.stack if not is_machinery(frame.filename))
        described.stack = traceback.StackSummary.from_list(list(own))
        _keep_own(described.__cause__)
        _keep_own(described.__context__)
