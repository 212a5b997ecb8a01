"""PID 1 of the sandbox: answers the host, and owns all parts."""

from __future__ import annotations

import os

from podflare_guest import frames
from podflare_guest.files import Files
from podflare_guest.frames import Malformed, frame
from podflare_guest.kernel import PR_SET_DUMPABLE, prctl
from podflare_guest.lean import TYPE_CHECKING, dumps, signal
from podflare_guest.link import Link
from podflare_guest.loop import Loop
from podflare_guest.output import Output
from podflare_guest.ring import Ring
from podflare_guest.run import Invalid, Run, parse_environment, parse_milliseconds, parse_object, run_bytes
from podflare_guest.runner import Runner

if TYPE_CHECKING:
    from podflare_guest.settings import Settings

_VERSION = 1
_KILL_REASONS = ("killed", "expired", "timeout")


class Supervisor:
    def __init__(self, settings: Settings) -> None:
        # From here on no process of the sandbox may read our memory or descriptors.
        prctl(PR_SET_DUMPABLE, 0)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        self._boot = os.urandom(16).hex()
        self._ring = Ring()
        self._loop = Loop()
        self._output = Output(self._loop, self._ring, self._send_numbered)
        self._runner = Runner(self._loop, settings, self._ring, self._output)
        self._link = Link(self._loop, settings.socket, self._ring, self._hello, self._on_frame)
        self._runner.link = self._link
        self._files = Files(self._loop, settings.home, self._link.send, lambda: self._runner.clearing)
        self._link.on_drop = self._files.drop
        self._runner.files = self._files

    def run(self) -> None:
        self._runner.start_repl()
        self._link.dial()
        self._loop.run(self._link.flush)

    def _send_numbered(self, data: bytes) -> None:
        self._link.send_numbered(data)

    def _hello(self) -> bytes:
        runs: list[object] = [run.summary() for run in self._runner.runs]
        return dumps({"version": _VERSION, "boot": self._boot, "first": self._ring.first, "repl": self._runner.repl_number, "runs": runs})

    def _on_frame(self, kind: int, number: int, payload: bytes) -> None:
        if kind == frames.ACK:
            self._acknowledge(payload)
        elif kind in (frames.ENV, frames.RUN, frames.INTERRUPT, frames.KILL):
            try:
                self._request(kind, number, payload)
            except Invalid as error:
                self._refuse(number, "invalid", str(error))
        elif frames.FILE <= kind <= frames.FILE_CANCEL:
            self._files.on_frame(kind, number, payload)
        elif kind in (frames.HELLO, frames.PONG, frames.READY, frames.STARTED, frames.TAKEN, frames.REFUSED, frames.OUT, frames.END) or frames.FILE_OPENED <= kind <= frames.FILE_FAILED:
            raise Malformed(f"frame of type {kind} from the host")

    def _acknowledge(self, payload: bytes) -> None:
        if len(payload) != 8:
            raise Malformed("ACK is not a u64")
        number = int.from_bytes(payload, "big")
        self._ring.acknowledge(number)
        self._runner.runs.acknowledge(number)
        self._output.resume()

    def _request(self, kind: int, number: int, payload: bytes) -> None:
        if kind == frames.RUN:
            self._run(number, Run.parse(payload))
            return
        fields = parse_object(payload)
        restarted = self._runner.repl_restarted()
        if kind == frames.ENV:
            self._runner.set_environment(parse_environment(fields.get("env")))
            self._take(number, "unknown", restarted)
            return
        if kind == frames.KILL and fields.get("run") is None:
            reason = _kill_reason(fields)
            self._take(number, "unknown", restarted)
            self._runner.kill_all(reason)
            return
        raw = run_bytes(fields.get("run"))
        run = self._runner.runs.find(raw) if raw is not None else None
        if kind == frames.INTERRUPT:
            grace = parse_milliseconds(fields.get("grace_ms"), "grace_ms") or 0.0
            self._take(number, self._runner.runs.state(raw), restarted)
            if run is not None:
                self._runner.interrupt(run, grace)
        else:
            reason = _kill_reason(fields)
            self._take(number, self._runner.runs.state(raw), restarted)
            if run is not None:
                self._runner.kill(run, reason)

    def _run(self, number: int, run: Run) -> None:
        runs = self._runner.runs
        state = runs.state(run.raw)
        if state != "unknown":
            known = runs.find(run.raw)
            self._take(number, state, known.repl_restarted if known is not None else False)
        elif self._runner.closing:
            self._refuse(number, "closing", "the sandbox ends")
        elif not runs.has_room(run):
            self._refuse(number, "queue_full", "64 runs or 32 MiB of code are waiting")
        else:
            restarted = run.language == "python" and self._runner.repl_restarted()
            runs.enter(run)
            self._runner.start_next()
            self._take(number, run.state, restarted)
            if runs.current is run:
                self._runner.announce(run)

    def _take(self, number: int, state: str, restarted: bool) -> None:
        self._link.send(frame(frames.TAKEN, b'{"state":"%s","repl_restarted":%s}' % (state.encode(), b"true" if restarted else b"false"), number))

    def _refuse(self, number: int, code: str, detail: str) -> None:
        self._link.send(frame(frames.REFUSED, dumps({"code": code, "detail": detail}), number))


def _kill_reason(fields: dict[str, object]) -> str:
    reason = fields.get("reason")
    if not isinstance(reason, str) or reason not in _KILL_REASONS:
        raise Invalid("reason is not killed, expired or timeout")
    return reason
