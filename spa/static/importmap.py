"""Write the import map that sends module names to hashed URLs.

A browser first resolves what a module imports to a URL, ``./b.js`` in ``/static/js/app.<hash>.js`` to
``/static/js/b.js``, and then looks this URL up in the import map of the page. So relative, absolute and computed
imports all arrive at hashed URLs, and no script has to be parsed or changed for it. Workers have no import map.
"""

import json
import re
from collections.abc import Mapping
from urllib.parse import quote

from spa.errors import SetupError
from spa.grammar import SCHEME

MODULES = (".js", ".mjs", ".json", ".css")  # what browsers import; others are reached by fetch or url()
# Those that a browser is given the digest of. Chromium 156 ends the page (a crash of its renderer) when a JSON or CSS
# module whose digest the map holds is reached again by a dynamic import.
CHECKED = (".js", ".mjs")
EXTERNAL = re.compile(rf"{SCHEME}:|//")  # a scheme of its own, or the page's
# What a browser's URL parser leaves as it is in a path, or encodes by itself alike in a module and in the map.
# Percent-encoded are only the characters that would mean something else: % ? # and the backslash.
LEFT_BY_BROWSERS = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) not in "%?#\\")

ImportMap = dict[str, dict[str, str]]


def build(
    files: Mapping[str, str],
    mount: str,
    names: Mapping[str, str] | None = None,
    integrity: Mapping[str, str] | None = None,
) -> ImportMap:
    """Return the import map of a directory.

    Args:
        files: the hashed URL of each file, by its path in the directory; those that are no modules are left out.
        mount: the URL path of the directory, ``/static/``.
        names: bare names and what they stand for, ``{'vue': 'vendor/vue.js'}``: a path in the directory, or a URL
            with a scheme. A name that ends with a slash stands for all modules below a folder, ``{'ui/': 'js/ui/'}``.
        integrity: the ``integrity`` of each file, by its path.

    Returns:
        ``imports``, from the URL of each module and from each bare name to a hashed URL, and ``integrity``, from
        hashed URLs of scripts to digests.

    Raises:
        SetupError: a name stands for a file that is not there.
    """
    modules = {path: url for path, url in files.items() if is_module(path)}
    imports = {write_url(mount, path): url for path, url in modules.items()}
    for name, target in (names or {}).items():
        imports |= _name(name, target, files)
    scripts = {path: url for path, url in modules.items() if path.lower().endswith(CHECKED)}
    digests = {scripts[path]: digest for path, digest in (integrity or {}).items() if path in scripts}
    return {"imports": imports, "integrity": digests} if digests else {"imports": imports}


def to_json(map: ImportMap) -> str:
    """Return an import map as JSON that may stand inside ``<script>``.

    There ``</script`` would end the element and ``<!--`` would change how it ends, so ``<`` is written as an escape;
    U+2028 and U+2029, which end lines in older scripts, are, as everything beyond ASCII.
    """
    return json.dumps(map, separators=(",", ":")).replace("<", "\\u003c")


def is_module(path: str) -> bool:
    """Tell whether a file can be imported, by its name."""
    return path.lower().endswith(MODULES)


def is_external(target: str) -> bool:
    """Tell whether this is a URL of its own rather than a path in the directory."""
    return EXTERNAL.match(target) is not None


def write_url(mount: str, path: str) -> str:
    """Return the URL of a file as a browser makes it out of an import of this file."""
    return mount + quote(path, safe=LEFT_BY_BROWSERS)


def _name(name: str, target: str, files: Mapping[str, str]) -> dict[str, str]:
    """Return the entries of one bare name."""
    if not name:
        raise SetupError(f"importmap: give {target!r} a name")
    if name.endswith("/") != target.endswith("/"):
        raise SetupError(f"importmap: {name!r}: {target!r}: both end with a slash, or neither does")
    if is_external(target):
        return {name: target}
    if not name.endswith("/"):
        if target not in files:
            raise SetupError(f"importmap: {name!r}: there is no file {target!r} in the static directory")
        return {name: files[target]}
    # A browser maps a prefix to a prefix, which would give a URL without a hash: so each module has its own entry.
    below = {path: url for path, url in files.items() if path.startswith(target) and is_module(path)}
    if not below:
        raise SetupError(f"importmap: {name!r}: there are no modules under {target!r} in the static directory")
    return {name + path[len(target) :]: url for path, url in below.items()}
