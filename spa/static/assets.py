"""Know the files of a directory by the hashes of the bytes they are served as."""

import base64
import hashlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import gevent
from gevent.lock import RLock

from spa.static import css, hashing, reference, sourcemap
from spa.static.bodies import Bodies
from spa.static.files import Directory, File, Identity
from spa.static.graph import components
from spa.static.missing import Missing, Reporter

MOUNTS = 64  # mounts whose assets are kept: a pattern with a variable before the path has as many as clients ask for
LARGE = 2**20  # bytes from which a file is hashed in a thread, so that the others need not wait


@dataclass(frozen=True, slots=True)
class Asset:
    """One version of a file under one mount.

    Attributes:
        path: where it is under the directory.
        identity: of the file it was made from.
        hash: of the bytes that are served.
        disk_hash: of the bytes on disk; another one only where references were rewritten.
        size: bytes served.
        body: the bytes served, where they are not those on disk.
        made_from: the identity of every file that the served bytes depend on.
        missing: references to files that are not there.
    """

    path: str
    identity: Identity
    hash: str
    disk_hash: str
    size: int
    body: bytes | None
    made_from: Mapping[str, Identity | None]
    missing: tuple[Missing, ...] = ()

    @property
    def hashed_path(self) -> str:
        """The path with the hash in its name."""
        return hashing.put(self.path, self.hash)


@dataclass(slots=True)
class Sheet:
    """A file that refers to others, read and not yet rewritten."""

    identity: Identity
    data: bytes
    references: list[tuple[reference.Reference, reference.Target]] = field(default_factory=list)

    def paths(self) -> list[str]:
        """Return the paths it refers to, each once, in the order of the references."""
        return list(dict.fromkeys([target.path for _, target in self.references]))


class Assets:
    """The assets of a directory, made when they are first asked for, and made once however many ask at a time.

    A stylesheet's references are rewritten to hashed URLs, so its hash depends on what it refers to; the
    reference to a source map is rewritten in scripts too. Stylesheets that import each other in a circle are
    hashed as one.

    Args:
        directory: the files.
        strict: whether a missing reference raises.
    """

    def __init__(self, directory: Directory, strict: bool = False) -> None:
        self.directory = directory
        self.bodies = Bodies(directory)
        self._reporter = Reporter(strict)
        self._assets: dict[tuple[str, str], Asset] = {}
        self._leaves: dict[str, tuple[Identity, str]] = {}
        self._mounts: OrderedDict[str, None] = OrderedDict()
        self._lock = RLock()  # of greenlets, which share a thread

    def get(self, path: str, mount: str, look: bool) -> Asset | None:
        """Return the asset of a file, or None if no such file may be served.

        Args:
            path: where it is under the directory.
            mount: the URL path of the directory, to which absolute references belong.
            look: whether to look if a file has changed since; without, an asset once made is not doubted.
        """
        asset = self._assets.get((path, mount))
        if asset is not None and (not look or self._is_current(asset)):
            return asset
        with self._lock:
            asset = self._assets.get((path, mount))
            if asset is None or not self._is_current(asset):
                asset = self._make(path, mount)
            return asset

    def read_small(self, asset: Asset) -> bytes | None:
        """Return the bytes of an asset from memory, reading them once; None if it is large, or has changed on disk."""
        return asset.body if asset.body is not None else self.bodies.read(asset.path, asset.identity)

    def open(self, asset: Asset) -> File | None:
        """Open the file of an asset; None if it is another version by now."""
        return self.bodies.open(asset.path, asset.identity)

    def _is_current(self, asset: Asset) -> bool:
        return all(self.directory.is_still(path, identity) for path, identity in asset.made_from.items())

    def _store(self, asset: Asset, mount: str) -> None:
        before = self._assets.get((asset.path, mount))
        if before is not None and before.body is not None and before.hash != asset.hash:
            self.bodies.keep_old(asset.path, before.hash, before.body)
        self._assets[asset.path, mount] = asset
        self._mounts[mount] = None
        if len(self._mounts) > MOUNTS:
            oldest, _ = self._mounts.popitem(last=False)
            self._assets = {key: asset for key, asset in self._assets.items() if key[1] != oldest}

    # Making assets.

    def _make(self, path: str, mount: str) -> Asset | None:
        if not refers(path):
            return self._make_leaf(path, mount)
        sheets = self._read_sheets(path, mount)
        graph = {name: sheet.paths() for name, sheet in sheets.items()}
        for group in components(graph):
            is_circle = len(group) > 1 or group[0] in graph[group[0]]
            self._make_group(group, sheets, mount, is_circle)
        if path in sheets:
            return self._assets.get((path, mount))
        return self._make_leaf(path, mount)

    def _read_sheets(self, path: str, mount: str) -> dict[str, Sheet]:
        """Read a file, and all it refers to that may refer to others in its turn."""
        sheets: dict[str, Sheet] = {}
        waiting = [path]
        while waiting:
            name = waiting.pop()
            if name in sheets or not refers(name):
                continue
            file = self.directory.open(name)
            if file is None:
                continue
            try:
                sheet = sheets[name] = Sheet(file.identity, file.read())
            finally:
                file.close()
            targets: dict[str, reference.Target | None] = {}
            for found in find(name, sheet.data):
                if found.url not in targets:
                    targets[found.url] = reference.resolve(found.url, name, mount)
                target = targets[found.url]
                if target is not None:
                    sheet.references.append((found, target))
            waiting += sheet.paths()
        return sheets

    def _make_group(self, group: Sequence[str], sheets: Mapping[str, Sheet], mount: str, is_circle: bool) -> None:
        """Make one stylesheet, or a circle of them; all they refer to outside has been made."""
        members = {path: sheets[path] for path in group}
        hashes: dict[str, str] = {}
        if is_circle:
            # The bytes of each hold the hashes of the others: so the circle is hashed as one, with its own
            # references as they were written, and each member's hash is made from that and its name.
            whole = hashlib.md5(usedforsecurity=False)
            for path, sheet in members.items():
                whole.update(self._rewrite(path, sheet, mount, dict.fromkeys(group))[0])
            hashes = {path: hashing.digest(whole.digest() + path.encode()) for path in group}
        for path, sheet in members.items():
            body, made_from, missing = self._rewrite(path, sheet, mount, hashes)
            for other in group:
                made_from[other] = sheets[other].identity
            if is_circle:
                made_from |= self._made_from_outside(members, group, mount)
            asset = Asset(
                path=path,
                identity=sheet.identity,
                hash=hashes.get(path) or hashing.digest(body),
                disk_hash=hashing.digest(sheet.data),
                size=len(body),
                body=None if body == sheet.data else body,
                made_from=made_from,
                missing=tuple(missing),
            )
            self._reporter.report(missing)
            self._store(asset, mount)

    def _made_from_outside(
        self, members: Mapping[str, Sheet], group: Sequence[str], mount: str
    ) -> dict[str, Identity | None]:
        """Return what the whole circle is made from: a change behind one member changes all."""
        found: dict[str, Identity | None] = {}
        for sheet in members.values():
            for _, target in sheet.references:
                if target.path not in group:
                    asset = self.get(target.path, mount, look=False)
                    found |= {target.path: None} if asset is None else asset.made_from
        return found

    def _rewrite(
        self, path: str, sheet: Sheet, mount: str, hashes: Mapping[str, str | None]
    ) -> tuple[bytes, dict[str, Identity | None], list[Missing]]:
        """Return the bytes to serve, what they are made from, and what is missing.

        Args:
            path: of the stylesheet.
            sheet: as it was read.
            mount: for absolute references.
            hashes: of the members of its own circle; None leaves the reference as it was written.
        """
        made_from: dict[str, Identity | None] = {path: sheet.identity}
        lost: list[reference.Reference] = []
        changes = []
        known: dict[str, str | None] = dict(hashes)
        for found, target in sheet.references:
            if target.path not in known:
                asset = self._assets.get((target.path, mount)) if refers(target.path) else None
                asset = asset or self.get(target.path, mount, look=True)
                made_from |= {target.path: None} if asset is None else asset.made_from
                known[target.path] = None if asset is None else asset.hash
            hash = known[target.path]
            if hash is None and target.path not in hashes:
                lost.append(found)
            if hash is not None:
                changes.append((found, reference.hashed(target, hash)))
        places = reference.places(sheet.data, [found.start for found in lost])
        missing = [Missing(path, *place, found.url) for place, found in zip(places, lost, strict=True)]
        return replace(path, sheet.data, changes), made_from, missing

    def _make_leaf(self, path: str, mount: str) -> Asset | None:
        """Make the asset of a file that refers to no other: its bytes are those on disk."""
        file = self.directory.open(path)
        if file is None:
            self._assets.pop((path, mount), None)
            return None
        try:
            identity, hash = self._leaves.get(path, (None, ""))
            if identity != file.identity:
                hash = self._hash(file)
                self._leaves[path] = file.identity, hash
            asset = Asset(path, file.identity, hash, hash, file.size, None, {path: file.identity})
        finally:
            file.close()
        self._store(asset, mount)
        return asset

    def _hash(self, file: File) -> str:
        """Hash a file piece by piece; a large one in a thread, while the event loop goes on."""
        if file.size > LARGE:
            return str(gevent.get_hub().threadpool.apply(_hash_pieces, (file,)))
        return _hash_pieces(file)


def refers(path: str) -> bool:
    """Tell whether files of this name may refer to others."""
    return path.lower().endswith((".css", ".js", ".mjs"))


def find(path: str, data: bytes) -> Sequence[reference.Reference]:
    """Return the references in a stylesheet, or the one to a source map in a script."""
    return css.find(data) if path.lower().endswith(".css") else sourcemap.find(data)


def replace(path: str, data: bytes, changes: Sequence[tuple[reference.Reference, str]]) -> bytes:
    """Write new URLs into a stylesheet or a script; every other byte stays."""
    if not changes:
        return data
    return css.replace(data, changes) if path.lower().endswith(".css") else sourcemap.replace(data, changes)


def integrity(data: bytes) -> str:
    """Return the ``integrity`` attribute of these bytes (Subresource Integrity, sha384)."""
    return "sha384-" + base64.b64encode(hashlib.sha384(data).digest()).decode()


def _hash_pieces(file: File) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    for piece in file.pieces(0, file.size):
        digest.update(piece)
    return digest.hexdigest()[: hashing.LENGTH]
