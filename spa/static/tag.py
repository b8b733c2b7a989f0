"""Write the tags and the headers by which a page loads its files."""

import json
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from html import escape
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from spa.static.importmap import is_external
from spa.static.reference import path_of

MOST_EARLY_HINTS = 10  # files of the Link header: more than a connection fetches at once, and headers stay below 4 KB
KINDS = {  # the destination of a preload (Fetch, section 2.2.5) by the file's extension
    **dict.fromkeys(("js", "mjs"), "module"),
    **dict.fromkeys(("woff2", "woff", "ttf", "otf"), "font"),
    **dict.fromkeys(("png", "jpg", "jpeg", "gif", "webp", "avif", "svg", "ico"), "image"),
    **dict.fromkeys(("json", "wasm"), "fetch"),
    "css": "style",
}
MOST_MAPS = 16  # import maps whose hash is remembered: a page whose body is a function writes its policy each time
URL_IN_HEADER = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in "<>\"\\^`{|}")


class Source(NamedTuple):
    """A file that a page loads: its URL, and the digest of its bytes if they are known."""

    url: str
    integrity: str | None = None


class Preload(NamedTuple):
    """A file that a page will need soon, and what for: ``font``, ``image``, ``fetch``, ``style`` or ``module``."""

    source: Source
    kind: str


@dataclass(frozen=True, slots=True)
class Sources:
    """All that one page loads.

    Attributes:
        stylesheets: in this order.
        modules: scripts of ``type="module"``, which run when the page has been parsed.
        scripts: classic scripts, at the end of the body.
        preloads: what these will ask for later.
        favicon: the icon.
        import_map: JSON that may stand inside ``<script>``.
    """

    stylesheets: Sequence[Source] = ()
    modules: Sequence[Source] = ()
    scripts: Sequence[Source] = ()
    preloads: Sequence[Preload] = ()
    favicon: Source | None = None
    import_map: str | None = None

    def head(self, title: str, nonce: str | None = None) -> str:
        """Return the tags of ``<head>``; the import map comes before the first module, as HTML demands.

        Args:
            title: of the page, as text.
            nonce: of the Content-Security-Policy.
        """
        tags = [
            '<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(title)}</title>",
        ]
        if self.favicon:
            tags.append(_tag("link", rel="icon", href=self.favicon.url))
        tags += [_preload(preload) for preload in self.preloads if preload.kind != "module"]
        tags += [_load("link", "href", sheet, None, rel="stylesheet") for sheet in self.stylesheets]
        if self.import_map is not None:
            tags.append(f"{_tag('script', type='importmap', nonce=nonce)}{self.import_map}</script>")
        early = [*self.modules, *self._early_modules()]
        tags += [_load("link", "href", module, nonce, rel="modulepreload") for module in early]
        tags += [_load("script", "src", module, nonce, type="module") + "</script>" for module in self.modules]
        return "\n".join(tags)

    def foot(self, nonce: str | None = None) -> str:
        """Return the tags at the end of ``<body>``."""
        return "\n".join(_load("script", "src", script, nonce) + "</script>" for script in self.scripts)

    def link_header(self, nonce: str | None = None) -> str:
        """Return the value of a Link header for the files most needed, empty if there are none (RFC 8288).

        Servers send it ahead as 103 Early Hints (RFC 8297). Modules are preloaded as scripts: ``modulepreload`` would
        begin to load modules before the import map was read, and older browsers ignore a map that comes later.
        """
        return ", ".join(_link(preload, nonce) for preload in list(self._early())[:MOST_EARLY_HINTS])

    def policy(self, nonce: str | None = None) -> str:
        """Return a Content-Security-Policy by which scripts run from here only.

        Args:
            nonce: scripts that carry it run, and what they load. Without a nonce, scripts run from the page's own
                origin and from those that it names: with scripts, modules, modules to preload, and in the import map.
                Of inline scripts the import map is read, by its hash. Other files may come from anywhere.
        """
        if nonce is not None:
            allowed = [f"'nonce-{nonce}'", "'strict-dynamic'"]
        else:
            urls = [source.url for source in (*self.modules, *self.scripts, *self._early_modules())]
            map_urls, map_hash = _read_map(self.import_map) if self.import_map is not None else ((), "")
            origins = {_origin(url) for url in (*urls, *map_urls)}
            allowed = ["'self'", *sorted(origins - {""}), *([map_hash] if map_hash else [])]
        return f"script-src {' '.join(allowed)}; object-src 'none'; base-uri 'none'"

    def _early_modules(self) -> list[Source]:
        return [preload.source for preload in self.preloads if preload.kind == "module"]

    def _early(self) -> Iterator[Preload]:
        yield from (Preload(sheet, "style") for sheet in self.stylesheets)
        yield from (Preload(module, "module") for module in self.modules)
        yield from (Preload(script, "script") for script in self.scripts)
        yield from self.preloads


def kind_of(path: str) -> str | None:
    """Return what a browser is to preload a file as, by its extension; None if that cannot be told.

    A ``?`` or ``#`` begins the query or the fragment of a URL with a host; in a path it belongs to a name.
    """
    if is_external(path):
        path = path_of(path)
    return KINDS.get(path.rpartition(".")[2].lower())


def _load(name: str, attribute: str, source: Source, nonce: str | None, **attributes: str) -> str:
    """Return a tag that loads a file and has the browser check its bytes."""
    return _tag(name, **attributes, **{attribute: source.url}, nonce=nonce, **_check(source))


def _preload(preload: Preload) -> str:
    return _tag("link", rel="preload", **{"as": preload.kind}, href=preload.source.url, **_mode(preload))


def _link(preload: Preload, nonce: str | None) -> str:
    kind = "script" if preload.kind == "module" else preload.kind
    parameters = [f"<{quote(preload.source.url, safe=URL_IN_HEADER)}>", "rel=preload", f"as={kind}"]
    parameters += [f'{key}="{value}"' if value else key for key, value in _mode(preload).items()]
    if nonce is not None and kind == "script":
        parameters.append(f'nonce="{nonce}"')
    return "; ".join(parameters)


def _mode(preload: Preload) -> dict[str, str]:
    """Return how to fetch what is preloaded: exactly as it will be asked for later, or it is fetched twice."""
    if preload.kind in ("font", "fetch"):
        return {"crossorigin": ""}
    if preload.kind == "image":
        return {}
    return _check(preload.source) or ({"crossorigin": ""} if preload.kind == "module" else {})


def _check(source: Source) -> dict[str, str]:
    """Return the attributes of Subresource Integrity, and of the CORS that it needs on another origin."""
    return {"integrity": source.integrity, "crossorigin": ""} if source.integrity else {}


def _tag(name: str, **attributes: str | None) -> str:
    given = [(key, value) for key, value in attributes.items() if value is not None]
    return f"<{' '.join([name, *(f'{key}=' + _quote(value) if value else key for key, value in given)])}>"


def _quote(value: str) -> str:
    return f'"{escape(value)}"'


@lru_cache(maxsize=MOST_MAPS)
def _read_map(import_map: str) -> tuple[tuple[str, ...], str]:
    """Return the URLs that an import map sends to, and its hash as a policy allows it."""
    urls = tuple(json.loads(import_map).get("imports", {}).values())
    return urls, f"'sha256-{b64encode(sha256(import_map.encode()).digest()).decode()}'"


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme and parts.netloc else parts.netloc
