"""Reading of runs, replays and files, over as many connections as it takes."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Union

from ._attempts import delay_or_raise, may_have_arrived, problem_of
from ._errors import PodflareError, StreamEndedError
from ._event_lines import Cursor, LineSplitter, parse_event
from ._events import Event, ExitEvent, UnknownEvent
from ._requests import Request
from ._retry import Budget, RetryPolicy
from ._steps import Accepted, Answer, Close, Emit, Open, Pause, Read, Reply, Restart, Stream


class RunState:
    """What is known of a run while its events are read."""

    def __init__(self, run_id: str | None = None, start: Request | None = None, timeout_seconds: float | None = None) -> None:
        self.run_id = run_id
        self.timeout_seconds = timeout_seconds
        """The time limit that was asked for."""
        self.start = start
        """The request that starts it; None for a run that was started elsewhere."""
        self.may_have_started = False
        """The start was sent, and no answer ruled out that it arrived."""
        self.is_abandoned = False
        """Nobody reads its events here any more."""
        self.trace_id: str | None = None
        self.repl_restarted = False
        self.was_replayed = False
        self.warnings: tuple[str, ...] = ()
        self.is_accepted = run_id is not None
        self.connections = 0
        """How often the server has begun to send the run's events."""
        self.exit: ExitEvent | None = None

    def accept(self, headers: Mapping[str, str]) -> None:
        self.run_id = self.run_id or headers.get("podflare-run-id") or None
        self.trace_id = headers.get("podflare-trace-id") or self.trace_id
        self.repl_restarted = self.repl_restarted or headers.get("podflare-repl-restarted") == "1"
        self.was_replayed = self.was_replayed or headers.get("idempotent-replayed") == "true"
        if note := headers.get("podflare-warning"):
            # The server joins them; a reconnection repeats them.
            self.warnings = tuple(note.split("; "))
        self.is_accepted = True
        self.connections += 1

    def refuse(self, problem: PodflareError) -> None:
        """Notes what a failed start says about whether the run exists."""
        self.may_have_started = self.may_have_started or may_have_arrived(problem)


def read_run(
    start: Request, resume: Callable[[str, int], Request], state: RunState, after: int, policy: RetryPolicy, *, in_background: bool = False
) -> Stream[Event | Accepted]:
    """Emits a run's events, each once and in order, up to the exit, over as many connections as it takes.

    Until the run is accepted ``start`` is repeated, which its idempotency key makes safe; from then on only reading is repeated.
    in_background: no connection is kept until the first event is asked for.
    """
    cursor = Cursor(after, state.run_id)
    budget = Budget(policy.resumes if state.is_accepted else policy.retries, policy)
    request, is_announced = start, False
    while True:
        problem: PodflareError
        # Should the caller leave while the answer is awaited, the run may exist.
        before, state.may_have_started = state.may_have_started, True
        reply = yield Open(request)
        if isinstance(reply, Answer) and reply.is_success:
            if not state.is_accepted:
                budget = Budget(policy.resumes, policy)
            state.accept(reply.headers)
            cursor.run_id = state.run_id
            if not is_announced:
                is_announced = True
                if in_background and state.run_id is not None:
                    yield Close()
                    yield Emit((Accepted(),))
                    request = resume(state.run_id, cursor.after)
                    continue
                yield Emit((Accepted(),))
            broken = yield from _read_until_exit(cursor, state, budget)
            if broken is None:
                return
            problem = broken
            if state.run_id is None:
                # Without an id, repeating the start could start another run.
                raise _placed(problem, state, cursor)
            request = resume(state.run_id, cursor.after)
        else:
            problem = problem_of(reply, "read the run" if state.is_accepted else "start the run")
            state.may_have_started = before
            state.refuse(problem)
        yield Pause(delay_or_raise(_placed(problem, state, cursor), budget))


def stop_run(state: RunState, interrupt: Callable[[str], Request]) -> Stream[Event]:
    """Interrupts a run, once and without retries. One whose start was not answered is first looked up by its idempotency key."""
    if state.run_id is None:
        if state.start is None or not state.may_have_started:
            return
        reply = yield Open(state.start)
        if not isinstance(reply, Answer) or not reply.is_success:
            raise problem_of(reply, "interrupt the run")
        state.accept(reply.headers)
        yield Close()
        if state.run_id is None:
            return
    reply = yield Open(interrupt(state.run_id))
    if not isinstance(reply, Answer) or not reply.is_success:
        raise problem_of(reply, "interrupt the run")
    yield Close()


def _read_until_exit(
    cursor: Cursor, state: RunState, budget: Budget
) -> Generator[Union[Open, Read, Close, Pause, Emit[Union[Event, Accepted]]], Reply, PodflareError | None]:
    """Returns None after the exit, else what went wrong."""
    splitter = LineSplitter()
    while True:
        piece = yield Read()
        if piece is None:
            yield Close()
            return StreamEndedError("the run's events ended without its exit")
        if not isinstance(piece, bytes):
            yield Close()
            return problem_of(piece, "read the run")
        before = cursor.after
        events, wrong = cursor.take(splitter.feed(piece))
        if cursor.after > before:
            budget.reset()
        if cursor.has_exit:
            last = events[-1]
            state.exit = last if isinstance(last, ExitEvent) else None
        if events:
            yield Emit(events)
        if cursor.has_exit:
            # A connection whose answer was read to its end can be used again.
            yield Read()
            yield Close()
            return None
        if wrong is not None:
            yield Close()
            return wrong


def _placed(problem: PodflareError, state: RunState, cursor: Cursor) -> PodflareError:
    problem.run_id, problem.last_seq = state.run_id, cursor.after
    return problem


def read_background(read: Callable[[int], Request], after: int, follow: bool, policy: RetryPolicy) -> Stream[Event]:
    """Emits the background output of a sandbox: what there is, or with ``follow`` until the sandbox ends."""
    cursor = Cursor(after)
    budget = Budget(policy.resumes, policy)
    while True:
        problem: PodflareError
        reply = yield Open(read(cursor.after))
        if isinstance(reply, Answer) and reply.is_success:
            cursor.run_id = reply.headers.get("podflare-run-id")
            splitter = LineSplitter()
            wrong: PodflareError | None = None
            while wrong is None and not cursor.has_exit and isinstance(piece := (yield Read()), bytes):
                events, wrong = cursor.take(splitter.feed(piece))
                if events:
                    budget.reset()
                    yield Emit(events)
            yield Close()
            if cursor.has_exit or (wrong is None and piece is None and not follow):
                return
            problem = wrong or (StreamEndedError("the background output ended without its exit") if piece is None else problem_of(piece, "read the background output"))
        else:
            problem = problem_of(reply, "read the background output")
            if after == 0 and cursor.after == 0 and problem.oldest_seq:
                # A caller that asks for all events gets those that are still stored.
                cursor.after = problem.oldest_seq - 1
                continue
        problem.last_seq = cursor.after
        yield Pause(delay_or_raise(problem, budget))


def read_replay(request: Request, policy: RetryPolicy) -> Stream[Event]:
    """Emits the last events of a sandbox over all its runs. Events that were emitted before a reconnection are skipped."""
    budget = Budget(policy.resumes, policy)
    seen: dict[str | None, int] = {}
    while True:
        problem: PodflareError
        reply = yield Open(request)
        if isinstance(reply, Answer) and reply.is_success:
            splitter = LineSplitter()
            while isinstance(piece := (yield Read()), bytes):
                events = _new_of(splitter.feed(piece), seen)
                if events:
                    budget.reset()
                    yield Emit(events)
            yield Close()
            if piece is None:
                return
            problem = problem_of(piece, "read the replay")
        else:
            problem = problem_of(reply, "read the replay")
        yield Pause(delay_or_raise(problem, budget))


def _new_of(lines: Sequence[bytes], seen: dict[str | None, int]) -> list[Event]:
    """The events of a replay that were not emitted yet."""
    events: list[Event] = []
    for line in lines:
        event = parse_event(line, None)
        if event is not None and not isinstance(event, UnknownEvent) and event.seq > seen.get(event.run_id, 0):
            seen[event.run_id] = event.seq
            events.append(event)
    return events


def download(request: Request, policy: RetryPolicy, *, restartable: bool) -> Stream[bytes | Restart]:
    """Emits a file in pieces. A broken download starts over, after a Restart, if the caller can discard what it has received."""
    budget = Budget(policy.retries, policy)
    while True:
        reply = yield Open(request)
        if isinstance(reply, Answer) and reply.is_success:
            taken = False
            while isinstance(piece := (yield Read()), bytes):
                if piece:
                    taken = True
                    yield Emit((piece,))
            yield Close()
            if piece is None:
                return
            problem = problem_of(piece, "download the file")
            if taken and not restartable:
                raise problem
            delay = delay_or_raise(problem, budget)
            if taken:
                yield Emit((Restart(),))
            yield Pause(delay)
        else:
            yield Pause(delay_or_raise(problem_of(reply, "download the file"), budget))
