"""Test what a built front end answers: its files, its page for client-side routes, and 404 for the rest."""

import os
import sys

import pytest
from werkzeug.test import Client, create_environ

import spa
from spa.errors import SetupError
from spa.static.singlepage import SinglePage

INDEX = '<!doctype html><script type="module" src="/assets/index-DiwrgTda.js"></script>'
FILES = {
    "index.html": INDEX,
    "about.html": "about",
    "favicon.ico": "icon",
    "assets/index-DiwrgTda.js": "1",
    "assets/index-BKf8x2_-.css": "a{}",
    "assets/legacy.js": "2",
    "users/john.doe": "a file",
    ".env": "SECRET",
    ".well-known/security.txt": "Contact: x",
}
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
FOR_EVER = "public, max-age=31536000, immutable"


class Note(spa.Handler):
    def get(self, number):
        return {"id": number}


@pytest.fixture
def dist(tmp_path):
    root = tmp_path / "dist"
    for path, text in FILES.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return root


@pytest.fixture
def client(dist):
    return client_of(SinglePage(dist))


def client_of(front):
    routes = (
        ("/api/notes/<int:number>/", "note", Note),
        ("/", "", front),
        ("/<path:filepath>", "", front),
    )
    return Client(spa.App(routes))


def get(client, path, accept=BROWSER, method="GET", **headers):
    return client.open(path, method=method, headers={**({"Accept": accept} if accept else {}), **headers})


# Files.


@pytest.mark.parametrize("accept", [BROWSER, "*/*", "image/png", ""])
@pytest.mark.parametrize("path", [path for path in FILES if path != ".env"])
def test_a_file_that_is_there_is_sent_whatever_is_accepted(client, path, accept):
    response = get(client, f"/{path}", accept)
    assert (response.status_code, response.text) == (200, FILES[path])
    assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("path", "cache_control"),
    [
        ("/assets/index-DiwrgTda.js", FOR_EVER),
        ("/assets/index-BKf8x2_-.css", FOR_EVER),
        ("/assets/legacy.js", "no-cache"),
        ("/favicon.ico", "no-cache"),
        ("/about.html", "no-cache"),
        ("/index.html", "no-cache"),
        ("/", "no-cache"),
        ("/some/route", "no-cache"),
    ],
)
def test_only_names_with_the_hash_of_a_build_are_kept_for_ever(client, path, cache_control):
    response = get(client, path)
    assert response.headers.getlist("Cache-Control") == [cache_control]
    again = get(client, path, **{"If-None-Match": response.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["Cache-Control"] == cache_control


def test_another_rule_may_say_what_is_kept_for_ever(dist):
    client = client_of(SinglePage(dist, is_immutable=lambda path: path.startswith("assets/")))
    assert get(client, "/assets/legacy.js").headers["Cache-Control"] == FOR_EVER
    assert get(client, "/favicon.ico").headers["Cache-Control"] == "no-cache"


def test_a_rule_that_fails_leaves_no_file_open(dist):
    front, request = SinglePage(dist, is_immutable=lambda path: {}[path]), spa.Request(create_environ())
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(KeyError) as caught:
        front(None, request, {"filepath": "about.html"}, "")
    assert len(os.listdir("/proc/self/fd")) == before, caught  # which holds all that was at hand


def test_a_range_of_a_file_is_sent(client):
    response = get(client, "/about.html", Range="bytes=1-2")
    assert (response.status_code, response.text) == (206, "bo")


# Client-side routes.

ROUTES = [
    "/notes",
    "/notes/",
    "/notes/7/edit",
    "/users/jane.doe",  # a dot makes no file
    "/docs/v1.2",
    "/suche/gr%C3%BCn%20rot",
    "/assets",
    "/assets/",
    "/a+b@c",
    # What is no name of a file may be one of a thing.
    "/users/urn:isbn:1",
    "/time/12:30",
    "/room/!x:server",
    "/C:/secret",
    "/users/con",
    "/users/aux/edit",
    "/CON",
    "/a%5cb",
    "/caf%E9",
    "/" + "a" * 300,
    "/a" * 2000,
]


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_client_side_route_is_the_index_page(client, path, method):
    response = get(client, path, method=method)
    assert response.status_code == 200
    assert response.content_type == "text/html; charset=utf-8"
    assert response.text == ("" if method == "HEAD" else INDEX)
    assert int(response.headers["Content-Length"]) == len(INDEX)
    assert "Accept" in response.vary


@pytest.mark.parametrize("accept", [BROWSER, "text/html", "TEXT/HTML;q=0.1, application/json", "text/html;level=1"])
def test_the_index_is_for_those_who_ask_for_html_by_name(client, accept):
    assert get(client, "/notes", accept).text == INDEX


@pytest.mark.parametrize("accept", ["", "*/*", "text/*", "application/json", "text/html;q=0", "image/*,*/*;q=0.8"])
def test_the_index_is_not_for_images_scripts_fetches_and_curl(client, accept):
    response = get(client, "/notes", accept)
    assert response.status_code == 404
    assert response.content_type == "application/problem+json"


@pytest.mark.parametrize("path", ["/notes", "/assets/x.js", "/api/none/"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "BREW"])
def test_what_is_not_there_takes_no_other_method(client, path, method):
    assert get(client, path, method=method).status_code == 404


@pytest.mark.parametrize("path", ["/", "/notes", "/about.html", "/assets/x.js"])
def test_an_upgrade_to_a_websocket_is_400(client, path):
    response = get(client, path, Upgrade="websocket", Connection="Upgrade")
    assert response.status_code == 400
    other = get(client, path, Upgrade="h2c", Connection="Upgrade")
    assert other.status_code == get(client, path).status_code


def test_the_home_page_is_the_index_for_everybody(client):
    for accept in (BROWSER, "*/*", ""):
        assert get(client, "/", accept).text == INDEX


# What is not there.


@pytest.mark.parametrize(
    "path",
    [
        "/assets/x.js",
        "/assets/index-AAAAAAAa.js",
        "/missing.CSS",
        "/x.js.map",
        "/img/logo.png",
        "/old.html",
        "/manifest.webmanifest",
        "/a.js/",
        "/about.html/x",
        "/users/john.doe/edit",  # it is a file here
        "/about.html.",
        "/about.html%20",
        "/ABOUT.HTML",
    ],
)
def test_a_file_that_is_gone_is_no_page(client, path):
    missing = get(client, path)
    assert missing.status_code == 404
    assert missing.headers["Cache-Control"] == "no-store", "the next build may have it"
    assert get(client, path, "*/*").content_type == "application/problem+json"


def test_a_route_of_the_api_is_not_taken(client):
    assert get(client, "/api/notes/7/", "*/*").json == {"id": 7}
    missing = get(client, "/api/notes/none/", "application/json")
    assert (missing.status_code, missing.content_type) == (404, "application/problem+json")


@pytest.mark.parametrize(
    "path",
    [
        "/%2e%2e/secret",
        "/%2e",
        "/notes/%2e%2e",
        "/..%2fsecret",
        "/..%5csecret",
        "/notes%5c..%5c..%5csecret",
        "/a%00b",
        "/a%0ab",
        "/a%7fb",
        "/NUL.txt",
        "/.git/app.js",
    ],
)
def test_what_no_browser_sends_for_a_route_is_not_answered_with_the_page(client, dist, path):
    (dist.parent / "secret").write_text("outside")
    assert get(client, path).status_code == 404


@pytest.mark.parametrize("path", ["/.env", "/%2eenv", "/.git/config", "/assets/.env", "/users/.hidden", "/tags/..."])
def test_a_hidden_file_is_never_sent_and_whoever_looks_for_one_is_told_so(client, dist, path):
    for name in (".git/config", "assets/.env"):
        (dist / name).parent.mkdir(exist_ok=True)
        (dist / name).write_text("SECRET")
    assert get(client, path).status_code == 404
    assert get(client, path, "*/*").status_code == 404


def test_a_link_that_leads_out_is_followed_only_if_wished(dist):
    (dist.parent / "secret.txt").write_text("outside")
    os.symlink(dist.parent / "secret.txt", dist / "link.txt")
    assert get(client_of(SinglePage(dist)), "/link.txt").status_code == 404
    assert get(client_of(SinglePage(dist, follow_symlinks=True)), "/link.txt").text == "outside"


# Methods.


@pytest.mark.parametrize("path", ["/", "/assets/legacy.js"])
def test_what_is_there_says_which_methods_it_takes(client, path):
    for method in ("POST", "PUT", "BREW"):
        response = get(client, path, method=method)
        assert (response.status_code, response.headers["Allow"]) == (405, "GET, HEAD, OPTIONS")
    response = get(client, path, method="OPTIONS")
    assert (response.status_code, response.headers["Allow"]) == (204, "GET, HEAD, OPTIONS")


# A build.


def test_a_new_build_is_seen_without_a_restart(client, dist):
    (dist / "index.html").write_text("a new build")
    assert get(client, "/notes").text == "a new build"


def test_while_a_build_runs_the_page_is_missing_and_nothing_breaks(client, dist):
    (dist / "index.html").unlink()
    assert get(client, "/").status_code == 404
    assert get(client, "/notes").status_code == 404


def test_another_file_may_be_the_index(dist):
    assert get(client_of(SinglePage(dist, index="about.html")), "/notes").text == "about"


def test_a_package_may_hold_the_front_end(dist, monkeypatch):
    (dist.parent / "frontpackage").mkdir()
    (dist.parent / "frontpackage" / "__init__.py").write_text("")
    dist.rename(dist.parent / "frontpackage" / "dist")
    monkeypatch.syspath_prepend(dist.parent)
    try:
        assert get(client_of(SinglePage(("frontpackage", "dist"))), "/notes").text == INDEX
    finally:
        sys.modules.pop("frontpackage", None)


@pytest.mark.parametrize(
    ("pattern", "handler", "kwargs", "message"),
    [
        ("/<path:filepath>", SinglePage, {}, r"the handler is not the class SinglePage, but one: SinglePage\(\.\.\.\)"),
        ("/<path:filepath>", SinglePage, {"directory": "dist"}, r"SinglePage\(\.\.\.\)"),
        ("/<path:filepath>", None, {"index": "a.html"}, r"SinglePage\(\.\.\., index='a.html'\)"),
        ("/<path:path>", None, {}, "called filepath"),
    ],
)
def test_a_wrong_route_fails_when_the_app_is_built(dist, pattern, handler, kwargs, message):
    with pytest.raises(SetupError, match=message):
        spa.App(((pattern, "", handler or SinglePage(dist), kwargs),))


@pytest.mark.parametrize(
    ("directory", "index"), [("none", "index.html"), ("dist", "none.html"), ("dist", "assets"), ("dist", 5)]
)
def test_without_a_build_the_set_up_names_what_to_do(dist, directory, index):
    with pytest.raises(SetupError, match="run the front end's build first"):
        SinglePage(dist.parent / directory, index)
