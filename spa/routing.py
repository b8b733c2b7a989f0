"""Turn a tuple of routes into a URL map that finds handlers and builds URLs."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from inspect import isfunction
from numbers import Number
from typing import Any
from urllib.parse import unquote, unquote_to_bytes, urlsplit

from werkzeug.exceptions import HTTPException
from werkzeug.routing import BaseConverter, BuildError, Map, RequestRedirect, Rule
from werkzeug.wsgi import get_path_info

from spa.converter import PlainFloatConverter
from spa.errors import SetupError
from spa.handler import Handler
from spa.mountpoint import Mount, check_prefix, find_mount
from spa.querytext import write_texts
from spa.redirect import quote_path, redirect_to
from spa.routecheck import Handlers, Patterns, check_mounts
from spa.segmenttree import SegmentTree
from spa.target import NotNormal, has_dots, refuse
from spa.wsgi import WSGIApp

RouteHandler = Callable[..., WSGIApp]
Match = tuple["Route", Mapping[str, Any]]


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """A pattern, a name and a handler; what a tuple of three or four becomes."""

    pattern: str
    name: str
    handler: RouteHandler
    kwargs: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Include:
    """Routes under a prefix; made by ``include``."""

    prefix: str
    routes: Sequence[Any]
    name: str | None


def include(prefix: str, routes: Sequence[Any], *, name: str | None = None) -> Include:
    """Put routes under a prefix, as one item of a routes tuple.

    Args:
        prefix: a pattern that starts with a slash and does not end with one, ``/api`` or ``/<lang>``.
        routes: a tuple of routes; it may hold further ``include`` and ``mount`` items.
        name: put before the names of the routes, with a dot: ``app.url('api.user')``.

    Raises:
        SetupError: the prefix does not start with a slash, or ends with one.
    """
    return Include(check_prefix(prefix, "include"), routes, name)


class Router:
    """Find the handler of a path, and the path of a name.

    Args:
        items: routes as tuples, and what ``include`` and ``mount`` return.
        converters: further Werkzeug converters for patterns, by name.

    Attributes:
        routes: in the order in which they were given.
        mounts: in the order in which they are asked.

    Raises:
        SetupError: an item is not a route, a pattern is wrong, a name or a pattern is used twice, a handler cannot
            answer its route, or a converter is none.
    """

    def __init__(self, items: Iterable[Any], converters: Mapping[str, type[BaseConverter]] | None = None) -> None:
        self.routes: list[Route] = []
        self.mounts: list[Mount] = []
        self._named: dict[str, Route] = {}
        _check_converters({} if converters is None else converters)
        self._map = Map(converters={"float": PlainFloatConverter, **(converters or {})})
        self._tree: SegmentTree[Route] = SegmentTree(converters or ())
        self._patterns = Patterns(converters or ())
        for item in _flatten(items, "", ""):
            if isinstance(item, Mount):
                self.mounts.append(item)
            else:
                self._add(item)
        check_mounts([mount.path.encode("latin-1").decode() for mount in self.mounts])
        self.mounts.sort(key=lambda mount: len(mount.path), reverse=True)
        self._map.update()
        handlers = Handlers()
        for rule in self._map.iter_rules():
            handlers.add(rule.endpoint.pattern, rule.endpoint.handler, rule.endpoint.kwargs, rule.arguments)
        handlers.check()
        for route in self.routes:
            check = getattr(route.handler, "check_routes", None)  # a handler may depend on the routes of others
            if check is not None and not isinstance(route.handler, type):
                check()
        self._adapter = self._map.bind("localhost")
        self._fixed = self._match_fixed()
        self._is_steady = not converters

    def match(self, environ: Mapping[str, Any], is_upgrade: bool = False) -> Match:
        """Return the route of a request and the variables in its path, a dict of this request's own.

        Args:
            environ: the WSGI environ.
            is_upgrade: a WebSocket client follows no redirect, so its path is matched with the slash it lacks.

        Raises:
            NotFound: no route has this path, it does not start with a slash, or has a segment ``.`` or ``..``.
            HTTPException: it is ``*``, and the method OPTIONS; the exception carries the answer.
            Redirect: the resource has this path with a slash more, or with double slashes merged.
        """
        raw = environ.get("PATH_INFO", "")
        fixed = self._fixed.get(raw)
        if fixed is not None:
            return fixed, {}
        if "/." in raw and has_dots(raw):  # most are spared the call
            raise NotNormal  # a link to it would lead elsewhere
        found = self._tree.find(raw) if raw.isascii() else None
        if found is not None:
            return found
        if raw and not raw.startswith("/"):
            refuse(raw, environ)
        match = self._match_rules(get_path_info(environ), environ, is_upgrade)  # type: ignore[arg-type]
        if raw.startswith("//") and not is_upgrade:  # Werkzeug takes them for one; a guard in front of the app does not
            raise redirect_to(quote_path("/" + raw.lstrip("/")), environ)
        return match

    def always_finds(self, handler: Any, environ: Mapping[str, Any]) -> bool:
        """Tell whether this very handler is found for a request each time: a converter of one's own may think again."""
        try:
            is_steady = self._is_steady and find_mount(self.mounts, environ) is None
            return is_steady and self.match(environ)[0].handler is handler
        except HTTPException:
            return False

    def url(self, name: str, values: Mapping[str, Any], root: str = "") -> str:
        """Return the path of the route called ``name``, below ``root``.

        Values that are not in its pattern become the query. The root is written as in a URL, without a slash at its
        end.

        Raises:
            LookupError: there is no such name, or a value is missing or does not fit: the path would not lead back to
                this route and these values.
        """
        route = self._named.get(name)
        if route is None:
            known = ", ".join(sorted(self._named)) or "none"
            raise LookupError(f"no route is called {name!r}; the names are: {known}")
        try:
            complete = self._complete(route, values, root)
            built: str = self._adapter.build(route, self._with_query(route, complete))
        except (BuildError, ValueError, TypeError, OverflowError) as error:  # all but the first as of int('a')
            raise LookupError(f"{route.pattern!r} cannot be built from {dict(values)!r}") from error
        path = built.partition("?")[0]
        if not self._leads_to(path, route, complete):
            wrong = f"{route.pattern!r} cannot be built from {dict(values)!r}"
            raise LookupError(f"{wrong}: the path {path!r} is not that of this route and these values")
        return root + built

    def _leads_to(self, path: str, route: Route, values: Mapping[str, Any]) -> bool:
        """Tell whether a path that was built is matched with what it was built from; converters let anything through.

        Otherwise a value that a user chose, ``7/delete``, would move a link to another resource.
        """
        environ = {"PATH_INFO": unquote_to_bytes(path).decode("latin-1")}
        try:
            found, params = self.match(environ)
            # A route may stand below a mount, to name what is there; no value may lead from elsewhere into one.
            mount = find_mount(self.mounts, environ)
            prefix = route.pattern.partition("<")[0].encode().decode("latin-1")
            own_mount = find_mount(self.mounts, {"PATH_INFO": prefix})
        except HTTPException:
            return False
        return found is route and mount is own_mount and all(
            value == values[name] or self._spells(path, route, values[name], params, name)
            for name, value in params.items()
        )

    def _spells(self, path: str, route: Route, given: Any, params: Mapping[str, Any], name: str) -> bool:
        """Tell whether a value that does not equal the one in a path is written as that is, as ``'7'`` is for ``7``."""
        if isinstance(given, Number) and isinstance(params[name], Number):
            # int(1.9) is 1; but Decimal('0.1') is written as the float is, and does not equal it.
            return isinstance(params[name], float) and float(given) == params[name]  # type: ignore[arg-type]
        return self._adapter.build(route, {**params, name: given}) == path

    def _complete(self, route: Route, values: Mapping[str, Any], root: str) -> Mapping[str, Any]:
        """Let a handler that has ``url_values(values, mount)`` say what goes into its URL, as a hash of the file."""
        url_values = getattr(route.handler, "url_values", None)
        if url_values is None or "filepath" not in values:
            return values
        mount: str = self._adapter.build(route, {**values, "filepath": "x"}).partition("?")[0]
        return url_values(dict(values), unquote(root + mount.removesuffix("x")))  # type: ignore[no-any-return]

    def _with_query(self, route: Route, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """Write the values that are not in the pattern as ``Request.query`` reads them."""
        in_path = next(self._map.iter_rules(route)).arguments
        return {name: value if name in in_path else write_texts(value) for name, value in values.items()}

    def _add(self, route: Route) -> None:
        if route.name:
            if route.name in self._named:
                raise SetupError(f"two routes are called {route.name!r}: give one of them another name, or none")
            self._named[route.name] = route
        self.routes.append(route)
        try:
            rule = Rule(route.pattern, endpoint=route)
            self._map.add(rule)
        except (ValueError, LookupError, TypeError) as error:  # the last is of a converter with other arguments
            known = f"; there are {', '.join(self._map.converters)}" if type(error) is LookupError else ""
            raise SetupError(f"route {route.pattern!r}: {error}{known}") from error
        except SyntaxError as error:  # Werkzeug compiles a function of the variables
            raise SetupError(f"route {route.pattern!r}: a variable is there twice; rename one of them") from error
        if "self" in rule.arguments and isinstance(route.handler, type):
            raise SetupError(f"route {route.pattern!r}: no method takes a variable called self; rename it")
        self._patterns.add(route.pattern)
        self._tree.add(route.pattern, route)

    def _match_fixed(self) -> dict[str, Route]:
        """Return what Werkzeug finds for each pattern without variables, for it to be asked once only."""
        fixed: dict[str, Route] = {}
        for rule in self._map.iter_rules():
            if not rule.arguments and rule.rule.isascii() and not rule.rule.startswith("//"):
                try:
                    fixed[rule.rule], _ = self._adapter.match(rule.rule, websocket=False)
                except HTTPException:
                    pass  # slashes that a request would be redirected for
        return fixed

    def _match_rules(self, path: str, environ: Mapping[str, Any], is_upgrade: bool) -> Match:
        # An upgrade is matched as any request: a rule of Werkzeug's for WebSockets only would split one resource.
        try:
            return self._adapter.match(path, websocket=False)
        except RequestRedirect as redirect:
            target = urlsplit(redirect.new_url).path
            if is_upgrade:
                return self._adapter.match(unquote(target), websocket=False)
            raise redirect_to(target, environ) from None


def _flatten(items: Iterable[Any], prefix: str, name: str) -> Iterator[Route | Mount]:
    if not isinstance(items, Iterable):
        raise SetupError(f"routes are a tuple of (pattern, name, handler), not {items!r}")
    for item in items:
        if isinstance(item, Include):
            inner = f"{name}{item.name}." if item.name else name
            yield from _flatten(item.routes, prefix + item.prefix, inner)
        elif isinstance(item, Mount):
            path = prefix + item.path
            if "<" in path:
                raise SetupError(f"mount({path!r}): a mount has no variables; make it a route with a path variable")
            yield Mount(path.encode().decode("latin-1"), item.wsgi_app)  # as PATH_INFO spells it (PEP 3333)
        else:
            yield _make_route(item, prefix, name)


def _make_route(item: Any, prefix: str, name: str) -> Route:
    if isinstance(item, str):
        raise SetupError(f"routes holds {item!r}, not a route: a tuple of one route ends with a comma, ((...),)")
    if not isinstance(item, (tuple, list)) or len(item) not in (3, 4):
        raise SetupError(f"a route is (pattern, name, handler) or (pattern, name, handler, kwargs), not {item!r}")
    pattern, route_name, handler = item[:3]
    kwargs = item[3] if len(item) == 4 else {}
    if not isinstance(pattern, str) or not pattern.startswith("/"):
        raise SetupError(f"the pattern of a route starts with a slash, unlike {pattern!r}")
    if has_dots(prefix + pattern):
        raise SetupError(f"route {prefix + pattern!r}: clients take the segments . and .. out of a path")
    if not isinstance(route_name, str):
        raise SetupError(f"route {pattern!r}: the name is a string, empty for none, not {route_name!r}")
    if not callable(handler):
        raise SetupError(f"route {pattern!r}: the handler is a Handler class or a function, not {handler!r}")
    if isinstance(handler, Handler):
        raise SetupError(f"route {pattern!r}: pass the class {type(handler).__name__}, not an instance of it")
    if not isinstance(kwargs, Mapping):
        raise SetupError(f"route {pattern!r}: the keyword arguments are a dict, not {kwargs!r}")
    set_up_route = getattr(handler, "set_up_route", None)  # a handler may look at its arguments once, now
    if set_up_route is not None:
        if isinstance(handler, type) and isfunction(set_up_route):  # a method of what is still to be made
            name = handler.__name__
            raise SetupError(f"route {pattern!r}: the handler is not the class {name}, but one: {name}(...)")
        kwargs = set_up_route(prefix + pattern, kwargs)
    return Route(prefix + pattern, name + route_name if route_name else "", handler, kwargs)


def _check_converters(converters: Mapping[str, type[BaseConverter]]) -> None:
    if not isinstance(converters, Mapping):
        raise SetupError(f"converters is a dict of classes by name, not {converters!r}")
    for name, converter in converters.items():
        if not isinstance(converter, type) or not issubclass(converter, BaseConverter):
            raise SetupError(
                f"the converter {name!r} is a subclass of werkzeug.routing.BaseConverter, not {converter!r}"
            )
