"""Start programs for a test, wait until they listen, and end them whatever happens."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from gunicorn.config import Config

ROOT = Path(__file__).resolve().parent.parent
START_TIMEOUT = 30.0  # seconds a program may take to listen, on a slow and busy machine
STOP_TIMEOUT = 15.0  # seconds it may take to end after the signal
POLL = 0.02  # seconds between two looks
SETTINGS = ("HOST", "PORT", "SECRET", "WEB_CONCURRENCY")  # what apps and gunicorn would take from a developer's shell


class Outcome(NamedTuple):
    """How a program ended."""

    returncode: int
    stdout: str
    stderr: str


class Program(subprocess.Popen[bytes]):
    """A running program that writes into files, so that it never blocks on a full pipe."""

    def __init__(self, command: Sequence[Any], env: Mapping[str, str] | None = None, cwd: Any = None) -> None:
        self._out = tempfile.TemporaryFile()  # noqa: SIM115  # closed by destroy()
        self._err = tempfile.TemporaryFile()  # noqa: SIM115
        inherited = {name: value for name, value in os.environ.items() if name not in SETTINGS}
        super().__init__(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=self._out,
            stderr=self._err,
            env={**inherited, "PYTHONUNBUFFERED": "1", **(env or {})},
            cwd=cwd,
            start_new_session=True,  # its children can be ended with it
        )

    def output(self) -> tuple[str, str]:
        """Return what it has written so far: stdout, stderr."""
        return _read(self._out), _read(self._err)

    def stop(self, number: int = signal.SIGTERM, timeout: float = STOP_TIMEOUT) -> Outcome:
        """Send a signal, wait for the end, and return (returncode, stdout, stderr).

        Raises:
            AssertionError: it did not end in time; the message carries what it wrote.
        """
        if self.poll() is None:
            self.send_signal(number)
        return self.finish(timeout)

    def finish(self, timeout: float = STOP_TIMEOUT) -> Outcome:
        """Wait until it ends by itself, and return (returncode, stdout, stderr)."""
        try:
            self.wait(timeout)
        except subprocess.TimeoutExpired:
            out, err = self.output()
            raise AssertionError(f"still running after {timeout} s: {self.args}\n{out}\n{err}") from None
        return Outcome(self.returncode, *self.output())

    def destroy(self) -> None:
        """End it and its children at once."""
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # all of them have ended
        self.wait()
        self._out.close()
        self._err.close()


# gunicorn may hang for as long as its control socket is being opened if it is stopped at once; older ones have none.
NO_CONTROL_SOCKET = ["--no-control-socket"] if "control_socket_disable" in Config().settings else []
SERVERS = ("spa.run", "gunicorn")  # of which a module of tests/system is served by either


def serving(server: str, module: str, port: int) -> list[Any]:
    """Return the command that serves a module of tests/system, ``app`` in it, on a port.

    Args:
        server: one of ``SERVERS``; the module itself calls ``spa.run`` when it is run with the port.
        module: its name in that folder.
        port: as ``free_port`` returns it.
    """
    name = f"tests.system.{module}"
    if server == "gunicorn":
        return [sys.executable, "-m", "gunicorn", "-k", "gevent", "-b", f"127.0.0.1:{port}", f"{name}:app"]
    return [sys.executable, "-m", name, port]


def free_port() -> int:
    """Return a TCP port that nothing on this machine listens on."""
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@contextmanager
def running(
    command: Sequence[Any],
    port: int,
    env: Mapping[str, str] | None = None,
    cwd: Any = None,
    timeout: float = START_TIMEOUT,
    is_asked: bool = True,
) -> Iterator[Program]:
    """Start a program, wait until it listens on 127.0.0.1, and end it with all its children at the end.

    Gunicorn listens before its workers have started, so the wait goes on until one of them has answered: the first
    request of a test is as quick as the next.

    Args:
        command: the program and its arguments.
        port: the port it will listen on.
        env: variables to set besides those of this process.
        cwd: the directory to start it in.
        timeout: seconds it may take until it listens, and as many until gunicorn answers.
        is_asked: whether gunicorn gets that request; False where a test counts requests, or reads of them in the log.

    Raises:
        AssertionError: it ended, or did not listen or answer in time; the message carries what it wrote.
    """
    program = Program(command, env, cwd)
    try:
        is_early = any(Path(str(word)).name == "gunicorn" for word in command)
        _wait_until_ready(program, port, timeout, is_early and is_asked)
        yield program
    finally:
        program.destroy()


def children(pid: int) -> list[int]:
    """Return the processes that a process started and that it has not buried yet."""
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _wait_until_ready(program: Program, port: int, timeout: float, is_asked: bool) -> None:
    deadline = time.monotonic() + timeout
    while True:
        try:
            with _connect(port) as connection:
                if is_asked:
                    _wait_for_an_answer(connection, port, timeout)
                return
        except OSError:
            ended = program.poll()
        if ended is not None or time.monotonic() > deadline:
            out, err = program.output()
            why = f"ended with {ended}" if ended is not None else f"does not serve after {timeout} s"
            raise AssertionError(f"{program.args} {why}\n{out}\n{err}")
        time.sleep(POLL)


def _wait_for_an_answer(connection: socket.socket, port: int, timeout: float) -> None:
    connection.settimeout(timeout)
    connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
    try:
        is_answered = bool(connection.recv(65536))
    except ConnectionResetError:
        is_answered = False
    if not is_answered:
        _connect(port).close()  # a worker that speaks TLS hangs up, as the end of the program does; but it listens


def _connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=1)


def _read(file: Any) -> str:
    return os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0).decode(errors="replace")
