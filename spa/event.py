"""Write server-sent events as bytes, and read them back (WHATWG HTML section 9.2)."""

import codecs
import re
from dataclasses import dataclass
from typing import Any

from spa.jsoncodec import encode_json

CONTENT_TYPE = "text/event-stream"
COMMENT = b":\n\n"  # says nothing: a stream opens with it, and is kept alive by it
LINE_END = re.compile(r"\r\n|\r|\n")  # and nothing else: str.splitlines knows eight more

MILLISECONDS = re.compile(r"[0-9]{1,18}")  # no browser waits longer than its 64-bit integers can say


@dataclass(frozen=True, slots=True)
class Event:
    """One server-sent event.

    Args:
        data: what the browser finds at ``event.data``: a ``str`` of any number of lines, or a ``dict`` or ``list``,
            sent as JSON. None dispatches nothing; the browser only takes note of ``id`` and ``retry``.
        id: what the browser sends as ``Last-Event-ID`` when it connects again; an empty one takes back the last.
        event: the type to listen for with ``addEventListener``; ``message`` by default.
        retry: milliseconds the browser waits before it connects again.

    Raises:
        TypeError: a field is of another type.
        ValueError: ``id`` holds a line end or NUL, ``event`` a line end, or ``retry`` is negative.
    """

    data: str | dict[Any, Any] | list[Any] | None
    id: str | None = None
    event: str | None = None
    retry: int | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.data, str | dict | list | None):
            raise TypeError(f"the data of an event are str, dict, list or None, not {type(self.data).__name__}")
        for name in ("id", "event"):
            value = getattr(self, name)
            if not isinstance(value, str | None):
                raise TypeError(f"the {name} of an event is str or None, not {type(value).__name__}")
            if value is not None and LINE_END.search(value):
                raise ValueError(f"the {name} of an event is one line: {value!r}")
        if self.id is not None and "\0" in self.id:
            raise ValueError(f"the id of an event has no NUL, or the browser drops it: {self.id!r}")
        if self.retry is not None:
            if not isinstance(self.retry, int) or isinstance(self.retry, bool):
                raise TypeError(f"the retry of an event is int or None, not {type(self.retry).__name__}")
            if self.retry < 0:
                raise ValueError(f"the retry of an event is 0 milliseconds or more: {self.retry}")


def encode(item: Any) -> bytes:
    """Return an event as bytes; a ``str``, ``dict`` or ``list`` is the data of one.

    Raises:
        TypeError, ValueError: the item is none of these, or JSON has no such value.
    """
    event = item if isinstance(item, Event) else Event(item)
    lines = [
        f"{name}: {value}"
        for name, value in (("event", event.event), ("id", event.id), ("retry", event.retry))
        if value is not None
    ]
    if event.data is not None:
        text = event.data if isinstance(event.data, str) else encode_json(event.data).decode()
        lines += [f"data: {line}" for line in LINE_END.split(text)]
    return ("\n".join(lines) + "\n\n").encode()


class Parser:
    """Reads an event stream as a browser does, from pieces of any size; it never raises on what it reads."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
        self._rest = ""
        self._fields: dict[str, str] = {}
        self._data: list[str] = []

    def feed(self, data: bytes) -> list[Event]:
        """Take a piece of the stream; return the blocks it completes, but for those of comments alone."""
        text = self._rest + self._decoder.decode(data)
        is_cut = text.endswith("\r")  # the next piece may begin with its line feed
        *lines, self._rest = LINE_END.split(text[:-1] if is_cut else text)
        if is_cut:
            self._rest += "\r"
        return [event for line in lines if (event := self._read(line)) is not None]

    def _read(self, line: str) -> Event | None:
        if not line:
            return self._end_block()
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif (
            name == "event"
            or (name == "id" and "\0" not in value)
            or (name == "retry" and MILLISECONDS.fullmatch(value))
        ):
            self._fields[name] = value
        return None

    def _end_block(self) -> Event | None:
        fields, self._fields = self._fields, {}
        data, self._data = self._data, []
        if not fields and not data:
            return None
        retry = int(fields["retry"]) if "retry" in fields else None
        return Event("\n".join(data) if data else None, fields.get("id"), fields.get("event"), retry)
