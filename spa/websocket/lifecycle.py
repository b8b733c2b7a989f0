"""Take one WebSocket of a handler from its handshake to its end."""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import gevent
from werkzeug.datastructures import Headers

from spa.blame import tell_source
from spa.environ import UPGRADE_HEADERS, WEBSOCKET
from spa.errors import ENDINGS, ConnectionClosed, InvalidMessage
from spa.mounted import outermost
from spa.requestid import describe
from spa.websocket import handshake, transport
from spa.websocket.alarm import Alarm, AlarmClock
from spa.websocket.closecode import (
    ABNORMAL_CLOSURE,
    GOING_AWAY,
    INTERNAL_ERROR,
    INVALID_DATA,
    NORMAL_CLOSURE,
    POLICY_VIOLATION,
)
from spa.websocket.connection import Connection
from spa.websocket.departure import find_registry
from spa.websocket.limits import Limits
from spa.websocket.socket import HeaderList, WebSocket

logger = logging.getLogger("spa")

# Seconds from one stop of a handler to the next: one that is cleaning up cannot be told from one that refuses to
# stop. Servers grant the same 30 s to what is in flight when they end.
STOP_INTERVAL = 30.0
LONGEST_REASON = 123  # bytes: a control frame holds 125, and 2 of them are the code (RFC 6455 section 5.5)


@dataclass(frozen=True, slots=True)
class Settings:
    """What an app and a handler class say about WebSockets."""

    subprotocols: Sequence[str]
    allowed_origins: Sequence[str]
    limits: Limits


class Lifecycle:
    """The life of one WebSocket: opened by the handler's first use of it, ended with the handler.

    Args:
        environ: the WSGI environ of the handshake, which ``handshake.check`` and ``check_origin`` have passed.
        offer: what the handshake says.
        settings: subprotocols and limits in force.
        clock: the alarms of the process.
    """

    def __init__(
        self,
        environ: dict[str, Any],
        offer: handshake.Handshake,
        settings: Settings,
        clock: AlarmClock,
    ) -> None:
        self.socket = WebSocket(self._open)
        self._environ = environ
        self._offer = offer
        self._settings = settings
        self._clock = clock
        self._registry = find_registry(environ)
        self._transport: transport.Transport | None = None
        self._handler: Any = None
        self._stop_alarm: Alarm | None = None
        self._interruption: Any = None
        self._stopped = False
        self._is_over = False

    @property
    def is_open(self) -> bool:
        """Whether the handshake has been answered: from then on there is no HTTP answer any more."""
        return self._transport is not None

    def run(self, handler: Callable[..., Any], /, **params: Any) -> Any:
        """Call ``handler`` and end the WebSocket with it: 1000 when it returns, 1011 when it raises.

        What it returns, other than None, is its answer before the handshake; later nobody can get it, and that is
        a bug as if it had raised.

        Returns:
            what the handler returned, if it never opened the WebSocket; else None.

        Raises:
            Exception: what the handler raised, if it never opened the WebSocket.
        """
        self._handler = gevent.getcurrent()
        code = GOING_AWAY
        try:
            result = handler(**params)
            if result is not None:
                if not self.is_open:
                    return result
                raise _undeliverable(result, handler)
            self.socket.accept()
            code = NORMAL_CLOSURE
        except BaseException as error:
            if not self.is_open or isinstance(error, ENDINGS):
                raise
            code = self._judge(error)
        finally:
            self._handler = None
            self._is_over = True
            if self._stop_alarm is not None:
                self._stop_alarm.cancel()
            if self._interruption is not None:
                self._interruption.stop()
            if self.is_open:
                self._finish(code)
        return None

    def release(self) -> Iterable[bytes]:
        """Give the request back to the server: what the WSGI callable returns; it may raise instead."""
        assert self._transport is not None
        return self._transport.release()

    def _open(self, subprotocol: str | None, headers: HeaderList) -> tuple[Connection, str | None]:
        if self._is_over:  # a greenlet that the handler left behind; the socket serves other requests now
            raise ConnectionClosed(ABNORMAL_CLOSURE, "the request has been answered without a WebSocket")
        offered = self._offer.subprotocols
        if subprotocol is None:
            subprotocol = handshake.choose_subprotocol(offered, self._settings.subprotocols)
        elif subprotocol not in offered:
            raise ValueError(f"the client does not offer the subprotocol {subprotocol!r}")
        added = [header for add in self._environ.get(UPGRADE_HEADERS, ()) for header in add()]  # by middleware
        answer = handshake.response(self._offer.key, subprotocol, [*Headers(headers), *added])
        taken = transport.take(self._environ)
        try:
            connection = Connection(taken, self._settings.limits, self._clock, self._on_left)
        except OSError:  # the socket is closed: there is nobody to answer
            self._transport = taken
            raise
        self._transport = taken
        if taken.upgraded:
            subprotocol = None  # the server has answered already, without one
        else:
            connection.offer(answer)  # it does not wait, so nothing can come between the 101 and what follows
        outermost(self._environ)[WEBSOCKET] = connection
        self._registry.add(connection)
        return connection, subprotocol

    def _judge(self, error: BaseException) -> int:
        """Return the code to close with after what a handler has raised, and log what is a bug."""
        if isinstance(error, gevent.GreenletExit):
            return NORMAL_CLOSURE if self._stopped else GOING_AWAY
        if isinstance(error, InvalidMessage):
            return INVALID_DATA
        if isinstance(error, ConnectionClosed) and self.socket.close_code is not None:  # this one has closed
            return NORMAL_CLOSURE
        logger.exception("WebSocket %s: the handler failed", describe(self._environ))
        return INTERNAL_ERROR

    def _finish(self, code: int) -> None:
        connection = self.socket.connection
        if connection is None:  # the socket was taken and turned out to be closed
            return
        # A request that is killed, with its process perhaps, does not wait for a slow reader.
        patience = self._settings.limits.close_timeout if code == GOING_AWAY else None
        try:
            connection.finish(code, patience=patience)
        except gevent.GreenletExit:
            pass  # somebody kills the request; the connection has been ended all the same
        except ENDINGS:
            raise
        except BaseException:  # thrown in from outside: whatever it is, there is no HTTP answer any more
            logger.exception("WebSocket %s: the closing handshake was broken off", describe(self._environ))
        finally:
            self._registry.discard(connection)

    def _on_left(self) -> None:
        """Begin to count the time that a handler may go on without its peer."""
        if self._handler is not None and self._settings.limits.stop_after is not None and self._stop_alarm is None:
            self._watch(self._settings.limits.stop_after)

    def _watch(self, stop_after: float) -> None:
        self._stop_alarm = self._clock.at(self._clock.now() + stop_after, self._stop)

    def _stop(self) -> None:
        """Stop a handler that neither sends nor receives, once it has had its time since the last message."""
        connection, stop_after = self.socket.connection, self._settings.limits.stop_after
        if self._handler is None or connection is None or stop_after is None:
            return
        rest = connection.received_at + stop_after - self._clock.now()
        if rest <= 0:
            self._interruption = gevent.get_hub().loop.run_callback(self._interrupt)
            rest = max(stop_after, STOP_INTERVAL)
        self._watch(rest)

    def _interrupt(self) -> None:
        """Stop the handler where it waits; cancelled if it has ended meanwhile, and waits for other things."""
        self._stopped = True
        self._handler.throw(gevent.GreenletExit)


def refuse_upgraded(environ: dict[str, Any], status: int, reason: str, clock: AlarmClock) -> Iterable[bytes]:
    """Refuse a WebSocket that the server opened before it asked the app: close it with 1008, or 1011 for a 5xx."""
    taken = transport.take(environ)
    connection = Connection(taken, Limits(), clock, lambda: None)
    connection.finish(INTERNAL_ERROR if status >= 500 else POLICY_VIOLATION, _fit(reason))
    return taken.release()


def _undeliverable(result: Any, handler: Callable[..., Any]) -> TypeError:
    """Return the error of a handler that returned a value to a client that has been answered 101."""
    error = TypeError(
        f"{type(result).__name__} was returned after the handshake, where nobody gets it: write self.ws.send(...), and"
        " return None; an HTTP answer is returned before the first use of self.ws"
    )
    error.add_note(tell_source(handler))
    return error


def _fit(reason: str) -> str:
    """Return as much of a text as the reason of a Close may hold."""
    return reason.encode()[:LONGEST_REASON].decode(errors="ignore")
