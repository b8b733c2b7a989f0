"""Read what frames a request, provided that it can be read in one way only.

A proxy in front may read a doubtful head in another way. Where it then sees one request we would see two, the second
of which it has neither checked nor logged (RFC 9112 section 11.2). So what is doubtful is refused, not repaired.
"""

import re
from collections.abc import Callable
from http import HTTPStatus
from typing import NamedTuple

from spa.grammar import TOKEN

LONGEST = 64 * 1024  # bytes of all header fields; twice what browsers and proxies let through
MOST = 100  # header fields; gunicorn's number too

_LINE = re.compile(rf"({TOKEN}) ([\x21\x22\x24-\x7e]+) (HTTP/1\.[0-9])\r\n")  # RFC 9112 section 3; no fragment
# No line may end in a bare LF, hold a bare CR, be folded, or have a space before its colon (RFC 9112 sections 2.2
# and 5.1); no value may hold a control character (RFC 9110 section 5.5).
_FIELDS = re.compile(rf"(?:{TOKEN}:[\t\x20-\x7e\x80-\xff]*+\r\n)*+\r\n")
_HOST = re.compile(r"(\[[0-9A-Za-z:.%]+\]|[0-9A-Za-z\-._~!$&'()*+,;=%]*)(?::[0-9]*)?")  # RFC 3986 section 3.2.2
_ABSOLUTE = re.compile(r"https?://([^/?#]*)(.*)", re.IGNORECASE)
_LENGTH = re.compile("[0-9]{1,18}")  # an exabyte is enough, and an int of 64 bits
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,15})(?:;[\t\x20-\x7e\x80-\xff]*)?\r\n")  # an int of 64 bits too
_CODINGS = {"chunked", "compress", "x-compress", "deflate", "gzip", "x-gzip", "identity"}  # RFC 9112 section 7
_ENDS = (b"\r\n", b"\n", b"")  # where reading stops, rightly or not
_DECISIVE = {"connection", "content-length", "host", "transfer-encoding"}


class Refused(ValueError):
    """A head, or a chunk, that is not to be served, and behind which the connection has to end.

    Attributes:
        status: the code of the answer.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status

    def write_answer(self) -> bytes:
        """Return the whole answer."""
        phrase = HTTPStatus(self.status).phrase
        return f"HTTP/1.1 {self.status} {phrase}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".encode()


class Head(NamedTuple):
    """The head of a request.

    Attributes:
        method: the method, as it came.
        target: a path that begins with "/", with its query; or "*".
        version: "HTTP/1.0", "HTTP/1.1".
        fields: names and values in the order they came; Host is that of the target, if the target has one.
        length: bytes of the body; None if it has none, or comes in chunks.
        is_last: whether the client wants the connection to end behind the answer.
    """

    method: str
    target: str
    version: str
    fields: list[tuple[str, str]]
    length: int | None
    is_last: bool


def read_fields(readline: Callable[[int], bytes]) -> str:
    """Return the lines of the header fields up to the empty line, that included, decoded as ISO 8859-1.

    Args:
        readline: reads a line, or so many bytes of it.

    Raises:
        Refused: there are too many of them (431, RFC 6585 section 5).
    """
    rest = bytearray()
    for _ in range(MOST + 1):
        line = readline(LONGEST)
        rest += line
        if len(rest) > LONGEST:
            break
        if line in _ENDS:
            return rest.decode("latin-1")
    raise Refused(431, f"there are more than {MOST} header fields, or more than {LONGEST} bytes of them")


def parse(line: str, rest: str) -> Head:
    """Return the head of a request.

    Args:
        line: the request line, with its end, decoded as ISO 8859-1.
        rest: the lines of its fields, as ``read_fields`` returns them.

    Raises:
        Refused: the head is wrong or could be read in more than one way (400); or it asks for what Spa's server
            does not have, a tunnel or an unknown transfer coding (501).
    """
    words = _LINE.fullmatch(line)
    if words is None:
        raise Refused(400, "the request line is not a method, a target and a version of HTTP/1")
    check_fields(rest)
    method, target, version = words.groups()
    fields = []
    decisive: dict[str, str] = {}
    for field in rest[:-4].split("\r\n") if rest != "\r\n" else ():
        name, _, value = field.partition(":")
        value = value.strip(" \t")
        fields.append((name, value))
        key = name.lower()
        if key in _DECISIVE:  # twice they are one list (RFC 9110 section 5.3), and no host and no number
            decisive[key] = f"{decisive[key]}, {value}" if key in decisive else value
    _check_host(version, decisive.get("host"))
    if target[0] != "/" or method == "CONNECT":
        target, fields = _resolve(method, target, fields)
    length = _find_length(method, version, decisive.get("content-length"), decisive.get("transfer-encoding"))
    return Head(method, target, version, fields, length, _is_last(version, decisive.get("connection", "")))


def check_fields(rest: str) -> None:
    """Refuse header fields, or trailers, of which a line could be read in more than one way."""
    if _FIELDS.fullmatch(rest) is None:
        raise Refused(400, "a header field is not a name, a colon and a value, or the fields are cut off")


def parse_chunk_size(line: bytes) -> int:
    """Return the size of the chunk that follows a line (RFC 9112 section 7.1)."""
    size = _CHUNK.fullmatch(line)
    if size is None:
        raise Refused(400, "a chunk does not begin with its size, or the one before is cut off")
    return int(size[1], 16)


def _check_host(version: str, host: str | None) -> None:
    """Refuse no Host, two, or what is none (RFC 9112 section 3.2)."""
    if host is None:
        if version != "HTTP/1.0":
            raise Refused(400, "there is no Host")
    elif _HOST.fullmatch(host) is None:
        raise Refused(400, "Host is not one host")


def _resolve(method: str, target: str, fields: list[tuple[str, str]]) -> tuple[str, list[tuple[str, str]]]:
    """Return the path of a target that is none by itself, and the fields with its host (RFC 9112 section 3.2)."""
    if method == "CONNECT":
        raise Refused(501, "CONNECT asks for a tunnel")
    if target == "*" and method == "OPTIONS":
        return target, fields
    absolute = _ABSOLUTE.fullmatch(target)
    host = _HOST.fullmatch(absolute[1]) if absolute else None
    if absolute is None or host is None or not host[1]:
        raise Refused(400, "the target is neither a path nor a URL of http or https")
    path = absolute[2] if absolute[2].startswith("/") else f"/{absolute[2]}"
    return path, [("Host", host[0]), *(field for field in fields if field[0].lower() != "host")]


def _find_length(method: str, version: str, length: str | None, codings: str | None) -> int | None:
    """Return the length of the body, None for none or chunks (RFC 9112 sections 6.1 to 6.3)."""
    if codings is not None:
        if length is not None or version == "HTTP/1.0":
            raise Refused(400, "Transfer-Encoding stands beside a Content-Length, or in HTTP/1.0")
        _check_codings(codings)
        return None
    if length is None:
        return None
    if _LENGTH.fullmatch(length) is None:
        raise Refused(400, "Content-Length is not one decimal number")
    if method == "HEAD" and int(length):
        raise Refused(400, "HEAD has a body")  # which others may not expect (RFC 9110 section 9.3.2)
    return int(length)


def _check_codings(codings: str) -> None:
    names = [coding.strip(" \t") for coding in codings.lower().split(",")]
    if names == ["chunked"]:
        return
    is_framed = names.count("chunked") == 1 and names[-1] == "chunked"
    if is_framed or not _CODINGS.issuperset(names):
        raise Refused(501, "Transfer-Encoding is not just chunked")
    raise Refused(400, "chunked is not the last transfer coding")


def _is_last(version: str, connection: str) -> bool:
    """Tell whether the client wants no further request on the connection (RFC 9112 section 9.3)."""
    options = [option.strip(" \t") for option in connection.lower().split(",")]
    return "close" in options or (version == "HTTP/1.0" and "keep-alive" not in options)
