"""The recipes of examples/deploy do what they say: nginx and gunicorn for real, the others as far as there is a way."""

import configparser
import gzip
import http.client
import json
import os
import re
import runpy
import shlex
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from spa.request import Request
from spa.static.mimetypes import type_of
from spa.websocket.limits import Limits
from tests import wire
from tests.processes import ROOT, Program, children, free_port, running
from tests.system.nginx import CONF, HOST, NGINX, Nginx

DEPLOY = ROOT / "examples" / "deploy"
BIN = Path(sys.executable).parent
GUNICORN = DEPLOY / "gunicorn.conf.py"
needs_nginx = pytest.mark.skipif(NGINX is None, reason="no nginx; apt-get install nginx")
needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze")


@contextmanager
def gunicorn(port, home, env=None):
    """Run the app of these tests with the example configuration, in one worker; yield the program."""
    words = [sys.executable, "-m", "gunicorn", "--config", GUNICORN, "--bind", f"127.0.0.1:{port}"]
    places = {"HOME": str(home), "XDG_RUNTIME_DIR": str(home), "WEB_CONCURRENCY": "1"}
    with running([*words, "tests.system.deployapp:app"], port, {**places, **(env or {})}, ROOT) as program:
        yield program


def ask(port, path="/", method="GET", body=None, headers=None, context=None):
    """Ask nginx for a path of the public host; return the answer, whose body is in ``data``."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=wire.PATIENCE)) as connection:
        if context is not None:
            connection.sock = connect_securely(port, context)
        connection.request(method, path, body, {"Host": HOST, **(headers or {})})
        answer = connection.getresponse()
        answer.data = answer.read()
        return answer


def connect_securely(port, context, name=HOST):
    """Return a connection over TLS to whom the client calls by this name, or by none."""
    plain = socket.create_connection(("127.0.0.1", port), timeout=wire.PATIENCE)
    try:
        return context.wrap_socket(plain, server_hostname=name)
    except OSError:
        plain.close()
        raise


@pytest.fixture(scope="module")
def export(tmp_path_factory):
    """The directory of static files, exported as the configuration says."""
    out = tmp_path_factory.mktemp("export")
    command = [sys.executable, "-m", "spa", "static", "export", DEPLOY / "static", out / "static"]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=60)
    return out


@pytest.fixture(scope="module")
def site(tmp_path_factory, export):
    """The app under gunicorn, with nginx in front, whose read timeout is 2 s; ``site.program`` is gunicorn."""
    if NGINX is None:
        pytest.skip("no nginx; apt-get install nginx")
    port = free_port()
    nginx = Nginx(tmp_path_factory.mktemp("nginx"), port, export, changes={"read_timeout 60s;": "read_timeout 2s;"})
    with gunicorn(port, tmp_path_factory.mktemp("home")) as nginx.program, nginx.running():
        yield nginx


# nginx


@needs_nginx
def test_nginx_reads_its_configuration_without_a_warning(tmp_path, export):
    said = Nginx(tmp_path, 8000, export).check()
    assert "syntax is ok" in said
    assert "[warn]" not in said


def test_a_plain_request_passes_nginx(site):
    answer = ask(site.port)
    seen = json.loads(answer.data)
    assert (answer.status, answer.headers["Server"].partition("/")[0]) == (200, "nginx")
    assert (seen["url"], seen["client"]) == (f"http://{HOST}/", "127.0.0.1")


def test_nginx_keeps_its_connections_to_the_app(site):
    assert json.loads(ask(site.port).data)["connection"] is None  # it sends "close" unless it is told otherwise


def test_a_foreign_host_gets_no_answer(site):
    with wire.Wire(site.port) as connection:
        connection.write(b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n")
        connection.wait_for_end()


def test_a_websocket_passes_nginx_both_ways(site):
    with open_websocket(site.port, "/pinged") as connection:
        for number in range(3):
            connection.text(f"message {number}")
            assert connection.read_text() == f"message {number}"
        connection.send(wire.CLOSE, wire.close_payload(1000))
        assert connection.read_close().code == 1000


def test_pings_keep_a_silent_websocket_open_beyond_the_read_timeout(site):
    started = time.monotonic()
    with open_websocket(site.port, "/pinged") as connection:
        while time.monotonic() - started < 4:  # twice the timeout of this nginx
            ping = connection.read_frame()
            assert ping.opcode == wire.PING
            connection.send(wire.PONG, ping.payload)
        connection.text("still here")
        assert connection.read_text() == "still here"


def test_without_pings_nginx_ends_a_silent_websocket(site):
    with open_websocket(site.port, "/unpinged") as connection:
        assert connection.wait_for_end(4) > 1.5


def open_websocket(port, path, **headers):
    connection = wire.Wire(port)
    connection.write(wire.handshake(path, headers.items(), host=HOST))
    assert connection.read_head().status == 101
    return connection


@contextmanager
def open_stream(port, path):
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=1)) as connection:
        connection.request("GET", path, headers={"Host": HOST})
        yield connection
        assert ask(port, "/gate", "POST").status == 204


def first_line(answer):
    """Return the first line that is not empty and no comment of an event stream."""
    return next(line for line in answer if line.strip(b":\n"))


@pytest.mark.parametrize(
    ("path", "first", "rest"),
    [("/stream/no", b"first\n", b"last\n"), ("/events", b"data: first\n", b"data: last\n")],
)
def test_a_stream_arrives_while_its_generator_waits(site, path, first, rest):
    with open_stream(site.port, path) as connection:
        answer = connection.getresponse()
        assert first_line(answer) == first
        assert ask(site.port, "/gate", "POST").status == 204
        assert rest in answer.read()


@needs_nginx
def test_the_header_keeps_nginx_from_holding_a_stream_back(tmp_path, export):
    """nginx passes on the chunks of HTTP/1.1 at once anyway; what ends with the connection, as in 1.0, it does not."""
    port = free_port()
    nginx = Nginx(tmp_path, port, export, changes={"proxy_http_version 1.1;": "proxy_http_version 1.0;"})
    with gunicorn(port, tmp_path), nginx.running():
        for path in ("/stream/no", "/events"):
            with open_stream(nginx.port, path) as connection:
                assert b"first" in first_line(connection.getresponse())
        with open_stream(nginx.port, "/stream/yes") as connection, pytest.raises(TimeoutError):
            first_line(connection.getresponse())


def hashed_path(export):
    manifest = json.loads((export / "static" / "manifest.json").read_text())
    return f"/static/{manifest['app.css']}"


def test_a_hashed_file_comes_from_the_disk_with_the_headers_of_the_app(site, export):
    path = hashed_path(export)
    before = site.program.output()[0]
    answer = ask(site.port, path)
    assert answer.data == (DEPLOY / "static" / "app.css").read_bytes()
    assert ask(site.port, "/?after").status == 200  # when its line is in the log, an earlier one would be too
    wire.wait_for(lambda: "/?after" in site.program.output()[0], "the line in the log")
    assert path not in site.program.output()[0][len(before) :]
    own = ask(int(re.search(r"server 127.0.0.1:(\d+);", (site.directory / "app.conf").read_text())[1]), path)
    for name in ("Content-Type", "Cache-Control", "X-Content-Type-Options"):
        assert answer.headers[name] == own.headers[name], name
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize("via", [{}, {"Via": "1.1 cdn.example"}], ids=["a browser", "a CDN"])
def test_a_compressed_sibling_is_sent(site, export, via):
    path = hashed_path(export)
    answer = ask(site.port, path, headers={"Accept-Encoding": "gzip", **via})
    assert (answer.headers["Content-Encoding"], answer.headers["Vary"]) == ("gzip", "Accept-Encoding")
    assert answer.data == (export / path[1:]).with_name(f"{Path(path).name}.gz").read_bytes()
    assert gzip.decompress(answer.data) == (DEPLOY / "static" / "app.css").read_bytes()
    assert "immutable" in answer.headers["Cache-Control"]


@needs_nginx
def test_a_hashed_file_that_was_not_exported_comes_from_the_app(tmp_path, export):
    port = free_port()
    with gunicorn(port, tmp_path), Nginx(tmp_path, port, tmp_path / "nothing").running() as nginx:
        answer = ask(nginx.port, hashed_path(export))
    assert (answer.status, answer.data) == (200, (DEPLOY / "static" / "app.css").read_bytes())
    assert "immutable" in answer.headers["Cache-Control"]


@pytest.mark.parametrize("path", ["/static/app.000000000000.css", "/static/manifest.json", "/static/app.css"])
def test_what_has_no_such_hash_is_a_404_that_no_cache_keeps(site, path):
    answer = ask(site.port, path)
    assert (answer.status, answer.headers["Cache-Control"]) == (404, "no-store")


def test_the_media_types_of_nginx_are_those_of_the_app():
    text = CONF.read_text()
    block = re.search(r"types \{(.+?)\}", text, re.DOTALL)[1]
    with_charset = re.search(r"charset_types (.+?);", text)[1].split()
    found = {}
    for line in block.strip().splitlines():
        media_type, *extensions = line.strip().rstrip(";").split()
        charset = "; charset=utf-8" if media_type in with_charset else ""
        found |= dict.fromkeys(extensions, media_type + charset)
    assert found == {extension: type_of(f"x.{extension}") for extension in found}
    pattern = re.search(r"\\\.\((css\|.+?)\)\$", text)[1].replace("woff2?", "woff|woff2")
    assert set(pattern.split("|")) == set(found)


def test_a_body_over_the_limit_is_413_and_one_at_the_limit_arrives(site):
    limit = Request.max_content_length
    assert ask(site.port, "/size", "POST", bytes(limit)).data == str(limit).encode()
    with wire.Wire(site.port) as connection:  # the answer must come before the body has been sent
        connection.write(f"POST /size HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {limit + 1}\r\n\r\n".encode())
        answer = connection.read_head()
    assert (answer.status, answer.headers["server"].partition("/")[0]) == (413, "nginx")


def test_the_name_of_a_request_is_in_both_logs_and_is_not_the_client_s(site):
    answer = ask(site.port, "/fail", headers={"X-Request-ID": "forged"})
    name = answer.headers["X-Request-ID"]
    assert (answer.status, re.fullmatch("[0-9a-f]{32}", name) is not None) == (500, True)
    wire.wait_for(lambda: '"GET /fail HTTP/1.1" 500 ' in site.program.output()[0], "the line in the access log")
    out, err = site.program.output()
    assert re.search(rf'^127\.0\.0\.1 "GET /fail HTTP/1\.1" 500 .+ ms \[{name}\]$', out, re.MULTILINE)
    assert f"GET /fail [{name}]: the handler failed" in err
    assert "forged" not in out + err


def test_a_websocket_has_its_line_with_its_name(site):
    with open_websocket(site.port, "/pinged") as connection:
        connection.send(wire.CLOSE, wire.close_payload(1000))
        assert connection.read_close().code == 1000
    line = re.compile(r'^127\.0\.0\.1 "GET /pinged HTTP/1\.1" 101 .+ \[[0-9a-f]{32}\]$', re.MULTILINE)
    wire.wait_for(lambda: line.search(site.program.output()[0]), "the line in the access log")


@pytest.fixture(scope="module")
def secure_site(tmp_path_factory, export):
    """The app behind an nginx that ends TLS; ``site.context`` is that of its clients."""
    if NGINX is None:
        pytest.skip("no nginx; apt-get install nginx")
    directory, port = tmp_path_factory.mktemp("tls"), free_port()
    chain, key = directory / "certificate.pem", directory / "key.pem"
    name = ("-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}")
    options = ("-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *name)
    subprocess.run(["openssl", "req", *options, "-keyout", key, "-out", chain], check=True, capture_output=True)
    nginx = Nginx(directory, port, export, certificate=(chain, key))
    nginx.context = ssl.create_default_context(cafile=chain)
    with gunicorn(port, directory), nginx.running():
        yield nginx


FORGED = {"X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "http", "X-Forwarded-Host": "evil.example"}


@pytest.mark.parametrize("forged", [{}, FORGED], ids=["honest", "forged"])
def test_proxy_fix_sees_the_public_address(secure_site, forged):
    seen = json.loads(ask(secure_site.port, headers=forged, context=secure_site.context).data)
    assert (seen["url"], seen["client"]) == (f"https://{HOST}/", "127.0.0.1")


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        (f"https://{HOST}", 101),
        (f"http://{HOST}", 403),
        (f"https://{HOST}:8443", 403),
        ("https://evil.example", 403),
        ("https://127.0.0.1", 403),
    ],
)
def test_a_websocket_is_for_pages_of_the_public_host(secure_site, origin, status):
    with closing(connect_securely(secure_site.port, secure_site.context)) as sock:
        sock.sendall(wire.handshake("/pinged", [("Origin", origin)], host=HOST))
        head = wire.read_until(sock, lambda data: b"\r\n\r\n" in data)
    assert head.startswith(f"HTTP/1.1 {status} ".encode())


@pytest.mark.parametrize("name", ["evil.example", None])
def test_a_foreign_name_gets_no_answer_over_https_either(secure_site, name):
    careless = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    careless.check_hostname, careless.verify_mode = False, ssl.CERT_NONE
    with pytest.raises(ssl.SSLError, match=r"(?i)unrecognized.name"):
        connect_securely(secure_site.port, careless, name)


def test_a_foreign_host_behind_the_right_name_gets_no_answer(secure_site):
    with closing(connect_securely(secure_site.port, secure_site.context)) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n")
        assert sock.recv(1) == b""


def test_http_leads_to_https(secure_site):
    answer = ask(secure_site.plain_port, "/a?b")
    assert (answer.status, answer.headers["Location"]) == (308, f"https://{HOST}/a?b")


@needs_nginx
def test_an_upgrade_behind_nginx_keeps_the_websockets_of_the_old_process(tmp_path, export):
    old, new = free_port(), free_port()
    nginx = Nginx(tmp_path, old, export)
    with gunicorn(old, tmp_path) as program, nginx.running(), open_websocket(nginx.port, "/pinged") as connection:
        before = json.loads(ask(nginx.port).data)["pid"]
        with gunicorn(new, tmp_path):
            nginx.forward_to(new)
            nginx.reload()
            wire.wait_for(lambda: json.loads(ask(nginx.port).data)["pid"] != before, "the new process")
            connection.text("still here")
            while (got := connection.read_frame()).opcode == wire.PING:
                connection.send(wire.PONG, got.payload)
            assert got.payload == b"still here"
            program.send_signal(signal.SIGTERM)
            assert connection.skip_to_close().code == 1001
            assert ask(nginx.port).status == 200


# gunicorn


def test_gunicorn_drains_on_sigterm_and_leaves_no_control_socket(tmp_path):
    port = free_port()
    with gunicorn(port, tmp_path) as program, wire.connect(port, "/pinged") as connection, wire.Wire(port) as slow:
        slow.write(b"GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n")
        connection.text("here")
        assert connection.read_text() == "here"
        wire.wait_for(lambda: children(program.pid), "the worker")
        assert list(tmp_path.rglob("*")) == []
        program.send_signal(signal.SIGTERM)
        close = connection.skip_to_close()
        assert close.code == 1001
        connection.send(wire.CLOSE, close.payload)
        assert slow.read_response().body == b"done"
        returncode, out, err = program.finish()
    assert returncode == 0
    assert "Traceback" not in out + err
    assert list(tmp_path.rglob("*")) == []


SCHEME = """
def app(environ, start_response):
    start_response("200 OK", [("Content-Length", str(len(environ["wsgi.url_scheme"])))])
    return [environ["wsgi.url_scheme"].encode()]
"""


@pytest.mark.parametrize(("allowed", "scheme"), [(None, b"https"), ("192.0.2.1", b"http"), ("*", b"https")])
def test_gunicorn_believes_the_scheme_of_the_proxy_that_is_named(tmp_path, monkeypatch, allowed, scheme):
    monkeypatch.delenv("FORWARDED_ALLOW_IPS", raising=False)
    (tmp_path / "scheme.py").write_text(SCHEME)
    port = free_port()
    words = [sys.executable, "-m", "gunicorn", "--config", GUNICORN, "--bind", f"127.0.0.1:{port}", "scheme:app"]
    env = {"WEB_CONCURRENCY": "1"} | ({"FORWARDED_ALLOW_IPS": allowed} if allowed else {})
    with running(words, port, env, tmp_path):
        request = b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-Proto: https\r\nConnection: close\r\n\r\n"
        assert wire.request(port, request).body == scheme


def login_command(port):
    """Return the command that serves the example with a login by two workers, whose access log says which answered."""
    words = [sys.executable, "-m", "gunicorn", "--config", GUNICORN, "--workers", "2", "--bind", f"127.0.0.1:{port}"]
    return [*words, "--access-logformat", "answered by %(p)s", "login:app"]


def test_each_of_two_workers_knows_who_logged_in():
    port = free_port()
    words, env = login_command(port), {"SECRET": "s" * 32}
    with running(words, port, env, ROOT / "examples", is_asked=False) as program:
        login = json.dumps({"name": "ada", "password": "engine"})
        entered = ask(port, "/login/", "POST", login, {"Content-Type": "application/json"})
        cookie = entered.headers["Set-Cookie"].partition(";")[0]

        def have_both_answered():
            assert ask(port, "/me/", headers={"Cookie": cookie}).status == 200
            return len(set(re.findall(r"answered by <(\d+)>", program.output()[0]))) == 2

        wire.wait_for(have_both_answered, "an answer of each worker")
        assert program.stop().returncode == 0


def test_workers_without_a_secret_do_not_make_one_up_each():
    program = Program(login_command(free_port()), cwd=ROOT / "examples")
    try:
        returncode, _, err = program.finish()
    finally:
        program.destroy()
    assert returncode in (1, 3)  # gunicorn's for workers that do not start: 3, unless two report it at once
    assert "\nKeyError: 'SECRET'\n" in err


def settings():
    return runpy.run_path(str(GUNICORN))


@pytest.mark.parametrize(("given", "expected"), [(None, 1), ("3", 3)])
def test_there_is_one_worker_unless_another_number_is_given(monkeypatch, given, expected):
    monkeypatch.delenv("WEB_CONCURRENCY", raising=False)
    env = {**os.environ, **({"WEB_CONCURRENCY": given} if given else {})}
    words = [sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py", "--print-config", "app:app"]
    done = subprocess.run(words, cwd=DEPLOY, env=env, capture_output=True, text=True, timeout=60, check=True)
    assert re.search(r"^workers +=(.+)$", done.stdout, re.MULTILINE)[1].strip() == str(expected)


def test_the_numbers_of_the_recipes_fit_together():
    conf, gunicorn_conf, unit = CONF.read_text(), settings(), unit_of("Service")

    def number(pattern):
        return int(re.search(rf"^\s*{pattern}", conf, re.MULTILINE)[1])

    assert number(r"client_max_body_size (\d+)m;") * 2**20 == Request.max_content_length
    assert number(r"proxy_read_timeout (\d+)s;") > 2 * Limits().ping_interval
    assert number(r"keepalive_timeout (\d+)s;") < gunicorn_conf["keepalive"]
    assert gunicorn_conf["graceful_timeout"] < int(unit["TimeoutStopSec"])
    assert int(unit["LimitNOFILE"]) >= 2 * gunicorn_conf["worker_connections"]


# systemd


def unit_of(section):
    parser = configparser.ConfigParser(strict=False, interpolation=None, delimiters=("=",))
    parser.optionxform = str
    parser.read(DEPLOY / "spa.service")
    return parser[section]


@pytest.fixture
def unit(tmp_path):
    """The unit, with the app where it is in this checkout."""
    text = (DEPLOY / "spa.service").read_text()
    path = tmp_path / "spa.service"
    path.write_text(text.replace("/srv/app/.venv/bin", str(BIN)).replace("/srv/app", str(DEPLOY)))
    return path


@needs_systemd
def test_systemd_accepts_the_unit(unit):
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@needs_systemd
def test_systemd_finds_the_unit_well_shut_in(unit):
    command = ["systemd-analyze", "security", "--offline=yes", "--threshold=20", "--no-pager", unit]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if "unrecognized option" in done.stderr:
        pytest.skip("this systemd-analyze does not look at files: it is older than 250")
    assert done.returncode == 0, done.stdout  # exposure of at most 2.0 out of 10


def test_the_unit_stops_the_arbiter_alone_and_waits_for_the_drain():
    service = unit_of("Service")
    assert (service["Type"], service["KillMode"], service["Restart"]) == ("notify", "mixed", "on-failure")
    assert service["DynamicUser"] == "yes"
    assert shlex.split(service["ExecReload"])[1:] == ["-HUP", "$MAINPID"]
    assert "AF_UNIX" in service["RestrictAddressFamilies"].split()  # the socket on which it says that it is ready


@pytest.fixture
def short_path():
    """A directory whose path is short, as that of a UNIX socket must be, wherever temporary files are kept."""
    with tempfile.TemporaryDirectory(dir="/tmp") as directory:
        yield Path(directory)


def test_the_command_of_the_unit_tells_systemd_when_it_is_ready(short_path):
    command = shlex.split(unit_of("Service")["ExecStart"])
    assert command[0] == "/srv/app/.venv/bin/gunicorn"
    port = free_port()
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as notified:
        notified.bind(str(short_path / "notify"))
        notified.settimeout(30)
        env = {"NOTIFY_SOCKET": str(short_path / "notify"), "WEB_CONCURRENCY": "1"}
        words = [BIN / command[0].rpartition("/")[2], "--bind", f"127.0.0.1:{port}", *command[1:]]
        with running(words, port, env, DEPLOY) as program:
            assert b"READY=1" in notified.recv(4096).splitlines()
            assert wire.get(port, "/health").body == b"ok"
            assert program.stop().returncode == 0


# Docker and hosting platforms


def instructions():
    """Return the instructions of the Dockerfile as pairs, continued lines joined."""
    text = re.sub(r"^\s*#.*\n", "", (DEPLOY / "Dockerfile").read_text(), flags=re.MULTILINE)
    lines = [line for line in text.replace("\\\n", " ").splitlines() if line.strip()]
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines)]


def healthcheck():
    (line,) = [rest for word, rest in instructions() if word == "HEALTHCHECK"]
    return json.loads(line.partition("CMD ")[2])


def test_the_dockerfile_is_put_together_as_it_says():
    words = [word for word, _ in instructions()]
    assert words[0] == "FROM"
    assert set(words) <= {"FROM", "ENV", "WORKDIR", "COPY", "RUN", "USER", "EXPOSE", "HEALTHCHECK", "CMD"}
    assert [rest for word, rest in instructions() if word == "COPY"] == ["requirements.txt *.whl ./", ". ."]
    assert (DEPLOY / "requirements.txt").is_file()
    assert [rest for word, rest in instructions() if word == "USER"] == ["app"]
    assert "app" in " ".join(rest for word, rest in instructions() if word == "RUN" and "useradd" in rest)
    assert words.index("USER") > max(index for index, word in enumerate(words) if word == "RUN")
    assert words[-1] == "CMD"
    assert all(isinstance(word, str) for word in json.loads(instructions()[-1][1]) + healthcheck())


def test_the_image_gets_what_the_app_needs_and_no_more():
    ignored = (DEPLOY / ".dockerignore").read_text().splitlines()
    assert {".git", ".venv", "**/__pycache__"} <= set(ignored)
    assert not {"app.py", "gunicorn.conf.py", "static", "requirements.txt", "*.whl"} & set(ignored)


@contextmanager
def container(tmp_path, command):
    """Run a command as a platform would: in a copy of the app, with PORT set; yield program and port."""
    home = tmp_path / "app"
    shutil.copytree(DEPLOY, home)
    port = free_port()
    env = {"PORT": str(port), "PATH": f"{BIN}:{os.environ['PATH']}", "WEB_CONCURRENCY": "1"}
    with running(command, port, env, home) as program:
        yield program, port


def test_the_command_of_the_dockerfile_serves_drains_and_is_found_healthy(tmp_path):
    command = json.loads(instructions()[-1][1])
    with container(tmp_path, command) as (program, port):
        env = {**os.environ, "PORT": str(port), "http_proxy": "http://127.0.0.1:9"}
        check = [sys.executable, *healthcheck()[1:]]
        assert healthcheck()[0] == "python"
        assert subprocess.run(check, env=env, timeout=30, check=False).returncode == 0
        assert wire.get(port, "/").status == 200
        assert program.stop().returncode == 0
        gone = subprocess.run(check, env=env, timeout=30, check=False, capture_output=True)
        assert gone.returncode == 1


def test_the_command_of_the_procfile_listens_on_the_port_it_is_given(tmp_path):
    kind, _, command = (DEPLOY / "Procfile").read_text().strip().partition(": ")
    assert kind == "web"
    with container(tmp_path, shlex.split(command)) as (program, port):
        answer = wire.get(port, "/")
        assert answer.status == 200
        assert re.search(rb'href="/static/app\.[0-9a-f]{12}\.css"', answer.body)
        assert f"http://0.0.0.0:{port} " in program.output()[1]
        assert program.stop().returncode == 0
