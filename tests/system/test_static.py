"""Ask for static files over raw sockets, under both servers."""

import gzip
import hashlib
import os
import socket
import sys
import time

import pytest

from tests import wire
from tests.processes import ROOT, SERVERS, free_port, running, serving

LARGE = 20_000_000


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A directory of odd files, with secrets beside it."""
    top = tmp_path_factory.mktemp("static")
    directory = top / "root"
    (directory / "sub").mkdir(parents=True)
    (directory / ".git").mkdir()
    (directory / ".well-known").mkdir()
    (top / "root-secret").mkdir()
    for path, text in {
        "secret.txt": "SECRET",
        "root-secret/a.txt": "SECRET",
        "root/.env": "SECRET",
        "root/.git/config": "SECRET",
        "root/.well-known/security.txt": "known",
        "root/a.txt": "0123456789",
        "root/sub/b c+d%.txt": "odd",
        "root/app.css": ".x{background:url(a.txt)}",
    }.items():
        (top / path).write_text(text)
    (directory / "link").symlink_to(top / "secret.txt")
    (directory / "zero").symlink_to("/dev/zero")
    (directory / "loop").symlink_to("loop")
    os.mkfifo(directory / "fifo")
    return directory


@pytest.fixture(scope="module", params=SERVERS)
def port(request, root):
    number = free_port()
    with running(serving(request.param, "staticapp", number), number, env={"STATIC_ROOT": str(root)}, cwd=ROOT):
        yield number


def get(port, path, *headers, method="GET"):
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", "Connection: close", *headers]
    return wire.request(port, ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))


@pytest.mark.parametrize("under", ["/plain/", "/smart/", "/front/"])
@pytest.mark.parametrize(
    "path",
    [
        *("../secret.txt", "%2e%2e/secret.txt", "..%2fsecret.txt", "%2e%2e%2fsecret.txt", "%252e%252e/secret.txt"),
        *("....//secret.txt", "..\\secret.txt", "..%5csecret.txt", "%c0%ae%c0%ae/secret.txt", "%uff0e/secret.txt"),
        *("%ef%bc%8e%ef%bc%8e/secret.txt", "C:/secret.txt", "//127.0.0.1/secret.txt", "file:///etc/passwd", "a.txt%00"),
        *("../root-secret/a.txt", "link", "zero", "loop", "fifo", "sub", "sub/", ".env", "%2eenv", ".git/config"),
        *("a.txt/", "a.txt/x", "./a.txt", "a.txt.", "a.txt%20", "A.TXT", "CON", "NUL.txt", "aux.js", "a.txt::$DATA"),
        *("x" * 300, "sub/" * 1500 + "b", "/etc/passwd", "%2fetc%2fpasswd"),
    ],
)
def test_nothing_but_the_one_url_of_a_file_gives_a_byte(port, under, path):
    started = time.monotonic()
    answer = get(port, under + path)
    assert time.monotonic() - started < 1
    assert 300 <= answer.status < 500
    assert b"SECRET" not in answer.body
    assert b"root:" not in answer.body


def test_well_known_and_odd_names_are_served(port):
    assert get(port, "/plain/.well-known/security.txt").body == b"known"
    assert get(port, "/plain/sub/b%20c+d%25.txt").body == b"odd"
    url = get(port, "/url/sub/b%20c+d%25.txt").body.decode()
    assert get(port, url).body == b"odd"


@pytest.mark.parametrize("under", ["plain", "smart", "front"])
@pytest.mark.parametrize(
    ("headers", "method", "status", "body"),
    [
        ([], "GET", 200, b"0123456789"),
        ([], "HEAD", 200, b""),
        (["Range: bytes=0-0"], "GET", 206, b"0"),
        (["Range: bytes=100-"], "GET", 416, b""),
        (["If-None-Match: *"], "GET", 304, b""),
        ([], "POST", 405, None),
        ([], "BREW", 405, None),
        ([], "OPTIONS", 204, b""),
    ],
)
def test_http_is_right_for_both_handlers(port, under, headers, method, status, body):
    path = get(port, "/url/a.txt").body.decode() if under == "smart" else f"/{under}/a.txt"
    with wire.Wire(port) as connection:
        lines = [f"{method} {path} HTTP/1.1", "Host: localhost", "Connection: close", *headers]
        connection.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        answer = connection.read_head()
        rest = connection.read_rest()
    assert answer.status == status
    if body is not None:
        assert rest == body
    if status in (405, 204):
        assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
    if method == "HEAD":
        assert answer.headers["content-length"] == "10"


def test_a_hashed_url_is_immutable_and_a_wrong_hash_is_not_kept(port):
    url = get(port, "/url/app.css").body.decode()
    answer = get(port, url)
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert hashlib.md5(answer.body).hexdigest()[:12] == url.split(".")[-2]
    wrong = get(port, "/smart/app.000000000000.css")
    assert (wrong.status, wrong.headers["cache-control"]) == (404, "no-store")


@pytest.mark.parametrize("path", ["/plain/a.txt", "/smart/a.css", "/front/a.txt", "/front/notes", "/page/"])
def test_what_is_no_websocket_says_so(port, path):
    assert wire.request(port, wire.handshake(path, [("Accept", "text/html")])).status == 400


@pytest.mark.parametrize("size", [5_000, 2_000_000])
def test_a_sibling_that_comes_before_its_file_gives_no_new_bytes_under_the_old_hash(port, root, size):
    old, new = (word * (size // len(word)) for word in (b"old;\n", b"new;\n"))
    file, packed = root / f"deployed{size}.js", root / f"deployed{size}.js.gz"

    def ask(url, accept):
        answer = get(port, url, f"Accept-Encoding: {accept}")
        is_packed = answer.headers.get("content-encoding") == "gzip"
        return answer, gzip.decompress(answer.body) if is_packed else answer.body

    for content, other in ((old, new), (new, old)):
        file.write_bytes(content)
        packed.write_bytes(gzip.compress(content))
        url = get(port, f"/url/{file.name}").body.decode().replace(md5(other), md5(content))
        wire.wait_for(lambda url=url: get(port, url, "Accept-Encoding: gzip").body == packed.read_bytes())
        packed.write_bytes(gzip.compress(other))
        for accept in ("gzip", "gzip, deflate", "gzip, x"):
            for _ in range(5):
                answer, body = ask(url, accept)
                assert (answer.status, body) == (200, content)
                assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize("under", ["/plain/", "/smart/", "/front/"])
@pytest.mark.parametrize(("accept", "coding"), [("gzip", "gzip"), ("gzip;q=0", None), ("identity, gzip;q=0.1", None)])
def test_a_sibling_of_a_tiny_file_is_sent_by_q_value_and_every_form_says_that_it_varies(
    port, root, under, accept, coding
):
    content = b".x{color:red}"
    (root / "tiny.css").write_bytes(content)
    (root / "tiny.css.gz").write_bytes(gzip.compress(content))
    url = get(port, "/url/tiny.css").body.decode() if under == "/smart/" else f"{under}tiny.css"
    answer = get(port, url, f"Accept-Encoding: {accept}")
    assert answer.status == 200
    assert answer.headers["vary"] == "Accept-Encoding"
    assert answer.headers.get("content-encoding") == coding
    assert (gzip.decompress(answer.body) if coding else answer.body) == content


def md5(data):
    return hashlib.md5(data).hexdigest()[:12]


def read_slowly(port, root, name, change, under="/plain/"):
    """Start to read a large file, change it on disk, and read the rest; return all that came."""
    path = root / name
    path.write_bytes(b"a" * LARGE)
    url = get(port, f"/url/{name}").body.decode() if under == "/smart/" else under + name
    with wire.Wire(port, receive_buffer=65536) as connection:
        connection.write(f"GET {url} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        head = connection.read_head()
        assert head.headers["content-length"] == str(LARGE)
        change(path)
        received = len(head.body)
        body = bytearray()
        connection.sock.settimeout(wire.PATIENCE)
        try:
            while received + len(body) < LARGE:
                data = connection.sock.recv(2**20)
                if not data:
                    break
                body += data
        except ConnectionResetError:
            pass
    return head.body + bytes(body)


def test_a_file_that_is_replaced_while_it_is_sent_comes_whole(port, root):
    def replace(path):
        new = path.with_name("replacement")
        new.write_bytes(b"b" * LARGE)
        new.replace(path)

    assert read_slowly(port, root, "replaced.bin", replace) == b"a" * LARGE


def test_a_file_that_is_cut_while_it_is_sent_ends_the_connection(port, root):
    received = read_slowly(port, root, "cut.bin", lambda path: os.truncate(path, 1000))
    assert len(received) < LARGE
    assert set(received) == {ord("a")}


@pytest.mark.parametrize("under", ["/plain/", "/smart/", "/front/"])
def test_no_new_byte_of_a_file_that_is_written_in_place_is_sent_under_the_old_etag(port, root, under):
    def write_over(path):
        with path.open("r+b") as file:
            file.write(b"b" * LARGE)

    received = read_slowly(port, root, f"written{under[1:-1]}.bin", write_over, under)
    assert len(received) < LARGE
    assert set(received) == {ord("a")}


def test_a_log_is_sent_as_far_as_it_went_when_it_was_asked_for(port, root):
    def go_on(path):
        with path.open("ab") as log:
            log.write(b"b" * 1000)

    assert read_slowly(port, root, "grown.log", go_on) == b"a" * LARGE


def test_a_client_that_leaves_in_the_middle_leaves_no_descriptor(port, root):
    (root / "left.bin").write_bytes(b"a" * LARGE)
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", port)) as sock:
            sock.sendall(b"GET /plain/left.bin HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert sock.recv(100)
    assert get(port, "/plain/a.txt").status == 200


def test_workers_that_are_forked_after_everything_was_read_go_on_to_read(tmp_path):
    (tmp_path / "a.txt").write_text("0123456789")
    port = free_port()
    command = [sys.executable, "-W", "error", "-m", "gunicorn", "-k", "gevent", "--preload", "-w", "2"]
    command += ["-b", f"127.0.0.1:{port}", "tests.system.staticapp:app"]
    with running(command, port, env={"STATIC_ROOT": str(tmp_path), "STATIC_AHEAD": "1"}, cwd=ROOT) as server:
        later = os.urandom(2_000_000)
        (tmp_path / "later.bin").write_bytes(later)
        for _ in range(6):
            url = get(port, "/url/a.txt").body.decode()
            assert url == f"/smart/a.{hashlib.md5(b'0123456789').hexdigest()[:12]}.txt"
            assert get(port, url).body == b"0123456789"
            assert get(port, get(port, "/url/later.bin").body.decode()).body == later
        outcome = server.stop()
    assert "Traceback" not in outcome.stderr
