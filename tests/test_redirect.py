"""Hold that a redirect stays in the app, and keeps what it is not about."""

import pytest

from spa.redirect import quote_path, redirect_to


@pytest.mark.parametrize(
    ("path", "script", "query", "location"),
    [
        ("/a/", "", "", "/a/"),
        ("/a/", "/app", "q=1", "/app/a/?q=1"),
        ("/a/", "/app/", "", "/app/a/"),
        ("/a/", "/a p%", "", "/a%20p%25/a/"),
        ("/a/", "/\xc3\xa9", "q=%2f&r=\xc3\xa9", "/%C3%A9/a/?q=%2f&r=%C3%A9"),
    ],
)
def test_a_redirect_has_the_mount_in_front_and_the_query_behind(path, script, query, location):
    redirect = redirect_to(path, {"SCRIPT_NAME": script, "QUERY_STRING": query})
    assert (redirect.code, redirect.location) == (308, location)
    assert redirect.response.headers["Location"] == location


@pytest.mark.parametrize(
    ("path", "quoted"),
    [("/a b", "/a%20b"), ("/\\evil", "/%5Cevil"), ("/a?b#c%", "/a%3Fb%23c%25"), ("/\xc3\xa9\xff", "/%C3%A9%FF")],
)
def test_a_path_is_quoted_byte_by_byte(path, quoted):
    assert quote_path(path) == quoted
