"""Connections that are killed at random bytes never show, and no code runs twice."""

from __future__ import annotations

import ast
import asyncio
import random
import secrets
import unittest

from cutting_proxy import CuttingProxy
from podflare import AsyncClient, AsyncSandbox, Client, Event, RetryPolicy, Sandbox
from service import SERVICE

KILLS = 200
# A start takes about 900 bytes, a run's events about 3,500: kills hit requests, headers, events and the end alike.
MAX_BYTES = 4_000
RUNS_PER_SANDBOX = 20
# So many that chance does not use them up, and so quick that it does not matter.
RETRY = RetryPolicy(retries=30, resumes=30, first_delay_seconds=0.001, max_delay_seconds=0.02)


def code_of(number: int) -> str:
    """Notes that it ran, and writes to both streams; every other one slowly, so that a resumed reader has to follow it."""
    wait = "time.sleep(0.001)" if number % 2 else "pass"
    return f"""
import sys, time
ran = globals().setdefault('ran', [])
ran.append({number})
for i in range(40):
    print('{number}:', i, 'é\\u2028', file=sys.stderr if i % 3 == 2 else sys.stdout)
    {wait}
"""


class CutsTests(unittest.TestCase):
    def setUp(self) -> None:
        seed = random.randrange(2**32)
        print(f"seed {seed} ", end="", flush=True)
        self.direct = Client(SERVICE.url)
        self.addCleanup(self.direct.close)
        self.proxy = CuttingProxy(SERVICE.port, KILLS, MAX_BYTES, seed)
        self.addCleanup(self.proxy.close)
        self.mark = {"test": secrets.token_hex(8)}

    def test_blocking_reader(self) -> None:
        runs = 0
        with Client(self.proxy.url, retry=RETRY) as client:
            while not self.proxy.is_done:
                with Sandbox(client=client, metadata=self.mark) as sandbox:
                    for number in range(RUNS_PER_SANDBOX):
                        with sandbox.run_code_stream(code_of(number)) as stream:
                            self.check_run(sandbox.id, number, stream.run_id, list(stream))
                        runs += 1
                    self.check_sandbox(sandbox.id)
        self.check_end(runs)

    def test_async_reader(self) -> None:
        async def read() -> int:
            runs = 0
            async with AsyncClient(self.proxy.url, retry=RETRY) as client:
                while not self.proxy.is_done:
                    async with AsyncSandbox(client=client, metadata=self.mark) as sandbox:
                        for number in range(RUNS_PER_SANDBOX):
                            async with sandbox.run_code_stream(code_of(number)) as stream:
                                self.check_run(sandbox.id, number, stream.run_id, [event async for event in stream])
                            runs += 1
                        self.check_sandbox(sandbox.id)
            return runs

        self.check_end(asyncio.run(read()))

    def check_run(self, sandbox_id: str, number: int, run_id: str | None, events: list[Event]) -> None:
        """What came through the cuts is what the service tells over a connection that holds."""
        assert run_id is not None
        self.assertEqual(list(Sandbox.attach(sandbox_id, client=self.direct).follow(run_id)), events)
        self.assertEqual(list(range(1, 42)), [event.seq for event in events])
        self.assertEqual(
            [("stderr" if i % 3 == 2 else "stdout", f"{number}: {i} é\u2028\n") for i in range(40)],
            [(event.type, event.data) for event in events[:-1]],
        )
        self.assertEqual(("exit", 0), (events[-1].type, events[-1].data))

    def check_sandbox(self, sandbox_id: str) -> None:
        ran = Sandbox.attach(sandbox_id, client=self.direct).run_code("print(ran)").stdout
        self.assertEqual(list(range(RUNS_PER_SANDBOX)), ast.literal_eval(ran), "each code ran once, in order")
        self.assertEqual([sandbox_id], self.living(), "a repeated create made no second sandbox")

    def check_end(self, runs: int) -> None:
        print(f"{self.proxy.killed} kills in {runs} runs ", end="", flush=True)
        self.assertGreaterEqual(self.proxy.killed, KILLS)
        self.assertEqual([], self.living())

    def living(self) -> list[str]:
        return [info.id for info in self.direct.list_sandboxes(state="ready", metadata=self.mark)]
