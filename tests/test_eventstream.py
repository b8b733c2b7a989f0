"""An event stream as a WSGI answer: its head, its bytes, and every way in which it ends."""

import contextvars
import errno
import logging
import re
import signal
import zlib

import gevent
import gevent.event
import gevent.queue
import gevent.socket
import pytest
from werkzeug.test import Client, EnvironBuilder

import spa
from spa import eventstream
from spa.environ import APP, CONNECTIONS, SOCKET
from spa.event import COMMENT
from spa.middleware.compression import CompressionMiddleware
from spa.websocket.registry import Registry
from tests.loop import run_loop, wait_until
from tests.wire import PATIENCE

variable = contextvars.ContextVar("variable", default="unset")


@pytest.fixture
def pair():
    server, client = gevent.socket.socketpair()
    yield server, client
    client.close()
    server.close()


@pytest.fixture
def log():
    return []


def waiting(log, *events):
    """Yield events, then wait for ever."""
    try:
        yield from events
        log.append("waiting")
        gevent.sleep(1000)
    finally:
        log.append("closed")


def start(stream, **extra):
    """Call a stream as a server does; return status, headers and body."""
    environ = {**EnvironBuilder("/scores/").get_environ(), **extra}
    heads = []
    body = stream(environ, lambda status, headers, exc_info=None: heads.append((status, dict(headers))))
    ((status, headers),) = heads
    return status, headers, body


def start_waiting(log, **extra):
    """Start a stream, and come back when a greenlet waits for an event that does not come."""
    _, _, body = start(spa.EventStream(waiting(log), keepalive=1000), **extra)
    assert next(body) == COMMENT
    asking = gevent.spawn(next, body, "the end")
    wait_until(lambda: "waiting" in log)
    return body, asking


def test_the_head_says_what_it_is_and_that_nobody_stores_or_buffers_it():
    status, headers, body = start(spa.EventStream([]))
    assert status == "200 OK"
    assert headers == {
        "Content-Type": "text/event-stream; charset=utf-8",
        "Cache-Control": "no-store",
        "X-Accel-Buffering": "no",
    }
    body.close()


def test_headers_of_ones_own_are_added_or_take_the_place_of_the_usual():
    stream = spa.EventStream([], headers={"Cache-Control": "no-cache", "X-Own": "1"})
    stream.set_cookie("a", "b")
    _, headers, body = start(stream)
    assert (headers["Cache-Control"], headers["X-Own"]) == ("no-cache", "1")
    assert headers["Set-Cookie"].startswith("a=b")
    body.close()


def test_the_first_bytes_come_before_the_first_event_so_that_the_head_is_sent_at_once(log):
    _, _, body = start(spa.EventStream(waiting(log)))
    assert next(body) == COMMENT
    assert log == []
    body.close()


def test_a_stop_is_heard_from_before_the_head_is_sent(log):
    before = signal.signal(signal.SIGTERM, lambda number, frame: log.append("stopping"))
    try:
        _, _, body = start(spa.EventStream(waiting(log, "first")), **{APP: spa.App(())})
        signal.raise_signal(signal.SIGTERM)
        run_loop()
    finally:
        signal.signal(signal.SIGTERM, before)
    assert list(body) == [COMMENT]  # it has sent its head, and ends as soon as it begins
    body.close()
    assert log == ["stopping"]


def test_each_item_is_one_chunk():
    items = ["a", {"b": 1}, [2], spa.Event("c", id="3", event="d", retry=4)]
    _, _, body = start(spa.EventStream(items))
    assert list(body) == [
        COMMENT,
        b"data: a\n\n",
        b'data: {"b": 1}\n\n',
        b"data: [2]\n\n",
        b"event: d\nid: 3\nretry: 4\ndata: c\n\n",
    ]
    body.close()


def test_silence_is_filled_with_comments_and_then_the_event_comes(log):
    ready = gevent.event.Event()

    def events():
        ready.wait()
        yield "at last"

    _, _, body = start(spa.EventStream(events(), keepalive=0.01))
    assert [next(body) for _ in range(4)] == [COMMENT] * 4
    ready.set()
    with gevent.Timeout(PATIENCE):
        while (data := next(body)) == COMMENT:
            pass
    assert data == b"data: at last\n\n"
    body.close()


@pytest.mark.parametrize("events", ["text", b"bytes", {"a": 1}, spa.Event("x"), 7])
def test_one_event_instead_of_many_is_a_mistake(events):
    with pytest.raises(TypeError):
        spa.EventStream(events)


async def wait():
    yield "a"


@pytest.mark.parametrize(
    ("events", "words"),
    [
        (wait, "not function: write def, not async def: gevent needs no await"),
        (wait(), "not async_generator: write def, not async def"),
        ("a".split, r"not builtin_function_or_method: call it, split\(\)"),
        (test_one_event_instead_of_many_is_a_mistake, "not function: call it, test_one"),
        (7, "not int: write a generator, or a list"),
        (object(), "not object: write a generator"),
    ],
)
def test_what_cannot_be_iterated_over_is_a_mistake_that_names_the_fix(events, words):
    with pytest.raises(TypeError, match=rf"^EventStream takes an iterable of events, {words}"):
        spa.EventStream(events)


@pytest.mark.parametrize("keepalive", [0, -1, float("nan"), "5", None])
def test_a_keepalive_of_no_time_is_a_mistake(keepalive):
    with pytest.raises(ValueError, match="keepalive"):
        spa.EventStream([], keepalive=keepalive)


def test_a_body_that_may_have_no_end_is_not_read_into_memory():
    with pytest.raises(RuntimeError, match="sequence"):
        spa.EventStream(["a"]).get_data()


class Handler(spa.Handler):
    def get(self):
        return self.app.settings(self)


def client_of(method):
    return Client(spa.App((("/scores/", "", Handler),), method))


def test_a_handler_returns_it_also_with_a_status_and_headers():
    answer = client_of(lambda handler: (spa.EventStream(["a"]), 200, {"X-Own": "1"})).get("/scores/")
    assert answer.data == b":\n\ndata: a\n\n"
    assert answer.headers["X-Own"] == "1"


def test_head_sends_the_headers_and_closes_the_generator_without_starting_it(log):
    started = waiting(log, "a")
    answer = client_of(lambda handler: spa.EventStream(started)).head("/scores/")
    assert (answer.status_code, answer.data) == (200, b"")
    assert answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert log == []
    assert list(started) == []  # it is closed


@pytest.mark.parametrize("status", [204, 304])
def test_a_status_without_a_body_closes_the_generator_without_starting_it(log, status):
    started = waiting(log, "a")
    answer = client_of(lambda handler: (spa.EventStream(started), status)).get("/scores/", buffered=True)
    assert (answer.status_code, answer.data) == (status, b"")
    assert log == []
    assert list(started) == []


def test_the_generator_reads_last_event_id_and_the_handlers_context():
    def events(handler):
        yield handler.request.headers["Last-Event-ID"]
        yield variable.get()

    def get(handler):
        token = variable.set("handler")
        try:
            return spa.EventStream(events(handler))
        finally:
            variable.reset(token)

    answer = client_of(get).get("/scores/", headers={"Last-Event-ID": "7:41"})
    assert answer.data == b":\n\ndata: 7:41\n\ndata: handler\n\n"


# Ends.


def test_a_generator_that_ends_is_closed_and_the_body_is_complete(log):
    def events():
        try:
            yield "a"
        finally:
            log.append("closed")

    _, _, body = start(spa.EventStream(events()))
    assert list(body) == [COMMENT, b"data: a\n\n"]
    assert log == ["closed"]
    body.close()
    assert log == ["closed"]


@pytest.mark.parametrize("chunks", [0, 1, 2, 3])
def test_close_of_the_events_is_called_once_however_far_they_came(log, chunks):
    class Subscription:
        def __iter__(self):
            return waiting(log, "a", "b")

        def close(self):
            log.append("unsubscribed")

    stream = spa.EventStream(Subscription())
    stream.call_on_close(lambda: log.append("called back"))
    _, _, body = start(stream)
    for _ in range(chunks):
        next(body)
    body.close()
    body.close()
    assert log == [*["closed"] * (chunks > 1), "unsubscribed", "called back"]


@pytest.mark.parametrize("how", ["close", "half-close"])
@pytest.mark.parametrize("key", [SOCKET, "gunicorn.socket"])
def test_when_the_client_leaves_a_generator_that_waits_is_closed(log, pair, key, how):
    server, client = pair
    body, asking = start_waiting(log, **{key: server})
    if how == "close":
        client.close()
    else:
        client.shutdown(gevent.socket.SHUT_WR)
    assert asking.get(timeout=PATIENCE) == "the end"
    wait_until(lambda: log == ["waiting", "closed"])
    body.close()
    assert log == ["waiting", "closed"]


def test_when_the_client_leaves_while_an_event_is_being_sent_the_generator_is_closed(log, pair):
    server, client = pair
    _, _, body = start(spa.EventStream(waiting(log, "a", "b")), **{SOCKET: server})
    assert [next(body), next(body)] == [COMMENT, b"data: a\n\n"]
    client.close()  # and the server is busy: it does not ask for more
    wait_until(lambda: log == ["closed"])
    assert next(body, "the end") == "the end"
    body.close()


def serve(body, server):
    """Send a body as a server does."""
    try:
        for data in body:
            server.sendall(data)
    finally:
        body.close()


def test_a_client_that_ends_its_half_and_does_not_read_is_cut_off_soon(log, pair, monkeypatch):
    monkeypatch.setattr(eventstream, "PATIENCE", 0.05)
    server, client = pair
    _, _, body = start(spa.EventStream(waiting(log, "x" * 2**24)), **{SOCKET: server})
    serving = gevent.spawn(serve, body, server)
    run_loop()
    client.shutdown(gevent.socket.SHUT_WR)
    serving.join(PATIENCE)
    assert isinstance(serving.exception, BrokenPipeError)
    assert log == ["closed"]


def test_the_next_request_of_the_client_stays_in_the_socket(log, pair):
    server, client = pair
    client.sendall(b"GET / HTTP/1.1\r\n")
    body, asking = start_waiting(log, **{SOCKET: server})
    run_loop()
    assert not asking.dead
    client.close()
    assert asking.get(timeout=PATIENCE) == "the end"
    body.close()
    assert server.recv(100) == b"GET / HTTP/1.1\r\n"


def test_a_stream_whose_socket_is_hidden_ends_when_the_server_closes_it(log):
    body, asking = start_waiting(log)
    gevent.spawn(body.close).get(timeout=PATIENCE)
    assert log == ["waiting", "closed"]
    asking.kill()


def test_a_greenlet_that_is_killed_while_it_waits_for_an_event_closes_the_generator(log):
    _, _, body = start(spa.EventStream(waiting(log), keepalive=1000))

    def serve():
        try:
            list(body)
        finally:
            body.close()

    serving = gevent.spawn(serve)
    wait_until(lambda: "waiting" in log)
    serving.kill(timeout=PATIENCE)
    assert log == ["waiting", "closed"]


@pytest.mark.parametrize("error", [ValueError("secret"), SystemExit(1), gevent.Timeout(), MemoryError()])
def test_what_the_generator_raises_is_logged_once_and_cuts_the_connection(error, caplog):
    def events():
        yield "a"
        raise error

    _, _, body = start(spa.EventStream(events()))
    assert [next(body), next(body)] == [COMMENT, b"data: a\n\n"]
    with pytest.raises(ConnectionResetError) as caught:
        next(body)
    assert caught.value.args[0] == errno.ECONNRESET  # gevent's server looks there
    assert caught.value.__cause__ is error
    body.close()
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("spa", logging.ERROR)
    assert re.fullmatch(r"GET /scores/ \[\w+\]: the event stream failed", record.getMessage())
    assert record.exc_info[1] is error


def test_an_item_that_is_no_event_is_logged_and_cuts_the_connection(log, caplog):
    _, _, body = start(spa.EventStream(waiting(log, 42)))
    next(body)
    with pytest.raises(ConnectionResetError):
        next(body)
    body.close()
    assert log == ["closed"]
    assert [type(record.exc_info[1]) for record in caplog.records] == [TypeError]


def test_a_clean_up_that_fails_after_the_client_left_is_logged_once(log, pair, caplog):
    def events():
        try:
            log.append("waiting")
            gevent.sleep(1000)
            yield "never"
        finally:
            raise ValueError

    _, _, body = start(spa.EventStream(events()), **{SOCKET: pair[0]})
    next(body)
    asking = gevent.spawn(next, body, "the end")
    wait_until(lambda: log)
    pair[1].close()
    assert asking.get(timeout=PATIENCE) == "the end"
    body.close()
    assert [type(record.exc_info[1]) for record in caplog.records] == [ValueError]


def test_compressed_each_event_is_flushed_and_the_generator_is_closed_once(log, pair):
    app = CompressionMiddleware(client_of(lambda handler: spa.EventStream(waiting(log, "a", "b"))).application)
    extra = {"HTTP_ACCEPT_ENCODING": "gzip", SOCKET: pair[0]}
    _, headers, body = start(app, **extra)
    assert headers["Content-Encoding"] == "gzip"
    inflate = zlib.decompressobj(31)
    pieces = iter(body)
    read = b""
    while b"data: b\n\n" not in read:
        read += inflate.decompress(next(pieces))
    assert read == b":\n\ndata: a\n\ndata: b\n\n"
    asking = gevent.spawn(list, pieces)
    wait_until(lambda: log == ["waiting"])
    pair[1].close()
    asking.join(PATIENCE)
    assert asking.dead
    body.close()
    assert log == ["waiting", "closed"]


# The server stops.


def test_a_server_that_stops_ends_its_streams_at_once(log, pair):
    registry = Registry()
    body, asking = start_waiting(log, **{SOCKET: pair[0], CONNECTIONS: registry})
    assert len(list(registry)) == 1
    registry.send_away()
    assert asking.get(timeout=PATIENCE) == "the end"
    body.close()
    assert log == ["waiting", "closed"]
    assert list(registry) == []


def test_a_stream_that_begins_while_the_server_stops_ends_at_once(log):
    registry = Registry()
    registry.send_away()
    _, _, body = start(spa.EventStream(waiting(log)), **{CONNECTIONS: registry})
    assert list(body) == [COMMENT]
    body.close()
    assert log == []


def test_under_a_server_without_a_registry_the_apps_is_used(log):
    app = spa.App(())
    body, asking = start_waiting(log, **{APP: app})
    assert len(list(app.connections)) == 1
    app.connections.send_away()
    assert asking.get(timeout=PATIENCE) == "the end"
    body.close()
    assert list(app.connections) == []


def test_a_client_that_does_not_read_is_cut_off_when_the_server_stops(log, pair):
    server, _ = pair
    _, _, body = start(spa.EventStream(waiting(log, "x" * 2**24)), **{SOCKET: server})

    serving = gevent.spawn(serve, body, server)
    run_loop()
    assert not serving.dead
    body.send_away(0.01)
    body.send_away(1000)
    serving.join(PATIENCE)
    assert isinstance(serving.exception, BrokenPipeError)
    assert log == ["closed"]


def test_a_slow_clean_up_is_not_cut_short_by_the_end_of_the_patience(pair):
    done = []

    def events():
        try:
            yield "a"
        finally:
            gevent.sleep(0.05)
            done.append(True)

    server, client = pair
    _, _, body = start(spa.EventStream(events()), **{SOCKET: server})
    assert [next(body), next(body)] == [COMMENT, b"data: a\n\n"]
    body.send_away(0.01)
    assert next(body, "the end") == "the end"
    body.close()
    assert done == [True]
    server.sendall(b"still open")
    assert client.recv(100) == b"still open"


def test_nothing_is_left_of_streams_that_have_come_and_gone(log, pair):
    import gc

    def count():
        gc.collect()
        return sum(isinstance(thing, gevent.Greenlet) and not thing.dead for thing in gc.get_objects())

    app = spa.App(())
    before = count()
    for _ in range(50):
        _, _, body = start(spa.EventStream(waiting([], "a")), **{APP: app, SOCKET: pair[0]})
        next(body)
        next(body)
        body.close()
    run_loop()
    assert count() == before
    assert list(app.connections) == []
