"""Write the routes of an app as a table."""

import spa
from spa.routetable import Row, format_table, list_routes
from spa.server.find import unwrap
from spa.static.smart import SmartStatic


class Value(spa.Handler):
    def get(self):
        return "value"

    def put(self):
        return None

    def websocket(self):
        return None


class Plain(spa.Handler):
    def post(self, **params):
        return None


def answer(app, request, params, route_name):
    return spa.Response()


def foreign(environ, start_response):
    return []


def rows(app):
    def find_router(wsgi_app):
        found = unwrap(wsgi_app)
        return found.router if found is not None else None

    return list(list_routes(app.router, find_router))


def test_each_route_is_a_row_in_its_order_and_mounts_come_first_as_they_are_asked(tmp_path):
    inner = spa.App((("/x", "x", Plain),))
    app = spa.App(
        (
            ("/value", "value", Value),
            ("/f", "", answer),
            ("/static/<path:filepath>", "static", SmartStatic(tmp_path)),
            spa.include("/api", (("/plain/<int:n>", "plain", Plain), spa.mount("/old", foreign)), name="api"),
            spa.mount("/innér", inner),
        )
    )
    assert rows(app) == [
        Row("/api/old/...", "-", "tests.test_routetable.foreign", "any", "?"),
        Row("/innér/x", "x", "tests.test_routetable.Plain", "OPTIONS, POST", "no"),
        Row("/value", "value", "tests.test_routetable.Value", "GET, HEAD, OPTIONS, PUT", "yes"),
        Row("/f", "-", "tests.test_routetable.answer", "any", "no"),
        Row("/static/<path:filepath>", "static", "spa.static.smart.SmartStatic", "any", "no"),
        Row("/api/plain/<int:n>", "api.plain", "tests.test_routetable.Plain", "OPTIONS, POST", "no"),
    ]


def test_the_columns_are_aligned_under_their_headings():
    table = format_table([Row("/a", "-", "m.LongName", "GET", "yes"), Row("/longer", "name", "m.A", "any", "no")])
    assert table == (
        "Pattern  Name  Handler     Methods  WebSocket\n"
        "/a       -     m.LongName  GET      yes\n"
        "/longer  name  m.A         any      no\n"
    )


def test_an_app_without_routes_has_headings_only():
    assert format_table(rows(spa.App(()))) == "Pattern  Name  Handler  Methods  WebSocket\n"
