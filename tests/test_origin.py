"""Which Origin is whose, and which settings could match none."""

import pytest

from spa.errors import SetupError
from spa.origin import check_allowed_origins, is_same_host


@pytest.mark.parametrize(
    ("origin", "scheme", "host", "expected"),
    [
        ("http://app.example", "http", "app.example", True),
        ("http://app.example:80", "http", "app.example", True),
        ("http://app.example", "http", "app.example:80", True),
        ("http://APP.example", "http", "app.EXAMPLE", True),
        ("https://app.example", "https", "app.example", True),
        ("https://app.example:443", "https", "app.example", True),
        ("https://app.example", "http", "app.example", True),  # a proxy that ended TLS, and was not told of
        ("http://app.example", "https", "app.example", False),
        ("https://app.example", "wss", "app.example", True),  # what Traefik forwards for a WebSocket over TLS
        ("http://app.example", "wss", "app.example", False),
        ("http://app.example:8000", "http", "app.example", False),
        ("http://app.example", "http", "app.example:8000", False),
        ("http://app.example.evil", "http", "app.example", False),
        ("http://evilapp.example", "http", "app.example", False),
        ("http://evil/app.example", "http", "app.example", False),
        ("http://app.example/", "http", "app.example", False),
        ("http://app.example/path", "http", "app.example", False),
        ("http://app.example?", "http", "app.example", False),
        ("http://app.example#", "http", "app.example", False),
        ("http://app.example@evil", "http", "app.example", False),
        ("http://evil@app.example", "http", "app.example", False),
        ("http://app.example:port", "http", "app.example", False),
        ("http://app.example:99999", "http", "app.example", False),
        ("http://[::1", "http", "app.example", False),
        ("http://[::1]:8000", "http", "[::1]:8000", True),
        ("http://app.example", "http", "app.example:port", False),
        ("http://", "http", "", False),
        ("//app.example", "http", "app.example", False),
        ("app.example", "http", "app.example", False),
        ("null", "http", "null", False),
        ("null", "http", "app.example", False),
        ("", "http", "app.example", False),
        ("file://", "http", "", False),
        ("ws://app.example", "http", "app.example", False),
        ("chrome-extension://app.example", "http", "app.example", False),
        ("http://app.example\t", "http", "app.example", False),
        ("http://app\n.example", "http", "app.example", False),
    ],
)
def test_a_page_is_of_the_same_host_only_if_name_and_port_agree(origin, scheme, host, expected):
    assert is_same_host(origin, scheme, host) is expected


@pytest.mark.parametrize(
    "origins",
    [
        *("https://app.example", ["app.example"], ["https://app.example/"], ["https://app.example/x"]),
        *(["https://"], [""], ["https://app.example\n"]),
        *(["https://app.example?x"], ["https://app.example#x"], ["https://user@app.example"], ["https://app.example:"]),
        *(["https://app.example:x"], ["https:// app.example"], ["https://app.example "], ["https://app.example, null"]),
        *(["://app.example"], ["https//app.example"], ["https://::1"], ["https://bücher.example"], ["NULL"], [None]),
        *(["https://*.app.example"], ["https://*"], ["*.app.example"], ["*://app.example"], ["https://app.example:*"]),
    ],
)
def test_allowed_origins_that_can_never_match_are_a_mistake_in_the_setup(origins):
    with pytest.raises(SetupError):
        check_allowed_origins(origins)


@pytest.mark.parametrize("origin", ["https://*.app.example", "https://app.example:*", "**"])
def test_that_an_origin_is_no_pattern_is_said(origin):
    with pytest.raises(SetupError, match="is a pattern, and origins are compared as a whole: name each one"):
        check_allowed_origins([origin])


def test_allowed_origins_become_a_tuple():
    origins = ["*", "null", "https://app.example", "http://app.example:8000"]
    assert check_allowed_origins(origins) == tuple(origins)


@pytest.mark.parametrize(
    ("origin", "spelled"),
    [
        ("HTTPS://App.Example", "https://app.example"),
        ("https://app.example:443", "https://app.example"),
        ("http://app.example:80", "http://app.example"),
        ("http://app.example:443", "http://app.example:443"),
        ("http://[::1]:80", "http://[::1]"),
        ("app://app.example", "app://app.example"),
        ("moz-extension://0A_b-c", "moz-extension://0a_b-c"),
        ("https://xn--bcher-kva.example:8443", "https://xn--bcher-kva.example:8443"),
        ("https://app.example.", "https://app.example."),
    ],
)
def test_allowed_origins_are_spelled_as_browsers_do(origin, spelled):
    assert check_allowed_origins([origin]) == (spelled,)


def test_a_mistake_in_a_setting_of_another_name_is_told_by_that_name():
    with pytest.raises(SetupError, match=r"^origins is a list"):
        check_allowed_origins("https://app.example", "origins")
    with pytest.raises(SetupError, match=r"^trusted_origins is a list of origins, not None$"):
        check_allowed_origins(None, "trusted_origins")
