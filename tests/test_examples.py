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
from typing import Any

import pytest
import websocket

from tests.processes import ROOT, free_port, running

EXAMPLES = ROOT / "examples"
TIMEOUT = 15.0  # seconds for one answer


def request(port: int, method: str, path: str, value: Any = None) -> tuple[int, str, str]:
    """Return status, media type and body of an answer."""
    status, headers, body = exchange(port, method, path, value)
    return status, headers.get_content_type(), body


def exchange(
    port: int, method: str, path: str, value: Any = None, headers: Mapping[str, str] | None = None
) -> tuple[int, http.client.HTTPMessage, str]:
    """Return status, headers and body of an answer."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)) as connection:
        body = None if value is None else json.dumps(value)
        kind = {"Content-Type": "application/json"} if body else {}
        connection.request(method, path, body, {**kind, **(headers or {})})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()


@contextmanager
def connect(port: int, path: str, **options: Any) -> Iterator[websocket.WebSocket]:
    """Open a WebSocket, and close it at the end."""
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


USES: dict[str, Callable[[int], None]] = {
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
}


def test_every_example_has_its_use_here() -> None:
    assert sorted(path.stem for path in EXAMPLES.glob("*.py")) == sorted(USES)


@pytest.mark.parametrize("name", USES)
def test_an_example_serves_and_stops_on_sigterm(name: str) -> None:
    port = free_port()
    with running([sys.executable, f"{name}.py"], port, {"PORT": str(port), "HOST": "127.0.0.1"}, EXAMPLES) as program:
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
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", f"import {name}"],
        cwd=EXAMPLES,
        env={**os.environ, "PORT": str(port)},
        capture_output=True,
        text=True,
        timeout=TIMEOUT * 2,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert done.stderr == (
        f"spa.run ignored while {name} is imported; run the module itself to start its server\n"
    )


@pytest.mark.parametrize("name", USES)
def test_gunicorn_serves_an_example(name: str) -> None:
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "-k", "gevent", "-b", f"127.0.0.1:{port}", f"{name}:app"]
    with running(command, port, cwd=EXAMPLES) as program:
        USES[name](port)
        code, _, err = program.stop()
    assert "Traceback" not in err
    assert code == 0, err
    assert f"spa.run ignored while {name} is imported" in err
