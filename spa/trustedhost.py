"""Decide whether a request asks for the app by a name that it trusts."""

from collections.abc import Iterable
from ipaddress import IPv6Address

from werkzeug.sansio.utils import host_is_trusted

from spa.errors import SetupError
from spa.listing import check_list


class TrustedHosts:
    """The names by which an app may be asked for.

    Names are compared without case (RFC 9110 section 4.2.3), without the port, and without the dot that may end a
    whole domain name (RFC 3986 section 3.2.2).

    Args:
        hosts: names, ``app.example``; ``.app.example`` is that and all names below it. An IPv6 address is written
            as in a URL, ``[::1]``.

    Raises:
        SetupError: it is no list, or there is none, or one that no Host header could ever match.
    """

    def __init__(self, hosts: Iterable[str]) -> None:
        names = [_normalize(host) for host in check_list(hosts, "trusted_hosts", "names")]
        if not names:
            raise SetupError("trusted_hosts names no host, so every request would be refused; None takes any")
        self._names = frozenset(name.removeprefix(".") for name in names)
        self._suffixes = tuple(name for name in names if name.startswith("."))

    def match(self, header: str | None) -> bool:
        """Tell whether the value of a Host header is one of the names, or below one.

        Args:
            header: ``host`` or ``host:port``; None where there is no such header.
        """
        if header in self._names:  # as most are written, and as none is that Werkzeug would refuse
            return True
        if header is None or not host_is_trusted(header):
            return False
        name = header.lower()
        if not name.endswith("]"):  # an IPv6 address that no port follows
            name = name.rpartition(":")[0] or name
        name = name.removesuffix(".")
        return name in self._names or name.endswith(self._suffixes)


def _normalize(host: str) -> str:
    """Return a name of the setting as a Host header has it: in ASCII and lower case, without the last dot."""
    if not isinstance(host, str):
        raise SetupError(f"trusted_hosts holds {host!r}: write a name, 'app.example'")
    if "://" in host or "/" in host:
        raise SetupError(f"trusted_hosts holds {host!r}: write the host of that URL alone, 'app.example'")
    if "*" in host:
        raise SetupError(
            f"trusted_hosts holds {host!r}: write '.app.example' for that name and all below it; for any host leave"
            " trusted_hosts out"
        )
    if host.count(":") > 1 or host.startswith("["):
        return _normalize_address(host)
    if ":" in host:
        raise SetupError(f"trusted_hosts holds {host!r}: a port does not count; write {host.partition(':')[0]!r}")
    dot, name = ("." if host.startswith(".") else ""), host.lower().removeprefix(".").removesuffix(".")
    try:
        ascii_name = name.encode("idna").decode("ascii")
        is_same = ascii_name.encode("ascii").decode("idna") == name or ascii_name == name
    except UnicodeError:  # a label is empty, or has more than 63 characters
        ascii_name, is_same = "", True
    if not is_same:  # the codec writes ss for ß, as browsers no longer do
        raise SetupError(f"trusted_hosts holds {host!r}: write it as browsers send it, in ASCII ('xn--...')")
    if not host_is_trusted(ascii_name):
        raise SetupError(f"trusted_hosts holds {host!r}, which is no name of a host; write 'app.example'")
    return dot + ascii_name


def _normalize_address(host: str) -> str:
    """Return an IPv6 address as browsers send it: in brackets and as short as can be (RFC 5952)."""
    is_bracketed = host.startswith("[") and host.endswith("]")
    try:
        address = f"[{IPv6Address(host[1:-1] if is_bracketed else host)}]"
    except ValueError:
        address = ""
    if not host_is_trusted(address):  # such as one with a zone
        raise SetupError(f"trusted_hosts holds {host!r}: write an IPv6 address alone and in brackets, '[::1]'")
    return address
