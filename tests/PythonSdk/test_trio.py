"""The asynchronous client under trio: a cancellation means there what it means under asyncio."""

from __future__ import annotations

import unittest
import warnings

with warnings.catch_warnings():
    # What Debian's anyio imports of trio is deprecated there.
    warnings.simplefilter("ignore")
    import anyio._backends._trio
    import trio

from podflare import AsyncClient, AsyncSandbox, RetryPolicy
from run_server import RunServer
from scripted_server import SANDBOX
from stdin_server import StdinServer


class TrioTests(unittest.TestCase):
    def test_cancellation_interrupts_the_run(self) -> None:
        async def main() -> None:
            async with AsyncClient(server.url, retry=RetryPolicy.none()) as client:
                sandbox = AsyncSandbox.attach(SANDBOX, client=client)
                with trio.move_on_after(0.5) as scope:
                    await sandbox.run_code("1")
                self.assertTrue(scope.cancelled_caught)

        # Before and after the start is answered.
        for unanswered in (1, 0):
            with RunServer(unanswered_starts=unanswered) as server:
                trio.run(main)
                self.assertEqual(1, len(server.targets("/interrupt")))

    def test_break_leaves_the_run(self) -> None:
        async def main() -> None:
            async with AsyncClient(server.url) as client, AsyncSandbox.attach(SANDBOX, client=client).run_code_stream("1") as run:
                async for _ in run:
                    break

        with RunServer() as server:
            trio.run(main)
            self.assertEqual([], server.targets("/interrupt"))

    def test_large_input_is_sent_while_output_is_read(self) -> None:
        async def main() -> None:
            async with AsyncClient(server.url) as client:
                await AsyncSandbox.attach(SANDBOX, client=client).run_code("1", stdin="x" * 2_000_000)

        with StdinServer(full=2) as server:
            trio.run(main)
            self.assertEqual(2_000_000, len(server.read))
