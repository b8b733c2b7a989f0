"""The app that the tests of sessions talk to: behind a proxy that is trusted, over HTTP and WebSockets."""

from gevent.monkey import patch_all

patch_all()

import sys  # noqa: E402

from werkzeug.exceptions import Unauthorized  # noqa: E402
from werkzeug.middleware.proxy_fix import ProxyFix  # noqa: E402

import spa  # noqa: E402
from spa.middleware import SessionMiddleware  # noqa: E402
from tests.forge import SECRET  # noqa: E402


class User(spa.Handler):
    def get(self):
        return {"user": self.request.session.get("user")}

    def put(self):
        self.request.session["user"] = self.request.json()

    def delete(self):
        self.request.session.clear()

    def websocket(self):
        self.ws.send(f"user {self.request.session.get('user')}")
        for message in self.ws:
            self.ws.send(message)


class Private(spa.Handler):
    """For who is logged in; counts the visits, over HTTP and WebSockets alike."""

    def prepare(self):
        session = self.request.session
        if "user" not in session:
            raise Unauthorized("Log in first.")
        session["visits"] = session.get("visits", 0) + 1

    def get(self):
        return {"visits": self.request.session["visits"]}

    def websocket(self):
        self.ws.send(f"visits {self.request.session['visits']}")


class Late(spa.Handler):
    """Changes the session when it is too late: itself, or a value inside."""

    def websocket(self):
        self.ws.accept()
        if self.request.args["what"] == "itself":
            self.request.session["user"] = 8
        else:
            self.request.session["user"].append(8)


class Large(spa.Handler):
    def prepare(self):
        self.request.session["text"] = "x" * 5000

    def get(self):
        return "not reached by a cookie"

    def websocket(self):
        self.ws.send("not reached")


routes = (
    ("/", "", User),
    ("/private/", "", Private),
    ("/late/", "", Late),
    ("/large/", "", Large),
)
app = ProxyFix(SessionMiddleware(spa.App(routes), SECRET), x_for=1, x_proto=1, x_host=1)

if __name__ == "__main__":
    spa.run(app, port=int(sys.argv[1]), shutdown_timeout=3.0)
