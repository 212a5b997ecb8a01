"""PID 1 of the sandbox: answers the host, and owns all parts."""

from __future__ import annotations

import os

from podflare_guest import frames
from podflare_guest.context import Context
from podflare_guest.contexts import DEFAULT, Contexts
from podflare_guest.files import Files
from podflare_guest.frames import MOST_VERSION, Malformed, frame
from podflare_guest.invalid import Invalid
from podflare_guest.kernel import PR_SET_DUMPABLE, prctl
from podflare_guest.link import Link
from podflare_guest.refused import Refused
from podflare_guest.run import ENDED, PYTHON, Run, parse_environment, parse_milliseconds, parse_object, run_bytes
from podflare_guest.sandbox import Sandbox
from podflare_guest.stdlib_core import TYPE_CHECKING, dumps, signal

if TYPE_CHECKING:
    from podflare_guest.process_runs import ProcessRuns
    from podflare_guest.relay import Relay
    from podflare_guest.settings import Settings
    from podflare_guest.watch_runs import WatchRuns

_VERSION = 1
_KILL_REASONS = ("killed", "expired", "timeout")
_REQUESTS = (frames.ENV, frames.RUN, frames.INTERRUPT, frames.KILL, frames.STDIN, frames.RESIZE, frames.SIGNAL, frames.CONTEXT, frames.TOOL_RESULT)
_GUEST_FRAMES = (frames.HELLO, frames.PONG, frames.READY, frames.STARTED, frames.TAKEN, frames.REFUSED, frames.OUT, frames.END, frames.EVENT, frames.LATE)


class Supervisor:
    def __init__(self, settings: Settings) -> None:
        # From here on no process of the sandbox may read our memory or descriptors.
        prctl(PR_SET_DUMPABLE, 0)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        self._boot = os.urandom(16).hex()
        self._sandbox = sandbox = Sandbox(settings)
        self._link = sandbox.link = Link(sandbox.loop, settings.socket, sandbox.ring, self._hello, self._on_frame)
        self._files = Files(sandbox, self._link.send)
        self._link.on_drop = self._connection_lost
        self._link.usage = sandbox.usage.report
        # Before the first interpreter starts, so that no program can have the port.
        self._relay: Relay | None = None
        if settings.otlp_port:
            from podflare_guest.relay import start_relay

            self._relay = start_relay(sandbox)
        self._process_runs: ProcessRuns | None = None
        self._watch_runs: WatchRuns | None = None
        self._contexts = Contexts(sandbox, self._context_ready)

    def run(self) -> None:
        self._link.dial()
        self._sandbox.loop.run(self._link.flush)

    def _connection_lost(self) -> None:
        self._files.drop()
        if self._watch_runs is not None:
            self._watch_runs.drop()

    def _context_ready(self, context: Context) -> None:
        if context.id == DEFAULT:
            self._sandbox.usage.begin_cpu()
            self._link.send(frame(frames.READY, dumps({"repl": context.interpreter_number})))
        elif self._link.version > 1:
            self._link.send(frame(frames.READY, dumps({"repl": context.interpreter_number, "context": context.id})))

    def _hello(self) -> bytes:
        runs: list[object] = [run.summary(self._sandbox.settings.home) for run in self._sandbox.runs]
        hello = {
            "version": _VERSION,
            "max_version": MOST_VERSION,
            "boot": self._boot,
            "first": self._sandbox.ring.first,
            "repl": self._contexts.default.interpreter_number,
            "runs": runs,
            "contexts": self._contexts.summaries(),
            "relay": self._relay is not None,
        }
        return dumps(hello)

    def _on_frame(self, kind: int, number: int, payload: bytes) -> None:
        if kind == frames.ACK:
            self._acknowledge(payload)
        elif kind in _REQUESTS:
            try:
                self._request(kind, number, payload)
            except Invalid as error:
                self._refuse(number, "invalid", str(error))
            except Refused as error:
                self._refuse(number, error.code, str(error), **error.fields)
        elif kind == frames.EXIT:
            # The sandbox has ended and everything is written. The kernel kills what is left: this is PID 1.
            os._exit(0)
        elif kind == frames.OTLP_TAKEN:
            if len(payload) != 8:
                raise Malformed("OTLP_TAKEN is not a u64")
            if self._relay is not None:
                self._relay.taken(int.from_bytes(payload, "big"))
        elif frames.FILE <= kind <= frames.FILE_CANCEL:
            self._files.on_frame(kind, number, payload)
        elif kind in _GUEST_FRAMES or frames.FILE_OPENED <= kind <= frames.FILE_FAILED:
            raise Malformed(f"frame of type {kind} from the host")

    def _acknowledge(self, payload: bytes) -> None:
        if len(payload) != 8:
            raise Malformed("ACK is not a u64")
        number = int.from_bytes(payload, "big")
        self._sandbox.acknowledge(number)

    def _request(self, kind: int, number: int, payload: bytes) -> None:
        if kind == frames.RUN:
            self._run(number, Run.parse(payload))
            return
        if kind == frames.STDIN:
            self._write_stdin(number, payload)
            return
        if kind == frames.TOOL_RESULT:
            self._answer_tool_call(number, payload)
            return
        fields = parse_object(payload)
        if kind == frames.CONTEXT:
            self._link.send(frame(frames.TAKEN, dumps({"state": "unknown", "repl_restarted": False, **self._contexts.request(fields)}), number))
            return
        restarted = self._contexts.default.next_run_finds_state_lost
        if kind == frames.ENV:
            self._sandbox.environment = parse_environment(fields.get("env"))
            self._contexts.set_environment()
            self._take(number, "unknown", restarted)
            return
        if kind == frames.KILL and fields.get("run") is None:
            reason = _kill_reason(fields)
            self._link.send(frame(frames.TAKEN, dumps({"state": "unknown", "repl_restarted": restarted, **self._sandbox.usage.totals()}), number))
            self._kill_all(reason)
            return
        raw = run_bytes(fields.get("run"))
        run = self._sandbox.runs.find(raw) if raw is not None else None
        if kind in (frames.RESIZE, frames.SIGNAL):
            (self._processes().resize if kind == frames.RESIZE else self._processes().send_signal)(run, fields)
            self._take(number, self._sandbox.runs.state(raw), restarted)
            return
        is_open = run is not None and run.state != "ended"
        state = self._sandbox.runs.state(raw)
        if kind == frames.INTERRUPT:
            grace = parse_milliseconds(fields.get("grace_ms"), "grace_ms") or 0.0
            self._take(number, state, restarted)
            if run is not None and is_open:
                run.owner.interrupt(run, grace)
        else:
            reason = _kill_reason(fields)
            self._take(number, state, restarted)
            if run is not None and is_open:
                run.owner.kill(run, reason)

    def _run(self, number: int, run: Run) -> None:
        runs = self._sandbox.runs
        state = runs.state(run.raw)
        if state != "unknown":
            known = runs.find(run.raw)
            self._take(number, state, known.repl_restarted if known is not None else False)
        elif self._sandbox.closing:
            self._refuse(number, "closing", "the sandbox is ending")
        elif run.process is not None:
            self._start_process(number, run)
        elif run.watch is not None:
            self._start_watch(number, run)
        elif not runs.has_room(run):
            self._refuse(number, "queue_full", "64 runs or 32 MiB of code are waiting")
        else:
            self._enter_context(number, run)

    def _enter_context(self, number: int, run: Run) -> None:
        context = self._contexts.for_run(run, lambda: self._sandbox.kill_all_processes(lambda: self._end_all_runs("killed")))
        restarted = run.language == PYTHON and context.next_run_finds_state_lost
        if run.wants_stdin:
            self._sandbox.open_stdin(run)
        if run.tools is not None:
            self._sandbox.open_tools(run)
        self._sandbox.runs.enter(run)
        context.enter(run)
        self._take(number, run.state, restarted, run.execution if self._link.version > 1 else 0)
        if context.current is run:
            self._sandbox.announce(run)

    def _start_process(self, number: int, run: Run) -> None:
        if not self._sandbox.may_start or not self._processes().has_room:
            self._refuse(number, "queue_full", "64 processes are running, or all are being killed")
            return
        self._sandbox.runs.enter(run)
        self._processes().enter(run)
        self._take(number, run.state, False)
        self._sandbox.announce(run)

    def _start_watch(self, number: int, run: Run) -> None:
        """It is answered when the watch is in place."""
        if self._watch_runs is None:
            from podflare_guest.watch_runs import WatchRuns

            self._watch_runs = WatchRuns(self._sandbox)

        def taken() -> None:
            self._take(number, run.state, False)
            self._sandbox.announce(run)

        self._watch_runs.start(run, taken, lambda code, detail: self._refuse(number, code, detail))

    def _processes(self) -> ProcessRuns:
        """Loaded with the first process: most sandboxes never see one."""
        if self._process_runs is None:
            from podflare_guest.process_runs import ProcessRuns

            self._process_runs = ProcessRuns(self._sandbox)
        return self._process_runs

    def _write_stdin(self, number: int, payload: bytes) -> None:
        """16 bytes of the run, u8 flags (1: end of input), u64 offset, data."""
        if len(payload) < 25:
            raise Malformed("STDIN shorter than its header")
        run = self._sandbox.runs.find(payload[:16])
        if run is None or run.state == ENDED:
            raise Refused("ended", "the run has ended, or is not known")
        if run.stdin is None:
            raise Refused("stdin_closed", "the run has no standard input", offset=0)
        offset = run.stdin.accept(payload[25:], int.from_bytes(payload[17:25], "big"), bool(payload[16] & 1))
        self._link.send(frame(frames.TAKEN, dumps({"state": run.state, "repl_restarted": False, "offset": offset}), number))

    def _answer_tool_call(self, number: int, payload: bytes) -> None:
        from podflare_guest.tool_calls import CLOSED, HEAD_BYTES, NOT_FOUND, parse_answer

        if len(payload) < HEAD_BYTES:
            raise Malformed("TOOL_RESULT shorter than its header")
        raw, failed, call, data = parse_answer(payload)
        run = self._sandbox.runs.find(raw)
        if run is None or run.state == ENDED:
            raise Refused(CLOSED, "the run has ended, or is not known")
        if run.tool_calls is None:
            raise Refused(NOT_FOUND, "the run has no tools")
        run.tool_calls.answer(call, failed, data)
        self._take(number, run.state, False)

    def _kill_all(self, reason: str) -> None:
        self._sandbox.closing = True
        self._sandbox.kill_all_processes(lambda: self._end_all_runs(reason))

    def _end_all_runs(self, reason: str) -> None:
        self._contexts.close(reason)
        if self._process_runs is not None:
            self._process_runs.close(reason)
        if self._watch_runs is not None:
            self._watch_runs.close(reason)

    def _take(self, number: int, state: str, restarted: bool, execution: int = 0) -> None:
        # Every run waits for this, so it is not made by way of a dict.
        more = b',"execution":%d' % execution if execution else b""
        self._link.send(frame(frames.TAKEN, b'{"state":"%s","repl_restarted":%s%s}' % (state.encode(), b"true" if restarted else b"false", more), number))

    def _refuse(self, number: int, code: str, detail: str, **more: object) -> None:
        self._link.send(frame(frames.REFUSED, dumps({"code": code, "detail": detail, **more}), number))


def _kill_reason(fields: dict[str, object]) -> str:
    reason = fields.get("reason")
    if not isinstance(reason, str) or reason not in _KILL_REASONS:
        raise Invalid("reason is not killed, expired or timeout")
    return reason
