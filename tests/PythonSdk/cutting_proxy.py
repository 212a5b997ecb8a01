"""A TCP proxy that cuts connections at random bytes."""

from __future__ import annotations

import random
import select
import socket
import struct
import threading


class CuttingProxy:
    """Passes connections on to a port, and kills each after a random number of bytes, both directions together, until it has killed enough."""

    def __init__(self, port: int, kills: int, max_bytes: int, seed: int) -> None:
        self._port = port
        self._left = kills
        self._max_bytes = max_bytes
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.killed = 0
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def is_done(self) -> bool:
        return self._left <= 0

    def close(self) -> None:
        # Shut down first: closing alone does not wake a thread that waits in accept.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with self._lock:
            budget = self._random.randint(1, self._max_bytes) if self._left > 0 else None
            abrupt = self._random.random() < 0.5
        with client, socket.create_connection(("127.0.0.1", self._port)) as server:
            try:
                while True:
                    for source in select.select([client, server], [], [])[0]:
                        data = source.recv(64 * 1024 if budget is None else min(budget, 64 * 1024))
                        if not data:
                            return
                        (server if source is client else client).sendall(data)
                        if budget is not None:
                            budget -= len(data)
                        if budget == 0:
                            with self._lock:
                                self.killed += 1
                                self._left -= 1
                            if abrupt:
                                # A reset instead of an orderly end.
                                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                            return
            except OSError:
                return
