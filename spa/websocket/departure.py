"""Send the WebSockets and event streams of a plain gunicorn gevent worker away when it is told to stop.

Spa's own server and worker do this themselves. gunicorn's ``gevent`` worker only waits, and its arbiter kills it
when the grace is over, so that peers would see a broken connection instead of a Close 1001 or the end of a stream.
"""

import signal
from types import FrameType

import gevent

from spa.websocket.registry import Registry


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
