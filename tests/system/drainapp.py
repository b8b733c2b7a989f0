"""An app to stop a server under: an echo, handlers that ignore their end, wait or block, a look at the process."""

from gevent.monkey import get_original, patch_all

patch_all()

import os  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from pathlib import Path  # noqa: E402

import spa  # noqa: E402
from spa.server import grace  # noqa: E402

grace.GRACE = float(os.environ.get("GRACE", grace.GRACE))  # longer for a test that may be slow


class Echo(spa.Handler):
    def websocket(self):
        for message in self.ws:
            self.ws.send(message)


class Stubborn(spa.Handler):
    def websocket(self):
        self.ws.accept()
        while True:
            try:
                time.sleep(0.1)
                self.ws.send("still here")
            except Exception:  # that is what it is for
                continue


class Slow(spa.Handler):
    begun = 0

    def get(self):
        Slow.begun += 1
        time.sleep(2)
        return "done"


class Block(spa.Handler):
    def get(self):
        directory = Path(os.environ["BLOCK"])
        (directory / "begun").touch()
        while not (directory / "over").exists():
            get_original("time", "sleep")(0.01)  # the loop gets no turn
        return "done"


class Upload(spa.Handler):
    begun = 0

    def post(self):
        Upload.begun += 1
        return str(len(self.request.get_data()))


class Process(spa.Handler):
    def get(self):
        counts = {"slow": Slow.begun, "uploads": Upload.begun}
        return {"pid": os.getpid(), "descriptors": len(os.listdir("/proc/self/fd")), **counts}


routes = (
    ("/", "", Echo),
    ("/stubborn", "", Stubborn),
    ("/slow", "", Slow),
    ("/block", "", Block),
    ("/upload", "", Upload),
    ("/process", "", Process),
)
app = spa.App(routes)

if __name__ == "__main__":
    spa.run(app, port=int(sys.argv[1]), shutdown_timeout=float(sys.argv[2]))
