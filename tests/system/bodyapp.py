"""An app that reads its request in each way there is: as JSON, as a form, as bytes, its query."""

from gevent.monkey import patch_all

patch_all()

import os  # noqa: E402
import sys  # noqa: E402
from dataclasses import dataclass  # noqa: E402

import spa  # noqa: E402


@dataclass
class Note:
    text: str
    stars: int = 0


class Json(spa.JSONHandler):
    def post(self):
        return self.request.json()


class Typed(spa.JSONHandler):
    def post(self):
        return self.request.json(Note)


class Form(spa.JSONHandler):
    def post(self):
        return {"fields": len(self.request.form), "files": len(self.request.files)}


class Bytes(spa.JSONHandler):
    def post(self):
        return len(self.request.get_data())


class Query(spa.JSONHandler):
    def get(self):
        return dict(self.request.args)


class Files(spa.JSONHandler):
    def get(self):
        """Return how many deleted files this process holds open: what uploads are written to."""
        count = 0
        for descriptor in os.listdir("/proc/self/fd"):
            try:
                count += "(deleted)" in os.readlink(f"/proc/self/fd/{descriptor}")
            except OSError:
                pass  # the listing itself
        return count


app = spa.App(
    (
        ("/json/", "", Json),
        ("/typed/", "", Typed),
        ("/form/", "", Form),
        ("/bytes/", "", Bytes),
        ("/query/", "", Query),
        ("/files/", "", Files),
    )
)

if __name__ == "__main__":
    spa.run(app, port=int(sys.argv[1]))
