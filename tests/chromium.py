"""Drive a headless Chromium as a person would, through its DevTools protocol."""

import json
import shutil
import urllib.request
from base64 import b64decode
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import websocket

from tests.processes import Program
from tests.wire import wait_for

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="needs a browser: apt-get install chromium")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage"),
    *("--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--hide-scrollbars",
)
PATIENCE = 30.0  # seconds for anything in the browser, on a busy machine
KEYS = {"Enter": "\r", "Escape": "", "Tab": ""}  # the keys that tests press, and what they type
# CSP violations go to the console, together with errors.
WATCH = "addEventListener('securitypolicyviolation', e => console.error(`CSP ${e.violatedDirective} ${e.blockedURI}`));"


class Page:
    """One open page.

    Attributes:
        requests: the URLs that it has asked for, in their order; of a WebSocket too.
        errors: what it has written on its console as a warning or an error, and what it has thrown.
    """

    def __init__(self, url: str) -> None:
        # Chromium takes no connection from the page of a site, so it must not look like one (no Origin).
        self._socket = websocket.create_connection(url, timeout=PATIENCE, suppress_origin=True)
        self._count = 0
        self.requests: list[str] = []
        self.errors: list[str] = []
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.call("Page.addScriptToEvaluateOnNewDocument", source=WATCH)
        self.call("Emulation.setFocusEmulationEnabled", enabled=True)  # a page in the background would be throttled

    def call(self, method: str, **params: Any) -> Any:
        """Call a method of the protocol, and return its result; events that come before it are noted."""
        self._count += 1
        self._socket.send(json.dumps({"id": self._count, "method": method, "params": params}))
        while True:
            message = json.loads(self._socket.recv())
            if message.get("id") == self._count:
                assert "error" not in message, (method, message["error"])
                return message["result"]
            if "method" in message:
                self._note(message["method"], message["params"])

    def resize(self, width: int, height: int, *, scale: float = 1, scheme: str = "light") -> None:
        """Give the page a size in CSS pixels, a number of device pixels for each, and a light or a dark scheme."""
        is_mobile = width < 600
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=is_mobile
        )
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def go(self, url: str) -> None:
        """Go to a URL."""
        self.call("Page.navigate", url=url)

    def run(self, expression: str) -> Any:
        """Return the value of an expression, awaited if it is a promise."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, (expression, answer["exceptionDetails"])
        return answer["result"].get("value")

    def wait_until(self, expression: str) -> None:
        """Wait until an expression is true."""
        wait_for(lambda: self.run(f"!!({expression})"), f"{expression}; on the console: {self.errors}", PATIENCE)

    def click(self, selector: str) -> None:
        """Press the mouse button in the middle of an element, whatever lies there."""
        script = f"""(() => {{
            const element = document.querySelector({json.dumps(selector)});
            element.scrollIntoView({{ block: 'center', behavior: 'instant' }});
            const box = element.getBoundingClientRect();
            return [box.x + box.width / 2, box.y + box.height / 2];
        }})()"""
        x, y = self.run(script)
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def press(self, key: str) -> None:
        """Press a key."""
        code = {"Enter": 13, "Escape": 27, "Tab": 9}[key]
        common = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        text = {"text": KEYS[key]} if KEYS[key] else {}
        self.call("Input.dispatchKeyEvent", type="keyDown", **common, **text)
        self.call("Input.dispatchKeyEvent", type="keyUp", **common)

    def write(self, text: str) -> None:
        """Type into the element that has the focus, over what is selected."""
        self.call("Input.insertText", text=text)

    def focused(self) -> str:
        """Return the label, or else the text, of the element that has the focus."""
        return self.run("document.activeElement.getAttribute('aria-label') || document.activeElement.textContent")

    def screenshot(self, file: Path) -> None:
        """Write what the page shows into a PNG file."""
        file.write_bytes(b64decode(self.call("Page.captureScreenshot", format="png", optimizeForSpeed=False)["data"]))

    def close(self) -> None:
        """Close the page; a second call does nothing."""
        if self._socket.connected:
            self.call("Page.close")
            self._socket.close()

    def _note(self, method: str, params: dict[str, Any]) -> None:
        match method:
            case "Network.requestWillBeSent":
                self.requests.append(params["request"]["url"])
            case "Network.webSocketCreated":
                self.requests.append(params["url"])
            case "Runtime.consoleAPICalled" if params["type"] in ("error", "warning", "assert"):
                self.errors.append(" ".join(str(argument.get("value")) for argument in params["args"]))
            case "Runtime.exceptionThrown":
                details = params["exceptionDetails"]
                self.errors.append(details.get("exception", {}).get("description", details["text"]))
            case "Log.entryAdded" if params["entry"]["level"] in ("error", "warning"):
                self.errors.append(f"{params['entry']['text']} {params['entry'].get('url', '')}")


class Browser:
    """A running Chromium; its pages are closed with it."""

    def __init__(self, port: int, stack: ExitStack) -> None:
        self._port = port
        self._stack = stack

    def open(self, url: str, width: int = 1280, height: int = 900, **options: Any) -> Page:
        """Open a page of this size at a URL."""
        ask = urllib.request.Request(f"http://127.0.0.1:{self._port}/json/new?about:blank", method="PUT")
        with urllib.request.urlopen(ask, timeout=PATIENCE) as answer:
            page = Page(json.load(answer)["webSocketDebuggerUrl"])
        self._stack.callback(page.close)
        page.resize(width, height, **options)
        page.go(url)
        return page


@contextmanager
def browsing(profile: Path) -> Iterator[Browser]:
    """Start a Chromium with an empty profile, and end it with all its children at the end."""
    program = Program([CHROMIUM, *FLAGS, f"--user-data-dir={profile}", "--remote-debugging-port=0", "about:blank"])
    try:
        with ExitStack() as stack:
            yield Browser(_wait_for_port(program, profile / "DevToolsActivePort"), stack)
    finally:
        program.destroy()


def _wait_for_port(program: Program, file: Path) -> int:
    """Return the port that Chromium has chosen, which it writes into a file of its profile."""

    def read() -> str:
        assert program.poll() is None, program.output()
        return file.read_text().partition("\n")[0] if file.is_file() else ""

    return int(wait_for(read, "Chromium does not start", PATIENCE))
