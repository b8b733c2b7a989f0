"""Name the parts of HTTP's grammar that several files look for."""

# The name of a header, a cookie, a method, a subprotocol (RFC 9110 section 5.6.2).
TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"  # noqa: S105  # no password
