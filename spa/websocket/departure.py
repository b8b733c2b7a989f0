"""Have the WebSockets and event streams of a server sent away when it is told to stop.

Spa's own server and worker do this themselves, and say so with a registry of their own. gunicorn's gevent workers
only wait, and its arbiter kills them when the grace is over, so that peers would see a broken connection instead of
a Close 1001 or the end of a stream.
"""

import signal
from types import FrameType
from typing import Any

import gevent

from spa.environ import APP, CONNECTIONS
from spa.websocket.registry import Registry


def find_registry(environ: dict[str, Any]) -> Registry:
    """Return the registry of the server; where it has none, that of the app, which is sent away on SIGTERM."""
    if CONNECTIONS in environ:
        registry: Registry = environ[CONNECTIONS]
    elif APP in environ:
        registry = environ[APP].connections
        send_away_on_sigterm(registry)
    else:  # a response is served without an app
        registry = Registry()
    return registry


def send_away_on_sigterm(registry: Registry) -> None:
    """On SIGTERM, do what was done before, and send away what the registry knows; at most once a registry."""
    loop = gevent.get_hub().loop
    if registry.hears_sigterm or not loop.default:  # only the main thread may set a signal handler
        return
    registry.hears_sigterm = True
    before = signal.getsignal(signal.SIGTERM)
    if not callable(before):  # the signal ends the process, or is ignored: so it must stay
        return

    def on_sigterm(number: int, frame: FrameType | None) -> None:
        loop.run_callback_threadsafe(registry.send_away)
        before(number, frame)

    signal.signal(signal.SIGTERM, on_sigterm)
