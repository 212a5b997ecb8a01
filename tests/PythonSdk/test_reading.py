"""Reading takes time that grows with the bytes alone."""

from __future__ import annotations

import asyncio
import time
import unittest

from podflare import AsyncSandbox, Sandbox
from podflare._event_lines import LineSplitter
from service import SERVICE

MEGABYTES = (1, 10, 100)
# Generous: a quadratic reader would be a hundred times slower at the end.
MAX_RATIO = 3.0


def code_of(megabytes: int) -> str:
    return f"import sys\nfor i in range({megabytes} * 1024): sys.stdout.write('x' * 1023 + '\\n')"


class ReadingTests(unittest.TestCase):
    def test_blocking_reader_is_linear(self) -> None:
        with Sandbox(host=SERVICE.url) as sandbox:

            def read(megabytes: int) -> tuple[int, float]:
                started = time.perf_counter()
                return len(sandbox.run_code(code_of(megabytes)).stdout), time.perf_counter() - started

            self.check([read(megabytes) for megabytes in (1, 1, *MEGABYTES)][2:])

    def test_async_reader_is_linear(self) -> None:
        async def read_all() -> list[tuple[int, float]]:
            async with AsyncSandbox(host=SERVICE.url) as sandbox:

                async def read(megabytes: int) -> tuple[int, float]:
                    started = time.perf_counter()
                    return len((await sandbox.run_code(code_of(megabytes))).stdout), time.perf_counter() - started

                return [await read(megabytes) for megabytes in (1, 1, *MEGABYTES)][2:]

        self.check(asyncio.run(read_all()))

    def test_a_long_line_in_small_pieces_is_linear(self) -> None:
        def read(megabytes: int) -> tuple[int, float]:
            splitter, piece = LineSplitter(), b"x" * 4096
            started = time.process_time()
            for _ in range(megabytes * 256):
                splitter.feed(piece)
            lines = splitter.feed(b"\n")
            return len(lines[0]), time.process_time() - started

        # The best of several: a machine under load takes its time to hand out 100 MB of memory.
        self.check([min((read(megabytes) for _ in range(5)), key=lambda found: found[1]) for megabytes in MEGABYTES])

    def check(self, found: list[tuple[int, float]]) -> None:
        self.assertEqual([megabytes << 20 for megabytes in MEGABYTES], [size for size, _ in found])
        each = [seconds / megabytes for megabytes, (_, seconds) in zip(MEGABYTES, found)]
        print(", ".join(f"{megabytes} MB: {seconds * 1000:.1f} ms/MB" for megabytes, seconds in zip(MEGABYTES, each)), end=" ", flush=True)
        self.assertLess(each[-1] / each[0], MAX_RATIO)
