"""Test the page: what it links to, what it escapes, and how it is cached."""

import base64
import gzip
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import PurePosixPath

import gevent
import pytest
from werkzeug.test import Client

import spa
from spa.environ import WATCH
from spa.errors import SetupError
from spa.homepage import MOST_MOUNTS, HomePage
from spa.static.handler import StaticHandler
from spa.static.smart import SmartStatic

FILES = {
    "js/app.js": "import './b.js'\n",
    "js/b.js": "export const b = 1\n",
    "js/old.js": "var old = 1\n",
    "css/app.css": "body { background: url(../img/a.png) }\n",
    "img/a.png": "a",
    "fonts/f.woff2": "font",
    "favicon.svg": "<svg/>",
    "data.json": "{}",
}
NONCES = "abcdefghij"


class Tags(HTMLParser):
    """The tags of a page in their order, and the text of those scripts that have any."""

    def __init__(self, html):
        super().__init__()
        self.tags = []
        self.texts = {}
        self.feed(html)
        self.close()

    def handle_starttag(self, name, attributes):
        self.tags.append((name, dict(attributes)))

    def handle_data(self, data):
        if data.strip() and self.tags:
            name, attributes = self.tags[-1]
            self.texts[attributes.get("type", name)] = data

    def all(self, name, **attributes):
        """Return the attributes of the tags of this name that have these."""
        return [found for tag, found in self.tags if tag == name and found.items() >= attributes.items()]

    def import_map(self):
        return json.loads(self.texts["importmap"])


@pytest.fixture
def root(tmp_path):
    for path, text in FILES.items():
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return tmp_path


@pytest.fixture
def static(root):
    return SmartStatic(root, watch=True)


def client_of(static, static_url="/static/", **options):
    routes = (
        ("/", "home", HomePage(static_url, static, **options)),
        ("/static/<path:filepath>", "static", static or StaticHandler, {} if static else {"directory": "."}),
    )
    return Client(spa.App(routes))


def tags_of(static, static_url="/static/", **options):
    return Tags(client_of(static, static_url, **options).get("/").text)


def sha384(data):
    return "sha384-" + base64.b64encode(hashlib.sha384(data).digest()).decode()


# What the page holds.


def test_a_page_without_files_is_a_whole_page(static):
    response = client_of(static, title="Notes", body="<main></main>", lang="de").get("/")
    assert response.content_type == "text/html; charset=utf-8"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "Link" not in response.headers
    assert response.text.startswith('<!doctype html>\n<html lang="de">\n<head>\n<meta charset="utf-8">')
    assert "<title>Notes</title>" in response.text
    assert "<main></main>" in response.text
    assert "<script" not in response.text


FILE_TAGS = [
    # option, path, tag, attribute with the URL, the attributes besides it
    ("stylesheets", "css/app.css", "link", "href", {"rel": "stylesheet"}),
    ("modules", "js/app.js", "script", "src", {"type": "module"}),
    ("modules", "js/app.js", "link", "href", {"rel": "modulepreload"}),
    ("scripts", "js/old.js", "script", "src", {}),
    ("preload", "js/b.js", "link", "href", {"rel": "modulepreload"}),
    ("preload", "css/app.css", "link", "href", {"rel": "preload", "as": "style"}),
]


@pytest.mark.parametrize(("option", "path", "tag", "attribute", "others"), FILE_TAGS)
def test_a_file_is_linked_at_its_hashed_url_with_the_digest_of_what_is_served(
    static, option, path, tag, attribute, others
):
    client = client_of(static, **{option: [path]})
    (found,) = Tags(client.get("/").text).all(tag, **others, **{attribute: static.url(path, "/static/")})
    assert found == {
        **others,
        attribute: static.url(path, "/static/"),
        "integrity": sha384(client.get(found[attribute]).data),
        "crossorigin": None,
    }


PRELOADS = [
    # what is fetched without a digest later is preloaded without; only fonts and fetches are in CORS mode
    ("fonts/f.woff2", {"as": "font", "crossorigin": None}),
    ("data.json", {"as": "fetch", "crossorigin": None}),
    ("img/a.png", {"as": "image"}),
]


@pytest.mark.parametrize(("path", "attributes"), PRELOADS)
def test_a_preload_matches_the_request_that_comes_later(static, path, attributes):
    (found,) = tags_of(static, preload=[path]).all("link")
    assert found == {"rel": "preload", "href": static.url(path, "/static/"), **attributes}


def test_the_favicon_is_linked(static):
    (found,) = tags_of(static, favicon="favicon.svg").all("link")
    assert found == {"rel": "icon", "href": static.url("favicon.svg", "/static/")}


def test_the_import_map_comes_before_all_that_loads_modules(static):
    tags = tags_of(static, modules=["js/app.js"], preload=["js/b.js"], extra_head="<script type=module></script>").tags
    types = [attributes.get("type") or attributes.get("rel") for name, attributes in tags if name in ("script", "link")]
    assert types == ["importmap", "modulepreload", "modulepreload", "module", "module"]


def test_scripts_run_in_order_before_what_is_added_to_the_foot(static):
    html = client_of(
        static, scripts=["js/old.js", "js/b.js"], body="<p>", extra_foot="<script>go()</script>"
    ).get("/").text
    places = [html.index(text) for text in ("<p>", "/js/old.", "/js/b.", "go()", "</body>")]
    assert places == sorted(places)


def test_the_import_map_of_a_page_with_modules_is_that_of_the_directory(static):
    made = tags_of(static, modules=["js/app.js"]).import_map()
    paths = ["css/app.css", "data.json", "js/app.js", "js/b.js", "js/old.js"]
    assert made["imports"] == {f"/static/{path}": static.url(path, "/static/") for path in paths}
    assert made["integrity"] == {
        static.url(path, "/static/"): static.integrity(path, "/static/") for path in paths if path.endswith(".js")
    }


IMPORT_MAPS = [
    # importmap, modules, whether there is a map
    (None, ["js/app.js"], True),
    (None, [], False),
    (False, ["js/app.js"], False),
    (True, [], True),
    ({"b": "js/b.js"}, [], True),
]


@pytest.mark.parametrize(("importmap", "modules", "expected"), IMPORT_MAPS)
def test_there_is_an_import_map_if_modules_or_you_ask_for_it(static, importmap, modules, expected):
    tags = tags_of(static, importmap=importmap, modules=modules)
    assert bool(tags.all("script", type="importmap")) is expected


def test_bare_names_lead_to_files_of_any_kind_and_to_other_sites(static):
    names = {"b": "js/b.js", "font": "fonts/f.woff2", "vue": "https://cdn.example/vue.js"}
    imports = tags_of(static, importmap=names).import_map()["imports"]
    assert imports["b"] == static.url("js/b.js", "/static/")
    assert imports["font"] == static.url("fonts/f.woff2", "/static/")
    assert imports["vue"] == "https://cdn.example/vue.js"


def test_a_file_of_another_site_is_linked_as_it_is(static):
    url = "https://cdn.example/x.css?a=1&b=2"
    (found,) = tags_of(static, stylesheets=[url]).all("link")
    assert found == {"rel": "stylesheet", "href": url}


# Text and HTML.


def test_text_is_escaped(static):
    evil = "</title><script>alert(1)</script>\"'&"
    response = client_of(static, title=evil, lang='"><script>').get("/")
    assert "<script" not in response.text
    tags = Tags(response.text)
    assert tags.all("html") == [{"lang": '"><script>'}]
    assert tags.texts["title"] == evil


def test_names_of_files_are_escaped(root):
    (root / "a&\"'<b>.js").write_text("1")
    static = SmartStatic(root)
    client = client_of(static, modules=["a&\"'<b>.js"])
    response = client.get("/")
    (script,) = Tags(response.text).all("script", type="module")
    assert client.get(script["src"]).text == "1"
    assert "<b>" not in response.text + response.headers["Link"]


def test_a_name_of_the_import_map_cannot_end_its_script(static):
    evil = "</script><script>alert(1)</script>"
    tags = tags_of(static, importmap={evil: "js/b.js"})
    assert [found["type"] for found in tags.all("script")] == ["importmap"]
    assert evil in tags.import_map()["imports"]


def test_the_body_may_depend_on_the_request(static):
    client = client_of(static, body=lambda request: f"<p>{request.args['n']}</p>")
    one, two = client.get("/?n=1"), client.get("/?n=2")
    assert "<p>1</p>" in one.text
    assert "<p>2</p>" in two.text
    assert one.headers["ETag"] != two.headers["ETag"]
    assert client.get("/?n=1", headers={"If-None-Match": one.headers["ETag"]}).status_code == 304


def test_a_template_has_places_and_what_fills_one_is_not_searched_for_others(static):
    template = "<html>{head}<style>a{color:red}</style><div>{body}</div>{foot}</html>"
    client = client_of(static, template=template, title="{body}", body="{foot}{head}", scripts=["js/old.js"])
    html = client.get("/").text
    assert "<title>{body}</title>" in html
    assert "<style>a{color:red}</style><div>{foot}{head}</div><script src=" in html


def test_a_template_may_be_a_callable(static):
    html = client_of(static, template=lambda head, body, foot: f"{body}|{foot}|{head}", body="B").get("/").text
    assert html.startswith("B||<meta")


# Where the files are.


def test_urls_are_below_script_name(static):
    client = client_of(static, modules=["js/app.js"], stylesheets=["css/app.css"])
    response = client.get("/", environ_overrides={"SCRIPT_NAME": "/x \xc3\xa9"})
    tags = Tags(response.text)
    for url in (tags.all("script", type="module")[0]["src"], tags.all("link", rel="stylesheet")[0]["href"]):
        assert url.startswith("/x%20%C3%A9/static/")
        assert f"<{url}>" in response.headers["Link"]
    assert tags.import_map()["imports"]["/x%20%C3%A9/static/js/b.js"].startswith("/x%20%C3%A9/static/js/b.")


def test_many_script_names_take_no_more_memory_than_some(static):
    page = HomePage("/static/", static, modules=["js/app.js"])
    client = Client(spa.App((("/", "", page),)))
    for number in range(3 * MOST_MOUNTS):
        assert f"/{number}/static/js/app." in client.get("/", environ_overrides={"SCRIPT_NAME": f"/{number}"}).text
    assert len(page._pages) <= MOST_MOUNTS


def test_a_cdn_has_the_files_under_the_hashes_of_the_app_itself(root):
    (root / "css/abs.css").write_text("a { background: url(/static/img/a.png) }")
    static = SmartStatic(root)
    (found,) = tags_of(static, "https://cdn.example/s/", stylesheets=["css/abs.css"]).all("link")
    assert found["href"] == "https://cdn.example/s/" + static.hashed_path("css/abs.css", "/static/")
    assert found["integrity"] == static.integrity("css/abs.css", "/static/")
    assert "crossorigin" in found


def test_without_a_static_handler_urls_are_plain():
    tags = tags_of(None, "/s/", modules=["js/a b.js"], stylesheets=["a.css"], importmap={"b": "js/b.js", "u/": "u/"})
    assert tags.all("script", type="module") == [{"type": "module", "src": "/s/js/a%20b.js"}]
    assert tags.all("link", rel="stylesheet") == [{"rel": "stylesheet", "href": "/s/a.css"}]
    assert tags.import_map() == {"imports": {"b": "/s/js/b.js", "u/": "/s/u/"}}


# HTTP.


def test_the_page_is_asked_for_each_time_and_sent_only_if_it_changed(static):
    client = client_of(static, modules=["js/app.js"], csp="hash")
    first = client.get("/")
    assert first.headers["Cache-Control"] == "no-cache"
    again = client.get("/", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    for name in ("ETag", "Cache-Control", "Content-Security-Policy"):
        assert again.headers[name] == first.headers[name]


def test_a_page_that_is_the_same_for_all_is_compressed(static):
    client = client_of(static, body="<p>a long page</p>" * 100)
    whole = client.get("/")
    assert (whole.headers["Vary"], "Content-Encoding" in whole.headers) == ("Accept-Encoding", False)
    with gevent.Timeout(20):
        while "Content-Encoding" not in (packed := client.get("/", headers={"Accept-Encoding": "gzip"})).headers:
            gevent.sleep(0.001)
    assert gzip.decompress(packed.data) == whole.data
    assert packed.headers["Vary"] == "Accept-Encoding"
    assert packed.headers["ETag"] != whole.headers["ETag"]
    known = {"Accept-Encoding": "gzip", "If-None-Match": packed.headers["ETag"]}
    assert client.get("/", headers=known).status_code == 304


@pytest.mark.parametrize("options", [{"csp": "nonce", "body": "x" * 1000}, {"body": lambda request: "x" * 1000}])
def test_a_page_that_each_request_makes_anew_is_left_to_the_middleware(static, options):
    assert "Vary" not in client_of(static, **options).get("/", headers={"Accept-Encoding": "gzip"}).headers


def test_an_upgrade_to_a_websocket_is_400(static):
    client = client_of(static)
    assert client.get("/", headers={"Upgrade": "websocket", "Connection": "Upgrade"}).status_code == 400
    assert client.get("/", headers={"Upgrade": "h2c", "Connection": "Upgrade"}).status_code == 200


CHANGES = [
    ("js/app.js", {"modules": ["js/app.js"]}),
    ("js/b.js", {"modules": ["js/app.js"]}),  # in the import map only
    ("js/new.js", {"modules": ["js/app.js"]}),
    ("css/app.css", {"stylesheets": ["css/app.css"]}),
    ("img/a.png", {"stylesheets": ["css/app.css"]}),  # the stylesheet shows it
    ("favicon.svg", {"favicon": "favicon.svg"}),
    ("fonts/f.woff2", {"preload": ["fonts/f.woff2"]}),
]


@pytest.mark.parametrize(("path", "options"), CHANGES)
def test_the_page_is_made_anew_when_a_file_changed(root, static, path, options):
    client = client_of(static, **options)
    before = client.get("/")
    assert client.get("/").data == before.data
    (root / path).write_text("/* another */")
    after = client.get("/", headers={"If-None-Match": before.headers["ETag"]})
    assert after.status_code == 200
    assert after.data != before.data
    stem = path.partition(".")[0]
    (url,) = set(re.findall(rf'"(/static/{stem}\.[^"]+\.[^"]+)"', after.text)) or {static.url(path, "/static/")}
    assert client.get(url).data == b"/* another */"


def test_the_server_tells_whether_to_watch(root):
    client = client_of(SmartStatic(root), modules=["js/app.js"])
    watching = {WATCH: True}
    before = client.get("/", environ_overrides=watching)
    (root / "js/b.js").write_text("another")
    assert client.get("/", environ_overrides=watching).data != before.data


@pytest.mark.parametrize("size", [10, 200_000])  # in memory, and not
@pytest.mark.parametrize("is_known_before", [True, False])
def test_a_page_whose_files_are_exchanged_comes_right_without_watching(root, size, is_known_before):
    for path in ("js/app.js", "js/b.js"):
        (root / path).write_text("/*1*/".ljust(size))
    static = SmartStatic(root, watch=False)
    client = client_of(static, modules=["js/app.js"])
    if is_known_before:
        static.manifest("/static/")  # as before a server forks
    else:
        client.get("/")
    old = static.url("js/app.js", "/static/")
    for path in ("js/app.js", "js/b.js"):
        (root / "new").write_text("/**/".ljust(size))
        (root / "new").replace(root / path)
    assert client.get("/").status_code == 200
    if is_known_before or size > 100_000:  # else the old bytes are still in memory, and the page stays
        assert client.get(old).status_code == 404
    else:
        static.watch = True
    page = client.get("/")
    assert page.status_code == 200
    (url,) = set(re.findall(r'src="([^"]+)"', page.text))
    assert url == static.url("js/app.js", "/static/") != old
    assert client.get(url).data == "/**/".ljust(size).encode()


def test_head_is_a_get_without_body(static):
    client = client_of(static, modules=["js/app.js"])
    get, head = client.get("/"), client.head("/")
    assert head.data == b""
    assert head.headers == get.headers


@pytest.mark.parametrize("csp", [None, "nonce"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "BREW"])
def test_other_methods_are_refused(static, method, csp):
    response = client_of(static, csp=csp).open("/", method=method)
    assert response.status_code == 405
    assert response.headers["Allow"] == "GET, HEAD, OPTIONS"


def test_options_says_what_is_allowed(static):
    response = client_of(static).options("/")
    assert (response.status_code, response.headers["Allow"]) == (204, "GET, HEAD, OPTIONS")


def test_the_link_header_names_what_to_load_first(static):
    client = client_of(
        static, stylesheets=["css/app.css"], modules=["js/app.js"], scripts=["js/old.js"], preload=["fonts/f.woff2"]
    )
    links = [link.split("; ") for link in client.get("/").headers["Link"].split(", ")]
    paths = [("css/app.css", "style"), ("js/app.js", "script"), ("js/old.js", "script"), ("fonts/f.woff2", "font")]
    assert [link[:3] for link in links] == [
        [f"<{static.url(path, '/static/')}>", "rel=preload", f"as={kind}"] for path, kind in paths
    ]
    assert all(link[-1] == "crossorigin" for link in links)
    digests = [f'integrity="{static.integrity(path, "/static/")}"' for path, _ in paths]
    assert [digest in link for digest, link in zip(digests, links, strict=True)] == [True, True, True, False]


def test_the_link_header_stays_short(static):
    link = client_of(static, stylesheets=["css/app.css"] * 50).get("/").headers["Link"]
    assert link.count("rel=preload") == 10


# Content-Security-Policy.


def test_by_hash_only_the_import_map_runs_inline(static):
    client = client_of(
        static, csp="hash", modules=["js/app.js"], scripts=["https://cdn.example/a.js", "https://cdn.example/b.js"]
    )
    response = client.get("/")
    text = Tags(response.text).texts["importmap"]
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    assert response.headers["Content-Security-Policy"] == (
        f"script-src 'self' https://cdn.example 'sha256-{digest}'; object-src 'none'; base-uri 'none'"
    )


def test_by_hash_files_on_a_cdn_run(static):
    response = client_of(static, "https://cdn.example/s/", csp="hash", modules=["js/app.js"]).get("/")
    assert response.headers["Content-Security-Policy"].startswith("script-src 'self' https://cdn.example 'sha256-")


def test_by_nonce_each_script_carries_the_word_of_its_answer(static):
    words = iter(NONCES)
    client = client_of(
        static,
        csp="nonce",
        make_nonce=lambda: next(words),
        modules=["js/app.js"],
        scripts=["js/old.js"],
        body=lambda request: f'<script nonce="{request.environ["spa.csp_nonce"]}">inline()</script>',
    )
    for nonce in NONCES[:2]:
        response = client.get("/")
        assert response.headers["Content-Security-Policy"] == (
            f"script-src 'nonce-{nonce}' 'strict-dynamic'; object-src 'none'; base-uri 'none'"
        )
        tags = Tags(response.text)
        loading = [*tags.all("script"), *tags.all("link", rel="modulepreload")]
        assert len(loading) == 5
        assert {found["nonce"] for found in loading} == {nonce}
        assert response.headers["Link"].count(f'nonce="{nonce}"') == 2


def test_by_nonce_no_cache_can_repeat_an_answer(static):
    client = client_of(static, csp="nonce", modules=["js/app.js"])
    one, two = client.get("/"), client.get("/", headers={"If-None-Match": "*"})
    assert one.headers["Cache-Control"] == two.headers["Cache-Control"] == "private, no-cache"
    assert "ETag" not in one.headers
    assert (one.status_code, two.status_code) == (200, 200)
    nonces = {re.search("'nonce-([^']+)'", answer.headers["Content-Security-Policy"])[1] for answer in (one, two)}
    assert len(nonces) == 2
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{22}", nonce) for nonce in nonces)  # 128 bits
    assert one.headers["X-Content-Type-Options"] == "nosniff"
    assert client.head("/").data == b""


# Set-up.

@pytest.mark.parametrize("order", [1, -1])
def test_a_page_whose_links_lead_elsewhere_is_an_error_when_the_app_is_built(static, order):
    routes = (("/", "", HomePage("/assets/", static)), ("/static/<path:filepath>", "", static))[::order]
    with pytest.raises(SetupError, match=r"static_url is '/assets/', .* under '/static/': write that"):
        spa.App(routes)
    assert spa.App((spa.include("/assets", ((("/<path:filepath>", "", static)),)), *routes))  # another route has them


def test_the_files_of_a_page_may_get_their_route_in_another_app_and_later(static):
    app = spa.App((("/", "", HomePage("/static/", static, scripts=["js/old.js"])),))
    spa.App((("/static/<path:filepath>", "", static),))
    assert Client(app).get("/").status_code == 200


MISTAKES = [
    ({"scripts": ["js/apq.js"]}, "'js/apq.js'"),
    ({"modules": ["/js/app.js"]}, "'/js/app.js' in .*: write 'js/app.js', without the slash"),
    ({"modules": ["/js/none.js"]}, "'/js/none.js' in the static directory '.*'$"),
    ({"stylesheets": ["css/../css/app.css"]}, "'css/../css/app.css'"),
    ({"preload": ["js/none.js"]}, "'js/none.js'"),
    ({"favicon": "favicon.ico"}, "'favicon.ico'"),
    ({"importmap": {"vue": "js/vue.js"}}, "'js/vue.js'"),
    ({"modules": "js/app.js"}, r"modules is a list of paths; write \['js/app.js'\]"),
    ({"stylesheets": {"css/app.css"}}, "stylesheets is a list of paths, whose order counts"),
    ({"modules": None}, "modules is a list of paths, not None"),
    ({"scripts": [PurePosixPath("js/old.js")]}, r"scripts holds PurePosixPath\('js/old.js'\), and a path is a str"),
    ({"preload": [5]}, "preload holds 5"),
    ({"favicon": 5}, "favicon is a str, not 5"),
    ({"title": None}, "title is a str, not None"),
    ({"lang": 5}, "lang is a str, not 5"),
    ({"extra_head": b"<p>"}, "extra_head is a str, not b'<p>'"),
    ({"extra_foot": []}, r"extra_foot is a str, not \[\]"),
    ({"body": b"<p>"}, "body is HTML, a str, or a callable that returns it, not b'<p>'"),
    ({"template": 5}, "template is HTML, a str, or a callable that returns it, not 5"),
    ({"importmap": ["vue"]}, r"importmap is a dict of bare names and modules, True, False or None, not \['vue'\]"),
    ({"importmap": {"vue": 5}}, "importmap has 'vue': 5, and both are str"),
    ({"static_url": None}, "static_url is a path as '/static/', not NoneType"),
    ({"preload": ["LICENSE"]}, "'LICENSE'"),
    ({"csp": "none"}, "'none'"),
    ({"template": "<html>{body}"}, "{head}"),
    ({"template": "{head}", "body": "<p>"}, "{body}"),
    ({"template": "{head}", "scripts": ["js/old.js"]}, "{foot}"),
    ({"static_url": "static/"}, "'static/'"),
    ({"static_url": "/static"}, "'/static'"),
    ({"static_handler": StaticHandler}, "StaticHandler"),
]


@pytest.mark.parametrize(("options", "message"), MISTAKES, ids=lambda value: str(value))
def test_a_mistake_is_an_error_at_construction_that_names_it(static, options, message):
    with pytest.raises(SetupError, match=message):
        HomePage(**{"static_url": "/static/", "static_handler": static, **options})
