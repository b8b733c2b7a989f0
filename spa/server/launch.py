"""Run an app on Spa's own server: read the environment, open the port, stop on a signal."""

import errno
import os
import signal
import sys
import warnings
from typing import Any

import gevent
from gevent import monkey
from gevent.event import Event

from spa.errors import SetupError
from spa.server.development import Server

DEFAULT_HOST, DEFAULT_PORT = "127.0.0.1", 8000


def run(
    app: Any, host: str | None = None, port: int | None = None, *, shutdown_timeout: float = 30.0, **options: Any
) -> None:
    """Serve a WSGI app until Ctrl-C or SIGTERM.

    At the top level of a module that is being imported (by gunicorn, a command line or a test) the call is
    ignored, with one line that says so: who imports the module will serve the app.

    Args:
        app: the app.
        host: the address to listen on. By default ``HOST`` of the environment; else 0.0.0.0 if the environment
            has a ``PORT``, as hosting platforms set it; else 127.0.0.1, which only this machine reaches.
        port: the port; by default ``PORT`` of the environment, else 8000. 0 takes any free one.
        shutdown_timeout: seconds that requests in flight may still take at the end. A second signal cuts it short.
        options: as ``gevent.pywsgi.WSGIServer``, such as ``certfile`` and ``keyfile``.

    Raises:
        SystemExit: the port cannot be opened, or ``PORT`` is not a port; the message is one line with the fix.
    """
    module = _module_being_imported(sys._getframe(1))
    if module is not None:
        print_line(f"spa.run ignored while {module} is imported; run the module itself to start its server")
        return
    try:
        host, port = choose_address(host, port, os.environ)
    except SetupError as error:
        raise SystemExit(f"spa: {error}") from None
    if not (monkey.is_module_patched("socket") and monkey.is_module_patched("time")):
        warnings.warn(
            "the standard library is not patched, so one waiting request stops all others; "
            "begin the program with: from gevent.monkey import patch_all; patch_all()",
            RuntimeWarning,
            stacklevel=2,
        )
    serve(make_server(app, host, port, **options), shutdown_timeout)


def choose_address(host: str | None, port: int | None, environ: Any) -> tuple[str, int]:
    """Return where to listen: what was given, else what the environment says, else loopback and 8000.

    Raises:
        SetupError: the port is not a number from 0 to 65535.
    """
    given = environ.get("PORT") or None
    if port is None:
        port = given if given is not None else DEFAULT_PORT
        fallback = "0.0.0.0" if given is not None else DEFAULT_HOST  # noqa: S104  # what a hosting platform expects
    else:
        fallback = DEFAULT_HOST
    try:
        number = int(port)
    except ValueError:
        number = -1
    if not 0 <= number <= 65535:
        raise SetupError(f"{port!r} is not a port; set PORT to a number from 0 to 65535")
    return host or environ.get("HOST") or fallback, number


def make_server(app: Any, host: str, port: int, **options: Any) -> Server:
    """Return a server that is listening.

    Raises:
        SystemExit: the port cannot be opened; the message is one line with the fix.
    """
    environ = {"SERVER_NAME": host}  # gevent would ask the DNS for it
    server = Server((host, port), app, environ=environ, **options)
    try:
        server.start()
    except OSError as error:
        raise SystemExit(f"spa: cannot listen on {host}:{port}: {_explain(error)}") from None
    return server


def serve(server: Server, shutdown_timeout: float) -> None:
    """Serve until a signal asks to stop, then drain; a second signal ends at once."""
    stop = Event()

    def on_signal() -> None:
        if stop.is_set():
            server.stop(timeout=0)
        stop.set()

    watchers = []
    if gevent.get_hub().loop.default:  # signals come to the main thread
        watchers = [gevent.signal_handler(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)]
    scheme = "https" if server.ssl_enabled else "http"
    print_line(f"Spa is serving on {scheme}://{_click(server.address[0])}:{server.address[1]}/  (Ctrl-C stops it)")
    try:
        stop.wait()
        print_line("Spa is stopping")
        server.drain(shutdown_timeout)
    except KeyboardInterrupt:
        server.stop(timeout=0)
    finally:
        for watcher in watchers:
            watcher.cancel()


def print_line(text: str) -> None:
    """Tell the person at the terminal."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def _module_being_imported(frame: Any) -> str | None:
    """Return the name of the module whose top level the frame is, unless it is the program itself."""
    name: str = frame.f_globals.get("__name__", "__main__")
    return name if frame.f_code.co_name == "<module>" and name != "__main__" else None


def _explain(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "the port is in use; stop the other program, or choose another with port= or PORT"
    if error.errno == errno.EACCES:
        return "ports below 1024 need privileges; choose another with port= or PORT"
    return f"{error.strerror or error}; choose another address with host= or HOST"


def _click(host: str) -> str:
    """Return the host to put into the printed URL."""
    if host in ("127.0.0.1", "0.0.0.0", "::", "::1"):  # noqa: S104  # compared, not bound
        return "localhost"
    return f"[{host}]" if ":" in host else host
