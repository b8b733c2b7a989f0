"""Compare the Origin of a request, which names the site whose page sent it, with the sites that are allowed."""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from spa.errors import SetupError
from spa.listing import check_list

DEFAULT_PORTS = {"http": 80, "https": 443}
ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://([a-z0-9._-]+|\[[0-9a-f:.]+])(:[0-9]+)?")  # RFC 6454 section 6.2


def is_own_page(origin: str, environ: Mapping[str, Any]) -> bool:
    """Tell whether ``origin`` is a page of the host that the request went to."""
    host = environ.get("HTTP_HOST") or f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"
    return is_same_host(origin, environ["wsgi.url_scheme"].lower(), host)  # a proxy may call it HTTPS


def is_same_host(origin: str, scheme: str, host: str) -> bool:
    """Tell whether ``origin`` is a page of ``host``, as a request with that scheme reached it.

    Under ``https``, or ``wss`` as Traefik calls it here, the page must be ``https`` too. Under ``http`` it may
    be either: a proxy that ends TLS, and of which the app was not told, looks like that.
    """
    try:
        page = urlsplit(origin)
        port = page.port
        target = urlsplit(f"{page.scheme}://{host}")
        target_port = target.port
    except ValueError:
        return False
    if page.scheme not in DEFAULT_PORTS or (scheme in ("https", "wss") and page.scheme != "https"):
        return False
    if page.netloc != origin.partition("://")[2] or "@" in origin:
        return False
    default = DEFAULT_PORTS[page.scheme]
    return page.hostname == target.hostname is not None and (port or default) == (target_port or default)


def check_allowed_origins(origins: Sequence[str], option: str = "allowed_origins") -> tuple[str, ...]:
    """Return the origins of a setting as a tuple, spelled as browsers do: in lower case, without a default port.

    Args:
        origins: the setting.
        option: its name, for the message.

    Raises:
        SetupError: they are no list, or one of them is not ``*``, ``null`` or ``scheme://host[:port]``, which no
            Origin could match.
    """
    return tuple(_normalize(origin) for origin in check_list(origins, option, "origins"))


def _normalize(origin: str) -> str:
    if origin in ("*", "null"):
        return origin
    if not isinstance(origin, str) or not ORIGIN.fullmatch(origin.lower()):
        if "*" in str(origin):
            raise SetupError(f"{origin!r} is a pattern, and origins are compared as a whole: name each one")
        raise SetupError(f"{origin!r} is not an origin; write scheme://host or scheme://host:port, in ASCII")
    scheme, _, host = origin.lower().partition("://")
    return f"{scheme}://{host.removesuffix(f':{DEFAULT_PORTS.get(scheme)}')}"
