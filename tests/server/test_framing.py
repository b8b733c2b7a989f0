"""A head that can be read in one way is read; every other is refused."""

import pytest

from spa.server.framing import Refused, parse, parse_chunk_size

LINE = "POST /a?b=c HTTP/1.1\r\n"
HOST = "Host: localhost\r\n"


def read(fields, line=LINE):
    """Return a head with these lines of fields, each with its own end."""
    return parse(line, f"{fields}\r\n")


def test_a_head_is_read():
    assert read("Host: a.example:80\r\nX-A:b:c\r\nx-a: \t d  e\xe9 \t\r\nX-Empty:\r\n") == (
        "POST",
        "/a?b=c",
        "HTTP/1.1",
        [("Host", "a.example:80"), ("X-A", "b:c"), ("x-a", "d  e\xe9"), ("X-Empty", "")],
        None,
        False,
    )


@pytest.mark.parametrize(
    ("fields", "length"),
    [
        ("", None),
        ("Content-Length: 0\r\n", 0),
        ("content-length:17\r\n", 17),
        ("Content-Length: 007 \r\n", 7),
        ("Content-Length: 999999999999999999\r\n", 10**18 - 1),
        ("Transfer-Encoding: chunked\r\n", None),
        ("transfer-encoding:\tCHUNKED \r\n", None),
        ("Content_Length: 5\r\nTransfer_Encoding: chunked\r\n", None),  # other names; gevent drops them
        ("Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\nExpect: 100-continue\r\n", None),
    ],
)
def test_a_body_has_a_length_or_chunks_or_is_none(fields, length):
    assert read(HOST + fields).length == length


@pytest.mark.parametrize(
    "fields",
    [
        "Content-Length: 0\r\nContent-Length: 36\r\n",
        "Content-Length: 5\r\nContent-Length: 5\r\n",
        "Content-Length: 5\r\ncontent-length: 5\r\n",
        "Content-Length: 5, 5\r\n",
        "Content-Length: 0_5\r\n",
        "Content-Length: +5\r\n",
        "Content-Length: -5\r\n",
        "Content-Length: 0x5\r\n",
        "Content-Length: 5 5\r\n",
        "Content-Length: 5.0\r\n",
        "Content-Length: 5\xa0\r\n",
        "Content-Length: \xb2\r\n",
        "Content-Length:\r\n",
        "Content-Length: 1000000000000000000\r\n",
        "Content-Length: " + "9" * 5000 + "\r\n",
        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n",
        "Content-Length: 4\r\nTransfer-Encoding : chunked\r\n",
        "Content-Length: 4\r\nTransfer-Encoding: gzip, chunked\r\n",
        "Content-Length: 4\r\nTransfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: 4\r\nTransfer-Encoding: xchunked\r\n",
        "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding: gzip\r\n",
        "Transfer-Encoding: chunked, gzip\r\n",
        "Transfer-Encoding: chunked, chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
    ],
)
def test_a_body_whose_end_is_in_doubt_is_refused(fields):
    with pytest.raises(Refused) as caught:
        read(HOST + fields)
    assert caught.value.status == 400


@pytest.mark.parametrize(
    "coding",
    ["gzip, chunked", "foo", "foo, chunked", "chunked;a=b", "xchunked", "chunked\xa0", '"chunked"', "chunked foo"],
)
def test_a_transfer_coding_that_is_not_known_is_not_implemented(coding):
    with pytest.raises(Refused) as caught:
        read(f"{HOST}Transfer-Encoding: {coding}\r\n")
    assert caught.value.status == 501


@pytest.mark.parametrize("coding", ["chunked", "foo"])
def test_an_older_version_has_no_transfer_codings(coding):
    with pytest.raises(Refused) as caught:
        read(f"Transfer-Encoding: {coding}\r\n", "POST / HTTP/1.0\r\n")
    assert caught.value.status == 400


@pytest.mark.parametrize(("length", "is_served"), [(0, True), (5, False)])
def test_head_has_no_body(length, is_served):
    fields = f"{HOST}Content-Length: {length}\r\n"
    if is_served:
        assert read(fields, "HEAD / HTTP/1.1\r\n").length == 0
    else:
        with pytest.raises(Refused):
            read(fields, "HEAD / HTTP/1.1\r\n")


@pytest.mark.parametrize(
    "fields",
    [
        "X-A: b\rX-C: d\r\n",
        "X-A: b\nX-C: d\r\n",
        "X-A: b\n",
        "X-A: b\r\r\n",
        "X-A: b\r\n c: d\r\n",
        "X-A: b\r\n\tc\r\n",
        " X-A: b\r\n",
        "X-A: b\0c\r\n",
        "X-A: \x1b[31m\r\n",
        "X-A: b\x7f\r\n",
        "X-A: b\x0bc\r\n",
        "X-A : b\r\n",
        "X-A\t: b\r\n",
        "X A: b\r\n",
        "X-\xc4: b\r\n",
        "X(A): b\r\n",
        "X-A\0: b\r\n",
        ": b\r\n",
        "X-A\r\n",
        "X-A\r\nX-C: d\r\n",
        "\r\nX-A: b\r\n",
    ],
)
@pytest.mark.parametrize("template", ["{}Host: localhost\r\n", "Host: localhost\r\n{}"])
def test_a_line_that_is_no_field_is_refused(fields, template):
    with pytest.raises(Refused) as caught:
        read(template.format(fields))
    assert caught.value.status == 400


@pytest.mark.parametrize("rest", ["", "Host: a\r\n", "Host: a\r\nContent-Length: 1", "Host: a\r\n\r", "Host: a\r\n\n"])
def test_a_head_that_is_cut_off_is_refused(rest):
    with pytest.raises(Refused):
        parse(LINE, rest)


@pytest.mark.parametrize(
    "line",
    [
        "GET /\r\n",
        "GET / HTTP/0.9\r\n",
        "GET / HTTP/1\r\n",
        "GET / HTTP/2.0\r\n",
        "GET / HTTP/9.9\r\n",
        "GET / HTTP/1.10\r\n",
        "GET / http/1.1\r\n",
        "GET / HTTP/1.1\n",
        "GET / HTTP/1.1",
        "GET / HTTP/1.1 \r\n",
        " GET / HTTP/1.1\r\n",
        "GET  / HTTP/1.1\r\n",
        "GET\t/ HTTP/1.1\r\n",
        "GET /a b HTTP/1.1\r\n",
        "GET /\xa0 HTTP/1.1\r\n",
        "GET /\xe9 HTTP/1.1\r\n",
        "GET /\0 HTTP/1.1\r\n",
        "GET /a\rb HTTP/1.1\r\n",
        "GET /a#b HTTP/1.1\r\n",
        "G(T / HTTP/1.1\r\n",
        "\r\n",
        "",
    ],
)
def test_a_line_that_is_no_request_line_is_refused(line):
    with pytest.raises(Refused) as caught:
        read(HOST, line)
    assert caught.value.status == 400


@pytest.mark.parametrize("host", ["", "a", "A-b_c.example:8000", "127.0.0.1:", "[::1]:80", "xn--bcher-kva.example"])
def test_a_request_has_one_host(host):
    assert read(f"Host: {host}\r\n").fields == [("Host", host)]


@pytest.mark.parametrize(
    "fields",
    [
        "X-A: b\r\n",
        "",
        "Host: a\r\nHost: b\r\n",
        "Host: a\r\nhost: a\r\n",
        "Host:\r\nHost:\r\n",
        "Host: a b\r\n",
        "Host: a/b?c@d e\r\n",
        "Host: user@a\r\n",
        "Host: a:b\r\n",
        "Host: a:80:80\r\n",
        "Host: ::1\r\n",
        "Host: [::1\r\n",
        "Host: b\xfccher.example\r\n",
        'Host: a"\r\n',
    ],
)
def test_a_request_without_one_host_is_refused(fields):
    with pytest.raises(Refused) as caught:
        read(fields)
    assert caught.value.status == 400


def test_an_older_version_needs_no_host_and_has_not_two():
    assert read("", "GET / HTTP/1.0\r\n").fields == []
    with pytest.raises(Refused):
        read(HOST * 2, "GET / HTTP/1.0\r\n")


@pytest.mark.parametrize(
    ("target", "path", "host"),
    [
        ("/", "/", "localhost"),
        ("//b/c", "//b/c", "localhost"),
        ("/http://b/c", "/http://b/c", "localhost"),
        ("http://b/echo", "/echo", "b"),
        ("http://b:81/echo?c=d", "/echo?c=d", "b:81"),
        ("https://[::1]/", "/", "[::1]"),
        ("HTTP://b", "/", "b"),
        ("http://b?c=d/e", "/?c=d/e", "b"),
        ("http://b//c", "//c", "b"),
    ],
)
@pytest.mark.parametrize("fields", ["host: localhost\r\nX-A: b\r\n", "X-A: b\r\nHost: localhost\r\n"])
def test_a_target_may_be_a_url_whose_host_counts(target, path, host, fields):
    head = read(fields, f"GET {target} HTTP/1.1\r\n")
    assert head.target == path
    assert {name.lower(): value for name, value in head.fields} == {"host": host, "x-a": "b"}
    assert len(head.fields) == 2


def test_the_host_of_a_target_is_there_though_an_older_client_sends_none():
    assert read("", "GET http://b/ HTTP/1.0\r\n").fields == [("Host", "b")]


def test_options_asks_for_the_server():
    assert read(HOST, "OPTIONS * HTTP/1.1\r\n").target == "*"


@pytest.mark.parametrize(
    "words",
    [
        "GET admin/a",
        "GET *",
        "OPTIONS **",
        "GET b:80",
        "GET ?a",
        "GET http:/b/",
        "GET http:///b",
        "GET http://:80/",
        "GET http://user@b/",
        "GET http://b:c/",
        "GET ftp://b/",
        "GET ws://b/",
    ],
)
def test_a_target_that_is_neither_a_path_nor_a_url_is_refused(words):
    with pytest.raises(Refused) as caught:
        read(HOST, f"{words} HTTP/1.1\r\n")
    assert caught.value.status == 400


@pytest.mark.parametrize("target", ["b:443", "/", "http://b/", "*"])
def test_there_are_no_tunnels(target):
    with pytest.raises(Refused) as caught:
        read(HOST, f"CONNECT {target} HTTP/1.1\r\n")
    assert caught.value.status == 501


@pytest.mark.parametrize(
    ("version", "fields", "is_last"),
    [
        ("1.1", "", False),
        ("1.1", "Connection: keep-alive\r\n", False),
        ("1.1", "Connection: close\r\n", True),
        ("1.1", "Connection: TE, Close\r\n", True),
        ("1.1", "Connection: TE\r\nConnection: close\r\n", True),
        ("1.1", "Connection: Upgrade\r\n", False),
        ("1.1", "Connection: disclose\r\n", False),
        ("1.0", "", True),
        ("1.0", "Connection: close\r\n", True),
        ("1.0", "Connection: Keep-Alive\r\n", False),
        ("1.0", "Connection: Keep-Alive, TE\r\n", False),
        ("1.0", "Connection: keep-alive, close\r\n", True),
    ],
)
def test_the_client_says_whether_the_connection_goes_on(version, fields, is_last):
    assert read(HOST + fields, f"GET / HTTP/{version}\r\n").is_last is is_last


@pytest.mark.parametrize(
    ("line", "size"),
    [
        (b"0\r\n", 0),
        (b"00\r\n", 0),
        (b"fF\r\n", 255),
        (b"a;b\r\n", 10),
        (b'a;b="c;d\t\xe9"\r\n', 10),
        (b"f" * 15 + b"\r\n", 16**15 - 1),
    ],
)
def test_a_chunk_begins_with_its_size(line, size):
    assert parse_chunk_size(line) == size


@pytest.mark.parametrize(
    "line",
    [
        *(b"", b"\r\n", b";a\r\n", b" 5\r\n", b"5 \r\n", b"5 ;a\r\n"),
        *(b"5", b"5\n", b"5\r", b"5\r\r\n", b"5;a\n", b"5;a\r", b"5;a\nb\r\n", b"5;a\rb\r\n", b"5;a\0\r\n"),
        *(b"0x5\r\n", b"+5\r\n", b"-5\r\n", b"5_0\r\n", b"g\r\n", b"f" * 16 + b"\r\n"),
    ],
)
def test_a_chunk_that_begins_with_anything_else_is_refused(line):
    with pytest.raises(Refused) as caught:
        parse_chunk_size(line)
    assert caught.value.status == 400
