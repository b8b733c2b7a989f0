"""Describe one version of a file as it is served."""

from collections.abc import Mapping
from dataclasses import dataclass

from spa.static import hashing
from spa.static.files import Identity
from spa.static.missing import Missing


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
        charset: what may be claimed for it.
        missing: references to files that are not there.
    """

    path: str
    identity: Identity
    hash: str
    disk_hash: str
    size: int
    body: bytes | None
    made_from: Mapping[str, Identity | None]
    charset: str | None = "utf-8"
    missing: tuple[Missing, ...] = ()

    @property
    def hashed_path(self) -> str:
        """The path with the hash in its name."""
        return hashing.put(self.path, self.hash)
