"""A run of bash code, in a bash of its own."""

from __future__ import annotations

import os

from podflare_guest.child import allow_interrupts, become_user, fork_without_interrupts, reset_signals
from podflare_guest.execution import Execution
from podflare_guest.lineage import LineageKill
from podflare_guest.outcome import Outcome
from podflare_guest.processes import exit_code
from podflare_guest.run_pipes import RunPipes, new_marker
from podflare_guest.stdlib_core import TYPE_CHECKING, signal

if TYPE_CHECKING:
    from collections.abc import Callable

    from podflare_guest.run import Run
    from podflare_guest.sandbox import Sandbox

# What the kernel takes as one argument.
_LONGEST_ARGUMENT = 131_071
# Longer code is read whole from descriptor 3, which is closed before the code runs. `$0`, BASH_SOURCE, LINENO, traps and exit codes are as with -c.
_READ_CODE = b'IFS= read -r -d "" -u 3 BASH_EXECUTION_STRING; exec 3<&-; eval "$BASH_EXECUTION_STRING"'
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class BashExecution(Execution):
    def __init__(self, sandbox: Sandbox, run: Run, folder: str, variables: dict[bytes, bytes], on_finished: Callable[[], None]) -> None:
        """`folder`, `variables`: those of its context."""
        self.group = sandbox.lineages.new()
        # One pipe for both streams keeps their order by itself.
        self.pipes = RunPipes(sandbox, new_marker(), exact=run.exact_order and not run.merged_stderr)
        self._folder = folder
        self._variables = variables
        self._pid = 0
        self._gone = True
        super().__init__(sandbox, run, on_finished)

    def _start(self) -> None:
        sandbox, run = self._sandbox, self.run
        self.pipes.begin(run)
        try:
            self._pid = self._spawn(sandbox, run)
        except OSError as error:
            # As a shell that cannot fork reports it.
            self.pipes.say(f"bash: fork: {error.strerror}\n".encode())
            sandbox.loop.timers.set(("fork", run), 0, lambda: self.ended(Outcome(126)))
        else:
            self._gone = False
            sandbox.watch_child(self._pid, self._reaped)

    def send_interrupt(self) -> None:
        if not self._gone:
            try:
                os.killpg(self._pid, signal.SIGINT)
            except ProcessLookupError:
                # The group does not exist yet. The signal waits until bash is executed.
                os.kill(self._pid, signal.SIGINT)

    def is_gone(self) -> bool:
        return self._gone

    def closed(self) -> None:
        self.pipes.retire()

    def _reaped(self, status: int) -> None:
        self._gone = True
        code = exit_code(status)
        outcome = Outcome(code, interrupted=code == 130, oom=self.died_of_memory(code))
        # What bash has started may live on, but nothing of a run that was to end, or that leaves nothing behind.
        self.ended(outcome, LineageKill(self.group) if self.run.cause or self.run.fresh else None)

    def _spawn(self, sandbox: Sandbox, run: Run) -> int:
        settings = sandbox.settings
        environment = settings.environment(self.group)
        environment[b"PWD"] = os.fsencode(self._folder)
        environment.update(self._variables)
        environment.update(sandbox.environment)
        environment.update(run.environment)
        # bash ignores a NUL where it reads a script; an argument cannot contain one.
        code = run.code[len(_BYTE_ORDER_MARK) if run.code.startswith(_BYTE_ORDER_MARK) else 0 :].replace(b"\0", b"")
        run.code = b""
        stdin = run.stdin.pipe() if run.stdin is not None else -1
        long_code = _memory_file(code) if len(code) > _LONGEST_ARGUMENT else -1
        try:
            pid = fork_without_interrupts()
            if pid == 0:
                try:
                    self._become_bash(code, long_code, stdin, settings.bash, environment)
                finally:
                    os._exit(127)
            return pid
        finally:
            if run.stdin is not None:
                run.stdin.release_pipe()
            if long_code >= 0:
                os.close(long_code)

    def _become_bash(self, code: bytes, long_code: int, stdin: int, bash: str, environment: dict[bytes, bytes]) -> None:
        reset_signals()
        os.setsid()
        try:
            become_user(self._sandbox.user, self.pipes.shared_end, self.pipes.shared_end if self.run.merged_stderr else self.pipes.errors_end, self._folder, (self.group,), stdin)
            arguments = [b"bash", b"-c", code]
            if long_code >= 0:
                # Opened again for reading only: code that writes to descriptor 3 must not change itself.
                os.dup2(os.open(f"/proc/self/fd/{long_code}", os.O_RDONLY), 3)
                arguments = [b"bash", b"-c", _READ_CODE, b"bash"]
            allow_interrupts()
            os.execve(bash, arguments, environment)
        except OSError as error:
            os.write(2, f"bash: {error.strerror}\n".encode())


def _memory_file(code: bytes) -> int:
    fd = os.memfd_create("code", os.MFD_CLOEXEC)
    os.fchmod(fd, 0o444)
    with open(fd, "wb", buffering=0, closefd=False) as file:
        left = memoryview(code)
        while left:
            left = left[file.write(left) :]
    return fd
