"""Find a file under a directory, safely, and describe it."""

import errno
import logging
import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import NamedTuple

import gevent
from werkzeug.exceptions import ServiceUnavailable

from spa.answer import BrokenOff
from spa.errors import SetupError
from spa.static.servable import is_servable
from spa.static.unavailable import ABSENT, Outages

logger = logging.getLogger("spa.static")

READ_SIZE = 127 * 1024  # bytes of one read: from 128 KiB on, malloc gives each back to the system, to fault in anew
CHANGING = 1  # second after which to ask again: most files are written in less
APPENDING = 0.05  # seconds in which the kernel has written what it has begun to write
OPEN = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
EFFECTIVE = os.access in os.supports_effective_ids  # whether the system can say what the process may do, not its user

Root = str | os.PathLike[str] | tuple[str, str]  # a path, or (package, folder) for the data of an installed package


class Identity(NamedTuple):
    """What tells a version of a file from all others.

    Attributes:
        device: the file system it is in.
        inode: its number there.
        size: bytes.
        modified_ns: when its bytes were changed last, in nanoseconds since the epoch; any program can set it.
        changed_ns: when anything about it was changed last. No program can set it, so it tells versions apart that were
            given the same time.
    """

    device: int
    inode: int
    size: int
    modified_ns: int
    changed_ns: int

    @classmethod
    def of(cls, found: os.stat_result) -> "Identity":
        """Return the identity of what ``os.stat`` has found."""
        return cls(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)

    @property
    def modified(self) -> int:
        """Whole seconds since the epoch, as HTTP dates have them."""
        return self.modified_ns // 1_000_000_000

    @property
    def tag(self) -> str:
        """An entity tag, without its quotes, that takes no reading of the bytes: the time and the size."""
        return f"{self.modified_ns:x}-{self.size:x}"


@dataclass(slots=True)
class File:
    """An open regular file; ``close`` it. One that nobody holds any more is closed, too.

    Attributes:
        path: where it is under its directory, with slashes.
        descriptor: the open file, from which everything here was read: it stays the same file even if another
            takes its name.
        identity: of this version of the file.
        may_grow: whether its bytes may be given on though more have been written behind them, as to a log.
    """

    path: str
    descriptor: int
    identity: Identity
    may_grow: bool = False

    @property
    def size(self) -> int:
        """Bytes."""
        return self.identity.size

    def read(self) -> bytes:
        """Return the bytes of the whole file."""
        return b"".join(self.pieces(0, self.size))

    def pieces(self, start: int, stop: int) -> Iterator[bytes]:
        """Give the bytes from ``start`` to ``stop`` in pieces.

        Raises:
            ChangedError: the file has been written to meanwhile.
        """
        while start < stop:
            piece = os.pread(self.descriptor, min(READ_SIZE, stop - start), start)
            if not piece or self._is_written():  # asked after each read, so that no new byte is given
                raise ChangedError(self.path)
            start += len(piece)
            yield piece

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        descriptor, self.descriptor = self.descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def __del__(self) -> None:  # without a warning: a handler may give up the answer that this is the body of
        self.close()

    def _is_written(self) -> bool:
        """Tell whether other bytes have been written into this very file.

        The time of change is no sign of it: a file has another as soon as a new one takes its name.
        """
        found = os.fstat(self.descriptor)
        if found.st_size == self.size and found.st_mtime_ns == self.identity.modified_ns:
            return False
        if self.may_grow and found.st_size == self.size:  # of what is appended, the time comes before the bytes
            gevent.sleep(APPENDING)
            found = os.fstat(self.descriptor)
        return not self.may_grow or found.st_size <= self.size


class ChangedError(BrokenOff, ServiceUnavailable):
    """A file was written to while it was read: *503* if nothing of it has been sent, else the connection ends."""

    def __init__(self, path: str) -> None:
        ServiceUnavailable.__init__(self, retry_after=CHANGING)
        BrokenOff.__init__(self, f"{path} was changed in place while it was read: write a new file, and rename it")


class Directory:
    """A directory whose files may be served, and nothing outside it.

    Args:
        root: a path, or ``(package, folder)`` for the data of an installed package.
        follow_symlinks: whether links may lead out of the directory.

    Raises:
        SetupError: there is no such directory.
    """

    def __init__(self, root: Root, follow_symlinks: bool = False) -> None:
        if not isinstance(root, (str, os.PathLike, tuple)):
            raise SetupError(f"a directory is a path, or (package, folder), not {root!r}")
        path = self._unpack(root) if isinstance(root, tuple) else os.fspath(root)
        if not os.path.isdir(path):
            raise SetupError(f"the directory {os.fspath(path)!r} is not there (looked for in {os.getcwd()!r})")
        self.root = os.path.realpath(path)
        self.follow_symlinks = follow_symlinks
        self._outages = Outages()
        self._left_out: set[str] = set()  # what the log has been told of

    def open(self, path: str) -> File | None:
        """Open a file by its path with slashes, relative to the directory; None for whatever may not be served.

        Raises:
            FileUnavailable: the system cannot open files now.
        """
        if not is_servable(path):
            return None
        full = f"{self.root}{os.sep}{path}"
        try:
            if not stat.S_ISREG(os.stat(full).st_mode):
                return None  # a FIFO or a device must not even be opened
            descriptor = os.open(full, OPEN)
        except OSError as error:
            if error.errno in ABSENT:
                return None
            raise self._outages.report(error) from error
        found = os.fstat(descriptor)
        if stat.S_ISREG(found.st_mode) and self._may_serve(descriptor, full):
            return File(path, descriptor, Identity.of(found))
        os.close(descriptor)
        return None

    def open_version(self, path: str, identity: Identity) -> File | None:
        """Open one version of a file; None if another has taken its place.

        Raises:
            FileUnavailable: the system cannot open files now.
        """
        file = self.open(path)
        if file is not None and file.identity != identity:
            file.close()
            return None
        return file

    def identify(self, path: str) -> Identity | None:
        """Return the identity of the file as it is now; None for whatever may not be served."""
        file = self.open(path)
        if file is None:
            return None
        file.close()
        return file.identity

    def is_still(self, path: str, identity: Identity | None) -> bool:
        """Tell, by one stat, whether a path still has the identity that was found for it.

        None stands for whatever may not be served; there it takes as much as ``identify`` does.
        """
        if identity is None:
            return self.identify(path) is None
        try:
            return Identity.of(os.stat(f"{self.root}{os.sep}{path}")) == identity
        except OSError:
            return False

    def is_directory(self, path: str) -> bool:
        """Tell whether the path is a directory whose files may be served."""
        if path and not is_servable(path):
            return False
        full = os.path.join(self.root, path)
        return os.path.isdir(full) and (self.follow_symlinks or self._is_inside(os.path.realpath(full)))

    def paths(self) -> list[str]:
        """Return the paths of all files that may be served, sorted.

        A file that cannot be read, and a directory below that cannot be listed, is left out, and the log told once.

        Raises:
            SetupError: the directory itself may not be listed.
            FileUnavailable: the system cannot open directories now.
        """
        found: list[str] = []
        self._list("", found, set())
        return sorted(found)

    def _list(self, prefix: str, found: list[str], entered: set[Identity | None]) -> None:
        identity, entries = self._scan(prefix)
        if identity in entered:  # a link leads round in a circle
            return
        for entry in entries:
            path = prefix + entry.name
            if not is_servable(path) and path != ".well-known":
                continue
            if entry.is_dir(follow_symlinks=False) or (entry.is_symlink() and self.is_directory(path)):
                self._list(f"{path}/", found, entered | {identity})
            elif entry.is_file(follow_symlinks=False):
                if os.access(entry.path, os.R_OK, effective_ids=EFFECTIVE):
                    found.append(path)
                else:
                    self._leave_out(entry.path, "cannot be read")
            elif self.identify(path) is not None:
                found.append(path)

    def _scan(self, prefix: str) -> tuple[Identity | None, list[os.DirEntry[str]]]:
        """Return which directory this is, and what is in it: nothing if it has gone, or may not be listed."""
        full = os.path.join(self.root, prefix)
        try:
            with os.scandir(full) as entries:
                return Identity.of(os.stat(full)), list(entries)
        except OSError as error:
            if error.errno not in ABSENT:
                raise self._outages.report(error) from error
            if not prefix:
                raise SetupError(f"the directory {self.root!r} cannot be listed: {error.strerror}") from error
            if error.errno in (errno.EACCES, errno.EPERM):
                self._leave_out(full.rstrip(os.sep), f"cannot be listed: {error.strerror}")
            return None, []

    def _leave_out(self, full: str, reason: str) -> None:
        if full not in self._left_out:
            self._left_out.add(full)
            logger.warning("left out of the static files: %s %s", full, reason)

    def _may_serve(self, descriptor: int, full: str) -> bool:
        """Tell whether an open file is inside, whatever links led to it."""
        if self.follow_symlinks:
            return True
        try:
            real = os.readlink(f"/proc/self/fd/{descriptor}")  # Linux knows; it is also free of races
        except OSError:
            real = os.path.realpath(full)
        return real == full or self._is_inside(real)

    def _is_inside(self, real: str) -> bool:
        """Tell whether a real path is below the root, and not hidden there: a link may not unveil a dotfile."""
        if not real.startswith(self.root.rstrip(os.sep) + os.sep):
            return real == self.root
        return is_servable(os.path.relpath(real, self.root).replace(os.sep, "/"))

    def _unpack(self, root: tuple[str, str]) -> str:
        if len(root) != 2:
            raise SetupError(f"a directory is a path, or (package, folder), not {root!r}")
        package, folder = root
        try:
            resource = files(package).joinpath(folder)
        except ModuleNotFoundError as error:
            raise SetupError(f"the package {package!r} is not installed") from error
        if isinstance(resource, Path):
            return str(resource)
        self._stack = ExitStack()  # holds the copy of a zipped package until the program ends
        return os.fspath(self._stack.enter_context(as_file(resource)))
