"""Write the files of a test, and serve them."""

from pathlib import Path

from werkzeug.test import Client

import spa

STATIC = "/static/<path:filepath>"


def write(root, files):
    """Write files, given as text or bytes by path."""
    for path, content in files.items():
        file = Path(root, path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


def mounted(static, pattern=STATIC, **options):
    """Return an app with a route to the files, and a client."""
    app = spa.App(((pattern, "static", static),), **options)
    return app, Client(app)
