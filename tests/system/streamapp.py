"""An app of streams: each waits for a word from another request, and notes what becomes of it."""

from gevent.monkey import patch_all

patch_all()

import os  # noqa: E402
import queue  # noqa: E402
import sys  # noqa: E402
import threading  # noqa: E402
import time  # noqa: E402
from collections import defaultdict  # noqa: E402

import spa  # noqa: E402

noted = defaultdict(list)
words = defaultdict(queue.Queue)


class Say(spa.Handler):
    """Put a word into the queue of a tag."""

    def get(self, tag, word):
        words[tag].put(word)


class Noted(spa.Handler):
    """What the streams of a tag have noted."""

    def get(self, tag):
        return noted[tag]


def wait(kind, tag):
    """Wait for a word, which may not come, in one of the ways there are to wait."""
    noted[tag].append("waiting")
    if kind == "sleep":
        time.sleep(1000)
    elif kind == "event":
        threading.Event().wait()
    return words[tag].get()


class Descriptors(spa.JSONHandler):
    """How many descriptors the process has open."""

    def get(self):
        return len(os.listdir("/proc/self/fd"))


class Plain(spa.Handler):
    """A plain generator: one piece, and another for a word."""

    def get(self, tag):
        try:
            yield "one\n"
            word = wait("queue", tag)
            if word == "raise":
                raise ValueError(f"secret of {tag}")
            yield f"{word}\n"
        finally:
            noted[tag].append("closed")


class Events(spa.Handler):
    """Events: one, and another for each word."""

    def get(self, kind, tag):
        return spa.EventStream(self.events(kind, tag), keepalive=0.2 if kind == "quiet" else 15.0)

    def events(self, kind, tag):
        try:
            yield {"last": self.request.last_event_id}
            if kind == "large":
                yield "x" * 2**24
            while (word := wait(kind, tag)) != "end":
                if word == "raise":
                    raise ValueError(f"secret of {tag}")
                yield spa.Event(word, id=word)
        finally:
            noted[tag].append("closed")


app = spa.App(
    (
        ("/say/<tag>/<word>", "", Say),
        ("/noted/<tag>", "", Noted),
        ("/descriptors", "", Descriptors),
        ("/plain/<tag>", "", Plain),
        ("/events/<kind>/<tag>", "", Events),
    )
)

if __name__ == "__main__":
    if sys.argv[2] == "spa.run":
        spa.run(app, port=int(sys.argv[1]))
    else:
        from geventwebsocket.server import WebSocketServer

        WebSocketServer(("127.0.0.1", int(sys.argv[1])), app).serve_forever()
