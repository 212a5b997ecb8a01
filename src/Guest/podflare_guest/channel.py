"""The supervisor's end of the socket to the REPL: whole messages, never blocking.

A SEQPACKET socket keeps packets apart, so nothing that the program writes to its end can spoil what follows.
"""

from __future__ import annotations

from podflare_guest.lean import TYPE_CHECKING, deque, socket
from podflare_guest.loop import READ, WRITE

if TYPE_CHECKING:
    from collections.abc import Callable

    from podflare_guest.loop import Loop

# Well under the smallest usual send buffer.
PACKET = 60_000
# An end with all its texts, and still so short that its buffer is not mapped and unmapped each time.
_LONGEST = 96 << 10


class Channel:
    def __init__(self, loop: Loop, on_packet: Callable[[bytes], None]) -> None:
        self._loop = loop
        self._on_packet = on_packet
        self._socket, self.peer = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.setblocking(False)
        self._outbox: deque[bytes] = deque()
        self._closed = False
        loop.watch(self._socket.fileno(), READ, self._on_ready)

    def send(self, kind: bytes, payload: bytes = b"") -> None:
        """Sends kind (one byte), length (u32) and payload in as many packets as it takes."""
        data = kind + len(payload).to_bytes(4, "big") + payload
        idle = not self._outbox
        self._outbox.extend(data[at : at + PACKET] for at in range(0, len(data), PACKET))
        if idle:
            self._write()
            if self._outbox:
                self._loop.change(self._socket.fileno(), READ | WRITE)

    def send_unless_last(self, kind: bytes) -> None:
        """Sends a message without payload, unless the same is waiting to be sent already."""
        if not self._outbox or self._outbox[-1] != kind + b"\0\0\0\0":
            self.send(kind)

    def read_all(self) -> None:
        """Takes what a process that has ended has left behind."""
        while not self._closed and self._read():
            pass

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._loop.forget(self._socket.fileno())
            self._socket.close()

    def _write(self) -> None:
        try:
            while self._outbox:
                self._socket.send(self._outbox[0])
                self._outbox.popleft()
        except BlockingIOError:
            pass
        except OSError:
            self._outbox.clear()  # the process is gone; its end is told by waitpid

    def _on_ready(self, events: int) -> None:
        if events & WRITE:
            self._write()
            if not self._outbox:
                self._loop.change(self._socket.fileno(), READ)
        if events & ~WRITE:
            # One packet a turn: a program that floods its end must not keep the loop from the host.
            self._read()

    def _read(self) -> bool:
        try:
            packet = self._socket.recv(_LONGEST)
        except BlockingIOError:
            return False
        except OSError:
            packet = b""
        if packet:
            self._on_packet(packet)
            return True
        # Closed by the program: waitpid tells the rest, and an end that never comes is what the timeout is for.
        self.close()
        return False
