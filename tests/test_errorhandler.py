"""Which function answers which error."""

import pytest
from werkzeug.exceptions import Gone, HTTPException, NotFound

from spa.errorhandler import ErrorHandlers
from spa.errors import SetupError


class MissingNote(NotFound):
    """A kind of 404."""


def handlers(*keys):
    found = ErrorHandlers()
    for key in keys:
        found.add(key, f"for {key if isinstance(key, int) else key.__name__}")
    return found


@pytest.mark.parametrize(
    ("keys", "error", "expected"),
    [
        ([], NotFound(), None),
        ([404], NotFound(), "for 404"),
        ([404], MissingNote(), "for 404"),
        ([404], Gone(), None),
        ([404], KeyError(), None),
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
    assert handlers(*keys).find(error) == expected


@pytest.mark.parametrize("key", [200, 499, 1000, "404", None, KeyError(), object, BaseException, SystemExit])
def test_a_key_that_is_no_error_is_refused(key):
    with pytest.raises(SetupError, match="code of an HTTP error"):
        ErrorHandlers().add(key, print)


@pytest.mark.parametrize("key", [404, KeyError])
def test_a_second_handler_for_the_same_is_refused(key):
    with pytest.raises(SetupError, match="already"):
        handlers(key, key)
