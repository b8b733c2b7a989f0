"""Write the cookie that carries a session, such that browsers keep it."""

from dataclasses import dataclass

from werkzeug.http import dump_cookie

from spa.errors import SetupError
from spa.grammar import is_token

LARGEST_COOKIE = 4093  # bytes of a Set-Cookie value that all browsers keep, as Werkzeug counts them


@dataclass(frozen=True, slots=True)
class Cookie:
    """The name and the attributes of a cookie that scripts cannot read (RFC 6265 section 4.1).

    Attributes:
        name: its name.
        path: the path under which the browser sends it.
        domain: the domain whose subdomains get it too; None is this host only.
        same_site: ``Lax``, ``Strict`` or ``'None'``.
        secure: whether it travels over https only; None means that it does if it was set over https.

    Raises:
        SetupError: it has no name that is one, or browsers would drop it.
    """

    name: str
    path: str = "/"
    domain: str | None = None
    same_site: str = "Lax"
    secure: bool | None = None

    def __post_init__(self) -> None:
        """Check what can be checked without a value; the rules of browsers are those of RFC 6265bis."""
        if not isinstance(self.name, str) or not is_token(self.name):
            raise SetupError(f"{self.name!r} is not the name of a cookie: use letters, digits, '-' and '_'")
        if not isinstance(self.path, str) or not self.path.startswith("/"):
            raise SetupError(f"the path of a cookie starts with a slash; browsers would not use {self.path!r}")
        if not isinstance(self.domain, str | None):
            raise SetupError(f"the domain of a cookie is a name, or None for this host only, not {self.domain!r}")
        if not isinstance(self.same_site, str) or self.same_site.title() not in ("Lax", "Strict", "None"):
            raise SetupError(f"same_site is 'Lax', 'Strict' or 'None', not {self.same_site!r}")
        is_insecure = self.secure is not None and not self.secure
        if is_insecure and self.same_site.title() == "None":
            raise SetupError("browsers drop a cookie with same_site='None' that is not secure: leave secure=False out")
        name = self.name.lower()  # browsers compare the prefixes so
        if is_insecure and name.startswith(("__host-", "__secure-")):
            raise SetupError(f"browsers drop a cookie {self.name!r} that is not secure: leave secure=False out")
        if name.startswith("__host-") and (self.domain or self.path != "/"):
            raise SetupError(f"browsers drop a cookie {self.name!r} with a domain or a path: leave both out")
        try:
            self.dump("", 0, now=0, is_https=True)
        except ValueError as error:
            raise SetupError(f"the cookie cannot be made with domain={self.domain!r}: {error}") from error

    def dump(self, value: str, max_age: int, *, now: float, is_https: bool) -> str:
        """Return the value of a Set-Cookie header.

        Args:
            value: of the cookie.
            max_age: seconds for which to keep it; 0 deletes it.
            now: seconds since the epoch.
            is_https: whether the request came over https.

        Raises:
            ValueError: the cookie is larger than browsers keep.
        """
        line = dump_cookie(
            self.name,
            value,
            max_age=max_age,
            expires=now + max_age if max_age else 0,
            path=self.path,
            domain=self.domain,
            secure=is_https if self.secure is None else self.secure,
            httponly=True,
            samesite=self.same_site,
            max_size=0,  # where Werkzeug warns, this raises
        )
        if len(line) > LARGEST_COOKIE:
            raise ValueError(
                f"the session makes a cookie of {len(line)} bytes, and browsers keep {LARGEST_COOKIE}: keep the data"
                " in a database, and its key in the session"
            )
        return line
