"""Stop each server while WebSockets are open and a request is in flight."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests import wire
from tests.processes import NO_CONTROL_SOCKET, ROOT, free_port, running

MODULE = "tests.system.drainapp"
WORKER = "spa.server.worker.Worker"
UPGRADING_WORKER = "geventwebsocket.gunicorn.workers.GeventWebSocketWorker"  # answers 101 before the app is asked
AT_ONCE = 1.0  # seconds


def command(name, port, timeout=30, *options, before=""):
    """Return how to start the app under a server that gives handlers so many seconds at the end."""
    python = sys.executable
    if name == "spa.run":
        words = [python, "-m", MODULE, port, timeout]
    else:
        words = [python, "-m", "gunicorn", "-k", name, "-b", f"127.0.0.1:{port}"]
        words += ["--graceful-timeout", timeout, *options, f"{MODULE}:app"]
    return ["bash", "-c", f'{before} exec "$@"', "bash", *words]


def start_slow_request(port):
    """Start a request that takes two seconds; the list returned gets its answer."""
    answers = []
    connection = wire.Wire(port)
    connection.write(b"GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n")

    def read():
        with connection:
            answers.append(connection.read_response())

    thread = threading.Thread(target=read)
    thread.start()
    return thread, answers


def process(port):
    return json.loads(wire.get(port, "/process").body)


def echo(connection):
    connection.text("here")
    assert connection.read_text() == "here"


@pytest.mark.parametrize("name", ["spa.run", "gevent", WORKER, UPGRADING_WORKER])
def test_on_sigterm_sockets_get_1001_at_once_and_the_request_in_flight_completes(name):
    port = free_port()
    with running(command(name, port), port, cwd=ROOT) as program, ExitStack() as stack:
        sockets = [stack.enter_context(wire.connect(port)) for _ in range(100)]
        for connection in sockets:
            echo(connection)
        thread, answers = start_slow_request(port)
        wire.wait_for(lambda: process(port)["slow"], "the request in flight, not in the listener's queue")
        started = time.monotonic()
        program.send_signal(signal.SIGTERM)
        for connection in sockets:
            close = connection.read_close()
            assert close.code == 1001
            connection.send(wire.CLOSE, close.payload)
        assert time.monotonic() - started < AT_ONCE
        thread.join(wire.PATIENCE)
        answered = time.monotonic()
        returncode, out, err = program.finish()
        assert time.monotonic() - answered < 3
        assert [answer.status for answer in answers] == [200]
        assert answers[0].body == b"done"
        if name in ("spa.run", WORKER):  # the others promise, or do not deny, that the connection goes on
            assert answers[0].headers["connection"] == "close"
        assert returncode == 0
        assert "Traceback" not in out + err


@pytest.mark.parametrize(("name", "timeout"), [("spa.run", 1), ("gevent", 2), (WORKER, 4)])
def test_a_handler_that_ignores_its_end_is_stopped_at_the_deadline(name, timeout):
    port = free_port()
    words = command(name, port, timeout)
    with running(words, port, cwd=ROOT) as program, wire.connect(port, "/stubborn") as connection:
        program.send_signal(signal.SIGTERM)
        assert connection.skip_to_close().code == 1001
        returncode, out, err = program.finish(timeout + 3)
        assert returncode == 0
        assert "Traceback" not in out + err


@pytest.mark.parametrize("name", ["spa.run", WORKER])
def test_ctrl_c_ends_without_a_traceback(name):
    port = free_port()
    with running(command(name, port), port, cwd=ROOT) as program, wire.connect(port) as connection:
        echo(connection)
        os.killpg(program.pid, signal.SIGINT)  # as the terminal does, to the whole group
        close = connection.read_close()
        assert close.code == 1001
        connection.send(wire.CLOSE, close.payload)
        returncode, out, err = program.finish(5)
        assert returncode == 0
        assert "Traceback" not in out + err


REQUEST = b"GET /process HTTP/1.1\r\nHost: localhost\r\n\r\n"
HALF = len(REQUEST) - 10  # within a field
LONG = "20"  # seconds that no test waits
KEEP = ("--keep-alive", "60", *NO_CONTROL_SOCKET)  # gunicorn would end a silent connection after two seconds


def open_connections(stack, port, *begun):
    """Return connections: one that is kept behind an answer, and for each of ``begun`` one that has sent so much."""
    connections = [stack.enter_context(wire.Wire(port)) for _ in range(len(begun) + 1)]
    connections[0].write(REQUEST)
    assert connections[0].read_response().status == 200
    for connection, size in zip(connections[1:], begun, strict=True):
        connection.write(REQUEST[:size])
    return connections


@pytest.mark.parametrize("name", ["spa.run", WORKER])
def test_requests_that_are_on_their_way_at_the_stop_are_answered(name):
    port = free_port()
    with running(command(name, port, 30, *KEEP), port, {"GRACE": LONG}, ROOT) as program, ExitStack() as stack:
        kept, fresh, upgrading, half = open_connections(stack, port, 0, 0, HALF)
        second, *_ = open_connections(stack, port)
        second.write(REQUEST[:HALF])
        program.send_signal(signal.SIGTERM)
        kept.wait_for_end()  # so it has begun to stop
        for connection, rest in ((fresh, REQUEST), (half, REQUEST[HALF:]), (second, REQUEST[HALF:])):
            connection.write(rest)
            answer = connection.read_response()
            assert (answer.status, answer.headers["connection"]) == (200, "close")
            connection.wait_for_end()
        upgrading.write(wire.handshake("/"))
        assert upgrading.read_head().status == 101
        close = upgrading.read_close()
        assert close.code == 1001
        upgrading.send(wire.CLOSE, close.payload)
        returncode, out, err = program.finish()
        assert returncode == 0
        assert "Traceback" not in out + err


@pytest.mark.parametrize("name", ["spa.run", WORKER])
def test_who_sends_no_request_is_cut_without_an_answer_and_delays_the_stop_for_a_moment(name):
    port = free_port()
    with running(command(name, port, 30, *KEEP), port, cwd=ROOT) as program, ExitStack() as stack:
        silent = open_connections(stack, port, 0, 1, HALF)
        program.send_signal(signal.SIGTERM)
        for connection in silent:
            connection.wait_for_end()
        returncode, out, err = program.finish(10)
        assert returncode == 0
        assert "Traceback" not in out + err
        assert " 400 " not in out + err


def test_requests_that_wait_in_the_kernel_are_answered_by_a_worker_that_stops(tmp_path):
    port = free_port()
    environ = {"GRACE": LONG, "BLOCK": str(tmp_path)}
    with running(command(WORKER, port, 30, *KEEP), port, environ, ROOT) as program, ExitStack() as stack:
        listener = sockets_of(program.pid) & sockets_of(process(port)["pid"])
        blocking = stack.enter_context(wire.Wire(port))
        blocking.write(b"GET /block HTTP/1.1\r\nHost: localhost\r\n\r\n")
        wire.wait_for((tmp_path / "begun").exists)
        waiting = [stack.enter_context(wire.Wire(port)) for _ in range(150)]  # more than gevent's own backlog
        for connection in waiting:
            connection.write(REQUEST)
        program.send_signal(signal.SIGTERM)
        wire.wait_for(lambda: not listener & sockets_of(program.pid), "the arbiter has closed the listener")
        time.sleep(0.3)  # the signal has come, and is looked at before the listener
        (tmp_path / "over").touch()
        assert [connection.read_response().status for connection in [blocking, *waiting]] == [200] * 151
        returncode, out, err = program.finish()
        assert returncode == 0
        assert "Traceback" not in out + err


def test_a_reload_sends_the_old_sockets_away_and_the_new_worker_serves():
    port = free_port()
    with running(command(WORKER, port), port, cwd=ROOT) as program, wire.connect(port) as connection:
        echo(connection)
        before = process(port)["pid"]
        program.send_signal(signal.SIGHUP)
        close = connection.read_close()
        assert close.code == 1001
        connection.send(wire.CLOSE, close.payload)
        wire.wait_for(lambda: process(port)["pid"] != before, "another worker", 10)
        with wire.connect(port) as another:
            echo(another)


def test_max_requests_sends_the_sockets_of_the_worker_away():
    port = free_port()
    options = ("--max-requests", "4")
    words = command(WORKER, port, 30, *options)
    with running(words, port, cwd=ROOT, is_asked=False), wire.connect(port) as connection:
        echo(connection)
        before = process(port)["pid"]
        for _ in range(2):  # the third and the fourth request
            wire.get(port, "/process")
        close = connection.read_close()
        assert close.code == 1001
        connection.send(wire.CLOSE, close.payload)
        wire.wait_for(lambda: process(port)["pid"] != before, "another worker", 10)


def test_the_worker_logs_a_websocket_when_it_has_closed():
    port = free_port()
    options = ("--access-logfile", "-", "--access-logformat", "%(r)s %(s)s %(M)s ms")
    with running(command(WORKER, port, 30, *options), port, cwd=ROOT) as program:
        with wire.connect(port) as connection:
            echo(connection)
            connection.send(wire.CLOSE)
            assert connection.read_close().code is None
        wire.wait_for(lambda: "GET / HTTP/1.1 101 " in program.output()[0], "the line in the log")


def test_preloaded_workers_share_no_socket_but_the_listener():
    port = free_port()
    options = ("--preload", "--workers", "2")
    with running(command(WORKER, port, 30, *options), port, cwd=ROOT) as program, ExitStack() as stack:
        workers: set[int] = set()

        def has_met_both():
            connection = stack.enter_context(wire.connect(port))
            echo(connection)
            workers.add(process(port)["pid"])
            return len(workers) == 2

        wire.wait_for(has_met_both, "both workers", 20)
        first, second = (sockets_of(pid) for pid in workers)
        assert first & second
        assert first & second <= sockets_of(program.pid)


def sockets_of(pid):
    """Return the sockets that a process has open."""
    links = []
    for number in Path(f"/proc/{pid}/fd").iterdir():
        try:
            links.append(os.readlink(number))
        except FileNotFoundError:
            continue  # closed meanwhile
    return {link for link in links if link.startswith("socket:")}


@pytest.mark.parametrize("name", ["spa.run", "gevent", WORKER])
def test_out_of_descriptors_the_server_does_not_spin_and_recovers(name):
    port = free_port()
    with running(command(name, port, before="ulimit -n 64;"), port, cwd=ROOT) as program:
        pid = process(port)["pid"]
        with ExitStack() as stack:
            for _ in range(150):
                stack.enter_context(wire.Wire(port))
            wire.wait_for(lambda: len(list(Path(f"/proc/{pid}/fd").iterdir())) >= 60, "descriptors used up")
            before = cpu_seconds(pid)
            time.sleep(1)  # what is measured is what it does while nothing happens
            assert cpu_seconds(pid) - before < 0.3
        left = time.monotonic()
        assert wire.get(port, "/process").status == 200
        # gevent, where Spa cannot tell it otherwise, doubles its wait up to a second: it looks after 1.27 s and 2.27 s.
        assert time.monotonic() - left < (2 if name == "gevent" else 1.1)
        program.stop()


def cpu_seconds(pid):
    """Return the processor time a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_a_port_in_use_is_one_line_that_names_the_fix():
    port = free_port()
    with running(command("spa.run", port), port, cwd=ROOT):
        second = subprocess.run(
            [sys.executable, "-m", MODULE, str(port), "1"], cwd=ROOT, capture_output=True, text=True, timeout=30
        )
    assert second.returncode == 1
    assert second.stderr.splitlines() == [
        f"spa: cannot listen on 127.0.0.1:{port}: "
        "the port is in use; stop the other program, or choose another with --port, port= or PORT"
    ]
