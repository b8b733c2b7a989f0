"""Parse a form body within its limits, and leave no file behind if that fails."""

from io import BytesIO
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from werkzeug.exceptions import BadRequest, RequestEntityTooLarge
from werkzeug.formparser import FormDataParser

LONGEST_BOUNDARY = 70  # characters (RFC 2046 section 5.1.1)
LARGEST_IN_MEMORY = 500 * 1024  # bytes of an uploaded file, as Werkzeug has it


class Upload(SpooledTemporaryFile[bytes]):
    """An uploaded file: in memory, or on disk without a name, and gone with the last reference to it."""

    def __init__(self) -> None:
        super().__init__(max_size=LARGEST_IN_MEMORY, mode="rb+")

    def __del__(self) -> None:
        """Close it without Python's warning: a request has no end at which a handler should do so."""
        self.close()


class FormParser(FormDataParser):
    """Werkzeug's parser, with its limits applied to urlencoded forms too, and a form that cannot be read an error."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.silent = False
        self._files: list[IO[bytes]] = []
        self.stream_factory = _noting(self.stream_factory, self._files)

    def parse(self, stream: Any, mimetype: str, content_length: int | None, options: Any = None) -> Any:
        """Return the stream, the fields and the files of a form.

        Raises:
            BadRequest: 400, the form cannot be read.
            RequestEntityTooLarge: 413, it has too many parts, or too long a text.
        """
        if mimetype == "application/x-www-form-urlencoded":
            stream = self._read_urlencoded(stream)
        elif len((options or {}).get("boundary", "")) > LONGEST_BOUNDARY:
            raise BadRequest(f"The boundary of the form is longer than {LONGEST_BOUNDARY} characters.")
        try:
            return super().parse(stream, mimetype, content_length, options)
        except BaseException as error:
            for file in self._files:
                file.close()
            if isinstance(error, ValueError):
                raise BadRequest("The form cannot be read: it is cut short, or not of the type it says.") from error
            raise

    def _read_urlencoded(self, stream: Any) -> IO[bytes]:
        data: bytes = stream.read()
        if self.max_form_memory_size is not None and len(data) > self.max_form_memory_size:
            raise RequestEntityTooLarge
        if self.max_form_parts is not None and data.count(b"&") >= self.max_form_parts:
            raise RequestEntityTooLarge
        return BytesIO(data)


def _noting(make_file: Any, files: list[IO[bytes]]) -> Any:
    def open_file(*args: Any, **options: Any) -> Any:  # no method: the parser in its own attribute would outlive us
        file = make_file(*args, **options)
        files.append(file)
        return file

    return open_file
