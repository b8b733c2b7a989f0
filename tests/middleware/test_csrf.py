"""Who may send unsafe requests: pages of the same origin, trusted ones, and what is no browser."""

import pytest
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.test import Client

import spa
from spa.errors import SetupError
from spa.middleware.csrf import CSRFMiddleware

UNSAFE = ["POST", "PUT", "PATCH", "DELETE", "BREW", "post"]
EVIL = {"Origin": "https://evil.example"}


class Hook(spa.Handler):
    def get(self, **params):
        return "read"

    def post(self, **params):
        return "changed"


routes = (("/", "", Hook), ("/hook", "", Hook), ("/h\u00f6ok", "", Hook), ("/<path:rest>", "", Hook))


def client(**options):
    return Client(CSRFMiddleware(spa.App(routes), **options))


def post(headers, path="/", *, app=None, url="http://app.example", **options):
    return (app or client(**options)).post(path, base_url=url, headers=headers).status_code


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        # Neither: not a browser.
        ({}, 200),
        ({"Sec-Fetch-Site": "", "Origin": ""}, 200),
        # Sec-Fetch-Site decides where it is there.
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "same-origin, cross-site"}, 403),
        ({"Sec-Fetch-Site": "Same-Origin"}, 403),
        ({"Sec-Fetch-Site": "odd"}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"}, 200),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://app.example"}, 403),
        # Without it, Origin must be a page of this host.
        ({"Origin": "http://app.example"}, 200),
        ({"Origin": "http://APP.example:80"}, 200),
        ({"Origin": "https://app.example"}, 200),  # a proxy that ends TLS, and of which the app was not told
        (EVIL, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://app.example.evil.example"}, 403),
        ({"Origin": "http://app.example:8080"}, 403),
        ({"Origin": "http://user@app.example"}, 403),
        ({"Origin": "http://[app.example"}, 403),
        ({"Origin": "app.example"}, 403),
    ],
)
def test_an_unsafe_request_passes_unless_a_page_of_another_origin_made_it(headers, status):
    assert post(headers) == status


def test_under_https_a_page_in_plain_http_is_another_origin():
    assert post({"Origin": "http://app.example"}, url="https://app.example") == 403
    assert post({"Origin": "https://app.example"}, url="https://app.example") == 200


def test_behind_a_trusted_proxy_the_public_host_and_scheme_count():
    app = Client(ProxyFix(CSRFMiddleware(spa.App(routes)), x_proto=1, x_host=1))
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "public.example"}
    assert post({**forwarded, "Origin": "https://public.example"}, app=app) == 200
    assert post({**forwarded, "Origin": "http://public.example"}, app=app) == 403
    assert post({**forwarded, "Origin": "http://app.example"}, app=app) == 403


@pytest.mark.parametrize("method", UNSAFE)
def test_every_method_that_may_change_something_is_protected(method):
    answer = client().open("/", method=method, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert answer.content_type == "application/problem+json"
    assert answer.json["detail"] == "The request comes from a page of another site."


def test_a_browser_gets_a_page():
    answer = client().post("/", headers={"Sec-Fetch-Site": "cross-site", "Accept": "text/html"})
    assert (answer.status_code, answer.mimetype) == (403, "text/html")


@pytest.mark.parametrize(("method", "status"), [("GET", 200), ("HEAD", 200), ("OPTIONS", 204)])
def test_safe_methods_pass(method, status):
    assert client().open("/", method=method, headers={"Sec-Fetch-Site": "cross-site", **EVIL}).status_code == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://friend.example"}, 200),
        ({"Origin": "https://friend.example", "Sec-Fetch-Site": "cross-site"}, 200),
        ({"Origin": "https://other.example:8443"}, 200),
        ({"Origin": "http://friend.example"}, 403),
        ({"Origin": "https://friend.example:8443"}, 403),
        ({"Origin": "https://friend.example.evil.example"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        (EVIL, 403),
    ],
)
def test_pages_of_a_trusted_origin_may_send_too(headers, status):
    trusted = ["https://Friend.example:443", "https://other.example:8443"]
    assert post(headers, trusted_origins=trusted) == status


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/hook", 200),
        ("/%68ook", 200),
        ("/hook?x=1", 200),
        ("/h\u00f6ok", 200),
        ("/hookXYZ", 403),
        ("/hook/", 403),
        ("/hook/x", 403),
        ("/hook/../x", 403),
        ("/x/../hook", 403),
        ("//hook", 403),
        ("/./hook", 403),
        ("/HOOK", 403),
        ("/hook%00", 403),
        ("/hook;x", 403),
        ("/x?/hook", 403),
        ("/", 403),
    ],
)
def test_only_the_very_path_is_exempt(path, status):
    assert post({"Sec-Fetch-Site": "cross-site"}, path, exempt=["/hook", "/h\u00f6ok"]) == status


def test_exempt_paths_are_those_below_the_script_name():
    app = CSRFMiddleware(spa.App(routes), exempt=["/hook"])
    mounted = Client(spa.App((spa.mount("/below", app),)))
    assert post({"Sec-Fetch-Site": "cross-site"}, "/below/hook", app=mounted) == 200
    assert post({"Sec-Fetch-Site": "cross-site"}, "/below/below/hook", app=mounted) == 403
    assert post({"Sec-Fetch-Site": "cross-site"}, "/hook", app=Client(app), url="http://app.example/below") == 200


@pytest.mark.parametrize(
    ("options", "fix"),
    [
        ({"trusted_origins": "https://a.example"}, "write \\['https://a.example'\\]"),
        ({"trusted_origins": ["a.example"]}, "write scheme://host"),
        ({"trusted_origins": ["*"]}, "single origins"),
        ({"trusted_origins": ["null"]}, "single origins"),
        ({"exempt": "/hook"}, "write \\['/hook'\\]"),
        ({"exempt": None}, "exempt is a list of paths, not None"),
        ({"exempt": [5]}, "start with a slash, not 5"),
        ({"exempt": ["hook"]}, "start with a slash"),
        ({"exempt": ["/hook/*"]}, "exact paths"),
        ({"exempt": ["/hook/<name>"]}, "exact paths"),
    ],
)
def test_wrong_options_fail_at_once_and_name_the_fix(options, fix):
    with pytest.raises(SetupError, match=fix):
        CSRFMiddleware(spa.App(routes), **options)


def test_what_is_no_app_is_a_mistake_in_the_setup():
    with pytest.raises(SetupError, match="wraps a WSGI app"):
        CSRFMiddleware(routes)
