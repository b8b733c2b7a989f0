"""Compare WebSocket servers in one run: Spa, gevent-websocket, simple-websocket and websockets' asyncio server.

Every server runs in a process of its own, and the load in another: a client of raw sockets that does as little
as it can. Rounds are interleaved; the figures are medians.
"""

import contextlib
import os
import select
import socket
import statistics
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from measure import parse_arguments, verdict

SERVERS = ("Spa", "gevent-websocket", "simple-websocket", "websockets asyncio")
MASK = b"\x00\x00\x00\x00"  # masked as the protocol wants, for nothing: the client is not what is measured
MIB = 2**20


def frame(payload: bytes, opcode: int = 2) -> bytes:
    """Return a client's frame."""
    size = len(payload)
    if size < 126:
        head = struct.pack("!BB", 0x80 | opcode, 0x80 | size)
    elif size < 2**16:
        head = struct.pack("!BBH", 0x80 | opcode, 0xFE, size)
    else:
        head = struct.pack("!BBQ", 0x80 | opcode, 0xFF, size)
    return head + MASK + payload


def reply_size(size: int) -> int:
    """Return the length of the server's frame around as many bytes."""
    return size + (2 if size < 126 else 4 if size < 2**16 else 10)


def connect(port: int, path: str = "/echo") -> socket.socket:
    """Open a WebSocket."""
    sock = socket.create_connection(("127.0.0.1", port), timeout=60)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.sendall(
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    head = b""
    while b"\r\n\r\n" not in head:
        head += sock.recv(1)
    assert b" 101 " in head.split(b"\r\n")[0], head
    return sock


def read(sock: socket.socket, size: int) -> None:
    """Read as many bytes and forget them."""
    while size > 0:
        data = sock.recv(min(size, 2**18))
        assert data, "the server closed the connection"
        size -= len(data)


def small_echo(port: int, messages: int) -> float:
    """Return echoes a second of 32-byte messages over 32 connections, one message in flight on each."""
    socks = [connect(port) for _ in range(32)]
    message, answer = frame(b"x" * 32), reply_size(32)
    poll = select.epoll()
    by_number = {sock.fileno(): sock for sock in socks}
    for sock in socks:
        poll.register(sock, select.EPOLLIN)
    started = time.perf_counter()
    for sock in socks:
        sock.sendall(message)
    done = 0
    while done < messages:
        for number, _ in poll.poll():
            read(by_number[number], answer)
            done += 1
            by_number[number].sendall(message)
    elapsed = time.perf_counter() - started
    poll.close()
    close_all(socks)
    return done / elapsed


def large_echo(port: int, size: int = MIB) -> float:
    """Return seconds for the echo of one message, the median of five on one connection."""
    times = []
    with connect(port) as sock:
        message = frame(b"x" * size)
        for _ in range(5):
            started = time.perf_counter()
            sender = threading.Thread(target=sock.sendall, args=(message,))
            sender.start()
            read(sock, reply_size(size))
            times.append(time.perf_counter() - started)
            sender.join()
    return statistics.median(times)


def longest_stall(port: int, size: int) -> float:
    """Return the longest echo, in seconds, that one client sees while another sends one large message."""
    quick, large = connect(port), connect(port, "/swallow")
    message, answer = frame(b"x" * 32), reply_size(32)
    done = threading.Event()

    def send_large() -> None:
        large.sendall(frame(b"x" * size))
        read(large, reply_size(4))
        done.set()

    longest, sender = 0.0, threading.Thread(target=send_large)
    sender.start()
    while not done.is_set():
        started = time.perf_counter()
        quick.sendall(message)
        read(quick, answer)
        longest = max(longest, time.perf_counter() - started)
    sender.join()
    close_all([quick, large])
    return longest


def broadcast(port: int, peers: int, rounds: int) -> float:
    """Return seconds for 1 KB to reach every one of the peers."""
    socks = [connect(port, "/room") for _ in range(peers)]
    times = []
    with connect(port, "/speak") as speaker:
        for _ in range(rounds):
            started = time.perf_counter()
            speaker.sendall(frame(b"x" * 1024))
            for sock in socks:
                read(sock, reply_size(1024))
            times.append(time.perf_counter() - started)
    close_all(socks)
    return statistics.median(times)


def idle_memory(port: int, pid: int, peers: int) -> float:
    """Return KB of resident memory of the server for each idle connection."""
    before = resident(pid)
    socks = [connect(port) for _ in range(peers)]
    message, answer = frame(b"x" * 32), reply_size(32)
    for sock in socks:
        sock.sendall(message)
        read(sock, answer)
    used = resident(pid) - before
    close_all(socks)
    return used / peers


def resident(pid: int) -> float:
    """Return KB of resident memory of a process."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return float(line.split()[1])
    raise LookupError("VmRSS")


def close_all(socks: list[socket.socket]) -> None:
    """Close sockets and give the server a moment to notice."""
    for sock in socks:
        sock.close()
    time.sleep(0.2)


# The servers: /echo, /swallow (answers b"done" to each message), /room and /speak.


def serve_spa(port: int) -> None:
    import spa
    from spa.websocket import Limits
    from spa.websocket import broadcast as tell

    room: set[spa.websocket.WebSocket] = set()

    class Echo(spa.Handler):
        def websocket(self) -> None:
            for message in self.ws:
                self.ws.send(message)

    class Swallow(spa.Handler):
        def websocket(self) -> None:
            for _ in self.ws:
                self.ws.send(b"done")

    class Room(spa.Handler):
        def websocket(self) -> None:
            self.ws.accept()
            room.add(self.ws)
            for _ in self.ws:
                pass

        def websocket_close(self) -> None:
            room.discard(self.ws)

    class Speak(spa.Handler):
        def websocket(self) -> None:
            for message in self.ws:
                tell(room, message)

    routes = (("/echo", "", Echo), ("/swallow", "", Swallow), ("/room", "", Room), ("/speak", "", Speak))
    spa.run(spa.App(routes, websocket_limits=Limits(max_message=32 * MIB)), port=port)


def serve_gevent_websocket(port: int) -> None:
    from geventwebsocket.exceptions import WebSocketError
    from geventwebsocket.server import WebSocketServer

    room = set()

    def app(environ, start_response):
        ws, path = environ["wsgi.websocket"], environ["PATH_INFO"]
        if path == "/room":
            room.add(ws)
        try:
            while (message := ws.receive()) is not None:
                if path == "/echo":
                    ws.send(message)
                elif path == "/swallow":
                    ws.send(b"done")
                elif path == "/speak":
                    for peer in room:
                        peer.send(message)
        except WebSocketError:
            pass
        finally:
            room.discard(ws)
        return []

    WebSocketServer(("127.0.0.1", port), app).serve_forever()


def serve_simple_websocket(port: int) -> None:
    from gevent.pywsgi import WSGIHandler, WSGIServer
    from simple_websocket import ConnectionClosed, Server

    room = set()

    def app(environ, start_response):
        ws, path = Server(environ, max_message_size=None), environ["PATH_INFO"]
        if path == "/room":
            room.add(ws)
        try:
            while True:
                message = ws.receive()
                if path == "/echo":
                    ws.send(message)
                elif path == "/swallow":
                    ws.send(b"done")
                elif path == "/speak":
                    for peer in room:
                        peer.send(message)
        except ConnectionClosed:
            pass
        finally:
            room.discard(ws)
        return []

    class Handler(WSGIHandler):
        def get_environ(self):
            return {**super().get_environ(), "werkzeug.socket": self.socket}

    WSGIServer(("127.0.0.1", port), app, handler_class=Handler, log=None).serve_forever()


def serve_websockets(port: int) -> None:
    import asyncio

    from websockets.asyncio.server import broadcast as tell
    from websockets.asyncio.server import serve

    room = set()

    async def handle(ws):
        path = ws.request.path
        if path == "/room":
            room.add(ws)
        try:
            async for message in ws:
                if path == "/echo":
                    await ws.send(message)
                elif path == "/swallow":
                    await ws.send(b"done")
                elif path == "/speak":
                    tell(room, message)
        finally:
            room.discard(ws)

    async def main():
        async with serve(handle, "127.0.0.1", port, compression=None, max_size=None):
            await asyncio.Future()

    asyncio.run(main())


def serve_plain_tcp(port: int) -> None:
    """Send as many bytes back for each 1 MiB message, with no WebSocket at all: nothing can be faster."""
    with socket.create_server(("127.0.0.1", port)) as listener:
        while True:
            sock, _ = listener.accept()
            with contextlib.suppress(AssertionError, OSError), sock:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                head = b""
                while b"\r\n\r\n" not in head:
                    head += sock.recv(4096) or b"\r\n\r\n"
                sock.sendall(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
                while True:
                    read(sock, len(frame(b"x" * MIB)))
                    sock.sendall(b"x" * reply_size(MIB))


SERVE: dict[str, Callable[[int], None]] = {
    "Spa": serve_spa,
    "gevent-websocket": serve_gevent_websocket,
    "simple-websocket": serve_simple_websocket,
    "websockets asyncio": serve_websockets,
    "plain TCP": serve_plain_tcp,
}


def free_port() -> int:
    """Return a port that is free."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def started(name: str) -> Iterator[tuple[int, int]]:
    """Run a server; give its port and process number."""
    port = free_port()
    command = [sys.executable, __file__, "--serve", name, str(port)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 20
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            assert time.monotonic() < deadline, f"{name} did not start"
            time.sleep(0.05)
        yield port, process.pid
    finally:
        process.kill()
        process.wait()


def measure(
    title: str, unit: str, rounds: int, run: Callable[[int, int], float], servers: tuple[str, ...] = SERVERS
) -> dict[str, float]:
    """Run a measurement against every server, each in every round; print and return the medians."""
    samples: dict[str, list[float]] = {name: [] for name in servers}
    for _ in range(rounds):
        for name in servers:
            with started(name) as (port, pid):
                samples[name].append(run(port, pid))
    medians = {name: statistics.median(values) for name, values in samples.items()}
    print(f"\n{title}")
    for name, median in medians.items():
        print(f"  {name:<20} {median:12.2f} {unit}   {median / medians['Spa']:8.2f} x Spa")
    return medians


def main() -> None:
    smoke = parse_arguments(__doc__ or "").smoke
    rounds = 1 if smoke else 5
    peers = 50 if smoke else 1000
    small = measure(
        "Echo of 32 bytes, 32 connections", "msg/s", rounds, lambda port, _: small_echo(port, 500 if smoke else 20_000)
    )
    large = measure(
        "Echo of 1 MiB", "ms", rounds, lambda port, _: large_echo(port) * 1e3, (*SERVERS, "plain TCP")
    )
    stall = measure(
        "Longest echo of another client during 1 MiB", "ms", rounds, lambda port, _: longest_stall(port, MIB) * 1e3
    )
    huge = 2 * MIB if smoke else 16 * MIB
    measure(
        f"Longest echo of another client during {huge // MIB} MiB",
        "ms",
        1 if smoke else 3,
        lambda port, _: longest_stall(port, huge) * 1e3,
    )
    spread = measure(
        f"Broadcast of 1 KB to {peers:,} connections", "ms", rounds, lambda port, _: broadcast(port, peers, 10) * 1e3
    )
    memory = measure(
        "Memory of an idle connection", "KB", 1 if smoke else 3, lambda port, pid: idle_memory(port, pid, peers)
    )
    peer = "gevent-websocket"
    print()
    verdict("small echo against gevent-websocket's", small["Spa"] / small[peer], 1.25)
    verdict("1 MiB echo against gevent-websocket's", large[peer] / large["Spa"], 100)
    print(f"               of which plain TCP, with no WebSocket, reaches {large[peer] / large['plain TCP']:.2f}")
    verdict("longest stall: gevent-websocket's against ours", stall[peer] / stall["Spa"], 50)
    verdict("broadcast against gevent-websocket's", spread[peer] / spread["Spa"], 1.2)
    verdict("idle memory against gevent-websocket's", memory["Spa"] / memory[peer], 1.0, False)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        from gevent import monkey

        if sys.argv[2] != "websockets asyncio":
            monkey.patch_all()
        os.environ.pop("PORT", None)
        SERVE[sys.argv[2]](int(sys.argv[3]))
    else:
        main()
