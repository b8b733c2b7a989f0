"""Compare static file servers in one run: Spa, WhiteNoise, Flask and nginx; and what comes before serving.

Each app runs in a process of its own, under Spa's server (gevent's WSGI server with TCP_NODELAY, without which the
others would wait 40 ms for each answer) and under gunicorn's gevent worker; the load, in another, is eight
connections that are kept, with one request in flight on each. All apps of a server run at once and are asked in turns,
in short rounds, so that whatever else the machine does meets all of them.
"""

import contextlib
import hashlib
import os
import random
import select
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from wsgiref.util import setup_testing_defaults

from measure import interleave, parse_arguments, show, verdict
from websocket import free_port

ROOT = os.environ.get("STATIC_ROOT", "")
CONNECTIONS = 8
SIZES = {"1 KB": 1024, "100 KB": 100 * 1024, "10 MB": 10 * 2**20}
ASKED = {"1 KB": 800, "100 KB": 500, "10 MB": 24, "304": 800}  # requests of one round: about a tenth of a second
ROUNDS = 25
NAMES = {size: f"{size.replace(' ', '').lower()}.bin" for size in SIZES}


# The apps; each is served at /static/.


def spa_app():
    import spa
    from spa.static.handler import StaticHandler
    from spa.static.smart import SmartStatic

    static = SmartStatic(ROOT, watch=False)

    class Url(spa.Handler):
        def get(self, path):
            return static.url(path)

    return spa.App(
        (
            ("/static/<path:filepath>", "", static),
            ("/plain/<path:filepath>", "", StaticHandler, {"directory": ROOT}),
            ("/url/<path:path>", "", Url),
        )
    )


def whitenoise_app():
    from whitenoise import WhiteNoise

    def not_found(environ, start_response):
        start_response("404 Not Found", [("Content-Length", "0")])
        return [b""]

    return WhiteNoise(not_found, root=ROOT, prefix="static/", max_age=31536000)


def flask_app():
    import flask

    app = flask.Flask("benchmark", static_folder=None)

    @app.get("/static/<path:path>")
    def static(path):
        return flask.send_from_directory(ROOT, path)

    return app


def bare_app():
    """Answer from memory without a look at the request: no app can be faster, so the rest is the server's share."""
    bodies = {f"/static/{name}": (Path(ROOT) / name).read_bytes() for name in NAMES.values()}
    headers = {
        path: [("ETag", '"bare"'), ("Content-Type", "application/octet-stream"), ("Content-Length", str(len(body)))]
        for path, body in bodies.items()
    }

    def app(environ, start_response):
        path = environ["PATH_INFO"]
        if "HTTP_IF_NONE_MATCH" in environ:
            start_response("304 Not Modified", headers[path][:1])
            return []
        start_response("200 OK", headers[path].copy())
        return [bodies[path]]

    return app


APPS = {"Spa": spa_app, "WhiteNoise": whitenoise_app, "Flask": flask_app, "bare": bare_app}
if os.environ.get("STATIC_APP"):
    app = APPS[os.environ["STATIC_APP"]]()


@contextlib.contextmanager
def started(name: str, server: str, root: str) -> Iterator[int]:
    """Run a server over a directory; give its port."""
    port = free_port()
    environ = {**os.environ, "STATIC_APP": name, "STATIC_ROOT": root}
    if name == "nginx":
        environ.pop("STATIC_APP")
        config = Path(root).parent / "nginx.conf"
        config.write_text(
            f"daemon off; worker_processes 1; pid {config}.pid; error_log /dev/null; events {{}}\n"
            f"http {{ access_log off; sendfile on; keepalive_requests 1000000; client_body_temp_path {config}.tmp;\n"
            f"server {{ listen 127.0.0.1:{port}; location /static/ {{ alias {root}/; }} }} }}\n"
        )
        command = ["nginx", "-c", str(config)]
    elif server == "Spa's server":
        command = [sys.executable, __file__, "--serve", str(port)]
    else:
        command = [sys.executable, "-m", "gunicorn", "-k", "gevent", "-b", f"127.0.0.1:{port}", "static:app"]
    process = subprocess.Popen(
        command,
        env=environ,
        cwd=Path(__file__).parent,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + 20
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            assert time.monotonic() < deadline, f"{name} did not start"
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait()


def fetch(port: int, path: str, *headers: str) -> tuple[bytes, bytes]:
    """Return head and body of one answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as sock:
        sock.sendall(request(path, "Connection: close", *headers))
        data = b""
        while piece := sock.recv(2**18):
            data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    return head, body


def request(path: str, *headers: str) -> bytes:
    """Return the bytes of a request as a browser might send it."""
    lines = [f"GET {path} HTTP/1.1", "Host: localhost", "Accept-Encoding: gzip, deflate, br", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def load(port: int, message: bytes, requests: int) -> float:
    """Return requests a second."""
    socks = [socket.create_connection(("127.0.0.1", port), timeout=30) for _ in range(CONNECTIONS)]
    socks[0].sendall(message)
    length = measure_answer(socks[0])
    poll = select.epoll()
    waiting = {}
    for sock in socks:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        poll.register(sock, select.EPOLLIN)
        waiting[sock.fileno()] = [sock, length]
    begun = time.perf_counter()
    for sock in socks:
        sock.sendall(message)
    done = 0
    while done < requests:
        for number, _ in poll.poll():
            entry = waiting[number]
            entry[1] -= len(entry[0].recv(2**18))
            if entry[1] <= 0:
                done += 1
                entry[1] = length
                entry[0].sendall(message)
    elapsed = time.perf_counter() - begun
    poll.close()
    for sock in socks:
        sock.close()
    return done / elapsed


def measure_answer(sock: socket.socket) -> int:
    """Read one answer, and return its length in bytes; those that follow are as long."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += sock.recv(2**16)
    head, _, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:") and b" 304 " not in head[:20]:
            length = int(line.split(b":")[1])
    rest = length - len(body)
    while rest > 0:
        rest -= len(sock.recv(min(rest, 2**18)))
    return len(head) + 4 + length


def compare_servers(root: str, smoke: bool) -> None:
    """Print requests a second for each size and for a 304, and what that says about the claims."""
    names = [*APPS, *(["nginx"] if shutil.which("nginx") else [])]
    for server in ("Spa's server", "gunicorn"):
        rates: dict[tuple[str, str], list[float]] = {}
        with contextlib.ExitStack() as stack:
            ports = {name: stack.enter_context(started(name, server, root)) for name in names}
            messages = {(size, name): message(name, port, size) for name, port in ports.items() for size in ASKED}
            for _ in range(1 if smoke else ROUNDS):
                for size, count in ASKED.items():
                    for name, port in ports.items():
                        rate = load(port, messages[size, name], CONNECTIONS if smoke else count)
                        rates.setdefault((size, name), []).append(rate)
        report(server, names, {key: statistics.median(values) for key, values in rates.items()})


def message(name: str, port: int, size: str) -> bytes:
    """Return the request for a file of a size, or for the smallest one with the ETag it has."""
    is_known = size == "304"
    file = NAMES["1 KB" if is_known else size]
    path = f"/static/{file}"
    if name == "Spa":
        path = fetch(port, f"/url/{file}")[1].decode()
        assert fetch(port, f"/plain/{file}")[1] == fetch(port, path)[1]
    if not is_known:
        return request(path)
    head, _ = fetch(port, path)
    etag = next(line for line in head.decode().split("\r\n") if line.lower().startswith("etag"))
    condition = f"If-None-Match: {etag.split(':', 1)[1].strip()}"
    assert b" 304 " in fetch(port, path, condition)[0][:20]
    return request(path, condition)


def report(server: str, names: list[str], medians: dict[tuple[str, str], float]) -> None:
    """Print the rates of one server and the claims."""
    for size in ASKED:
        print(f"\n{size} under {server}")
        for name in names:
            rate = medians[size, name]
            print(f"  {name:<12} {rate:10.0f} requests/s   {rate / medians[size, 'Spa']:6.2f} x Spa")
    for size, bound in (("1 KB", 1.1), ("100 KB", 2), ("10 MB", 3), ("304", 1)):
        verdict(f"{size} against WhiteNoise, {server}", medians[size, "Spa"] / medians[size, "WhiteNoise"], bound)
        room = medians[size, "bare"] / medians[size, "WhiteNoise"]
        print(f"               an app that only answers from memory: {room:.2f}")


def compare_calls(root: str, smoke: bool) -> None:
    """Call the apps in this process, where the server's share is nothing: 1 KB, and its 304."""
    global ROOT  # as the processes of the other comparison have it from their environment
    ROOT = root
    apps = {"Spa": spa_app(), "WhiteNoise": whitenoise_app()}
    name = NAMES["1 KB"]
    paths = {"Spa": b"".join(apps["Spa"](ask(f"/url/{name}"), ignore)).decode(), "WhiteNoise": f"/static/{name}"}
    for title in ("1 KB", "304"):
        contenders = {}
        for contender, app in apps.items():
            environ = ask(paths[contender])
            if title == "304":
                heads: list[list[tuple[str, str]]] = []
                app(ask(paths[contender]), lambda status, headers, error=None, heads=heads: heads.append(headers))
                environ["HTTP_IF_NONE_MATCH"] = dict(heads[0])["ETag"]
            contenders[contender] = lambda n, app=app, environ=environ: drain(app, environ, n)
        medians = interleave(contenders, 1 if smoke else 15, 10 if smoke else 3000)
        show(f"{title}, called in process", medians, "us", 1e6)
        verdict(f"{title} in process against WhiteNoise", medians["WhiteNoise"] / medians["Spa"], 1)


def ask(path: str) -> dict:
    """Return the environ of a GET."""
    environ = {"REQUEST_METHOD": "GET", "SCRIPT_NAME": "", "PATH_INFO": path, "HTTP_HOST": "localhost"}
    setup_testing_defaults(environ)
    environ["HTTP_ACCEPT_ENCODING"] = "gzip, deflate, br"
    return environ


def ignore(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> None:
    """Start no response."""


def drain(app: Callable, environ: dict, calls: int) -> None:
    """Call an app and read what it answers."""
    for _ in range(calls):
        body = app(environ.copy(), ignore)
        for _ in body:
            continue
        if hasattr(body, "close"):
            body.close()


# Kinds of files: how many, and of how many bytes. 1,000 files of 20 MB in all.
MIXES = {
    # Those of the median page on a desktop, scaled (HTTP Archive, Web Almanac 2024, "Page Weight").
    "as of the median page": {"js": (444, 14_700), "png": (333, 34_000), "css": (148, 5_600), "woff2": (75, 19_000)},
    # Hard for us: what is to be rewritten takes the most time.
    "a fifth of them stylesheets": {"png": (800, 20_000), "css": (200, 23_000)},
}
FOLDERS = 20
REFERENCES = 1_150  # bytes of a stylesheet for each reference in it


def compare_hashing(smoke: bool) -> None:
    """Hash 1,000 files of 20 MB in all, beside Django's collectstatic with its manifest storage."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "out")  # one for both: Django keeps where it writes to
        for title, kinds in MIXES.items():
            source = Path(folder, title)
            count = write_files(source, kinds, scale=10 if smoke else 1)
            contenders: dict[str, Callable[[int], None]] = {
                "Spa": lambda n, source=source: hash_all(source),
                "Django collectstatic": lambda n, source=source: collect(source, out),
                "reading and MD5 alone": lambda n, source=source: read_all(source),
            }
            medians = interleave(contenders, 1 if smoke else 9, 1)
            show(f"Hash {count} files, {title}", medians, "ms", 1e3)
            verdict("Django's collectstatic against ours", medians["Django collectstatic"] / medians["Spa"], 20)
            room = medians["Django collectstatic"] / medians["reading and MD5 alone"]
            print(f"               reading and hashing alone, on one core: {room:.2f}")


def write_files(source: Path, kinds: dict[str, tuple[int, int]], scale: int) -> int:
    """Write files of these kinds, the stylesheets with references to images; return how many."""
    generator = random.Random(1)  # for data, not for secrets
    images = kinds["png"][0] // scale
    written = 0
    for kind, (count, size) in kinds.items():
        for number in range(count // scale):
            file = source / f"part{number % FOLDERS}" / f"{kind}{number}.{kind}"
            file.parent.mkdir(parents=True, exist_ok=True)
            if kind == "css":
                shown = [(number + FOLDERS * n) % (images - images % FOLDERS) for n in range(size // REFERENCES)]
                rules = [f".c{n}{{background:url(png{n}.png) no-repeat}}\n" for n in shown]
                rules += [f".d{n:04} > a:hover {{ color: #{n:06x}; padding: 0 {n:04}px }}\n" for n in range(size // 52)]
                file.write_text("".join(rules))
            elif kind == "js":
                line = "export function f{0:04}(a, b) {{ return a.c{0:04} + b['{1}'] }}\n"
                file.write_text("".join(line.format(n, number) for n in range(size // 56)))
            else:
                file.write_bytes(generator.randbytes(size))
            written += 1
    return written


def hash_all(source: Path) -> None:
    """Know every file by its hash, stylesheets rewritten."""
    from spa.static.smart import SmartStatic

    SmartStatic(source).manifest("/static/")


def read_all(source: Path) -> None:
    """Read and hash every file once, and do nothing else."""
    for path in source.rglob("*.*"):
        hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()


def collect(source: Path, out: Path) -> None:
    """Run Django's collectstatic in this process."""
    import django
    from django.conf import settings
    from django.core.management import call_command

    if not settings.configured:
        storage = "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
        settings.configure(
            INSTALLED_APPS=["django.contrib.staticfiles"],
            STATIC_URL="/static/",
            STORAGES={"staticfiles": {"BACKEND": storage}},
        )
        django.setup()
    settings.STATICFILES_DIRS = [source]
    settings.STATIC_ROOT = out
    shutil.rmtree(out, ignore_errors=True)
    from django.contrib.staticfiles import finders
    from django.contrib.staticfiles import storage as storages
    from django.utils.functional import empty

    finders.get_finder.cache_clear()
    storages.staticfiles_storage._wrapped = empty  # made anew, with the settings of this run
    call_command("collectstatic", interactive=False, verbosity=0)
    assert len(list(out.rglob("*.css"))) == 2 * len(list(source.rglob("*.css")))


def compare_css(smoke: bool) -> None:
    """Find the URLs in a stylesheet like bootstrap.css, beside tinycss2."""
    import tinycss2

    from spa.static import css

    sheet = stylesheet()
    contenders: dict[str, Callable[[int], None]] = {
        "Spa": lambda n: [css.find(sheet) for _ in range(n)] and None,
        "tinycss2": lambda n: [tinycss2.parse_stylesheet_bytes(sheet) for _ in range(n)] and None,
    }
    medians = interleave(contenders, 1 if smoke else 9, 1)
    show(f"Find the URLs in a stylesheet of {len(sheet) // 1024} KB", medians, "ms", 1e3)
    verdict("tinycss2's time against ours", medians["tinycss2"] / medians["Spa"], 40)


def stylesheet() -> bytes:
    """Return a stylesheet: the file BOOTSTRAP_CSS names, or one made with the same mix of rules and URLs."""
    given = os.environ.get("BOOTSTRAP_CSS")
    if given:
        return Path(given).read_bytes()
    rules = []
    for number in range(2200):
        digest = hashlib.md5(str(number).encode(), usedforsecurity=False).hexdigest()
        rules.append(
            f".btn-{digest[:6]}:hover > .nav-{digest[6:10]}[data-bs-theme=\"dark\"],\n.col-md-{number % 12} {{\n"
            f"  --bs-btn-color: #{digest[:6]};\n  padding: calc(var(--bs-gutter-x) * .5) 0.75rem;\n"
            f"  transition: color 0.15s ease-in-out, border-color 0.15s ease-in-out;\n}}\n"
        )
        if number % 40 == 0:
            image = "data:image/svg+xml,%3csvg fill='none'/%3e"
            rules.append(f'.icon-{number} {{\n  background-image: url("{image}");\n}}\n')
    return "".join(rules).encode()


def main() -> None:
    smoke = parse_arguments(__doc__ or "").smoke
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "root")
        root.mkdir()
        os.chmod(folder, 0o755)  # noqa: S103  # nginx reads it as another user
        for size, length in SIZES.items():
            (root / NAMES[size]).write_bytes(os.urandom(length))
        compare_servers(str(root), smoke)
        compare_calls(str(root), smoke)
    compare_hashing(smoke)
    compare_css(smoke)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        from gevent import monkey

        monkey.patch_all()
        from spa.server.development import Server

        Server(("127.0.0.1", int(sys.argv[2])), app, log=None).serve_forever()
    else:
        main()
