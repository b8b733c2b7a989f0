"""Every example starts, answers, stops without a traceback, and can be imported without starting a server."""

import gzip
import hashlib
import http.client
import json
import os
import re
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import websocket

from tests.processes import ROOT, free_port, running
from tests.wire import wait_for

EXAMPLES = ROOT / "examples"
TIMEOUT = 15.0  # seconds for one answer
SECRET = {"SECRET": "s" * 32}  # what an app with sessions is given, unless its file is run by itself


def request(port: int, method: str, path: str, value: Any = None) -> tuple[int, str, str]:
    """Return status, media type and text of an answer."""
    status, headers, body = exchange(port, method, path, value)
    return status, headers.get_content_type(), body.decode()


def exchange(
    port: int, method: str, path: str, value: Any = None, headers: Mapping[str, str] | None = None
) -> tuple[int, http.client.HTTPMessage, bytes]:
    """Return status, headers and body of an answer."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)) as connection:
        body = None if value is None else json.dumps(value)
        kind = {"Content-Type": "application/json"} if body else {}
        connection.request(method, path, body, {**kind, **(headers or {})})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()


@contextmanager
def connect(port: int, path: str, **options: Any) -> Iterator[websocket.WebSocket]:
    """Open a WebSocket, with the Origin of a page that comes from there, and close it at the end."""
    ws = websocket.create_connection(f"ws://127.0.0.1:{port}{path}", timeout=TIMEOUT, **options)
    try:
        yield ws
    finally:
        ws.close()
        ws.shutdown()  # after a Close from the server, close() leaves the socket open


def use_quickstart(port: int) -> None:
    assert request(port, "GET", "/") == (200, "text/plain", "hello!")
    assert request(port, "GET", "/hello/Ada/") == (200, "text/plain", "hello Ada")
    assert request(port, "POST", "/")[0] == 405
    datetime.fromisoformat(request(port, "GET", "/datetime/")[2])
    with connect(port, "/hello/Ada/") as ws:
        assert ws.recv() == "hello Ada"
        ws.send("Grace")
        assert ws.recv() == "hello Grace"
    with connect(port, "/") as ws:
        ws.send("Alan")
        assert ws.recv() == "hello Alan"
    with connect(port, "/datetime/") as ws:
        first, second = (datetime.fromisoformat(ws.recv()) for _ in range(2))
        assert first < second


def use_simple_app(port: int) -> None:
    assert request(port, "GET", "/") == (200, "text/plain", "hello world")
    assert request(port, "GET", "/hello/Ada/") == (200, "text/plain", "hello Ada")


def use_simple_api(port: int) -> None:
    assert request(port, "GET", "/api/notes/") == (200, "application/json", "[]")
    status, _, body = request(port, "POST", "/api/notes/", {"text": "buy milk"})
    note = json.loads(body)
    assert (status, note["text"]) == (201, "buy milk")
    path = f"/api/notes/{note['id']}/"
    assert json.loads(request(port, "PUT", path, {"text": "buy tea"})[2]) == {**note, "text": "buy tea"}
    assert json.loads(request(port, "GET", path)[2]) == {**note, "text": "buy tea"}
    assert request(port, "DELETE", path)[0] == 204
    assert request(port, "GET", path)[:2] == (404, "application/problem+json")


def use_simple_websocket(port: int) -> None:
    status, media_type, page = request(port, "GET", "/")
    assert (status, media_type) == (200, "text/html")
    assert "new WebSocket" in page
    with connect(port, "/") as one, connect(port, "/") as two:
        # A message sent before the other has joined the room would pass it by: let each hear itself first.
        two.send("two is here")
        assert two.recv() == "two is here"
        one.send("hello")
        assert two.recv() == "hello"


def use_event_stream(port: int) -> None:
    status, media_type, page = request(port, "GET", "/")
    assert (status, media_type) == (200, "text/html")
    assert "new EventSource" in page
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)) as connection:
        connection.request("GET", "/countdown/", headers={"Last-Event-ID": "1"})
        answer = connection.getresponse()
        assert answer.headers.get_content_type() == "text/event-stream"
        assert answer.read() == b':\n\nid: 0\ndata: {"left": 0}\n\n'
        connection.request("GET", "/countdown/", headers={"Last-Event-ID": "none"})
        with connection.getresponse() as answer:
            assert [answer.readline() for _ in range(4)] == [b":\n", b"\n", b"id: 9\n", b'data: {"left": 9}\n']


def use_simple_static(port: int) -> None:
    text = (EXAMPLES / "static" / "app.js").read_text()
    assert request(port, "GET", "/static/app.js") == (200, "text/javascript", text)
    assert request(port, "GET", "/static/none.js")[0] == 404


def use_simple_smart_static(port: int) -> None:
    data = (EXAMPLES / "static" / "app.js").read_bytes()
    digest = hashlib.md5(data).hexdigest()[:12]
    assert request(port, "GET", f"/static/app.{digest}.js") == (200, "text/javascript", data.decode())
    assert request(port, "GET", "/static/app.js")[0] == 404


def use_smart_static(port: int) -> None:
    status, media_type, page = request(port, "GET", "/")
    assert (status, media_type) == (200, "text/html")
    links = re.findall(r'<a href="([^"]+)">', page)
    assert len(links) == len(list((EXAMPLES / "static").iterdir()))
    for link in [*links, *re.findall(r'(?:src|href)="([^"]+)"', page)]:
        status, _, text = request(port, "GET", link)
        assert status == 200
        assert hashlib.md5(text.encode()).hexdigest()[:12] in link


def use_validation(port: int) -> None:
    item = {"name": "tea", "price": "4.10", "count": 2}
    status, _, body = request(port, "POST", "/orders/", {"items": [item], "placed": "2030-01-31T12:00:00Z"})
    order = {"items": [item], "shipping": "post", "placed": "2030-01-31T12:00:00Z"}
    assert (status, json.loads(body)) == (201, {"number": 1, "total": "8.20", "order": order})
    assert json.loads(request(port, "GET", "/orders/")[2]) == {"1": order}
    wrong = {"items": [{"name": "tea", "price": 4.1}, {**item, "count": 0}], "shipping": "pigeon"}
    for value, places in ((wrong, [["items", 0, "price"], ["items", 1], ["shipping"]]), ({"items": []}, [["items"]])):
        status, media_type, body = request(port, "POST", "/orders/", value)
        assert (status, media_type) == (422, "application/problem+json")
        assert [error["loc"] for error in json.loads(body)["errors"]] == places


def use_middleware(port: int) -> None:
    def ask(method: str, path: str, **headers: str) -> http.client.HTTPResponse:
        connection.request(method, path, "a line" if method == "POST" else None, headers=headers)
        return connection.getresponse()

    friend = "https://app.example"
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)) as connection:
        answer = ask("GET", "/entries", **{"Accept-Encoding": "gzip", "Origin": friend})
        assert json.loads(gzip.decompress(answer.read()))[0].startswith("welcome")
        assert answer.headers["Access-Control-Allow-Origin"] == friend
        for headers, status in (
            ({"Sec-Fetch-Site": "cross-site"}, 403),
            ({"Sec-Fetch-Site": "cross-site", "Origin": friend}, 201),
            ({}, 201),
        ):
            answer = ask("POST", "/entries", **headers)
            answer.read()
            assert answer.status == status
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)) as connection:
        answer = ask("GET", "/ticks", **{"Accept-Encoding": "gzip"})
        events, inflate = b"", zlib.decompressobj(31)
        while events.count(b"\n\n") < 2:
            events += inflate.decompress(answer.read1())
        answer.close()
    assert events.startswith(b"data: 22 entries\n\n")
    with connect(port, "/ticks") as ws:
        assert ws.recv() == "22 entries"


def use_login(port: int) -> None:
    ada, wrong = {"name": "ada", "password": "engine"}, {"name": "ada", "password": "loom"}
    assert request(port, "GET", "/me/")[0] == 401
    assert request(port, "POST", "/login/", wrong)[0] == 401
    assert request(port, "POST", "/login/", {**ada, "name": "grace"})[0] == 401
    status, headers, _ = exchange(port, "POST", "/login/", ada)
    assert status == 204
    cookie = headers["Set-Cookie"].partition(";")[0]
    token = json.loads(request(port, "POST", "/token/", ada)[2])["token"]
    for header in ({"Cookie": cookie}, {"Authorization": f"Bearer {token}"}):
        assert json.loads(exchange(port, "GET", "/me/", headers=header)[2]) == {"user": "ada"}
        with connect(port, "/me/", header=header) as ws:
            assert ws.recv() == "hello ada"
    assert exchange(port, "DELETE", "/login/", headers={"Cookie": cookie})[1]["Set-Cookie"].startswith("session=;")


def use_dashboard(port: int) -> None:
    status, headers, page = exchange(port, "GET", "/")
    assert (status, headers.get_content_type()) == (200, "text/html")
    assert headers["Content-Security-Policy"].startswith("script-src 'self' 'sha256-")
    for link in re.findall(r'(?:src|href)="([^"]+)"', page.decode()):
        status, headers, body = exchange(port, "GET", link)
        assert (status, "immutable" in headers["Cache-Control"]) == (200, True)
        assert hashlib.md5(body).hexdigest()[:12] in link

    rooms = json.loads(request(port, "GET", "/api/rooms/")[2])
    kitchen = next(room for room in rooms if room["name"] == "Kitchen")
    url = f"/api/rooms/{kitchen['id']}/"
    with connect(port, "/api/rooms/") as ws:
        names = [room["name"] for room in json.loads(ws.recv())]
        assert names == [room["name"] for room in rooms]
        settings = {"name": "Scullery", "target": 18}
        assert exchange(port, "PUT", url, settings)[0] == 428
        assert exchange(port, "PUT", url, {**settings, "target": 99}, {"If-Match": '"1"'})[0] == 422
        for target in (True, "18", None):
            assert exchange(port, "PUT", url, {**settings, "target": target}, {"If-Match": '"1"'})[0] == 422
        assert exchange(port, "PUT", url, {**settings, "name": "Hall"}, {"If-Match": '"1"'})[0] == 409
        status, headers, body = exchange(port, "PUT", url, settings, {"If-Match": '"1"'})
        assert (status, headers["ETag"]) == (200, '"2"')
        assert json.loads(body) == {"id": kitchen["id"], **settings, "version": 2}
        assert exchange(port, "PUT", url, settings, {"If-Match": '"1"'})[0] == 412
        wait_for(lambda: any(room["name"] == "Scullery" for room in json.loads(ws.recv())), "the other name")
        assert exchange(port, "GET", url, headers={"If-None-Match": '"2"'})[0] == 304
        assert exchange(port, "DELETE", url, headers={"If-Match": '"2"'})[0] == 204
        wait_for(lambda: kitchen["id"] not in [room["id"] for room in json.loads(ws.recv())], "one room less")
    assert request(port, "GET", url)[:2] == (404, "application/problem+json")
    more = [{"name": f"Room {number}", "target": 20} for number in range(8)]
    statuses = [request(port, "POST", "/api/rooms/", settings)[0] for settings in more]
    assert statuses == [201] * 7 + [409]  # 5 + 7 are the most


def use_vite(port: int) -> None:
    browser = {"Accept": "text/html,*/*;q=0.8"}
    status, headers, page = exchange(port, "GET", "/", headers=browser)
    assert (status, headers.get_content_type(), headers["Cache-Control"]) == (200, "text/html", "no-cache")
    assert exchange(port, "GET", "/about", headers=browser)[2] == page
    assert exchange(port, "GET", "/about")[0] == 404  # a fetch is not meant for the page
    links = re.findall(r'(?:src|href)="(/[^"]+\.(?:js|css))"', page.decode())
    assert len(links) == 2
    for link in links:
        status, headers, _ = exchange(port, "GET", link)
        assert (status, "immutable" in headers["Cache-Control"]) == (200, True)
    assert exchange(port, "GET", "/assets/index-AAAAaaa1.js", headers=browser)[0] == 404
    assert request(port, "GET", "/api/none/")[:2] == (404, "application/problem+json")
    assert exchange(port, "GET", "/api/none/", headers=browser)[0] == 404
    use_notes(port)


def use_notes(port: int) -> None:
    """Use the API of the Vite example, over Spa's port or Vite's."""
    before = json.loads(request(port, "GET", "/api/notes/")[2])
    with connect(port, "/api/notes/") as ws:
        assert json.loads(ws.recv()) == before
        status, media_type, problem = request(port, "POST", "/api/notes/", {"text": " "})
        assert (status, media_type) == (400, "application/problem+json")
        assert json.loads(problem)["detail"] == "A note has 1 to 200 characters."
        assert request(port, "POST", "/api/notes/", {"text": "buy tea"})[0] == 201
        assert json.loads(ws.recv()) == [*before, "buy tea"]


USES: dict[str, Callable[[int], None]] = {
    "dashboard": use_dashboard,
    "event_stream": use_event_stream,
    "login": use_login,
    "middleware": use_middleware,
    "quickstart": use_quickstart,
    "simple_api": use_simple_api,
    "simple_app": use_simple_app,
    "simple_smart_static": use_simple_smart_static,
    "simple_static": use_simple_static,
    "simple_websocket": use_simple_websocket,
    "smart_static": use_smart_static,
    "validation": use_validation,
    "vite": use_vite,
}


def place(name: str) -> tuple[Path, str]:
    """Return the directory and the module of an example: a file, or ``app.py`` in a folder."""
    return (EXAMPLES / name, "app") if (EXAMPLES / name).is_dir() else (EXAMPLES, name)


def test_every_example_has_its_use_here() -> None:
    files = [path.stem for path in EXAMPLES.glob("*.py")]
    folders = [path.parent.name for path in EXAMPLES.glob("*/app.py")]
    assert sorted(files + folders) == sorted([*USES, "deploy"])  # its own test serves that: tests/system/test_deploy.py


@pytest.mark.parametrize("name", USES)
def test_an_example_serves_and_stops_on_sigterm(name: str) -> None:
    port = free_port()
    directory, module = place(name)
    command = [sys.executable, f"{module}.py"]
    with running(command, port, {"PORT": str(port), "HOST": "127.0.0.1"}, directory) as program:
        USES[name](port)
        code, _, err = program.stop()
    assert "Traceback" not in err
    assert code == 0, err
    assert f"Spa is serving on http://localhost:{port}/" in err


def test_an_example_with_an_open_websocket_closes_it_when_it_stops() -> None:
    port = free_port()
    command = [sys.executable, "quickstart.py"]
    with running(command, port, {"PORT": str(port), "HOST": "127.0.0.1"}, EXAMPLES) as program:
        with connect(port, "/hello/Ada/") as ws:
            assert ws.recv() == "hello Ada"
            program.terminate()
            opcode, payload = ws.recv_data()
            assert (opcode, payload[:2]) == (websocket.ABNF.OPCODE_CLOSE, (1001).to_bytes(2, "big"))
        code, _, err = program.stop()
    assert "Traceback" not in err
    assert code == 0, err


@pytest.mark.parametrize("name", USES)
def test_importing_an_example_starts_no_server(name: str) -> None:
    port = free_port()
    directory, module = place(name)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", f"import {module}"],
        cwd=directory,
        env={**os.environ, **SECRET, "PORT": str(port)},
        capture_output=True,
        text=True,
        timeout=TIMEOUT * 2,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert done.stderr == (
        f"spa.run ignored while {module} is imported; run the module itself to start its server\n"
    )


@pytest.mark.parametrize("name", USES)
def test_gunicorn_serves_an_example(name: str) -> None:
    port = free_port()
    directory, module = place(name)
    command = [sys.executable, "-m", "gunicorn", "-k", "gevent", "-b", f"127.0.0.1:{port}", f"{module}:app"]
    with running(command, port, SECRET, directory) as program:
        USES[name](port)
        code, _, err = program.stop()
    assert "Traceback" not in err
    assert code == 0, err
    assert f"spa.run ignored while {module} is imported" in err
