"""Serve the files of a directory."""

import os
from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import quote

from werkzeug.exceptions import NotFound

from spa.errors import SetupError
from spa.grammar import PATH_SAFE
from spa.handler import Handler
from spa.redirect import Redirect
from spa.static.facts import Examiner
from spa.static.files import Directory, File, is_servable
from spa.static.form import Forms
from spa.static.route import check_arguments, check_pattern, refuse_arguments
from spa.static.sending import Representation
from spa.static.sibling import Origin
from spa.wsgi import WSGIApp

Root = str | os.PathLike[str] | tuple[str, str]
QUERY_SAFE = PATH_SAFE + "?%"  # RFC 3986 section 3.4; what came percent-encoded stays so
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
        files = Files(**kwargs)
        check_pattern(pattern, files.index)
        return {"files": files}

    def get(self, filepath: str = "", **params: Any) -> WSGIApp:
        """Answer with the file."""
        files: Files = self.kwargs["files"]
        found = files.find(filepath, self.request.environ)
        if found is not None:
            return found
        if files.index is not None and filepath and files.directory.is_directory(filepath):
            request = self.request
            query = quote(request.query_string, safe=QUERY_SAFE)
            path = quote(f"{request.root_path}{request.path}/", safe=PATH_SAFE)
            raise Redirect(f"{path}?{query}" if query else path)
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
        files = Files(folder or ".", **options)
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


def Static(directory: Root, **options: Any) -> Any:  # it stands where a handler class would
    """Return a route handler that serves a directory: ``('/<path:filepath>', '', Static(directory='static'))``.

    It may stand in two routes, the second for the index of the directory itself.

    Args:
        directory: as ``StaticHandler``.
        options: as the route arguments of ``StaticHandler``.

    Raises:
        SetupError: there is no such directory.
    """
    return StaticRoute(StaticHandler, files=Files(directory, **options))


class StaticRoute(partial[StaticHandler]):
    """A ``StaticHandler`` that has its files already."""

    def set_up_route(self, pattern: str, kwargs: Mapping[str, Any]) -> Mapping[str, Any]:
        """See, when the app is built, that the route is one for these files."""
        refuse_arguments(pattern, kwargs, "Static")
        check_pattern(pattern, self.keywords["files"].index)
        return kwargs


class Files:
    """The files of a directory, as a ``StaticHandler`` serves them.

    Raises:
        SetupError: there is no such directory, or an argument is wrong.
    """

    def __init__(
        self, directory: Root, *, max_age: int = 0, index: str | None = None, follow_symlinks: bool = False
    ) -> None:
        if type(max_age) is not int or max_age < 0:
            raise SetupError(f"max_age is a number of whole seconds, not {max_age!r}")
        if index is not None and not (isinstance(index, str) and is_servable(index)):
            raise SetupError(f"index is the name of a file, 'index.html', not {index!r}")
        self.directory = Directory(directory, follow_symlinks)
        self.index = index
        self._cache_control = f"public, max-age={max_age}" if max_age else "no-cache"
        self._forms = Forms(self.directory)
        self._examiner = Examiner()

    def find(self, path: str, environ: dict[str, Any]) -> Representation | None:
        """Return the form of a file to send, or None if there is none to serve under this path.

        Raises:
            FileUnavailable: the system cannot open files now.
        """
        if self.index is not None and (not path or path.endswith("/")):
            path += self.index
        file = self.directory.open(path)
        if file is None:
            return None
        file.may_grow = True  # a log is sent as far as it went when it was opened
        try:
            return self._represent(file, environ)
        except BaseException:
            file.close()
            raise

    def _represent(self, file: File, environ: dict[str, Any]) -> Representation:
        etag, content_type = self._examiner.examine(file)
        plain = Representation(
            body=file,
            size=file.size,
            etag=etag,
            modified=file.modified,
            content_type=content_type,
            headers=(("Cache-Control", self._cache_control),),
        )
        return self._forms.choose(plain, environ, file.identity, file.read, Origin(file.path, file.identity))
