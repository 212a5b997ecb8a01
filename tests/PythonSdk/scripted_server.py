"""An HTTP server whose answers a test writes: for what the real service never does, and to see what a client sends."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

RUN = "run_0123456789abcdef0123456789abcdef"
SANDBOX = "sbx_0123456789abcdef0123456789abcdef"


@dataclass
class Seen:
    """A request as it arrived."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Exchange(BaseHTTPRequestHandler):
    """One request, to be answered."""

    protocol_version = "HTTP/1.1"
    seen: Seen

    def json(self, body: Any, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.bytes(json.dumps(body).encode(), status, {"content-type": "application/json", **(headers or {})})

    def bytes(self, body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def problem(self, status: int, code: str, headers: dict[str, str] | None = None, **more: Any) -> None:
        self.json({"error": f"it is {code}", "code": code, "status": status, "trace_id": "ab" * 16, **more}, status, headers)

    def events(self, *lines: Any, cut: bool = False, headers: dict[str, str] | None = None) -> None:
        """Streams events, each a dictionary or raw text; cut: the connection ends as if it had been killed."""
        self.send_response(200)
        for name, value in {"content-type": "application/x-ndjson", "podflare-run-id": RUN, **(headers or {})}.items():
            if value:
                self.send_header(name, value)
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for line in lines:
            self.line(line)
        if cut:
            self.close_connection = True
        else:
            self.wfile.write(b"0\r\n\r\n")

    def line(self, line: Any) -> None:
        """Sends one event of a stream whose headers were sent."""
        data = line.encode() if isinstance(line, str) else json.dumps(line).encode() + b"\n"
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def drop(self) -> None:
        """No answer at all."""
        self.close_connection = True

    def _take(self) -> None:
        if self.headers.get("transfer-encoding") == "chunked":
            body = b"".join(iter(self._chunk, b""))
        else:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
        self.seen = Seen(self.command, self.path, {name.lower(): value for name, value in self.headers.items()}, body)
        server = self.server
        assert isinstance(server, ScriptedServer)
        server.take(self)

    def _chunk(self) -> bytes:
        data = self.rfile.read(int(self.rfile.readline(), 16))
        self.rfile.readline()
        return data

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _take

    def log_message(self, format: str, *arguments: Any) -> None:
        pass


Script = Callable[[Exchange], None]


class ScriptedServer(ThreadingHTTPServer):
    """Answers creates and deletes of sandboxes by itself; all else as the scripts say, one for each request, the last one for all further ones."""

    daemon_threads = True

    def __init__(self, *scripts: Script, created: dict[str, Any] | None = None, unanswered_creates: int = 0) -> None:
        super().__init__(("127.0.0.1", 0), Exchange)
        self._scripts = list(scripts)
        self._lock = threading.Lock()
        self._created = created or {}
        self._unanswered_creates = unanswered_creates
        self._stopped = threading.Event()
        self.creates: list[Seen] = []
        self.deletes: list[Seen] = []
        self.requests: list[Seen] = []
        """All but creates and deletes."""
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def take(self, exchange: Exchange) -> None:
        seen = exchange.seen
        if (seen.method, seen.target) == ("POST", "/v1/sandboxes"):
            self.creates.append(seen)
            if len(self.creates) <= self._unanswered_creates:
                self._stopped.wait(30)
                exchange.drop()
                return
            exchange.json({"id": SANDBOX, "state": "ready", "a_newer_field": {}, **self._created})
        elif (seen.method, seen.target) == ("DELETE", f"/v1/sandboxes/{SANDBOX}"):
            self.deletes.append(seen)
            exchange.bytes(b"", 204)
        else:
            with self._lock:
                self.requests.append(seen)
                script = self._scripts.pop(0) if len(self._scripts) > 1 else self._scripts[0]
            script(exchange)

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A client that leaves is what these tests are about; a mistake in a script must show.
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)

    def __exit__(self, *arguments: object) -> None:
        self._stopped.set()
        self.shutdown()
        super().__exit__(*arguments)


def out(seq: int, data: str = "x\n", **more: Any) -> dict[str, Any]:
    return {"type": "stdout", "data": data, "seq": seq, "ts": 1, **more}


def end(seq: int, code: int = 0, **more: Any) -> dict[str, Any]:
    return {"type": "exit", "data": code, "seq": seq, "ts": 1, **more}
