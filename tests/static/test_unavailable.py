"""Test what clients and the log are told while files cannot be opened."""

import errno
import gzip
import os

import pytest
from werkzeug.test import Client

import spa
from spa.errors import SpaError
from spa.static.handler import StaticFileHandler, StaticHandler
from spa.static.singlepage import SinglePage
from spa.static.smart import SmartStatic
from spa.static.unavailable import QUIET, Outages


def fail_to_open(monkeypatch, ending=""):
    """Let the process have no descriptors left for files whose path ends so."""
    really_open = os.open

    def pretend(path, *rest):
        if os.fspath(path).endswith(ending):
            raise OSError(errno.EMFILE, "Too many open files", path)
        return really_open(path, *rest)

    monkeypatch.setattr(os, "open", pretend)


def app_of(root):
    static = SmartStatic(root)
    return spa.App(
        (
            ("/", "", spa.HomePage("/static/", static, modules=["a.js"])),
            ("/static/<path:filepath>", "static", static),
            ("/files/<path:filepath>", "", StaticHandler, {"directory": root}),
            ("/robots.txt", "", StaticFileHandler, {"file": root / "a.js"}),
            ("/front/<path:filepath>", "", SinglePage(root, "a.js")),
        )
    )


@pytest.fixture
def root(tmp_path):
    (tmp_path / "a.js").write_text("x" * 200_000)  # more than is kept in memory
    return tmp_path


def test_want_of_descriptors_is_a_503_of_each_handler_and_a_line_of_the_log_for_each_directory(
    root, monkeypatch, caplog
):
    app = app_of(root)
    url = app_of(root).url("static", filepath="a.js")
    client = Client(app)
    fail_to_open(monkeypatch)
    paths = ["/", url, "/files/a.js", "/files/a.js", "/robots.txt", "/front/a.js", "/front/notes"]
    for path in paths:
        response = client.get(path, headers={"Accept": "text/html"})
        assert (path, response.status_code, response.headers["Retry-After"]) == (path, 503, "5")
    messages = [record.getMessage() for record in caplog.records]
    assert messages == [f"answering 503: cannot open {root / 'a.js'}: Too many open files"] * 4
    assert [record.exc_info for record in caplog.records] == [None] * 4
    assert client.get("/files/nope.txt").status_code == 404


@pytest.mark.parametrize("under", ["/files/a.js", "static"])
def test_a_sibling_that_cannot_be_opened_leaves_no_file_open(root, monkeypatch, under):
    app = app_of(root)
    path = app.url("static", filepath="a.js") if under == "static" else under
    (root / "a.js.br").write_bytes(b"BR")
    fail_to_open(monkeypatch, ".br")
    before = len(os.listdir("/proc/self/fd"))
    assert Client(app).get(path, headers={"Accept-Encoding": "br"}).status_code == 503
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_sibling_that_cannot_be_opened_a_second_time_to_be_checked_is_not_sent(root, monkeypatch):
    (root / "b.js").write_text("x" * 600)
    (root / "b.js.gz").write_bytes(gzip.compress(b"x" * 600))
    app = app_of(root)
    url = app.url("static", filepath="b.js")
    opens = []
    really_open = os.open

    def fail_the_second_time(path, *rest):
        opens.append(path)
        if opens.count(path) == 2 and path.endswith(".gz"):
            raise OSError(errno.EMFILE, "Too many open files", path)
        return really_open(path, *rest)

    monkeypatch.setattr(os, "open", fail_the_second_time)
    answers = [Client(app).get(url, headers={"Accept-Encoding": "gzip"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert [answer.headers.get("Content-Encoding") for answer in answers] == [None, "gzip"]


def test_the_log_is_told_once_a_minute(caplog):
    now = 0.0
    outages = Outages(lambda: now)
    error = OSError(errno.EMFILE, "Too many open files", "/srv/a.txt")
    for now in (0.0, 0.1, QUIET - 0.1, QUIET, QUIET + 1):  # noqa: B007  # the clock reads it
        raised = outages.report(error)
        assert isinstance(raised, SpaError)
        assert (raised.code, raised.error) == (503, error)
    assert len(caplog.records) == 2
