"""Write one line of the log for a request or a WebSocket."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from spa.requestid import escape
from spa.websocket.closecode import GOING_AWAY, INTERNAL_ERROR, NO_STATUS_RECEIVED, NORMAL_CLOSURE

BOLD, RED, GREEN, YELLOW, MAGENTA, CYAN = "1", "31", "32", "33", "35", "36"  # SGR parameters (ECMA-48 section 8.3.117)
COLOURS = {"2": GREEN, "3": CYAN, "4": YELLOW, "5": RED}
ORDERLY = {NORMAL_CLOSURE, GOING_AWAY, NO_STATUS_RECEIVED}  # codes of a WebSocket that nothing went wrong with


@dataclass(frozen=True, slots=True)
class Entry:
    """What every line says.

    Attributes:
        client: the address of the client.
        time: when the line is written.
        request: the request line as it came.
        name: how the request is called, if somebody called it by a name: a proxy, or an entry in the log of errors.
    """

    client: str
    time: datetime
    request: str
    name: str | None = None


def name_client(address: object) -> str:
    """Return the IP address of a socket's peer; that of a Unix socket has none."""
    return str(address[0]) if isinstance(address, tuple) and address else "-"


def format_request(entry: Entry, status: str, size: int, seconds: float, in_colour: bool = False) -> str:
    """Return the line of an answered request.

    Args:
        entry: what every line says.
        status: three digits.
        size: bytes of the body, as they were sent.
        seconds: how long the answer took.
        in_colour: whether to colour it for a terminal.
    """
    colour = COLOURS.get(status[:1], RED) if in_colour else ""
    return _write(entry, f"{_paint(status, colour)} {size} B {seconds * 1000:.1f} ms", in_colour)


def format_opened(entry: Entry, in_colour: bool = False) -> str:
    """Return the line of a WebSocket that opens."""
    return _write(entry, _paint("WebSocket opened", MAGENTA if in_colour else ""), in_colour)


def format_closed(entry: Entry, code: int, seconds: float, in_colour: bool = False) -> str:
    """Return the line of a WebSocket that has closed, with its close code (RFC 6455 section 7.4) and its duration."""
    colour = MAGENTA if code in ORDERLY else RED if code == INTERNAL_ERROR else YELLOW
    return _write(entry, f"{_paint(f'WebSocket closed {code}', colour if in_colour else '')} after {seconds:.1f} s",
                  in_colour)


def wants_colour(is_terminal: bool, environ: Mapping[str, str]) -> bool:
    """Tell whether to colour: on a terminal, unless it is a dumb one or ``NO_COLOR`` is set (https://no-color.org)."""
    return is_terminal and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"


def _write(entry: Entry, outcome: str, in_colour: bool) -> str:
    method, space, rest = escape(entry.request).partition(" ")
    request = f"{_paint(method, BOLD if in_colour and method else '')}{space}{rest}"
    name = f" [{entry.name}]" if entry.name else ""
    return f'{entry.client} [{entry.time.isoformat(" ", "seconds")}] "{request}" {outcome}{name}'


def _paint(text: str, colour: str) -> str:
    return f"\x1b[{colour}m{text}\x1b[0m" if colour else text
