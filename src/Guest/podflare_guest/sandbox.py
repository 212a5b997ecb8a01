"""What all parts of the guest share."""

from __future__ import annotations

from podflare_guest import frames
from podflare_guest.child import SandboxUser
from podflare_guest.frames import frame, now_ms
from podflare_guest.kernel import WriteRestriction
from podflare_guest.late_output import LateOutput
from podflare_guest.lineage import LineageKill, Lineages
from podflare_guest.loop import Loop
from podflare_guest.memory import MemoryEvents
from podflare_guest.processes import kill_everything, reap
from podflare_guest.results import output_of
from podflare_guest.ring import Ring
from podflare_guest.run_intervals import RunIntervals
from podflare_guest.run_table import RunTable
from podflare_guest.stdlib_core import TYPE_CHECKING, dumps
from podflare_guest.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Callable

    from podflare_guest.link import Link
    from podflare_guest.packet_pipes import PacketPipes
    from podflare_guest.pipe import Pipe
    from podflare_guest.run import Run
    from podflare_guest.settings import Settings
    from podflare_guest.stdin import StdinBudget
    from podflare_guest.terminal import Terminal
    from podflare_guest.watch import Watch

_KILL_STEP_SECONDS = 0.001


class Sandbox:
    def __init__(self, settings: Settings) -> None:
        self.link: Link  # set by the supervisor, which receives the link's frames
        self.settings = settings
        self.loop = Loop()
        self.ring = Ring()
        self.runs = RunTable()
        self.intervals = RunIntervals()
        self.lineages = Lineages()
        self.usage = Usage(self.loop, MemoryEvents(settings.memory_events), settings.cgroup, settings.home)
        self.environment: dict[bytes, bytes] = {}  # variables of the sandbox, below those of a run
        self.late = LateOutput(self)
        self.user = SandboxUser(settings.user, WriteRestriction((settings.home, "/tmp", "/dev")))
        self.closing = False  # the sandbox ends: nothing is started any more
        self.killing_everything = False
        self.blocked_pipes: list[Pipe | PacketPipes | Terminal | Watch] = []  # those that are not read until frames have been acknowledged
        self.stdin_budget: StdinBudget | None = None
        self.on_everything_killed: list[Callable[[], None]] = []
        self._children: dict[int, Callable[[int], None]] = {}
        self.loop.on_child(self._reap)

    @property
    def may_start(self) -> bool:
        """Whether a process may be started: not while everything is being killed, which would kill it too."""
        return not self.closing and not self.killing_everything

    def watch_child(self, pid: int, on_exit: Callable[[int], None]) -> None:
        """Calls `on_exit` with the wait status when the process has been reaped."""
        self._children[pid] = on_exit

    def send_numbered(self, kind: int, payload: bytes, at_ms: int) -> None:
        """Sends a frame that is kept until the host has acknowledged it."""
        self.link.send_numbered(self.ring.append(kind, payload, at_ms))

    def acknowledge(self, number: int) -> None:
        """The host has kept all numbered frames up to this one."""
        self.runs.acknowledge(self.ring.acknowledge(number))
        self.late.acknowledge(number)
        if self.blocked_pipes:
            blocked, self.blocked_pipes = self.blocked_pipes, []
            for pipe in blocked:
                pipe.resume()

    def announce(self, run: Run) -> None:
        """Notifies the host that the run has started."""
        self.link.send(frame(frames.STARTED, run.raw, at_ms=run.started_ms))

    def end_run(self, run: Run, code: int, reason: str | None = None, error: dict[str, str] | None = None, usage: bytes = b"", **more: object) -> None:
        """Sends the last frame of the run, and takes it out of the open runs. `usage`: JSON; empty for a run that was not measured."""
        execution = run.execution if run.started_ms is not None and self.link.version > 1 else 0
        if reason is None and error is None and run.started_ms is not None and not more:
            # The end of most runs, which is on the way of every one of them.
            counted = b',"execution":%d' % execution if execution else b""
            end = b'{"code":%d,"started":%d,"repl_restarted":%s%s}' % (code, run.started_ms, b"true" if run.repl_restarted else b"false", counted)
        else:
            fields: dict[str, object] = {"code": code}
            if reason is not None:
                fields["reason"] = reason
            if error is not None:
                fields["error"] = error
            fields.update(started=run.started_ms, repl_restarted=run.repl_restarted, **more)
            if execution:
                fields["execution"] = execution
            end = dumps(fields)
        if usage:
            end = b'%s,"usage":%s}' % (end[:-1], usage)
        if run.stdin is not None:
            run.stdin.close()
        if run.tool_calls is not None:
            run.tool_calls.close()
        self.runs.end(run, self.ring.next)
        self.send_numbered(frames.END, run.raw + end, now_ms())

    def send_result(self, run: Run, body: bytes, at_ms: int) -> None:
        if self.link.version > 1:
            self.send_numbered(frames.EVENT, run.raw + bytes((frames.RESULT,)) + body, at_ms)
        else:
            self.send_numbered(frames.OUT, run.raw + b"\1" + output_of(body), at_ms)

    def send_event(self, run: Run, kind: int, body: bytes) -> None:
        """Something that a host of version 1 does not know."""
        if self.link.version > 1:
            self.send_numbered(frames.EVENT, run.raw + bytes((kind,)) + body, now_ms())

    def send_input_request(self, run: Run, body: bytes, at_ms: int) -> None:
        """`body`: u8 flags, and the prompt."""
        if self.link.version > 1:
            self.send_numbered(frames.EVENT, run.raw + bytes((frames.INPUT_REQUEST,)) + body, at_ms)
        elif len(body) > 1:
            self.send_numbered(frames.OUT, run.raw + b"\1" + body[1:], at_ms)

    def open_stdin(self, run: Run, end_mark: bytes = b"") -> None:
        """From here on the run accepts input, whether it has started or not."""
        from podflare_guest.stdin import Stdin, StdinBudget

        self.stdin_budget = self.stdin_budget or StdinBudget()
        run.stdin = Stdin(self.loop, self.stdin_budget, end_mark)

    def open_tools(self, run: Run) -> None:
        """From here on answers to its calls are accepted."""
        if run.tools is not None:
            from podflare_guest.tool_calls import ToolCalls

            run.tool_calls = ToolCalls(self, run, run.tools)

    def kill_lineage(self, kill: LineageKill) -> None:
        """Kills the processes of a group that belong to no run any more."""
        done = kill.step()
        if done is None:
            self.kill_all_processes()
        elif not done:
            self.loop.timers.set(kill, _KILL_STEP_SECONDS, lambda: self.kill_lineage(kill))

    def kill_all_processes(self, first: Callable[[], None] = lambda: None) -> None:
        """Kills everything except the supervisor; `on_everything_killed` is called when nothing is left. `first` is called when nothing can be started any more."""
        if self.killing_everything:
            first()
        else:
            self.killing_everything = True
            first()
            self._kill_step()

    def _kill_step(self) -> None:
        kill_everything()
        if reap(self._reaped) is not False:
            self.loop.timers.set("kill everything", _KILL_STEP_SECONDS, self._kill_step)
            return
        self.killing_everything = False
        for listener in list(self.on_everything_killed):
            listener()

    def _reap(self) -> None:
        if reap(self._reaped) is None:
            self.loop.timers.set("reap", 0, self._reap)

    def _reaped(self, pid: int, status: int) -> None:
        on_exit = self._children.pop(pid, None)
        if on_exit is not None:
            on_exit(status)
