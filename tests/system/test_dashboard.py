"""Use the dashboard example in a browser as people do: look, edit, be refused, lose the server and find it again.

To renew the pictures of its page in the docs, name their directory::

    DASHBOARD_IMAGES=docs/images pytest tests/system/test_dashboard.py
"""

import json
import os
import re
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.chromium import Browser, Page, browsing, needs_chromium
from tests.processes import ROOT, Program, free_port, running
from tests.wire import wait_for

IMAGES = os.environ.get("DASHBOARD_IMAGES")
HASHED = re.compile(r"/static/(.+)\.[0-9a-f]{12}(\.\w+)")
LATER = {"js/form.js"}  # loaded when the form is first opened
TEXTS = {"fonts/figtree-license.txt"}  # for people who look into the directory
LARGEST_IMAGE = 200_000  # bytes of a picture in the docs
LEAST_TARGET = 44  # pixels that a finger hits (WCAG 2.5.5)
SIZES = [
    # picture in the docs, width, height, device pixels, scheme
    ("dashboard.png", 1280, 890, 1, "light"),
    ("dashboard-phone.png", 360, 780, 2, "dark"),
    (None, 1280, 890, 1, "dark"),
    (None, 360, 780, 2, "light"),
]
LIVE = "document.querySelector('#state')?.dataset.state === 'live'"
# The names of all controls in the page that a screen reader would call by no name at all.
NAMELESS = """[...document.querySelectorAll('button, input, dialog')].filter(element =>
    !(element.getAttribute('aria-label') || element.getAttribute('aria-labelledby') || element.labels?.length
      || element.textContent.trim())).map(element => element.outerHTML)"""
SMALL = f"""[...document.querySelectorAll('button, input')].filter(element => {{
    const box = element.getBoundingClientRect();
    return box.width < {LEAST_TARGET} || box.height < {LEAST_TARGET};
}}).map(element => element.outerHTML)"""
OVERFLOW = "document.documentElement.scrollWidth - innerWidth"
TOO_WIDE = "[document.documentElement, ...document.querySelectorAll('main *, dialog, dialog *')]" + """
    .filter(element => !(element instanceof SVGElement))
    .filter(element => element.getBoundingClientRect().right > innerWidth + 0.5)
    .map(element => element.outerHTML.slice(0, 200))"""

pytestmark = needs_chromium


def serve(port: int) -> AbstractContextManager[Program]:
    """Start the example, from a directory that is not its own."""
    command = [sys.executable, ROOT / "examples" / "dashboard" / "app.py"]
    return running(command, port, {"PORT": str(port), "HOST": "127.0.0.1"}, cwd="/")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browsing(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture
def url() -> Iterator[str]:
    port = free_port()
    with serve(port) as program:
        yield f"http://127.0.0.1:{port}/"
        code, _, err = program.stop()
    assert (code, "Traceback" in err) == (0, False), err


@pytest.fixture
def visit(browser: Browser, url: str) -> Iterator[Callable[..., Page]]:
    """Open the dashboard, in a page of some size, and wait until it is live."""
    with ExitStack() as pages:

        def visit(*size: int, **options: Any) -> Page:
            page = browser.open(url, *size, **options)
            pages.callback(page.close)
            page.wait_until(LIVE)
            return page

        yield visit


def names(page: Page) -> list[str]:
    return page.run("[...document.querySelectorAll('.card .name')].map(name => name.textContent)")


def card(name: str, selector: str) -> str:
    """Return an expression for an element in the card of a room."""
    return (
        "[...document.querySelectorAll('.card')]"
        f".find(card => card.querySelector('.name').textContent === {json.dumps(name)})"
        f"?.querySelector({json.dumps(selector)})"
    )


def open_form(page: Page, name: str) -> None:
    """Open the form of a room with the keyboard."""
    page.run(f"{card(name, '.name')}.focus()")
    page.press("Enter")
    page.wait_until("document.querySelector('dialog[open]')")


def files_of(page: Page) -> set[str]:
    """Return the static files that a page has asked for, all of them at hashed URLs."""
    page.run("1")  # take note of what it has asked for meanwhile
    paths = {re.sub(r"^\w+://[^/]+", "", request) for request in page.requests} - {"/", "/api/rooms/"}
    matches = [HASHED.fullmatch(path) for path in paths]
    assert all(matches), paths
    return {match[1] + match[2] for match in matches if match}


def test_the_page_loads_without_a_complaint_and_all_its_files_at_hashed_urls(visit: Callable[..., Page]) -> None:
    page = visit()
    page.run("document.fonts.ready.then(() => true)")
    root = ROOT / "examples" / "dashboard" / "static"
    files = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()} - TEXTS
    wait_for(lambda: files_of(page) == files - LATER, "all files but the form")
    page.click("#add")
    page.wait_until("document.querySelector('dialog[open]')")
    assert files_of(page) == files
    assert page.errors == []


def test_what_one_page_changes_another_shows(visit: Callable[..., Page]) -> None:
    one, two = visit(), visit(360, 780)
    open_form(one, "Kitchen")
    one.write("Scullery")
    one.press("Enter")
    for page in (two, one):
        page.wait_until(card("Scullery", ".name"))
    one.wait_until("!document.querySelector('dialog')")
    assert one.focused() == "Edit Scullery"  # the focus is where it was

    raise_target = card("Hall", ".step:last-child")
    two.run(f"{raise_target}.click(), {raise_target}.click(), {raise_target}.click()")
    one.wait_until(f"{card('Hall', '.wanted')}.textContent === '17.5°'")

    one.click("#add")
    one.wait_until("document.querySelector('dialog[open]')")
    one.write("Attic")
    one.press("Enter")
    two.wait_until(card("Attic", ".name"))
    open_form(two, "Attic")
    two.click("dialog .danger")
    assert "Attic" in names(two)  # it asks once more
    two.click("dialog .danger")
    one.wait_until(f"!{card('Attic', '.name')}")
    assert (one.errors, two.errors) == ([], [])


def test_the_temperature_is_live(visit: Callable[..., Page]) -> None:
    page = visit()
    line = f"{card('Study', '.line')}.getAttribute('d')"
    before = page.run(line)
    page.wait_until(f"{line} !== {json.dumps(before)}")
    assert page.run(f"{card('Study', '.chart')}.getAttribute('aria-label')").startswith("Temperature over the last")


REFUSED = [
    # name, target, what the page says
    ("", "20", "A name has 1 to 30 characters."),
    ("Hall", "20", "There is a Hall already."),
    ("Den", "99", "A target is a number from 5 to 28."),
    ("Den", "warm", "A target is a number from 5 to 28."),
]


def test_a_refused_edit_shows_why_and_keeps_the_form(visit: Callable[..., Page]) -> None:
    page = visit()
    open_form(page, "Kitchen")
    for name, target, words in REFUSED:
        page.run(f"document.querySelector('#name').value = {json.dumps(name)}")
        page.run(f"document.querySelector('#target').value = {json.dumps(target)}")
        page.click("dialog [type=submit]")
        page.wait_until(f"document.querySelector('.problem').textContent === {json.dumps(words)}")
        assert page.run("document.querySelector('.problem').checkVisibility()")
    page.press("Escape")
    page.wait_until("!document.querySelector('dialog')")
    assert "Kitchen" in names(page)
    # The browser itself writes each refused request on the console; nothing else is there.
    assert all("the server responded with a status of 4" in error for error in page.errors), page.errors


def test_an_edit_of_what_somebody_else_has_changed_is_refused(visit: Callable[..., Page]) -> None:
    one, two = visit(), visit()
    open_form(one, "Study")
    open_form(two, "Study")
    one.write("Library")
    one.press("Enter")
    two.wait_until(card("Library", ".name"))
    two.write("Office")
    two.press("Enter")
    two.wait_until("document.querySelector('.problem').textContent.startsWith('Somebody else')")
    assert "Library" in names(one)
    assert "Office" not in names(one)


def test_a_page_that_loses_the_server_says_so_and_comes_back(browser: Browser) -> None:
    port = free_port()
    with serve(port) as program:
        page = browser.open(f"http://127.0.0.1:{port}/")
        page.wait_until(LIVE)
        open_form(page, "Kitchen")
        page.write("Pantry")
        page.press("Enter")
        page.wait_until(card("Pantry", ".name"))
        page.wait_until("!document.querySelector('dialog')")  # the edit has been answered, too
        program.stop(signal.SIGKILL)
        page.wait_until("document.querySelector('#state').textContent === 'Reconnecting…'")
        # An edit meanwhile is not lost in silence.
        page.click(".card .step:last-child")
        page.wait_until("document.querySelector('#notice').checkVisibility()")
        assert page.run("document.querySelector('#notice').textContent").startswith("The server cannot be reached")
    with serve(port):
        page.wait_until(LIVE)
        assert page.run("document.querySelector('#state').textContent") == "Live"
        page.wait_until(card("Kitchen", ".name"))  # the rooms of the new process
        assert "Pantry" not in names(page)
        line = f"{card('Kitchen', '.line')}.getAttribute('d')"
        before = page.run(line)
        page.wait_until(f"{line} !== {json.dumps(before)}")
        page.close()


def test_a_server_that_falls_silent_is_given_up_until_it_speaks_again(browser: Browser) -> None:
    port = free_port()
    with serve(port) as program:
        page = browser.open(f"http://127.0.0.1:{port}/")
        page.wait_until(LIVE)
        program.send_signal(signal.SIGSTOP)  # the connection stays, and nothing comes
        page.wait_until("document.querySelector('#state').dataset.state === 'reconnecting'")
        program.send_signal(signal.SIGCONT)
        page.wait_until(LIVE)
        assert page.errors == []
        page.close()


CALLS = [
    # module, call, what it returns
    ("live", "delay(0, 1)", 500),
    ("live", "delay(0, 0)", 250),
    ("live", "delay(3, 1)", 4_000),
    ("live", "delay(5000, 1)", 10_000),
    ("form", "readNumber(' 20,5 ')", 20.5),
    ("form", "readNumber('')", ""),
    ("form", "readNumber('warm')", "warm"),
    ("form", "readNumber('1e999')", "1e999"),
    ("chart", "scale([20, 22])(21)", 50),
    ("chart", "scale([20, 30])(30.3)", 0),
    ("chart", "scale([20, 30])(19.7)", 100),
    ("chart", "scale([20])(20)", 50),
]


def test_the_functions_that_compute_return_what_they_should(visit: Callable[..., Page]) -> None:
    page = visit()
    results = [page.run(f"import('/static/js/{module}.js').then(module => module.{call})") for module, call, _ in CALLS]
    assert results == [expected for *_, expected in CALLS]


@pytest.mark.parametrize(("image", "width", "height", "scale", "scheme"), SIZES)
def test_it_fits_a_desk_and_a_phone(
    visit: Callable[..., Page], image: str | None, width: int, height: int, scale: float, scheme: str
) -> None:
    page = visit(width, height, scale=scale, scheme=scheme)
    page.run("document.fonts.ready.then(() => true)")
    if IMAGES and image:
        page.screenshot(Path(IMAGES) / image)
    assert page.run(TOO_WIDE) == []
    assert page.run(OVERFLOW) == 0
    assert page.run(SMALL) == []
    open_form(page, "Kitchen")
    page.write("m" * 30)  # the longest name, in one word
    page.press("Enter")
    page.wait_until(card("m" * 30, ".name"))
    page.wait_until("!document.querySelector('dialog')")
    open_form(page, "m" * 30)
    assert page.run(TOO_WIDE) == []
    assert page.run(OVERFLOW) == 0
    assert page.run(SMALL) == []
    assert page.run(NAMELESS) == []
    assert page.errors == []


@pytest.mark.parametrize("image", [image for image, *_ in SIZES if image])
def test_a_picture_in_the_docs_is_small(image: str) -> None:
    data = (ROOT / "docs" / "images" / image).read_bytes()
    assert data.startswith(b"\x89PNG")
    assert len(data) < LARGEST_IMAGE
