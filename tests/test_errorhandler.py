"""Which function answers which error."""

import pytest
from werkzeug.exceptions import Gone, HTTPException, NotFound

from spa.errorhandler import ErrorHandlers
from spa.errors import SetupError
from spa.redirect import Redirect
from spa.response import Response
from spa.websocket.handshake import UpgradeRequired


class MissingNote(NotFound):
    """A kind of 404."""


def handlers(*keys):
    found = ErrorHandlers()
    for key in keys:
        name = key if isinstance(key, int) else key.__name__
        found.add(key, lambda *arguments, name=name: f"for {name}")
    return found


@pytest.mark.parametrize(
    ("keys", "error", "expected"),
    [
        ([], NotFound(), None),
        ([404], NotFound(), "for 404"),
        ([404], MissingNote(), "for 404"),
        ([404], Gone(), None),
        ([404], KeyError(), None),
        ([426], UpgradeRequired(), "for 426"),
        ([404, NotFound], NotFound(), "for NotFound"),
        ([404, MissingNote], NotFound(), "for 404"),
        ([HTTPException, 404], NotFound(), "for 404"),
        ([HTTPException, 404], Gone(), "for HTTPException"),
        ([Exception], Gone(), "for Exception"),
        ([Exception, LookupError], KeyError(), "for LookupError"),
        ([Exception, KeyError, LookupError], KeyError(), "for KeyError"),
        ([Exception], SystemExit(), None),
    ],
)
def test_the_nearest_handler_is_found(keys, error, expected):
    found = handlers(*keys).find(error)
    assert (found and found()) == expected


@pytest.mark.parametrize("key", [200, 399, 600, "404", None, KeyError(), object, BaseException, SystemExit, print])
def test_a_key_that_is_no_error_is_refused(key):
    with pytest.raises(SetupError, match="code of an HTTP error"):
        ErrorHandlers().add(key, print)


def test_what_is_no_function_is_refused():
    with pytest.raises(SetupError, match="takes a function"):
        ErrorHandlers().add(404, "x")


def without_arguments():
    return "gone"


async def awaited(request, error):
    return "gone"


@pytest.mark.parametrize("function", [without_arguments, lambda error: "", lambda request, error, more: ""])
def test_a_function_that_takes_other_arguments_is_refused(function):
    with pytest.raises(SetupError, match=r"app.error\(404\): .* is called with \(request, error\)") as caught:
        ErrorHandlers().add(404, function)
    assert f"test_errorhandler.{function.__qualname__} is called" in str(caught.value)


def test_a_function_that_must_be_awaited_is_refused():
    with pytest.raises(SetupError, match="awaited: write def, not async def"):
        ErrorHandlers().add(404, awaited)


@pytest.mark.parametrize("error", [Redirect("/x/"), HTTPException(response=Response("own"))])
def test_an_exception_that_carries_its_answer_is_no_error(error):
    assert handlers(Exception, HTTPException, 404).find(error) is None


@pytest.mark.parametrize("key", [404, KeyError])
def test_a_second_handler_for_the_same_is_refused(key):
    with pytest.raises(SetupError, match="already"):
        handlers(key, key)
