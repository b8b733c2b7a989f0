"""Read the command line."""

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from gevent.monkey import patch_all

from spa.errors import SetupError
from spa.routetable import format_table, list_routes
from spa.routing import Router
from spa.server.find import ImportFailed, check_target, find_app, unwrap
from spa.server.launch import choose_address, start
from spa.static import missing
from spa.static.export import export
from spa.static.smart import SmartStatic

TARGET = "the app, as module:name or module:factory(); by default app or application in app.py, main.py or wsgi.py"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``spa`` or ``python -m spa``; return its exit status.

    Args:
        arguments: the words after the program's name; those of the process by default.
    """
    parser = _make_parser()
    chosen = parser.parse_args(arguments)
    try:
        return int(chosen.run(chosen))
    except ImportFailed as error:
        sys.stderr.write(f"{error.trace}spa: {error}\n")
        return 1
    except SetupError as error:
        sys.stderr.write(f"spa: {error}\n")
        return 1


def _make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="spa", description="Serve apps made with Spa, and look at them.")
    parser.add_argument("--version", action="version", version=f"spa {version('spa')}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_run(commands.add_parser("run", help="serve an app"))
    routes = commands.add_parser("routes", help="list the routes of an app")
    routes.add_argument("app", metavar="APP", nargs="?", help=TARGET)
    routes.set_defaults(run=_routes)
    _add_static(commands.add_parser("static", help="export or check a directory of static files"))
    return parser


def _add_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("app", metavar="APP", nargs="?", help=TARGET)
    parser.add_argument("--host", help="the address to listen on (default: HOST of the environment, else 127.0.0.1)")
    parser.add_argument("--port", type=int, help="the port (default: PORT of the environment, else 8000)")
    parser.add_argument("--reload", action="store_true", help="start again when a Python file changes")
    parser.add_argument(
        "--reload-include",
        metavar="PATH",
        action="append",
        default=[],
        help="start again too when anything under PATH changes, as templates; may be given several times",
    )
    parser.add_argument("--debug", action="store_true", help="show tracebacks, and name handlers that block the loop")
    parser.add_argument("--cert", metavar="FILE", help="a certificate chain in PEM, for TLS")
    parser.add_argument("--key", metavar="FILE", help="its private key, if it is in a file of its own")
    parser.set_defaults(run=_run)


def _add_static(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    exporting = actions.add_parser("export", help="write the files under their hashed names, for a CDN")
    exporting.add_argument("directory", metavar="DIRECTORY")
    exporting.add_argument("out", metavar="OUT")
    exporting.add_argument("--mount", default="/static/", help="the URL path it will be served at (default: /static/)")
    exporting.set_defaults(run=_export)

    checking = actions.add_parser("check", help="list references to files that are not there")
    checking.add_argument("directory", metavar="DIRECTORY")
    checking.add_argument("--mount", default="/static/", help="the URL path it is served at (default: /static/)")
    checking.set_defaults(run=_check)


def _run(chosen: argparse.Namespace) -> int:
    # Before the user's modules are imported. Spa's own are already, and take no function that is patched by its name.
    patch_all()
    if chosen.key is not None and chosen.cert is None:
        raise SetupError("--key is the key of a certificate; name that too, with --cert")
    if chosen.app is not None:
        check_target(chosen.app)  # what no save can mend is said before a reloading parent waits for one
    host, port = choose_address(chosen.host, chosen.port, os.environ)
    directory = Path.cwd()
    start(
        lambda: find_app(chosen.app, directory),
        host,
        port,
        directory,
        reload=chosen.reload_include or chosen.reload,
        debug=chosen.debug,
        **({"certfile": chosen.cert, "keyfile": chosen.key} if chosen.cert is not None else {}),
    )
    return 0


def _routes(chosen: argparse.Namespace) -> int:
    patch_all()
    router = _find_router(find_app(chosen.app, Path.cwd()))
    if router is None:
        raise SetupError("there is no spa.App in this WSGI app; middleware shows what it wraps as .app or .wsgi_app")
    sys.stdout.write(format_table(list_routes(router, _find_router)))
    return 0


def _find_router(wsgi_app: Any) -> Router | None:
    app = unwrap(wsgi_app)
    return app.router if app is not None else None


def _export(chosen: argparse.Namespace) -> int:
    manifest = export(SmartStatic(chosen.directory), chosen.out, chosen.mount)
    sys.stdout.write(f"{len(manifest)} files written to {chosen.out}\n")
    return 0


def _check(chosen: argparse.Namespace) -> int:
    missing.logger.setLevel(logging.ERROR)  # its warnings are the lines of the output
    try:
        lines = SmartStatic(chosen.directory).check(chosen.mount)
    finally:
        missing.logger.setLevel(logging.NOTSET)
    for line in lines:
        sys.stdout.write(f"{line}\n")
    return 1 if lines else 0
