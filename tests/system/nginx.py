"""Run nginx with the example configuration, its addresses and directories replaced by those of a test."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent

from tests import wire
from tests.processes import ROOT, children, free_port, running

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/sbin")
CONF = ROOT / "examples" / "deploy" / "nginx.conf"
PAGE = ROOT / "docs" / "deployment.rst"
HOST = "www.example.com"

# What stands around the file in /etc/nginx/nginx.conf, with nothing written outside one directory.
MAIN = """
daemon off;
pid {directory}/nginx.pid;
error_log stderr warn;
{user}
worker_processes 1;
events {{}}
http {{
    access_log off;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    include {directory}/app.conf;
}}
"""


def add_https(text: str, chain: Path, key: Path) -> str:
    """Return the example configuration with https, as the page about deployment says it is added."""
    block = re.search(r"\.\. code-block:: nginx\n\n(.+?)\n\n(?=\S)", PAGE.read_text(), re.DOTALL)
    assert block is not None
    begin, rest, redirect = dedent(block[1]).partition("    # and all the rest as above\n}\n")
    begin = begin.removeprefix("server {\n")
    plain = f"    listen 80;\n    server_name {HOST};\n"
    assert plain in text
    assert rest
    text = text.replace(plain, begin) + redirect
    live = f"/etc/letsencrypt/live/{HOST}"
    return text.replace(f"{live}/fullchain.pem", str(chain)).replace(f"{live}/privkey.pem", str(key))


class Nginx:
    """An nginx that can be started and told to read its configuration anew.

    Args:
        directory: where it keeps its files.
        app_port: the port of the app.
        export: the directory of the exported files.
        certificate: the files of a certificate and of its key, for https on ``port``; ``plain_port`` leads there.
        changes: further texts of the example, and what to write instead.
    """

    def __init__(
        self,
        directory: Path,
        app_port: int,
        export: Path,
        certificate: tuple[Path, Path] | None = None,
        changes: Mapping[str, str] | None = None,
    ) -> None:
        self.plain_port, secure_port = free_port(), free_port()
        self.port = self.plain_port if certificate is None else secure_port
        self.directory = directory
        self.text = CONF.read_text() if certificate is None else add_https(CONF.read_text(), *certificate)
        self.replacements = {
            "listen 80;": f"listen 127.0.0.1:{self.plain_port};",
            "listen 443 ssl;": f"listen 127.0.0.1:{secure_port} ssl;",
            "/srv/app/export": str(export),
            **(changes or {}),
        }
        user = "user root;" if os.geteuid() == 0 else ""  # otherwise root's workers could not enter the directory
        (directory / "nginx.conf").write_text(MAIN.format(directory=directory, user=user))
        self.forward_to(app_port)

    @property
    def command(self) -> list[str]:
        """How to start it."""
        return [str(NGINX), "-e", "stderr", "-p", str(self.directory), "-c", str(self.directory / "nginx.conf")]

    def forward_to(self, app_port: int) -> None:
        """Write the example configuration for an app on a port."""
        text = self.text
        for old, new in {**self.replacements, "127.0.0.1:8000": f"127.0.0.1:{app_port}"}.items():
            assert old in re.sub(r"#.*", "", text), f"nginx.conf has no {old!r} any more"
            text = text.replace(old, new)
        (self.directory / "app.conf").write_text(text)

    @contextmanager
    def running(self) -> Iterator["Nginx"]:
        """Serve until the end of the block."""
        with running(self.command, self.port):
            yield self

    def check(self) -> str:
        """Let nginx check its configuration, and return what it says."""
        done = subprocess.run([*self.command, "-t"], capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 0, done.stderr
        return done.stderr

    def reload(self) -> None:
        """Let it read its configuration anew, and return when no worker takes connections with the old one.

        ``nginx -s reload`` returns at once. New workers take connections before the old ones are told to stop, a tenth
        of a second later; an old one gives itself another title before it closes the sockets it listens on, and takes
        no connection in between.
        """
        old = children(int((self.directory / "nginx.pid").read_text()))
        subprocess.run([*self.command, "-s", "reload"], check=True, timeout=30)
        wire.wait_for(lambda: not any(map(_takes_connections, old)), "the end of the old workers")


def _takes_connections(worker: int) -> bool:
    try:
        title = Path(f"/proc/{worker}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return title != b"" and b"is shutting down" not in title  # that of a zombie is empty
