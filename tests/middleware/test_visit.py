"""Hold one session from its first use to the end of its request, without an app around it."""

import pytest
from werkzeug.exceptions import Forbidden
from werkzeug.test import create_environ

from spa.middleware.cookie import LARGEST_COOKIE, Cookie
from spa.middleware.visit import Settings, Visit
from spa.token import TokenSigner
from tests.forge import NOW, PURPOSE, SECRET, VALID

SETTINGS = Settings(
    signer=TokenSigner(SECRET, PURPOSE, max_age=3600, clock=lambda: NOW),
    cookie=Cookie("session"),
    bearer=True,
    clock=lambda: NOW,
    vary=("Cookie", "Authorization"),
)
OK = "200 OK"


def visit(**headers) -> Visit:
    return Visit(SETTINGS, create_environ(headers=headers))


def by_cookie() -> Visit:
    return visit(Cookie=f"session={VALID}")


def test_a_visit_that_is_not_used_adds_nothing():
    headers = [("X-A", "1")]
    assert by_cookie().finish(OK, headers) is headers


def test_a_session_that_was_read_adds_what_the_answer_varies_by():
    one = by_cookie()
    assert one.open() == {"user": 7}
    assert one.finish(OK, []) == [("Vary", "Cookie, Authorization")]


def test_a_session_that_was_changed_is_written_once():
    one = by_cookie()
    one.open()["user"] = 8
    first, again = one.finish(OK, []), one.finish(OK, [])
    assert first == again
    assert [name for name, _ in first] == ["Vary", "Set-Cookie", "Cache-Control"]


def test_what_failed_leaves_nothing_behind():
    one = by_cookie()
    one.open()["user"] = 8
    assert one.finish("503 Service Unavailable", []) == [("Vary", "Cookie, Authorization")]


def test_after_the_answer_has_started_nothing_can_be_changed_nor_opened():
    one = by_cookie()
    session = one.open()
    one.finish(OK, [])
    with pytest.raises(RuntimeError, match="cannot be changed any more"):
        session["user"] = 8
    late = by_cookie()
    late.finish(OK, [])
    with pytest.raises(RuntimeError, match="before the answer starts"):
        late.open()


def test_a_session_of_a_bearer_token_cannot_be_changed():
    one = visit(Authorization=f"Bearer {VALID}")
    session = one.open()
    with pytest.raises(Forbidden):
        session["user"] = 8


def test_the_largest_session_that_browsers_keep_is_kept():
    sizes = {}
    for length in range(2800, 2900):
        try:
            sizes[length] = len(SETTINGS.dump({"text": "x" * length}, is_https=True))
        except ValueError:
            break
    assert max(sizes.values()) in range(LARGEST_COOKIE - 3, LARGEST_COOKIE + 1)  # base64 grows in steps
    assert 2800 in sizes
    assert 2899 not in sizes
