"""The standard input of runs: data, lines that are asked for, and writes whose answers are lost."""

from __future__ import annotations

import asyncio
import os
import unittest
from typing import Any

from both import sandboxes
from flavours import QUICK
from podflare import (
    AsyncClient,
    AsyncSandbox,
    InputRequestEvent,
    StdinClosedError,
    StdinOffsetError,
    StorageUnavailableError,
)
from scripted_server import RUN, SANDBOX
from stdin_server import StdinServer

LARGE = os.urandom(1_500_000).hex()


class StdinTests(unittest.TestCase):
    def test_data_is_sent_with_its_end(self) -> None:
        with StdinServer() as server, sandboxes(server.url) as both:
            for sandbox in both:
                for call in (lambda data: sandbox.run_code("1", stdin=data), lambda data: sandbox.run("cat", stdin=data)):
                    for data in (b"a\nb", "é", b"", ""):
                        server.reset()
                        self.assertEqual(data if isinstance(data, str) else data.decode(), call(data).stdout)
            self.assertTrue(all(seen.json["stdin"] is True for seen in server.requests if "/exec" in seen.target))

    def test_large_data_is_sent_while_output_is_read_and_waits_for_a_slow_run(self) -> None:
        with StdinServer() as server, sandboxes(server.url) as both:
            for sandbox in both:
                server.reset(full=3)
                self.assertEqual(LARGE[-100:], sandbox.run_code("1", stdin=LARGE).stdout)
                self.assertEqual(LARGE.encode(), server.read)
                self.assertLessEqual(max(server.sizes), 1024 * 1024)

    def test_a_write_whose_answer_is_lost_is_repeated_and_not_written_twice(self) -> None:
        with StdinServer() as server, sandboxes(server.url, QUICK) as both:
            for sandbox in both:
                server.reset(lost=3)
                self.assertEqual("abc", sandbox.run_code("1", stdin="abc").stdout)
                self.assertEqual([3, 3, 3, 3], server.sizes)

    def test_a_function_answers_each_request_with_a_line(self) -> None:
        asked: list[tuple[str, bool]] = []

        def answer(request: InputRequestEvent) -> Any:
            asked.append((str(request), request.password))
            return answers.pop(0)

        with StdinServer() as server, sandboxes(server.url) as both:
            for sandbox in both:
                # The end of the input is an answer too, and the last one.
                for answers, prompts, read in ((["Ada", b"secret\n"], 2, "Ada\nsecret\n"), (["one\n", None], 3, "one\n")):
                    server.reset(prompts=prompts)
                    self.assertEqual(read, sandbox.run_code("1", stdin=answer).stdout)
            self.assertEqual([("1? ", False), ("2? ", True)], asked[:2])

    def test_a_writer_and_a_reader_may_begin_together(self) -> None:
        async def run(url: str) -> str:
            async with AsyncClient(url) as client:
                stream = AsyncSandbox.attach(SANDBOX, client=client).run_code_stream("1", stdin=True)
                result, _ = await asyncio.gather(stream.result(), stream.send("abc", eof=True))
                return result.stdout

        with StdinServer() as server:
            self.assertEqual("abc", asyncio.run(run(server.url)))
            self.assertEqual(1, sum("/exec" in seen.target for seen in server.requests))

    def test_an_asynchronous_function_is_awaited(self) -> None:
        async def answer(request: InputRequestEvent) -> str:
            await asyncio.sleep(0)
            return f"to {request}"

        async def main() -> None:
            async with AsyncClient(server.url) as client:
                result = await AsyncSandbox.attach(SANDBOX, client=client).run_code("1", stdin=answer)
                self.assertEqual("to 1? \n", result.stdout)

        with StdinServer(prompts=1) as server:
            asyncio.run(main())

    def test_a_function_that_raises_or_returns_nonsense_interrupts_the_run(self) -> None:
        def fail(request: InputRequestEvent) -> str:
            raise KeyError

        with StdinServer() as server, sandboxes(server.url) as both:
            for sandbox in both:
                for function, kind in ((fail, KeyError), (lambda request: 1, TypeError)):
                    server.reset(prompts=1)
                    self.assertRaises(kind, sandbox.run_code, "1", stdin=function)
                    self.assertTrue(server.is_interrupted)

    def test_data_that_cannot_be_sent_interrupts_the_run_and_raises(self) -> None:
        for data in ("x", LARGE):
            with StdinServer(refusal=lambda x: x.problem(503, "storage_unavailable", {"retry-after": "0"})) as server, sandboxes(server.url, QUICK) as both:
                for sandbox in both:
                    server.reset()
                    self.assertRaises(StorageUnavailableError, sandbox.run_code, "1", stdin=data)
                    self.assertTrue(server.is_interrupted)

    def test_a_run_that_does_not_want_the_rest_ends_by_itself(self) -> None:
        def refuse(x: Any) -> None:
            server._is_closed = True
            server._changed.notify_all()
            x.problem(409, "stdin_closed")

        with StdinServer(refusal=refuse) as server, sandboxes(server.url) as both:
            for sandbox in both:
                server.reset()
                self.assertEqual(0, sandbox.run_code("1", stdin="x").exit_code)

    def test_a_stream_sends_at_the_offset_that_follows(self) -> None:
        with StdinServer() as server, sandboxes(server.url, QUICK) as both:
            for sandbox in both:
                server.reset()
                with sandbox.run_code_stream("1", stdin=True) as run:
                    run.send("one\n")
                    run.send(b"two\n")
                    # Whoever follows asks how much was written.
                    with sandbox.follow(RUN) as other:
                        other.send("three\n")
                    with self.assertRaises(StdinOffsetError) as caught:
                        server.read = server.read[:2]
                        run.send("four\n")
                    self.assertEqual(2, caught.exception.offset)
                    run.send("five\n", eof=True)
                    self.assertEqual("onfive\n", run.result().stdout)

    def test_a_closed_input_raises(self) -> None:
        with StdinServer(refusal=lambda x: x.problem(409, "stdin_closed")) as server, sandboxes(server.url) as both:
            for sandbox in both:
                server.reset()
                with sandbox.run_code_stream("1") as run:
                    self.assertRaises(StdinClosedError, run.send, "x")
