"""Decide whether an answer may be compressed, and write the headers of each of its variants."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from werkzeug.http import parse_dict_header

from spa.middleware.vary import Headers, add_vary, varies_on

# Statuses whose answers have no body, or part of one (RFC 9110 sections 15.2, 15.3.5 to 15.3.7 and 15.4.5).
WITHOUT_WHOLE_BODY = re.compile("1..|20[456]|304")
# Headers that speak of the very bytes of the body: in another coding they would be wrong (RFC 9110, RFC 9530).
OF_THE_BYTES = frozenset(
    {"content-encoding", "content-range", "content-digest", "repr-digest", "digest", "content-md5"}
)
ENTITY_TAG = re.compile(r'(?:W/)?"[^"]*"')  # RFC 9110 section 8.8.3


@dataclass(frozen=True, slots=True)
class Policy:
    """What to compress, and how.

    Attributes:
        minimum_size: bytes below which a body of known length is left as it is.
        codings: the content codings to offer, each with its level.
        is_type: tells whether a media type is worth it.
    """

    minimum_size: int
    codings: Mapping[str, int]
    is_type: Callable[[str], bool]


def may_be_coded(status: str, headers: Headers, size: int | None, policy: Policy) -> bool:
    """Tell whether an answer may be sent in another coding than it came in.

    One that says ``Vary: Accept-Encoding`` comes from an app that has chosen the coding itself, as Spa's static
    files do: a second choice would give their ETags to other bytes.

    Args:
        status: the status line of WSGI, ``200 OK``.
        headers: what the app sends.
        size: the bytes of the body; None where they are not known before the end.
        policy: what to compress.
    """
    if WITHOUT_WHOLE_BODY.match(status) or (size is not None and size < policy.minimum_size):
        return False
    content_type = ""
    for name, value in headers:
        name = name.lower()
        if name in OF_THE_BYTES:
            return False
        if name == "cache-control" and "no-transform" in parse_dict_header(value.lower()):
            return False  # RFC 9110 section 7.7
        if name == "content-type":
            content_type = value
    return policy.is_type(content_type) and not varies_on(headers, "Accept-Encoding")


def plain_headers(headers: Headers) -> Headers:
    """Return the headers of the variant as the app wrote it."""
    plain = list(headers)
    add_vary(plain, "Accept-Encoding")
    return plain


def coded_headers(headers: Headers, coding: str, length: int | None) -> Headers:
    """Return the headers of the variant in a coding.

    Args:
        headers: those of the plain variant.
        coding: the content coding.
        length: the bytes of the coded body; None where they are not known before the end.
    """
    coded = []
    for name, value in headers:
        lower = name.lower()
        if lower == "etag":
            coded.append((name, coded_tag(value, coding)))
        elif lower not in ("content-length", "accept-ranges"):  # a range would be one of the plain variant
            coded.append((name, value))
    coded.append(("Content-Encoding", coding))
    if length is not None:
        coded.append(("Content-Length", str(length)))
    add_vary(coded, "Accept-Encoding")
    return coded


def coded_tag(tag: str, coding: str) -> str:
    """Return the entity tag of the variant in a coding: ``"abc"`` becomes ``"abc-gzip"``.

    A strong tag stands for the very bytes, so each variant needs its own (RFC 9110 section 8.8.1). A weak one
    stands for what they say, and stays.
    """
    return f'{tag[:-1]}-{coding}"' if ENTITY_TAG.fullmatch(tag) and not tag.startswith("W/") else tag


def plain_tags(condition: str, codings: Iterable[str]) -> list[str]:
    """Return the app's own tags for those in an If-Match or If-None-Match that ``coded_tag`` made.

    A proxy may have made such a tag weak; then so is the app's.
    """
    endings = tuple(f'-{coding}"' for coding in codings)
    return [
        tag[: tag.rindex("-")] + '"' for tag in ENTITY_TAG.findall(condition) if endings and tag.endswith(endings)
    ]
