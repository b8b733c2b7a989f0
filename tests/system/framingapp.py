"""A plain WSGI app that says where a request went, and answers with bodies that are not what their heads declare."""

import sys

from gevent.monkey import patch_all

patch_all()

import spa  # noqa: E402

ANSWERS = {  # status, Content-Length, pieces
    "/exact": ("200 OK", "5", [b"12345"]),
    "/short": ("200 OK", "5", [b"123"]),
    "/none": ("200 OK", "5", []),
    "/long": ("200 OK", "5", [b"123", b"4567", b"89"]),
    "/204": ("204 No Content", None, [b"surplus"]),
    "/304": ("304 Not Modified", None, [b"surplus"]),
    "/list": ("200 OK", None, [b"12", b"345"]),
}


def app(environ, start_response):
    """Answer with what the table says, or tell of the request."""
    path = environ["PATH_INFO"]
    if path not in ANSWERS:
        body = f"{environ['REQUEST_METHOD']} {path} {environ.get('HTTP_HOST')} ".encode()
        body += environ["wsgi.input"].read()
        start_response("200 OK", [("Content-Length", str(len(body)))])
        return [body]
    status, length, pieces = ANSWERS[path]
    start_response(status, [] if length is None else [("Content-Length", length)])
    return pieces


if __name__ == "__main__":
    spa.run(app, port=int(sys.argv[1]))
