"""The runs part of the API with one run, which ends when it is interrupted."""

from __future__ import annotations

import threading

from scripted_server import RUN, Exchange, ScriptedServer, end, out
from service import wait_until

# Far more than any test waits for; a forgotten connection must not keep a test run alive.
_LIMIT_SECONDS = 30


class RunServer(ScriptedServer):
    """Sends one event of a run, and its exit once it was interrupted.

    unanswered_starts: so many starts are accepted but never answered. answers_interrupts: whether an interrupt gets an answer.
    has_contexts: whether the server knows the routes of contexts.
    """

    def __init__(self, *, unanswered_starts: int = 0, answers_interrupts: bool = True, has_contexts: bool = True) -> None:
        self.is_interrupted = threading.Event()
        self._has_contexts = has_contexts
        self._unanswered = unanswered_starts
        self._answers_interrupts = answers_interrupts
        super().__init__(self._answer)

    def targets(self, end: str) -> list[str]:
        return [seen.target for seen in list(self.requests) if seen.target.partition("?")[0].endswith(end)]

    def wait_for_start(self, count: int = 1) -> None:
        wait_until(lambda: len(self.targets("/exec")) >= count, 20, "the run is started")

    def _answer(self, x: Exchange) -> None:
        path = x.seen.target.partition("?")[0]
        if path.endswith(f"/runs/{RUN}/interrupt"):
            self.is_interrupted.set()
            if self._answers_interrupts:
                x.bytes(b"", 202)
            else:
                self._stopped.wait(_LIMIT_SECONDS)
        elif path.endswith("/contexts/python/interrupt"):
            if not self._has_contexts:
                x.problem(404, "not_found")
                return
            found = [] if self.is_interrupted.is_set() else [RUN]
            self.is_interrupted.set()
            x.json({"runs": found}, 202)
        elif path.endswith("/exec") and self._unanswered > 0:
            self._unanswered -= 1
            self._stopped.wait(_LIMIT_SECONDS)
            x.close_connection = True
        else:
            x.send_response(200)
            x.send_header("podflare-run-id", RUN)
            x.send_header("transfer-encoding", "chunked")
            x.end_headers()
            x.line(out(1, "on\n"))
            self.is_interrupted.wait(_LIMIT_SECONDS)
            x.line(end(2, 130, reason="interrupted"))
            x.wfile.write(b"0\r\n\r\n")

    def __exit__(self, *arguments: object) -> None:
        self.is_interrupted.set()
        super().__exit__(*arguments)
