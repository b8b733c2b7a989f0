"""Which paths below a directory may be served, by their names alone."""

import pytest

from spa.static.servable import is_servable


@pytest.mark.parametrize(
    "path",
    [
        *("a", "a.txt", "sub/b.txt", "a b.txt", "a+b.txt", "100%.txt", "a..b", "i.", "i ", "~", "-", "_"),
        *(".well-known/acme", ".well-known/a/b.txt", "sub/well-known", "gr\u00fc\u00df.txt", "\U0001f600.txt"),
        *("console", "nulls.txt", "com0", "com10", "my.con", "sub/auxiliary.js", "lpt"),
        *("x" * 255, "\u00fc" * 127, "/".join(["x"] * 64)),
    ],
)
def test_what_is_the_one_name_of_a_file_may_be_served(path):
    assert is_servable(path)


@pytest.mark.parametrize(
    "path",
    [
        *("", "/", "a/", "/a", "a//b", ".", "..", "./a", "a/.", "a/../b", "....//a"),
        *(".env", "sub/.env", ".git/config", ".well-known", ".well-known/", ".well-known/.env", "a/.well-known/b"),
        *("a\\b", "C:a", "a::$DATA", "a\0", "a\nb", "a\x1fb", "a\x7fb", "\udc80", "\ufffd"),
        *("con", "CON", "con.txt", "con.tar.gz", "prn .txt", "aux/a", "sub/nul", "COM1", "lpt9.js"),
        *("x" * 256, "sub/" + "x" * 256, "\u00fc" * 128, "/".join(["x"] * 65)),
    ],
)
def test_what_is_none_or_one_of_many_is_not(path):
    assert not is_servable(path)
