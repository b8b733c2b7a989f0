"""Write the hashed files of a directory to disk, for a CDN or another web server."""

import json
import os
from pathlib import Path

from spa.errors import SetupError
from spa.static.encoding import SIBLINGS, available_codings, compress
from spa.static.form import SMALLEST
from spa.static.mimetypes import is_compressible, type_of
from spa.static.smart import SmartStatic

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
        SetupError: ``out`` lies within the exported directory, or cannot be written.
    """
    target = Path(out).resolve()
    if target.is_relative_to(static.directory.root):
        raise SetupError(f"{target} lies in the directory to export: the next export would contain this one")
    try:
        target.mkdir(parents=True, exist_ok=True)
        manifest = static.manifest(mount)
        for path, hashed_path in manifest.items():
            _write(target / hashed_path, static.content(path, mount), type_of(path))
        text = json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True)
        (target / MANIFEST).write_text(f"{text}\n", encoding="utf-8")
    except OSError as error:
        raise SetupError(f"cannot write to {target}: {error.strerror}; name a directory that can be made") from error
    return manifest


def _write(file: Path, data: bytes, content_type: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    if len(data) < SMALLEST or not is_compressible(content_type):
        return
    for coding in available_codings():
        compressed = compress(data, coding)
        if len(compressed) < SAVES * len(data):
            file.with_name(file.name + SIBLINGS[coding]).write_bytes(compressed)
