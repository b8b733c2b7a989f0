"""Serve the files of a directory."""

import os
from collections.abc import Mapping
from typing import Any

from werkzeug.exceptions import NotFound

from spa.errors import SetupError
from spa.handler import Handler
from spa.redirect import quote_path, redirect_to
from spa.static.files import Root
from spa.static.namedfiles import NamedFiles
from spa.static.route import check_arguments, check_pattern, refuse_arguments
from spa.wsgi import WSGIApp

NOT_SERVED = (
    "may not be served: name a regular file that can be read, no link out of its directory (or set follow_symlinks), "
    "with a name that is fit for all machines: no dot in front, no colon, no device such as aux.js"
)


class StaticHandler(Handler):
    """Serve the files of a directory, under the variable ``filepath`` of the pattern::

        ('/<path:filepath>', '', StaticHandler, {'directory': 'static'})

    Answers carry an ETag, Last-Modified and ``Cache-Control: no-cache``: a cache asks each time, and is told
    304 if nothing changed. Dotfiles, links that lead out of the directory and everything that is not a regular
    file are 404. A sibling ``name.br``, ``name.zst`` or ``name.gz`` that is not older is sent to those who
    accept it; other text is compressed in memory. If the system cannot open files, the answer is 503. With an
    index, a pattern that ends with a slash and has no variable, ``'/files/'``, is the directory itself.

    Route arguments:
        directory: a path, or ``(package, folder)`` for the data of an installed package.
        max_age: seconds for which a cache need not ask.
        index: a file name, ``'index.html'``, that answers for its directory; None answers 404.
        follow_symlinks: whether links may lead out of the directory.

    Raises:
        SetupError: when the app is built: there is no such directory, the pattern has no ``filepath``, or an
            argument is wrong.
    """

    @classmethod
    def set_up_route(cls, pattern: str, kwargs: Mapping[str, Any]) -> Mapping[str, Any]:
        """Look at the directory once, when the app is built."""
        if "directory" not in kwargs:
            raise SetupError(f"route {pattern!r}: name the directory: {{'directory': 'static'}}")
        check_arguments(pattern, kwargs, ("directory", "max_age", "index", "follow_symlinks"))
        files = NamedFiles(**kwargs)
        check_pattern(pattern, files.index)
        return {"files": files}

    def get(self, filepath: str = "", **params: Any) -> WSGIApp:
        """Answer with the file."""
        files: NamedFiles = self.kwargs["files"]
        found = files.find(filepath, self.request.environ)
        if found is not None:
            return found
        if files.index is not None and filepath and files.directory.is_directory(filepath):
            environ = self.request.environ
            raise redirect_to(f"{quote_path(environ['PATH_INFO'])}/", environ)
        raise NotFound


class StaticFileHandler(Handler):
    """Serve one file: ``('/favicon.ico', '', StaticFileHandler, {'file': 'static/favicon.ico'})``.

    Route arguments:
        file: its path.
        max_age: seconds for which a cache need not ask.
        follow_symlinks: whether it may be a link that leads out of its directory.

    Raises:
        SetupError: when the app is built: there is no such file, or an argument is wrong.
    """

    @classmethod
    def set_up_route(cls, pattern: str, kwargs: Mapping[str, Any]) -> Mapping[str, Any]:
        """Look at the file once, when the app is built."""
        if not isinstance(kwargs.get("file"), (str, os.PathLike)):
            raise SetupError(f"route {pattern!r}: name the file: {{'file': 'static/favicon.ico'}}")
        check_arguments(pattern, kwargs, ("file", "max_age", "follow_symlinks"))
        options = dict(kwargs)
        folder, name = os.path.split(os.fspath(options.pop("file")))
        files = NamedFiles(folder or ".", **options)
        if files.directory.identify(name) is None:
            path = os.path.join(folder, name)
            why = NOT_SERVED if os.path.lexists(path) else "is not there"
            raise SetupError(f"route {pattern!r}: the file {path!r} {why}")
        return {"files": files, "name": name}

    def get(self, **params: Any) -> WSGIApp:
        """Answer with the file."""
        found: WSGIApp | None = self.kwargs["files"].find(self.kwargs["name"], self.request.environ)
        if found is None:
            raise NotFound
        return found


class Static:
    """Serve a directory, in one expression: ``('/<path:filepath>', '', Static(directory='static'))``.

    It may stand in two routes, the second for the index of the directory itself.

    Args:
        directory: as ``StaticHandler``.
        options: as the route arguments of ``StaticHandler``.

    Raises:
        SetupError: there is no such directory, or an option is wrong.
    """

    def __init__(self, directory: Root, **options: Any) -> None:
        self._files = NamedFiles(directory, **options)

    def __call__(self, app: Any, request: Any, params: dict[str, Any], route_name: str, **kwargs: Any) -> Handler:
        """Return the handler of a request."""
        return StaticHandler(app, request, params, route_name, files=self._files, **kwargs)

    def set_up_route(self, pattern: str, kwargs: Mapping[str, Any]) -> Mapping[str, Any]:
        """See, when the app is built, that the route is one for these files."""
        refuse_arguments(pattern, kwargs, "Static")
        check_pattern(pattern, self._files.index)
        return kwargs
