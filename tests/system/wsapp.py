"""The app that the tests of the wire talk to: one route per way a WebSocket can live and end."""

from gevent.monkey import patch_all

patch_all()

import gc  # noqa: E402
import os  # noqa: E402
import sys  # noqa: E402
from collections import defaultdict  # noqa: E402

import gevent  # noqa: E402
import greenlet  # noqa: E402
from werkzeug.exceptions import Forbidden, Unauthorized  # noqa: E402
from werkzeug.middleware.proxy_fix import ProxyFix  # noqa: E402

import spa  # noqa: E402
from examples import quickstart  # noqa: E402
from spa.errors import ReceiveInProgress  # noqa: E402
from spa.websocket import Limits, broadcast  # noqa: E402

events = defaultdict(list)
room = set()
CHUNK = "x" * 65536


def _forget(event):
    """Note nothing, so that thousands of connections leave nothing behind."""


class Told(spa.Handler):
    """A WebSocket that notes under the tag in its URL what happens to it."""

    def websocket(self, tag="", **params):
        note = events[tag].append if tag else _forget
        note("began")
        try:
            self.talk(note, **params)
        except BaseException as error:
            note(f"raised {type(error).__name__} {getattr(error, 'code', '')}".strip())
            raise
        note("returned")

    def websocket_close(self):
        if "tag" in self.params:
            events[self.params["tag"]].append(f"closed {self.ws.close_code}")

    def talk(self, note):
        """Live; ``note`` writes an event down."""
        raise NotImplementedError


class Echo(Told):
    def get(self, tag=""):
        return "plain"

    def talk(self, note):
        for message in self.ws:
            self.ws.send(message)


class Small(Echo):
    websocket_limits = Limits(max_message=1000, max_fragments=8)


class Sink(Told):
    """Take everything, and answer "?" with the number of bytes taken since the last one."""

    def talk(self, note):
        taken = 0
        for message in self.ws:
            if message == "?":
                self.ws.send(str(taken))
                taken = 0
            else:
                taken += len(message)


class Listener(Told):
    """Note the length of every message."""

    def talk(self, note):
        for message in self.ws:
            note(f"got {len(message)}")


class SocketOnly(spa.Handler):
    def websocket(self):
        for message in self.ws:
            self.ws.send(message)


class Plain(spa.Handler):
    def get(self):
        return "plain"

    def post(self):
        return "posted"


class Sender(Told):
    """Send as fast as it goes."""

    websocket_limits = Limits(send_timeout=0.5)

    def talk(self, note):
        while True:
            self.ws.send(CHUNK)


class Ticker(Told):
    """Send a little all the time, and receive nothing."""

    def talk(self, note):
        while True:
            self.ws.send("tick")
            gevent.sleep(0.02)


class Sleeper(Told):
    def talk(self, note):
        self.ws.accept()
        gevent.sleep(1000)


class Stubborn(Told):
    """Sleep on until told otherwise, then send."""

    websocket_limits = Limits(stop_after=None)

    def talk(self, note):
        self.ws.accept()
        while not self.ws.closed:
            gevent.sleep(0.02)
        note("saw the end")
        self.ws.send("too late")


class Silent(Echo):
    websocket_limits = Limits(ping_interval=0.3, ping_timeout=0.3)


class Returns(Told):
    def talk(self, note):
        self.ws.send("bye")


class ReturnsAtOnce(Told):
    def talk(self, note):
        pass


class Raises(Told):
    def talk(self, note):
        self.ws.send("bye")
        raise ValueError(f"secret of {self.params['tag']}")


class Closes(Told):
    """Close, and do everything again that a closed WebSocket refuses."""

    websocket_limits = Limits(close_timeout=1.0)

    def talk(self, note):
        self.ws.send("bye")
        self.ws.close(4001, "enough")
        self.ws.close(4002, "again")
        for use in (lambda: self.ws.send("x"), self.ws.receive, self.ws.receive):
            try:
                use()
            except spa.ConnectionClosed as error:
                note(f"refused {error.code} {error.reason}")
        note(f"is closed {self.ws.closed} {self.ws.close_code} {self.ws.close_reason}")


class Large(Told):
    """Send much and return."""

    websocket_limits = Limits(close_timeout=0.3)

    def talk(self, note):
        self.ws.send(b"x" * 2**24)


class LeavesTimeout(Told):
    """Return while a timeout is still running, which then fires in the closing handshake."""

    websocket_limits = Limits(close_timeout=1.0)

    def talk(self, note):
        self.ws.accept()
        gevent.Timeout.start_new(0.1)


class CleansUp(Told):
    """Send now and then, be stopped after a short while, and clean up after it."""

    websocket_limits = Limits(stop_after=0.05)

    def talk(self, note):
        while True:
            self.ws.send("now")
            gevent.sleep(0.05)

    def websocket_close(self):
        gevent.sleep(0.02)  # as one that writes to a database
        super().websocket_close()


class ClosedByAnother(Told):
    """One greenlet closes while this one is in receive or in send."""

    websocket_limits = Limits(close_timeout=0.5, send_timeout=0.5)

    def talk(self, note, what):
        self.ws.accept()
        gevent.spawn_later(0.3, self.ws.close, 4001, "enough")
        while True:
            if what == "send":
                self.ws.send(CHUNK)
            else:
                self.ws.receive()


class TwoReceivers(Told):
    def talk(self, note):
        self.ws.accept()
        second = gevent.spawn_later(0.05, self._receive)
        first = self.ws.receive()
        self.ws.send(f"{first}, {second.get()}")
        for message in self.ws:
            self.ws.send(message)

    def _receive(self):
        try:
            return self.ws.receive()
        except ReceiveInProgress as error:
            self.ws.send("refused")
            return type(error).__name__


class TenSenders(Told):
    """Ten greenlets send one large message each."""

    def talk(self, note):
        self.ws.accept()
        senders = [gevent.spawn(self.ws.send, bytes([65 + number]) * 2**20) for number in range(10)]
        gevent.joinall(senders, raise_error=True)


class Blocked(Told):
    """One or two greenlets send to a peer that does not read."""

    websocket_limits = Limits(send_timeout=60)

    def talk(self, note, senders):
        self.ws.accept()
        for _ in range(senders - 1):
            gevent.spawn(self._send_apart, note)
        self._send(note)

    def _send_apart(self, note):
        try:
            self._send(note)
        except spa.ConnectionClosed:
            note("another sender ended")

    def _send(self, note):
        while True:
            self.ws.send(CHUNK)
            note("sent")


class Denied(Told):
    def prepare(self, tag, status):
        events[tag].append("prepared")
        if status == 401:
            raise Unauthorized
        if status == 403:
            raise Forbidden
        return {"status": status}, status

    def talk(self, note, status):
        self.ws.accept()


class DeniedInside(Told):
    """Refuse in the method itself, before it sends."""

    def talk(self, note, status):
        if status == 401:
            raise Unauthorized
        if status == 403:
            raise Forbidden
        raise KeyError("secret")


class Spoken(spa.Handler):
    subprotocols = ("chat.v2", "chat.v1")

    def websocket(self):
        self.ws.accept()
        self.ws.send(str(self.ws.subprotocol))


class Own(Told):
    allowed_origins = ("https://friend.example", "http://friend.example:8080")

    def talk(self, note):
        self.ws.accept()


class Chosen(spa.Handler):
    """Choose the subprotocol and headers by hand."""

    def websocket(self):
        self.ws.accept("chat.v1", headers=[("X-Greeting", "hello")])


class Room(Told):
    """Hear what is broadcast; "fill" lets the handler send until it can no more."""

    websocket_limits = Limits(send_timeout=60, max_waiting_out=8)

    def get(self, tag=""):
        return {"told": broadcast(room, "shout"), "room": len(room)}

    def talk(self, note):
        self.ws.accept()
        room.add(self.ws)
        self.ws.send("welcome")
        for message in self.ws:
            while message == "fill":
                self.ws.send(CHUNK)
                note("sent")

    def websocket_close(self):
        room.discard(self.ws)
        super().websocket_close()


class DateTime(quickstart.DateTime):
    def websocket(self, tag):
        super().websocket()

    def websocket_close(self):
        events[self.params["tag"]].append("closed")


class Stats(spa.JSONHandler):
    """What the process holds."""

    def get(self):
        gc.collect()
        with open("/proc/self/statm") as file:
            pages = int(file.read().split()[1])
        return {
            "pid": os.getpid(),
            "greenlets": sum(isinstance(it, greenlet.greenlet) and not it.dead for it in gc.get_objects()),
            "descriptors": len(os.listdir("/proc/self/fd")),
            "rss": pages * os.sysconf("SC_PAGE_SIZE"),
        }


class Events(spa.JSONHandler):
    """What has happened under a tag."""

    def get(self, tag):
        return list(events.get(tag, ()))


routes = (
    ("/echo/", "", Echo),
    ("/echo/<tag>/", "", Echo),
    ("/small/", "", Small),
    ("/sink/", "", Sink),
    ("/listener/<tag>/", "", Listener),
    ("/only/", "", SocketOnly),
    ("/plain/", "", Plain),
    ("/sender/<tag>/", "", Sender),
    ("/ticker/<tag>/", "", Ticker),
    ("/sleeper/<tag>/", "", Sleeper),
    ("/stubborn/<tag>/", "", Stubborn),
    ("/silent/<tag>/", "", Silent),
    ("/returns/<tag>/", "", Returns),
    ("/returns-at-once/<tag>/", "", ReturnsAtOnce),
    ("/raises/<tag>/", "", Raises),
    ("/closes/<tag>/", "", Closes),
    ("/large/<tag>/", "", Large),
    ("/leaves-timeout/<tag>/", "", LeavesTimeout),
    ("/cleans-up/<tag>/", "", CleansUp),
    ("/closed-by-another/<what>/<tag>/", "", ClosedByAnother),
    ("/two-receivers/", "", TwoReceivers),
    ("/ten/", "", TenSenders),
    ("/blocked/<int:senders>/<tag>/", "", Blocked),
    ("/denied/<int:status>/<tag>/", "", Denied),
    ("/denied-inside/<int:status>/<tag>/", "", DeniedInside),
    ("/spoken/", "", Spoken),
    ("/own/<tag>/", "", Own),
    ("/chosen/", "", Chosen),
    ("/room/<tag>/", "", Room),
    ("/datetime/<tag>/", "", DateTime),
    ("/stats/", "", Stats),
    ("/events/<tag>/", "", Events),
)
app = spa.App(routes)
proxied = ProxyFix(app, x_proto=1)  # the same behind a proxy that is trusted to name the scheme


def choose(environ, start_response):
    """Hand what comes below /proxied to the app behind the trusted proxy."""
    if environ["PATH_INFO"].startswith("/proxied/"):
        return proxied({**environ, "PATH_INFO": environ["PATH_INFO"][len("/proxied") :]}, start_response)
    return app(environ, start_response)


if __name__ == "__main__":
    spa.run(choose, port=int(sys.argv[1]), shutdown_timeout=3.0)
