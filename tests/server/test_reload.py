"""Serve in a child process, and start a new one when a file changes."""

import os
import signal
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from gevent.socket import socket

from spa.errors import SetupError
from spa.server import reload
from tests import wire
from tests.processes import ROOT, Program, free_port, running

PATIENCE = 20.0  # seconds for a new child to answer, on a slow and busy machine

APP = """
from gevent.monkey import patch_all; patch_all()
import os
import spa

class Value(spa.Handler):
    def get(self):
        return '{version} ' + str(os.getpid())

    def websocket(self):
        self.ws.send('{version}')
        self.ws.receive()

class Block(spa.Handler):
    def get(self):
        while True:
            pass

app = spa.App((('/', '', Value), ('/block', '', Block)))
{end}
"""
REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
RUN = "spa.run(app, port={port}, reload={reload})"


class Project:
    """An app in a directory of its own, and the port it is served on."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.port = free_port()
        self.end = RUN.format(port=self.port, reload=True)

    def save(self, version: str) -> None:
        """Write the app, as an editor does: into a new file that takes the place of the old.

        Where it is imported, the next version must have another length: Python takes a ``.pyc`` for that of any file
        of the same size that was changed in the same second.
        """
        self.write("app.py", APP.format(version=version, end=self.end))

    def write(self, name: str, text: str) -> None:
        """Put a file in place."""
        path = self.directory / name
        path.parent.mkdir(exist_ok=True)
        fresh = self.directory / "unsaved"
        fresh.write_text(text)
        fresh.replace(path)

    @contextmanager
    def serving(self, *command: str):
        """Run the app as a program until it listens, and see that it leaves no process behind."""
        words = [sys.executable, *(command or ("app.py",))]
        environ = {"HOST": "127.0.0.1", "PORT": str(self.port)}
        with running(words, self.port, environ, self.directory) as program:
            yield program

    def ask(self, version: str) -> int:
        """Ask until this version answers, and return its process."""

        def answer():
            try:
                body = wire.get(self.port, "/").body.decode()
            except (EOFError, OSError):  # a child that had taken the connection was ended by force
                return False
            return body.startswith(f"{version} ") and int(body.split()[1])

        return wire.wait_for(answer, version, PATIENCE)


@pytest.fixture
def project(tmp_path):
    project = Project(tmp_path)
    project.save("one")
    return project


def is_alive(pid: int) -> bool:
    """Tell whether a process runs; one that has ended and has not been waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):  # the latter when it goes between open and read
        return False


def wait_for_output(program: Program, text: str) -> None:
    wire.wait_for(lambda: text in program.output()[1], text, PATIENCE)


COMMANDS = {
    "python app.py": ["app.py"],
    "python -m app": ["-m", "app"],
    "python -m spa run": ["-m", "spa", "run", "--reload"],
    "spa run": [str(Path(sys.executable).with_name("spa")), "run", "app:app", "--reload"],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_over_two_saves_websockets_are_sent_away_and_find_the_new_code(project, name):
    with project.serving(*COMMANDS[name]) as program:
        for before, after in (("one", "second"), ("second", "third")):
            with wire.connect(project.port, "/") as connection:
                assert connection.read_text() == before
                project.save(after)
                connection.sock.settimeout(PATIENCE)
                close = connection.read_close()
                assert (close.code, close.reason) == (1001, "the server is stopping")
                connection.send(wire.CLOSE, close.payload)
            wire.wait_for(lambda: is_version(project.port, after), after, PATIENCE)  # noqa: B023
        pid = project.ask("third")
        outcome = program.stop()
    assert outcome.returncode == 0, outcome.stderr
    assert outcome.stderr.count("app.py changed, starting again\n") == 2
    assert "Traceback" not in outcome.stderr
    assert outcome.stderr.endswith("Spa is stopping\n")
    assert not is_alive(pid)


def is_version(port: int, version: str) -> bool:
    """Reconnect as a client would: no connection is refused, though the old child may still take one and close it."""
    with wire.Wire(port) as connection:
        connection.sock.settimeout(PATIENCE)
        try:
            connection.write(wire.handshake("/"))
            return connection.read_head().status == 101 and connection.read_text() == version
        except (EOFError, ConnectionError):
            return False


@pytest.mark.parametrize("name", ["python app.py", "spa run"])
def test_a_mistake_is_shown_and_the_next_save_serves_those_who_wait(project, name):
    with project.serving(*COMMANDS[name]) as program:
        project.ask("one")
        project.write("app.py", "def broken(:\n    pass\n")
        wait_for_output(program, "SyntaxError: ")
        wait_for_output(program, "The program has ended with status 1; save a file to start it again\n")
        with wire.Wire(project.port) as waiting:
            waiting.sock.settimeout(PATIENCE)
            waiting.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            project.save("mended")
            assert waiting.read_response().body.startswith(b"mended ")
        shown = program.stop().stderr
    assert "importlib" not in shown
    assert "def broken(:" in shown


@pytest.mark.parametrize("name", ["python app.py", "spa run"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_the_whole_terminal_ends_both_without_a_traceback(project, name, number):
    with project.serving(*COMMANDS[name]) as program:
        pid = project.ask("one")
        with wire.connect(project.port, "/") as connection:
            assert connection.read_text() == "one"
            os.killpg(program.pid, number)
            assert connection.read_close().code == 1001
        outcome = program.finish()
    assert outcome.returncode == 0
    assert "Traceback" not in outcome.stderr
    wire.wait_for(lambda: not is_alive(pid))


def test_ctrl_c_ends_a_program_that_waits_for_a_save(project):
    project.write("app.py", "import nothing_of_this_name\n" + APP.format(version="one", end=project.end))
    with project.serving(*COMMANDS["spa run"]) as program:
        wait_for_output(program, "save a file")
        os.killpg(program.pid, signal.SIGINT)
        assert program.finish().returncode == 0


def test_when_the_parent_is_killed_the_child_ends(project):
    with project.serving() as program:
        pid = project.ask("one")
        program.kill()
        program.finish()
        wire.wait_for(lambda: not is_alive(pid))


PATIENT = """
from spa.server import grace, launch, reload
grace.GRACE = launch.DRAIN = reload.PATIENCE = 15.0
"""


def test_what_is_on_its_way_at_a_save_is_answered_and_what_waits_meets_the_new_code(project):
    project.end = PATIENT + project.end
    project.save("one")
    with project.serving() as program, ExitStack() as stack:
        kept, fresh, half, upgrading = (stack.enter_context(wire.Wire(project.port)) for _ in range(4))
        kept.write(REQUEST)
        assert kept.read_response().status == 200
        half.write(REQUEST[:20])
        project.save("two")
        kept.sock.settimeout(PATIENCE)
        kept.wait_for_end(PATIENCE)  # so the child has begun to stop
        waiting = stack.enter_context(wire.Wire(project.port))
        waiting.write(REQUEST)
        for connection, rest in ((fresh, REQUEST), (half, REQUEST[20:])):
            connection.write(rest)
            answer = connection.read_response()
            assert answer.body.startswith(b"one ")
            assert answer.headers["connection"] == "close"
        upgrading.write(wire.handshake("/"))
        assert upgrading.read_head().status == 101
        close = upgrading.skip_to_close()
        assert close.code == 1001
        upgrading.send(wire.CLOSE, close.payload)
        waiting.sock.settimeout(PATIENCE)
        assert waiting.read_response().body.startswith(b"two ")
        assert "Traceback" not in program.stop().stderr


def test_a_child_whose_loop_is_blocked_is_exchanged_all_the_same(project):
    with project.serving() as program:
        pid = project.ask("one")
        with wire.Wire(project.port) as blocked:
            blocked.write(b"GET /block HTTP/1.1\r\nHost: localhost\r\n\r\n")
            wire.wait_for(lambda: is_busy(pid))
            project.save("two")
            project.ask("two")
        assert not is_alive(pid)
        program.stop()


def is_busy(pid: int) -> bool:
    """Tell whether a process computes."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "R"


def test_only_python_and_what_was_asked_for_is_watched(project):
    project.write("templates/page.html", "one")
    project.end = RUN.format(port=project.port, reload=["templates"])
    project.save("one")
    with project.serving() as program:
        project.ask("one")
        for name in ("notes.txt", ".venv/module.py", "node_modules/module.py", "__pycache__/module.py"):
            project.write(name, "changed")
        project.write("templates/page.html", "two")
        wait_for_output(program, "page.html changed, starting again\n")
        project.ask("one")
        project.write("static/new.css", "")
        project.write("package/new.py", "x = 1")
        wire.wait_for(lambda: program.output()[1].count("starting again\n") == 2, "a new package", PATIENCE)
        project.ask("one")
        lines = program.stop().stderr.splitlines()
    changed = [line for line in lines if "changed" in line]
    assert changed[0] == "templates/page.html changed, starting again"
    assert changed[1].startswith("package")
    assert len(changed) == 2


def test_the_command_line_watches_what_it_includes(project):
    project.write("templates/page.html", "one")
    with project.serving("-m", "spa", "run", "--reload-include", "templates") as program:
        project.ask("one")
        project.write("templates/page.html", "two")
        wait_for_output(program, "templates/page.html changed")
        project.ask("one")


def test_a_program_that_debugs_and_reloads_tells_the_same_pin(project):
    with project.serving("-m", "spa", "run", "--reload", "--debug", "--host", "127.0.0.1") as program:
        project.ask("one")
        project.save("second")
        project.ask("second")
        pins = [line for line in program.stop().stderr.splitlines() if "PIN" in line]
    assert len(pins) == 2
    assert len(set(pins)) == 1


def test_without_watchfiles_the_message_names_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    with pytest.raises(SetupError, match=r"pip install 'spa\[dev\]'"):
        reload.Reloader([], tmp_path, [])


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["python", "app.py", "--fast"], ["app.py", "--fast"]),
        (["/usr/bin/python3", "-W", "error", "-m", "app"], ["-W", "error", "-m", "app"]),
    ],
)
def test_the_program_is_started_as_it_was(arguments, expected):
    main = SimpleNamespace(__file__="app.py")
    assert reload.find_command(arguments, main) == [sys.executable, *expected]


def test_a_program_that_is_in_no_file_cannot_be_started_again():
    with pytest.raises(SetupError, match=r"it must be in a file: python app\.py"):
        reload.find_command(["python", "-c", "..."], SimpleNamespace())


@pytest.mark.parametrize(
    ("main", "expected"),
    [
        (SimpleNamespace(__file__="/srv/shop/app.py", __spec__=None), Path("/srv/shop")),
        (SimpleNamespace(__file__="app.py", __spec__=None), Path.cwd()),
        (SimpleNamespace(__file__="/srv/shop/app.py", __spec__="with -m"), Path.cwd()),
        (SimpleNamespace(__spec__=None), Path.cwd()),
    ],
)
def test_the_directory_of_a_project_is_where_its_modules_are_imported_from(main, expected):
    assert reload.project_directory(main) == expected


def test_a_path_that_is_not_there_and_a_string_are_mistakes(tmp_path):
    assert reload.check_paths([tmp_path]) == [tmp_path]
    with pytest.raises(SetupError, match=r"cannot watch .*nope: it is not there"):
        reload.check_paths([tmp_path / "nope"])
    with pytest.raises(SetupError, match=r"write reload=\['templates'\]"):
        reload.check_paths("templates")
    with pytest.raises(SetupError, match=r"write reload=\[PosixPath\("):
        reload.check_paths(tmp_path)
    with pytest.raises(SetupError, match=r"takes True, or a list of paths, not 5$"):
        reload.check_paths(5)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/p/a.py", True),
        ("/p/a.txt", False),
        ("/p/templates/a.txt", True),
        ("/p/templates", True),
        ("/p/templates-old/a.txt", False),
        ("/p/settings.toml", True),
        (str(ROOT / "spa"), True),
        (str(ROOT / "examples" / "static"), False),
    ],
)
def test_a_new_start_follows_python_and_what_is_under_further_paths(path, expected):
    assert reload.is_source(path, [Path("/p/templates"), Path("/p/settings.toml")]) is expected


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        ({"/p/b.py", "/p/in/a.py"}, "b.py, in/a.py"),
        ({"/q/c.py"}, "/q/c.py"),
        ({f"/p/{name}.py" for name in "abcde"}, "a.py, b.py, c.py and 2 more"),
    ],
)
def test_a_few_changed_files_are_named(paths, expected):
    assert reload.name_changes(paths, Path("/p")) == expected


def test_a_handover_is_taken_once_and_only_from_the_parent_itself():
    with socket() as listener:
        lifeline, held = os.pipe()
        given = f"{listener.fileno()},{lifeline}"
        assert reload.take_handover({}) is None
        assert reload.take_handover({reload.VARIABLE: f"{os.getppid() + 1},{given}"}) is None
        environ = {reload.VARIABLE: f"{os.getppid()},{given}"}
        assert reload.is_child(environ)
        handover = reload.take_handover(environ)
        assert not reload.is_child(environ)
        assert (handover.listener.fileno(), handover.lifeline) == (listener.fileno(), lifeline)
        handover.listener.detach()
        os.close(lifeline)
        os.close(held)


