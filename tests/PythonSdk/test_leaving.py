"""A caller who leaves a run: by Ctrl-C, cancellation or a closed generator it is interrupted; by break or close it continues."""

from __future__ import annotations

import asyncio
import gc
import signal
import subprocess
import sys
import time
import unittest
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any
from unittest import mock

from podflare import AsyncClient, AsyncSandbox, Client, RetryPolicy, Sandbox
from run_server import RunServer
from scripted_server import RUN, SANDBOX, ScriptedServer
from service import wait_until

# The limit for an interrupt is 5 s; the rest is for a machine under load.
LIMIT_SECONDS = 9

PROGRAM = f"""
import sys
from podflare import Sandbox
sandbox = Sandbox.attach({SANDBOX!r}, host=sys.argv[1])
"""


class CtrlCTests(unittest.TestCase):
    def press_ctrl_c(self, server: RunServer, code: str, *, after_output: bool) -> tuple[float, str]:
        """Sends SIGINT to a program that has started a run. Returns how long it took to end, and its stderr."""
        program = subprocess.Popen([sys.executable, "-c", PROGRAM + code, server.url], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            server.wait_for_start()
            if after_output:
                assert program.stdout is not None
                self.assertEqual("on\n", program.stdout.readline())
            pressed = time.monotonic()
            program.send_signal(signal.SIGINT)
            _, errors = program.communicate(timeout=30)
            return time.monotonic() - pressed, errors
        finally:
            program.kill()
            program.wait()

    def test_ctrl_c_interrupts_the_run(self) -> None:
        for code in (
            "sandbox.run_code('1', on_stdout=lambda event: print(event.data, end='', flush=True))",
            "for event in sandbox.run_code_stream('1'): print(event.data, end='', flush=True)",
        ):
            with self.subTest(code), RunServer() as server:
                seconds, errors = self.press_ctrl_c(server, code, after_output=True)
                self.assertTrue(errors.rstrip().endswith("KeyboardInterrupt"), errors)
                self.assertEqual(1, len(server.targets("/interrupt")))
                self.assertLess(seconds, LIMIT_SECONDS)

    def test_ctrl_c_interrupts_the_run_of_an_asynchronous_program(self) -> None:
        code = f"""
import asyncio
from podflare import AsyncSandbox
async def main():
    sandbox = AsyncSandbox.attach({SANDBOX!r}, host=sys.argv[1])
    await sandbox.run_code('1', on_stdout=lambda event: print(event.data, end='', flush=True))
asyncio.run(main())
"""
        with RunServer() as server:
            seconds, _ = self.press_ctrl_c(server, code, after_output=True)
            self.assertEqual(1, len(server.targets("/interrupt")))
            self.assertLess(seconds, LIMIT_SECONDS)

    def test_ctrl_c_before_the_start_is_answered_interrupts_the_run(self) -> None:
        with RunServer(unanswered_starts=1) as server:
            seconds, _ = self.press_ctrl_c(server, "sandbox.run_code('1')", after_output=False)
            starts = [seen for seen in server.requests if "/exec" in seen.target]
            self.assertEqual(1, len(server.targets("/interrupt")))
            self.assertEqual(1, len({(seen.headers["idempotency-key"], seen.body) for seen in starts}), "no second run was started")
            self.assertLess(seconds, LIMIT_SECONDS)

    def test_a_server_that_does_not_answer_does_not_hold_the_program(self) -> None:
        with RunServer(answers_interrupts=False) as server:
            code = "sandbox.run_code('1', on_stdout=lambda event: print(event.data, end='', flush=True))"
            seconds, errors = self.press_ctrl_c(server, code, after_output=True)
            self.assertTrue(server.is_interrupted.is_set())
            self.assertLess(seconds, LIMIT_SECONDS)
            self.assertIn(f"run {RUN} may still be running", errors)
        with RunServer(unanswered_starts=2) as server:
            seconds, _ = self.press_ctrl_c(server, "sandbox.run_code('1')", after_output=False)
            self.assertLess(seconds, LIMIT_SECONDS)


class BlockingTests(unittest.TestCase):
    def setUp(self) -> None:
        self.server = self.enterContext(RunServer())
        self.client = self.enterContext(Client(self.server.url, retry=RetryPolicy.none()))
        self.sandbox = Sandbox.attach(SANDBOX, client=self.client)

    def test_closing_a_generator_interrupts_the_run(self) -> None:
        def lines() -> Iterator[str]:
            with self.sandbox.run_code_stream("1") as stream:
                for event in stream:
                    yield str(event)

        generator = lines()
        next(generator)
        generator.close()
        self.assertEqual(1, len(self.server.targets("/interrupt")))

    def test_a_stream_that_is_left_deliberately_continues_and_can_be_interrupted(self) -> None:
        def leave_by_break() -> None:
            for _ in self.sandbox.run_code_stream("1"):
                break

        def leave_by_close() -> None:
            with self.sandbox.run_code_stream("1") as stream:
                next(stream)

        def leave_by_exception() -> None:
            with self.assertRaises(KeyError), self.sandbox.run_code_stream("1") as stream:
                next(stream)
                raise KeyError

        for leave in (leave_by_break, leave_by_close, leave_by_exception):
            leave()
            gc.collect()
            self.assertFalse(self.server.is_interrupted.is_set(), leave.__name__)
        self.assertEqual((RUN,), self.sandbox.interrupt())
        self.assertTrue(self.server.is_interrupted.is_set())

    def test_a_server_without_contexts_is_asked_to_interrupt_each_run(self) -> None:
        with RunServer(has_contexts=False) as server, Client(server.url) as client:
            sandbox = Sandbox.attach(SANDBOX, client=client)
            for _ in sandbox.run_code_stream("1"):
                break
            self.assertEqual((RUN,), sandbox.interrupt())
            self.assertEqual(1, len(server.targets(f"/runs/{RUN}/interrupt")))

    def test_ctrl_c_between_two_events_interrupts_the_run(self) -> None:
        for use in (lambda: self.sandbox.run_code("1"), lambda: self.sandbox.run("ls"), lambda: self.sandbox.run_code_stream("1").result()):
            self.server.requests.clear()
            with mock.patch("podflare._result.Output.add", side_effect=KeyboardInterrupt):
                self.assertRaises(KeyboardInterrupt, use)
            self.assertEqual(1, len(self.server.targets(f"/runs/{RUN}/interrupt")))
            self.server.is_interrupted.clear()

    def test_a_callback_that_raises_interrupts_the_run(self) -> None:
        def fail(event: object) -> None:
            raise ZeroDivisionError

        self.assertRaises(ZeroDivisionError, self.sandbox.run_code, "1", on_stdout=fail)
        self.assertEqual(1, len(self.server.targets("/interrupt")))

    def test_a_run_that_has_ended_is_not_interrupted(self) -> None:
        self.server.is_interrupted.set()
        with self.assertRaises(KeyboardInterrupt), self.sandbox.run_code_stream("1") as stream:
            list(stream)
            raise KeyboardInterrupt
        stream.interrupt()
        self.assertEqual((), self.sandbox.interrupt())
        self.assertEqual([], self.server.targets(f"/runs/{RUN}/interrupt"))

    def test_a_run_that_was_started_elsewhere_is_not_interrupted(self) -> None:
        for begin in (lambda: self.sandbox.start_code("1"), lambda: self.sandbox.follow(RUN)):
            with self.assertRaises(KeyboardInterrupt), begin() as stream:
                next(stream)
                raise KeyboardInterrupt
        self.assertFalse(self.server.is_interrupted.is_set())


class CreateTests(unittest.TestCase):
    """A create whose caller leaves before the answer."""

    def check(self, server: ScriptedServer, leave: Callable[[ScriptedServer], None]) -> None:
        with server:
            leave(server)
            wait_until(lambda: bool(server.deletes), LIMIT_SECONDS, "the sandbox is deleted")
            self.assertEqual(2, len(server.creates))
            self.assertEqual(1, len({seen.headers["idempotency-key"] for seen in server.creates}))

    def test_ctrl_c_deletes_the_sandbox(self) -> None:
        def leave(server: ScriptedServer) -> None:
            program = subprocess.Popen([sys.executable, "-c", f"from podflare import Sandbox; Sandbox(host={server.url!r})"], stderr=subprocess.DEVNULL)
            try:
                wait_until(lambda: bool(server.creates), 20, "the create is sent")
                program.send_signal(signal.SIGINT)
                program.wait(LIMIT_SECONDS)
            finally:
                program.kill()
                program.wait()

        self.check(ScriptedServer(lambda x: x.drop(), unanswered_creates=1), leave)

    def test_cancellation_deletes_the_sandbox(self) -> None:
        async def main(url: str) -> None:
            with self.assertRaises(asyncio.TimeoutError):
                await asyncio.wait_for(AsyncSandbox.create(host=url), 0.5)

        self.check(ScriptedServer(lambda x: x.drop(), unanswered_creates=1), lambda server: asyncio.run(main(server.url)))


class AsyncTests(unittest.TestCase):
    def leave(self, server: RunServer, use: Callable[[AsyncSandbox], Awaitable[Any]], leave: Callable[[Awaitable[Any]], Awaitable[None]]) -> None:
        async def main() -> None:
            async with AsyncClient(server.url, retry=RetryPolicy.none()) as client:
                await leave(use(AsyncSandbox.attach(SANDBOX, client=client)))

        asyncio.run(main())

    def test_cancellation_interrupts_the_run(self) -> None:
        async def result(sandbox: AsyncSandbox) -> object:
            return await sandbox.run_code("1")

        async def stream(sandbox: AsyncSandbox) -> object:
            return [event async for event in sandbox.run_code_stream("1")]

        async def between_events(sandbox: AsyncSandbox) -> None:
            async with sandbox.run_code_stream("1") as events:
                async for _ in events:
                    await asyncio.sleep(30)

        async def callback(sandbox: AsyncSandbox) -> object:
            return await sandbox.run_code("1", on_stdout=lambda _: asyncio.sleep(30))

        async def cancel(work: Awaitable[Any]) -> None:
            task = asyncio.ensure_future(work)
            await asyncio.to_thread(server.wait_for_start)
            for _ in range(20):
                await asyncio.sleep(0.01)
            task.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await task

        async def time_out(work: Awaitable[Any]) -> None:
            with self.assertRaises(asyncio.TimeoutError):
                await asyncio.wait_for(work, 0.5)

        for use in (result, stream, between_events, callback):
            for way in (cancel, time_out):
                with self.subTest(f"{use.__name__}, {way.__name__}"), RunServer() as server:
                    self.leave(server, use, way)
                    self.assertEqual(1, len(server.targets("/interrupt")))

    def test_cancellation_before_the_start_is_answered_interrupts_the_run(self) -> None:
        async def cancel(work: Awaitable[Any]) -> None:
            task = asyncio.ensure_future(work)
            await asyncio.to_thread(server.wait_for_start)
            task.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await task

        with RunServer(unanswered_starts=1) as server:
            self.leave(server, lambda sandbox: sandbox.run_code("1"), cancel)
            self.assertEqual(1, len(server.targets("/interrupt")))

    def test_a_server_that_does_not_answer_does_not_hold_the_task(self) -> None:
        async def cancel(work: Awaitable[Any]) -> None:
            with self.assertRaises(asyncio.TimeoutError), self.assertLogs("podflare", "WARNING"):
                await asyncio.wait_for(work, 0.5)

        for server in (RunServer(answers_interrupts=False), RunServer(unanswered_starts=2)):
            with server:
                started = time.monotonic()
                self.leave(server, lambda sandbox: sandbox.run_code("1"), cancel)
                self.assertLess(time.monotonic() - started, LIMIT_SECONDS)

    def test_closing_a_generator_interrupts_the_run(self) -> None:
        async def use(sandbox: AsyncSandbox) -> None:
            async def lines() -> AsyncIterator[str]:
                async with sandbox.run_code_stream("1") as stream:
                    async for event in stream:
                        yield str(event)

            generator = lines()
            await generator.__anext__()
            await generator.aclose()

        with RunServer() as server:
            self.leave(server, use, lambda work: work)
            self.assertEqual(1, len(server.targets("/interrupt")))

    def test_break_and_close_leave_the_run_which_can_be_interrupted(self) -> None:
        async def use(sandbox: AsyncSandbox) -> None:
            async for _ in sandbox.run_code_stream("1"):
                break
            async with sandbox.run_code_stream("1") as stream:
                await stream.__anext__()
            gc.collect()
            self.assertFalse(server.is_interrupted.is_set())
            self.assertEqual((RUN,), await sandbox.interrupt())

        with RunServer() as server:
            self.leave(server, use, lambda work: work)
