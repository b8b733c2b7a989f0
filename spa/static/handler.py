"""Serve the files of a directory."""

import os
from collections.abc import Mapping
from functools import partial
from typing import Any

from werkzeug.exceptions import NotFound

from spa.errors import SetupError
from spa.handler import Handler, WSGIApp
from spa.routing import Redirect
from spa.static.files import Directory, File
from spa.static.form import Forms
from spa.static.mimetypes import type_of
from spa.static.sending import Representation
from spa.static.sibling import Origin

Root = str | os.PathLike[str] | tuple[str, str]


class StaticHandler(Handler):
    """Serve the files of a directory, under the variable ``filepath`` of the pattern::

        ('/<path:filepath>', '', StaticHandler, {'directory': 'static'})

    Answers carry an ETag, Last-Modified and ``Cache-Control: no-cache``: a cache asks each time, and is told
    304 if nothing changed. Dotfiles, links that lead out of the directory and everything that is not a regular
    file are 404. A sibling ``name.br``, ``name.zst`` or ``name.gz`` that is not older is sent to those who
    accept it; other text is compressed in memory.

    Route arguments:
        directory: a path, or ``(package, folder)`` for the data of an installed package.
        max_age: seconds for which a cache need not ask.
        index: a file name, ``'index.html'``, that answers for its directory; None answers 404.
        follow_symlinks: whether links may lead out of the directory.

    Raises:
        SetupError: when the app is built: there is no such directory, or the pattern has no ``filepath``.
    """

    @classmethod
    def set_up_route(cls, pattern: str, kwargs: Mapping[str, Any]) -> Mapping[str, Any]:
        """Look at the directory once, when the app is built."""
        if "directory" not in kwargs:
            raise SetupError(f"route {pattern!r}: name the directory: {{'directory': 'static'}}")
        if ":filepath>" not in pattern:
            raise SetupError(f"route {pattern!r}: the pattern needs <path:filepath>")
        return {"files": Files(**kwargs)}

    def get(self, filepath: str = "", **params: Any) -> WSGIApp:
        """Answer with the file."""
        files: Files = self.kwargs["files"]
        found = files.find(filepath, self.request.environ)
        if found is not None:
            return found
        if files.index is not None and filepath and files.directory.is_directory(filepath):
            query = self.request.query_string.decode("latin-1")
            raise Redirect(f"{self.request.root_path}{self.request.path}/{'?' if query else ''}{query}")
        raise NotFound


class StaticFileHandler(Handler):
    """Serve one file: ``('/favicon.ico', '', StaticFileHandler, {'file': 'static/favicon.ico'})``.

    Route arguments:
        file: its path.
        max_age: seconds for which a cache need not ask.

    Raises:
        SetupError: when the app is built: there is no such file.
    """

    @classmethod
    def set_up_route(cls, pattern: str, kwargs: Mapping[str, Any]) -> Mapping[str, Any]:
        """Look at the file once, when the app is built."""
        options = dict(kwargs)
        if "file" not in options:
            raise SetupError(f"route {pattern!r}: name the file: {{'file': 'static/favicon.ico'}}")
        folder, name = os.path.split(os.fspath(options.pop("file")))
        files = Files(folder or ".", **options)
        if files.directory.identify(name) is None:
            raise SetupError(f"route {pattern!r}: the file {os.path.join(folder, name)!r} is not there")
        return {"files": files, "name": name}

    def get(self, **params: Any) -> WSGIApp:
        """Answer with the file."""
        found: WSGIApp | None = self.kwargs["files"].find(self.kwargs["name"], self.request.environ)
        if found is None:
            raise NotFound
        return found


def Static(directory: Root, **options: Any) -> Any:  # it stands where a handler class would
    """Return a route handler that serves a directory: ``('/<path:filepath>', '', Static(directory='static'))``.

    Args:
        directory: as ``StaticHandler``.
        options: as the route arguments of ``StaticHandler``.

    Raises:
        SetupError: there is no such directory.
    """
    return partial(StaticHandler, files=Files(directory, **options))


class Files:
    """The files of a directory, as a ``StaticHandler`` serves them."""

    def __init__(
        self, directory: Root, *, max_age: int = 0, index: str | None = None, follow_symlinks: bool = False
    ) -> None:
        self.directory = Directory(directory, follow_symlinks)
        self.index = index
        self._cache_control = f"public, max-age={max_age}" if max_age else "no-cache"
        self._forms = Forms(self.directory)

    def find(self, path: str, environ: dict[str, Any]) -> Representation | None:
        """Return the form of a file to send, or None if there is none to serve under this path."""
        if self.index is not None and (not path or path.endswith("/")):
            path += self.index
        file = self.directory.open(path)
        return None if file is None else self._represent(file, environ)

    def _represent(self, file: File, environ: dict[str, Any]) -> Representation:
        _, inode, size, modified, _ = file.identity
        plain = Representation(
            body=file,
            size=size,
            etag=f'"{modified:x}-{size:x}-{inode:x}"',
            modified=file.modified,
            content_type=type_of(file.path),
            headers=(("Cache-Control", self._cache_control),),
        )
        return self._forms.choose(plain, environ, file.identity, file.read, Origin(file.path, file.identity))
