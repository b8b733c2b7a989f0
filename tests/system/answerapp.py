"""An app whose answers are not what their heads say; run it with a port, or under gunicorn."""

import sys

from gevent.monkey import patch_all

patch_all()

import spa  # noqa: E402  # behind the patching
from spa.server.development import Server  # noqa: E402


def plain(environ, start_response):
    """Answer any method with a body."""
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2")])
    return [b"hi"]


def old(environ, start_response):
    """Answer any method with a body, in the way that PEP 3333 keeps for old programs."""
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2")])(b"hi")
    return []


def short(environ, start_response):
    """Answer with less than was said."""
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "10")])
    return [b"abc"]


class Answer(spa.Handler):
    """Answer in the way that the path names."""

    def get(self, kind):
        """Return it."""
        if kind == "fine":
            return "fine"
        if kind == "whole":
            return "abcdefghij", 200, {"Content-Length": "3"}
        if kind == "little":
            return "abc", 200, {"Content-Length": "10"}
        return spa.Response(self.pieces(kind), headers={} if "none" in kind else {"Content-Length": "6"})

    def pieces(self, kind):
        """Make pieces that do not fit."""
        if kind == "none-first":
            yield None
        yield "abc"
        if kind == "none-later":
            yield None
        if kind == "long":
            yield "defg"


class Note(spa.Handler):
    """Fail, or be a WebSocket."""

    def get(self):
        """Fail."""
        raise RuntimeError

    def websocket(self):
        """Say one thing."""
        self.ws.send("hi")


app = spa.App(
    (
        spa.mount("/outer", spa.App((spa.mount("/inner", spa.App((("/", "", Note),))),))),
        spa.mount("/plain", plain),
        spa.mount("/old", old),
        spa.mount("/short", short),
        ("/function/", "", lambda *arguments: plain),
        ("/<kind>/", "", Answer),
    )
)

if __name__ == "__main__":
    Server(("127.0.0.1", int(sys.argv[1])), app).serve_forever()
