"""Hold that a mount owns its whole path, however many slashes are in it."""

import pytest

from spa.mountpoint import Mount, find_mount
from spa.redirect import Redirect
from spa.response import Response

MOUNTS = [Mount("/admin/deep", Response("deep")), Mount("/admin", Response("admin"))]


@pytest.mark.parametrize(
    ("path", "index"),
    [
        ("/admin", 1),
        ("/admin/", 1),
        ("/admin/x", 1),
        ("/admin//x", 1),
        ("/admin/deep", 0),
        ("/admin/deeper", 1),
        ("/admins", None),
        ("/", None),
        ("", None),
        ("//", None),
        ("//admins", None),
    ],
)
@pytest.mark.parametrize("is_upgrade", [False, True])
def test_the_first_mount_above_a_path_owns_it(path, index, is_upgrade):
    found = find_mount(MOUNTS, {"PATH_INFO": path}, is_upgrade)
    assert found is (None if index is None else MOUNTS[index])


@pytest.mark.parametrize(
    ("path", "location", "index"), [("//admin/x", "/admin/x", 1), ("//admin//deep", "/admin/deep", 0)]
)
def test_double_slashes_are_redirected_but_for_an_upgrade(path, location, index):
    with pytest.raises(Redirect) as caught:
        find_mount(MOUNTS, {"PATH_INFO": path})
    assert caught.value.location == location
    assert find_mount(MOUNTS, {"PATH_INFO": path}, is_upgrade=True) is MOUNTS[index]
