"""Find the files of a directory by their names, and say how each is to be sent."""

from typing import Any

from spa.errors import SetupError
from spa.static.facts import Examiner
from spa.static.files import Directory, File, Root
from spa.static.sending import Representation
from spa.static.servable import is_servable
from spa.static.sibling import Original
from spa.static.variant import Variants


class NamedFiles:
    """The files of a directory, at the URLs of their names.

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
        self._variants = Variants(self.directory)
        self._examiner = Examiner()

    def find(self, path: str, environ: dict[str, Any]) -> Representation | None:
        """Return the variant of a file to send, or None if there is none to serve under this path.

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
            modified=file.identity.modified,
            content_type=content_type,
            headers=(("Cache-Control", self._cache_control),),
        )
        return self._variants.choose(plain, environ, file.identity, Original(file.path, file.identity))
