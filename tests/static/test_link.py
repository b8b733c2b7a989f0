"""Test the URLs of static files in a page; the page's own tests follow them."""

from pathlib import PurePosixPath

import pytest

from spa.errors import SetupError
from spa.static.link import Links
from spa.static.smart import SmartStatic


@pytest.fixture
def static(tmp_path):
    (tmp_path / "a.js").write_text("1")
    return SmartStatic(tmp_path)


MOUNTS = [
    # static_url, SCRIPT_NAME as WSGI has it, mount
    ("/static/", None, "/static/"),
    ("/static/", "", "/static/"),
    ("/static/", "/below", "/below/static/"),
    ("/static/", "/below/", "/below/static/"),
    ("/", "/\xc3\xa9", "/é/"),
    ("/", "/\xe9", "/\ufffd/"),  # no UTF-8: not a path that a browser has
    ("https://cdn.example/s/", "/below", "https://cdn.example/s/"),
    ("//cdn.example/s/", "/below", "//cdn.example/s/"),
]


@pytest.mark.parametrize(("static_url", "script_name", "mount"), MOUNTS)
def test_the_mount_is_the_path_as_the_client_has_it(static_url, script_name, mount):
    environ = {} if script_name is None else {"SCRIPT_NAME": script_name}
    assert Links(static_url, None).mount(environ) == mount


@pytest.mark.parametrize("static_url", ["", "static/", "/static", "https://cdn.example"])
def test_a_static_url_has_a_slash_at_both_ends(static_url):
    with pytest.raises(SetupError, match="static_url"):
        Links(static_url, None)


@pytest.mark.parametrize("static_url", [None, 5, b"/static/", PurePosixPath("/static/")])
def test_a_static_url_is_a_str(static_url):
    with pytest.raises(SetupError, match=rf"^static_url is a path as '/static/', not {type(static_url).__name__}$"):
        Links(static_url, None)


def test_the_directory_is_not_taken_for_its_url(static):
    with pytest.raises(SetupError, match=r"not SmartStatic: write HomePage\('/static/', static\)"):
        Links(static, None)


def test_a_file_has_its_hash_and_digest(static):
    source = Links("/é/", static).find("a.js", "/é/")
    assert source.url == f"/%C3%A9/{static.hashed_path('a.js', '/é/')}"
    assert source.integrity == static.integrity("a.js", "/é/")


def test_a_file_that_is_gone_is_a_lookup_error(static):
    with pytest.raises(LookupError, match=r"b\.js"):
        Links("/s/", static).find("b.js", "/s/")


def test_the_version_changes_with_a_link_and_with_the_directory_if_it_is_mapped(static, tmp_path):
    static.watch = True
    links = Links("/s/", static)
    whole, direct = links.version(["a.js"], "/s/", True), links.version(["a.js"], "/s/", False)
    assert (whole, direct) == (links.version(["a.js"], "/s/", True), links.version(["a.js"], "/s/", False))
    (tmp_path / "b.js").write_text("2")
    assert links.version(["a.js"], "/s/", True) != whole
    assert links.version(["a.js"], "/s/", False) == direct
    (tmp_path / "a.js").write_text("another")
    assert links.version(["a.js"], "/s/", False) != direct


def test_without_a_handler_nothing_changes_and_nothing_is_checked():
    links = Links("/s/", None)
    links.check(["none.js"], {"none": "none.js"})
    assert links.version(["none.js"], "/s/", True) == links.version(["none.js"], "/s/", True)
    assert links.write_import_map({}, "/s/") is None


@pytest.mark.parametrize(
    ("static_url", "is_right"),
    [
        ("/assets/", True),
        ("/more/", True),  # another route to the same directory
        ("/below/assets/", True),  # the app of the routes is mounted in another
        ("https://cdn.example/s/", True),
        ("/static/", False),
        ("/", False),
    ],
)
def test_links_lead_to_where_the_directory_stands(static, static_url, is_right):
    for pattern in ("/assets/<path:filepath>", "/<lang>/<path:filepath>", "/more/<path:filepath>"):
        static.set_up_route(pattern, {})
    links = Links(static_url, static)
    if is_right:
        assert links.find("a.js", links.mount({})).url.startswith(static_url)
    else:
        with pytest.raises(SetupError, match="the directory stands under '/assets/'"):
            links.find("a.js", static_url)
