"""The requests of a connection to Spa's own server: what is read, what is answered and what is logged."""

import re
import socket
import struct
from array import array

import gevent
import gevent.event
import pytest

import spa
from spa.websocket.handshake import UpgradeRequired
from tests import wire
from tests.loop import wait_until
from tests.server.peer import connect_tls, connected, request, talk, upload, wait_for_lines, wait_until_idle


def test_headers_and_a_small_body_leave_in_one_send(server):
    (piece,) = talk(server, request("/100"), b"x" * 100)
    assert piece.startswith(b"HTTP/1.1 200 OK\r\n")


def test_a_large_body_arrives_whole(server):
    pieces = talk(server, request("/1000000"), b"x" * 1_000_000)
    assert b"".join(pieces).partition(b"\r\n\r\n")[2] == b"x" * 1_000_000


def test_a_stream_is_chunked(server):
    pieces = talk(server, request("/stream"), b"0\r\n\r\n")
    assert b"".join(pieces).endswith(b"\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n")


@pytest.mark.parametrize(
    ("sent", "line"),
    [
        (request("/7"), r'127\.0\.0\.1 \[\S+ \S+\] "GET /7 HTTP/1\.1" 200 7 B \d+\.\d ms'),
        (request("/nope"), r'.* "GET /nope HTTP/1\.1" 404 \d+ B .* ms'),
        (request('/%s"\\'), r'.* "GET /%s\\"\\\\ HTTP/1\.1" 404 .*'),
        (request("/" + "a" * 5000), r'.* "GET /a{1019}" 404 .*'),
    ],
)
def test_each_request_is_one_escaped_line_of_bounded_length(server, log, sent, line):
    talk(server, sent, b"\r\n\r\n")
    gevent.sleep(0.01)
    (logged,) = log.lines()
    assert re.fullmatch(line, logged)


def test_a_websocket_has_a_line_when_it_opens_and_one_when_it_closes_with_code_and_duration(server, log):
    with gevent.Timeout(wire.PATIENCE), gevent.socket.create_connection(("127.0.0.1", server.server_port)) as sock:
        sock.sendall(wire.handshake("/1", [("X-Request-ID", "one")]))
        (opened,) = wait_for_lines(log, 1)
        sock.sendall(wire.frame(wire.CLOSE, wire.close_payload(4000)))
        _, closed = wait_for_lines(log, 2)
    begin = r'127\.0\.0\.1 \[\S+ \S+\] "GET /1 HTTP/1\.1" '
    assert re.fullmatch(begin + r"WebSocket opened \[one\]", opened)
    assert re.fullmatch(begin + r"WebSocket closed 4000 after \d+\.\d s \[one\]", closed)


def test_a_websocket_that_is_refused_has_the_line_of_its_answer(server, log):
    talk(server, wire.handshake("/1", without=["Sec-WebSocket-Key"]), b"\r\n\r\n")
    assert re.search(r'"GET /1 HTTP/1\.1" 400 \d+ B', *wait_for_lines(log, 1))


def test_a_request_that_cannot_be_read_has_its_own_status_behind_one_that_could(server, log):
    named = b"GET /7 HTTP/1.1\r\nHost: localhost\r\nX-Request-ID: one\r\n\r\n"
    talk(server, named + b"GET / HTTP/9\r\n\r\n", b" 400 ")
    lines = [line for line in wait_for_lines(log, 3) if '"' in line]
    assert re.search(r'"GET /7 HTTP/1\.1" 200 7 B .* \[one\]$', lines[0])
    assert re.search(r'"GET / HTTP/9" 400 0 B [^\[]* ms$', lines[1])


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET /" + b"a" * 10_000 + b" HTTP/1.1\r\n\r\n", "414"),
        (b"GET / HTTP/1.1\r\nUser-Agent: \x1b[31m%s" + b"a" * 100_000 + b"\r\n\r\n", "431"),
        (b"GET / HTTP/1.1\r\n" + b"X: %s\r\n" * 101 + b"\r\n", "431"),
        (b"GET /\x1b[31m%n " + b"a" * 7_000 + b"\r\n\r\n", "400"),
        (b"GET /%s\x1b[31m\xe9\x85 HTTP/1.1\r\nHost: localhost\r\n\r\n", "400"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: \x1b[31m%s\r\n\r\n", "400"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: \x85%s\r\n\r\n", "400"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: \x85%s\r\n\r\n", "501"),
        (b"GET / HTTP/1\r\nHost: localhost\r\n\r\n", "400"),
        (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", "400"),  # somebody speaks TLS
        (b"GET /%0d%0a%1b HTTP/1.1\r\nHost: localhost\r\nUser-Agent: %s\r\n\r\n", "404"),
    ],
)
def test_what_a_request_holds_breaks_no_line_and_makes_none_long(server, log, capsys, sent, status):
    talk(server, sent, f" {status} ".encode())
    wait_until(lambda: any(f'" {status} ' in line for line in log.lines()))
    assert sum('" ' in line for line in log.lines()) == 1
    assert len(log.lines()) == (1 if status in ("404", "414") else 2)  # the request, and why it was refused
    for line in log.lines():
        assert line.isprintable()
        assert len(line) < 5000
    assert capsys.readouterr().err == ""


def test_a_websocket_over_tls_carries_large_messages_and_closes_with_the_peers_code(tls, log):
    server, certificate = tls
    message = b"x" * 300_000

    def run():
        context = gevent.ssl.SSLContext(gevent.ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(certificate)
        with (
            gevent.socket.create_connection(("127.0.0.1", server.server_port)) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as sock,
        ):
            sock.sendall(wire.handshake("/1") + wire.frame(wire.BINARY, message))
            wire.read_until(sock, lambda data: message in data)
            sock.sendall(wire.frame(wire.CLOSE, wire.close_payload(4000, "bye")))
            wire.read_until(sock, lambda data: data.endswith(wire.close_payload(4000, "bye")))

    gevent.spawn(run).get(timeout=wire.PATIENCE)
    assert "WebSocket closed 4000" in wait_for_lines(log, 2)[1]


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ([b"Transfer-Encoding: chunked"], b"5\r\nhello\r\n0\r\n\r\n"),
        ([b"Content-Length: 5"], b"hello"),
    ],
    ids=["chunks", "length"],
)
def test_the_body_beside_an_upgrade_that_is_not_made_is_read_as_any_other(server, headers, body):
    class Echo(spa.Handler):
        def post(self):
            return self.request.get_data()

    server.application = spa.App((("/", "", Echo),))
    lines = [b"POST / HTTP/1.1", b"Host: a", b"Connection: upgrade", b"Upgrade: h2c", *headers, b"", b""]
    with gevent.socket.create_connection(("127.0.0.1", server.server_port)) as sock:
        for _ in range(2):  # the connection goes on
            sock.sendall(b"\r\n".join(lines) + body)
            wire.read_until(sock, lambda data: data.endswith(b"\r\n\r\nhello"))


def test_a_tls_record_that_holds_handshake_and_messages_is_read_to_its_end(tls):
    server, certificate = tls
    message = b"x" * 15_000  # with the handshake still one record, and more than the server reads at once

    def run():
        with connect_tls(server, certificate) as sock:
            sock.sendall(wire.handshake("/1") + wire.frame(wire.BINARY, message))
            wire.read_until(sock, lambda data: message in data)
            sock.sendall(wire.frame(wire.CLOSE))
            while sock.recv(2**16):
                continue

    gevent.spawn(run).get(timeout=wire.PATIENCE)


def test_an_event_stream_over_tls_is_closed_when_its_client_leaves_while_it_waits(tls):
    server, certificate = tls
    closed = gevent.event.Event()

    def events():
        try:
            yield "first"
            gevent.sleep(1000)
        finally:
            closed.set()

    server.application = spa.App((("/", "", lambda *route: spa.EventStream(events())),))
    with connect_tls(server, certificate) as sock:
        sock.sendall(request("/"))
        wire.read_until(sock, lambda data: b"data: first" in data)
        assert not closed.is_set()
    assert closed.wait(1.0)


@pytest.mark.parametrize("path", ["/stream", "/events"])
@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_an_answer_to_head_says_nothing_of_a_length_that_a_get_would_not_say(server, path, version):
    connection = b"Connection: keep-alive\r\n\r\n"
    sent = f"HEAD {path} HTTP/{version}\r\nHost: localhost\r\n".encode() + connection
    first, second, end = b"".join(talk(server, sent + request("/7"), b"x" * 7)).split(b"\r\n\r\n")
    assert first.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"content-length" not in first.lower()
    assert b"transfer-encoding" not in first.lower()
    assert b"Date: " in first
    assert (second[:15], end) == (b"HTTP/1.1 200 OK", b"x" * 7)  # which is framed rightly behind it


def test_an_answer_to_head_has_the_length_that_a_get_would_say(server):
    (piece,) = talk(server, request("/7", "HEAD"), b"\r\n\r\n")
    assert b"\r\nContent-Length: 7\r\n" in piece


@pytest.mark.parametrize(
    ("version", "expect", "framing", "body", "is_continued"),
    [
        ("1.1", "100-continue", "Content-Length: 5", b"hello", True),
        ("1.1", "100-Continue", "Content-Length: 5", b"hello", True),
        ("1.1", "100-Continue", "Transfer-Encoding: chunked", b"5\r\nhello\r\n0\r\n\r\n", True),
        ("1.1", "200-ok", "Content-Length: 5", b"hello", False),
        ("1.0", "100-continue", "Content-Length: 5", b"hello", False),
    ],
)
def test_a_client_of_http_1_1_that_expects_it_is_told_to_continue(server, version, expect, framing, body, is_continued):
    head = f"POST /upload HTTP/{version}\r\nHost: localhost\r\nExpect: {expect}\r\n{framing}\r\n\r\n"
    received = b"".join(talk(server, head.encode() + body, b"\r\n\r\n5"))
    assert received.startswith(b"HTTP/1.1 100 Continue\r\n\r\n") is is_continued
    assert received.count(b"HTTP/1.1 ") == 1 + is_continued


@pytest.mark.parametrize(
    ("error", "connection"), [(None, b"Connection: close"), (UpgradeRequired(), b"Connection: close, Upgrade")]
)
def test_the_answer_of_a_server_that_stops_meanwhile_says_that_it_is_the_last(server, error, connection):
    class Slow(spa.Handler):
        def get(self):
            server.is_stopping = True
            if error is not None:
                raise error

    server.application = spa.App((("/", "", Slow),))
    with connected(server, request("/")) as sock:
        head = b"".join(iter(lambda: sock.recv(65536), b""))
    assert [line for line in head.split(b"\r\n") if line.startswith(b"Connection")] == [connection]


def serve(server, app):
    """Let a server serve a plain WSGI app."""
    server.application = app
    return server


def answering(status, headers, pieces):
    """Return an app that answers so."""

    def app(environ, start_response):
        start_response(status, headers)
        return pieces() if callable(pieces) else pieces

    return app


def read_all(server, data):
    """Send bytes, and return all that comes until the server ends the connection."""
    with connected(server, data) as sock:
        return b"".join(iter(lambda: sock.recv(2**16), b""))


@pytest.mark.parametrize(
    ("length", "pieces", "body", "missing"),
    [
        (5, [b"123"], b"123", 2),
        (5, [], b"", 5),
        (5, [b"1", b"", b"2"], b"12", 3),
        (50_000, [b"x" * 20_000, b"y" * 20_000], b"x" * 20_000 + b"y" * 20_000, 10_000),
    ],
)
def test_behind_an_answer_that_is_too_short_the_connection_ends(server, log, length, pieces, body, missing):
    serve(server, answering("200 OK", [("Content-Length", str(length))], pieces))
    assert read_all(server, request("/") + request("/")).partition(b"\r\n\r\n")[2] == body
    why = f"GET / HTTP/1.1: the body is shorter than its Content-Length, by {missing} B"
    assert sorted(why in line for line in wait_for_lines(log, 2)) == [False, True]


@pytest.mark.parametrize(
    ("length", "pieces", "body", "surplus"),
    [
        (5, [b"1234567"], b"12345", 2),
        (0, [b"1"], b"", 1),
        (5, [b"12345", b"67", b"8"], b"12345", 3),
        (20_001, [b"x" * 20_000, b"y" * 20_000], b"x" * 20_000 + b"y", 19_999),
        (20_000, [b"x" * 30_000], b"x" * 20_000, 10_000),
    ],
)
def test_an_answer_that_is_too_long_is_cut_and_the_next_one_follows(server, log, length, pieces, body, surplus):
    serve(server, answering("200 OK", [("Content-Length", str(length))], pieces))
    answers = b"".join(talk(server, request("/") * 2, b"\r\n\r\n" + body + b"HTTP/1.1 "))
    assert b"\r\n\r\n" + body + b"HTTP/1.1 200 OK\r\n" in answers
    assert any(line.endswith(f"longer than its Content-Length, by {surplus} B") for line in wait_for_lines(log, 3))


def test_what_an_app_writes_itself_is_cut_too(server):
    def app(environ, start_response):
        write = start_response("200 OK", [("Content-Length", "3")])
        write(b"12")
        write(b"34")
        return [b"56"]

    answers = b"".join(talk(serve(server, app), request("/") * 2, b"123HTTP/1.1 "))
    assert b"\r\n\r\n123HTTP/1.1 200 OK\r\n" in answers


@pytest.mark.parametrize("headers", [[], [("Content-Length", "4")]])
@pytest.mark.parametrize("pieces", [[b"body"], lambda: iter([b"bo", b"dy"])], ids=["list", "generator"])
def test_an_answer_to_head_has_no_body_though_the_app_gives_one(server, log, headers, pieces):
    serve(server, answering("200 OK", headers, pieces))
    last = b"HEAD / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    answers = read_all(server, request("/", "HEAD") + last)
    assert answers.count(b"HTTP/1.1 200 OK\r\n") == 2
    assert b"\r\n\r\nHTTP/1.1 200 OK\r\n" in answers
    assert answers.endswith(b"\r\n\r\n")
    assert len(wait_for_lines(log, 2)) == 2  # that is usual, and nothing to complain of


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
@pytest.mark.parametrize("headers", [[], [("Content-Length", "4")], [("content-length", "0")]])
@pytest.mark.parametrize("pieces", [[b"body"], lambda: iter([b"bo", b"dy"])], ids=["list", "generator"])
def test_an_answer_that_can_have_no_body_has_none_though_the_app_gives_one(server, status, headers, pieces):
    serve(server, answering(status, headers, pieces))
    last = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    answers = read_all(server, request("/") + last)
    head = f"HTTP/1.1 {status}\r\n".encode()
    assert answers.startswith(head)
    assert answers.endswith(b"\r\n\r\n")
    assert b"\r\n\r\n" + head in answers
    assert b"chunked" not in answers
    assert b"content-length" not in answers.lower()


@pytest.mark.parametrize(
    ("headers", "framed"),
    [
        ([("Transfer-Encoding", "chunked")], b"Content-Length: 5"),
        ([("transfer-encoding", "chunked"), ("Content-Length", "5")], b"Content-Length: 5"),
        ([("Content-Length", "9"), ("Content-Length", "5")], b"Content-Length: 5"),
    ],
)
def test_the_server_says_how_a_body_is_framed_and_says_it_once(server, headers, framed):
    serve(server, answering("200 OK", headers, [b"12345"]))
    answer = b"".join(talk(server, request("/"), b"\r\n\r\n12345"))
    assert answer.count(framed) == 1
    assert answer.lower().count(b"content-length") == 1
    assert b"transfer-encoding" not in answer.lower()


def test_behind_a_body_without_an_end_an_older_client_sees_that_of_the_connection(server):
    sent = b"GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
    head, _, body = read_all(server, sent + sent).partition(b"\r\n\r\n")
    assert body == b"onetwo"
    assert b"\r\nConnection: close" in head
    assert b"keep-alive" not in head


@pytest.mark.parametrize("length", ["", "abc", "+5", "5, 5"])
def test_a_length_that_is_no_number_is_a_500(server, capsys, length):
    serve(server, answering("200 OK", [("Content-Length", length)], [b"12345"]))
    answers = read_all(server, request("/") + request("/"))
    assert answers.startswith(b"HTTP/1.1 500 ")
    assert answers.count(b"HTTP/1.1 ") == 1
    assert "ValueError" in capsys.readouterr().err


@pytest.mark.parametrize("headers", [[], [("Content-Length", "3")]])
@pytest.mark.parametrize("size", [1, 50_000])
@pytest.mark.parametrize("make", [list, iter])
def test_a_body_that_is_not_of_bytes_is_a_500_with_its_head(server, capsys, headers, size, make):
    serve(server, lambda *arguments: make(answering("200 OK", headers, ["abc" * size])(*arguments)))
    answer = read_all(server, request("/"))
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert answer.count(b"HTTP/1.1 ") == 1
    assert answer.endswith(b"\r\n\r\nInternal Server Error")  # and no chunk
    assert b"chunked" not in answer
    assert "TypeError" in capsys.readouterr().err


@pytest.mark.parametrize("make", [list, iter])
@pytest.mark.parametrize("piece", [bytearray(b"abc"), memoryview(b"abc"), array("I", [1, 2])], ids=type)
def test_a_piece_of_another_kind_of_bytes_keeps_the_connection_in_step(server, make, piece):
    serve(server, lambda *arguments: make(answering("200 OK", [], [piece])(*arguments)))
    answers = read_all(server, request("/") + b"GET / HTTP/1.0\r\n\r\n")
    first, second = answers.split(b"HTTP/1.1 200 OK\r\n")[1:]
    body = bytes(piece)
    assert first.endswith(body if make is list else b"\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(body), body))
    assert second.endswith(b"\r\n\r\n" + body)


@pytest.mark.parametrize("make", [list, iter])
def test_a_piece_whose_bytes_are_not_in_a_row_is_a_500_with_its_head(server, capsys, make):
    serve(server, lambda *arguments: make(answering("200 OK", [], [memoryview(b"abcdef")[::2]])(*arguments)))
    assert read_all(server, request("/")).startswith(b"HTTP/1.1 500 ")
    assert "TypeError" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("framing", "sent"), [("Content-Length: 4", b"body"), ("Transfer-Encoding: chunked", b"4\r\nbody\r\n0\r\n\r\n")]
)
def test_behind_the_head_of_an_answer_nobody_is_told_to_continue(server, framing, sent):
    def app(environ, start_response):
        start_response("200 OK", [])
        yield b"first"
        yield environ["wsgi.input"].read()

    serve(server, app)
    with connected(server, upload("Expect: 100-continue", framing)) as sock:
        answer = wire.read_until(sock, lambda data: b"first" in data)
        sock.sendall(sent)
        answer += b"".join(iter(lambda: sock.recv(2**16), b""))
    assert answer.endswith(b"\r\n\r\n5\r\nfirst\r\n4\r\nbody\r\n0\r\n\r\n")
    assert b"Connection: close" in answer  # of a client that may not send the body


def test_an_app_that_starts_no_answer_gets_a_500_sent(server, capsys):
    serve(server, lambda environ, start_response: [])
    assert read_all(server, request("/") + request("/")).startswith(b"HTTP/1.1 500 ")
    assert "start_response" in capsys.readouterr().err


HIDDEN = b"GET /hidden HTTP/1.1\r\nHost: b\r\n\r\n"


@pytest.mark.parametrize("target", ["b:443", "/", "http://b/"])
def test_behind_a_refused_tunnel_nothing_is_taken_for_a_request(server, target):
    answers = read_all(server, request(target, "CONNECT") + HIDDEN)
    assert answers == b"HTTP/1.1 501 Not Implemented\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


def test_chunks_that_the_app_cannot_read_are_refused(server):
    serve(server, lambda environ, start_response: [environ["wsgi.input"].read()])
    answer = read_all(server, b"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0 \n\r\n" + HIDDEN)
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert answer.count(b"HTTP/1.1 ") == 1


def test_a_refusal_arrives_though_the_client_has_sent_much_behind_its_head(server):
    sent = b"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 1_000_000\r\n\r\n" + b"x" * 1_000_000
    assert read_all(server, sent).startswith(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n")
    wait_until_idle(server)


def tell(environ, start_response):
    """Answer with what the app is told of a request."""
    start_response("200 OK", [])
    return [repr({key: environ[key] for key in sorted(environ) if key.isupper()}).encode()]


def told(server, data):
    return eval(read_all(serve(server, tell), data).partition(b"\r\n\r\n")[2])


def test_the_app_is_told_what_was_read(server):
    environ = told(
        server,
        b"GET http://b:1/%C3%A9?c=%20 HTTP/1.1\r\nHost: a\r\nX-A: 1\r\nx-a:2\r\nX_A: 3\r\nX_Forwarded_For: 4\r\n"
        b"Content_Length: 5\r\nContent-Type: text/plain\r\nCookie: d=e\r\nCookie: f=g\r\nConnection: close\r\n\r\n",
    )
    assert environ["PATH_INFO"] == "/\xc3\xa9"
    assert environ["QUERY_STRING"] == "c=%20"
    assert environ["HTTP_HOST"] == "b:1"
    assert environ["HTTP_X_A"] == "1,2"
    assert environ["HTTP_COOKIE"] == "d=e; f=g"
    assert environ["CONTENT_TYPE"] == "text/plain"
    assert not environ.keys() & {"HTTP_X_FORWARDED_FOR", "CONTENT_LENGTH", "HTTP_CONTENT_LENGTH", "HTTP_CONTENT_TYPE"}


def test_the_app_is_told_of_options_for_the_server(server):
    environ = told(server, b"OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert (environ["REQUEST_METHOD"], environ["PATH_INFO"]) == ("OPTIONS", "*")


def test_a_client_that_leaves_within_its_head_is_one_line_each(server, log, capsys):
    sock = gevent.socket.create_connection(("127.0.0.1", server.server_port))
    sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    gevent.sleep(0.01)
    sock.close()
    assert len(wait_for_lines(log, 2)) == 2
    wait_until_idle(server)
    assert capsys.readouterr().err == ""


def test_a_head_that_is_cut_off_is_not_served(server):
    with connected(server, b"DELETE / HTTP/1.1\r\nHost: a\r\nX-Condition: on") as sock:
        sock.shutdown(socket.SHUT_WR)
        assert sock.recv(2**16).startswith(b"HTTP/1.1 400 ")
