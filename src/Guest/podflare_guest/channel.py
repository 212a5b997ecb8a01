"""The supervisor's end of the socket to an interpreter: whole messages, never blocking.

A SEQPACKET socket keeps packets apart, so nothing that the program writes to its end can spoil what follows.
"""

from __future__ import annotations

import struct

from podflare_guest.loop import READ, WRITE
from podflare_guest.stdlib_core import TYPE_CHECKING, deque, socket

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
        self._outbox: deque[tuple[bytes, tuple[int, ...]]] = deque()
        self._closed = False
        self._paused = False
        loop.watch(self._socket.fileno(), READ, self._on_ready)

    @property
    def is_idle(self) -> bool:
        return not self._outbox

    def send(self, kind: bytes, payload: bytes = b"", descriptors: tuple[int, ...] = ()) -> None:
        """Sends kind (one byte), length (u32) and payload in as many packets as it takes; descriptors go with the first, and must stay open until then."""
        data = kind + len(payload).to_bytes(4, "big") + payload
        idle = not self._outbox
        if len(data) <= PACKET:
            self._outbox.append((data, descriptors))
        else:
            self._outbox.append((data[:PACKET], descriptors))
            self._outbox.extend((data[at : at + PACKET], ()) for at in range(PACKET, len(data), PACKET))
        if idle:
            self._write()
            if self._outbox:
                self._watch()

    def send_unless_last(self, kind: bytes) -> None:
        """Sends a message without payload, unless the same is waiting to be sent already."""
        if not self._outbox or self._outbox[-1][0] != kind + b"\0\0\0\0":
            self.send(kind)

    def pause(self, paused: bool) -> None:
        """While paused, what the process sends stays in the socket."""
        if paused != self._paused:
            self._paused = paused
            if not self._closed:
                self._watch()

    def read(self) -> bool:
        """Handles one packet; False where there is none."""
        if self._closed:
            return False
        try:
            packet = self._socket.recv(_LONGEST)
        except BlockingIOError:
            return False
        except OSError:
            packet = b""
        if packet:
            self._on_packet(packet)
            return True
        # Closed by the program: waitpid reports the rest, and an end that never comes is what the timeout is for.
        self.close()
        return False

    def read_all(self) -> None:
        """Takes what a process that has ended has left behind."""
        while self.read():
            pass

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._loop.forget(self._socket.fileno())
            self._socket.close()

    def _watch(self) -> None:
        self._loop.change(self._socket.fileno(), (0 if self._paused else READ) | (WRITE if self._outbox else 0))

    def _write(self) -> None:
        try:
            while self._outbox:
                data, descriptors = self._outbox[0]
                if descriptors:
                    rights = struct.pack(f"{len(descriptors)}i", *descriptors)
                    self._socket.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
                else:
                    self._socket.send(data)
                self._outbox.popleft()
        except BlockingIOError:
            pass
        except OSError:
            self._outbox.clear()  # the process is gone; its end is reported by waitpid

    def _on_ready(self, events: int) -> None:
        if events & WRITE:
            self._write()
            if not self._outbox:
                self._watch()
        if events & ~WRITE:
            # One packet a turn: a program that floods its end must not keep the loop from the host.
            self.read()
