"""Serve in a child process, and start a new one when a file changes.

The parent opens the listening socket and keeps it, so no connection is refused while the child is exchanged: the
kernel lets them wait. It imports nothing of the user's for ``spa run``, and survives what the user's code does to
its process. A pipe, whose other end only the parent holds, tells the child that the parent is gone.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from gevent.socket import socket

from spa.errors import SetupError
from spa.server.terminal import print_line

VARIABLE = "SPA_RELOAD"  # of the child's environment: its parent, the listener and the pipe
DRAIN = 1.0  # seconds that requests and WebSocket handlers may still take when the child is exchanged
PATIENCE = 4.0  # seconds for the child to end after SIGTERM: the drain, and 2 for WebSocket peers to answer a Close
LOOK = 500  # milliseconds between two looks whether the child is still there
FEW = 3  # names of changed files in one line


class Handover(NamedTuple):
    """What the parent gives the child.

    Attributes:
        listener: the listening socket.
        lifeline: a descriptor that becomes readable when the parent ends.
    """

    listener: socket
    lifeline: int


def take_handover(environ: Any) -> Handover | None:
    """Return what a reloading parent has given this process, and take it out of the environment; None without one."""
    given = environ.pop(VARIABLE, None)
    if given is None:
        return None
    parent, listener, lifeline = map(int, given.split(","))
    if parent != os.getppid():  # the variable has come further down than the descriptors
        return None
    for descriptor in (listener, lifeline):
        os.set_inheritable(descriptor, False)
    return Handover(socket(fileno=listener), lifeline)


def is_child(environ: Mapping[str, str]) -> bool:
    """Tell whether this process was started by a reloading parent."""
    return VARIABLE in environ


def find_command(arguments: Sequence[str], main: Any) -> list[str]:
    """Return the command that starts this program again.

    Args:
        arguments: those of the interpreter, as ``sys.orig_argv``.
        main: the module ``__main__``.

    Raises:
        SetupError: the program is not in a file.
    """
    if getattr(main, "__file__", None) is None:
        raise SetupError("reload starts the program anew, so it must be in a file: python app.py")
    return [sys.executable, *arguments[1:]]


def project_directory(main: Any) -> Path:
    """Return the directory from which a program imports its modules: with ``python -m`` the present one."""
    file = getattr(main, "__file__", None)
    return Path.cwd() if file is None or main.__spec__ is not None else Path(file).absolute().parent


def check_paths(paths: Iterable[str | os.PathLike[str]]) -> list[Path]:
    """Return paths to watch, absolute.

    Raises:
        SetupError: one of them is not there, or ``paths`` is a single one.
    """
    if isinstance(paths, (str, os.PathLike)):
        raise SetupError(f"reload takes True, or a list of paths; write reload=[{paths!r}]")
    if not isinstance(paths, Iterable):
        raise SetupError(f"reload takes True, or a list of paths, not {paths!r}")
    found = [Path(path).absolute() for path in paths]
    for path in found:
        if not path.exists():
            raise SetupError(f"cannot watch {path}: it is not there; mend the path, or make it")
    return found


def is_source(path: str, further: Sequence[Path]) -> bool:
    """Tell whether a change asks for a new start: of Python anywhere, and of whatever is under a further path.

    Of a new directory with new files in it, the system may tell only the first.
    """
    changed = Path(path)
    if changed.suffix == ".py" or any(changed.is_relative_to(root) for root in further):
        return True
    return changed.is_dir() and next(changed.rglob("*.py"), None) is not None


def name_changes(paths: Iterable[str], directory: Path) -> str:
    """Return the names of changed files for one line, relative to a directory if they are in it."""
    names = sorted(
        str(path.relative_to(directory)) if path.is_relative_to(directory) else str(path) for path in map(Path, paths)
    )
    rest = len(names) - FEW
    return ", ".join(names[:FEW]) + (f" and {rest} more" if rest > 0 else "")


class Reloader:
    """The parent.

    Args:
        command: starts the program again.
        directory: where Python files are watched.
        further: files and directories of which everything is watched.

    Raises:
        SetupError: ``watchfiles`` is not installed.
    """

    def __init__(self, command: Sequence[str], directory: Path, further: Sequence[Path]) -> None:
        try:
            import watchfiles
        except ImportError:
            raise SetupError("reload needs the package watchfiles: pip install 'spa[dev]'") from None
        self._watch: Callable[..., Iterable[set[tuple[Any, str]]]] = watchfiles.watch
        self._is_plain: Callable[[Any, str], bool] = watchfiles.DefaultFilter()  # no caches, no editor's own files
        self._command = command
        self._directory = directory
        self._further = further
        self._descriptors: tuple[int, int]
        self._child: Any = None
        self._is_stopping = False
        self._has_told = False

    def run(self, listener: Any) -> None:
        """Serve on a listening socket until SIGINT or SIGTERM."""
        lifeline, held = os.pipe()
        self._descriptors = listener.fileno(), lifeline
        before = {number: signal.signal(number, self._on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            self._start()
            self._exchange_on_change()
            print_line("Spa is stopping")
            self._end()
        finally:
            if self._child is not None and self._child.poll() is None:
                self._child.kill()
            for number, handler in before.items():
                signal.signal(number, handler)
            os.close(lifeline)
            os.close(held)
            listener.close()

    def is_set(self) -> bool:
        """Whether to stop; ``watchfiles`` asks as it asks an Event."""
        return self._is_stopping

    def _exchange_on_change(self) -> None:
        # A single file is watched through its directory: an editor may put another in its place.
        roots = {self._directory, *(path if path.is_dir() else path.parent for path in self._further)}
        for changes in self._watch(
            *roots,
            watch_filter=self._is_wanted,
            stop_event=self,
            rust_timeout=LOOK,
            yield_on_timeout=True,
            raise_interrupt=False,
        ):
            if changes:
                print_line(f"{name_changes({path for _, path in changes}, self._directory)} changed, starting again")
                self._end()
                if not self._is_stopping:
                    self._start()
            else:
                self._look_at_child()

    def _is_wanted(self, change: Any, path: str) -> bool:
        return self._is_plain(change, path) and is_source(path, self._further)

    def _start(self) -> None:
        environ = {**os.environ, VARIABLE: ",".join(map(str, (os.getpid(), *self._descriptors)))}
        self._has_told = False
        # Ctrl-C reaches both processes, and the parent ends the child: the child begins with SIGINT ignored.
        handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            self._child = subprocess.Popen(self._command, pass_fds=self._descriptors, env=environ)
        finally:
            signal.signal(signal.SIGINT, handler)

    def _end(self) -> None:
        """End the child, by force if it does not listen: its loop may be blocked."""
        if self._child.poll() is None:
            self._child.terminate()
            try:
                self._child.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self._child.kill()
                self._child.wait()

    def _look_at_child(self) -> None:
        status = self._child.poll()
        if status is not None and not self._has_told:
            self._has_told = True
            print_line(f"The program has ended with status {status}; save a file to start it again")

    def _on_signal(self, number: int, frame: Any) -> None:
        if self._is_stopping and self._child is not None:  # a second signal: at once
            self._child.kill()
        self._is_stopping = True
