"""Bodies compressed in the background: once each, within bounds."""

import gzip
import logging
import os
import random
import subprocess
import sys
import threading
import zlib

import gevent
import pytest

from spa.coding import compress
from spa.static.compressor import OVERHEAD, THOROUGH, Compressor
from tests.loop import wait_until

TEXT = b"body { color: rebeccapurple; margin: 0 auto }\n" * 100
NOISE = random.Random(1).randbytes(4000)  # cannot be made smaller
PATIENCE = 20  # seconds until a test says that something never came


def never():
    raise AssertionError("the data was read again")


def settle(compressor, key, data=never, coding="gzip"):
    """Ask until the body is there."""
    return wait_until(lambda: compressor.get(key, data, coding), patience=PATIENCE)


def idle(compressor):
    """Wait until nothing is under way: a refused body gives no other sign."""
    wait_until(lambda: not compressor._claimed, patience=PATIENCE)


@pytest.fixture
def compressions(monkeypatch):
    """Note each compression."""
    seen = []

    def noting(data, coding, *, thorough):
        seen.append((len(data), coding, thorough))
        return compress(data, coding, thorough=thorough)

    monkeypatch.setattr("spa.static.compressor.compress", noting)
    return seen


def test_a_body_is_compressed_once_for_all_who_ask(compressions):
    compressor = Compressor()
    reads = []

    def read():
        reads.append(1)
        gevent.sleep(0)  # lets the others ask meanwhile
        return TEXT

    asking = [gevent.spawn(compressor.get, "a", read, "gzip") for _ in range(100)]
    gevent.joinall(asking, timeout=PATIENCE, raise_error=True)
    assert [one.value for one in asking] == [None] * 100
    assert gzip.decompress(settle(compressor, "a")) == TEXT
    assert compressor.get("a", never, "gzip") is compressor.get("a", never, "gzip")
    assert reads == [1]
    assert compressions.count((len(TEXT), "gzip", True)) == 1  # a compressor of another test may still be at work


def test_greenlets_run_while_a_body_is_compressed(monkeypatch):
    begun, go_on = threading.Event(), threading.Event()

    def slowly(data, coding, *, thorough):
        begun.set()
        assert go_on.wait(PATIENCE), "nobody ran meanwhile"
        return b"small"

    monkeypatch.setattr("spa.static.compressor.compress", slowly)
    compressor = Compressor()
    assert compressor.get("a", lambda: TEXT, "gzip") is None
    wait_until(begun.is_set)
    assert compressor.get("a", never, "gzip") is None
    go_on.set()
    assert settle(compressor, "a") == b"small"


def test_each_key_and_coding_has_a_body_of_its_own(monkeypatch):
    monkeypatch.setattr("spa.static.compressor.compress", lambda data, coding, *, thorough: coding.encode() + data[:1])
    compressor = Compressor()
    for key, data, coding, body in [
        ("a", b"1" * 500, "gzip", b"gzip1"),
        ("a", b"1" * 500, "br", b"br1"),
        (("a", 2), b"2" * 500, "gzip", b"gzip2"),
    ]:
        assert settle(compressor, key, lambda data=data: data, coding) == body
    assert compressor.get("a", never, "gzip") == b"gzip1"


def test_only_small_bodies_get_the_best_level(compressions):
    compressor = Compressor()
    for size in (THOROUGH, THOROUGH + 1):
        settle(compressor, size, lambda size=size: bytes(size))
    assert [thorough for _, _, thorough in compressions] == [True, False]


@pytest.mark.parametrize(("size", "kept"), [(900, True), (901, False), (1000, False), (1100, False)])
def test_a_body_is_kept_if_it_is_smaller_by_a_tenth(monkeypatch, size, kept):
    monkeypatch.setattr("spa.static.compressor.compress", lambda data, coding, *, thorough: bytes(size))
    compressor = Compressor()
    compressor.get("a", lambda: bytes(1000), "gzip")
    idle(compressor)
    assert compressor.get("a", never, "gzip") == (bytes(size) if kept else None)


def test_what_does_not_pay_is_not_tried_again(compressions):
    compressor = Compressor()
    compressor.get("a", lambda: NOISE, "gzip")
    idle(compressor)
    for _ in range(3):
        assert compressor.get("a", never, "gzip") is None
        idle(compressor)
    assert len(compressions) == 1


def test_what_was_not_asked_for_longest_is_forgotten_first(monkeypatch):
    monkeypatch.setattr("spa.static.compressor.compress", lambda data, coding, *, thorough: data[:100])
    compressor = Compressor(capacity=3 * (100 + OVERHEAD))
    for key in b"abc":
        settle(compressor, key, lambda key=key: bytes([key]) * 200)
    assert compressor.get(ord("a"), never, "gzip") == b"a" * 100
    settle(compressor, ord("d"), lambda: b"d" * 200)
    for key in b"acd":
        assert compressor.get(key, never, "gzip") == bytes([key]) * 100
    assert compressor.get(ord("b"), lambda: b"b" * 200, "gzip") is None
    assert settle(compressor, ord("b")) == b"b" * 100


def test_memory_is_bounded_whatever_comes(monkeypatch):
    monkeypatch.setattr("spa.static.compressor.compress", lambda data, coding, *, thorough: data[: len(data) // 2])
    compressor = Compressor(capacity=10_000)
    for key in range(300):
        compressor.get(key, lambda key=key: bytes(key * 10), "gzip")
        idle(compressor)
        assert sum(len(body) + OVERHEAD for body in compressor._bodies._values.values()) <= 10_000
    assert compressor._queued == 0


def test_a_body_over_the_capacity_drives_out_no_other(monkeypatch):
    monkeypatch.setattr("spa.static.compressor.compress", lambda data, coding, *, thorough: data[:-400])
    compressor = Compressor(capacity=2000)
    settle(compressor, "small", lambda: b"s" * 600)
    compressor.get("large", lambda: bytes(2500), "gzip")
    idle(compressor)
    assert compressor.get("large", never, "gzip") is None
    assert compressor.get("small", never, "gzip") == b"s" * 200


def test_the_queue_is_bounded_and_what_found_it_full_may_come_again():
    compressor = Compressor(waiting=2)
    assert [compressor.get(key, lambda: TEXT, "gzip") for key in "ab"] == [None, None]
    assert compressor.get("c", never, "gzip") is None
    assert settle(compressor, "a")
    assert settle(compressor, "b")
    assert settle(compressor, "c", lambda: TEXT)


def test_the_bytes_that_wait_are_bounded_too():
    compressor = Compressor(capacity=len(TEXT) + 1)
    assert [compressor.get(key, lambda: TEXT, "gzip") for key in "ab"] == [None, None]
    assert compressor.get("c", never, "gzip") is None
    assert settle(compressor, "b")
    assert settle(compressor, "c", lambda: TEXT)


def test_data_that_cannot_be_read_is_asked_for_again():
    compressor = Compressor(waiting=1)

    def gone():
        raise FileNotFoundError

    assert compressor.get("a", gone, "gzip") is None
    assert settle(compressor, "a", lambda: TEXT)


def test_a_bug_in_reading_is_raised_and_holds_up_nobody():
    compressor = Compressor(waiting=1)
    with pytest.raises(ZeroDivisionError):
        compressor.get("a", lambda: 1 // 0, "gzip")
    assert settle(compressor, "a", lambda: TEXT)


def test_a_failed_compression_is_logged_once_and_holds_up_nobody(caplog, capsys):
    compressor = Compressor()
    compressor.get("a", lambda: TEXT, "no-such-coding")
    idle(compressor)
    assert compressor.get("a", never, "no-such-coding") is None
    assert settle(compressor, "b", lambda: TEXT)
    assert [(record.name, record.levelno) for record in caplog.records] == [("spa.static", logging.ERROR)]
    assert "no-such-coding" in caplog.text
    assert "LookupError" in caplog.text
    assert "Traceback" not in capsys.readouterr().err, "gevent would print it a second time"


def test_a_killed_greenlet_loses_no_work(monkeypatch):
    begun, go_on = threading.Event(), threading.Event()

    def slowly(data, coding, *, thorough):
        begun.set()
        go_on.wait(PATIENCE)
        return zlib.compress(data)

    monkeypatch.setattr("spa.static.compressor.compress", slowly)
    compressor = Compressor()
    compressor.get("a", lambda: TEXT, "gzip")
    wait_until(begun.is_set)
    compressor._worker.kill()
    go_on.set()
    assert zlib.decompress(settle(compressor, "a")) == TEXT


FORK = """
import os, sys, threading
import gevent
from spa.static import compressor as module

parent, begun = os.getpid(), threading.Event()

def slowly(data, coding, *, thorough):
    if os.getpid() == parent:
        begun.set()
        threading.Event().wait()
    return b"small"

module.compress = slowly
compressor = module.Compressor()
compressor.get("a", lambda: bytes(500), "gzip")
while not begun.is_set():
    gevent.sleep(0.001)
child = gevent.os.fork()
if child:
    os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
with gevent.Timeout(10):
    while compressor.get("a", None, "gzip") != b"small":
        gevent.sleep(0.001)
os._exit(42)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_process_goes_on_with_the_work():
    done = subprocess.run([sys.executable, "-c", FORK], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 42, done.stderr
