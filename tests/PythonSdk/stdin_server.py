"""The part of the runs API that reads standard input: counts bytes by offset as a sandbox does, and may lose answers or be full."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable

from scripted_server import RUN, Exchange, ScriptedServer, end, out

_LIMIT_SECONDS = 30


class StdinServer(ScriptedServer):
    """One run, which prints what it has read when its input ends.

    prompts: it requests so many lines first, and ends after them. lost: so many writes are carried out but not answered.
    full: so many writes are refused because the run does not read. refusal: what every write gets instead.
    """

    def __init__(self, *, prompts: int = 0, lost: int = 0, full: int = 0, refusal: Callable[[Exchange], None] | None = None) -> None:
        self.reset(prompts=prompts, lost=lost, full=full)
        self._refusal = refusal
        super().__init__(self._answer)

    def reset(self, *, prompts: int = 0, lost: int = 0, full: int = 0) -> None:
        self.read = b""
        self.sizes: list[int] = []
        self._prompts, self._lost, self._full = prompts, lost, full
        self._changed = threading.Condition()
        self._is_closed = False
        self.is_interrupted = False

    def _answer(self, x: Exchange) -> None:
        path = x.seen.target.partition("?")[0]
        if path.endswith("/stdin"):
            self._take_input(x)
        elif path.endswith("/interrupt"):
            with self._changed:
                self.is_interrupted = True
                self._changed.notify_all()
            x.bytes(b"", 202)
        elif path.endswith(f"/runs/{RUN}"):
            x.json({"id": RUN, "state": "running", "stdin_offset": len(self.read)})
        else:
            self._stream(x)

    def _take_input(self, x: Exchange) -> None:
        body = x.seen.json
        data, offset = base64.b64decode(body["data_b64"]), body["offset"]
        with self._changed:
            if self._refusal is not None:
                self._refusal(x)
                return
            if self._full:
                self._full -= 1
                x.problem(429, "stdin_full", {"retry-after": "1"}, offset=len(self.read))
                return
            if offset > len(self.read):
                x.problem(409, "stdin_offset", offset=len(self.read))
                return
            self.sizes.append(len(data))
            self.read += data[len(self.read) - offset :]
            self._is_closed = self._is_closed or body.get("eof") is True
            self._changed.notify_all()
            if self._lost:
                self._lost -= 1
                x.drop()
                return
            x.json({"offset": len(self.read)}, 202)

    def _stream(self, x: Exchange) -> None:
        x.send_response(200)
        x.send_header("podflare-run-id", RUN)
        x.send_header("transfer-encoding", "chunked")
        x.end_headers()
        seq, lines = 1, 0
        for lines in range(1, self._prompts + 1):
            x.line({"type": "input_request", "data": f"{lines}? ", "seq": seq, "ts": 1, "password": lines == 2})
            seq += 1
            self._wait(lambda: self.read.count(b"\n") >= lines or self._is_closed)
        if not self._prompts:
            self._wait(lambda: self._is_closed)
        x.line(out(seq, self.read.decode()[-100:]))
        x.line(end(seq + 1, 130, reason="interrupted") if self.is_interrupted else end(seq + 1))
        x.wfile.write(b"0\r\n\r\n")

    def _wait(self, condition: Callable[[], bool]) -> None:
        with self._changed:
            self._changed.wait_for(lambda: condition() or self.is_interrupted, _LIMIT_SECONDS)
