"""The answer at a hashed URL, and at one without the hash."""

import re

import pytest
from werkzeug.exceptions import NotFound
from werkzeug.test import Client

import spa
from spa.server.debug import Debugger
from spa.static.smart import SmartStatic
from tests.static.site import STATIC, mounted, write


@pytest.mark.parametrize(
    "path",
    [
        *("a.css", "a.000000000000.css", "a.335B65A2FEAC.css", "a.335b65a2fea.css", "a.335b65a2feac0.css"),
        *("a.0,0,0,0,0,0,.css", "b.335b65a2feac.css", "A.335b65a2feac.css", "a.css.335b65a2feac", "335b65a2feac"),
        *("../a.335b65a2feac.css", ".env", ".335b65a2feac.env", "x" * 5000),
    ],
)
def test_everything_else_is_404_that_no_cache_keeps(tmp_path, path):
    static = SmartStatic(write(tmp_path, {"a.css": ".x{color:red}", ".env": "SECRET"}))
    _, client = mounted(static)
    response = client.get(f"/static/{path}")
    assert response.status_code == 404
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("pattern", "name", "path", "detail"),
    [
        (STATIC, "static", "js/app.js", "js/app.js is here, under its hash: link to it with {url}"),
        (STATIC, "static", "js/app.000000000000.js", "js/app.js is here, under another hash: link to it with {url}"),
        (STATIC, "", "js/app.js", "js/app.js is here, under its hash: link to it with static.url('js/app.js')"),
        (
            *("/<lang>/<path:filepath>", "static", "js/app.js"),
            "js/app.js is here, under its hash: link to it with app.url('static', lang='static', filepath='js/app.js')",
        ),
        (STATIC, "static", "js/<b>.js", "js/<b>.js is here, under its hash: link to it with {url}"),
        *((STATIC, "static", path, NotFound.description) for path in ("js/nope.js", "js", ".env", "../js/app.js")),
    ],
)
def test_a_debugging_server_tells_how_to_link_to_a_file_that_was_asked_for_without_its_hash(
    pattern, name, path, detail, tmp_path
):
    static = SmartStatic(write(tmp_path, {"js/app.js": "1", "js/<b>.js": "2", ".env": "SECRET"}))
    app = spa.App(((pattern, name, static),))
    named = re.sub(r"\.0{12}", "", path)
    expected = detail.format(url=f"app.url('static', filepath={named!r})")
    shown = Client(Debugger(app)).get(f"/static/{path}", base_url="http://localhost")
    assert (shown.status_code, shown.headers["Cache-Control"]) == (404, "no-store")
    assert shown.json["detail"] == expected
    assert Client(app).get(f"/static/{path}").json["detail"] == NotFound.description  # to all others nothing is told


def test_the_hint_of_a_debugging_server_is_text_in_a_page_too(tmp_path):
    app, _ = mounted(SmartStatic(write(tmp_path, {"<b>.js": "2"})))
    client, browser = Client(Debugger(app)), {"Accept": "text/html"}
    page = client.get("/static/<b>.js", base_url="http://localhost", headers=browser).text
    assert "&lt;b&gt;.js is here, under its hash" in page
    assert "<b>" not in page


def test_verbs_are_get_head_and_options(tmp_path):
    static = SmartStatic(write(tmp_path, {"a.js": "x" * 100}))
    _, client = mounted(static)
    url = static.url("a.js")
    whole, head = client.get(url), client.head(url)
    assert head.data == b""
    assert {**head.headers} == {**whole.headers}
    assert client.options(url).headers["Allow"] == "GET, HEAD, OPTIONS"
    for method in ("POST", "PUT", "DELETE", "BREW"):
        response = client.open(url, method=method)
        assert (response.status_code, response.headers["Allow"]) == (405, "GET, HEAD, OPTIONS")
