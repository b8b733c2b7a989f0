"""Find the app that a command line names."""

import sys

import pytest
from werkzeug.middleware.proxy_fix import ProxyFix

import spa
from spa.errors import SetupError
from spa.middleware import CompressionMiddleware, CORSMiddleware, CSRFMiddleware, SessionMiddleware
from spa.server.find import ImportFailed, find_app, is_app, is_finding, unwrap

APP = "import spa\n{} = spa.App(())\n"
WRAPPED = APP.format("site") + "from spa.middleware import CSRFMiddleware\n{} = CSRFMiddleware(site)\n"


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Write files into a directory of their own, and forget the modules afterwards."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    before = set(sys.modules)

    def write(**files):
        for name, text in files.items():
            path = tmp_path / f"{name.replace('__', '/')}.py"
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        return tmp_path

    yield write
    for name in set(sys.modules) - before:
        del sys.modules[name]


@pytest.mark.parametrize(
    ("files", "target", "where"),
    [
        ({"app": APP.format("app")}, None, ("app", "app")),
        ({"main": APP.format("application")}, None, ("main", "application")),
        ({"wsgi": APP.format("app")}, None, ("wsgi", "app")),
        ({"app": "x = 1", "main": APP.format("app")}, None, ("main", "app")),
        ({"app": "app = 'no app'\n" + APP.format("application")}, None, ("app", "application")),
        ({"other": APP.format("application")}, "other", ("other", "application")),
        ({"other": APP.format("api")}, "other:api", ("other", "api")),
        ({"package__inner": APP.format("app")}, "package.inner", ("package.inner", "app")),
        ({"other": APP.format("made") + "def make():\n    return made\n"}, "other:make()", ("other", "made")),
    ],
)
def test_it_finds_the_app_that_is_named_or_the_usual_one(project, files, target, where):
    found = find_app(target, project(**files))
    assert found is getattr(sys.modules[where[0]], where[1])


@pytest.mark.parametrize(
    ("files", "target", "message"),
    [
        ({}, None, "no app or application in app.py, main.py, wsgi.py of .*; name yours, as in: spa run module:app"),
        ({"app": APP.format("site")}, None, "module 'app' has neither app nor application; write app:site$"),
        ({"app": "x = 1", "main": APP.format("site")}, None, "module 'main' has neither .*; write main:site$"),
        ({"main": "x = 1"}, None, "module 'main' has neither app nor application; make one there, as in"),
        ({"app": "app = 'x'"}, None, "app:app is no WSGI app but str; make one there, as in: app = spa.App"),
        ({"app": "app = None\n" + APP.format("site")}, None, "app:app is no WSGI app but NoneType; write app:site$"),
        ({"app": "import spa\napp = spa.App"}, None, "app:app is no WSGI app but the class App; make one there"),
        ({"app": "from spa import Handler"}, "app:Handler", "app:Handler is no WSGI app but the class Handler; make"),
        ({}, "nope", "no module 'nope' in .*; go to its directory, or name another"),
        ({"package__other": ""}, "package.nope:app", r"no module 'package\.nope' in "),
        ({}, "nope.py", "'nope.py' is a path; .* name the module: nope"),
        ({}, "a/b.py:app", "is a path; .* name the module: a.b$"),
        ({}, "./app.py", "is a path; .* name the module: app$"),
        ({}, "../shop/app.py", "is a path; .* name the module: shop.app$"),
        ({}, "app/", "is a path; .* name the module: app$"),
        ({"calendar": "app = print"}, "calendar", "loaded from elsewhere; give calendar.py another name"),
        ({"own": "def app(): pass"}, "own", r"if it returns the app, write 'own:app\(\)'"),
        ({"own": "def make(): pass"}, "own:make", r"if it returns the app, write 'own:make\(\)'"),
        ({}, "not a module", "is not the name of a module"),
        ({}, ":app", "'' is not the name of a module"),
        ({"other": "x = 1"}, "other", "has neither app nor application; make one there"),
        ({"other": APP.format("api")}, "other", "has neither app nor application; write other:api"),
        ({"other": APP.format("api")}, "other:app", "module 'other' has no 'app'; write other:api"),
        ({"other": WRAPPED.format("app")}, "other:ap", "module 'other' has no 'ap'; write other:app$"),
        ({"other": WRAPPED.format("application")}, "other:site.app", "has no 'site.app'; write other:application$"),
        ({"other": WRAPPED.format("app")}, "other:sites", "has no 'sites'; write other:app$"),
        ({"other": WRAPPED.format("shop")}, "other:shpo", "has no 'shpo'; write other:shop$"),
        ({"other": WRAPPED.format("shop") + "def app(): pass"}, "other:shpo", "has no 'shpo'; write other:shop$"),
        ({"other": WRAPPED.format("app")}, "other:spa", "other:spa is no WSGI app but module; write other:app$"),
        ({"other": "app = 'text'"}, "other:app", "other:app is no WSGI app but str; make one there"),
        ({"other": "app = 'text'"}, "other", "other:app is no WSGI app but str; make one there"),
    ],
)
def test_what_cannot_be_found_is_one_line_that_names_the_fix(project, files, target, message):
    with pytest.raises(SetupError, match=message) as caught:
        find_app(target, project(**files))
    assert not isinstance(caught.value, ImportFailed)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "target", "message", "trace"),
    [
        ("def f(\n", "other", "SyntaxError", 'other.py", line 1\n'),
        ("import not_installed\n", "other", "No module named 'not_installed'", 'other.py", line 1, in <module>\n'),
        ("\ndef f():\n    1 / 0\nf()\n", "other", "division by zero", 'other.py", line 3, in f\n'),
        ("import sys\nsys.exit('not today')\n", "other", "SystemExit: not today", 'other.py", line 2'),
        ("import spa\napp = spa.App((1,))\n", "other", "a route is ", 'other.py", line 2'),
        ("def make():\n    raise LookupError\n", "other:make()", r"other:make\(\) failed.*LookupError", "in make\n"),
        ("raise ValueError('one\\ntwo')\n", "other", "ValueError: one$", "ValueError: one\ntwo\n"),
    ],
)
def test_a_module_that_fails_is_shown_with_the_users_frames_and_one_line(project, text, target, message, trace):
    with pytest.raises(ImportFailed, match=message) as caught:
        find_app(target, project(other=text))
    assert "\n" not in str(caught.value)
    assert trace in caught.value.trace
    assert "importlib" not in caught.value.trace
    assert "/spa/" not in caught.value.trace


def test_a_module_knows_whether_it_is_imported_to_find_its_app(project):
    text = "import sys\nfrom spa.server.find import is_finding\nfound = is_finding(sys._getframe())\napp = print\n"
    find_app("other", project(other=text))
    assert sys.modules["other"].found is True
    assert is_finding(sys._getframe()) is False


class Responder:
    """A WSGI app of the kind that is a class (PEP 3333)."""

    def __init__(self, environ, start_response):
        start_response("200 OK", [])

    def __iter__(self):
        return iter([b"x"])


@pytest.mark.parametrize("app", [spa.App(()), ProxyFix(spa.App(())), lambda environ, start_response: [], Responder])
def test_what_takes_a_request_is_an_app(app):
    assert is_app(app)


@pytest.mark.parametrize("value", [None, (), "app", spa, spa.App, spa.Handler, type("Own", (spa.App,), {})])
def test_what_is_not_called_so_or_makes_an_app_is_none(value):
    assert not is_app(value)


class Wrapper:
    def __init__(self, wsgi_app):
        self.wsgi_app = wsgi_app


def test_the_app_inside_middleware_is_found():
    app = spa.App(())
    assert unwrap(app) is app
    assert unwrap(ProxyFix(Wrapper(ProxyFix(app)))) is app
    cors = CORSMiddleware(CSRFMiddleware(app), origins=["https://other.example"])
    assert unwrap(CompressionMiddleware(SessionMiddleware(cors, "s" * 32))) is app


def test_middleware_that_shows_no_app_or_leads_in_a_circle_has_none():
    circle = Wrapper(None)
    circle.wsgi_app = circle
    assert unwrap(circle) is None
    assert unwrap(lambda environ, start_response: []) is None
