"""One event loop for all programs of an interpreter, for `await` at the top level."""

from __future__ import annotations

from podflare_guest.repl.own_builtins import BUILTINS as __builtins__

import os
from _contextvars import copy_context
from _signal import SIGINT, default_int_handler, getsignal, set_wakeup_fd, signal

from podflare_guest.repl.trusted_imports import import_trusted

_IS_COROUTINE = 0x80
_SETTLE_ATTEMPTS = 5
# Python only reports what is raised in a finalizer or in the callback of a weak reference.
_SWALLOW = frozenset(("__del__", "_remove"))


class EventLoop:
    def __init__(self, run_variable: object) -> None:
        """`run_variable`: the context variable that names the run, which is not carried from one to the next."""
        self._run_variable = run_variable
        self._loop: object = None
        self._asyncio: object = None

    def execute(self, code: object, namespace: dict[str, object]) -> object:
        """Executes code as a task of the loop, and returns its value."""
        holder: list[object] = []

        async def task() -> object:
            try:
                value = eval(code, namespace)  # type: ignore[arg-type]
                return await value if code.co_flags & _IS_COROUTINE else value  # type: ignore[attr-defined, misc]
            finally:
                holder.append(copy_context())

        try:
            return self._run(task())
        finally:
            # What the program has set in its task stays set, as in a program without await.
            for context in holder:
                for variable, value in context.items():  # type: ignore[attr-defined]
                    if variable is not self._run_variable and variable.get(None) is not value:
                        variable.set(value)

    def serve_until_readable(self, fd: int) -> None:
        """Between two programs the tasks of earlier ones go on. Returns when the descriptor can be read, at once where there is no task."""
        loop, asyncio = self._loop, self._asyncio
        if loop is None or loop.is_closed() or loop.is_running() or not asyncio.all_tasks(loop):  # type: ignore[attr-defined]
            return
        readable = loop.create_future()  # type: ignore[attr-defined]
        loop.add_reader(fd, lambda: readable.done() or readable.set_result(None))  # type: ignore[attr-defined]
        try:
            loop.run_until_complete(readable)  # type: ignore[attr-defined]
        finally:
            loop.remove_reader(fd)  # type: ignore[attr-defined]

    def _open(self) -> object:
        asyncio = self._asyncio = self._asyncio or import_trusted("asyncio")
        if self._loop is None or self._loop.is_closed():  # type: ignore[attr-defined]
            self._loop = asyncio.new_event_loop()  # type: ignore[attr-defined]
            _allow_nested_run(self, asyncio)
        asyncio.set_event_loop(self._loop)  # type: ignore[attr-defined]
        return self._loop

    def owns(self, loop: object) -> bool:
        return loop is not None and loop is self._loop

    def _run(self, coroutine: object) -> object:
        loop = self._open()
        asyncio = self._asyncio
        task = loop.create_task(coroutine)  # type: ignore[attr-defined]
        own_files = (os.path.dirname(asyncio.__file__) + os.sep, import_trusted("selectors").__file__)  # type: ignore[attr-defined]
        interrupts, deferred = 0, False

        def on_interrupt(number: int, frame: object) -> None:
            nonlocal interrupts, deferred
            interrupts += 1
            if frame is not None and frame.f_code.co_name in _SWALLOW:  # type: ignore[attr-defined]
                deferred = True
                return
            waits = frame is not None and frame.f_code.co_filename.startswith(own_files)  # type: ignore[attr-defined]
            if waits and asyncio.events._get_running_loop() is loop and asyncio.current_task(loop) is None and task is not None and not task.done():  # type: ignore[attr-defined]
                # Where the loop waits, the program is notified by cancellation, so that its `finally` may await.
                task.cancel()
                loop.call_soon_threadsafe(lambda: None)  # type: ignore[attr-defined]
                return
            raise KeyboardInterrupt

        replaced = getsignal(SIGINT) is default_int_handler
        wakeup = -1
        if replaced:
            signal(SIGINT, on_interrupt)
            # A signal that comes just before the loop waits would be noticed only after it has waited.
            wakeup = set_wakeup_fd(loop._csock.fileno(), warn_on_full_buffer=False)  # type: ignore[attr-defined]
        try:
            return loop.run_until_complete(task)  # type: ignore[attr-defined]
        except asyncio.CancelledError:  # type: ignore[attr-defined]
            if interrupts and task.cancelled():
                raise KeyboardInterrupt from None
            raise
        except (KeyboardInterrupt, SystemExit):
            # Where another task or a callback was interrupted the program ends too.
            self._settle(task)
            raise
        finally:
            # The end of the task calls back a weak reference, while the handler is still this one.
            task = None
            if replaced:
                set_wakeup_fd(wakeup)
                if getsignal(SIGINT) is on_interrupt:
                    signal(SIGINT, default_int_handler)
            if deferred:
                raise KeyboardInterrupt


    def _settle(self, task: object) -> None:
        """Ends the task, and takes up what an interrupt left in the loop: a callback that stops it may still wait, and would stop the next program."""
        loop, asyncio = self._loop, self._asyncio
        for _ in range(_SETTLE_ATTEMPTS):
            try:
                if task.done():  # type: ignore[attr-defined]
                    loop.run_until_complete(asyncio.sleep(0))  # type: ignore[attr-defined]
                    return
                task.cancel()  # type: ignore[attr-defined]
                loop.run_until_complete(task)  # type: ignore[attr-defined]
            except BaseException:
                continue


def _allow_nested_run(owner: EventLoop, asyncio: object) -> None:
    """Lets asyncio.run work in a program that awaits: the outer loop and its task are set aside meanwhile."""
    if getattr(asyncio.run, "_podflare", False):  # type: ignore[attr-defined]
        return
    original, events, tasks = asyncio.run, asyncio.events, asyncio.tasks  # type: ignore[attr-defined]

    def run(main: object, **options: object) -> object:
        outer = events._get_running_loop()
        if not owner.owns(outer):
            return original(main, **options)
        task = tasks.current_task(outer)
        swap = getattr(tasks, "_swap_current_task", None)
        if swap is not None:
            swap(outer, None)
        elif task is not None:
            tasks._leave_task(outer, task)
        events._set_running_loop(None)
        try:
            return original(main, **options)
        finally:
            events._set_running_loop(outer)
            asyncio.set_event_loop(outer)  # type: ignore[attr-defined]
            if swap is not None:
                swap(outer, task)
            elif task is not None:
                tasks._enter_task(outer, task)

    run._podflare = True  # type: ignore[attr-defined]
    run.__doc__ = original.__doc__
    asyncio.run = asyncio.runners.run = run  # type: ignore[attr-defined]
