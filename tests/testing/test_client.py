"""The client for tests is Werkzeug's, with more."""

import pytest
from werkzeug.test import Client as WerkzeugClient
from werkzeug.test import TestResponse

import spa
from spa.testing import Client, HandshakeRefused


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
