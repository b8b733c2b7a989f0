"""Send bodies that lie, are too large or are cut short over raw sockets, under both servers."""

import json
import time

import pytest

from tests import wire
from tests.processes import ROOT, SERVERS, free_port, running, serving

LIMIT = 4 * 2**20
SURPLUS = 2048  # bytes over the limit: gunicorn reads a body 1 KiB ahead
NEVER = 2**40  # bytes that a header may promise, and nobody will send
JSON = "application/json"
MULTIPART = "multipart/form-data; boundary=x"
URLENCODED = "application/x-www-form-urlencoded"


@pytest.fixture(scope="module", params=SERVERS)
def port(request):
    number = free_port()
    with running(serving(request.param, "bodyapp", number), number, cwd=ROOT) as program:
        yield number
        _, _, err = program.stop()
    assert "Traceback" not in err


def head(path, *headers, method="POST"):
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", "Connection: close", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def post(port, path, body, content_type=JSON):
    return wire.request(port, head(path, f"Content-Type: {content_type}", f"Content-Length: {len(body)}") + body)


def chunks(*pieces):
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)


def send_chunked(port, path, data, content_type=JSON, *, is_cut=False):
    """Send the head of a chunked request, and bytes behind it; return the answer, or None for a closed connection."""
    with wire.Wire(port) as client:
        client.write(head(path, f"Content-Type: {content_type}", "Transfer-Encoding: chunked") + data)
        if is_cut:
            client.half_close()
        try:
            return client.read_response()
        except (EOFError, ConnectionError):
            return None


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b"", "line 1 column 1"),
        (b'{\n"a": }', "line 2 column 6"),
        (b'["\xff"]', "line 1 column 3"),
        (b"\xef\xbb\xbf{}", "line 1 column 1"),
        (b"[NaN]", "line 1 column 2"),
        (b"\n-Infinity", "line 2 column 1"),
        (b"1e999", "line 1 column 1"),
        (b"1" * 5000, "line 1 column 1"),
    ],
)
def test_what_is_not_json_is_400_with_line_and_column(port, body, place):
    answer = post(port, "/json/", body)
    assert answer.status == 400
    assert json.loads(answer.body)["detail"].endswith(f": {place}.")


def test_a_hundred_thousand_brackets_cost_next_to_nothing(port):
    durations = []
    for _ in range(5):
        start = time.perf_counter()
        assert post(port, "/json/", b"[" * 100_000).status == 400
        durations.append(time.perf_counter() - start)
    assert min(durations) < 0.05


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/problem+json", 200),
        ('application/json; charset="utf-8"', 200),
        ("APPLICATION/JSON", 200),
        ("text/plain", 415),
        ("", 415),
    ],
)
def test_the_type_of_the_body_decides(port, content_type, status):
    assert post(port, "/json/", b'{"a": 1}', content_type).status == status


def test_a_value_that_does_not_fit_is_422_with_every_place(port):
    answer = post(port, "/typed/", b'{"stars": "many"}')
    assert answer.status == 422
    assert [each["loc"] for each in json.loads(answer.body)["errors"]] == [["stars"], ["text"]]
    assert json.loads(post(port, "/typed/", b'{"text": "x"}').body) == {"text": "x", "stars": 0}


@pytest.mark.parametrize("path", ["/json/", "/typed/", "/bytes/", "/form/"])
@pytest.mark.parametrize("length", [LIMIT + 1, NEVER])
def test_a_content_length_over_the_limit_is_413_before_a_byte_has_come(port, path, length):
    content_type = URLENCODED if path == "/form/" else JSON
    with wire.Wire(port) as client:
        client.write(head(path, f"Content-Type: {content_type}", f"Content-Length: {length}"))
        assert client.read_response().status == 413


@pytest.mark.parametrize("path", ["/json/", "/bytes/"])
@pytest.mark.parametrize("pieces", [1, 64])
def test_a_chunked_body_of_just_the_limit_is_taken(port, path, pieces):
    body = b"1".ljust(LIMIT)
    step = LIMIT // pieces
    data = chunks(*(body[start : start + step] for start in range(0, LIMIT, step))) + b"0\r\n\r\n"
    answer = send_chunked(port, path, data)
    assert (answer.status, json.loads(answer.body)) == (200, LIMIT if path == "/bytes/" else 1)


@pytest.mark.parametrize("path", ["/json/", "/bytes/"])
def test_a_chunked_body_over_the_limit_is_413_before_it_ends(port, path):
    with wire.Wire(port) as client:
        client.write(head(path, f"Content-Type: {JSON}", "Transfer-Encoding: chunked"))
        client.write(chunks(b"1" + b" " * (LIMIT - 1), b" " * SURPLUS))
        assert client.read_response().status == 413  # and the last chunk has not been sent


@pytest.mark.parametrize("content_type", [URLENCODED, MULTIPART])
def test_a_chunked_form_over_the_limit_is_413_before_it_ends(port, content_type):
    file = b'--x\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n'
    with wire.Wire(port) as client:
        client.write(head("/form/", f"Content-Type: {content_type}", "Transfer-Encoding: chunked"))
        client.write(chunks(*([file] if content_type == MULTIPART else []), b"z" * LIMIT, b"z" * SURPLUS))
        assert client.read_response().status == 413


@pytest.mark.parametrize(
    ("data", "is_cut"),
    [
        (b"5\r\n1234", True),  # cut in a chunk
        (b"4\r\n1234\r\n", True),  # cut between two
        (b"4\r\n1234\r\n0\r\n", True),  # cut before the last line
        (b"4\r\n12345\r\n0\r\n\r\n", False),  # longer than it says
        (b"4\r\n123\r\n0\r\n\r\n", False),  # shorter than it says
        (b"4\r\n1234\r\nxyz\r\n", False),  # a size that is none
        (b"4\r\n1234\r\n-1\r\n\r\n", False),
        (b"4\r\n1234\r\nfffffffffffffffff\r\n", True),
        (b"zzz\r\n\r\n", False),
    ],
)
@pytest.mark.parametrize("path", ["/json/", "/bytes/"])
def test_a_chunked_body_that_lies_is_never_taken_for_the_whole(port, path, data, is_cut):
    answer = send_chunked(port, path, data, is_cut=is_cut)
    assert answer is None or answer.status == 400


@pytest.mark.parametrize("path", ["/json/", "/bytes/"])
def test_a_body_shorter_than_its_content_length_is_never_taken_for_the_whole(port, path):
    with wire.Wire(port) as client:
        client.write(head(path, f"Content-Type: {JSON}", "Content-Length: 10") + b"1234")
        client.half_close()
        try:
            status = client.read_response().status
        except (EOFError, ConnectionError):
            status = 400
        assert status == 400


def part(body, filename=""):
    return b'--x\r\nContent-Disposition: form-data; name="a"%b\r\n\r\n%b\r\n' % (
        b'; filename="f"' if filename else b"",
        body,
    )


END = b"--x--\r\n"
LARGE_FILE = part(b"z" * 700_000, "f")


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (part(b"1") + LARGE_FILE + END, MULTIPART, 200),
        (part(b"1") * 1001 + END, MULTIPART, 413),
        (LARGE_FILE + part(b"1") * 1000 + END, MULTIPART, 413),
        (LARGE_FILE + part(b"1" * 600_000) + END, MULTIPART, 413),
        (part(b"1") + END, "multipart/form-data", 400),
        (LARGE_FILE, MULTIPART, 400),
        (LARGE_FILE[:650_000], MULTIPART, 400),
        (b"a=\xff", URLENCODED, 400),
    ],
)
def test_a_form_that_is_too_much_or_broken_is_refused_and_its_files_are_gone(port, body, content_type, status):
    before = wire.get(port, "/files/").body
    assert post(port, "/form/", body, content_type).status == status
    wire.wait_for(lambda: wire.get(port, "/files/").body == before, "its files are closed")


def test_a_boundary_of_70_kb_is_refused(port):
    """Over 8 KB the server does so itself."""
    for length in (71, 5000, 70_000):
        boundary = "x" * length
        body = f"--{boundary}\r\n".encode()
        try:
            status = post(port, "/form/", body, f"multipart/form-data; boundary={boundary}").status
        except ConnectionError:
            status = 400  # it has closed while the rest was being sent
        assert 400 <= status < 500


def test_a_megabyte_of_fields_is_413_within_100_ms(port):
    body = b"&".join([b"abcdef=12"] * 100_000)
    durations = []
    for _ in range(5):
        start = time.perf_counter()
        assert post(port, "/form/", body, URLENCODED).status == 413
        durations.append(time.perf_counter() - start)
    assert min(durations) < 0.1


def test_a_raw_byte_in_the_query_is_answered(port):
    answer = wire.request(port, head("/query/?name=caf\xe9&b=%E9", method="GET"))
    assert answer.status in (200, 400)
    if answer.status == 200:
        assert json.loads(answer.body) == {"name": "caf%E9", "b": "%E9"}
