"""What a mounted app sees of a request, and what the server sees of a mounted app."""

import pytest

from spa.mounted import below, outermost


@pytest.mark.parametrize(
    ("path", "script", "whole", "inner_script", "inner_path"),
    [
        ("/a", "", "/a/b", "/a", "/b"),
        ("/a", "/root", "/a", "/root/a", ""),
        ("/a/b", "", "/a/b/c/", "/a/b", "/c/"),
        ("/a", "", "/a//b", "/a", "//b"),
        ("/a/b", "", "//a///b//c", "/a/b", "/c"),
    ],
)
def test_the_path_of_a_mount_moves_to_the_script_name(path, script, whole, inner_script, inner_path):
    environ = {"SCRIPT_NAME": script, "PATH_INFO": whole, "x": 1}
    inner = below(path, environ)
    assert (inner["SCRIPT_NAME"], inner["PATH_INFO"], inner["x"]) == (inner_script, inner_path, 1)
    assert environ == {"SCRIPT_NAME": script, "PATH_INFO": whole, "x": 1}


def test_the_environ_of_the_server_is_found_through_all_mounts():
    environ = {"PATH_INFO": "/a/b/c"}
    assert outermost(environ) is environ
    assert outermost(below("/b", below("/a", environ))) is environ
    assert outermost({**below("/a", environ), "of": "a middleware that copies it"}) is environ
