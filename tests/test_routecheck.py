"""Hold what is refused when an app is built, because it could never answer, and what is not, because it may."""

import asyncio
import functools
import inspect
from functools import partial

import pytest
from werkzeug.routing import BaseConverter, Map, RequestRedirect, Rule
from werkzeug.test import Client

import spa
from spa.routecheck import Handlers, Patterns
from spa.static.handler import Static, StaticFileHandler, StaticHandler


def answer(app, request, params, route_name, **kwargs):
    return spa.JSONResponse(params)


def foreign(environ, start_response):
    return spa.Response("foreign")(environ, start_response)


def handler(bases=(spa.Handler,), **members):
    """Return a class called Page."""
    return type("Page", bases, members)


class Twelve(BaseConverter):
    regex = "12"


def refusal(*routes, **options):
    """Return what the app says to wrong routes; App must not be built."""
    with pytest.raises(spa.SetupError) as caught:
        spa.App(routes, **options)
    return str(caught.value)


# Patterns


@pytest.mark.parametrize(
    ("first", "second", "path"),
    [
        ("/", "/", "/"),
        ("/a", "/a", "/a"),
        ("/a/", "//a/", "/a/"),
        ("/<a>/", "/<a>/", "/x/"),
        ("/<a>/", "/<b>/", "/x/"),
        ("/<a>", "/<string:b>", "/x"),
        ("/<default:a>", "/<string:b>", "/x"),
        ("/<int:a>/<b>", "/<int:b>/<a>", "/1/x"),
        ("/<any(a, b):x>", "/<any(a, b):y>", "/a"),
        ("/<path:filepath>", "/<path:rest>", "/a/b"),
        ("/v<a>.html", "/v<b>.html", "/v1.html"),
        ("/é/<a>", "/é/<b>", "/é/1"),
    ],
)
def test_of_two_patterns_with_the_same_paths_the_second_is_never_found_so_it_is_refused(first, second, path):
    patterns = Patterns()
    patterns.add(first)
    with pytest.raises(spa.SetupError, match=r"two routes have the .*put the methods of both into one class"):
        patterns.add(second)
    rules = Map([Rule(first, endpoint="first"), Rule(second, endpoint="second")])
    assert rules.bind("localhost").match(path)[0] == "first"


def test_both_patterns_are_named():
    same = refusal(("/", "", answer), ("/", "", answer))
    assert same.startswith("two routes have the pattern '/', and the second is never found")
    alike = refusal(("/<a>/", "one", answer), ("/<b>/", "two", answer))
    assert alike.startswith("two routes have the same paths, '/<a>/' and '/<b>/', and the second is never found")


@pytest.mark.parametrize(
    "routes",
    [
        (spa.include("/a", (("/", "", answer),)), ("/a/", "", answer)),
        (spa.include("/a", (("/b", "", answer),)), spa.include("/a", (("/b", "", answer),))),
        (spa.include("/<x>", (("/b", "", answer),)), spa.include("/<y>", (("/b", "", answer),))),
    ],
)
def test_included_patterns_count_as_a_whole(routes):
    assert "and the second is never found" in refusal(*routes)


@pytest.mark.parametrize(
    ("patterns", "paths"),
    [
        (("/a", "/a/"), {"/a": 0, "/a/": 1}),
        (("/<a>", "/<int:a>", "/<path:a>"), {"/x": 0, "/7": 1, "/x/y": 2}),
        (("/<any(a, b):x>", "/<any(c, d):x>"), {"/a": 0, "/d": 1}),
        (("/<string(length=1):a>", "/<a>"), {"/x": 0, "/xy": 1}),
        (("/<a>/b", "/<b>/a"), {"/x/b": 0, "/x/a": 1}),
        (("/<a>b", "/<b>a"), {"/xb": 0, "/xa": 1}),
        (("/a>/", "/b>/"), {"/a>/": 0, "/b>/": 1}),
        (("/", "/<path:filepath>"), {"/": 0, "/a": 1}),
    ],
)
def test_patterns_that_have_paths_of_their_own_are_taken(patterns, paths):
    app = spa.App([(pattern, str(index), answer) for index, pattern in enumerate(patterns)])
    for path, index in paths.items():
        assert app.router.match({"PATH_INFO": path})[0].name == str(index)


def test_a_converter_that_is_replaced_is_another_one():
    app = spa.App((("/<string:a>", "twelve", answer), ("/<a>", "any", answer)), converters={"string": Twelve})
    assert [app.router.match({"PATH_INFO": path})[0].name for path in ("/12", "/x")] == ["twelve", "any"]
    assert "the same paths" in refusal(
        ("/<a>", "", answer), ("/<default:b>", "", answer), converters={"default": Twelve}
    )


def test_two_apps_under_one_path_are_refused():
    words = refusal(spa.mount("/é", foreign), spa.include("/a", ()), spa.mount("/é", spa.App(())))
    assert words == "two apps are mounted under '/é', and the second is never asked: move one of them"
    assert "under '/a/b'" in refusal(spa.mount("/a/b", foreign), spa.include("/a", (spa.mount("/b", foreign),)))
    spa.App((spa.mount("/a", foreign), spa.mount("/a/b", foreign), ("/a", "a", answer)))


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("/{name}", "'/{name}': a variable is written <name>, not {name}"),
        ("/users/{user_id}/", "a variable is written <user_id>, not {user_id}"),
        ("/{rest:path}", "a variable is written <path:rest>, not {rest:path}"),
        ("/{n:int}.html", "a variable is written <int:n>, not {n:int}"),
        ("/{s:str}", "a variable is written <s>, not {s:str}"),
        ("/<a>/{b}", "a variable is written <b>, not {b}"),
    ],
)
def test_a_variable_in_braces_is_refused(pattern, words):
    assert words in refusal((pattern, "", answer))
    assert words.partition("': ")[2] in refusal(spa.include(pattern.rstrip("/"), (("/x", "", answer),)))


def test_a_mount_with_a_variable_in_braces_is_refused():
    assert "not {tenant}" in refusal(spa.mount("/{tenant}", foreign))


class Pattern(BaseConverter):
    def __init__(self, map, regex):
        super().__init__(map)
        self.regex = regex


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("/{}", "/{}"),
        ("/{0}", "/{0}"),
        ("/{a b}", "/{a b}"),
        ("/{", "/{"),
        ("/<re('[0-9]{4}'):year>", "/2026"),
        ("/<any('{a}', b):x>", "/{a}"),
    ],
)
def test_other_braces_are_taken(pattern, path):
    app = spa.App(((pattern, "", answer),), converters={"re": Pattern})
    assert app.router.match({"PATH_INFO": path})[0].pattern == pattern


# Classes without a method that answers


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({}, "route '/': Page has no method that answers: write get, post, put, patch, delete or websocket"),
        ({"GET": lambda self: ""}, "perhaps def get for def GET"),
        ({"gett": lambda self: ""}, "perhaps def get for def gett"),
        ({"on_post": lambda self: ""}, "perhaps def post for def on_post"),
        ({"do_GET": lambda self: ""}, "perhaps def get for def do_GET"),
        ({"ws": lambda self: ""}, "perhaps def websocket for def ws"),
        ({"websockets": lambda self: ""}, "perhaps def websocket for def websockets"),
        ({"WebSocket": lambda self: ""}, "perhaps def websocket for def WebSocket"),
        ({"get": None}, "has no method that answers"),
        ({"prepare": lambda self: ""}, "; prepare runs before one of them only"),
        ({"websocket_close": lambda self: ""}, "has no method that answers"),
    ],
)
@pytest.mark.parametrize("base", [spa.Handler, spa.JSONHandler])
def test_a_class_that_answers_no_request_is_refused(members, words, base):
    refused = refusal(("/", "", handler((base,), **members)))
    assert words in refused
    assert "perhaps" in words or "perhaps" not in refused


def test_a_list_called_posts_is_no_method():
    assert "perhaps" not in refusal(("/", "", handler(posts=[], index=lambda self: "")))


def test_a_constructor_may_answer_every_request():
    def see_other(self, app, request, params, route_name):
        raise RequestRedirect("/elsewhere")

    assert Client(spa.App((("/", "", handler(__init__=see_other)),))).get("/").status_code == 308


def test_the_base_class_answers_nothing():
    assert "Handler has no method that answers" in refusal(("/", "", spa.Handler))


class Mixin:
    def get(self):
        return "mixin"


@pytest.mark.parametrize(
    ("cls", "status"),
    [
        (handler((Mixin, spa.Handler)), 200),
        (handler((handler(get=lambda self: ""),)), 200),
        (handler(websocket=lambda self: None), 426),
        (handler(head=lambda self: None), 405),
        (handler(options=lambda self: None), 405),
        (handler(trace=lambda self: None), 405),
        (handler(__call__=lambda self, environ, start_response: foreign(environ, start_response)), 200),
    ],
)
def test_a_class_that_answers_something_is_taken(cls, status):
    assert Client(spa.App((("/", "", cls),))).get("/").status_code == status


# Methods and variables


def get_nothing(self):
    return ""


@pytest.mark.parametrize("name", ["get", "post", "put", "patch", "delete", "options", "websocket", "prepare"])
def test_a_method_that_does_not_take_a_variable_is_refused(name):
    members = {"get": lambda self, name: name, name: get_nothing}
    assert refusal(("/<name>/", "", handler(**members))) == (
        f"route '/<name>/': Page.{name}(self) does not take the variable 'name': write def {name}(self, name),"
        " or give this route a class of its own"
    )


@pytest.mark.parametrize("name", ["get", "post", "websocket", "prepare"])
def test_a_method_that_needs_what_the_pattern_has_not_is_refused(name):
    members = {"get": lambda self: "", name: lambda self, name: name}
    assert refusal(("/", "", handler(**members))) == (
        f"route '/': Page.{name}(self, name) needs 'name', which the pattern has not: write <name> into the pattern,"
        " or give it a default, name=None"
    )


@pytest.mark.parametrize("pattern", ["/", "/<name>/"])
@pytest.mark.parametrize("argument", ["name", "code"])
def test_what_runs_at_the_end_of_a_websocket_gets_no_arguments(pattern, argument):
    closing = eval(f"lambda self, {argument}: None")
    page = handler(websocket=lambda self, name=None: None, websocket_close=closing)
    assert refusal((pattern, "", page)) == (
        f"route {pattern!r}: Page.websocket_close(self, {argument}) gets no arguments: write def websocket_close(self),"
        " and see self.params and self.ws.close_code"
    )


@pytest.mark.parametrize("closing", [lambda self: None, lambda self, name=None: None, lambda *args, **options: None])
def test_what_can_run_at_the_end_of_a_websocket_is_taken(closing):
    page = handler(websocket=lambda self, name: None, websocket_close=closing)
    spa.App((("/<name>/", "", page), ("/a/<name>/", "", page)))


def test_what_never_runs_at_the_end_of_a_websocket_may_take_anything():
    spa.App((("/", "", handler(get=get_nothing, websocket_close=lambda self, name: None)),))


@pytest.mark.parametrize("name", ["ws", "websocket", "socket", "request", "req"])
@pytest.mark.parametrize("method", ["get", "websocket", "prepare"])
def test_what_other_frameworks_hand_over_is_an_attribute(name, method):
    attribute = "request" if name.startswith("req") else "ws"
    function = eval(f"lambda self, {name}, key: None")
    assert refusal(("/<key>", "", handler(**{"get": lambda self, key: "", method: function}))) == (
        f"route '/<key>': Page.{method}(self, {name}, key) is not given {name!r}, which is self.{attribute}:"
        f" write def {method}(self, key)"
    )


@pytest.mark.parametrize(
    ("pattern", "method", "words"),
    [
        (
            "/<name>/",
            lambda self, nam: "",
            "Page.get(self, nam) does not take the variable 'name': write def get(self, name)",
        ),
        ("/<b>/<int:a>", lambda self, a: "", "does not take the variable 'b': write def get(self, b, a)"),
        ("/<a>", lambda self, a, *, b: "", "(self, a, *, b) needs 'b'"),
        ("/<a>/<b>", lambda self, *, a: "", "does not take the variable 'b': write def get(self, a, b)"),
        ("/<a>", lambda self, a, /: "", "does not take the variable 'a'"),
        ("/<a>", lambda self, *args: "", "does not take the variable 'a'"),
        (
            "/<self>",
            lambda self, **params: "",
            "no method takes a variable called self; rename it",
        ),
        ("/<args>", lambda self, *args: "", "does not take the variable 'args'"),
        ("/<a>", lambda: "", "Page.get() does not take the variable 'a': write def get(self, a)"),
        ("/", lambda: "", "Page.get() cannot be called (too many positional arguments): write def get(self)"),
        ("/<a>", staticmethod(lambda: ""), "does not take the variable 'a'"),
        ("/<a>", classmethod(lambda cls: ""), "does not take the variable 'a'"),
    ],
)
def test_the_refusal_says_what_to_write(pattern, method, words):
    assert words in refusal((pattern, "", handler(get=method)))


def test_a_method_fits_one_route_of_its_class_at_least():
    class Notes(spa.Handler):
        def get(self, id=None):
            return id or "all"

        def post(self):
            return "made"

        def delete(self, id):
            return f"no {id}"

    spa.App((("/", "", Notes), ("/<id>/", "", Notes)))
    assert "route '/': Notes.delete(self, id) needs 'id'" in refusal(("/", "", Notes))
    assert "route '/<id>/': Notes.post(self) does not take the variable 'id'" in refusal(("/<id>/", "", Notes))
    assert "route '/a/<x>/'" in refusal(spa.include("/a", (("/<x>/", "", Notes), ("/<x>/<y>/", "", Notes))))


def test_prepare_fits_every_route_of_its_class():
    class Page(spa.Handler):
        def prepare(self, name):
            self.name = name

        def get(self, name=None):
            return self.name

    assert "route '/': Page.prepare(self, name) needs 'name'" in refusal(("/<name>/", "", Page), ("/", "", Page))


def test_inherited_methods_are_looked_at():
    base = handler(get=get_nothing)
    assert "does not take the variable 'name'" in refusal(("/<name>", "", handler((base,))))


def with_user(method):
    @functools.wraps(method)
    def wrapper(self, *args, **kwargs):
        return method(self, "ann", *args, **kwargs)

    return wrapper


class Callable:
    def __call__(self, **params):
        return str(params)


class Replacing(spa.Handler):
    def prepare(self, **params):
        self.params = {"note": "milk"}

    def get(self, note):
        return note


class ReplacingQuietly(spa.Handler):
    @with_user
    def prepare(self, user, **params):
        self.params = {"user": user}

    def get(self, user):
        return user


class Popping(spa.Handler):
    def __init__(self, app, req, params, route_name, **kwargs):
        self.lang = params.pop("name")
        super().__init__(app, req, params, route_name, **kwargs)

    def get(self):
        return self.lang


class Adding(spa.Handler):
    def __call__(self, environ, start_response):
        self.params = {"a": "1", "b": "2"}
        return super().__call__(environ, start_response)

    def get(self, a, b):
        return a + b


@pytest.mark.parametrize(
    ("method", "text"),
    [
        (lambda self, name: name, "x"),
        (lambda self, name=None: name, "x"),
        (lambda self, *, name, page=1: f"{name}{page}", "x1"),
        (lambda self, **params: str(params), "{'name': 'x'}"),
        (staticmethod(lambda name: name), "x"),
        (classmethod(lambda cls, name: name), "x"),
        (with_user(lambda self, user, name: user + name), "annx"),
        (functools.partialmethod(lambda self, name, b: name + b, b="y"), "xy"),
        (Callable(), "{'name': 'x'}"),
        (dict, None),
    ],
)
def test_what_takes_the_variables_or_cannot_be_read_is_taken(method, text):
    response = Client(spa.App((("/<name>", "", handler(get=method)),))).get("/x")
    assert response.status_code == 200
    assert text is None or response.text == text


@pytest.mark.parametrize(
    ("cls", "text"),
    [(Replacing, "milk"), (handler((Replacing,)), "milk"), (ReplacingQuietly, "ann"), (Popping, "x"), (Adding, "12")],
)
def test_a_class_that_may_change_the_variables_is_trusted(cls, text):
    assert Client(spa.App((("/<name>", "", cls),))).get("/x").text == text


def test_what_prepare_itself_takes_is_looked_at_though_it_changes_the_variables():
    def prepare(self):
        self.params = {}

    assert "Page.prepare(self) does not" in refusal(("/<name>", "", handler(prepare=prepare, get=get_nothing)))


def test_a_verb_that_reads_the_variables_is_looked_at():
    assert "Page.get(self) does not" in refusal(("/<name>", "", handler(get=lambda self: self.params["name"])))


@pytest.mark.parametrize("name", ["connect", "trace"])
def test_a_method_that_hardly_means_the_verb_of_its_name_is_trusted(name):
    async def wait(self, database):
        return database

    client = Client(spa.App((("/", "", handler(get=get_nothing, **{name: wait})),)))
    assert client.get("/").status_code == 200


def test_a_default_serves_a_route_with_the_variable_and_one_without():
    class Hello(spa.Handler):
        def get(self, name=None):
            return f"hello {name}"

        def websocket(self, name=None):
            return None

    client = Client(spa.App((("/", "home", Hello), ("/hello/<name>/", "hello", Hello))))
    assert [client.get("/").text, client.get("/hello/ann/").text] == ["hello None", "hello ann"]


# Constructors


@pytest.mark.parametrize(
    ("constructor", "kwargs", "words"),
    [
        (lambda self: None, {}, "too many positional arguments"),
        (lambda self, app, req: None, {}, "too many positional arguments"),
        (lambda self, app, req, params, route_name, database: None, {}, "missing a required argument: 'database'"),
        (lambda self, app, req, params, route_name: None, {"color": 1}, "unexpected keyword argument 'color'"),
        (spa.Handler.__init__, {"app": 1}, "multiple values for argument 'app'"),
        (spa.Handler.__init__, {1: 1}, "keywords must be strings"),
    ],
)
def test_a_constructor_that_cannot_be_called_as_a_handler_is_refused(constructor, kwargs, words):
    refused = refusal(("/", "", handler(__init__=constructor, get=get_nothing), kwargs))
    assert refused.startswith("route '/': Page.__init__ cannot be called as a handler is (")
    assert words in refused
    assert "write def __init__(self, app, req, params, route_name, **kwargs) and hand all on" in refused


def require(self, app, request, params, route_name, database):
    spa.Handler.__init__(self, app, request, params, route_name)
    self.database = database


def construct(self, app, request, *args, database="", **kwargs):
    spa.Handler.__init__(self, app, request, *args, **kwargs)
    self.database = database


@pytest.mark.parametrize(
    ("cls", "kwargs"),
    [
        (handler(__init__=construct, get=lambda self: self.database), {"database": "x"}),
        (handler(__init__=require, get=lambda self: self.database), {"database": "x"}),
        (partial(handler(__init__=require, get=lambda self: self.database), database="x"), {}),
        (handler(get=lambda self: self.kwargs["database"]), {"database": "x"}),
    ],
)
def test_a_constructor_that_takes_the_arguments_of_its_route_is_taken(cls, kwargs):
    assert Client(spa.App((("/", "", cls, kwargs),))).get("/").text == "x"


def test_a_class_with_some_arguments_set_is_looked_at_as_the_class():
    assert "Page.get(self) does not take" in refusal(("/<name>", "", partial(handler(get=get_nothing), color=1)))


def test_a_class_made_in_another_way_is_trusted():
    class Meta(type):
        def __call__(cls, app, request, params, route_name):
            made = cls.__new__(cls)
            spa.Handler.__init__(made, app, request, params, route_name)
            made.__init__("x")
            return made

    class Page(spa.Handler, metaclass=Meta):
        def __init__(self, text):
            self.text = text

        def get(self):
            return self.text

    assert Client(spa.App((("/", "", Page),))).get("/").text == "x"


# async def


async def wait(self, **params):
    return ""


async def generate(self, **params):
    yield ""


@pytest.mark.parametrize("name", ["get", "post", "prepare", "websocket", "websocket_close"])
@pytest.mark.parametrize("method", [wait, generate, staticmethod(wait)])
def test_an_async_method_is_refused(name, method):
    members = {"get": get_nothing, name: method}
    assert refusal(("/", "", handler(**members))) == (
        f"route '/': Page.{name}: write def, not async def: gevent needs no await"
    )


def generate_at_once(self):
    yield ""


@pytest.mark.parametrize("name", ["websocket", "websocket_close"])
def test_a_websocket_that_is_a_generator_is_refused(name):
    members = {"websocket": get_nothing, name: generate_at_once}
    assert refusal(("/", "", handler(**members))) == (
        f"route '/': Page.{name}: write self.ws.send(...), not yield, which nobody would run"
    )


class Awaiting(spa.Handler):
    async def get(self, name):
        return name

    def to_response(self, value):
        with asyncio.Runner() as runner:
            return super().to_response(runner.run(value))


def test_a_class_that_waits_for_what_its_methods_return_is_taken():
    assert Client(spa.App((("/<name>", "", Awaiting),))).get("/x").text == "x"


class AsyncCallable:
    async def __call__(self, app, request, params, route_name):
        return spa.Response()


async def async_function(app, request, params, route_name):
    return spa.Response()


@pytest.mark.parametrize("function", [async_function, partial(async_function), AsyncCallable()])
def test_an_async_function_is_refused(function):
    assert "write def, not async def: gevent needs no await" in refusal(("/", "", function))


# Functions


def view(request):
    return spa.Response()


def two(request, name):
    return spa.Response()


class Plain:
    def get(self):
        return ""


class View:
    def show(self, request):
        return spa.Response()


@pytest.mark.parametrize(
    ("function", "kwargs", "words"),
    [
        (
            view,
            {},
            "route '/': a function handler takes (app, request, params, route_name), unlike view(request): too many",
        ),
        (two, {}, "unlike two(request, name): too many"),
        (lambda: "", {}, "unlike <lambda>()"),
        (View().show, {}, "unlike show(request)"),
        (partial(view), {}, "unlike partial(request)"),
        (
            lambda app, request, params, route_name: "",
            {"color": 1},
            "takes (app, request, params, route_name, color), unlike <lambda>(app, request, params, route_name): got",
        ),
        (lambda app, request, params, route_name, color: "", {}, "missing a required argument: 'color'"),
        (Plain, {}, "route '/': Plain is no handler class: write class Plain(spa.Handler)"),
        (foreign, {}, "foreign(environ, start_response) is a WSGI app: put it under a path with spa.mount"),
        (spa.App(()), {}, "is a WSGI app: put it under a path with spa.mount"),
    ],
)
def test_a_function_that_cannot_be_called_as_a_handler_is_refused(function, kwargs, words):
    assert words in refusal(("/", "", function, kwargs))


class Factory:
    def __init__(self, app, request, params, route_name):
        self.params = params

    def __call__(self, environ, start_response):
        return spa.JSONResponse(self.params)(environ, start_response)


def logged(function):
    @functools.wraps(function)
    def wrapper(app, request, params, route_name):
        return function(request)

    return wrapper


@pytest.mark.parametrize(
    "function",
    [
        answer,
        Factory,
        logged(view),
        partial(answer, color=1),
        lambda *arguments: spa.Response(),
        lambda app, request, params, name, color=None: spa.Response(),
    ],
)
def test_a_function_that_can_be_called_as_a_handler_is_taken(function):
    assert Client(spa.App((("/<x>", "", function),))).get("/y").status_code == 200


def signed(*arguments):
    return spa.Response()


signed.__signature__ = inspect.signature(view)  # as a decorator may have left it, for those who read the docs


@pytest.mark.parametrize("function", [max, dict, signed])
def test_what_has_no_signature_to_go_by_is_taken(function):
    handlers = Handlers()
    handlers.add("/", function, {}, ())
    handlers.check()


def test_spas_own_handlers_are_taken_under_any_pattern(tmp_path):
    (tmp_path / "a.txt").write_text("a")
    app = spa.App(
        (
            ("/a/<path:filepath>", "", StaticHandler, {"directory": tmp_path}),
            ("/b/<path:filepath>", "", Static(directory=tmp_path)),
            ("/<lang>/c/<path:filepath>", "", StaticHandler, {"directory": tmp_path, "max_age": 1}),
            ("/<lang>/d", "", StaticFileHandler, {"file": tmp_path / "a.txt"}),
        )
    )
    assert [Client(app).get(path).text for path in ("/a/a.txt", "/b/a.txt", "/x/c/a.txt", "/x/d")] == ["a"] * 4
