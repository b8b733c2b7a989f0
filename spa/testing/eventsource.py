"""Hold the client's end of an event stream in a test."""

from collections import deque
from collections.abc import Iterator
from typing import Any, Self

from werkzeug.datastructures import Headers

from spa.event import Event, Parser
from spa.testing.exchange import Exchange, limit


class EventSource:
    """The client's end of an event stream, from ``Client.events``; iterating gives the events until it ends.

    At the end of its ``with`` statement it has left, and the handler's generator is closed.
    """

    def __init__(self, exchange: Exchange, timeout: float) -> None:
        assert exchange.head is not None
        self._exchange = exchange
        self._timeout = timeout
        self._headers = exchange.head[1]
        self._parser = Parser()
        self._events: deque[Event] = deque()

    @property
    def headers(self) -> Headers:
        """The headers of the answer."""
        return self._headers

    def receive(self, timeout: float = 5.0) -> Event:
        """Wait for the next event; its data are a ``str``, or None if it has only an id or a retry time.

        Raises:
            EOFError: there is none, for the stream has ended.
            ConnectionResetError: the stream broke; what the generator raised is its ``__cause__``.
            TimeoutError: there is none yet, after so many seconds.
        """
        with limit(timeout, "no event"):
            while not self._events:
                data = self._exchange.read()
                if not data:
                    self._exchange.wait_for_end()
                    raise EOFError(f"the event stream of {self._exchange.path} has ended")
                self._events.extend(self._parser.feed(data))
        return self._events.popleft()

    def close(self) -> None:
        """Leave, and wait until the handler's generator is closed.

        Raises:
            TimeoutError: the generator goes on.
        """
        self._exchange.leave(self._timeout)

    def __iter__(self) -> Iterator[Event]:
        while True:
            try:
                event = self.receive()
            except EOFError:
                return
            yield event

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: Any, *exc_info: object) -> None:
        if kind is not None:  # what the test says is worth more than how the generator ends
            self._exchange.abandon()
        else:
            self.close()
