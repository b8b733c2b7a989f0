"""Hold which targets of requests are no paths of an app."""

import pytest
from werkzeug.exceptions import HTTPException, NotFound

from spa.target import NotNormal, has_dots, refuse


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        *((path, True) for path in ("/.", "/..", "/../a", "/a/./b", "/a/..", "//..", "/.a/..")),
        *((path, False) for path in ("", "/", "/a", "/.a", "/..a", "/a.", "/...", "/a./b", "/.well-known", "/%2e%2e")),
    ],
)
def test_a_path_has_segments_of_dots_or_not(path, expected):
    assert has_dots(path) is expected


def test_no_cache_keeps_the_answer_to_a_path_with_dots():
    assert ("Cache-Control", "no-store") in NotNormal().get_headers()


@pytest.mark.parametrize(
    ("path", "method", "status"), [("*", "OPTIONS", 204), ("*", "GET", 404), ("a", "OPTIONS", 404), ("a", "GET", 404)]
)
def test_what_is_no_path_is_not_found_but_for_the_whole_server(path, method, status):
    with pytest.raises(HTTPException) as caught:
        refuse(path, {"REQUEST_METHOD": method})
    assert (204 if caught.value.response else 404) == status
    assert isinstance(caught.value, NotFound) == (status == 404)
