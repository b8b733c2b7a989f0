"""Time one request through each framework, in process: no socket, no server, the same small answer."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import bottle
import falcon
import flask
from measure import interleave, parse_arguments, show, verdict
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

import spa

ROUTES = 20  # a small app; the one asked for is in the middle


def bare() -> Any:
    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", "9")])
        return [b"hello bob"]

    return app


def spa_app() -> Any:
    class Hello(spa.Handler):
        def get(self, name: str = "bob") -> spa.Response:
            return spa.Response(f"hello {name}")

    others = [(f"/other{number}/<name>/", "", Hello) for number in range(ROUTES)]
    return spa.App((*others, ("/hello/<name>/", "hello", Hello), ("/hello/", "fixed", Hello)))


def werkzeug_app() -> Any:
    rules = [Rule(f"/other{number}/<name>/", endpoint="other") for number in range(ROUTES)]
    urls = Map([*rules, Rule("/hello/<name>/", endpoint="hello"), Rule("/hello/", endpoint="hello")])

    def app(environ: dict[str, Any], start_response: Any) -> Any:
        request = Request(environ)
        _, values = urls.bind_to_environ(environ).match()
        assert request.method == "GET"
        return Response(f"hello {values.get('name', 'bob')}")(environ, start_response)

    return app


def falcon_app() -> Any:
    class Hello:
        def on_get(self, request: Any, response: Any, name: str = "bob") -> None:
            response.content_type = falcon.MEDIA_TEXT
            response.text = f"hello {name}"

    app = falcon.App()
    for number in range(ROUTES):
        app.add_route(f"/other{number}/{{name}}/", Hello())
    app.add_route("/hello/{name}/", Hello())
    app.add_route("/hello/", Hello())
    return app


def bottle_app() -> Any:
    app = bottle.Bottle()

    def hello(name: str = "bob") -> str:
        return f"hello {name}"

    for number in range(ROUTES):
        app.route(f"/other{number}/<name>/", callback=hello)
    app.route("/hello/<name>/", callback=hello)
    app.route("/hello/", callback=hello)
    return app


def flask_app() -> Any:
    app = flask.Flask("benchmark")

    def hello(name: str = "bob") -> str:
        return f"hello {name}"

    for number in range(ROUTES):
        app.add_url_rule(f"/other{number}/<name>/", f"other{number}", hello)
    app.add_url_rule("/hello/<name>/", "hello", hello)
    app.add_url_rule("/hello/", "fixed", hello)
    return app


APPS = {
    "bare callable": bare,
    "Spa": spa_app,
    "Falcon": falcon_app,
    "Bottle": bottle_app,
    "Werkzeug": werkzeug_app,
    "Flask": flask_app,
}


def make_environ(path: str) -> dict[str, Any]:
    """Return the environ of a browser's request as gunicorn makes it."""
    return {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "RAW_URI": path,
        "QUERY_STRING": "",
        "SCRIPT_NAME": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "127.0.0.1:8000",
        "HTTP_ACCEPT": "text/html,application/xhtml+xml,*/*;q=0.8",
        "HTTP_ACCEPT_ENCODING": "gzip, deflate, br",
        "HTTP_USER_AGENT": "Mozilla/5.0",
        "wsgi.url_scheme": "http",
        "wsgi.version": (1, 0),
        "wsgi.input": BytesIO(),
        "wsgi.errors": BytesIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }


def caller(app: Any, environ: dict[str, Any], body: bytes) -> Callable[[int], None]:
    """Return a function that calls the app n times; the answer is checked once here."""
    statuses: list[str] = []

    def start_response(status: str, headers: Any, exc_info: Any = None) -> Callable[[bytes], None]:
        statuses.append(status)
        return lambda data: None

    def call(times: int) -> None:
        for _ in range(times):
            result = app(dict(environ), start_response)
            b"".join(result)
            close = getattr(result, "close", None)
            if close is not None:
                close()
        statuses.clear()

    assert b"".join(app(dict(environ), start_response)) == body
    assert statuses[0].startswith("200")
    return call


def main() -> None:
    arguments = parse_arguments(__doc__ or "")
    rounds, calls = (2, 50) if arguments.smoke else (41, 1000)
    for title, path, body in (
        ("a path with a variable", "/hello/alice/", b"hello alice"),
        ("a fixed path", "/hello/", b"hello bob"),
    ):
        contenders = {
            name: caller(make(), make_environ(path), b"hello bob" if name == "bare callable" else body)
            for name, make in APPS.items()
        }
        medians = interleave(contenders, rounds, calls)
        show(f"One GET of {title}, in process", medians, "us", 1e6)
        verdict("Spa takes under half of plain Werkzeug's time", medians["Spa"] / medians["Werkzeug"], 0.5, False)


if __name__ == "__main__":
    main()
