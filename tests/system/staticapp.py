"""An app of static files: as they are under /plain/, hashed under /smart/, the directory given by STATIC_ROOT."""

from gevent.monkey import patch_all

patch_all()

import os  # noqa: E402
import sys  # noqa: E402

import spa  # noqa: E402
from spa.static.handler import StaticHandler  # noqa: E402
from spa.static.smart import SmartStatic  # noqa: E402

root = os.environ["STATIC_ROOT"]
static = SmartStatic(root)


class Url(spa.Handler):
    def get(self, path):
        return static.url(path)


app = spa.App(
    (
        ("/plain/<path:filepath>", "", StaticHandler, {"directory": root}),
        ("/smart/<path:filepath>", "", static),
        ("/url/<path:path>", "", Url),
    )
)

if __name__ == "__main__":
    spa.run(app, port=int(sys.argv[1]))
