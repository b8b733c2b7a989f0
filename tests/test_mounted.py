"""What a mounted app sees of a request, and what the server sees of a mounted app."""

import pytest

from spa.mounted import below, outermost, script_name_of


@pytest.mark.parametrize(
    ("path", "script", "whole", "inner_script", "inner_path"),
    [
        ("/a", "", "/a/b", "/a", "/b"),
        ("/a", "/root", "/a", "/root/a", ""),
        ("/a", "/root/", "/a/b", "/root/a", "/b"),
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


@pytest.mark.parametrize(
    ("environ", "script_name"),
    [
        ({}, ""),
        ({"SCRIPT_NAME": ""}, ""),
        ({"SCRIPT_NAME": "/"}, ""),
        ({"SCRIPT_NAME": "/x"}, "/x"),
        ({"SCRIPT_NAME": "/x/"}, "/x"),
        ({"SCRIPT_NAME": "/x/y//"}, "/x/y"),
    ],
)
def test_a_script_name_has_no_slash_at_its_end(environ, script_name):
    assert script_name_of(environ) == script_name


def test_the_environ_of_the_server_is_found_through_all_mounts():
    environ = {"PATH_INFO": "/a/b/c"}
    assert outermost(environ) is environ
    assert outermost(below("/b", below("/a", environ))) is environ
    assert outermost({**below("/a", environ), "of": "a middleware that copies it"}) is environ
