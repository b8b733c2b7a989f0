"""Find the URLs by which a page links to static files."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from spa.errors import SetupError
from spa.grammar import PATH_SAFE
from spa.mounted import script_name_of
from spa.static import importmap
from spa.static.smart import SmartStatic
from spa.static.tag import Source


class Links:
    """The links to the files of one directory: hashed if ``SmartStatic`` serves it, plain without a handler.

    Args:
        static_url: the path under which the directory stands, without SCRIPT_NAME; or the URL of a CDN.
        handler: what serves it.

    Raises:
        SetupError: this is no such path, or no such handler.
    """

    def __init__(self, static_url: str, handler: SmartStatic | None) -> None:
        if not isinstance(static_url, str):
            hint = ": write HomePage('/static/', static)" if isinstance(static_url, SmartStatic) else ""
            raise SetupError(f"static_url is a path as '/static/', not {type(static_url).__name__}{hint}")
        self._is_elsewhere = importmap.is_external(static_url)
        if not static_url.endswith("/") or not (static_url.startswith("/") or self._is_elsewhere):
            raise SetupError(f"static_url is a path as '/static/', with a slash at both ends, not {static_url!r}")
        if handler is not None and not isinstance(handler, SmartStatic):
            raise SetupError(f"static_handler is a SmartStatic(directory='static') or None, not {handler!r}")
        self._static_url = static_url
        self._handler = handler

    def check(self, paths: Sequence[str], names: Mapping[str, str]) -> None:
        """See that the files and the targets of bare names are there.

        Raises:
            SetupError: one is not.
        """
        if self._handler is None:
            return
        known = dict.fromkeys(self._handler.paths(), "")
        for path in paths:
            if path not in known and not importmap.is_external(path):
                directory, plain = self._handler.directory.root, path.lstrip("/")
                hint = f": write {plain!r}, without the slash" if plain != path and plain in known else ""
                raise SetupError(f"there is no file {path!r} in the static directory {directory!r}{hint}")
        importmap.build(known, "", names)

    def mount(self, environ: Mapping[str, Any]) -> str:
        """Return the path of the directory for the client that sent this request: SCRIPT_NAME comes before it."""
        if self._is_elsewhere:
            return self._static_url
        root = script_name_of(environ).encode("latin-1").decode("utf-8", "replace")
        return f"{root}{self._static_url}"

    def version(self, paths: Sequence[str], mount: str, is_whole: bool) -> object:
        """Return a value that stays equal as long as the links do.

        A stylesheet's link changes with what the stylesheet shows, so the links themselves are compared; they are
        at hand.

        Args:
            paths: the files linked to.
            mount: of the directory.
            is_whole: whether all files of the directory are linked to as well, by an import map.
        """
        if self._handler is None:
            return None
        links = [self._write(path, mount) for path in paths if not importmap.is_external(path)]
        return links, self._handler.version() if is_whole else None

    def find(self, path: str, mount: str) -> Source:
        """Return the URL of a file and its digest; a URL with a scheme is returned as it is.

        Raises:
            LookupError: there is no such file any more.
            SetupError: the directory stands elsewhere.
        """
        self.check_mount()
        if importmap.is_external(path):
            return Source(path)
        if self._handler is None:
            return Source(self._write(path, mount))
        # The digest first, which sees whether the file has changed.
        digest = self._handler.integrity(path, self._served_under(mount))
        return Source(self._write(path, mount), digest)

    def write_import_map(self, names: Mapping[str, str], mount: str) -> str | None:
        """Return the import map of the directory and of bare names, as JSON; None if it would be empty."""
        if self._handler is None:
            urls = {name: self.find(target, mount).url for name, target in names.items()}
            return importmap.to_json({"imports": urls}) if urls else None
        # Modules, and whatever else a name was given to.
        paths = [path for path in self._handler.paths() if importmap.is_module(path) or path in names.values()]
        sources = {path: self.find(path, mount) for path in paths}
        urls = {path: source.url for path, source in sources.items()}
        digests = {path: source.integrity for path, source in sources.items() if source.integrity}
        return importmap.to_json(importmap.build(urls, self._quote(mount), names, digests))

    def check_mount(self) -> None:
        """See that the directory stands where the links point; the app itself may be mounted below a path.

        Raises:
            SetupError: the directory stands elsewhere. Where no route has it yet, one of another app may have it later.
        """
        mounts = self._handler.mounts if self._handler is not None and not self._is_elsewhere else []
        if mounts and not self._static_url.endswith(tuple(mounts)):
            raise SetupError(
                f"static_url is {self._static_url!r}, but the directory stands under {mounts[0]!r}: write that instead"
            )

    def _write(self, path: str, mount: str) -> str:
        if self._handler is not None:
            path = self._handler.hashed_path(path, self._served_under(mount))
        return self._quote(mount) + quote(path, safe=PATH_SAFE)

    def _served_under(self, mount: str) -> str | None:
        """Return the mount whose bytes count: a CDN has those of the app's own route."""
        return None if self._is_elsewhere else mount

    def _quote(self, mount: str) -> str:
        return mount if self._is_elsewhere else quote(mount, safe=PATH_SAFE)
