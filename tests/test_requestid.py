"""How a request is called in the log."""

import pytest

from spa.requestid import request_id


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
