"""Open and close 10,000 WebSockets, and compare what the server holds before and after.

Rounds of 10,000 follow a first one that warms up (allocators and caches grow once); the process must come back to
the memory, the descriptors and the greenlets it had.
"""

import gc
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

from measure import parse_arguments, verdict
from websocket import close_all, connect, frame, free_port, read, reply_size, resident

TOGETHER = 250  # connections open at the same time


def serve(port: int) -> None:
    """Serve an echo, and what the process holds."""
    from gevent import monkey

    monkey.patch_all()
    import gevent
    from greenlet import greenlet

    import spa

    class Echo(spa.Handler):
        def websocket(self) -> None:
            for message in self.ws:
                self.ws.send(message)

    class Held(spa.Handler):
        def get(self) -> dict[str, int]:
            gevent.sleep(0)
            gc.collect()
            greenlets = sum(isinstance(thing, greenlet) and not thing.dead for thing in gc.get_objects())
            return {"greenlets": greenlets, "descriptors": len(os.listdir("/proc/self/fd"))}

    app = spa.App((("/echo", "", Echo), ("/held", "", Held)))
    spa.run(app, port=port, log=None)


def held(port: int, pid: int) -> tuple[str, float]:
    """Return what the server says it holds, and its resident memory in KB."""
    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.sendall(b"GET /held HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        answer = b""
        while data := sock.recv(4096):
            answer += data
    return answer.partition(b"\r\n\r\n")[2].decode(), resident(pid)


def come_and_go(port: int, number: int) -> None:
    """Open connections, echo once on each, and close them: a half with a Close, the others without."""
    message, answer = frame(b"x" * 32), reply_size(32)
    for _ in range(number // TOGETHER):
        socks = [connect(port) for _ in range(TOGETHER)]
        for index, sock in enumerate(socks):
            sock.sendall(message)
            read(sock, answer)
            if index % 2:
                sock.sendall(frame(b"\x03\xe8", opcode=8))
        close_all(socks)


def main() -> None:
    smoke = parse_arguments(__doc__ or "").smoke
    number, rounds = (500, 1) if smoke else (10_000, 3)
    port = free_port()
    server = subprocess.Popen([sys.executable, __file__, "--serve", str(port)], stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 20
        while Path(f"/proc/{server.pid}").exists():
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                assert time.monotonic() < deadline, "the server did not start"
                time.sleep(0.05)
        come_and_go(port, number)
        before, memory = held(port, server.pid)
        print(f"after {number:,} connections: {before}, {memory:,.0f} KB")
        for _ in range(rounds):
            come_and_go(port, number)
        after, now = held(port, server.pid)
        print(f"after {number * (rounds + 1):,} connections: {after}, {now:,.0f} KB")
        assert after == before
        verdict("bytes of memory that each connection left", (now - memory) * 1024 / (number * rounds), 20, False)
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        serve(int(sys.argv[2]))
    else:
        main()
