"""How WebSockets live beside one another, and all the ways they end, under each server."""

import os
import re
import signal
import statistics
import threading
import time
from contextlib import contextmanager

import pytest

from tests import wire
from tests.wire import BINARY, CLOSE, PING, PONG, TEXT, close_payload, frame, wait_for

MEGABYTE = 2**20
ROUNDS = 3  # the best of so many counts where a time is measured: a busy machine is not the server's doing

LEAVING = {
    "Close": lambda peer: peer.send(CLOSE, close_payload(1001, "bye")),
    "bad frame": lambda peer: peer.send(3),
    "half-close": lambda peer: peer.half_close(),
    "FIN": lambda peer: peer.sock.close(),
    "RST": lambda peer: peer.reset(),
}
CODES = {"Close": 1001, "bad frame": 1002, "half-close": 1006, "FIN": 1006, "RST": 1006}
leaving = pytest.mark.parametrize("how", LEAVING)


def wait_until_blocked(server, tag: str) -> None:
    """Wait until the senders of a handler have not got on for ten looks."""
    sizes = []

    def is_blocked() -> bool:
        sizes.append(len(server.events(tag)))
        return len(sizes) > 10 and sizes[-1] == sizes[-10] > 1

    wait_for(is_blocked)


class Pulse:
    """Another client, which notes its longest wait for an echo."""

    def __init__(self, peer: wire.Wire) -> None:
        self.peer = peer
        self.waits = []
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self.beat)

    def beat(self) -> None:
        while not self.stopped.is_set():
            started = time.perf_counter()
            self.peer.text("pulse")
            assert self.peer.read_text() == "pulse"
            self.waits.append(time.perf_counter() - started)
            self.stopped.wait(0.001)

    @property
    def longest(self) -> float:
        return max(self.waits)


@contextmanager
def another_client(server):
    """Let another client live beside what is done inside."""
    with server.connect("/echo/") as peer:
        pulse = Pulse(peer)
        pulse.thread.start()
        try:
            wait_for(lambda: len(pulse.waits) > 3)
            del pulse.waits[:-1]
            yield pulse
        finally:
            pulse.stopped.set()
            pulse.thread.join()
    assert statistics.median(pulse.waits) > 0  # it has lived


def test_a_message_of_one_megabyte_holds_nobody_up_for_50_ms(server):
    data = frame(TEXT, b"x" * MEGABYTE)
    longest = []
    for _ in range(ROUNDS):
        with server.connect("/sink/") as peer, another_client(server) as other:
            peer.write(data)
            peer.text("?")
            assert peer.read_text() == str(MEGABYTE)
        longest.append(other.longest)
    assert min(longest) < 0.050, longest


def test_200_000_pings_hold_nobody_up_for_100_ms_and_cost_no_memory(server):
    longest = []
    grown = []
    for _ in range(ROUNDS):
        flood_with_pings(server, 200_000, longest, grown)
        if longest[-1] < 0.100:
            break
    assert min(longest) < 0.100, longest
    assert max(grown) < 4 * MEGABYTE


def flood_with_pings(server, count: int, longest: list[float], grown: list[int]) -> None:
    """Send pings while their pongs are read; add the longest wait of another client, and the server's growth."""
    pongs = []
    with server.connect("/echo/") as peer, another_client(server) as other:
        peer.write(frame(PING) * 1000)
        assert peer.read(2000) == bytes([0x80 | PONG, 0]) * 1000  # warm
        before = server.stats()["rss"]
        del other.waits[:-1]
        peer.sock.settimeout(30)
        reader = threading.Thread(target=lambda: pongs.append(peer.read(2 * count)))
        reader.start()
        try:
            data = frame(PING) * 5000
            for _ in range(count // 5000):
                peer.write(data)
        finally:
            reader.join()
        longest.append(other.longest)
        grown.append(server.stats()["rss"] - before)
    assert pongs == [bytes([0x80 | PONG, 0]) * count]


def test_pings_whose_pongs_nobody_reads_are_bounded(server):
    ping = frame(PING, b"x" * 125)
    with server.connect("/echo/", receive_buffer=4096) as peer:
        before = server.stats()["rss"]
        peer.sock.settimeout(0.5)
        with pytest.raises(TimeoutError):  # TCP pushes back
            peer.write(ping * (64 * MEGABYTE // len(ping)))
        assert server.stats()["rss"] - before < 4 * MEGABYTE
        server.check_alive(server.stats()["pid"])


def test_a_fast_sender_to_a_client_that_never_reads_is_ended_within_bounds(server, tag):
    before = server.stats()["rss"]
    highest = before
    started = time.monotonic()
    with server.connect(f"/sender/{tag}/", receive_buffer=4096) as peer:
        while not (noted := server.events(tag))[1:]:
            highest = max(highest, server.stats()["rss"])
            assert time.monotonic() - started < 5
        assert time.monotonic() - started > 0.4  # the send timeout of that route is 0.5 s
        assert noted[1] == "raised ConnectionClosed 1006"
        assert peer.is_readable()
    assert highest - before < 8 * MEGABYTE
    server.wait_for_event(tag, "closed 1006")


@pytest.mark.parametrize("stalled", ["filled by its handler", "filled by nobody"])
def test_a_broadcast_reaches_99_peers_within_100_ms_though_one_is_stalled(server, tag, stalled):
    with server.connect(f"/room/{tag}/", receive_buffer=4096) as slow:
        if stalled == "filled by its handler":
            slow.text("fill")
            wait_until_blocked(server, tag)
        with server.connect_many(99, "/room/others/") as peers:
            for peer in peers:
                assert peer.read_text() == "welcome"
            longest = []
            for _ in range(ROUNDS):
                started = time.perf_counter()
                told = threading.Thread(target=server.get, args=("/room/none/",))
                told.start()
                try:
                    assert [peer.read_text() for peer in peers] == ["shout"] * 99
                    longest.append(time.perf_counter() - started)
                finally:
                    told.join()
            assert min(longest) < 0.100, longest
            if stalled == "filled by its handler":
                server.wait_for_event(tag, "raised ConnectionClosed 1013")  # it has fallen too far behind
    wait_for(lambda: server.get("/room/none/")["room"] == 0)


def test_a_silent_peer_is_pinged_and_then_freed(server, tag):
    started = time.monotonic()
    with server.connect(f"/silent/{tag}/") as peer:
        assert peer.read_frame().opcode == PING
        assert time.monotonic() - started > 0.25
        peer.wait_for_end()
        server.wait_for_event(tag, "closed 1006", patience=max(0.1, started + 1.6 - time.monotonic()))


def test_a_peer_that_answers_pings_stays_connected(server, tag):
    with server.connect(f"/silent/{tag}/") as peer:
        for _ in range(4):  # 4 intervals of 0.3 s: longer than interval and timeout together
            got = peer.read_frame()
            assert got.opcode == PING
            peer.send(PONG, got.payload)
        peer.text("still here")
        assert peer.read_text() == "still here"
    assert "closed 1006" not in server.events(tag)[:1]


def test_a_peer_that_answers_while_the_process_is_stopped_stays_connected(server, tag):
    with server.connect(f"/silent/{tag}/") as peer:
        pid = server.stats()["pid"]
        got = peer.read_frame()
        assert got.opcode == PING
        os.kill(pid, signal.SIGSTOP)
        try:
            peer.send(PONG, got.payload)
            time.sleep(0.7)  # longer than the ping timeout; nothing else happens that could be waited for
        finally:
            os.kill(pid, signal.SIGCONT)
        peer.text("still here")
        assert peer.read_text() == "still here"


def test_a_peer_that_talks_is_not_pinged(server, tag):
    with server.connect(f"/silent/{tag}/") as peer:
        started = time.monotonic()
        while time.monotonic() - started < 0.8:
            peer.text("talk")
            assert peer.read_text() == "talk"


@leaving
@pytest.mark.parametrize("path", ["ticker", "sleeper", "echo"])
def test_a_handler_ends_within_a_second_when_its_peer_leaves(server, tag, path, how):
    before = server.stats()
    peer = server.connect(f"/{path}/{tag}/")
    try:
        server.wait_for_event(tag, "began")
        LEAVING[how](peer)
        expected = {
            "ticker": f"raised ConnectionClosed {CODES[how]}",
            "sleeper": "raised GreenletExit",
            "echo": "returned",
        }[path]
        server.wait_for_event(tag, expected, patience=1.0)
    finally:
        peer.sock.close()
    assert server.wait_for_event(tag, f"closed {CODES[how]}", patience=1.0) == [
        "began",
        expected,
        f"closed {CODES[how]}",
    ]
    wait_for(lambda: server.stats()["descriptors"] <= before["descriptors"], "the descriptor is freed")


@leaving
def test_the_next_send_of_a_handler_that_may_not_be_stopped_raises(server, tag, how):
    peer = server.connect(f"/stubborn/{tag}/")
    try:
        LEAVING[how](peer)
        server.wait_for_event(tag, f"raised ConnectionClosed {CODES[how]}", patience=1.0)
    finally:
        peer.sock.close()
    noted = server.wait_for_event(tag, f"closed {CODES[how]}", patience=1.0)
    assert noted[1:] == ["saw the end", f"raised ConnectionClosed {CODES[how]}", f"closed {CODES[how]}"]


@pytest.mark.parametrize("how", ["Close", "FIN", "RST"])
def test_a_sleeping_handler_whose_inbox_is_full_is_stopped_too(server, tag, how):
    before = server.stats()
    with server.connect(f"/sleeper/{tag}/") as peer:
        peer.write(frame(TEXT, b"unread") * 40)  # more than wait for receive: a Close behind them is not read
        LEAVING[how](peer)
    server.wait_for_event(tag, "raised GreenletExit")
    wait_for(lambda: server.stats()["descriptors"] <= before["descriptors"], "the descriptor is freed")


def test_the_stream_of_the_quickstart_stops_when_its_client_leaves(server, tag):
    with server.connect(f"/datetime/{tag}/") as peer:
        assert peer.read_text()[:2] == "20"
        peer.send(CLOSE, close_payload(1001))
        assert peer.read_close().code == 1001
    server.wait_for_event(tag, "closed", patience=1.2)


def test_a_peer_that_never_answers_the_close_is_left_at_the_close_timeout(server, tag):
    with server.connect(f"/closes/{tag}/") as peer:
        assert peer.read_text() == "bye"
        started = time.monotonic()
        assert (peer.read_close().code, peer.is_readable()) == (4001, False)
        peer.wait_for_end()
        assert 0.6 < time.monotonic() - started < 3  # the close timeout of that route is 1 s
        server.wait_for_event(tag, "closed 4001")


def send_for_ever(peer: wire.Wire) -> None:
    """Send a little all the time, for at most five seconds."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        peer.write(frame(TEXT, b"x" * 1000))
        time.sleep(0.01)


def test_a_peer_that_sends_for_ever_instead_of_answering_the_close_is_left_too(server, tag):
    with server.connect(f"/closes/{tag}/") as peer:
        assert peer.read_text() == "bye"
        assert peer.read_close().code == 4001
        started = time.monotonic()
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            send_for_ever(peer)
        assert time.monotonic() - started < 3  # the close timeout of that route is 1 s
        server.wait_for_event(tag, "closed 4001")


def test_all_that_a_handler_has_sent_reaches_a_client_that_reads_on_slowly(server, tag):
    with server.connect(f"/large/{tag}/", receive_buffer=65536) as peer:
        started = time.monotonic()
        size = 0
        while size < 2**24:
            size += len(peer.read(2**17))
            time.sleep(0.005)
        assert time.monotonic() - started > 0.6  # the close timeout of that route is 0.3 s
        assert peer.read_rest()[-4:] == bytes([0x80 | CLOSE, 2]) + close_payload(1000)
    assert server.wait_for_event(tag, "closed 1000") == ["began", "returned", "closed 1000"]


def test_pings_after_the_close_of_the_server_are_bounded_though_their_sender_reads_nothing(server, tag):
    pings = frame(PING, b"x" * 125) * 2000
    with server.connect(f"/returns/{tag}/", receive_buffer=4096) as peer:
        before = server.stats()["rss"]
        started = time.monotonic()
        size = 0
        while size < 24 * MEGABYTE and time.monotonic() - started < 4:  # the close timeout is 5 s
            peer.write(pings)
            size += len(pings)
        assert server.stats()["rss"] - before < 4 * MEGABYTE
    server.wait_for_event(tag, "closed 1000")


def test_a_timeout_that_a_handler_leaves_behind_ends_nothing_early_and_is_no_bug(server, tag):
    with server.connect(f"/leaves-timeout/{tag}/") as peer:
        assert peer.read_close().code == 1000
        assert peer.wait_for_end() > 0.6  # the close timeout of that route is 1 s
    assert server.wait_for_event(tag, "closed 1000") == ["began", "returned", "closed 1000"]
    out, err = server.program.output()
    assert f"/leaves-timeout/{tag}/" not in "\n".join(line for line in (out + err).splitlines() if "failed" in line)
    assert "gevent.timeout.Timeout" not in out + err


def test_however_closely_a_stop_meets_the_end_of_a_handler_the_clean_up_is_whole(server, tag):
    count = 300
    for _ in range(3):
        peers = [server.connect(f"/cleans-up/{tag}/") for _ in range(count)]
        for peer in peers:
            peer.sock.close()
    wait_for(lambda: sum(event.startswith("closed") for event in server.events(tag)) == 3 * count, "each clean-up")


def test_a_close_that_is_answered_ends_at_once(server, tag):
    with server.connect(f"/closes/{tag}/") as peer:
        assert peer.read_text() == "bye"
        answer = peer.read_close()
        peer.send(CLOSE, answer.payload)
        assert peer.wait_for_end() < 0.8  # the close timeout of that route is 1 s
        server.wait_for_event(tag, "closed 4001")


def test_a_half_close_in_the_middle_of_a_frame_ends_the_connection(server, tag):
    with server.connect(f"/echo/{tag}/") as peer:
        peer.write(frame(TEXT, b"x" * 100)[:50])
        peer.half_close()
        peer.wait_for_end(within=5.5)  # the close timeout is 5 s
        server.wait_for_event(tag, "closed 1006")


def test_a_handler_that_returns_closes_with_1000(server, tag):
    with server.connect(f"/returns/{tag}/") as peer:
        assert peer.read_text() == "bye"
        got = peer.read_close()
        assert (got.code, got.reason) == (1000, "")
        peer.send(CLOSE, got.payload)
        peer.wait_for_end(within=1.0)
    assert server.wait_for_event(tag, "closed 1000") == ["began", "returned", "closed 1000"]


def test_a_handler_that_returns_at_once_answers_the_handshake_and_closes_with_1000(server, tag):
    with server.connect(f"/returns-at-once/{tag}/") as peer:
        assert peer.read_close().code == 1000


def test_a_handler_that_raises_closes_with_1011_says_nothing_and_logs_one_traceback(server, tag):
    with server.connect(f"/raises/{tag}/") as peer:
        assert peer.read_text() == "bye"
        got = peer.read_close()
        assert (got.code, got.reason) == (1011, "")
        peer.send(CLOSE, got.payload)
        peer.wait_for_end(within=1.0)
    server.wait_for_event(tag, "closed 1011")
    out, err = server.program.output()
    assert (out + err).count(f"ValueError: secret of {tag}") == 1
    assert len(re.findall(rf"/raises/{tag}/ \[\w+\]: the handler failed", out + err)) == 1


def test_ten_greenlets_send_a_megabyte_each_to_a_slow_reader_and_all_messages_are_whole(server):
    with server.connect("/ten/", receive_buffer=65536) as peer:
        got = []
        for _ in range(10):
            got.append(peer.read_frame())
            time.sleep(0.01)  # slow
        assert sorted(got) == [(BINARY, bytes([65 + number]) * MEGABYTE, True, 0, False) for number in range(10)]
        assert peer.read_close().code == 1000


def test_the_second_of_two_receivers_gets_an_error_and_the_connection_goes_on(server):
    with server.connect("/two-receivers/") as peer:
        assert peer.read_text() == "refused"
        peer.text("for the first")
        assert peer.read_text() == "for the first, ReceiveInProgress"
        peer.text("and on")
        assert peer.read_text() == "and on"


@pytest.mark.parametrize("what", ["receive", "send"])
def test_a_close_from_another_greenlet_ends_a_receive_or_send_at_once(server, tag, what):
    with server.connect(f"/closed-by-another/{what}/{tag}/", receive_buffer=4096) as peer:
        noted = server.wait_for_event(tag, "closed 4001", patience=2.0)
        assert noted == ["began", "raised ConnectionClosed 4001", "closed 4001"]
        if what == "receive":
            got = peer.read_close()
            assert (got.code, got.reason) == (4001, "enough")


def test_a_closed_websocket_refuses_everything_but_to_be_closed_again(server, tag):
    with server.connect(f"/closes/{tag}/"):
        noted = server.wait_for_event(tag, "closed 4001")
    assert noted == [
        "began",
        *["refused 4001 enough"] * 3,
        "is closed True 4001 enough",
        "returned",
        "closed 4001",
    ]


def test_2_000_connections_leave_nothing_behind(server):
    ways = list(LEAVING.values())

    def open_and_leave(count: int) -> None:
        peers = []
        try:
            for _ in range(count):
                peers.append(server.connect("/echo/"))
            for number, peer in enumerate(peers):
                peer.text("hello")
                ways[number % len(ways)](peer)
        finally:
            for peer in peers:
                peer.sock.close()

    def settled() -> bool:
        now = server.stats()
        return now["descriptors"] <= before["descriptors"] and now["greenlets"] <= before["greenlets"]

    before = server.stats()
    grown = []
    for _ in range(1 + ROUNDS):  # the first 2,000 fill caches and the allocator's arenas
        held = server.stats()["rss"]
        for _ in range(10):
            open_and_leave(200)
        wait_for(settled, "descriptors and greenlets are back")
        grown.append(server.stats()["rss"] - held)
        if len(grown) > 1 and grown[-1] < 200 * 2000:
            break
    assert min(grown[1:]) < 200 * 2000, grown  # less than 200 bytes each: nothing of a connection is so small


@leaving
@pytest.mark.parametrize("senders", [1, 2])
def test_the_process_survives_a_peer_that_leaves_blocked_senders_behind(server, tag, senders, how):
    before = server.stats()
    peer = server.connect(f"/blocked/{senders}/{tag}/", receive_buffer=4096)
    try:
        wait_until_blocked(server, tag)
        LEAVING[how](peer)
        # Everybody is let go at once, though the Close cannot reach a peer that does not read.
        server.wait_for_event(tag, f"raised ConnectionClosed {CODES[how]}", patience=1.0)
    finally:
        peer.sock.close()
    noted = server.wait_for_event(tag, f"closed {CODES[how]}", patience=1.0)
    ended = [event for event in noted if event not in ("began", "sent")]
    raised = f"raised ConnectionClosed {CODES[how]}"
    assert sorted(ended) == sorted([*["another sender ended"] * (senders - 1), raised, f"closed {CODES[how]}"])
    server.check_alive(before["pid"])
    wait_for(lambda: server.stats()["descriptors"] <= before["descriptors"], "the descriptor is freed")
    assert server.program.poll() is None
