"""Tell by its name alone whether a path below a directory may be served."""

import re

LONGEST_SEGMENT = 255  # bytes, the limit of every file system in use
DEEPEST = 64  # segments of a path
# The surrogates are what Python makes of bytes that are not UTF-8: no URL says them. What a URL has in their place the
# router reads as U+FFFD, so a file of that name would have many URLs.
NEVER = r"/\\:\x00-\x1f\x7f\ud800-\udfff\ufffd"
SEGMENT = rf"[^.{NEVER}][^{NEVER}]{{0,254}}"
SERVABLE = re.compile(rf"(?:\.well-known/)?{SEGMENT}(?:/{SEGMENT}){{0,{DEEPEST - 1}}}")
# Names that Windows takes for devices, whatever follows the first dot: refused on every machine alike.
DEVICE = re.compile(r"(?:^|/)(?:con|prn|aux|nul|com[1-9]|lpt[1-9]) *(?:[./]|$)", re.IGNORECASE)


def is_servable(path: str) -> bool:
    """Tell whether a path with slashes, relative to a directory, names something that may be served.

    Refused: empty, ``.`` and ``..`` segments, dotfiles (but ``.well-known``, RFC 8615), backslashes, colons and
    control characters, names that are not UTF-8, names that Windows takes for devices, and what is too long for any
    file system. So each file has one URL, the same on every machine.
    """
    if SERVABLE.fullmatch(path) is None or DEVICE.search(path) is not None:
        return False
    return path.isascii() or all(len(segment.encode()) <= LONGEST_SEGMENT for segment in path.split("/"))
