"""Show a bug to the person who develops: an interactive traceback in a browser, JSON to any other client."""

import ipaddress
import logging
import traceback
from typing import Any

from werkzeug.debug import DebuggedApplication
from werkzeug.debug.tbtools import DebugTraceback
from werkzeug.exceptions import InternalServerError
from werkzeug.wrappers import Response as WerkzeugResponse

from spa import problem
from spa.environ import ALWAYS_DOCUMENT, SHOW_BUG
from spa.errors import SetupError
from spa.requestid import describe, request_id
from spa.response import Response
from spa.server.frames import count_machinery

logger = logging.getLogger("spa")


def check_loopback(host: str) -> None:
    """Refuse to debug where others can reach the server: who can open the debugger can run any code.

    Raises:
        SetupError: the host is not an address of this machine alone.
    """
    try:
        is_loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_loopback = host == "localhost"
    if not is_loopback:
        raise SetupError(
            f"debug runs code for whoever reaches {host}; use 127.0.0.1 (--host, host= or HOST), or leave debug out"
        )


class ShownBug(InternalServerError):
    """*500* that tells what was raised, with the notes on it, and in a member ``traceback`` where, in lines."""

    def __init__(self, error: BaseException, text: str) -> None:
        told = [f"{type(error).__name__}: {error}", *getattr(error, "__notes__", ())]
        super().__init__("\n".join(told), original_exception=error)
        self.extensions = {"traceback": text.splitlines()}


class Debugger(DebuggedApplication):
    """A WSGI app with Werkzeug's interactive debugger, for a loopback server.

    It shows what an App would answer with a bare 500. To run code in the page one needs the PIN, and a ``Host``
    that is this machine; for any other ``Host``, such as a foreign site whose name points here, nothing is shown at
    all.

    Args:
        app: the WSGI app.
    """

    def __init__(self, app: Any) -> None:
        super().__init__(app, evalex=True)

    def debug_application(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Call the app, and show what it raises; Werkzeug's own is a generator, which begins too late."""
        if not self.check_host_trust(environ):
            return self.app(environ, start_response)
        environ[SHOW_BUG] = self.show
        try:
            return self.app(environ, start_response)
        except Exception as error:  # of middleware around the App, or of an app that is no App
            logger.exception("%s: the app failed", describe(environ))
            return self.show(error, environ)(environ, start_response)

    def show(self, error: BaseException, environ: dict[str, Any]) -> WerkzeugResponse:
        """Return the answer that shows an error: a page if the client prefers HTML, else a problem document."""
        filenames = (frame.f_code.co_filename for frame, _ in traceback.walk_tb(error.__traceback__))
        shown = DebugTraceback(error, skip=count_machinery(filenames))
        if problem.prefers_page(environ.get("HTTP_ACCEPT", "")):
            headers = {"Vary": "Accept", "X-Request-ID": request_id(environ)}
            return Response(self._page(shown, environ), 500, headers, content_type="text/html; charset=utf-8")
        environ[ALWAYS_DOCUMENT] = True
        return problem.render(ShownBug(error, shown.render_traceback_text()), environ)

    def _page(self, shown: DebugTraceback, environ: dict[str, Any]) -> str:
        for frame in shown.all_frames:
            self.frames[id(frame)] = frame
            self.frame_contexts[id(frame)] = []
        return shown.render_debugger_html(
            evalex=self.evalex, secret=self.secret, evalex_trusted=bool(self.check_pin_trust(environ))
        )
