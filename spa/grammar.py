"""Name the parts of the grammars of HTTP and of URLs that several files look for."""

import re

# The name of a header, a cookie, a method, a subprotocol (RFC 9110 section 5.6.2).
TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"  # noqa: S105  # no password
SCHEME = r"[A-Za-z][A-Za-z0-9+.-]*"  # of a URL (RFC 3986 section 3.1)
PATH_SAFE = "/!$&'()*+,;=:@"  # what a URL's path holds as it is, beside letters, digits and -._~ (section 3.3)

_TOKEN = re.compile(TOKEN)
_SLASHES = re.compile("//+")


def is_token(text: str) -> bool:
    """Tell whether a text is a token as a whole."""
    return _TOKEN.fullmatch(text) is not None


def merge_slashes(path: str) -> str:
    """Return a path with each run of slashes as one."""
    return _SLASHES.sub("/", path)
