"""Event streams in a test, without a network: events, ends and refusals."""

import gevent
import gevent.event
import pytest

import spa
from spa.testing import Client, EventStreamRefused
from tests.loop import wait_until

EVENTS = ["a", {"b": 1}, spa.Event("c\nd", id="3", event="e", retry=4), spa.Event(None, id="5")]


class Script(spa.Handler):
    """A handler that returns what the test says."""

    def get(self):
        return self.app.settings(self)


def client_of(script):
    return Client(spa.App((("/", "", Script),), script))


def waiting(log, *events):
    try:
        yield from events
        log.append("waiting")
        gevent.sleep(1000)
    finally:
        log.append("closed")


def test_the_events_are_read_one_by_one_until_the_end():
    with client_of(lambda handler: spa.EventStream(EVENTS)).events("/") as events:
        assert events.receive() == spa.Event("a")
        assert events.receive() == spa.Event('{"b": 1}')
        assert events.receive() == spa.Event("c\nd", "3", "e", 4)
        assert events.receive() == spa.Event(None, "5")
        for _ in range(2):
            with pytest.raises(EOFError, match="the event stream of / has ended"):
                events.receive()


def test_iterating_ends_with_the_stream():
    with client_of(lambda handler: spa.EventStream(EVENTS)).events("/") as events:
        assert [event.data for event in events] == ["a", '{"b": 1}', "c\nd", None]


def test_an_event_comes_while_the_generator_waits_for_the_next():
    ready = gevent.event.Event()

    def events():
        yield "first"
        ready.wait()
        yield "second"

    with client_of(lambda handler: spa.EventStream(events())).events("/") as source:
        assert source.receive().data == "first"
        with pytest.raises(TimeoutError, match=r"no event within 0\.01 s"):
            source.receive(timeout=0.01)
        ready.set()
        assert source.receive().data == "second"


def test_comments_are_passed_over():
    log = []
    with client_of(lambda handler: spa.EventStream(waiting(log, "a"), keepalive=0.001)).events("/") as events:
        assert events.receive().data == "a"
        with pytest.raises(TimeoutError):
            events.receive(timeout=0.02)


def test_after_the_with_statement_the_generator_is_closed():
    log = []
    with client_of(lambda handler: spa.EventStream(waiting(log, "a"))).events("/") as events:
        assert events.receive().data == "a"
    assert log in (["waiting", "closed"], ["closed"])


def test_leaving_without_a_look_closes_a_generator_that_sends_without_end():
    log = []

    def events():
        try:
            while True:
                yield "x" * 100_000
        finally:
            log.append("closed")

    with client_of(lambda handler: spa.EventStream(events())).events("/"):
        assert log == []
    assert log == ["closed"]


def test_the_handler_sees_last_event_id_query_headers_and_cookies():
    def script(handler):
        request = handler.request
        return spa.EventStream([[*(request.headers[name] for name in ("Last-Event-ID", "X-Own", "Accept")),
                                 request.args["a"], request.cookies["c"]]])  # fmt: skip

    client = client_of(script)
    client.set_cookie("c", "d")
    with client.events("/?a=b", last_event_id="7", headers={"X-Own": "1"}) as events:
        assert events.receive().data == '["7", "1", "text/event-stream", "b", "d"]'


def test_an_id_comes_back_as_the_handler_gave_it():
    def script(handler):
        return spa.EventStream([spa.Event(f"after {handler.request.last_event_id}", id="Grün 5 €")])

    client = client_of(script)
    with client.events("/") as events:
        first = events.receive()
    assert (first.data, first.id) == ("after None", "Grün 5 €")
    with client.events("/", last_event_id=first.id) as events:
        assert events.receive().data == "after Grün 5 €"


def test_cookies_and_headers_of_the_answer_are_kept():
    client = client_of(lambda handler: spa.EventStream([], headers=[("Set-Cookie", "a=b; Path=/")]))
    with client.events("/") as events:
        assert events.headers["Cache-Control"] == "no-store"
    assert client.get_cookie("a").value == "b"


def test_what_the_generator_raises_is_the_cause_of_the_broken_stream(caplog):
    def events():
        yield "a"
        raise ValueError("secret")

    with client_of(lambda handler: spa.EventStream(events())).events("/") as source:
        assert source.receive().data == "a"
        with pytest.raises(ConnectionResetError) as caught:
            source.receive()
    assert isinstance(caught.value.__cause__, ValueError)
    assert len(caplog.records) == 1


@pytest.mark.parametrize(
    ("script", "status"),
    [
        (lambda handler: "text", 200),
        (lambda handler: None, 204),
        (lambda handler: (spa.EventStream([]), 404), 404),
        (lambda handler: 1 // 0, 500),
    ],
)
def test_another_answer_is_raised_with_the_response(script, status):
    with pytest.raises(EventStreamRefused) as caught:
        client_of(script).events("/")
    assert caught.value.response.status_code == status


def test_a_plain_generator_of_the_type_is_read_too():
    def script(handler):
        return spa.Response(iter(["data: a\n\n", "data: b\n\n"]), mimetype="text/event-stream")

    with client_of(script).events("/") as events:
        assert [event.data for event in events] == ["a", "b"]


def test_a_generator_that_never_ends_is_told_and_killed():
    log = []

    def script(handler):
        return spa.Response(waiting(log, ":\n\n"), mimetype="text/event-stream")  # nobody tells it that its client left

    source = client_of(script).events("/", timeout=0.05)
    with pytest.raises(TimeoutError, match="the handler of / is still running"), source:
        pass
    wait_until(lambda: "closed" in log)


def test_a_handler_that_does_not_answer_is_told():
    with pytest.raises(TimeoutError, match="the handler of / does not answer"):
        client_of(lambda handler: gevent.sleep(1000)).events("/", timeout=0.05)


def test_what_a_test_raises_is_not_hidden_by_how_the_generator_ends():
    log = []
    source = client_of(lambda handler: spa.EventStream(waiting(log, "a"))).events("/", timeout=0.05)
    with pytest.raises(KeyError), source:
        raise KeyError


def test_a_server_that_stops_ends_the_stream():
    log = []
    client = client_of(lambda handler: spa.EventStream(waiting(log, "a")))
    with client.events("/") as events:
        assert events.receive().data == "a"
        client.application.connections.send_away()
        assert list(events) == []
    assert "closed" in log
