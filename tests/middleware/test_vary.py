"""Vary names each field of the request once."""

import pytest

from spa.middleware.vary import add_vary, varies_on


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([], ["Origin"]),
        (["Accept"], ["Accept, Origin"]),
        (["Accept, Cookie"], ["Accept, Cookie, Origin"]),
        (["Accept", "Cookie"], ["Accept, Origin", "Cookie"]),
        ([""], ["Origin"]),
        (["Origin"], ["Origin"]),
        (["accept, ORIGIN"], ["accept, ORIGIN"]),
        (["Accept", "origin"], ["Accept", "origin"]),
        (["*"], ["*"]),
        (["Accept, *"], ["Accept, *"]),
        (["X-Origin"], ["X-Origin, Origin"]),
    ],
)
def test_a_field_is_merged_into_the_vary_there_is(before, after):
    headers = [("Content-Type", "text/plain"), *(("vary", value) for value in before)]
    add_vary(headers, "Origin")
    assert [value for name, value in headers if name.lower() == "vary"] == after
    assert headers[0] == ("Content-Type", "text/plain")
    assert varies_on(headers, "Origin")


def test_an_answer_does_not_vary_on_what_it_does_not_name():
    assert not varies_on([("Vary", "Accept"), ("X-Vary", "Origin")], "Origin")
