"""Spa's own server, in clear and over TLS."""

import subprocess

import pytest

import spa
from spa.server.development import Server
from tests.server.peer import ROUTES, Log


@pytest.fixture
def log():
    return Log()


@pytest.fixture
def server(log):
    server = Server(("127.0.0.1", 0), spa.App(ROUTES), log=log, error_log=log)
    server.start()
    yield server
    server.stop(timeout=0)


@pytest.fixture
def tls(tmp_path, log):
    """A server with a certificate of its own, and what a client needs to trust it."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate),
        ],
        check=True,
        capture_output=True,
    )
    files = {"keyfile": str(key), "certfile": str(certificate)}
    server = Server(("127.0.0.1", 0), spa.App(ROUTES), log=log, error_log=log, **files)
    server.start()
    yield server, certificate
    server.stop(timeout=0)
