"""Read the command line."""

import http.client
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from spa.cli import main
from tests import wire
from tests.processes import free_port, running

APP = """
import time
import spa
from werkzeug.middleware.proxy_fix import ProxyFix

asked = []

class Slow(spa.Handler):
    def get(self):
        while not asked:
            time.sleep(0.01)
        return 'slow'

    def websocket(self):
        self.ws.send('hello')

class Scheme(spa.Handler):
    def get(self):
        asked.append(self)
        return self.request.scheme

app = spa.App((('/slow', 'slow', Slow), ('/scheme', '', Scheme)))
wrapped = ProxyFix(app, x_proto=1)
spa.run(app)
"""
SPA = Path(sys.executable).with_name("spa")
TIMEOUT = 60.0  # seconds for one command on a slow and busy machine


@pytest.fixture
def directory(tmp_path):
    (tmp_path / "main.py").write_text(APP)
    return tmp_path


def spa(directory, *words, env=None, command=(SPA,)):
    """Run a command to its end, every warning being an error."""
    return subprocess.run(
        [sys.executable, "-W", "error", *command, *words],
        cwd=directory,
        env={"PATH": "/usr/bin:/bin", **(env or {})},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
    )


def serve(directory, port, *words):
    return running([sys.executable, "-W", "error", SPA, "run", *words, "--port", str(port)], port, cwd=directory)


@pytest.mark.parametrize("arguments", [[], ["nope"], ["static"], ["static", "export"], ["static", "check"]])
def test_what_it_does_not_understand_is_a_usage_message(arguments, capsys):
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    assert capsys.readouterr().err.startswith("usage: spa")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--help"], {"run", "routes", "static", "--version"}),
        (["run", "--help"], {"--host", "--port", "--reload", "--reload-include", "--debug", "--cert", "--key"}),
        (["static", "--help"], {"export", "check"}),
    ],
)
def test_help_names_every_command(arguments, words, capsys):
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 0
    assert words <= set(capsys.readouterr().out.split())


@pytest.mark.parametrize("command", [(SPA,), ("-m", "spa")], ids=["spa", "python -m spa"])
def test_it_tells_its_version(command, tmp_path):
    done = spa(tmp_path, "--version", command=command)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("spa 1.")


@pytest.mark.parametrize("target", [[], ["main"], ["main:app"], ["main:wrapped"]])
def test_the_routes_of_an_app_are_a_table(target, directory):
    done = spa(directory, "routes", *target)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "Pattern  Name  Handler      Methods             WebSocket\n"
        "/slow    slow  main.Slow    GET, HEAD, OPTIONS  yes\n"
        "/scheme  -     main.Scheme  GET, HEAD, OPTIONS  no\n"
    )


def test_handlers_that_wait_let_others_run_though_spa_was_imported_before_the_patch(directory):
    port = free_port()
    with serve(directory, port) as program:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=wire.PATIENCE)) as slow:
            slow.request("GET", "/slow")
            assert wire.get(port, "/scheme").body == b"http"  # for which the slow one waits
            assert slow.getresponse().read() == b"slow"
        with wire.connect(port, "/slow") as connection:
            assert connection.read_text() == "hello"
        outcome = program.stop()
    assert outcome.returncode == 0
    lines = [line for line in outcome.stderr.splitlines() if not line.startswith("127.0.0.1 [")]
    assert lines == [f"Spa is serving on http://localhost:{port}/  (Ctrl-C stops it)", "Spa is stopping"]


def test_an_app_in_middleware_is_served_with_it(directory):
    port = free_port()
    with serve(directory, port, "main:wrapped"):
        request = b"GET /scheme HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-Proto: https\r\nConnection: close\r\n\r\n"
        assert wire.request(port, request).body == b"https"


def test_a_certificate_makes_it_https(directory):
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout key.pem -out cert.pem"
    subprocess.run(command.split(), cwd=directory, check=True, capture_output=True)
    port = free_port()
    with serve(directory, port, "--cert", "cert.pem", "--key", "key.pem") as program:
        wire.wait_for(lambda: f"https://localhost:{port}/" in program.output()[1])


@pytest.mark.parametrize(
    ("words", "env", "message"),
    [
        (["run", "nope"], {}, "there is no module 'nope' in "),
        (["run", "main:nope"], {}, "module 'main' has no 'nope'; write main:app"),
        (["run", "main:time"], {}, "main:time is no WSGI app but module; write main:app"),
        (["run", "main.py"], {}, "'main.py' is a path; go to the directory that it starts from, and name the module"),
        (["run"], {"PORT": "http"}, "'http' is not a port; set --port, port= or PORT to a number from 0 to 65535"),
        (["run", "--port", "70000"], {}, "70000 is not a port; "),
        (["run", "--host", "203.0.113.7"], {}, "cannot listen on 203.0.113.7:8000: "),
        (["run", "--debug", "--host", "0.0.0.0"], {}, "debug runs code for whoever reaches 0.0.0.0; "),
        (["run", "--debug"], {"PORT": "8000"}, "debug runs code for whoever reaches 0.0.0.0; "),
        (["run", "--cert", "nope.pem"], {}, "cannot use the certificate nope.pem: No such file or directory; "),
        (["run", "--cert", "main.py"], {}, "cannot use the certificate main.py: "),
        (["run", "--key", "key.pem"], {}, "--key is the key of a certificate; name that too, with --cert"),
        (["run", "--reload-include", "nope"], {}, "cannot watch "),
        (["routes", "nope:app"], {}, "there is no module 'nope' in "),
        (["routes", "time:sleep"], {}, "there is no spa.App in this WSGI app; "),
        (["static", "check", "nope"], {}, ""),
        (["static", "export", "nope", "out"], {}, ""),
    ],
)
def test_a_mistake_is_one_line_that_names_the_fix(words, env, message, directory):
    env = {"PORT": str(free_port()), "HOST": "127.0.0.1", **env} if words == ["run", "--cert", "nope.pem"] else env
    done = spa(directory, *words, env=env)
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"spa: {message}")


@pytest.mark.parametrize("option", [[], ["--reload"]])
def test_a_port_in_use_is_one_line(option, directory):
    port = free_port()
    with serve(directory, port):
        done = spa(directory, "run", "--port", str(port), *option)
    assert done.returncode == 1
    assert done.stderr == (
        f"spa: cannot listen on 127.0.0.1:{port}: the port is in use; "
        "stop the other program, or choose another with --port, port= or PORT\n"
    )


@pytest.mark.parametrize("command", ["run", "routes"])
def test_a_module_that_fails_shows_the_users_frames_and_one_line(command, directory):
    (directory / "app.py").write_text("def load():\n    return {}['key']\n\nload()\n")
    done = spa(directory, command)
    assert (done.returncode, done.stdout) == (1, "")
    lines = done.stderr.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert [line for line in lines if line.startswith("  File")] == [
        f'  File "{directory}/app.py", line 4, in <module>',
        f'  File "{directory}/app.py", line 2, in load',
    ]
    assert lines[-1] == "spa: app cannot be imported; mend this first: KeyError: 'key'"


def test_nothing_to_serve_is_one_line(tmp_path):
    done = spa(tmp_path, "run")
    assert done.returncode == 1
    assert done.stderr == (
        f"spa: there is no app or application in app.py, main.py, wsgi.py of {tmp_path}; "
        "name yours, as in: spa run module:app\n"
    )


@pytest.mark.parametrize("words", [["run"], ["run", "app"], ["routes"]])
def test_an_app_of_another_name_is_one_line_that_says_what_to_write(words, tmp_path):
    (tmp_path / "app.py").write_text("import spa\nsite = spa.App(())\n")
    done = spa(tmp_path, *words)
    assert done.returncode == 1
    assert done.stderr == "spa: module 'app' has neither app nor application; write app:site\n"
