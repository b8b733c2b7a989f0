"""Sessions over real sockets: HTTP and WebSockets, under each server, behind a proxy that is trusted."""

import json
import sys
from collections.abc import Iterator

import pytest

from spa.middleware.session import purpose_of
from spa.token import TokenSigner
from tests.forge import SECRET
from tests.processes import ROOT, free_port, running
from tests.system.conftest import WireServer
from tests.wire import CLOSE, TEXT, Response, handshake, wait_for

signer = TokenSigner(SECRET, purpose_of(), max_age=3600)
FORWARDED = [("X-Forwarded-For", "203.0.113.7"), ("X-Forwarded-Host", "app.example"), ("X-Forwarded-Proto", "https")]


@pytest.fixture(scope="module", params=["spa.run", "gunicorn", "worker"])
def server(request: pytest.FixtureRequest) -> Iterator[WireServer]:
    """Each server in turn, with the app of these tests."""
    port = free_port()
    if request.param == "spa.run":
        command = [sys.executable, "-m", "tests.system.sessionapp", str(port)]
    else:
        worker = "gevent" if request.param == "gunicorn" else "spa.server.worker.Worker"
        command = [
            *(sys.executable, "-m", "gunicorn", "-k", worker, "--workers", "1", "--graceful-timeout", "3"),
            *("--bind", f"127.0.0.1:{port}", "tests.system.sessionapp:app"),
        ]
    with running(command, port, cwd=ROOT) as program:
        yield WireServer(request.param, port, program)


def send(server, method="GET", path="/", body="", headers=()) -> Response:
    lines = [
        f"{method} {path} HTTP/1.1",
        "Host: localhost",
        "Connection: close",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *(f"{name}: {value}" for name, value in headers),
    ]
    return server.request(("\r\n".join(lines) + "\r\n\r\n" + body).encode("latin-1"))


def pair(answer: Response) -> tuple[str, str]:
    """Return the Cookie header that a browser sends after an answer."""
    return "Cookie", answer.headers["set-cookie"].partition(";")[0]


def signed(**session) -> tuple[str, str]:
    return "Cookie", f"session={signer.sign(session)}"


def test_who_logs_in_is_known_until_logging_out(server):
    entered = send(server, "PUT", body="7")
    assert entered.status == 204
    assert json.loads(send(server, headers=[pair(entered)]).body) == {"user": 7}
    left = send(server, "DELETE", headers=[pair(entered)])
    assert left.headers["set-cookie"].startswith("session=; ")
    assert "Max-Age=0" in left.headers["set-cookie"]
    assert json.loads(send(server, headers=[pair(left)]).body) == {"user": None}


def test_the_cookie_has_what_keeps_it_safe(server):
    attributes = send(server, "PUT", body="7").headers["set-cookie"].split("; ")[1:]
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(attributes)
    assert "Secure" not in attributes
    assert "Secure" in send(server, "PUT", body="7", headers=FORWARDED).headers["set-cookie"].split("; ")


def test_an_answer_that_read_the_session_varies_by_it(server):
    answer = send(server, headers=[signed(user=7)])
    assert answer.headers["vary"] == "Cookie, Authorization"
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "header",
    ["a[]=1; {}", "x=\xe9; {}; caf\xe9=1", f"big={'x' * 7000}; {{}}", "c=1; " * 200 + "{}"],
    ids=["brackets", "raw 0xE9", "7 KB", "200"],
)
def test_odd_cookies_beside_it_leave_ours_readable(server, header):
    answer = send(server, headers=[("Cookie", header.format(signed(user=7)[1]))])
    assert (answer.status, json.loads(answer.body)) == (200, {"user": 7})


def test_a_websocket_knows_who_is_logged_in(server):
    with server.connect("/", headers=[signed(user=7)]) as peer:
        assert peer.read_text() == "user 7"
        peer.text("hello")
        assert peer.read_text() == "hello"
        peer.send(CLOSE)
        assert peer.read_close().code is None


def test_a_websocket_takes_a_bearer_token(server):
    with server.connect("/", headers=[("Authorization", f"Bearer {signer.sign({'user': 9})}")]) as peer:
        assert peer.read_text() == "user 9"


@pytest.mark.parametrize("cookie", [(), [("Cookie", "session=garbage")]])
def test_a_websocket_of_a_stranger_is_refused_before_it_opens(server, cookie):
    answer = server.request(handshake("/private/", cookie))
    assert answer.status == 401
    assert ("set-cookie" in answer.headers) is bool(cookie)  # cleared


def test_what_prepare_changes_leaves_with_the_handshake(server):
    answer = server.request(handshake("/private/", [signed(user=7)]))
    assert answer.status == 101
    assert "HttpOnly" in answer.headers["set-cookie"]
    assert json.loads(send(server, path="/private/", headers=[pair(answer)]).body) == {"visits": 2}


def test_without_a_change_the_handshake_has_no_cookie(server):
    assert "set-cookie" not in server.request(handshake("/", [signed(user=7)])).headers


def test_a_change_after_the_handshake_fails_loudly(server):
    with server.connect("/late/?what=itself", headers=[signed(user=7)]) as peer:
        assert peer.read_close().code == 1011
    wait_for(lambda: "the session cannot be changed any more" in server.program.output()[1])


def test_a_change_inside_a_value_after_the_handshake_is_logged(server):
    with server.connect("/late/?what=inside", headers=[signed(user=[7])]) as peer:
        assert peer.read_close().code == 1000
    wait_for(lambda: "the session was changed after the handshake" in server.program.output()[1])


@pytest.mark.parametrize("is_websocket", [False, True])
def test_a_session_that_is_too_large_is_an_error_that_names_the_limit(server, is_websocket):
    answer = server.request(handshake("/large/")) if is_websocket else send(server, path="/large/")
    assert answer.status == 500
    assert "set-cookie" not in answer.headers
    assert b"4093" not in answer.body
    wait_for(lambda: "bytes, and browsers keep 4093" in server.program.output()[1])


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("https://app.example", 101),
        ("http://app.example", 403),
        ("https://evil.example", 403),
        ("http://localhost", 403),
        ("null", 403),
    ],
)
def test_behind_a_proxy_a_websocket_is_for_pages_of_the_forwarded_host_and_scheme(server, origin, status):
    assert server.request(handshake("/", [*FORWARDED, ("Origin", origin)])).status == status


def test_behind_a_proxy_the_cookie_of_a_handshake_is_secure(server):
    answer = server.request(handshake("/private/", [*FORWARDED, signed(user=7), ("Origin", "https://app.example")]))
    assert "Secure" in answer.headers["set-cookie"].split("; ")


def test_after_all_this_the_server_still_serves_websockets(server):
    with server.connect("/") as peer:
        peer.read_text()
        peer.send(TEXT, b"alive")
        assert peer.read_text() == "alive"
