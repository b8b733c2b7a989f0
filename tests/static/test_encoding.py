"""Content codings: which a client likes best, and the compressed forms."""

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
from hypothesis import given
from hypothesis import strategies as st

from spa.errors import SetupError
from spa.static import encoding
from spa.static.encoding import OVERHEAD, SIBLINGS, Compressor, available_codings, compress, negotiate

ALL = ("gzip", "zstd", "br")
TEXT = b"body { color: rebeccapurple; margin: 0 auto }\n" * 100
NOISE = random.Random(1).randbytes(4000)  # cannot be made smaller
PATIENCE = 20  # seconds until a test says that something never came


def decompress(body, coding):
    if coding == "gzip":
        return gzip.decompress(body)
    if coding == "br":
        return pytest.importorskip("brotli").decompress(body)
    if sys.version_info >= (3, 14):
        from compression import zstd

        return zstd.decompress(body)
    return pytest.importorskip("zstandard").ZstdDecompressor().decompress(body)


@pytest.mark.parametrize(
    ("accept_encoding", "coding"),
    [
        (None, None),
        ("", None),
        (" , ", None),
        ("gzip", "gzip"),
        ("GZIP", "gzip"),
        ("x-gzip", "gzip"),
        ("gzip, deflate, br, zstd", "br"),
        ("gzip, deflate, br", "br"),
        ("gzip, zstd", "zstd"),
        ("deflate", None),
        ("deflate, gzip;q=0.1", "gzip"),
        ("br;q=0.5, gzip;q=0.8", "gzip"),
        ("br;q=0.5,gzip ; q=0.5", "br"),
        ("br;Q=0.1, gzip;q=0.2", "gzip"),
        ("br;level=3;q=0.1, gzip;q=0.2", "gzip"),
        ("br;q=1.000, gzip;q=1.0", "br"),
        ("gzip;q=0.3333, br;q=0.2", "gzip"),
        ("gzip;q=0", None),
        ("gzip;q=0.000, br;q=0.001", "br"),
        ("*", "br"),
        ("*;q=0", None),
        ("*;q=0.5, br;q=0", "zstd"),
        ("gzip, *;q=0", "gzip"),
        ("gzip;q=1.0, identity;q=0.5, *;q=0", "gzip"),
        ("identity", None),
        ("identity, gzip;q=0.5", None),
        ("identity;q=0.5, gzip;q=0.5", "gzip"),
        ("identity;q=0.5, gzip", "gzip"),
        ("identity;q=0, gzip;q=0.1", "gzip"),
        ("identity;q=0", None),
        ("identity;q=0, *;q=0", None),
        # Names are whole.
        ("x-gzip-foo", None),
        ("notgzip", None),
        ("gzi", None),
        ("brotli", None),
        # A weight that is none: as if the coding had not been named.
        ("gzip;q=nan", None),
        ("gzip;q=inf", None),
        ("gzip;q=1e0", None),
        ("gzip;q=1.5", None),
        ("gzip;q=-1", None),
        ("gzip;q=", None),
        ("gzip;q", None),
        ("gzip;q=\u0661", None),
        ("br;q=nan, gzip;q=0.1", "gzip"),
        ("gzip;q=x, *;q=0.1", "br"),
        (";q=1", None),
        ("gzip;", "gzip"),
        ("gzip;q=0, gzip;q=1", None),
        ("gzip;q=0." + "3" * 7000, "gzip"),
        ("," * 7000 + "gzip", "gzip"),
    ],
)
def test_the_coding_is_the_one_the_client_likes_best(accept_encoding, coding):
    assert negotiate(accept_encoding, ALL) == coding
    assert negotiate(accept_encoding, ALL[::-1]) == coding


@pytest.mark.parametrize(
    ("accept_encoding", "available", "coding"),
    [
        ("br, gzip;q=0.1", ["gzip"], "gzip"),
        ("br", ["gzip"], None),
        ("*", ["gzip"], "gzip"),
        ("*", [], None),
        ("gzip, dcb", ["dcb", "gzip"], "gzip"),
        ("dcb", ["dcb", "gzip"], "dcb"),
    ],
)
def test_only_what_there_is_is_chosen(accept_encoding, available, coding):
    assert negotiate(accept_encoding, available) == coding


@given(st.text(alphabet='gzipbrstd*;q=01.5, \t"\xa0identy'), st.sets(st.sampled_from(ALL)))
def test_no_text_is_an_error(accept_encoding, available):
    assert negotiate(accept_encoding, available) in available | {None}


@pytest.mark.parametrize("thorough", [True, False])
@pytest.mark.parametrize("coding", SIBLINGS)
def test_a_compressed_form_is_smaller_and_can_be_read_back_and_is_always_the_same(coding, thorough):
    if coding not in available_codings():
        pytest.skip(f"pip install brotli zstandard, for {coding}")
    body = compress(TEXT, coding, thorough=thorough)
    assert type(body) is bytes
    assert len(body) < len(TEXT) / 10
    assert decompress(body, coding) == TEXT
    assert compress(TEXT, coding, thorough=thorough) == body
    assert decompress(compress(b"", coding, thorough=thorough), coding) == b""


def test_gzip_carries_no_time():
    assert compress(TEXT, "gzip")[4:8] == bytes(4)


def test_the_window_of_zstd_is_one_that_browsers_take():
    if "zstd" not in available_codings():
        pytest.skip("pip install zstandard")
    frame = compress(random.Random(2).randbytes(2**20) * 9, "zstd")
    assert frame[4] & 0x20 == 0, "not a single segment, so the next byte tells the window (RFC 8878 section 3.1.1.1)"
    exponent, mantissa = frame[5] >> 3, frame[5] & 7
    window = 2 ** (10 + exponent)
    assert window + window // 8 * mantissa <= 8 * 2**20


@pytest.mark.parametrize("coding", ["deflate", "", "identity"])
def test_an_unknown_coding_is_an_error(coding):
    with pytest.raises(LookupError, match=repr(coding)):
        compress(TEXT, coding)


@pytest.fixture
def without_packages(monkeypatch):
    for name in ("brotli", "zstandard", "compression", "compression.zstd"):
        monkeypatch.setitem(sys.modules, name, None)
    available_codings.cache_clear()
    yield
    available_codings.cache_clear()


@pytest.mark.usefixtures("without_packages")
def test_without_packages_there_is_gzip():
    assert available_codings() == ("gzip",)
    with pytest.raises(LookupError, match="pip install"):
        compress(TEXT, "br")


def test_the_codings_come_in_the_order_of_preference():
    assert available_codings() == tuple(coding for coding in SIBLINGS if coding in available_codings())
    assert "gzip" in available_codings()


def never():
    raise AssertionError("the data was read again")


def settle(compressor, key, data=never, coding="gzip"):
    """Ask until the body is there."""
    with gevent.Timeout(PATIENCE):
        while (body := compressor.get(key, data, coding)) is None:
            gevent.sleep(0.001)
    return body


def idle(compressor):
    """Wait until nothing is under way: a refused body gives no other sign."""
    with gevent.Timeout(PATIENCE):
        while compressor._claimed:
            gevent.sleep(0.001)


@pytest.fixture
def compressions(monkeypatch):
    """Note each compression."""
    seen = []

    def noting(data, coding, *, thorough):
        seen.append((len(data), coding, thorough))
        return compress(data, coding, thorough=thorough)

    monkeypatch.setattr(encoding, "compress", noting)
    return seen


@pytest.mark.parametrize("bounds", [{"capacity": 0}, {"waiting": 0}, {"capacity": -1}])
def test_a_bound_below_one_is_a_mistake_in_the_setup(bounds):
    with pytest.raises(SetupError):
        Compressor(**bounds)


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

    monkeypatch.setattr(encoding, "compress", slowly)
    compressor = Compressor()
    assert compressor.get("a", lambda: TEXT, "gzip") is None
    with gevent.Timeout(PATIENCE):
        while not begun.is_set():
            gevent.sleep(0.001)
    assert compressor.get("a", never, "gzip") is None
    go_on.set()
    assert settle(compressor, "a") == b"small"


def test_each_key_and_coding_has_a_body_of_its_own(monkeypatch):
    monkeypatch.setattr(encoding, "compress", lambda data, coding, *, thorough: coding.encode() + data[:1])
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
    for size in (encoding.THOROUGH, encoding.THOROUGH + 1):
        settle(compressor, size, lambda size=size: bytes(size))
    assert [thorough for _, _, thorough in compressions] == [True, False]


@pytest.mark.parametrize(("size", "kept"), [(900, True), (901, False), (1000, False), (1100, False)])
def test_a_body_is_kept_if_it_is_smaller_by_a_tenth(monkeypatch, size, kept):
    monkeypatch.setattr(encoding, "compress", lambda data, coding, *, thorough: bytes(size))
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
    monkeypatch.setattr(encoding, "compress", lambda data, coding, *, thorough: data[:100])
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
    monkeypatch.setattr(encoding, "compress", lambda data, coding, *, thorough: data[: len(data) // 2])
    compressor = Compressor(capacity=10_000)
    for key in range(300):
        compressor.get(key, lambda key=key: bytes(key * 10), "gzip")
        idle(compressor)
        kept = sum(len(body) + OVERHEAD for body in compressor._bodies.values())
        assert kept == compressor._remembered <= 10_000
    assert compressor._queued == 0


def test_a_body_over_the_capacity_drives_out_no_other(monkeypatch):
    monkeypatch.setattr(encoding, "compress", lambda data, coding, *, thorough: data[:-400])
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

    monkeypatch.setattr(encoding, "compress", slowly)
    compressor = Compressor()
    compressor.get("a", lambda: TEXT, "gzip")
    with gevent.Timeout(PATIENCE):
        while not begun.is_set():
            gevent.sleep(0.001)
    compressor._worker.kill()
    go_on.set()
    assert zlib.decompress(settle(compressor, "a")) == TEXT


FORK = """
import os, sys, threading
import gevent
from spa.static import encoding

parent, begun = os.getpid(), threading.Event()

def slowly(data, coding, *, thorough):
    if os.getpid() == parent:
        begun.set()
        threading.Event().wait()
    return b"small"

encoding.compress = slowly
compressor = encoding.Compressor()
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
