"""Know the files of a directory by the hashes of the bytes they are served as."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from weakref import WeakValueDictionary

from gevent.lock import RLock, Semaphore

from spa.static import hashing, reading, reference
from spa.static.asset import Asset
from spa.static.bodies import SMALL, Bodies, OtherBytes
from spa.static.cache import Cache
from spa.static.files import ChangedError, Directory, File, Identity
from spa.static.graph import components
from spa.static.missing import Missing, Reporter
from spa.static.reading import Reading

MOUNTS = 64  # mounts whose assets are kept: a pattern with a variable before the path has as many as clients ask for
EARLIER = 32 * 2**20  # bytes of rewritten assets that others have followed, kept for pages that still refer to them
OVERHEAD = 1024  # bytes that such an asset costs beside its body and its path


@dataclass(slots=True)
class Sheet:
    """A file that refers to others, read and not yet rewritten."""

    reading: Reading
    references: list[tuple[reference.Reference, reference.Target]]

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
        self._bodies = Bodies(directory)
        self._reporter = Reporter(strict)
        self._assets: dict[tuple[str, str], Asset] = {}
        self._earlier: Cache[tuple[str, str], Asset] = Cache(EARLIER, _cost)  # by path and hash
        self._readings: dict[str, Reading] = {}  # of files that refer to nothing: they are the same under every mount
        self._mounts: OrderedDict[str, None] = OrderedDict()
        self._lock = RLock()  # of greenlets, which share a thread
        # While a file is read that may not refer to others. Each is there as long as somebody holds it or waits for it,
        # so that there are never two for a path.
        self._leaf_locks: WeakValueDictionary[str, Semaphore] = WeakValueDictionary()

    def get(self, path: str, mount: str, look: bool) -> Asset | None:
        """Return the asset of a file, or None if no such file may be served.

        Args:
            path: where it is under the directory.
            mount: the URL path of the directory, to which absolute references belong.
            look: whether to look if a file has changed since; without, an asset once made is not doubted.
        """
        asset = self._assets.get((path, mount))
        if asset is not None and (not look or self._is_current(asset)):
            self._mounts.move_to_end(mount)
            return asset
        # A file of gigabytes is hashed for long: nobody waits for it but those who want it.
        lock = self._lock if reading.refers(path) else self._leaf_locks.setdefault(path, Semaphore())
        with lock:  # who has waited for it finds the asset made
            asset = self._assets.get((path, mount))
            if asset is None or not self._is_current(asset):
                asset = self._make(path, mount)
            return asset

    def find_earlier(self, path: str, hash: str) -> Asset | None:
        """Return a rewritten asset that another has followed, if it is still kept."""
        return self._earlier.get((path, hash))

    def read_small(self, asset: Asset) -> bytes | None:
        """Return the bytes of an asset from memory, reading them once; None if it is large, or has changed on disk."""
        if asset.body is not None:
            return asset.body
        try:
            return self._bodies.read(asset.path, asset.identity, asset.disk_hash)
        except OtherBytes:
            self._forget(asset.path)
            return None

    def open(self, asset: Asset) -> File | None:
        """Open the file of an asset; None if it is small, and so in memory, or is another version by now."""
        return self.directory.open_version(asset.path, asset.identity) if asset.size > SMALL else None

    def _is_current(self, asset: Asset) -> bool:
        return all(self.directory.is_still(path, identity) for path, identity in asset.made_from.items())

    def _store(self, asset: Asset, mount: str) -> None:
        before = self._assets.get((asset.path, mount))
        if before is not None and before.body is not None and before.hash != asset.hash:
            self._earlier.put((asset.path, before.hash), replace(before, made_from={}, missing=()))
        self._assets[asset.path, mount] = asset
        self._mounts[mount] = None
        self._mounts.move_to_end(mount)
        if len(self._mounts) > MOUNTS:
            oldest, _ = self._mounts.popitem(last=False)
            self._assets = {key: asset for key, asset in self._assets.items() if key[1] != oldest}

    def _forget(self, path: str) -> None:
        """Forget what was found in a file, and what was made from it, though it seems to be current."""
        self._readings.pop(path, None)
        self._assets = {key: asset for key, asset in self._assets.items() if path not in asset.made_from}

    # Making assets.

    def _make(self, path: str, mount: str) -> Asset | None:
        found = self._read(path)
        if found is None:
            self._assets.pop((path, mount), None)
            return None
        if not found.references:
            return self._make_leaf(path, found, mount)
        sheets = self._read_sheets(path, found, mount)
        graph = {name: sheet.paths() for name, sheet in sheets.items()}
        for group in components(graph):
            is_circle = len(group) > 1 or group[0] in graph[group[0]]
            self._make_group(group, sheets, mount, is_circle)
        return self._assets[path, mount]

    def _read_sheets(self, path: str, first: Reading, mount: str) -> dict[str, Sheet]:
        """Read all that a file refers to, and all that these refer to; return those that refer to something."""
        sheets = {path: Sheet(first, _resolve(first.references, path, mount))}
        waiting = sheets[path].paths()
        while waiting:
            name = waiting.pop()
            if name in sheets or not reading.refers(name):
                continue
            found = self._read(name)
            if found is not None and found.references:
                sheets[name] = Sheet(found, _resolve(found.references, name, mount))
                waiting += sheets[name].paths()
        return sheets

    def _make_group(self, group: Sequence[str], sheets: Mapping[str, Sheet], mount: str, is_circle: bool) -> None:
        """Make one stylesheet, or a circle of them; all they refer to outside has been made."""
        hashes: dict[str, str] = {}
        made_from_outside: dict[str, Identity | None] = {}
        if is_circle:
            # The bytes of each hold the hashes of the others: so the circle is hashed as one, with hashes of the names
            # in place of these, and each member's hash is made from that and its name. So what differs between two
            # mounts, as which references are to members, has two hashes. Hashes are joined, because bytes end to end
            # would not tell where one member ends.
            names = {path: hashing.digest(path.encode()) for path in group}
            whole = "".join(hashing.digest(self._rewrite(path, sheets, mount, names)[0]) for path in group)
            hashes = {path: hashing.digest(f"{whole}{path}".encode()) for path in group}
            made_from_outside = self._made_from_outside(group, sheets, mount)
        for path in group:
            body, made_from, missing = self._rewrite(path, sheets, mount, hashes)
            for other in group:
                made_from[other] = sheets[other].reading.identity
            made_from |= made_from_outside
            on_disk = sheets[path].reading
            is_rewritten = body != on_disk.data
            asset = Asset(
                path=path,
                identity=on_disk.identity,
                hash=hashes.get(path) or (hashing.digest(body) if is_rewritten else on_disk.hash),
                disk_hash=on_disk.hash,
                size=len(body),
                body=body if is_rewritten else None,
                made_from=made_from,
                charset=on_disk.charset,
                missing=tuple(missing),
            )
            self._reporter.report(missing)
            self._store(asset, mount)

    def _made_from_outside(
        self, group: Sequence[str], sheets: Mapping[str, Sheet], mount: str
    ) -> dict[str, Identity | None]:
        """Return what the whole circle is made from: a change behind one member changes all."""
        found: dict[str, Identity | None] = {}
        for path in {name for member in group for name in sheets[member].paths()} - set(group):
            asset = self.get(path, mount, look=False)
            found |= {path: None} if asset is None else asset.made_from
        return found

    def _rewrite(
        self, path: str, sheets: Mapping[str, Sheet], mount: str, hashes: Mapping[str, str]
    ) -> tuple[bytes, dict[str, Identity | None], list[Missing]]:
        """Return the bytes to serve, what they are made from, and what is missing.

        Args:
            path: of the stylesheet.
            sheets: those that are made with it, this one among them.
            mount: for absolute references.
            hashes: of the members of its own circle.
        """
        sheet = sheets[path]
        made_from: dict[str, Identity | None] = {path: sheet.reading.identity}
        lost: list[reference.Reference] = []
        changes = []
        known: dict[str, str | None] = dict(hashes)
        for found, target in sheet.references:
            if target.path not in known:
                asset = self._assets.get((target.path, mount)) if target.path in sheets else None
                asset = asset or self.get(target.path, mount, look=True)  # one just made need not be looked at
                made_from |= {target.path: None} if asset is None else asset.made_from
                known[target.path] = None if asset is None else asset.hash
            hash = known[target.path]
            if hash is None:
                lost.append(found)
            else:
                changes.append((found, reference.hashed(target, hash)))
        places = reference.places(sheet.reading.data, [found.start for found in lost])
        missing = [Missing(path, *place, found.url) for place, found in zip(places, lost, strict=True)]
        return reading.replace(path, sheet.reading.data, changes), made_from, missing

    def _make_leaf(self, path: str, found: Reading, mount: str) -> Asset:
        """Make the asset of a file that refers to no other: its bytes are those on disk."""
        size = found.identity.size
        asset = Asset(path, found.identity, found.hash, found.hash, size, None, {path: found.identity}, found.charset)
        self._store(asset, mount)
        return asset

    def _read(self, path: str) -> Reading | None:
        """Read a file, unless it refers to nothing and is still as it was; a large one in a thread."""
        known = self._readings.get(path)
        if known is not None and self.directory.is_still(path, known.identity):
            return known
        self._readings.pop(path, None)
        file = self.directory.open(path)
        if file is None:
            return None
        found = reading.attempt(file)
        if isinstance(found, ChangedError):  # while it is written, or copied, its hash would be out of date at once
            return None
        if isinstance(found, Exception):
            raise found
        if not found.is_read:
            self._reporter.tell(f"{path}: no URL is hashed in a stylesheet of this encoding; save it as UTF-8")
        if not found.references:
            self._readings[path] = found
        return found


def _cost(key: object, asset: Asset) -> int:
    return OVERHEAD + len(asset.path) + asset.size


def _resolve(
    references: Sequence[reference.Reference], path: str, mount: str
) -> list[tuple[reference.Reference, reference.Target]]:
    """Return the references that name a file of the directory, each with its target."""
    targets: dict[str, reference.Target | None] = {}
    for found in references:
        if found.url not in targets:
            targets[found.url] = reference.resolve(found.url, path, mount)
    return [(found, target) for found in references if (target := targets[found.url]) is not None]
