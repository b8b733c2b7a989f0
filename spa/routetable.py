"""Write the routes of an app as a table."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from spa.blame import name_of
from spa.handler import Handler, methods_of
from spa.routing import Router


class Row(NamedTuple):
    """One route, or what is mounted under a path, in words."""

    pattern: str
    name: str
    handler: str
    methods: str
    websocket: str


HEADINGS = Row("Pattern", "Name", "Handler", "Methods", "WebSocket")


def list_routes(router: Router, find_router: Callable[[Any], Router | None], prefix: str = "") -> Iterator[Row]:
    """Yield a row for each route of an app, and of the Apps mounted in it; mounted WSGI apps of others have one row.

    Args:
        router: that of the app.
        find_router: returns the router of the App inside a WSGI app, or None.
        prefix: put before every pattern.
    """
    for mount in router.mounts:  # first, as a request is asked
        path = prefix + mount.path.encode("latin-1").decode()
        inner = find_router(mount.wsgi_app)
        if inner is not None:
            yield from list_routes(inner, find_router, path)
        else:
            yield Row(f"{path}/...", "-", name_of(mount.wsgi_app), "any", "?")
    for route in router.routes:
        is_class = isinstance(route.handler, type) and issubclass(route.handler, Handler)
        yield Row(
            prefix + route.pattern,
            route.name or "-",
            name_of(route.handler),
            ", ".join(methods_of(route.handler)) if is_class else "any",  # type: ignore[arg-type]
            "yes" if is_class and callable(getattr(route.handler, "websocket", None)) else "no",
        )


def format_table(rows: Iterable[Sequence[str]]) -> str:
    """Return rows as lines with aligned columns, under their headings."""
    lines = [HEADINGS, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() + "\n"
        for line in lines
    )
