"""Test in a browser that a page's module graph arrives at hashed URLs, however the modules import each other."""

import re
import subprocess
import sys
from html.parser import HTMLParser

import pytest

from tests.chromium import CHROMIUM, FLAGS, needs_chromium
from tests.processes import ROOT, free_port, running

TIMEOUT = 60.0  # seconds for the browser to start, show one page and end, on a busy machine
# Milliseconds on the page's own clock, which stands still while something loads: more than its timers need.
VIRTUAL_TIME = 10_000

pytestmark = needs_chromium

REPORT = """
export function ran(name) {
  const item = document.createElement('li');
  item.textContent = name;
  document.querySelector('#ran').append(item);
}
"""

FILES = {
    "js/report.js": REPORT,
    "js/app.js": """
import { ran } from './report.js';
import './relative.js';
import '../lib/up.js';
import 'bare';
import 'folder/inner.js';
import './a b+c.js';
import './%C3%A9.js';
import './100%25.js';
import './circle-a.js';
import data from './data.json' with { type: 'json' };
import sheet from './sheet.css' with { type: 'css' };

ran('app');
ran(`json ${data.value}`);
document.adoptedStyleSheets = [sheet];
ran(`css ${getComputedStyle(document.body).color}`);
await import('./dynamic.js');
for (const name of ['one', 'two']) await import(`./computed-${name}.js`);
ran(`resolved ${import.meta.resolve('./relative.js')}`);
await import('./gone.js').catch(error => ran('gone is missing'));
const worker = new Worker(import.meta.resolve('./worker.js'), { type: 'module' });
ran(await new Promise(resolve => { worker.onmessage = event => resolve(event.data); }));
await document.fonts.load('1em F').catch(() => ran('font is none'));
ran(`sheet ${getComputedStyle(document.documentElement).backgroundImage}`);
ran(`end ${typeof classic}`);
""",
    "js/also.js": "import '/static/js/absolute.js';",
    "js/absolute.js": "import { ran } from './report.js'; ran('absolute');",
    "js/relative.js": "import { ran } from './report.js'; ran('relative');",
    "lib/up.js": "import { ran } from '../js/report.js'; ran('up');",
    "lib/bare.js": "import { ran } from '../js/report.js'; ran('bare');",
    "lib/folder/inner.js": "import { ran } from '../../js/report.js'; import './next.js'; ran('inner');",
    "lib/folder/next.js": "import { ran } from '../../js/report.js'; ran('next');",
    "js/a b+c.js": "import { ran } from './report.js'; ran('a b+c');",
    "js/é.js": "import { ran } from './report.js'; ran('é');",
    "js/100%.js": "import { ran } from './report.js'; ran('100%');",
    "js/circle-a.js": "import { b } from './circle-b.js'; export const a = () => b;",
    "js/circle-b.js": """
import { a } from './circle-a.js';
import { ran } from './report.js';
export const b = 'circle';
queueMicrotask(() => ran(a()));
""",
    "js/dynamic.js": """
import { ran } from './report.js';
import data from './data.json' with { type: 'json' };
import sheet from './sheet.css' with { type: 'css' };

ran(`dynamic ${data.value} ${sheet === document.adoptedStyleSheets[0]}`);
await import('./deeper/still.js');
""",
    "js/deeper/still.js": "import { ran } from '../report.js'; ran('still');",
    "js/computed-one.js": "import { ran } from './report.js'; ran('computed one');",
    "js/computed-two.js": "import { ran } from './report.js'; ran('computed two');",
    "js/worker.js": "postMessage('worker');",
    "js/data.json": '{"value": 42}',
    "js/sheet.css": "body { color: rgb(1, 2, 3) }",
    "js/classic.js": "var classic = 1;",
    "css/app.css": """
@import "more.css";
@font-face { font-family: F; src: url(../fonts/f.woff2) }
html { background: url(../img/a.svg) }
""",
    "css/more.css": "ul { margin: 0 }",
    "fonts/f.woff2": "no font, but it is fetched",
    "img/a.svg": '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>',
}
RAN = {
    *("app", "relative", "up", "absolute", "bare", "inner", "next", "a b+c", "é", "100%", "circle", "json 42"),
    *("css rgb(1, 2, 3)", "dynamic 42 true", "still", "computed one", "computed two", "gone is missing"),
    *("font is none", "worker", "end number"),
}
AT_ROOT_ONLY = {"js/also.js", "js/absolute.js"}
EXPECTED_ON_CONSOLE = ("gone.js", "decode downloaded font", "OTS parsing error")
HASHED = re.compile(r"(.+)\.[0-9a-f]{12}(\.\w+)")


class Items(HTMLParser):
    """The texts of the list items of a page."""

    def __init__(self, html):
        super().__init__()
        self.texts = []
        self._is_item = False
        self.feed(html)
        self.close()

    def handle_starttag(self, name, attributes):
        self._is_item = name == "li"

    def handle_data(self, data):
        if self._is_item:
            self.texts.append(data)
            self._is_item = False


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    root = tmp_path_factory.mktemp("static")
    for path, text in FILES.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    port = free_port()
    with running([sys.executable, "-m", "tests.system.pageapp", str(port), str(root)], port, cwd=ROOT) as program:
        yield port, program


def show(url, profile):
    """Return the page at a URL when its scripts have run, and what the browser has logged on its console."""
    done = subprocess.run(
        [
            *(CHROMIUM, *FLAGS, "--enable-logging=stderr", f"--user-data-dir={profile}"),
            *(f"--virtual-time-budget={VIRTUAL_TIME}", "--dump-dom", url),
        ],
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


def log_of(program):
    return [tuple(line.split(" ", 1)) for line in program.output()[0].splitlines()]


PAGES = [
    # page, where the static files are for its client
    ("/plain/", "/static/"),
    ("/hash/", "/static/"),
    ("/nonce/", "/static/"),
    ("/be%20low/nonce/", "/be low/static/"),
]


@pytest.mark.parametrize(("page", "mount"), PAGES)
def test_every_module_runs_and_only_hashed_urls_are_fetched_each_once(server, tmp_path, page, mount):
    port, program = server
    files, ran = set(FILES), set(RAN)
    if mount != "/static/":
        files, ran = files - AT_ROOT_ONLY, ran - {"absolute"}
    before = len(log_of(program))
    html, console = show(f"http://127.0.0.1:{port}{page}", tmp_path)
    log = [found for found in log_of(program)[before:] if "/static/" in found[1]]

    items = Items(html).texts
    urls = [item.partition(" ")[2] for item in items if item.startswith(("resolved ", "sheet "))]
    assert sorted(item for item in items if not item.startswith(("resolved ", "sheet "))) == sorted(ran), console
    assert len(urls) == 2
    assert all(re.search(r"/static/.*\.[0-9a-f]{12}\.", url) for url in urls), urls

    # What is not there has no hash: it is the only request for a URL without one, and the only one refused.
    assert [found for found in log if found[0] != "200"] == [("404", f"{mount}js/gone.js")]
    hashed = [HASHED.fullmatch(path) for status, path in log if status == "200"]
    assert all(hashed), log
    assert sorted(found[1] + found[2] for found in hashed) == sorted(mount + file for file in files)
    assert [line for line in console if not any(text in line for text in EXPECTED_ON_CONSOLE)] == []


@pytest.mark.parametrize("page", ["/far/hash/", "/far/nonce/"])
def test_a_policy_lets_a_module_run_that_the_import_map_has_on_another_origin(server, tmp_path, page):
    port, _ = server
    html, console = show(f"http://127.0.0.1:{port}{page}", tmp_path)
    assert "far ran" in html, console
