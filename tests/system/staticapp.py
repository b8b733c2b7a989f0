"""An app of one directory, STATIC_ROOT: plain under /plain/, hashed under /smart/, as a front end under /front/."""

from gevent.monkey import patch_all

patch_all()

import os  # noqa: E402
import sys  # noqa: E402

import spa  # noqa: E402
from spa.static.handler import StaticHandler  # noqa: E402
from spa.static.singlepage import SinglePage  # noqa: E402
from spa.static.smart import SmartStatic  # noqa: E402

root = os.environ["STATIC_ROOT"]
static = SmartStatic(root)
if os.environ.get("STATIC_AHEAD"):
    static.manifest("/smart/")


class Url(spa.Handler):
    def get(self, path):
        return static.url(path)


app = spa.App(
    (
        ("/plain/<path:filepath>", "", StaticHandler, {"directory": root}),
        ("/smart/<path:filepath>", "", static),
        ("/front/<path:filepath>", "", SinglePage(root, index="a.txt")),
        ("/page/", "", spa.HomePage("/smart/", static)),
        ("/url/<path:path>", "", Url),
    )
)

if __name__ == "__main__":
    spa.run(app, port=int(sys.argv[1]))
