"""Write the hashed files of a directory to disk, for a CDN or another web server."""

import errno
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from spa.errors import SetupError
from spa.static.encoding import SIBLINGS, available_codings, compress
from spa.static.files import ChangedError
from spa.static.form import SMALLEST
from spa.static.mimetypes import is_compressible, type_of
from spa.static.smart import SmartStatic
from spa.static.unavailable import FileUnavailable

MANIFEST = "manifest.json"
SAVES = 0.9  # a compressed sibling is kept if it is smaller than this part of the file


def export(static: SmartStatic, out: str | os.PathLike[str], mount: str = "/static/") -> dict[str, str]:
    """Write every file under its hashed name, compressed siblings of text, and ``manifest.json``.

    Args:
        static: the directory to export.
        out: the directory to write to; it is made if it is not there. What it holds already stays.
        mount: the URL path at which it will be served, for absolute references in stylesheets.

    Returns:
        the manifest: each path, and the hashed path it was written to.

    Raises:
        SetupError: ``out`` lies within the exported directory, or something cannot be read or written; the message
            names it.
    """
    target = Path(out).resolve()
    if target.is_relative_to(static.directory.root):
        raise SetupError(f"{target} lies in the directory to export: the next export would contain this one")
    with _writing(target):
        target.mkdir(parents=True, exist_ok=True)
    with _reading(static.directory.root):
        manifest = static.manifest(mount)
    for path, hashed_path in manifest.items():
        with _writing(target / hashed_path):
            _write(target / hashed_path, _pieces(static, path, mount), type_of(path))
    with _writing(target / MANIFEST):
        text = json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True)
        (target / MANIFEST).write_text(f"{text}\n", encoding="utf-8")
    return manifest


def _write(file: Path, pieces: Iterator[bytes], content_type: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("wb") as out:
        out.writelines(pieces)
        size = out.tell()
    if size < SMALLEST or not is_compressible(content_type):
        return
    data = file.read_bytes()
    for coding in available_codings():
        compressed = compress(data, coding)
        if len(compressed) < SAVES * len(data):
            file.with_name(file.name + SIBLINGS[coding]).write_bytes(compressed)


def _pieces(static: SmartStatic, path: str, mount: str) -> Iterator[bytes]:
    with _reading(path):
        yield from static.pieces(path, mount)


@contextmanager
def _reading(path: str) -> Iterator[None]:
    """Say what could not be read."""
    try:
        yield
    except FileUnavailable as error:
        raise SetupError(f"cannot read {error.error.filename}: {error.error.strerror}") from error
    except ChangedError as error:
        raise SetupError(f"{error}; export again") from error
    except OSError as error:
        raise SetupError(f"cannot read {path}: {error.strerror}") from error
    except LookupError as error:
        raise SetupError(f"{error}; export again") from error


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Say what could not be written, and what may help."""
    try:
        yield
    except OSError as error:
        name = error.filename or path
        if error.errno == errno.ENAMETOOLONG:
            raise SetupError(f"cannot write {name}: its name is too long with the hash in it; shorten it") from error
        raise SetupError(f"cannot write {name}: {error.strerror}; name a directory that can be written") from error
