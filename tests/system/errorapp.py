"""An app whose handlers fail at every moment they can; run it with a port, or under gunicorn."""

import sys
from asyncio import CancelledError

from gevent.monkey import patch_all

patch_all()

import spa  # noqa: E402  # behind the patching
from spa.middleware import CompressionMiddleware  # noqa: E402
from spa.server.development import Server  # noqa: E402


class Failing(spa.Handler):
    """Fail at the moment that the path names."""

    def get(self, moment):
        """Fail."""
        if moment == "before":
            raise RuntimeError("a secret")
        if moment == "exit":
            raise SystemExit
        if moment == "cancelled":
            raise CancelledError("a secret")
        return self.pieces(moment)

    def pieces(self, moment):
        """Send two pieces and fail at one of them."""
        if moment == "first":
            raise RuntimeError("a secret")
        yield "one\n"
        if moment == "later":
            raise RuntimeError("a secret")
        yield "two\n"


def short(environ, start_response):
    """Promise more bytes than there are, as a plain WSGI app."""
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "4000")])
    yield b"one" * 1000


app = spa.App((("/<moment>/", "", Failing), spa.mount("/short", CompressionMiddleware(short))))

if __name__ == "__main__":
    Server(("127.0.0.1", int(sys.argv[1])), app).serve_forever()
