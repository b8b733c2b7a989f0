"""An iterator in a greenlet of its own: asked, interrupted, closed."""

import contextvars
import decimal

import gevent
import gevent.event
import gevent.local
import pytest

from spa.producer import Producer
from tests.websocket.pair import wait_until
from tests.wire import PATIENCE

variable = contextvars.ContextVar("variable", default="unset")


class Log(list):
    """What happened, in order; called with an error it notes its type."""

    def __call__(self, error):
        self.append(type(error).__name__)


@pytest.fixture
def log():
    return Log()


def produce(items, make, report):
    return Producer(items, make, contextvars.copy_context(), report)


def get(producer):
    """Ask for an item and wait for it; None at the end."""
    producer.ask()
    with gevent.Timeout(PATIENCE):
        while not producer.has_ended:
            made = producer.take()
            if made is not None:
                return made
            producer.news.wait()
            producer.news.clear()
    return producer.take()


def start_waiting(producer, log):
    """Ask for an item, and come back when the iterator has noted that it waits."""
    producer.ask()
    wait_until(lambda: "waiting" in log)


def close(producer):
    with gevent.Timeout(PATIENCE):
        producer.close()


def waiting(log, wait):
    try:
        yield 1
        log.append("waiting")
        wait()
        yield 2
    finally:
        log.append("closed")


WAITS = {
    "sleep": lambda: gevent.sleep(1000),
    "an event": lambda: gevent.event.Event().wait(),
    "a queue": lambda: gevent.queue.Queue().get(),
    "a greenlet": lambda: gevent.spawn(gevent.sleep, 1000).join(),
}


def test_each_item_is_made_into_what_was_wanted_and_then_it_ends(log):
    producer = produce(iter([1, 2]), str, log)
    assert [get(producer) for _ in range(3)] == ["1", "2", None]
    assert producer.has_ended
    assert producer.error is None


def test_it_never_runs_ahead_of_what_is_asked_for(log):
    def items():
        for number in range(1, 4):
            log.append(number)
            yield number

    producer = produce(items(), str, log)
    gevent.sleep(0.01)
    assert log == []
    assert get(producer) == "1"
    gevent.sleep(0.01)
    assert log == [1]
    assert get(producer) == "2"
    gevent.sleep(0.01)
    assert log == [1, 2]
    close(producer)


def test_asked_again_before_an_item_was_taken_it_does_not_run_ahead(log):
    def items():
        for number in range(1, 4):
            log.append(number)
            yield number

    producer = produce(items(), str, log)
    producer.ask()
    wait_until(lambda: log == [1])
    producer.ask()
    gevent.sleep(0.01)
    assert log == [1]
    assert producer.take() == "1"
    assert get(producer) == "2"
    close(producer)


@pytest.mark.parametrize("wait", WAITS.values(), ids=WAITS)
def test_one_that_waits_is_interrupted_and_closed(log, wait):
    producer = produce(waiting(log, wait), str, log)
    assert get(producer) == "1"
    start_waiting(producer, log)
    close(producer)
    assert log == ["waiting", "closed"]
    assert producer.error is None


def test_one_that_is_not_asked_for_more_is_closed_where_it_stands(log):
    producer = produce(waiting(log, gevent.sleep), str, log)
    assert get(producer) == "1"
    close(producer)
    assert log == ["closed"]


def test_one_that_was_never_asked_is_closed_without_being_started(log):
    items = waiting(log, gevent.sleep)
    close(produce(items, str, log))
    assert log == []
    assert list(items) == []


def test_one_that_is_stopped_before_its_greenlet_has_run_is_not_started(log):
    items = waiting(log, gevent.sleep)
    producer = produce(items, str, log)
    producer.ask()
    close(producer)
    assert log == []
    assert list(items) == []


def test_stopping_does_not_wait_and_may_be_done_from_the_event_loop(log):
    producer = produce(waiting(log, WAITS["sleep"]), str, log)
    assert get(producer) == "1"
    start_waiting(producer, log)
    gevent.get_hub().loop.run_callback(producer.stop)
    wait_until(lambda: "closed" in log)
    wait_until(lambda: producer.has_ended)


def test_a_clean_up_that_waits_is_waited_for_and_not_interrupted(log):
    def items():
        try:
            yield 1
        finally:
            gevent.sleep(0.02)
            log.append("cleaned up")

    producer = produce(items(), str, log)
    assert get(producer) == "1"
    producer.stop()
    producer.stop()
    close(producer)
    assert log == ["cleaned up"]


def test_a_stop_that_comes_just_as_the_wait_is_over_does_not_hit_the_clean_up(log):
    ready = gevent.event.Event()

    def items():
        try:
            log.append("waiting")
            ready.wait()
            yield 1
        finally:
            gevent.sleep(0.01)
            log.append("cleaned up")

    producer = produce(items(), str, log)
    start_waiting(producer, log)
    ready.set()
    producer.stop()
    close(producer)
    assert log == ["waiting", "cleaned up"]


@pytest.mark.parametrize(
    "error",
    [
        ValueError("x"),
        SystemExit(1),
        gevent.Timeout(),
        gevent.GreenletExit(),
        RecursionError(),
        MemoryError(),
        BaseException("own"),
    ],
)
def test_what_it_raises_is_reported_once(log, error):
    def items():
        yield 1
        raise error

    producer = produce(items(), str, log)
    assert get(producer) == "1"
    assert get(producer) is None
    assert producer.error is not None
    close(producer)
    assert log == [type(error).__name__]


def test_what_cannot_be_made_of_an_item_is_reported_and_the_iterator_is_closed(log):
    producer = produce(waiting(log, gevent.sleep), lambda item: item + "text", log)
    assert get(producer) is None
    assert producer.error is not None
    assert log == ["TypeError", "closed"]


def test_a_clean_up_that_fails_is_reported_and_ends_all_the_same(log):
    def items():
        try:
            yield 1
        finally:
            raise ValueError

    producer = produce(items(), str, log)
    assert get(producer) == "1"
    close(producer)
    assert log == ["ValueError"]
    assert producer.error is not None


def test_a_generator_that_yields_while_it_is_closed_is_reported(log):
    def items():
        while True:
            try:
                yield 1
            except GeneratorExit:
                yield 2

    producer = produce(items(), str, log)
    assert get(producer) == "1"
    close(producer)
    assert log == ["RuntimeError"]


@pytest.mark.parametrize("number", [0, 1, 2, 3])
def test_close_is_called_once_however_far_it_came(log, number):
    class Items:
        def __init__(self):
            self.left = 2

        def __next__(self):
            self.left -= 1
            if self.left < 0:
                raise StopIteration
            return self.left

        def close(self):
            log.append("close")

    producer = produce(Items(), str, log)
    for _ in range(number):
        get(producer)
    close(producer)
    close(producer)
    assert log == ["close"]


def test_it_sees_the_context_variables_it_was_given_and_keeps_its_own(log):
    def items():
        yield variable.get()
        variable.set("mine")
        yield variable.get()
        with decimal.localcontext(prec=5):
            yield decimal.getcontext().prec
            yield decimal.getcontext().prec

    token = variable.set("handler")
    producer = produce(items(), str, log)
    variable.reset(token)
    assert get(producer) == "handler"
    assert get(producer) == "mine"
    assert variable.get() == "unset"
    assert [get(producer), get(producer)] == ["5", "5"]
    close(producer)
    assert log == []


def test_it_runs_and_is_closed_in_one_greenlet(log):
    greenlets = set()

    def items():
        try:
            while True:
                greenlets.add(gevent.getcurrent())
                yield 1
        finally:
            greenlets.add(gevent.getcurrent())

    producer = produce(items(), str, log)
    assert [get(producer), get(producer)] == ["1", "1"]
    close(producer)
    assert len(greenlets) == 1
    assert gevent.getcurrent() not in greenlets
