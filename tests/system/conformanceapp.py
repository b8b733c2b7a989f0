"""An echo with limits wide enough for the conformance suite, whose messages go up to 16 MiB."""

from gevent.monkey import patch_all

patch_all()

import sys  # noqa: E402

import spa  # noqa: E402
from spa.websocket import Limits  # noqa: E402


class Echo(spa.Handler):
    websocket_limits = Limits(max_message=2**25, max_fragments=2**20)

    def websocket(self):
        for message in self.ws:
            self.ws.send(message)


app = spa.App((("/", "echo", Echo),))

if __name__ == "__main__":
    spa.run(app, port=int(sys.argv[1]))
