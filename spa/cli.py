"""Read the command line."""

import argparse
import sys
from collections.abc import Sequence
from importlib.metadata import version

from spa.errors import SetupError
from spa.static.export import export
from spa.static.smart import SmartStatic


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``python -m spa``; return its exit status.

    Args:
        arguments: the words after the program's name; those of the process by default.
    """
    parser = _make_parser()
    chosen = parser.parse_args(arguments)
    try:
        return int(chosen.run(chosen))
    except SetupError as error:
        sys.stderr.write(f"spa: {error}\n")
        return 1


def _make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="spa", description="Tools for apps made with Spa.")
    parser.add_argument("--version", action="version", version=f"spa {version('spa')}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    static = commands.add_parser("static", help="export or check a directory of static files")
    actions = static.add_subparsers(required=True, metavar="ACTION")

    exporting = actions.add_parser("export", help="write the files under their hashed names, for a CDN")
    exporting.add_argument("directory", metavar="DIRECTORY")
    exporting.add_argument("out", metavar="OUT")
    exporting.add_argument("--mount", default="/static/", help="the URL path it will be served at (default: /static/)")
    exporting.set_defaults(run=_export)

    checking = actions.add_parser("check", help="list references to files that are not there")
    checking.add_argument("directory", metavar="DIRECTORY")
    checking.add_argument("--mount", default="/static/", help="the URL path it is served at (default: /static/)")
    checking.set_defaults(run=_check)
    return parser


def _export(chosen: argparse.Namespace) -> int:
    manifest = export(SmartStatic(chosen.directory), chosen.out, chosen.mount)
    sys.stdout.write(f"{len(manifest)} files written to {chosen.out}\n")
    return 0


def _check(chosen: argparse.Namespace) -> int:
    missing = SmartStatic(chosen.directory).check(chosen.mount)
    for line in missing:
        sys.stdout.write(f"{line}\n")
    return 1 if missing else 0
