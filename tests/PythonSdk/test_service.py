"""What the clients offer, on the real service."""

from __future__ import annotations

import asyncio
import secrets
import signal
import subprocess
import sys
import threading
import unittest
from datetime import datetime, timedelta, timezone

from podflare import (
    AsyncClient,
    AsyncSandbox,
    Client,
    CodeError,
    Event,
    InvalidRequestError,
    PodflareWarning,
    RetryPolicy,
    RunNotFoundError,
    Sandbox,
    SandboxDiff,
    SandboxEndedError,
    SandboxNotFoundError,
    StderrEvent,
    StdoutEvent,
    TemplateNotFoundError,
)
from service import SERVICE, wait_until

NOBODY = "sbx_00000000000000000000000000000000"


class BlockingTests(unittest.TestCase):
    client: Client
    sandbox: Sandbox

    @classmethod
    def setUpClass(cls) -> None:
        cls.client = cls.enterClassContext(Client(SERVICE.url))
        cls.sandbox = cls.enterClassContext(Sandbox(client=cls.client, env={"FROM": "create"}))

    def test_the_log_of_a_sandbox_tells_of_its_runs(self) -> None:
        run = self.sandbox.run_code("print(1)").run_id
        wait_until(lambda: any(f"Ended run {run}" in line.message for line in self.sandbox.logs()), 20, "the end of the run is in the log")
        lines = list(self.sandbox.logs())
        self.assertTrue(any(line.message.startswith("Created sandbox") for line in lines))
        told = next(line for line in lines if line.run_id == run)
        self.assertEqual(("info", 32), (told.level, len(told.trace_id or "")))
        follower = self.sandbox.logs(follow=True)
        self.assertEqual(lines[0].message, next(iter(follower)).message)

    def test_a_result_tells_all_of_a_run(self) -> None:
        result = self.sandbox.run_code("import sys\nprint('é\\u2028')\nprint('e', file=sys.stderr)\nsys.exit(7)")
        self.assertEqual(("é\u2028\n", "e\n", 7, None, False), (result.stdout, result.stderr, result.exit_code, result.reason, result.ok))
        assert result.run_id is not None
        info = self.sandbox.get_run(result.run_id)
        self.assertEqual((result.run_id, "ended", 7, 1, 3), (info.id, info.state, info.exit_code, info.first_seq, info.last_seq))
        spans = self.sandbox.get_run_trace(result.run_id)["resourceSpans"][0]["scopeSpans"][0]["spans"]
        self.assertEqual(["execute_tool run_code", "podflare.run.queue", "podflare.run.execute"], [span["name"] for span in spans])
        assert info.usage is not None
        self.assertGreater(info.usage.memory_peak_bytes or 0, 1_000_000)
        metrics = self.sandbox.metrics(since=datetime.now(timezone.utc) - timedelta(minutes=1))
        self.assertEqual((1.0, 512 << 20), (metrics.limits.cpus, metrics.limits.memory_bytes))
        self.assertTrue(all(point.cpu_seconds > 0 for point in metrics.points))

    def test_an_exception_is_told(self) -> None:
        result = self.sandbox.run_code("1 / 0")
        assert isinstance(result.error, CodeError) and result.error.traceback
        self.assertEqual(("ZeroDivisionError", "division by zero", 1), (result.error.name, result.error.value, result.exit_code))
        self.assertEqual(result.stderr, result.error.traceback)

    def test_state_language_and_environment(self) -> None:
        self.sandbox.run_code("kept = 41")
        self.assertEqual("42\n", self.sandbox.run_code("print(kept + 1)").stdout)
        result = self.sandbox.run_code('echo "$FROM $HERE"; exit 3', language="bash", env={"HERE": "run"})
        self.assertEqual(("create run\n", 3), (result.stdout, result.exit_code))

    def test_a_time_limit_of_the_run(self) -> None:
        result = self.sandbox.run_code("print('before', flush=True)\nwhile True: pass", timeout_seconds=0.5)
        self.assertEqual(("before\n", 124, "timeout"), (result.stdout, result.exit_code, result.reason))

    def test_a_quiet_run_is_longer_than_the_read_timeout(self) -> None:
        with Client(SERVICE.url, read_timeout_seconds=2, retry=RetryPolicy.none()) as client:
            self.assertEqual(0, Sandbox.attach(self.sandbox.id, client=client).run_code("import time; time.sleep(3)").exit_code)

    def test_a_stream_gives_events_as_they_come(self) -> None:
        with self.sandbox.run_code_stream("import sys\nprint(1)\nprint(2, file=sys.stderr)") as stream:
            self.assertRegex(stream.run_id or "", "^run_[0-9a-f]+$")
            events = list(stream)
        self.assertEqual([(StdoutEvent, "1\n", 1), (StderrEvent, "2\n", 2)], [(type(e), e.data, e.seq) for e in events[:-1]])
        self.assertEqual({stream.run_id}, {event.run_id for event in events})
        self.assertTrue(all(event.ts > 1_600_000_000_000 for event in events))
        self.assertEqual([], list(stream))

    def test_the_same_key_runs_once(self) -> None:
        key = secrets.token_hex(8)
        results = [self.sandbox.run_code("times = globals().get('times', 0) + 1; print(times)", idempotency_key=key) for _ in range(2)]
        self.assertEqual(results[0], results[1])
        with Sandbox(client=self.client, idempotency_key=key) as first, Sandbox(client=self.client, idempotency_key=key) as second:
            self.assertEqual(first.id, second.id)

    def test_following_a_run_from_elsewhere(self) -> None:
        run_id = self.sandbox.run_code("for i in range(4): print(i)").run_id
        assert run_id is not None
        with Sandbox.attach(self.sandbox.id, host=SERVICE.url) as elsewhere:
            self.assertEqual([3, 4, 5], [event.seq for event in elsewhere.follow(run_id, after=2)])
            self.assertEqual([5], [event.seq for event in elsewhere.follow(run_id, after=5)], "the exit comes again")
            self.assertRaises(RunNotFoundError, list, elsewhere.follow("run_" + "0" * 32))
        self.assertEqual("ready", self.sandbox.info().state, "an attached sandbox is not ended")

    def test_a_stream_that_is_left_runs_on(self) -> None:
        with self.sandbox.run_code_stream("import time\nprint(1, flush=True)\ntime.sleep(0.2)\nprint(2)") as stream:
            next(stream)
        self.assertEqual(["1\n", "2\n", 0], [event.data for event in self.sandbox.follow(stream.run_id or "")])

    def test_an_interrupt_keeps_the_state(self) -> None:
        self.sandbox.run_code("n = 5")
        stream = self.sandbox.run_code_stream("print('on', flush=True)\nwhile True: pass")
        next(stream)
        stream.interrupt()
        exit_event = list(stream)[-1]
        assert exit_event.type == "exit"
        self.assertEqual((130, "interrupted"), (exit_event.code, exit_event.reason))
        self.assertEqual("5\n", self.sandbox.run_code("print(n)").stdout)

    def test_ctrl_c_ends_the_run_and_the_next_one_starts_at_once(self) -> None:
        code = "import sys; from podflare import Sandbox; s = Sandbox.attach(sys.argv[1], host=sys.argv[2]); "
        code += "s.run_code('kept = 7; print(1, flush=True)\\nwhile True: pass', on_stdout=lambda event: print(event.data, flush=True))"
        with Sandbox(client=self.client) as sandbox:
            program = subprocess.Popen([sys.executable, "-c", code, sandbox.id, SERVICE.url], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            try:
                assert program.stdout is not None
                self.assertEqual(b"1\n", program.stdout.readline())
                program.send_signal(signal.SIGINT)
                program.wait(20)
            finally:
                program.kill()
                program.communicate()
            result = sandbox.run_code("print(kept)", timeout_seconds=20)
            self.assertEqual(("7\n", 0), (result.stdout, result.exit_code))

    def test_an_abandoned_run_can_be_interrupted(self) -> None:
        with Sandbox(client=self.client) as sandbox:
            for _ in sandbox.run_code_stream("print(1, flush=True)\nwhile True: pass"):
                break
            (run_id,) = sandbox.interrupt()
            self.assertEqual("interrupted", sandbox.follow(run_id).result().reason)

    def test_what_the_server_changes_is_told(self) -> None:
        result = self.sandbox.run_code("1", timeout_seconds=10_000_000)
        self.assertRegex("".join(result.warnings), "timeout_seconds")
        with self.assertWarnsRegex(PodflareWarning, "timeout_seconds"), Sandbox(client=self.client, timeout=10_000_000) as sandbox:
            self.assertRegex("".join(sandbox.warnings), "timeout_seconds")

    def test_a_background_run(self) -> None:
        run = self.sandbox.start_code("import time; time.sleep(0.2); print(1)")
        self.assertEqual(("1\n", 0), (run.result().stdout, run.result().exit_code))
        self.assertIn(self.sandbox.id, [info.id for info in Sandbox.list(state="ready", client=self.client)])
        self.assertEqual("1\n", Sandbox.connect(self.sandbox.id, client=self.client).follow(run.run_id or "").result().stdout)

    def test_another_thread_interrupts_all_open_runs(self) -> None:
        found: list[int] = []
        with Sandbox(client=self.client) as sandbox:
            thread = threading.Thread(target=lambda: found.append(sandbox.run_code("while True: pass").exit_code))
            thread.start()
            # Before the context executes the run there is nothing to interrupt, and the call says so.
            wait_until(lambda: bool(sandbox.interrupt()), 10, "a run is interrupted")
            thread.join(20)
        self.assertEqual([130], found)

    def test_replay_gives_all_runs(self) -> None:
        with Sandbox(client=self.client) as sandbox:
            runs = [sandbox.run_code(f"print({n})").run_id for n in range(3)]
            events = list(sandbox.replay())
        self.assertEqual([(run, seq) for run in runs for seq in (1, 2)], [(event.run_id, event.seq) for event in events])

    def test_list_get_delete(self) -> None:
        mark = {"mark": secrets.token_hex(8)}
        made = {Sandbox(client=self.client, metadata=mark).id for _ in range(3)}
        self.assertEqual(made, {info.id for info in self.client.list_sandboxes(metadata=mark, page_size=1)})
        self.assertEqual(made, {info.id for info in self.client.list_sandboxes(state="ready", metadata=mark)})
        for sandbox_id in made:
            self.assertEqual((sandbox_id, "ready", mark), (lambda info: (info.id, info.state, info.metadata))(self.client.get_sandbox(sandbox_id)))
            self.client.delete_sandbox(sandbox_id)
            self.client.delete_sandbox(sandbox_id)
            self.assertEqual("deleted", self.client.get_sandbox(sandbox_id).ended_reason)
        self.assertEqual([], list(self.client.list_sandboxes(state="ready", metadata=mark)))

    def test_the_end_of_a_sandbox(self) -> None:
        with Sandbox(client=self.client) as sandbox:
            pass
        self.assertEqual("ended", sandbox.info().state)
        with self.assertRaises(SandboxEndedError) as caught:
            sandbox.run_code("1")
        self.assertEqual(("sandbox_ended", 410, "deleted"), (caught.exception.code, caught.exception.status, caught.exception.ended_reason))
        sandbox.close()
        with Sandbox(client=self.client) as sandbox:
            sandbox.detach()
        self.assertEqual("ready", sandbox.info().state)
        sandbox.delete()
        self.assertEqual("ended", sandbox.info().state)
        with self.assertRaises(KeyError), Sandbox(client=self.client) as sandbox:
            raise KeyError
        self.assertEqual("ended", sandbox.info().state)

    def test_refusals(self) -> None:
        nobody = Sandbox.attach(NOBODY, client=self.client)
        with self.assertRaises(SandboxNotFoundError) as caught:
            nobody.run_code("1")
        self.assertEqual(("sandbox_not_found", 404, 32), (caught.exception.code, caught.exception.status, len(caught.exception.trace_id or "")))
        self.assertRaises(SandboxNotFoundError, nobody.info)
        self.assertRaises(SandboxNotFoundError, list, nobody.replay())
        self.assertRaises(TemplateNotFoundError, Sandbox, "no-such-template", client=self.client)
        with self.assertRaises(InvalidRequestError) as refused:
            self.sandbox.run_code("")
        self.assertIn("code", refused.exception.errors)
        self.assertRaises(ValueError, self.sandbox.run_code, "1", timeout_seconds=0)
        self.assertRaises(TypeError, self.sandbox.run_code, b"1")

    def test_what_differs_between_two_sandboxes(self) -> None:
        with Sandbox(client=self.client) as here, Sandbox(client=self.client) as there:
            self.assertEqual(SandboxDiff((), (), ()), here.diff(there))
            both = "mkdir -p d; echo 1 > d/same; ln -s d link; mkfifo /tmp/pipe; echo 0 > 'nön ascii'; printf x > $'\\xff'; "
            here.run_code(both + "echo 1 > d/changed; ln -s a other; echo 1 > /tmp/here; echo 1 > shut; chmod 0 shut", language="bash")
            there.run_code(both + "echo 2 > d/changed; ln -s b other; echo 1 > there; echo 2 > shut", language="bash")
            found = here.diff(there)
            self.assertEqual(SandboxDiff(("/tmp/here",), ("/root/there",), ("/root/d/changed", "/root/other"), ("/root/shut",)), found)
            self.assertTrue(found)
            self.assertEqual(found.only_here, there.diff(here).only_there)
            self.assertEqual("False\n", here.run_code("print('hashlib' in globals())").stdout)


class AsyncTests(unittest.TestCase):
    def test_all_of_it(self) -> None:
        asyncio.run(self.all_of_it())

    async def all_of_it(self) -> None:
        mark = {"mark": secrets.token_hex(8)}
        async with AsyncClient(SERVICE.url) as client:
            await client.check_health()
            default = next(template for template in await client.list_templates() if template.default)
            self.assertEqual(("default", 512, 128, ()), (default.name, default.memory_mib, default.pids, default.preload))
            async with AsyncSandbox(client=client, metadata=mark) as sandbox:
                await sandbox.run_code("n = 2")
                result = await sandbox.run_code("print(n)")
                self.assertEqual(("2\n", 0), (result.stdout, result.exit_code))
                assert result.run_id is not None
                self.assertEqual("ended", (await sandbox.get_run(result.run_id)).state)
                self.assertEqual([2], [event.seq async for event in sandbox.follow(result.run_id, after=1)])
                self.assertEqual(3, len([event async for event in sandbox.replay()]))

                events: list[Event] = []
                async with sandbox.run_code_stream("print('on', flush=True)\nwhile True: pass") as stream:
                    async for event in stream:
                        events.append(event)
                        if event.type == "stdout":
                            await stream.interrupt()
                self.assertEqual(130, events[-1].data)

                busy = asyncio.create_task(sandbox.run_code("while True: pass"))
                await asyncio.wait_for(self.interrupt_what_executes(sandbox), 20)
                self.assertEqual("interrupted", (await busy).reason)

                other = await AsyncSandbox(client=client)
                await other.run_code("open('there', 'w').close()")
                self.assertEqual(SandboxDiff((), ("/root/there",), ()), await sandbox.diff(other))
                await other.close()
                self.assertEqual("ended", (await other.info()).state)

                self.assertEqual([sandbox.id], [info.id async for info in client.list_sandboxes(metadata=mark)])
                async with AsyncSandbox.attach(sandbox.id, client=client) as again:
                    self.assertEqual("2\n", (await again.run_code("print(n)")).stdout)
                self.assertEqual("ready", (await client.get_sandbox(sandbox.id)).state)
            self.assertEqual("ended", (await client.get_sandbox(sandbox.id)).state)
            with self.assertRaises(SandboxNotFoundError):
                await AsyncSandbox.attach(NOBODY, client=client).run_code("1")
            self.assertRaises(RuntimeError, lambda: AsyncSandbox(client=client).id)

    async def interrupt_what_executes(self, sandbox: AsyncSandbox) -> None:
        # Before the context executes a run there is nothing to interrupt, and the call says so.
        while not await sandbox.interrupt():
            pass

    def test_many_at_once(self) -> None:
        async def run_all() -> list[str]:
            async with AsyncSandbox(host=SERVICE.url) as sandbox:
                results = await asyncio.gather(*(sandbox.run_code(f"print({n})") for n in range(20)))
                return [result.stdout for result in results]

        self.assertEqual([f"{n}\n" for n in range(20)], asyncio.run(run_all()))

    def test_a_cancelled_task_ends_its_sandbox(self) -> None:
        async def cancel() -> str:
            async with AsyncClient(SERVICE.url) as client:
                ids: list[str] = []

                async def work() -> None:
                    async with AsyncSandbox(client=client) as sandbox:
                        stream = sandbox.run_code_stream("print(1, flush=True)\nwhile True: pass")
                        async for _ in stream:
                            ids.append(sandbox.id)

                task = asyncio.create_task(work())
                while not ids:
                    await client.check_health()
                task.cancel()
                with self.assertRaises(asyncio.CancelledError):
                    await task
                return (await client.get_sandbox(ids[0])).state

        self.assertEqual("ended", asyncio.run(cancel()))
