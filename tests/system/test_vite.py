"""Develop and build the Vite example with Vite itself, and use it through Vite's proxy and in a browser."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chromium import browsing, needs_chromium
from tests.processes import free_port, running
from tests.test_examples import EXAMPLES, request, use_notes, use_vite

NODE = shutil.which("node")
PREFIX = Path(os.environ.get("VITE_PREFIX") or EXAMPLES / "vite")
VITE = PREFIX / "node_modules" / "vite" / "bin" / "vite.js"
TIMEOUT = 60.0  # seconds for one build, on a busy machine

needs_vite = pytest.mark.skipif(
    NODE is None or not VITE.is_file(),
    reason="needs Node.js and Vite: apt-get install nodejs npm; npm install --prefix examples/vite",
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the example with Vite in it, so that a test writes nothing into the checkout."""
    project = tmp_path / "vite"
    shutil.copytree(EXAMPLES / "vite", project, ignore=shutil.ignore_patterns("node_modules"))
    (project / "node_modules").symlink_to(PREFIX / "node_modules")
    return project


@pytest.fixture
def spa_port(project: Path) -> Iterator[int]:
    port = free_port()
    with running([sys.executable, "app.py"], port, {"PORT": str(port), "HOST": "127.0.0.1"}, project) as program:
        yield port
        assert "Traceback" not in program.stop().stderr


@needs_vite
def test_vite_passes_the_api_and_its_websocket_on_to_spa(project: Path, spa_port: int) -> None:
    port = free_port()
    command = [NODE, VITE, "--host", "127.0.0.1", "--port", port, "--strictPort"]
    with running(command, port, {"API_URL": f"http://127.0.0.1:{spa_port}"}, project) as vite:
        status, media_type, page = request(port, "GET", "/")
        assert (status, media_type) == (200, "text/html")
        assert "/@vite/client" in page  # the page of the development server, not the built one
        use_notes(port)
        assert request(port, "GET", "/api/none/")[:2] == (404, "application/problem+json")
        vite.stop(signal.SIGTERM)


@needs_vite
def test_what_vite_builds_now_is_served_like_what_is_in_the_repository(project: Path) -> None:
    shutil.rmtree(project / "dist")
    subprocess.run([NODE, VITE, "build"], cwd=project, capture_output=True, check=True, timeout=TIMEOUT)
    port = free_port()
    with running([sys.executable, "app.py"], port, {"PORT": str(port), "HOST": "127.0.0.1"}, project):
        use_vite(port)


@needs_chromium
def test_the_built_page_works_in_a_browser(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, EXAMPLES / "vite" / "app.py"]
    with (
        running(command, port, {"PORT": str(port), "HOST": "127.0.0.1"}, "/"),
        browsing(tmp_path) as browser,
    ):
        page = browser.open(f"http://127.0.0.1:{port}/about")
        page.wait_until("document.querySelector('main')?.textContent === 'Built by Vite, served by Spa.'")
        page.click("nav a")
        page.wait_until("location.pathname === '/' && document.querySelector('li')?.textContent === 'buy milk'")
        page.run("document.querySelector('input').focus()")
        page.write("buy tea")
        page.press("Enter")
        page.wait_until("document.querySelectorAll('li')[1]?.textContent === 'buy tea'")
        assert page.errors == []
