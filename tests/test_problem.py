"""Hold how HTTP errors are rendered: as problem documents or pages, with their headers, and escaped."""

from datetime import UTC, datetime

import pytest
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import (
    BadRequest,
    BadRequestKeyError,
    HTTPException,
    InternalServerError,
    MethodNotAllowed,
    NotFound,
    RequestedRangeNotSatisfiable,
    ServiceUnavailable,
    TooManyRequests,
    Unauthorized,
    abort,
    default_exceptions,
)
from werkzeug.test import Client, TestResponse, create_environ, run_wsgi_app

import spa
from spa import problem
from spa.environ import SHOW_BUG

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


def rendered(error, accept=None):
    environ = create_environ(headers=None if accept is None else {"Accept": accept})
    return TestResponse(*run_wsgi_app(problem.render(error, environ), environ), request=None)


@pytest.mark.parametrize(
    ("accept", "is_page"),
    [
        (None, False),
        ("", False),
        ("*/*", False),
        ("application/json", False),
        ("application/problem+json", False),
        ("text/plain", False),
        (BROWSER, True),
        ("text/html", True),
        ("text/html, */*", True),
        ("text/html;q=0", False),
        ("text/html, application/json", False),
        ("application/json, text/html", False),
        ("application/json;q=0.5, text/html", True),
        ("application/json, text/html;q=0.5", False),
        ("application/problem+json, text/html;q=0.9", False),
        ("application/problem+json;q=0.1, application/json;q=0.2, text/html;q=0.3", True),
        ("text/html;q=x", False),
        ("text/html;q=nan", False),
        (",;=,text/html,;;q=", True),
        ("\xff\xfe", False),
        ("TEXT/HTML", True),
        ("text/*", False),
        ("text/html;q=0.5, */*", False),
        ("text/html;q=0.5, application/*", False),
        ("application/*, text/html;q=0.5", False),
        ("text/html, application/*", True),
        ("text/html, application/json;q=0, */*", True),
    ],
)
def test_a_page_is_for_who_prefers_html(accept, is_page):
    response = rendered(NotFound(), accept)
    assert response.status_code == 404
    assert response.content_type == ("text/html; charset=utf-8" if is_page else "application/problem+json")
    assert "Accept" in response.vary


@pytest.mark.parametrize(
    ("error", "members"),
    [
        (
            NotFound("No such user."),
            {"type": "about:blank", "title": "Not Found", "status": 404, "detail": "No such user."},
        ),
        (BadRequest("ünï"), {"type": "about:blank", "title": "Bad Request", "status": 400, "detail": "ünï"}),
        (HTTPException(), {"type": "about:blank", "title": "Unknown Error", "status": 500}),
    ],
)
def test_a_document_has_the_members_of_rfc_9457(error, members):
    response = rendered(error)
    found = response.json
    found.pop("request_id", None)
    assert found == members
    assert response.status_code == members["status"]
    assert response.content_length == len(response.data)


@pytest.mark.parametrize("code", sorted(default_exceptions))
@pytest.mark.parametrize("accept", ["*/*", BROWSER])
def test_every_error_of_werkzeug_is_rendered(code, accept):
    response = rendered(default_exceptions[code](), accept)
    assert response.status_code == code
    assert response.data


@pytest.mark.parametrize("accept", ["*/*", BROWSER])
@pytest.mark.parametrize(
    ("error", "name", "value"),
    [
        (MethodNotAllowed(["GET", "HEAD"]), "Allow", "GET, HEAD"),
        (TooManyRequests(retry_after=60), "Retry-After", "60"),
        (
            ServiceUnavailable(retry_after=datetime(2030, 1, 1, tzinfo=UTC)),
            "Retry-After",
            "Tue, 01 Jan 2030 00:00:00 GMT",
        ),
        (Unauthorized(www_authenticate=WWWAuthenticate("basic", {"realm": "x"})), "WWW-Authenticate", "Basic realm=x"),
        (RequestedRangeNotSatisfiable(10), "Content-Range", "bytes */10"),
    ],
)
def test_the_headers_of_an_error_are_kept(error, name, value, accept):
    response = rendered(error, accept)
    assert response.headers.getlist(name) == [value]
    assert len(response.headers.getlist("Content-Type")) == 1


def test_several_challenges_are_all_kept():
    error = Unauthorized(www_authenticate=[WWWAuthenticate("basic", {"realm": "x"}), WWWAuthenticate("bearer")])
    assert len(rendered(error).headers.getlist("WWW-Authenticate")) == 2


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", '"onload="x', "{0.__class__}", "%s", "a & b"])
def test_the_detail_is_escaped_in_a_page_and_whole_in_a_document(text):
    page = rendered(NotFound(text), "text/html").text
    assert text in page if text in ("{0.__class__}", "%s") else text not in page
    assert "<script" not in page
    assert rendered(NotFound(text)).json["detail"] == text


def test_an_error_around_a_response_is_that_response():
    class Closed(spa.Handler):
        def get(self):
            abort(spa.Response("closed on Sundays", 503, {"Retry-After": "86400"}))

    response = Client(spa.App((("/", "", Closed),))).get("/")
    assert (response.status_code, response.text) == (503, "closed on Sundays")
    assert response.headers["Retry-After"] == "86400"


def test_an_error_that_is_raised_again_and_again_is_rendered_for_each_request():
    gone = NotFound("It was here.")

    class Page(spa.Handler):
        def get(self):
            raise gone

    class Document(spa.JSONHandler):
        def get(self):
            raise gone

    client = Client(spa.App((("/page", "", Page), ("/document", "", Document))))
    accept = {"Accept": "text/html"}
    assert client.get("/document", headers=accept).mimetype == "application/problem+json"
    assert client.get("/page", headers=accept).mimetype == "text/html"
    assert client.get("/page").mimetype == "application/problem+json"
    assert gone.response is None


def test_the_page_links_to_nothing_outside():
    assert "http" not in rendered(NotFound("x"), "text/html").text


class Refused(NotFound):
    extensions = {"errors": [{"loc": ["<b>", 0], "msg": "ü"}], "status": 200, "title": "Fine"}  # noqa: RUF012


def test_the_members_that_an_error_adds_are_in_the_document_and_do_not_replace_its_own():
    assert rendered(Refused("Gone.")).json == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "Gone.",
        "errors": [{"loc": ["<b>", 0], "msg": "ü"}],
    }
    assert list(rendered(Refused("Gone.")).json)[:4] == ["type", "title", "status", "detail"]


def test_the_members_that_an_error_adds_are_on_the_page_escaped():
    page = rendered(Refused("Gone."), "text/html").text
    assert "&lt;b&gt;" in page
    assert "<b>" not in page
    assert "ü" in page
    assert "<pre>" not in rendered(NotFound("Gone."), "text/html").text


def test_many_of_them_are_cut_off_on_the_page_and_whole_in_the_document():
    error = spa.ValidationError([(["<" * 10, number], "Is wrong.") for number in range(1000)])
    page = rendered(error, "text/html").text
    assert len(page) < 2 * problem.LONGEST_EXTENSIONS * len("&lt;")
    assert "…</pre>" in page
    assert len(rendered(error).json["errors"]) == 1000


@pytest.mark.parametrize("accept", ["application/json", "text/html"])
def test_a_500_names_the_request_as_the_log_does(accept):
    environ = create_environ(headers={"Accept": accept, "X-Request-ID": "from-a-proxy"})
    response = TestResponse(*run_wsgi_app(problem.render(InternalServerError(), environ), environ), None)
    assert response.headers["X-Request-ID"] == "from-a-proxy"
    assert "from-a-proxy" in response.text


def test_an_error_of_the_client_names_nothing():
    response = rendered(NotFound())
    assert "X-Request-ID" not in response.headers
    assert "request_id" not in response.json


@pytest.mark.parametrize(
    "read",
    [
        lambda request: request.args["nmae"],
        lambda request: request.form["nmae"],
        lambda request: request.values["nmae"],
        lambda request: request.files["nmae"],
        lambda request: request.cookies["nmae"],
    ],
)
@pytest.mark.parametrize("accept", [None, BROWSER])
def test_a_field_that_is_missing_is_named(read, accept):
    app = spa.App((("/", "", type("Page", (spa.Handler,), {"post": lambda self: read(self.request)})),))
    response = Client(app).post("/?q=1", data={"name": "x"}, headers={} if accept is None else {"Accept": accept})
    assert response.status_code == 400
    assert f"The field {'&#39;' if accept else chr(39)}nmae" in response.text


@pytest.mark.parametrize(
    ("error", "detail"),
    [
        (BadRequestKeyError("x" * 1000), f"The field '{'x' * 99} is missing."),
        (BadRequestKeyError("<b>"), "The field '<b>' is missing."),
        (BadRequestKeyError("name", "Say who you are."), "Say who you are."),
        (BadRequestKeyError(), BadRequest.description),
    ],
)
def test_a_missing_field_is_named_briefly_and_only_where_nothing_else_is_said(error, detail):
    assert rendered(error).json["detail"] == detail
    assert "<b>" not in rendered(error, BROWSER).text


def test_a_bug_is_a_bare_500_unless_there_is_who_shows_it():
    environ = create_environ()
    bug = LookupError("what only the server knows")
    answer = problem.render_bug(bug, environ)
    assert answer.status_code == 500
    assert b"knows" not in answer.data
    environ[SHOW_BUG] = lambda error, environ: (error, environ)
    assert problem.render_bug(bug, environ) == (bug, environ)
