"""Build the one HTML page of a single-page app, with hashed URLs."""

import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from html import escape
from typing import Any

from werkzeug.exceptions import MethodNotAllowed

from spa.environ import CSP_NONCE
from spa.errors import SetupError
from spa.listing import check_list
from spa.response import Response, answer_options
from spa.static.hashing import digest
from spa.static.link import Links
from spa.static.route import refuse_arguments
from spa.static.sending import Representation
from spa.static.smart import SmartStatic
from spa.static.tag import Preload, Sources, kind_of
from spa.static.variant import Variants
from spa.websocket.handshake import refuse
from spa.wsgi import WSGIApp

TEMPLATE = """<!doctype html>
<html lang="{lang}">
<head>
{head}
</head>
<body>
{body}
{foot}
</body>
</html>
"""
PLACEHOLDER = re.compile(r"\{(head|body|foot|lang)\}")
HTML = "text/html; charset=utf-8"
METHODS = ("GET", "HEAD", "OPTIONS")
NONCE_BYTES = 16  # 128 random bits, as the Content Security Policy asks for (CSP Level 3, section 7.1)
MOST_MOUNTS = 16  # pages kept, one for each SCRIPT_NAME; a proxy may let clients choose that

Template = str | Callable[..., str]


@dataclass(frozen=True, slots=True)
class Page:
    """What a page loads under one mount, and the whole answer if it is the same for every request."""

    version: object
    sources: Sources
    answer: Representation | None = None


def make_nonce() -> str:
    """Return a word that nobody can guess."""
    return secrets.token_urlsafe(NONCE_BYTES)


class HomePage:
    """The page that loads a single-page app, as the handler of a route::

        static = SmartStatic(directory='static')
        routes = (
            ('/', 'home', HomePage('/static/', static, modules=['js/app.js'], title='Notes')),
            ('/static/<path:filepath>', 'static', static),
        )

    All files are linked at hashed URLs, which caches keep for ever, and with digests that the browser checks. The
    page itself is ``no-cache`` with an ETag, and compressed where it is the same for all. A ``Link`` header names what
    to load first.

    Args:
        static_url: the path under which the static files stand, without SCRIPT_NAME; or the URL of a CDN.
        static_handler: the ``SmartStatic`` that serves them; None links to plain, unhashed URLs.
        scripts: classic scripts, run in this order at the end of the body: paths in the directory, or URLs with a
            scheme.
        modules: JavaScript modules.
        stylesheets: stylesheets.
        preload: what these will ask for later: fonts, images, and modules deep in the graph.
        title: of the page; text, which is escaped, as ``lang`` is.
        favicon: path of the icon.
        body: HTML, not escaped; or a callable that is given the request and returns HTML.
        extra_head: HTML for the end of the head.
        extra_foot: HTML for the end of the body, after the scripts.
        lang: the language of the page.
        importmap: bare names for modules, ``{'vue': 'vendor/vue.js'}``; values may be URLs. A page with modules has an
            import map of all modules in the directory anyway; False leaves it out, True puts it in without modules.
        template: another frame: HTML with the placeholders ``{head}``, ``{body}`` and ``{foot}``, or a callable that
            is given these three as keyword arguments and returns HTML.
        csp: sends a Content-Security-Policy by which only scripts run that the page names: ``'hash'``, or ``'nonce'``,
            which lets scripts load others from anywhere. A body that is a callable finds the nonce for inline scripts
            of its own in ``request.environ['spa.csp_nonce']``. With a nonce each answer is another, so it has no ETag,
            and is ``private``.
        make_nonce: gives a nonce.

    Raises:
        SetupError: a file is not there, or an argument is wrong; the message names it.
    """

    def __init__(
        self,
        static_url: str,
        static_handler: SmartStatic | None = None,
        *,
        scripts: Sequence[str] = (),
        modules: Sequence[str] = (),
        stylesheets: Sequence[str] = (),
        preload: Sequence[str] = (),
        title: str = "",
        favicon: str | None = None,
        body: str | Callable[[Any], str] = "",
        extra_head: str = "",
        extra_foot: str = "",
        lang: str = "en",
        importmap: Mapping[str, str] | bool | None = None,
        template: Template | None = None,
        csp: str | None = None,
        make_nonce: Callable[[], str] = make_nonce,
    ) -> None:
        self._stylesheets, self._modules = _check_paths("stylesheets", stylesheets), _check_paths("modules", modules)
        self._scripts, self._preload = _check_paths("scripts", scripts), _check_paths("preload", preload)
        self._names: Mapping[str, str] = importmap if isinstance(importmap, Mapping) else {}
        self._has_map = bool(self._modules) if importmap is None else importmap is not False
        self._favicon = favicon
        self._title, self._lang, self._body = title, lang, body
        self._extra_head, self._extra_foot = extra_head, extra_foot
        self._template: Template = TEMPLATE if template is None else template
        self._csp, self._make_nonce = csp, make_nonce
        self._check_texts()
        self._check_names(importmap)
        self._check()
        self._paths = [*self._stylesheets, *self._modules, *self._scripts, *self._preload]
        self._paths += [favicon] if favicon else []
        self._links = Links(static_url, static_handler)
        self._links.check(self._paths, self._names)
        self._handler = static_handler
        self._pages: dict[str, Page] = {}
        self._variants = Variants()

    def set_up_route(self, pattern: str, kwargs: Mapping[str, Any]) -> Mapping[str, Any]:
        """See, when the app is built, that the route has no arguments: the page has them."""
        refuse_arguments(pattern, kwargs, "HomePage")
        return kwargs

    def check_routes(self) -> None:
        """See, when the app has all its routes, that the links lead to the files.

        Raises:
            SetupError: they do not.
        """
        self._links.check_mount()

    def __call__(self, app: Any, request: Any, params: Mapping[str, Any], route_name: str, **kwargs: Any) -> WSGIApp:
        """Return the answer to a request, a WSGI callable.

        Raises:
            MethodNotAllowed: the method is not GET, HEAD or OPTIONS.
            BadRequest: the request asks for a WebSocket.
        """
        refuse(request.environ)
        method = request.environ["REQUEST_METHOD"]
        if method == "OPTIONS":
            return answer_options(METHODS)
        if method not in METHODS:
            raise MethodNotAllowed(METHODS)
        if self._handler is not None:
            self._handler.observe(request.environ)
        page = self._find_page(self._links.mount(request.environ))
        if self._csp == "nonce":
            return self._answer_once(page.sources, request)
        answer = page.answer
        if answer is None:
            return self._answer(page.sources, self._call_body(request))
        return self._variants.choose(answer, request.environ, answer.etag)

    def _find_page(self, mount: str) -> Page:
        """Return what the page loads, found out anew if a file has changed."""
        version = self._links.version(self._paths, mount, self._has_map)
        page = self._pages.get(mount)
        if page is None or page.version != version:
            sources = self._find_sources(mount)
            is_fixed = isinstance(self._body, str) and isinstance(self._template, str) and self._csp != "nonce"
            page = Page(version, sources, self._answer(sources, str(self._body)) if is_fixed else None)
            if len(self._pages) >= MOST_MOUNTS:
                self._pages.clear()
            self._pages[mount] = page
        return page

    def _find_sources(self, mount: str) -> Sources:
        find = partial(self._links.find, mount=mount)
        return Sources(
            stylesheets=[find(path) for path in self._stylesheets],
            modules=[find(path) for path in self._modules],
            scripts=[find(path) for path in self._scripts],
            preloads=[Preload(find(path), kind_of(path) or "") for path in self._preload],
            favicon=find(self._favicon) if self._favicon else None,
            import_map=self._links.write_import_map(self._names, mount) if self._has_map else None,
        )

    def _answer(self, sources: Sources, body: str) -> Representation:
        data = self._write(sources, body, None)
        headers = [("Cache-Control", "no-cache"), *self._headers(sources, None)]
        return Representation(data, len(data), f'"{digest(data)}"', None, HTML, tuple(headers))

    def _answer_once(self, sources: Sources, request: Any) -> Response:
        """Answer with a nonce, and without an ETag: a 304 would put another nonce beside the old page.

        Shared caches must not keep a nonce (``private``). The browser's own may: it keeps the page with its policy,
        and shows both only when the user goes back, which ``no-store`` would make slow.
        """
        nonce = request.environ[CSP_NONCE] = self._make_nonce()
        headers = [("Cache-Control", "private, no-cache"), *self._headers(sources, nonce)]
        headers.append(("X-Content-Type-Options", "nosniff"))
        data = self._write(sources, self._call_body(request), nonce)
        return Response(data, headers=headers, content_type=HTML)

    def _headers(self, sources: Sources, nonce: str | None) -> list[tuple[str, str]]:
        headers = [("Content-Security-Policy", sources.policy(nonce))] if self._csp else []
        link = sources.link_header(nonce)
        return [*headers, ("Link", link)] if link else headers

    def _call_body(self, request: Any) -> str:
        return self._body if isinstance(self._body, str) else self._body(request)

    def _write(self, sources: Sources, body: str, nonce: str | None) -> bytes:
        parts = {
            "head": _join(sources.head(self._title, nonce), self._extra_head),
            "body": body,
            "foot": _join(sources.foot(nonce), self._extra_foot),
        }
        if callable(self._template):
            return self._template(**parts).encode()
        parts["lang"] = escape(self._lang)
        return PLACEHOLDER.sub(lambda found: parts[found[1]], self._template).encode()

    def _check(self) -> None:
        """See that what is preloaded has a kind, the policy is known, and the template has a place for each part."""
        for path in self._preload:
            if kind_of(path) is None:
                raise SetupError(f"preload: {path!r} has no extension that says what it is for")
        if self._csp not in (None, "hash", "nonce"):
            raise SetupError(f"csp is 'nonce', 'hash' or None, not {self._csp!r}")
        if isinstance(self._template, str):
            has_foot, has_body = bool(self._scripts or self._extra_foot), bool(self._body)
            for name, is_needed in (("head", True), ("body", has_body), ("foot", has_foot)):
                if is_needed and f"{{{name}}}" not in self._template:
                    raise SetupError(f"the template has no place for the {name}: put {{{name}}} into it")

    def _check_texts(self) -> None:
        """See that what is text is a str, and that what is HTML is one or makes one."""
        texts = {"title": self._title, "lang": self._lang, "extra_head": self._extra_head}
        for name, text in {**texts, "extra_foot": self._extra_foot, "favicon": self._favicon or ""}.items():
            if not isinstance(text, str):
                raise SetupError(f"{name} is a str, not {text!r}")
        for name, html in (("body", self._body), ("template", self._template)):
            if not isinstance(html, str) and not callable(html):
                raise SetupError(f"{name} is HTML, a str, or a callable that returns it, not {html!r}")

    def _check_names(self, importmap: Any) -> None:
        """See that the import map is one, of texts."""
        if not isinstance(importmap, Mapping | bool | None):
            raise SetupError(f"importmap is a dict of bare names and modules, True, False or None, not {importmap!r}")
        for name, target in self._names.items():
            if not isinstance(name, str) or not isinstance(target, str):
                raise SetupError(f"importmap has {name!r}: {target!r}, and both are str, as 'vue': 'vendor/vue.js'")


def _check_paths(option: str, paths: Any) -> list[str]:
    listed = check_list(paths, option, "paths", is_ordered=True)
    for path in listed:
        if not isinstance(path, str):
            raise SetupError(f"{option} holds {path!r}, and a path is a str, as 'js/app.js'")
    return listed


def _join(*parts: str) -> str:
    return "\n".join(filter(None, parts))
