"""OTLP of the sandbox's programs: accepted on loopback, answered at once, and sent to the host when there is nothing else to send.

A body is neither parsed nor decompressed here. The answer is always 200 and final: an exporter would repeat anything else, and block its program.
"""

from __future__ import annotations

import os

from podflare_guest import frames
from podflare_guest.frames import Malformed, frame
from podflare_guest.loop import READ
from podflare_guest.stdlib_core import TYPE_CHECKING, deque, socket

if TYPE_CHECKING:
    from podflare_guest.http1 import Request
    from podflare_guest.link import Link
    from podflare_guest.loop import Loop
    from podflare_guest.relay_peer import RelayPeer
    from podflare_guest.run_intervals import RunIntervals
    from podflare_guest.sandbox import Sandbox

_MOST_CONNECTIONS = 8
_PART_BYTES = 64 << 10
_QUEUE_BYTES = 1 << 20
_BATCH_COST = 512  # of a batch in memory, beside its body
_UNFINISHED_BYTES = 2 << 20
_BUSY_SECONDS = 0.005
_SIGNALS = {b"/v1/traces": 1, b"/v1/logs": 2, b"/v1/metrics": 3}
_JSON, _GZIP = 1, 2
_MOST_COUNT = (1 << 32) - 1
# partialSuccess with an errorMessage, in protobuf and in JSON.
_FULL = (b"\x0a\x13\x12\x11the relay is full", b'{"partialSuccess":{"errorMessage":"the relay is full"}}')
_DONE = (b"", b"{}")


class Relay:
    def __init__(self, loop: Loop, link: Link, intervals: RunIntervals, port: int) -> None:
        """Raises OSError where the port cannot be had."""
        self._loop, self._link, self._intervals = loop, link, intervals
        self._peers: set[RelayPeer] = set()
        self._queue: deque[tuple[int, bytes, bytes]] = deque()  # number, head, body: all that the host has not taken
        self._bytes = 0
        self._next = 1
        self._index = self._offset = 0  # in the queue, and in its body, of what is sent next
        self._dropped = [0, 0, 0]  # batches per signal
        self._listener = _listen(port)
        loop.watch(self._listener.fileno(), READ, self._on_connect)

    @property
    def has_room(self) -> bool:
        """Whether the unfinished requests of all connections are within their limit."""
        return sum(peer.held for peer in self._peers) <= _UNFINISHED_BYTES

    def take(self, request: Request) -> bytes | None:
        """Queues a batch. Returns the body of the answer; None for a path that OTLP does not have."""
        signal = _SIGNALS.get(request.path)
        if signal is None:
            return None
        cost = len(request.body) + _BATCH_COST
        if self._bytes + cost > _QUEUE_BYTES:
            self._dropped[signal - 1] = min(self._dropped[signal - 1] + 1, _MOST_COUNT)
            return _FULL[request.json]
        # What was dropped until now is reported with the next batch that was not.
        counts = b"".join(count.to_bytes(4, "big") for count in self._dropped)
        encoding = _JSON * request.json | _GZIP * request.gzip
        self._queue.append((self._next, bytes((signal, encoding)) + self._intervals.encode(request.lineage) + counts, request.body))
        self._next += 1
        self._bytes += cost
        self._loop.timers.set(self, 0, self._send)
        return _DONE[request.json]

    def taken(self, number: int) -> None:
        """The host has all batches up to this one, or has given them up."""
        if number >= self._next:
            raise Malformed(f"OTLP_TAKEN of {number} before it was sent")
        while self._queue and self._queue[0][0] <= number:
            self._bytes -= len(self._queue.popleft()[2]) + _BATCH_COST
            if self._index:
                self._index -= 1
            else:
                self._offset = 0

    def resume(self) -> None:
        """A host has connected: it gets everything again that was not taken."""
        self._index = self._offset = 0
        if self._queue:
            self._loop.timers.set(self, 0, self._send)

    def closed(self, peer: RelayPeer) -> None:
        self._peers.discard(peer)
        if len(self._peers) == _MOST_CONNECTIONS - 1:
            self._loop.change(self._listener.fileno(), READ)

    def _on_connect(self, events: int) -> None:
        from podflare_guest.relay_peer import RelayPeer

        try:
            fd, _ = self._listener._accept()  # type: ignore[attr-defined]
        except OSError:
            return
        connection = socket.socket(fileno=fd)
        connection.setblocking(False)
        self._peers.add(RelayPeer(self, self._loop, connection))
        if len(self._peers) >= _MOST_CONNECTIONS:
            self._loop.change(self._listener.fileno(), 0)

    def _send(self) -> None:
        """Sends one part, if nothing else is to be sent: neither output nor the end of a run waits for telemetry."""
        if self._index >= len(self._queue) or not self._link.is_connected:
            return
        if not self._link.is_idle:
            self._loop.timers.set(self, _BUSY_SECONDS, self._send)
            return
        number, head, body = self._queue[self._index]
        part = body[self._offset : self._offset + _PART_BYTES]
        is_first = self._offset == 0
        self._offset += len(part)
        is_last = self._offset >= len(body)
        self._link.send(frame(frames.OTLP, bytes((is_last,)) + (head if is_first else b"") + part, number))
        if is_last:
            self._index, self._offset = self._index + 1, 0
        self._loop.timers.set(self, 0, self._send)


def start_relay(sandbox: Sandbox) -> Relay | None:
    """None where the port cannot be had. Then no variable names it either."""
    settings = sandbox.settings
    try:
        relay = Relay(sandbox.loop, sandbox.link, sandbox.intervals, settings.otlp_port)
    except OSError as error:
        os.write(2, f"podflare guest: no OTLP relay on port {settings.otlp_port}: {error.strerror}\n".encode())
        settings.otlp_port = 0
        return None
    sandbox.link.on_welcome = relay.resume
    return relay


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(_MOST_CONNECTIONS)
    except OSError:
        listener.close()
        raise
    return listener
