"""A connection holds the requests and answers that are on it and no others, under both servers."""


import pytest

from tests import wire
from tests.processes import ROOT, SERVERS, free_port, running, serving


@pytest.fixture(scope="module", params=SERVERS)
def port(request):
    port = free_port()
    with running(serving(request.param, "framingapp", port), port, cwd=ROOT):
        yield port


def exchange(port, data):
    """Send bytes, and return all that comes until the server ends the connection."""
    with wire.Wire(port) as client:
        client.write(data)
        return client.read_rest()


def statuses(answers):
    return [int(part[:3]) for part in answers.split(b"HTTP/1.1 ")[1:]]


HIDDEN = b"GET /hidden HTTP/1.1\r\nHost: b\r\n\r\n"
CHUNKS = b"%x\r\n%b\r\n0\r\n\r\n" % (len(HIDDEN), HIDDEN)


@pytest.mark.parametrize(
    ("fields", "body"),
    [
        (f"Content-Length: 0\r\nContent-Length: {len(HIDDEN)}", HIDDEN),
        ("Content-Length: 4\r\nTransfer-Encoding : chunked", CHUNKS),
        ("Content-Length: 4\r\nTransfer-Encoding: gzip, chunked", CHUNKS),
        ("Content-Length: 4\r\nTransfer-Encoding: identity\r\nTransfer-Encoding: chunked", CHUNKS),
        ("Content-Length: 4\r\nTransfer-Encoding: chunked", CHUNKS),
        ("Transfer-Encoding: chunked, identity", CHUNKS),
        ("Content-Length: 0_4", b"abcd" + HIDDEN),
        ("Content-Length: +4", b"abcd" + HIDDEN),
        ("X-A: b\rContent-Length: 4", b"abcd" + HIDDEN),
        ("X-A: b\nContent-Length: 4", b"abcd" + HIDDEN),
        ("X-A: b\r\n Content-Length: 4", b"abcd" + HIDDEN),
        ("X-A: \0\r\nContent-Length: 4", b"abcd" + HIDDEN),
        ("Host: b\r\nContent-Length: 4", b"abcd" + HIDDEN),
    ],
)
def test_behind_a_doubtful_head_nothing_is_taken_for_a_request(port, fields, body):
    answers = exchange(port, f"POST /a HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n".encode() + body)
    assert statuses(answers) == [400]
    assert b"hidden" not in answers


def test_behind_a_transfer_coding_that_is_not_known_nothing_is_taken_for_a_request(port):
    answers = exchange(port, b"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: foo\r\n\r\n" + HIDDEN)
    assert statuses(answers) == [501]


@pytest.mark.parametrize("chunks", [b"0;a\nb\r\n\r\n", b"0\r\nX-A: b\nc\r\n\r\n", b"\r\n\r\n", b"0 \n\r\n"])
def test_behind_doubtful_chunks_nothing_is_taken_for_a_request(port, chunks):
    answers = exchange(port, b"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + HIDDEN)
    assert b"hidden" not in answers
    assert statuses(answers) == [400]


LAST = b"GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize(
    ("first", "body"),
    [
        (b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n", b"GET /a a "),
        (b"\r\nGET /a HTTP/1.1\r\nHost: a\r\n\r\n", b"GET /a a "),
        (b"GET http://b:1/a HTTP/1.1\r\nHost: b:1\r\n\r\n", b"GET /a b:1 "),
        (b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody", b"POST /a a body"),
        (b"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n", b"POST /a a body"),
        (
            b"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
            b"2;a=b\r\nbo\r\n2\r\ndy\r\n0\r\nX-Sum: 1\r\n\r\n",
            b"POST /a a body",
        ),
    ],
)
def test_requests_that_are_framed_rightly_share_a_connection(port, first, body):
    with wire.Wire(port) as client:
        client.write(first + first + LAST)
        assert [client.read_response().body for _ in range(3)] == [body, body, b"GET /last a "]


def test_a_body_is_asked_for_with_100_continue(port):
    with wire.Wire(port) as client:
        client.write(b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
        assert client.read_head().status == 100
        client.write(b"body" + LAST)
        assert [client.read_response().body for _ in range(2)] == [b"POST /a a body", b"GET /last a "]


@pytest.mark.parametrize(
    ("path", "head", "body"),
    [
        ("/exact", "content-length: 5", b"12345"),
        ("/long", "content-length: 5", b"12345"),
        ("/list", "", None),  # framed by the server, in its way
        ("/204", "204", b""),
        ("/304", "304", b""),
    ],
)
def test_behind_an_answer_stands_the_next_whatever_body_the_app_gives(port, path, head, body):
    answers = exchange(port, f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode() + LAST)
    first, rest = answers.split(b"\r\n\r\n", 1)
    assert head in first.decode().lower()
    if body is not None:
        assert rest.startswith(body + b"HTTP/1.1 200 OK\r\n")
    assert answers.endswith(b"GET /last a ")
    assert len(statuses(answers)) == 2


@pytest.mark.parametrize("path", ["/exact", "/long", "/short", "/list", "/204", "/304"])
def test_an_answer_to_head_has_no_body_whatever_the_app_gives(port, path):
    answers = exchange(port, f"HEAD {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode() + LAST)
    assert answers.split(b"\r\n\r\n", 1)[1].startswith(b"HTTP/1.1 200 OK\r\n")
    assert answers.endswith(b"GET /last a ")


@pytest.mark.parametrize("target", ["admin/a", "", "b:80", "*"])
def test_a_target_that_is_none_is_refused_and_the_connection_ends(port, target):
    assert statuses(exchange(port, f"GET {target} HTTP/1.1\r\nHost: b\r\n\r\n".encode() + HIDDEN)) == [400]
