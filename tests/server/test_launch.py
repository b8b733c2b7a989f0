"""Run an app: where it listens, what it says, when it does nothing."""

import subprocess
import sys

import pytest

from spa.errors import SetupError
from spa.server.launch import choose_address
from tests.processes import free_port, running
from tests.wire import get, wait_for

APP = """
{patch}
import spa

class Hello(spa.Handler):
    def get(self):
        return 'hello'

app = spa.App((('/', 'home', Hello),))
"""
PATCH = "from gevent.monkey import patch_all; patch_all()"


@pytest.mark.parametrize(
    ("host", "port", "environ", "expected"),
    [
        (None, None, {}, ("127.0.0.1", 8000)),
        (None, None, {"PORT": "5000"}, ("0.0.0.0", 5000)),
        (None, None, {"PORT": "5000", "HOST": "127.0.0.2"}, ("127.0.0.2", 5000)),
        (None, None, {"HOST": "::1"}, ("::1", 8000)),
        (None, None, {"PORT": ""}, ("127.0.0.1", 8000)),
        (None, 9000, {"PORT": "5000"}, ("127.0.0.1", 9000)),
        ("10.0.0.1", None, {"PORT": "5000", "HOST": "x"}, ("10.0.0.1", 5000)),
        (None, 0, {}, ("127.0.0.1", 0)),
    ],
)
def test_what_is_given_comes_before_the_environment_and_that_before_loopback(host, port, environ, expected):
    assert choose_address(host, port, environ) == expected


@pytest.mark.parametrize("port", ["http", "-1", "65536", "80.5"])
def test_a_port_that_is_none_is_a_mistake_in_the_setup(port):
    with pytest.raises(SetupError, match="PORT"):
        choose_address(None, None, {"PORT": port})


def write(tmp_path, end, patch=PATCH):
    path = tmp_path / "program.py"
    path.write_text(APP.format(patch=patch) + end)
    return path


@pytest.mark.parametrize("statement", ["import program", "__import__('program')"])
def test_at_the_top_of_an_imported_module_it_is_ignored_with_one_line(tmp_path, statement):
    write(tmp_path, "spa.run(app)\n")
    done = subprocess.run(
        [sys.executable, "-c", f"{statement}; print('imported')"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert (done.returncode, done.stdout) == (0, "imported\n")
    assert done.stderr == "spa.run ignored while program is imported; run the module itself to start its server\n"


def test_from_a_function_of_an_imported_module_it_runs(tmp_path):
    write(tmp_path, "def main(port):\n    spa.run(app, port=port)\n")
    port = free_port()
    command = [sys.executable, "-c", f"import program; program.main({port})"]
    with running(command, port, cwd=tmp_path) as program:
        assert get(port, "/").body == b"hello"
        assert program.stop().returncode == 0


def test_it_prints_the_url_to_click_and_how_to_stop(tmp_path):
    path, port = write(tmp_path, "spa.run(app)\n"), free_port()
    with running([sys.executable, path], port, env={"PORT": str(port), "HOST": "127.0.0.1"}) as program:
        assert program.output()[1].splitlines() == [f"Spa is serving on http://localhost:{port}/  (Ctrl-C stops it)"]


def test_an_unpatched_standard_library_is_a_warning_that_names_the_fix(tmp_path):
    path, port = write(tmp_path, "spa.run(app)\n", patch=""), free_port()
    with running([sys.executable, path], port, env={"PORT": str(port), "HOST": "127.0.0.1"}) as program:
        wait_for(lambda: PATCH in program.output()[1])


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"PORT": "eighty"}, "spa: 'eighty' is not a port; set PORT to a number from 0 to 65535"),
        ({"HOST": "203.0.113.7"}, "spa: cannot listen on 203.0.113.7:8000: "),
    ],
)
def test_a_wrong_environment_is_one_line(tmp_path, environ, message):
    path = write(tmp_path, "spa.run(app)\n")
    done = subprocess.run(
        [sys.executable, path], env={"PATH": "/usr/bin", **environ}, capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith(message)
