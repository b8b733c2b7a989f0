"""How a request is called in the log."""

import pytest

from spa.requestid import LONGEST, describe, describe_target, request_id


@pytest.mark.parametrize("given", ["1", "from-a-proxy", "Root=1-67891233-abcdef012345", "a/b:c~d+e@f.g", "x" * 128])
def test_a_plain_name_of_the_client_is_taken(given):
    assert request_id({"HTTP_X_REQUEST_ID": given}, lambda: "made") == given


@pytest.mark.parametrize("given", ["", "a b", "a\nb", "\x1b[31m", "%s" + chr(0xE9), "<script>", '"', "x" * 129])
def test_any_other_is_replaced(given):
    assert request_id({"HTTP_X_REQUEST_ID": given}, lambda: "made") == "made"


def test_a_name_stays():
    environ = {}
    assert request_id(environ, iter(["first", "second"]).__next__) == "first"
    assert request_id(environ, iter(["first", "second"]).__next__) == "first"


def test_a_name_that_was_made_is_another_each_time():
    assert len({request_id({}) for _ in range(100)}) == 100


@pytest.mark.parametrize(
    ("script", "path", "expected"),
    [
        ("", "/a/b", "GET /a/b"),
        ("/mount", "/a", "GET /mount/a"),
        ("", "/\r\n\x1b[31m", r"GET /\r\n\x1b[31m"),
        ("", '/"', r"GET /\""),
        ("", "/\xe9\u2028", r"GET /\xe9\u2028"),
    ],
)
def test_a_request_is_described_by_its_method_its_whole_path_and_its_name_in_one_escaped_line(script, path, expected):
    environ = {"REQUEST_METHOD": "GET", "SCRIPT_NAME": script, "PATH_INFO": path, "HTTP_X_REQUEST_ID": "7"}
    assert describe_target(environ) == expected
    assert describe(environ) == f"{expected} [7]"


def test_a_description_is_bounded_however_long_the_method_or_the_path_is():
    for environ in ({"REQUEST_METHOD": "G" * 10**6}, {"REQUEST_METHOD": "GET", "PATH_INFO": "/" * 10**6}):
        assert len(describe_target(environ)) == LONGEST


def test_a_request_is_not_given_a_name_by_what_names_its_target_only():
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/"}
    assert describe_target(environ) == "GET /"
    assert environ == {"REQUEST_METHOD": "GET", "PATH_INFO": "/"}
