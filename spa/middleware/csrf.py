"""Refuse what a page of another site makes a browser send in its user's name."""

from collections.abc import Mapping, Sequence
from typing import Any

from werkzeug.exceptions import Forbidden

from spa import problem
from spa.errors import SetupError
from spa.listing import check_list
from spa.origin import check_allowed_origins, is_own_page
from spa.wsgi import Body, WSGIApp

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})  # RFC 9110 section 9.2.1
OWN_SITES = frozenset({"same-origin", "none"})  # none: the user did it, by a bookmark or the address bar


class CSRFMiddleware:
    """A WSGI app that protects another from cross-site request forgery, without a token.

    A browser says where a request comes from. One with an unsafe method passes if ``Sec-Fetch-Site`` is
    ``same-origin`` or ``none``, or in a browser of before 2023, which does not send that header, if ``Origin`` is a
    page of the same host; any other is 403. A request with neither header does not come from a page and passes. GET,
    HEAD and OPTIONS pass, and so do WebSockets, which have the same rule for their Origin: so change nothing in a GET.

    Args:
        app: the WSGI app.
        trusted_origins: origins (``https://app.example``) whose pages may send unsafe requests too.
        exempt: paths that are not protected, as routes spell them: without the SCRIPT_NAME. Each is one exact path.

    Raises:
        SetupError: an option is wrong.
    """

    def __init__(
        self,
        app: WSGIApp,
        *,
        trusted_origins: Sequence[str] = (),
        exempt: Sequence[str] = (),
    ) -> None:
        if not callable(app):
            raise SetupError(f"CSRFMiddleware wraps a WSGI app, not {app!r}")
        self.app = app
        self._trusted = frozenset(check_allowed_origins(trusted_origins, "trusted_origins"))
        if self._trusted & {"*", "null"}:  # any site can make a page whose Origin is null
            raise SetupError("trusted_origins are single origins: '*' and 'null' would let any site in")
        self._exempt = _check_paths(exempt)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Body:
        """Answer a WSGI request."""
        if (
            environ["REQUEST_METHOD"] in SAFE_METHODS
            or not is_cross_origin(environ)
            or environ.get("HTTP_ORIGIN") in self._trusted
            or environ.get("PATH_INFO", "") in self._exempt
        ):
            return self.app(environ, start_response)
        refusal = Forbidden("The request comes from a page of another site.")
        return problem.render(refusal, environ)(environ, start_response)


def is_cross_origin(environ: Mapping[str, Any]) -> bool:
    """Tell whether a page of another origin made the browser send this request."""
    site = environ.get("HTTP_SEC_FETCH_SITE")
    if site:
        return site not in OWN_SITES
    origin = environ.get("HTTP_ORIGIN", "")
    return origin != "" and not is_own_page(origin, environ)


def _check_paths(paths: Sequence[str]) -> frozenset[str]:
    listed = check_list(paths, "exempt", "paths")
    for path in listed:
        if not isinstance(path, str) or not path.startswith("/") or any(character in path for character in "<>*?"):
            raise SetupError(f"exempt holds exact paths that start with a slash, not {path!r}")
    return frozenset(path.encode().decode("latin-1") for path in listed)  # as PATH_INFO spells it (PEP 3333)
