"""Run an app on Spa's own server: read the environment, open the port, stop on a signal."""

import difflib
import errno
import logging
import os
import signal
import ssl
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import gevent
from gevent.event import Event

from spa.errors import SetupError
from spa.patching import warn_if_unpatched
from spa.readiness import READ
from spa.server.debug import Debugger, check_loopback
from spa.server.development import Server
from spa.server.find import is_app, is_finding, name_kind
from spa.server.reload import (
    DRAIN,
    Handover,
    Reloader,
    check_paths,
    find_command,
    is_child,
    project_directory,
    take_handover,
)
from spa.server.terminal import print_line, show_log
from spa.server.watchdog import Watchdog

DEFAULT_HOST, DEFAULT_PORT = "127.0.0.1", 8000

# gevent takes any other name for an option of TLS, and then serves https to nobody.
OPTIONS = ("certfile", "environ", "error_log", "handler_class", "keyfile", "log", "spawn", "ssl_context")
OWN_OPTIONS = ("debug", "host", "port", "reload", "shutdown_timeout")

Paths = Sequence[str | os.PathLike[str]]


def run(
    app: Any,
    host: str | None = None,
    port: int | None = None,
    *,
    reload: bool | Paths = False,
    debug: bool = False,
    shutdown_timeout: float = 30.0,
    **options: Any,
) -> None:
    """Serve a WSGI app until Ctrl-C or SIGTERM.

    At the top level of a module that is being imported (by gunicorn, a command line or a test) the call is
    ignored, with one line that says so: who imports the module will serve the app. ``spa run`` says nothing, for
    it does.

    Args:
        app: the app.
        host: the address to listen on. By default ``HOST`` of the environment; else 0.0.0.0 if the environment
            has a ``PORT``, as hosting platforms set it; else 127.0.0.1, which only this machine reaches.
        port: the port; by default ``PORT`` of the environment, else 8000. 0 takes any free one.
        reload: start the program again when a Python file of its directory changes, and when anything under the
            paths of a list does, such as ``['templates']``. Needs the package ``watchfiles``. The program runs in
            a child process; what stands above this call runs in both.
        debug: show the traceback of a bug to the client, and name handlers that block the event loop. Only on
            an address of this machine.
        shutdown_timeout: seconds that requests in flight may still take at the end. A second signal cuts it short.
        options: as ``gevent.pywsgi.WSGIServer``: ``certfile``, ``keyfile``, ``ssl_context``, ``log``, ``error_log``,
            ``environ``, ``spawn``, ``handler_class``.

    Raises:
        SetupError: this is no app, there is no such option, ``debug`` is to run on an address that others reach,
            ``watchfiles`` is missing for ``reload``, or one of its paths is not there.
        SystemExit: the port cannot be opened, ``PORT`` is not a port, or a certificate cannot be read; the message
            is one line with the fix.
    """
    module = _module_being_imported(sys._getframe(1))
    if module is not None:
        if not is_finding(sys._getframe(1)):
            print_line(f"spa.run ignored while {module} is imported; run the module itself to start its server")
        return
    if not is_app(app):
        raise SetupError(f"spa.run serves an app, not {name_kind(app)}; pass the app: spa.run(spa.App(routes))")
    if reload is False or is_child(os.environ):  # else it is the child that serves
        warn_if_unpatched(
            "one waiting request stops all others",
            "begin the program with: from gevent.monkey import patch_all; patch_all()",
            stacklevel=2,
        )
    try:
        address = choose_address(host, port, os.environ)
    except SetupError as error:
        raise SystemExit(f"spa: {error}") from None
    directory = project_directory(sys.modules["__main__"])
    start(
        lambda: app, *address, directory, reload=reload, debug=debug, shutdown_timeout=shutdown_timeout, **options
    )


def start(
    load: Callable[[], Any],
    host: str,
    port: int,
    directory: Path,
    *,
    reload: bool | Paths = False,
    debug: bool = False,
    shutdown_timeout: float = 30.0,
    **options: Any,
) -> None:
    """Serve the app that ``load`` returns, which a reloading parent does not call; the rest is as for ``run``."""
    check_options(options)
    check_certificate(options.get("certfile"), options.get("keyfile"))
    if debug:
        check_loopback(host)
    handover = take_handover(os.environ)
    if handover is None and reload is not False:
        further = check_paths(() if reload is True else reload)
        command = find_command(sys.orig_argv, sys.modules["__main__"])
        Reloader(command, directory, further).run(listen(host, port))
        return
    show_log(logging.getLogger("spa"))
    app = load()
    watchdog = None
    if debug:
        debugger = Debugger(app)
        app = watchdog = Watchdog(debugger)
        print_line(f"Debugging; the PIN of the debugger is {debugger.pin or 'off: whoever reaches it can run code'}")
    listener = listen(host, port) if handover is None else handover.listener
    server = make_server(app, listener, host, **options)
    if watchdog is not None:
        watchdog.start()
    try:
        serve(server, shutdown_timeout, handover)
    finally:
        if watchdog is not None:
            watchdog.stop()


def check_options(options: Mapping[str, Any]) -> None:
    """See that the server has these options.

    Raises:
        SetupError: it has not; the message names the one that may have been meant.
    """
    for name in options:
        if name not in OPTIONS:
            near = difflib.get_close_matches(name, (*OPTIONS, *OWN_OPTIONS), 1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join((*OWN_OPTIONS, *OPTIONS))}"
            raise SetupError(f"spa.run has no option {name!r}; {hint}")
    if "keyfile" in options and "certfile" not in options:
        raise SetupError("keyfile is the key of a certificate; name that too, with certfile")


def check_certificate(certfile: str | None, keyfile: str | None) -> None:
    """See that a certificate can be used, if there is one, before anything is started.

    Raises:
        SystemExit: it cannot be read; the message is one line with the fix.
    """
    if certfile is None:
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certfile, keyfile)
    except OSError as error:  # SSLError is one
        files = ", ".join(filter(None, (certfile, keyfile)))
        raise SystemExit(
            f"spa: cannot use the certificate {files}: {error.strerror or error}; give a chain and its key, both in PEM"
        ) from None


def choose_address(host: str | None, port: int | None, environ: Mapping[str, str]) -> tuple[str, int]:
    """Return where to listen: what was given, else what the environment says, else loopback and 8000.

    Raises:
        SetupError: the port is not a number from 0 to 65535, or the host is no string.
    """
    if not isinstance(host, str | None):
        raise SetupError(f"the host is a string, as '127.0.0.1', not {host!r}; a port alone is port={host!r}")
    given = environ.get("PORT") or None
    fallback = DEFAULT_HOST
    chosen: str | int = DEFAULT_PORT
    if port is not None:
        chosen = port
    elif given is not None:
        chosen = given
        fallback = "0.0.0.0"  # noqa: S104  # what a hosting platform expects
    try:
        number = int(chosen) if isinstance(chosen, (str, int)) else -1
    except ValueError:
        number = -1
    if not 0 <= number <= 65535:
        raise SetupError(f"{chosen!r} is not a port; set --port, port= or PORT to a number from 0 to 65535")
    return host or environ.get("HOST") or fallback, number


def listen(host: str, port: int) -> Any:
    """Return a listening socket.

    Raises:
        SystemExit: the port cannot be opened; the message is one line with the fix.
    """
    try:
        return Server.open_listener(host, port)
    except OSError as error:
        raise SystemExit(f"spa: cannot listen on {host}:{port}: {_explain(error)}") from None
    except (TypeError, UnicodeError):  # so says Python of a name that no DNS can hold
        raise SystemExit(f"spa: cannot listen on {host}:{port}: {host!r} is not the name of a host") from None


def make_server(app: Any, listener: Any, host: str, **options: Any) -> Server:
    """Return a server that accepts connections."""
    environ = {"SERVER_NAME": host, **(options.pop("environ", None) or {})}  # gevent would ask the DNS for it
    server = Server(listener, app, environ=environ, **options)
    server.start()
    return server


def serve(server: Server, shutdown_timeout: float, handover: Handover | None = None) -> None:
    """Serve until a signal asks to stop, then drain; a second signal ends at once.

    Under a reloading parent it is the parent that hears Ctrl-C, the drain is short, and the end of the parent is
    as good as a signal.
    """
    stop = Event()

    def on_signal() -> None:
        if stop.is_set():
            server.stop(timeout=0)
        stop.set()

    signals = [signal.SIGTERM] if handover is not None else [signal.SIGINT, signal.SIGTERM]
    watchers = []
    loop = gevent.get_hub().loop
    if loop.default:  # signals come to the main thread
        watchers = [gevent.signal_handler(number, on_signal) for number in signals]
    lifeline = loop.io(handover.lifeline, READ) if handover is not None else None
    if lifeline is not None:
        lifeline.start(stop.set)
    scheme = "https" if server.ssl_enabled else "http"
    print_line(f"Spa is serving on {scheme}://{_click(server.address[0])}:{server.address[1]}/  (Ctrl-C stops it)")
    try:
        stop.wait()
        if handover is None:
            print_line("Spa is stopping")
        server.drain(shutdown_timeout if handover is None else min(shutdown_timeout, DRAIN))
    except KeyboardInterrupt:
        server.stop(timeout=0)
    finally:
        for watcher in watchers:
            watcher.cancel()
        if lifeline is not None:
            lifeline.stop()
            lifeline.close()


def _module_being_imported(frame: Any) -> str | None:
    """Return the name of the module whose top level the frame is, unless it is the program itself."""
    name: str = frame.f_globals.get("__name__", "__main__")
    return name if frame.f_code.co_name == "<module>" and name != "__main__" else None


def _explain(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "the port is in use; stop the other program, or choose another with --port, port= or PORT"
    if error.errno == errno.EACCES:
        return "ports below 1024 need privileges; choose another with --port, port= or PORT"
    return f"{error.strerror or error}; choose another address with --host, host= or HOST"


def _click(host: str) -> str:
    """Return the host to put into the printed URL."""
    if host in ("127.0.0.1", "0.0.0.0", "::", "::1"):  # noqa: S104  # compared, not bound
        return "localhost"
    return f"[{host}]" if ":" in host else host
