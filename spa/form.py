"""Parse a form body within its limits, and leave no file behind if that fails."""

from io import BytesIO
from tempfile import SpooledTemporaryFile
from typing import IO, Any
from urllib.parse import unquote_to_bytes

from werkzeug.datastructures import Headers
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge
from werkzeug.formparser import FormDataParser, MultiPartParser

LONGEST_BOUNDARY = 70  # characters (RFC 2046 section 5.1.1)
LARGEST_IN_MEMORY = 500 * 1024  # bytes of an uploaded file, as Werkzeug has it


class Upload(SpooledTemporaryFile[bytes]):
    """An uploaded file: in memory, or on disk without a name, and gone with the last reference to it."""

    def __init__(self) -> None:
        super().__init__(max_size=LARGEST_IN_MEMORY, mode="rb+")

    def __del__(self) -> None:
        """Close it without Python's warning: a request has no end at which a handler should do so."""
        self.close()


class PartParser(MultiPartParser):
    """Werkzeug's parser of parts, which notes how each text is encoded, and leaves it as it is: a character per byte.

    Attributes:
        charsets: one for each text, in their order.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.charsets: list[str] = []

    def get_part_charset(self, headers: Headers) -> str:
        """Return the encoding to decode a text with, where Werkzeug replaces what is wrong."""
        self.charsets.append(super().get_part_charset(headers))
        return "latin-1"


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
        if mimetype == "multipart/form-data" and len((options or {}).get("boundary", "")) > LONGEST_BOUNDARY:
            raise BadRequest(f"The boundary of the form is longer than {LONGEST_BOUNDARY} characters.")
        try:
            return super().parse(stream, mimetype, content_length, options)
        except BaseException as error:
            for file in self._files:
                file.close()
            if isinstance(error, ValueError):
                reason = "it is cut short, not UTF-8, or not of the type it says"
                raise BadRequest(f"The form cannot be read: {reason}.") from error
            raise

    def _parse_multipart(self, stream: Any, mimetype: str, content_length: int | None, options: Any) -> Any:
        """Parse, and decode each text strictly."""
        boundary = options.get("boundary", "").encode("ascii")
        if not boundary:
            raise ValueError("no boundary")
        parser = PartParser(
            self.stream_factory,
            self.max_form_memory_size,
            list,  # in the order of the charsets
            max_form_parts=self.max_form_parts,
        )
        texts: Any
        texts, files = parser.parse(stream, boundary, content_length)
        fields = [
            (name, text.encode("latin-1").decode(charset))
            for (name, text), charset in zip(texts, parser.charsets, strict=True)
        ]
        return stream, self.cls(fields), self.cls(files)

    def _parse_urlencoded(self, stream: Any, mimetype: str, content_length: int | None, options: Any) -> Any:
        """Parse within the limits, and what is UTF-8 only."""
        data: bytes = stream.read()
        if self.max_form_memory_size is not None and len(data) > self.max_form_memory_size:
            raise RequestEntityTooLarge
        if self.max_form_parts is not None and data.count(b"&") >= self.max_form_parts:
            raise RequestEntityTooLarge
        unquote_to_bytes(data).decode()  # Werkzeug leaves what is not UTF-8 as it is written
        return super()._parse_urlencoded(BytesIO(data), mimetype, content_length, options)


def _noting(make_file: Any, files: list[IO[bytes]]) -> Any:
    def open_file(*args: Any, **options: Any) -> Any:  # no method: the parser in its own attribute would outlive us
        file = make_file(*args, **options)
        files.append(file)
        return file

    return open_file
