"""An app to stop a server under: an echo, a handler that ignores its end, a slow request, a look at the process."""

from gevent.monkey import patch_all

patch_all()

import os  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402

import spa  # noqa: E402


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


class Process(spa.Handler):
    def get(self):
        return {"pid": os.getpid(), "descriptors": len(os.listdir("/proc/self/fd")), "slow": Slow.begun}


app = spa.App((("/", "", Echo), ("/stubborn", "", Stubborn), ("/slow", "", Slow), ("/process", "", Process)))

if __name__ == "__main__":
    spa.run(app, port=int(sys.argv[1]), shutdown_timeout=float(sys.argv[2]))
