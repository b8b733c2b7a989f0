"""Serve files at content-hashed URLs that may be cached for ever."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from spa.environ import WATCH
from spa.errors import SetupError
from spa.grammar import PATH_SAFE
from spa.handler import Handler
from spa.mounted import mount_of
from spa.static import hashing
from spa.static.asset import Asset
from spa.static.assets import Assets
from spa.static.files import ChangedError, Directory, File, Root
from spa.static.hashedfile import HashedFile
from spa.static.mimetypes import type_of
from spa.static.reading import charset_of
from spa.static.route import refuse_arguments
from spa.static.sending import IMMUTABLE, Representation
from spa.static.shortcut import Shortcuts
from spa.static.sibling import Original
from spa.static.variant import Variants


class SmartStatic:
    """Serve a directory at URLs that carry a hash of the bytes: ``css/app.css`` at ``css/app.3e2d….css``.

    ::

        static = SmartStatic('static')
        routes = (('/static/<path:filepath>', 'static', static),)
        app = spa.App(routes)
        app.url('static', filepath='css/app.css')      # '/static/css/app.0f1e2d3c4b5a.css'

    The hash is the first 12 hex digits of the MD5 of the bytes that are sent, so such a URL never changes its
    content, and caches may keep it for ever. Stylesheets are rewritten in memory, so that what they refer to is
    at hashed URLs too; a changed image changes the URL of the stylesheet that shows it. There is no build step.
    A file is reachable under its hash only; everything else is 404.

    A sibling ``name.br``, ``name.zst`` or ``name.gz`` is sent to those who accept it, if it decodes to the very bytes
    of its file; other text is compressed in memory.

    Args:
        directory: a path, or ``(package, folder)`` for the data of an installed package.
        watch: whether an edit is seen at the next request, for which each request looks at the file. None looks
            under ``spa.run``, and as long as no server has served a file. Without watching, an edit is seen when
            its new URL is asked for.
        strict: whether a stylesheet that refers to a missing file raises; else one warning names the place.
        follow_symlinks: whether links may lead out of the directory.

    Raises:
        SetupError: there is no such directory.
    """

    def __init__(
        self, directory: Root, *, watch: bool | None = None, strict: bool = False, follow_symlinks: bool = False
    ) -> None:
        self.directory = Directory(directory, follow_symlinks)
        self.watch = watch
        self.mounts: list[str] = []
        self._assets = Assets(self.directory, strict)
        self._variants = Variants(self.directory)
        self.shortcuts = Shortcuts()

    def __call__(
        self, app: Any, request: Any, params: dict[str, Any], route_name: str, **kwargs: Any
    ) -> Handler:
        """Return the handler of a request."""
        return HashedFile(app, request, params, route_name, static=self, **kwargs)

    def set_up_route(self, pattern: str, kwargs: Mapping[str, Any]) -> Mapping[str, Any]:
        """Learn, when the app is built, under which path the directory stands; the first route counts for ``url``."""
        before, separator, _ = pattern.partition("<path:filepath>")
        if not separator:
            raise SetupError(f"route {pattern!r}: the pattern needs <path:filepath>")
        refuse_arguments(pattern, kwargs, "SmartStatic")
        if "<" not in before:
            self.mounts.append(before)
        return kwargs

    @property
    def mount(self) -> str | None:
        """The URL path of the directory: that of the first route it stands under; None without one."""
        return self.mounts[0] if self.mounts else None

    def url_values(self, values: Mapping[str, Any], mount: str) -> Mapping[str, Any]:
        """Put the hash into the ``filepath`` of a URL that ``app.url`` builds.

        Raises:
            LookupError: there is no such file.
        """
        return {**values, "filepath": self._require(values["filepath"], mount).hashed_path}

    def url(self, path: str, mount: str | None = None) -> str:
        """Return the hashed URL of a file.

        Args:
            path: where it is under the directory: ``'js/app.js'``.
            mount: the URL path of the directory, with SCRIPT_NAME if there is one: ``'/static/'``. By default
                that of the first route the directory stands under; as long as there is none without variables,
                the URL is relative to the directory.

        Raises:
            LookupError: there is no such file.
            SetupError: this is no mount.
        """
        return self._default(mount) + quote(self.hashed_path(path, mount), safe=PATH_SAFE)

    def hashed_path(self, path: str, mount: str | None = None) -> str:
        """Return the path of a file with the hash in its name, under the directory and not quoted.

        Raises:
            LookupError: there is no such file.
        """
        return self._require(path, self._default(mount)).hashed_path

    def content(self, path: str, mount: str | None = None) -> bytes:
        """Return the bytes of a file as they are served.

        Raises:
            LookupError: there is no such file.
        """
        try:
            return b"".join(self.pieces(path, mount))
        except ChangedError:
            raise _changing(path) from None

    def pieces(self, path: str, mount: str | None = None) -> Iterator[bytes]:
        """Give the bytes of a file as they are served in pieces, so that a large one is never whole in memory.

        Raises:
            LookupError: there is no such file.
            ChangedError: it is written to meanwhile.
        """
        under = self._default(mount)
        for look in (False, True):  # what has changed since it was made is made anew
            asset = self._require(path, under, look)
            body = self._assets.read_small(asset)
            if body is not None:
                yield body
                return
            file = self._assets.open(asset)
            if file is not None:
                try:
                    yield from file.pieces(0, file.size)
                finally:
                    file.close()
                return
        raise _changing(path)

    def integrity(self, path: str, mount: str | None = None) -> str:
        """Return the ``integrity`` attribute for a file: sha384 of the bytes as they are served.

        Raises:
            LookupError: there is no such file.
        """
        return hashing.integrity(self.content(path, mount))

    def paths(self) -> list[str]:
        """Return the paths of all files that may be served, sorted."""
        return self.directory.paths()

    def manifest(self, mount: str | None = None) -> dict[str, str]:
        """Return each path with its hashed path, sorted.

        What has been read for it need not be read again at the first requests.

        Args:
            mount: as for ``url``.
        """
        return {asset.path: asset.hashed_path for asset in self._all(mount)}

    def version(self) -> object:
        """Return a value that stays equal as long as no file has changed; without watching it is constant."""
        if self.watch is False:
            return None
        return tuple((path, self.directory.identify(path)) for path in self.paths())

    def observe(self, environ: Mapping[str, Any]) -> None:
        """Begin to watch if the server says that it serves a program under development."""
        if self.watch is None:
            self.watch = bool(environ.get(WATCH))

    def check(self, mount: str | None = None) -> list[str]:
        """Return each reference to a file that is not there, as ``css/app.css:12:7: nope.png not found``.

        Args:
            mount: as for ``url``.
        """
        return [str(missing) for asset in self._all(mount) for missing in asset.missing]

    def find(self, filepath: str, environ: dict[str, Any]) -> Representation | None:
        """Return what to send for a hashed path, or None if it is not the path of anything here."""
        taken = hashing.take(filepath)
        if taken is None:
            return None
        self.observe(environ)
        path, hash = taken
        # A URL that was built without the SCRIPT_NAME of the request carries the hash of the route's own path.
        for mount in dict.fromkeys((mount_of(environ, filepath), self._default(None))):
            found = self._find_version(path, hash, mount, environ)
            if found is not None:
                return found
        earlier = self._assets.find_earlier(path, hash)
        return None if earlier is None else self._represent(earlier, environ, IMMUTABLE)

    def is_lasting(self, found: Representation) -> bool:
        """Tell whether such a request will always be answered from memory as it is now; of a subclass nobody knows."""
        is_kept = not self.watch and ("Cache-Control", IMMUTABLE) in found.headers
        return is_kept and found.is_final and isinstance(found.body, bytes) and type(self) is SmartStatic

    def _find_version(self, path: str, hash: str, mount: str, environ: dict[str, Any]) -> Representation | None:
        """Return the file if it has this hash; an asset that has another is doubted, and looked at again."""
        for look in (True,) if self.watch else (False, True):
            asset = self._assets.get(path, mount, look)
            if asset is not None and hash in (asset.hash, asset.disk_hash):
                found = self._represent(asset, environ, IMMUTABLE if hash == asset.hash else "no-cache")
                if found is not None:
                    return found
        return None

    def _represent(self, asset: Asset, environ: dict[str, Any], cache_control: str) -> Representation | None:
        """Return what to send of an asset; None if it is on disk, and is another version there by now."""
        body: bytes | File | None = self._assets.read_small(asset)
        if body is None:
            body = self._assets.open(asset)
        if body is None:
            return None
        is_rewritten = asset.body is not None  # bytes that are on no disk have no date and no siblings
        charset = asset.charset if is_rewritten or isinstance(body, File) else charset_of(asset.path, body)
        plain = Representation(
            body=body,
            size=asset.size,
            etag=f'"{asset.hash}"',
            modified=None if is_rewritten else asset.identity.modified,
            content_type=type_of(asset.path, charset),
            headers=(("Cache-Control", cache_control),),
        )
        original = None if is_rewritten else Original(asset.path, asset.identity, asset.disk_hash)
        try:
            return self._variants.choose(plain, environ, asset.hash, original)
        except BaseException:  # a sibling that cannot be opened now
            plain.close()
            raise

    def _require(self, path: str, mount: str, look: bool = False) -> Asset:
        asset = self._assets.get(path, mount, look or self.watch is not False)
        if asset is None and self.directory.identify(path) is not None:
            raise _changing(path)
        if asset is None:
            raise LookupError(f"there is no {path!r} in {self.directory.root!r}")
        return asset

    def _all(self, mount: str | None) -> Iterator[Asset]:
        under = self._default(mount)
        for path in self.paths():
            asset = self._assets.get(path, under, look=True)
            if asset is not None:
                yield asset

    def _default(self, mount: str | None) -> str:
        if mount is not None and not (mount.startswith("/") and mount.endswith("/")):
            raise SetupError(f"a mount is a path as '/static/', with a slash at both ends, not {mount!r}")
        return mount if mount is not None else self.mount or ""


def _changing(path: str) -> LookupError:
    return LookupError(f"{path!r} is changing: write a new file beside it, and rename it")
