"""Hold the cookie of the session: one that browsers keep, or a mistake in the set-up."""

import pytest

from spa.errors import SetupError
from spa.middleware.cookie import LARGEST_COOKIE, Cookie


def test_a_cookie_says_its_attributes():
    line = Cookie("visitor", "/app", "example.org", "Strict").dump("abc", 60, now=0, is_https=True)
    first, *attributes = line.split("; ")
    assert first == "visitor=abc"
    assert set(attributes) == {
        *("Domain=example.org", "Expires=Thu, 01 Jan 1970 00:01:00 GMT", "Max-Age=60"),
        *("Secure", "HttpOnly", "Path=/app", "SameSite=Strict"),
    }


def test_no_seconds_delete_it():
    line = Cookie("a").dump("", 0, now=1_800_000_000, is_https=False)
    assert "Max-Age=0" in line
    assert "Expires=Thu, 01 Jan 1970 00:00:00 GMT" in line


@pytest.mark.parametrize(
    ("secure", "is_https", "expected"),
    [(None, True, True), (None, False, False), (True, False, True), (False, True, False)],
)
def test_it_is_secure_if_it_was_set_over_https_or_as_is_said(secure, is_https, expected):
    line = Cookie("a", secure=secure).dump("", 60, now=0, is_https=is_https)
    assert ("Secure" in line.split("; ")) is expected


def test_the_size_that_browsers_keep_is_the_largest():
    cookie = Cookie("a")
    around = len(cookie.dump("", 60, now=0, is_https=False))
    assert len(cookie.dump("x" * (LARGEST_COOKIE - around), 60, now=0, is_https=False)) == LARGEST_COOKIE
    with pytest.raises(ValueError, match=f"{LARGEST_COOKIE + 1} bytes, and browsers keep {LARGEST_COOKIE}"):
        cookie.dump("x" * (LARGEST_COOKIE - around + 1), 60, now=0, is_https=False)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"secure": True, "same_site": "None"},
        {"secure": None, "same_site": "none"},  # it is, behind a proxy that says https
        {"secure": False},
        {"name": "__Host-a"},
        {"name": "__Host-a", "secure": True, "path": "/"},
        {"name": "__Secure-a", "domain": "example.org", "path": "/app"},
        {"name": "__host", "secure": False, "path": "/app"},
        {"domain": "bücher.example"},
    ],
)
def test_a_cookie_that_browsers_keep_can_be_made(options):
    assert "HttpOnly" in Cookie(**{"name": "a", **options}).dump("x", 60, now=0, is_https=True)


@pytest.mark.parametrize(
    ("options", "fix"),
    [
        ({"name": ""}, "use letters"),
        ({"name": "a b"}, "use letters"),
        ({"name": None}, "use letters"),
        ({"path": "app"}, "starts with a slash"),
        ({"path": ""}, "starts with a slash"),
        ({"same_site": "lux"}, "same_site is 'Lax', 'Strict' or 'None'"),
        ({"same_site": None}, "same_site is 'Lax', 'Strict' or 'None'"),
        ({"same_site": "None", "secure": False}, "leave secure=False out"),
        ({"same_site": "none", "secure": False}, "leave secure=False out"),
        ({"name": "__Host-a", "secure": False}, "leave secure=False out"),
        ({"name": "__HOST-a", "secure": False}, "leave secure=False out"),
        ({"name": "__Secure-a", "secure": False}, "leave secure=False out"),
        ({"name": "__Host-a", "domain": "example.org"}, "leave both out"),
        ({"name": "__Host-a", "path": "/app"}, "leave both out"),
        ({"name": "__host-a", "path": "/app"}, "leave both out"),
        ({"path": None}, "starts with a slash; browsers would not use None"),
        ({"domain": 5}, "is a name, or None for this host only, not 5"),
        ({"domain": "a" * 70 + ".example"}, "cannot be made with domain"),
    ],
)
def test_a_cookie_that_browsers_would_drop_is_a_mistake_in_the_set_up(options, fix):
    with pytest.raises(SetupError, match=fix):
        Cookie(**{"name": "a", **options})
