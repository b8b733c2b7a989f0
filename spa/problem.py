"""Render any HTTP error as a problem document (RFC 9457), or as a page for a browser."""

import json
from typing import Any

from markupsafe import escape
from werkzeug.exceptions import BadRequest, BadRequestKeyError, HTTPException, InternalServerError
from werkzeug.wrappers import Response as WerkzeugResponse

from spa.accept import weigh
from spa.environ import ALWAYS_DOCUMENT, SHOW_BUG
from spa.jsoncodec import encode_json, plain
from spa.requestid import request_id
from spa.response import Response

DOCUMENT, PAGE = "application/problem+json", "text/html"
LONGEST_NAME = 100  # characters of a field's name, which may come from the client
LONGEST_EXTENSIONS = 4000  # characters that a page shows of them

TEMPLATE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{status} {title}</title>
<style>
body{{font:1.1rem/1.5 system-ui,sans-serif;max-width:36rem;margin:15vh auto;padding:0 1rem}}
pre{{overflow:auto}}
</style>
<h1>{title}</h1>
<p>{detail}</p>
{extensions}"""
NAMED = "<p>Request <code>{id}</code></p>\n"


def render(error: HTTPException, environ: dict[str, Any]) -> WerkzeugResponse:
    """Return the answer to a request that ended in ``error``, with the headers the error carries.

    An error made around a response (``abort(response)``) is that response. A browser, which prefers HTML to
    JSON in its Accept header, gets a page; everybody else a problem document, and a browser too where the
    handler has put ``ALWAYS_DOCUMENT`` into the environ. A 500 names the request as the log does, so that who
    reports it can say which.
    """
    if error.response is not None:
        return error.response  # type: ignore[return-value]  # of the WSGI kind, as it came from a WSGI app
    headers = headers_of(error, environ)
    headers.append(("Vary", "Accept"))
    status = error.code or 500
    name = request_id(environ) if status == 500 else None
    if name is not None:
        headers.append(("X-Request-ID", name))
    if ALWAYS_DOCUMENT not in environ and prefers_page(environ.get("HTTP_ACCEPT", "")):
        page = TEMPLATE.format(
            status=status,
            title=escape(error.name),
            detail=escape(detail_of(error) or ""),
            extensions=show_extensions(extensions_of(error)),
        )
        if name is not None:
            page += NAMED.format(id=escape(name))
        return Response(page, status, headers, content_type="text/html; charset=utf-8")
    members = document(error)
    if name is not None:
        members["request_id"] = name
    return Response(encode_json(members), status, headers, content_type=DOCUMENT)


def render_bug(bug: BaseException, environ: dict[str, Any]) -> WerkzeugResponse:
    """Return the answer to a request that ended in a bug: a bare 500, or what shows it to the person who develops."""
    if SHOW_BUG in environ:
        return environ[SHOW_BUG](bug, environ)  # type: ignore[no-any-return]
    return render(InternalServerError(original_exception=bug), environ)


def headers_of(error: HTTPException, environ: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the headers an error carries: ``Allow``, ``Retry-After``, ``WWW-Authenticate`` and the like."""
    return [header for header in error.get_headers(environ) if header[0].lower() != "content-type"]


def document(error: HTTPException) -> dict[str, Any]:
    """Return the members of the problem document (RFC 9457 section 3.1), and behind them those of its own."""
    members: dict[str, Any] = {"type": "about:blank", "title": error.name, "status": error.code or 500}
    detail = detail_of(error)
    if detail:
        members["detail"] = str(detail)
    return members | extensions_of(error) | members


def detail_of(error: HTTPException) -> str | None:
    """Return what an error says to the client: its description, or which field of the request it missed.

    The name is one that the program asks for, as a form of its own pages has it; Werkzeug keeps it to itself.
    """
    if isinstance(error, BadRequestKeyError) and error.args and error.description == BadRequest.description:
        return f"The field {error.args[0]!r:.{LONGEST_NAME}} is missing."
    return error.description


def extensions_of(error: HTTPException) -> dict[str, Any]:
    """Return the members that an error adds to its document, its attribute ``extensions`` (RFC 9457 section 3.2)."""
    return dict(getattr(error, "extensions", ()))


def show_extensions(extensions: dict[str, Any]) -> str:
    """Return them as HTML, cut off where they are long."""
    if not extensions:
        return ""
    text = json.dumps(extensions, ensure_ascii=False, indent=1, default=plain)
    return f"<pre>{escape(text[:LONGEST_EXTENSIONS])}{'…' if len(text) > LONGEST_EXTENSIONS else ''}</pre>\n"


def prefers_page(accept: str) -> bool:
    """Tell whether an Accept header prefers HTML, by name, to JSON; one that names neither does not."""
    page, *documents = weigh(accept, PAGE, DOCUMENT, "application/json")
    return page.is_by_name and page > max(documents)
