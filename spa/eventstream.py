"""Answer a request with a stream of server-sent events."""

import contextvars
import logging
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from inspect import isasyncgen, isasyncgenfunction, isroutine
from typing import Any

import gevent

from spa.answer import BrokenOff
from spa.event import COMMENT, CONTENT_TYPE, Event, encode
from spa.producer import Producer
from spa.requestid import describe
from spa.response import Response
from spa.websocket import transport
from spa.websocket.departure import find_registry
from spa.websocket.hangup import Watch
from spa.websocket.registry import PATIENCE

logger = logging.getLogger("spa")

Item = Event | str | dict[Any, Any] | list[Any]


class EventStream(Response):
    """Events as ``text/event-stream``, for the ``EventSource`` of a browser (WHATWG HTML section 9.2).

    The head is sent at once, each event when there is one. The iterator runs in a greenlet of its own, which sees
    the context variables of the handler, but not its thread-locals; it is asked for an event when the one before
    has been sent. It is closed there, once: when it ends, when it raises, when the client has left, and when the
    server stops. If it is waiting then, ``gevent.GreenletExit`` is raised where it waits.

    Args:
        events: an iterable, such as a generator, of ``Event``, ``str``, ``dict`` or ``list`` (sent as JSON).
        keepalive: seconds of silence after which a comment is sent, so that proxies keep the connection open.
        headers: further headers. By default nothing stores the answer, and nginx does not buffer it.

    Raises:
        TypeError: ``events`` is one event instead of an iterable, or a function that has not been called.
        ValueError: ``keepalive`` is not more than 0.
    """

    default_mimetype = CONTENT_TYPE
    implicit_sequence_conversion = False  # it may have no end

    def __init__(self, events: Iterable[Item], *, keepalive: float = 15.0, headers: Any = None) -> None:
        if isinstance(events, str | bytes | dict | Event):
            raise TypeError(f"EventStream takes an iterable of events: write [{type(events).__name__}(...)]")
        if not hasattr(events, "__iter__") and not hasattr(events, "__getitem__"):  # the two ways to be iterated over
            raise TypeError(f"EventStream takes an iterable of events, not {type(events).__name__}: {_advise(events)}")
        if not isinstance(keepalive, (int, float)) or not keepalive > 0:
            raise ValueError(f"keepalive is more than 0 seconds, not {keepalive!r}")
        iterator: Iterator[Any] = iter(events)
        super().__init__(iterator, headers=headers)
        self.headers.setdefault("Cache-Control", "no-store")
        self.headers.setdefault("X-Accel-Buffering", "no")
        self.keepalive = keepalive
        self.context = contextvars.copy_context()
        if iterator is not events and hasattr(events, "close"):
            self.call_on_close(events.close)

    def get_app_iter(self, environ: dict[str, Any]) -> Iterable[bytes]:
        """Return the body; an answer that has none closes the iterator without starting it."""
        if environ["REQUEST_METHOD"] == "HEAD" or self.status_code in (204, 304):
            return super().get_app_iter(environ)
        events, self.response = self.response, ()  # from here on the stream closes them
        producer = Producer(iter(events), encode, self.context, partial(_report, environ))
        return Stream(producer, self.keepalive, environ, self.close)


class Stream:
    """The body of an event stream: bytes for the server, whenever there are some, until either side ends it.

    Args:
        producer: gives the events, as bytes.
        keepalive: seconds of silence before a comment.
        environ: the WSGI environ of the request.
        on_close: called once, at the end of ``close``.
    """

    def __init__(
        self,
        producer: Producer[Any, bytes],
        keepalive: float,
        environ: dict[str, Any],
        on_close: Callable[[], object],
    ) -> None:
        self._producer = producer
        self._keepalive = keepalive
        self._environ = environ
        self._on_close = on_close
        self._has_opened = False
        self._has_begun = False
        self._is_over = False
        self._is_closed = False
        self._sock: Any = None
        self._watch: Watch | None = None
        self._registry = find_registry(environ)  # before the head is sent: from then on a stop must be heard
        self._cut_timer: Any = None

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if not self._has_opened:
            self._has_opened = True
            return COMMENT  # servers send the head with the first bytes
        if not self._has_begun:
            self._begin()
        producer = self._producer
        producer.ask()
        while not self._is_over:
            data = producer.take()
            if data is not None:
                return data
            if producer.error is not None:
                raise BrokenOff from producer.error
            if producer.has_ended:
                break
            if not producer.news.wait(self._keepalive):
                return COMMENT
            producer.news.clear()
        raise StopIteration

    def send_away(self, patience: float) -> None:
        """End the stream, because the server is stopping or the client has left, and wait for nobody.

        A server that is sending to a client that does not read sees nothing of this, so it is cut off after so many
        seconds.
        """
        self._is_over = True
        self._producer.stop()
        self._producer.news.set()
        if self._sock is not None and self._cut_timer is None:
            self._cut_timer = gevent.get_hub().loop.timer(patience)
            self._cut_timer.start(transport.cut, self._sock)

    def close(self) -> None:
        """Have the iterator closed, and wait until it is."""
        if self._is_closed:
            return
        self._is_closed = True
        self._is_over = True
        if self._watch is not None:
            self._watch.stop()
        if self._cut_timer is not None:
            self._cut_timer.close()
        self._registry.discard(self)
        try:
            self._producer.close()
        finally:
            self._on_close()

    def _begin(self) -> None:
        """Watch the client and the server, now that the head has been sent and the answer is on its way."""
        self._has_begun = True
        self._sock = transport.see(self._environ)
        if self._sock is not None:
            # A client that is seen to leave may have ended its half only, and not read the rest.
            self._watch = Watch(self._sock, partial(self.send_away, PATIENCE))
        self._registry.add(self)


def _advise(events: Any) -> str:
    """Tell what to write in place of what cannot be iterated over."""
    if isasyncgen(events) or isasyncgenfunction(events):
        return "write def, not async def: gevent needs no await"
    return f"call it, {events.__name__}()" if isroutine(events) else "write a generator, or a list"


def _report(environ: dict[str, Any], error: BaseException) -> None:
    logger.error("%s: the event stream failed", describe(environ), exc_info=error)
