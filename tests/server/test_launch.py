"""Run an app: where it listens, what it says, when it does nothing."""

import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import spa
from spa.errors import SetupError
from spa.server.launch import choose_address, start
from tests.processes import free_port, running
from tests.wire import Wire, get, wait_for

APP = """
{patch}
import signal
import time
import spa

is_over = []
signal.signal(signal.SIGUSR1, lambda *_: is_over.append(True))  # heard by a blocked loop, too

class Hello(spa.Handler):
    def get(self):
        return 'hello'

class Bug(spa.Handler):
    def get(self):
        return 1 / 0

class Block(spa.Handler):
    def get(self):
        start = time.monotonic()
        while time.monotonic() - start < (0.3 if is_over else 5.0):
            sum(range(10_000))
        return 'done'

app = spa.App((('/', 'home', Hello), ('/bug', '', Bug), ('/block', '', Block)))
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
        shown = wait_for(lambda: program.output()[1])
        assert shown == f"Spa is serving on http://localhost:{port}/  (Ctrl-C stops it)\n"


def test_an_unpatched_standard_library_is_a_warning_that_names_the_fix(tmp_path):
    path, port = write(tmp_path, "spa.run(app)\n", patch=""), free_port()
    with running([sys.executable, path], port, env={"PORT": str(port), "HOST": "127.0.0.1"}) as program:
        wait_for(lambda: PATCH in program.output()[1])


@pytest.mark.parametrize("host", ["0.0.0.0", "", "192.0.2.1", "example.com"])
def test_debug_where_others_reach_the_server_is_a_mistake_in_the_setup(host, tmp_path):
    with pytest.raises(SetupError, match="debug"):
        start(lambda: spa.App(()), host, 0, tmp_path, debug=True)


def test_debug_where_a_hosting_platform_sets_the_port_is_a_mistake_too(tmp_path):
    done = end_of(write(tmp_path, "spa.run(app, debug=True)\n"), {"PORT": "8000"})
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("spa.errors.SetupError: debug runs code for whoever reaches 0.0.0.0")


def test_reload_of_a_path_that_is_not_there_is_a_mistake_in_the_setup(tmp_path):
    with pytest.raises(SetupError, match="cannot watch"):
        start(lambda: spa.App(()), "127.0.0.1", 0, tmp_path, reload=[tmp_path / "nope"])


def test_a_program_debugs_on_loopback(tmp_path):
    path, port = write(tmp_path, "spa.run(app, debug=True)\n"), free_port()
    with running([sys.executable, path], port, env={"PORT": str(port), "HOST": "127.0.0.1"}) as program:
        wait_for(lambda: "the PIN of the debugger is " in program.output()[1])
        assert b'"traceback"' in get(port, "/bug").body


def test_a_handler_that_blocks_is_named_in_the_log_of_a_debugged_program_only(tmp_path):
    path = write(tmp_path, "import sys\nspa.run(app, debug=len(sys.argv) > 1)\n")
    for arguments in (["debug"], []):
        port = free_port()
        environ = {"PORT": str(port), "HOST": "127.0.0.1"}
        with running([sys.executable, path, *arguments], port, env=environ) as program, Wire(port) as connection:
            connection.write(b"GET /block HTTP/1.1\r\nHost: localhost\r\n\r\n")
            if arguments:
                wait_for(lambda: "sum(range(" in program.output()[1])
            program.send_signal(signal.SIGUSR1)
            assert connection.read_response().status == 200
            shown = program.stop().stderr
        assert ("WARNING GET /block has blocked the event loop for 100 ms" in shown) is bool(arguments)
        assert ("in get\n    sum(range(" in shown) is bool(arguments)


def test_a_bug_is_shown_where_the_program_set_no_log_up(tmp_path):
    path, port = write(tmp_path, "spa.run(app)\n"), free_port()
    with running([sys.executable, path], port, env={"PORT": str(port), "HOST": "127.0.0.1"}) as program:
        get(port, "/bug")
        shown = program.stop().stderr
    assert re.search(r"\[\S+ \S+\] ERROR GET /bug \[\w{16}\]: the handler failed\nTraceback ", shown)
    assert shown.count("ZeroDivisionError") == 1


@pytest.mark.parametrize(
    "set_up",
    ["logging.basicConfig(filename='own.log')", "logging.getLogger('spa').addHandler(logging.FileHandler('own.log'))"],
)
def test_a_log_that_the_program_set_up_is_left_alone(tmp_path, set_up):
    path, port = write(tmp_path, f"import logging\n{set_up}\nspa.run(app)\n"), free_port()
    environ = {"PORT": str(port), "HOST": "127.0.0.1"}
    with running([sys.executable, path], port, env=environ, cwd=tmp_path) as program:
        get(port, "/bug")
        shown = program.stop().stderr
    assert "ZeroDivisionError" not in shown
    assert (tmp_path / "own.log").read_text().count("ZeroDivisionError") == 1


@pytest.mark.parametrize(
    ("environ", "end", "message"),
    [
        ({"PORT": "eighty"}, "", "spa: 'eighty' is not a port; set --port, port= or PORT to a number from 0 to 65535"),
        ({"HOST": "203.0.113.7"}, "", "spa: cannot listen on 203.0.113.7:8000: "),
        ({"HOST": "203.0.113.7"}, "reload=True", "spa: cannot listen on 203.0.113.7:8000: "),
        ({}, f"host={'é' * 70!r}", f"spa: cannot listen on {'é' * 70}:8000: {'é' * 70!r} is not the name of a host"),
        ({}, "port=0, certfile='nope.pem'", "spa: cannot use the certificate nope.pem: No such file or directory; "),
    ],
)
def test_a_wrong_environment_is_one_line(tmp_path, environ, end, message):
    done = end_of(write(tmp_path, f"spa.run(app, {end})\n"), environ)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith(message)


def test_a_port_in_use_is_one_line(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = end_of(write(tmp_path, f"spa.run(app, port={port})\n"), {})
    assert done.returncode == 1
    assert done.stderr == (
        f"spa: cannot listen on 127.0.0.1:{port}: the port is in use; "
        "stop the other program, or choose another with --port, port= or PORT\n"
    )


def end_of(path, environ):
    """Run a program to its end, in an environment of its own."""
    return subprocess.run(
        [sys.executable, path], env={"PATH": "/usr/bin", **environ}, capture_output=True, text=True, timeout=30
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"threaded": True}, "spa.run has no option 'threaded'; there are debug, host, port, reload"),
        ({"prot": 3}, "spa.run has no option 'prot'; did you mean 'port'?"),
        ({"ca_certs": "x"}, "spa.run has no option 'ca_certs'"),
        ({"keyfile": "key.pem"}, "name that too, with certfile"),
    ],
)
def test_an_option_that_there_is_not_is_refused_at_the_start(options, message):
    with pytest.raises(SetupError) as caught:
        start(lambda: pytest.fail("loaded"), "127.0.0.1", 0, Path.cwd(), **options)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("app", "kind"),
    [(spa.App, "the class App"), (spa.Handler, "the class Handler"), ((), "tuple"), (None, "NoneType")],
)
def test_what_is_no_app_is_refused_at_the_start(app, kind):
    with pytest.raises(SetupError) as caught:
        spa.run(app, port=0)
    assert str(caught.value) == f"spa.run serves an app, not {kind}; pass the app: spa.run(spa.App(routes))"


def test_a_port_in_the_place_of_the_host_is_told():
    with pytest.raises(SetupError, match="a port alone is port=8000"):
        choose_address(8000, None, {})


@pytest.mark.parametrize("port", [1.5, [80], "80a", -1, 65536])
def test_what_is_no_port_is_told(port):
    with pytest.raises(SetupError, match=r"is not a port; set --port, port= or PORT to a number from 0 to 65535"):
        choose_address(None, port, {})


def test_a_certificate_is_looked_at_before_a_reloading_parent_waits():
    with pytest.raises(SystemExit, match="cannot use the certificate /nope"):
        start(lambda: pytest.fail("loaded"), "127.0.0.1", 0, Path.cwd(), reload=True, certfile="/nope")
