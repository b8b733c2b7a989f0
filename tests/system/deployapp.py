"""An app to ask through a proxy: it tells what it sees, streams, echoes, fails, and serves hashed files."""

from gevent.monkey import patch_all

patch_all()

import os  # noqa: E402
import time  # noqa: E402

from gevent.event import Event  # noqa: E402
from werkzeug.middleware.proxy_fix import ProxyFix  # noqa: E402

import spa  # noqa: E402
from spa.static.smart import SmartStatic  # noqa: E402
from spa.websocket import Limits  # noqa: E402

gate = Event()


class Seen(spa.Handler):
    def get(self):
        request = self.request
        return {
            "url": request.url,
            "client": request.remote_addr,
            "request_id": request.id,
            "connection": request.headers.get("Connection"),
            "pid": os.getpid(),
        }


class Size(spa.Handler):
    def post(self):
        return str(len(self.request.get_data()))


class Fail(spa.Handler):
    def get(self):
        raise RuntimeError("as asked")


class Stream(spa.Handler):
    """The first line at once, the last when somebody has opened the gate."""

    def get(self, buffering):
        return self.lines(), 200, {"X-Accel-Buffering": buffering}

    def lines(self):
        gate.clear()
        yield "first\n"
        gate.wait(30)
        yield "last\n"


class Events(Stream):
    """The same lines as events; the header is Spa's own."""

    def get(self):
        return spa.EventStream(self.lines())


class Gate(spa.Handler):
    def post(self):
        gate.set()


class Slow(spa.Handler):
    def get(self):
        time.sleep(1)
        return "done"


class Pinged(spa.Handler):
    """An echo that pings its peer twice a second."""

    websocket_limits = Limits(ping_interval=0.5)

    def websocket(self):
        for message in self.ws:
            self.ws.send(message)


class Unpinged(Pinged):
    websocket_limits = Limits(ping_interval=600)


routes = (
    ("/", "", Seen),
    ("/size", "", Size),
    ("/fail", "", Fail),
    ("/stream/<buffering>", "", Stream),
    ("/events", "", Events),
    ("/gate", "", Gate),
    ("/slow", "", Slow),
    ("/pinged", "", Pinged),
    ("/unpinged", "", Unpinged),
    ("/static/<path:filepath>", "", SmartStatic(directory=os.environ.get("STATIC", "examples/deploy/static"))),
)
app = ProxyFix(spa.App(routes), x_for=1, x_proto=1, x_host=1)
