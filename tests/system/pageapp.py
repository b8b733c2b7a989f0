"""Serve pages with a graph of modules, and write down each request; a program for the test with a browser."""

from gevent.monkey import patch_all

patch_all()

import sys  # noqa: E402

import spa  # noqa: E402
from spa.homepage import HomePage  # noqa: E402
from spa.static.smart import SmartStatic  # noqa: E402

NAMES = {"bare": "lib/bare.js", "folder/": "lib/folder/"}
SCRIPTS = {"near.js": "import 'far';", "far.js": "document.querySelector('#ran').append('far ran');"}


def make_routes(static: SmartStatic, modules: list[str]) -> tuple[tuple, ...]:
    """Return the routes of one page for each policy."""
    options = {
        "title": "Modules & more",
        "modules": modules,
        "scripts": ["js/classic.js"],
        "stylesheets": ["css/app.css"],
        "preload": ["js/dynamic.js", "fonts/f.woff2"],
        "importmap": NAMES,
        "body": '<ul id="ran"></ul>',
    }
    return (
        ("/plain/", "", HomePage("/static/", static, **options)),
        ("/hash/", "", HomePage("/static/", static, **options, csp="hash")),
        ("/nonce/", "", HomePage("/static/", static, **options, csp="nonce")),
        ("/static/<path:filepath>", "", static),
    )


class Script(spa.Handler):
    """A module of the page's own origin, and one that it imports by a bare name from another."""

    def get(self, name):
        headers = {"Access-Control-Allow-Origin": "*"}
        return spa.Response(SCRIPTS[name], headers=headers, content_type="text/javascript")


def make_far_routes(port: int) -> tuple[tuple, ...]:
    """Return the routes of a page whose import map names another origin: this program by its other name."""
    options = {
        "modules": ["near.js"],
        "importmap": {"far": f"http://localhost:{port}/scripts/far.js"},
        "body": '<p id="ran"></p>',
    }
    return (
        ("/far/hash/", "", HomePage("/scripts/", **options, csp="hash")),
        ("/far/nonce/", "", HomePage("/scripts/", **options, csp="nonce")),
        ("/scripts/<name>", "", Script),
    )


def make_app(port: int, directory: str) -> spa.App:
    """Return an app with these pages at its root, and below a path that needs to be quoted."""
    static = SmartStatic(directory)
    below = spa.App(make_routes(static, ["js/app.js"]))
    routes = make_routes(static, ["js/app.js", "js/also.js"])
    return spa.App((spa.mount("/be low", below), *routes, *make_far_routes(port)))


def log_requests(app: spa.App):
    """Write the status and the path of each answer, a line each."""

    def wsgi_app(environ, start_response):
        def start(status, headers, exc_info=None):
            path = environ["SCRIPT_NAME"] + environ["PATH_INFO"]
            sys.stdout.write(f"{status[:3]} {path.encode('latin-1').decode()}\n")
            sys.stdout.flush()
            return start_response(status, headers, exc_info)

        return app(environ, start)

    return wsgi_app


if __name__ == "__main__":
    own_port = int(sys.argv[1])
    spa.run(log_requests(make_app(own_port, sys.argv[2])), "127.0.0.1", own_port)
