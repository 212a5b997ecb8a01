"""What a client does, without doing any input or output.

Each operation is a generator: it yields what is to be done next, a step, and is sent what came of it. So requests, repeats, resuming and
the meaning of answers are written once; the clients only carry steps out, one in blocking and one in asynchronous code.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, Union

from ._errors import ApiError, ConnectionFailedError, PodflareError, ProtocolError, StreamEndedError, error_of, is_worth_repeating
from ._events import Cursor, Event, ExitEvent, LineSplitter, UnknownEvent, parse_event
from ._models import RunResult
from ._requests import Request
from ._retry import Budget, RetryPolicy

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Send:
    """Send a request and read all of its answer. The reply is an Answer or Broken."""

    request: Request


@dataclass(frozen=True, slots=True)
class Open:
    """Send a request and read its answer up to the body; all of it, where it is no success. The reply is an Answer or Broken."""

    request: Request


@dataclass(frozen=True, slots=True)
class Read:
    """Read the next piece of the open answer. The reply is bytes, None at its end, or Broken."""


@dataclass(frozen=True, slots=True)
class Close:
    """Close the open answer. No reply."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait. No reply."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Emit(Generic[T]):
    """Hand something to the caller. No reply."""

    items: Sequence[T]


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    """By lower-case name."""
    body: bytes = b""

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class Broken:
    """There was no answer, or not all of it."""

    cause: Exception


class Accepted:
    """Emitted once, when the server has accepted a run or knows it: its id is known from then on."""


class Restart:
    """Emitted where a download begins anew: what was emitted before is void."""


Reply = Union[Answer, Broken, bytes, None]
Call = Generator[Union[Send, Pause], Reply, T]
"""An operation with one answer."""
Stream = Generator[Union[Open, Read, Close, Pause, Emit[T]], Reply, None]
"""An operation that emits as it goes."""


def call(request: Request, policy: RetryPolicy) -> Call[Answer]:
    """Sends a request until it is answered, as often as the policy allows. Raises the error that the answer stands for."""
    budget = Budget(policy.retries if request.is_repeatable else 0, policy)
    while True:
        reply = yield Send(request)
        if isinstance(reply, Answer) and reply.is_success:
            return reply
        yield Pause(_delay_or_raise(_problem_of(reply, "reach the server"), budget))


def call_json(request: Request, parse: Callable[[Mapping[str, Any]], T], policy: RetryPolicy) -> Call[T]:
    """As ``call``, and reads the answer."""
    answer = yield from call(request, policy)
    try:
        body = json.loads(answer.body)
        if not isinstance(body, dict):
            raise ValueError("not an object")
        return parse(body)
    except (ValueError, KeyError, TypeError) as e:
        raise ProtocolError(f"the server's answer to {request.method} {request.target} cannot be read: {e!r}", status=answer.status) from e


class RunState:
    """What is known of a run while it is read."""

    def __init__(self, run_id: str | None = None) -> None:
        self.run_id = run_id
        self.trace_id: str | None = None
        self.repl_restarted = False
        self.is_accepted = run_id is not None
        self.exit: ExitEvent | None = None

    def accept(self, headers: Mapping[str, str]) -> None:
        self.run_id = self.run_id or headers.get("podflare-run-id")
        self.trace_id = headers.get("podflare-trace-id") or self.trace_id
        self.repl_restarted = self.repl_restarted or headers.get("podflare-repl-restarted") == "1"
        self.is_accepted = True


def read_run(start: Request, resume: Callable[[str, int], Request], state: RunState, after: int, policy: RetryPolicy) -> Stream[Event | Accepted]:
    """Emits a run's events, each once and in order, up to the exit, over as many connections as it takes.

    Until the run is accepted ``start`` is repeated, which its idempotency key makes safe; from then on only reading is.
    """
    cursor = Cursor(after, state.run_id)
    budget = Budget(policy.resumes if state.is_accepted else policy.retries, policy)
    request, told = start, False
    while True:
        problem: PodflareError
        reply = yield Open(request)
        if isinstance(reply, Answer) and reply.is_success:
            if not state.is_accepted:
                budget = Budget(policy.resumes, policy)
            state.accept(reply.headers)
            cursor.run_id = state.run_id
            if not told:
                told = True
                yield Emit((Accepted(),))
            broken = yield from _read_until_exit(cursor, state, budget)
            if broken is None:
                return
            problem = broken
            if state.run_id is None:
                # Its start cannot be told from the start of another run, so repeating it is not safe.
                raise _placed(problem, state, cursor)
            request = resume(state.run_id, cursor.after)
        else:
            problem = _problem_of(reply, "read the run" if state.is_accepted else "start the run")
        yield Pause(_delay_or_raise(_placed(problem, state, cursor), budget))


def _read_until_exit(
    cursor: Cursor, state: RunState, budget: Budget
) -> Generator[Union[Open, Read, Close, Pause, Emit[Union[Event, Accepted]]], Reply, PodflareError | None]:
    """Returns None behind the exit, else what went wrong."""
    splitter = LineSplitter()
    while True:
        piece = yield Read()
        if piece is None:
            yield Close()
            return StreamEndedError("the run's events ended without its exit")
        if not isinstance(piece, bytes):
            yield Close()
            return _problem_of(piece, "read the run")
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


def read_replay(request: Request, policy: RetryPolicy) -> Stream[Event]:
    """Emits the last events of a sandbox over all its runs. What has been emitted is skipped where reading had to begin anew."""
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
            problem = _problem_of(piece, "read the replay")
        else:
            problem = _problem_of(reply, "read the replay")
        yield Pause(_delay_or_raise(problem, budget))


def _new_of(lines: Sequence[bytes], seen: dict[str | None, int]) -> list[Event]:
    """The events of a replay that come behind those seen of their runs."""
    events: list[Event] = []
    for line in lines:
        event = parse_event(line, None)
        if event is not None and not isinstance(event, UnknownEvent) and event.seq > seen.get(event.run_id, 0):
            seen[event.run_id] = event.seq
            events.append(event)
    return events


def download(request: Request, policy: RetryPolicy, *, restartable: bool) -> Stream[bytes | Restart]:
    """Emits a file in pieces. One that breaks begins anew, after a Restart, if the caller can undo what it has taken."""
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
            problem = _problem_of(piece, "download the file")
            if taken and not restartable:
                raise problem
            delay = _delay_or_raise(problem, budget)
            if taken:
                yield Emit((Restart(),))
            yield Pause(delay)
        else:
            yield Pause(_delay_or_raise(_problem_of(reply, "download the file"), budget))


def result_of(events: Sequence[Event], state: RunState) -> RunResult:
    """All of a run, from its events."""
    end = events[-1] if events else None
    if not isinstance(end, ExitEvent):
        raise StreamEndedError("the run's events ended without its exit")
    return RunResult(
        stdout="".join(event.data for event in events if event.type == "stdout"),
        stderr="".join(event.data for event in events if event.type == "stderr"),
        exit_code=end.code,
        reason=end.reason,
        error=end.error,
        run_id=state.run_id,
        trace_id=state.trace_id,
        repl_restarted=state.repl_restarted,
    )


def _problem_of(reply: Reply, doing: str) -> PodflareError:
    if isinstance(reply, Broken):
        error = ConnectionFailedError(f"could not {doing}: {reply.cause or type(reply.cause).__name__}")
        error.__cause__ = reply.cause
        return error
    if isinstance(reply, Answer):
        return error_of(reply.status, reply.headers, reply.body, time.time())
    raise TypeError(f"no answer: {reply!r}")


def _placed(problem: PodflareError, state: RunState, cursor: Cursor) -> PodflareError:
    problem.run_id, problem.last_seq = state.run_id, cursor.after
    return problem


def _delay_or_raise(problem: PodflareError, budget: Budget) -> float:
    if isinstance(problem, ApiError) and not is_worth_repeating(problem):
        raise problem
    delay = budget.spend(problem.retry_after)
    if delay is None:
        raise problem
    return delay
