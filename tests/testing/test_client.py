"""The client for tests is Werkzeug's, with more."""

import subprocess
import sys

import pytest
from werkzeug.test import Client as WerkzeugClient
from werkzeug.test import TestResponse

import spa
from spa.testing import Client, HandshakeRefused

UNPATCHED = """
import spa
from spa.testing import Client

class Waiting(spa.Handler):
    def websocket(self):
        self.ws.send('hello')

client = Client(spa.App((('/', '', Waiting),)))

def test_one():
    with client.websocket('/') as ws:  # line 12
        assert ws.receive() == 'hello'

def test_two():
    with client.websocket('/') as ws:
        assert ws.receive() == 'hello'
"""


class Resource(spa.Handler):
    def get(self):
        return {"cookies": self.request.cookies}

    def post(self):
        return "saved", 201, {"Set-Cookie": "a=b; Path=/"}

    def websocket(self):
        self.ws.send_json(self.request.cookies)


@pytest.fixture
def client():
    return Client(spa.App((("/", "", Resource),)))


def test_it_sends_requests_as_werkzeugs_does(client):
    assert isinstance(client, WerkzeugClient)
    answer = client.get("/")
    assert (answer.status_code, answer.json) == (200, {"cookies": {}})


@pytest.mark.parametrize(
    ("app", "kind"),
    [(spa.App, "the class App"), (spa.Handler, "the class Handler"), ((), "tuple"), (None, "NoneType")],
)
def test_what_is_no_app_is_told_before_the_first_request(app, kind):
    with pytest.raises(spa.SetupError) as caught:
        Client(app)
    assert str(caught.value) == f"Client drives an app, not {kind}; pass the app: Client(spa.App(routes))"


def test_requests_and_websockets_share_their_cookies(client):
    assert client.post("/").status_code == 201
    assert client.get("/").json == {"cookies": {"a": "b"}}
    with client.websocket("/") as ws:
        assert ws.receive_json() == {"a": "b"}


def test_without_cookies_none_are_sent(client):
    client = Client(client.application, use_cookies=False)
    client.post("/")
    with client.websocket("/") as ws:
        assert ws.receive_json() == {}


def test_refusals_have_the_response_class_of_the_client(client):
    class Own(TestResponse):
        pass

    client = Client(client.application, Own)
    with pytest.raises(HandshakeRefused) as caught:
        client.websocket("/nowhere")
    assert isinstance(caught.value.response, Own)
    assert caught.value.response.request.path == "/nowhere"


def test_a_setting_of_a_handler_class_that_is_spoilt_later_is_a_500():
    class Stream(spa.Handler):
        def websocket(self):
            self.ws.send("opened")

    Stream.websocket_limits = {"max_message": 1}
    with pytest.raises(HandshakeRefused) as caught:
        Client(spa.App((("/", "", Stream),))).websocket("/")
    assert caught.value.response.status_code == 500


@pytest.mark.parametrize("method", ["websocket", "events"])
def test_an_app_that_ends_without_an_answer_is_told(method):
    with pytest.raises(RuntimeError, match="the app ended without an answer to /x: no status, and no WebSocket"):
        getattr(Client(lambda environ, start_response: []), method)("/x")


def test_a_standard_library_that_is_not_patched_is_one_warning_that_names_the_fix(tmp_path):
    done = run_tests(tmp_path, sys.executable, "-m", "pytest")
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("the standard library is not patched") == 1
    assert "test_unpatched.py:12: RuntimeWarning: the standard library is not patched" in done.stdout
    assert "run the tests with: python -m gevent.monkey --module pytest" in done.stdout


def test_the_fix_that_the_warning_names_mends_it(tmp_path):
    done = run_tests(tmp_path, sys.executable, "-W", "error", "-m", "gevent.monkey", "--module", "pytest")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert "= 2 passed in " in done.stdout


def run_tests(directory, *command):
    """Run a test file of a user's own, in whose directory no setting of this project's holds."""
    (directory / "test_unpatched.py").write_text(UNPATCHED)
    (directory / "pytest.ini").write_text("[pytest]\n")
    command = [*command, "-p", "no:cacheprovider"]
    return subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=60)
