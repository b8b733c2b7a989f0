"""An app in all of Spa's wrappers but sessions: what they do to answers, streams and WebSockets shows on the wire."""

from gevent.monkey import patch_all

patch_all()

import sys  # noqa: E402
from itertools import count  # noqa: E402

import gevent  # noqa: E402

import spa  # noqa: E402
from spa.middleware import CompressionMiddleware, CORSMiddleware, CSRFMiddleware  # noqa: E402

FRIEND = "https://friend.example"
LINE = "the quick brown fox jumps over the lazy dog; "
closed = []


class Page(spa.Handler):
    """A resource in every form there is."""

    def get(self):
        return spa.Response(LINE * 100).etag("abc")

    def post(self):
        return self.request.get_data()

    def websocket(self):
        for message in self.ws:
            self.ws.send(message)


class Chunks(spa.Handler):
    def get(self):
        return spa.Response((f"{number} {LINE}\n" for number in range(3)), mimetype="text/plain")


class Events:
    """Events without end, 50 to the second, which note when they are closed."""

    def __init__(self):
        self._numbers = count()

    def __iter__(self):
        return self

    def __next__(self):
        number = next(self._numbers)
        if number:
            gevent.sleep(0.02)
        return f"data: {number}\n\n".encode()

    def close(self):
        closed.append("events")


class Stream(spa.Handler):
    def get(self):
        return spa.Response(Events(), mimetype="text/event-stream")


class Closed(spa.Handler):
    def get(self):
        return closed


class Large(spa.Handler):
    def get(self):
        return LINE * 200_000


class Bug(spa.Handler):
    def get(self):
        raise KeyError("secret")


class Denied(spa.Handler):
    """Refuse in the method itself, before it opens the WebSocket."""

    def websocket(self):
        raise spa.SetupError("secret")


routes = (
    ("/", "", Page),
    ("/chunks", "", Chunks),
    ("/events", "", Stream),
    ("/closed", "", Closed),
    ("/large", "", Large),
    ("/bug", "", Bug),
    ("/denied", "", Denied),
)
app = CompressionMiddleware(
    CORSMiddleware(CSRFMiddleware(spa.App(routes), trusted_origins=[FRIEND], exempt=["/hook"]), origins=[FRIEND])
)

if __name__ == "__main__":
    port = int(sys.argv[1])
    if sys.argv[2:] == ["geventwebsocket"]:
        from geventwebsocket.server import WebSocketServer

        WebSocketServer(("127.0.0.1", port), app).serve_forever()
    else:
        spa.run(app, port=port)
