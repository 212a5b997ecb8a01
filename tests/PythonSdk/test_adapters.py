"""The adapters for frameworks, against stubs of their interfaces and real sandboxes. The stubs name their versions."""

from __future__ import annotations

import asyncio
import base64
import importlib
import subprocess
import sys
import unittest
from pathlib import Path
from typing import Any

from podflare import AsyncClient, AsyncSandbox, Client, Sandbox, SandboxEndedError
from service import REPOSITORY, SERVICE, wait_until

STUBS = str(Path(__file__).parent / "stubs")
PNG = b"\x89PNG\r\n\x1a\n"
PICTURE = f"class Picture:\n    def _repr_png_(self): return {PNG!r}\n    def __repr__(self): return 'a picture'\nPicture()"


def adapter(name: str) -> Any:
    """An adapter whose framework is the stub."""
    sys.path.insert(0, STUBS)
    try:
        return importlib.import_module(f"podflare.adapters.{name}")
    finally:
        sys.path.remove(STUBS)


class MissingFrameworkTests(unittest.TestCase):
    def test_the_error_names_the_extra(self) -> None:
        extras = {"deepagents": "deepagents", "openai_agents": "openai-agents", "smolagents": "smolagents", "pydantic_ai": "pydantic-ai", "autogen": "autogen"}
        declared = (REPOSITORY / "clients/python/pyproject.toml").read_text(encoding="utf-8")
        for name, extra in extras.items():
            with self.subTest(name):
                done = subprocess.run([sys.executable, "-c", f"import podflare.adapters.{name}"], capture_output=True, text=True)
                self.assertIn(f"ImportError: ", done.stderr)
                self.assertIn(f"podflare-selfhosted[{extra}]", done.stderr)
                self.assertIn(f"\n{extra} = [", declared)

    def test_those_without_a_framework_need_none(self) -> None:
        subprocess.run([sys.executable, "-c", "import podflare.adapters.anthropic, podflare.adapters.llamaindex"], check=True)


class BlockingAdapterTests(unittest.TestCase):
    sandbox: Sandbox

    @classmethod
    def setUpClass(cls) -> None:
        client = cls.enterClassContext(Client(SERVICE.url))
        cls.sandbox = cls.enterClassContext(Sandbox(client=client))
        cls.client = client

    def test_deepagents_executes_commands(self) -> None:
        backend = adapter("deepagents").PodflareBackend(self.sandbox)
        self.assertEqual(self.sandbox.id, backend.id)
        result = backend.execute("echo 1; echo 2 >&2; echo 3; exit 4")
        self.assertEqual(("1\n2\n3\n", 4, False), (result.output, result.exit_code, result.truncated))
        result = backend.execute("echo begun; exec sleep 60", timeout=1)
        self.assertEqual(("begun\n[timed out after 1 s]", 124), (result.output, result.exit_code))
        self.assertEqual("x", backend.execute("printf x", timeout=0).output)

    def test_deepagents_copies_files(self) -> None:
        backend = adapter("deepagents").PodflareBackend(self.sandbox)
        uploads = backend.upload_files([("/root/deep/a b.bin", PNG), ("/proc/x", b""), ("relative", b""), ("/root/deep", b"")])
        self.assertEqual([None, "invalid_path", "is_directory"], [uploads[0].error, uploads[2].error, uploads[3].error])
        self.assertIn(uploads[1].error, ("permission_denied", "file_not_found", "invalid_path"))
        paths = ["/root/deep/a b.bin", "/root/nothing", "/root/deep", "relative", "/root/deep/a b.bin/x"]
        if self.sandbox.run("id -u").stdout != "0\n":
            self.sandbox.run("mkdir closed; touch closed/file; chmod 0 closed/file")
        downloads = backend.download_files(paths)
        self.assertEqual(paths, [response.path for response in downloads])
        self.assertEqual([PNG, None, None, None, None], [response.content for response in downloads])
        self.assertEqual([None, "file_not_found", "is_directory", "invalid_path"], [response.error for response in downloads[:4]])
        self.assertIn(downloads[4].error, ("file_not_found", "invalid_path"))
        self.assertIsNotNone(backend.download_files(["/etc/shadow"])[0].error)

    def test_anthropic_runs_code(self) -> None:
        tools = adapter("anthropic").PodflareTools(self.sandbox, timeout_seconds=20)
        self.assertEqual(["run_python", "bash"], [tool["name"] for tool in tools.definitions])

        class Block:
            def __init__(self, id: str, name: str, **given: Any) -> None:
                self.type, self.id, self.name, self.input = "tool_use", id, name, given

        content = [{"type": "text", "text": "I shall compute."}, Block("t1", "run_python", code="x = 40"), Block("t2", "run_python", code="x + 2"), Block("t3", "web_search")]
        self.assertEqual(
            [
                {"type": "tool_result", "tool_use_id": "t1", "content": "[no output]", "is_error": False},
                {"type": "tool_result", "tool_use_id": "t2", "content": "42", "is_error": False},
            ],
            tools.results(content),
        )
        failed = tools.result(Block("t4", "run_python", code="1 / 0"))
        self.assertTrue(failed["is_error"] and failed["content"].endswith("ZeroDivisionError: division by zero\n[exit code 1]"))
        picture = tools.result({"type": "tool_use", "id": "t5", "name": "run_python", "input": {"code": PICTURE}})
        source = {"type": "base64", "media_type": "image/png", "data": base64.b64encode(PNG).decode()}
        self.assertEqual([{"type": "text", "text": "a picture\n[1 image]"}, {"type": "image", "source": source}], picture["content"])
        wrong = tools.result(Block("t6", "run_python", code=7))
        self.assertEqual((True, "code must be a text that is not empty"), (wrong["is_error"], wrong["content"]))

    def test_anthropic_lets_code_call_functions_of_the_program(self) -> None:
        def find(q: str, limit: int = 10) -> list[str]:
            """Searches the index."""
            return [f"{q}-{i}" for i in range(limit)]

        tools = adapter("anthropic").PodflareTools(self.sandbox, bash=False, tools={"find": find})
        (definition,) = tools.definitions
        self.assertIn("\n- tools.find(q: string, limit: integer = …): Searches the index.", definition["description"])
        used = tools.result({"id": "t", "name": "run_python", "input": {"code": "[len(tools.find(q=q, limit=3)) for q in 'ab'], tools.find(q='c', limit=1)"}})
        self.assertEqual(("([3, 3], ['c-0'])", False), (used["content"], used["is_error"]))

    def test_anthropic_keeps_a_session_of_bash(self) -> None:
        tools = adapter("anthropic").PodflareTools(self.sandbox)

        def bash(**given: Any) -> tuple[str, bool]:
            result = tools.result({"type": "tool_use", "id": "t", "name": "bash", "input": given})
            return result["content"], result["is_error"]

        self.assertEqual(("one\ntwo\n", False), bash(command="echo one; echo two >&2"))
        bash(command="mkdir -p /tmp/project && cd /tmp/project\nexport A='x y\nz' B=2\nlist=(1 '2 3')\nhello() { echo \"hello $1\"; }")
        self.assertEqual(("/tmp/project x y\nz 2 2 3\nhello you\n", False), bash(command='echo "$PWD $A $B ${list[1]}"; hello you'))
        # A command that ends the shell keeps the session, and the code of the last command is that of the call.
        self.assertEqual(("[exit code 3]", True), bash(command="C=kept; exit 3"))
        self.assertEqual(("kept\n[exit code 1]", True), bash(command="echo $C; false"))
        self.assertEqual(("bash was restarted", False), bash(restart=True))
        self.assertEqual(("/root -\n", False), bash(command='echo "$PWD ${A--}"'))

    def test_anthropic_reports_a_sandbox_that_is_gone(self) -> None:
        with Sandbox(client=self.client) as gone:
            tools = adapter("anthropic").PodflareTools(gone)
            gone.delete()
            self.assertTrue(tools.result({"id": "t", "name": "run_python", "input": {"code": "1"}})["is_error"])

    def test_smolagents_runs_steps(self) -> None:
        executor = adapter("smolagents").PodflareExecutor(client=self.client)
        sandbox_id = executor.sandbox.id
        executor.send_variables({"n": [1, 2]})
        # What smolagents makes of the tool final_answer.
        executor.send_tools(
            {"final_answer": "def final_answer(value):\n    class FinalAnswerException(BaseException):\n        def __init__(self, value): self.value = value\n"
             "        def __str__(self): return self.value\n    import json\n    raise FinalAnswerException('safe:' + json.dumps(value))"}
        )
        step = executor("total = sum(n); print('working'); {'total': total}")
        self.assertEqual(("working\n", {"total": 3}, False), (step.logs, eval(step.output) if isinstance(step.output, str) else step.output, step.is_final_answer))
        with self.assertRaisesRegex(adapter("smolagents")._AgentError, "ZeroDivisionError"):
            executor("1 / 0")
        answer = executor("print('done')\nfinal_answer({'total': total, 'text': 'é'})")
        self.assertEqual(("done\n", {"total": 3, "text": "é"}, True), (answer.logs, answer.output, answer.is_final_answer))
        with self.assertRaisesRegex(adapter("smolagents")._AgentError, "pip could not install"):
            executor.install_packages(["no-such-package-exists"])
        executor.cleanup()
        executor.cleanup()
        self.assertRaises(SandboxEndedError, Sandbox.connect, sandbox_id, client=self.client)


class AsyncAdapterTests(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self) -> None:
        self.client = await self.enterAsyncContext(AsyncClient(SERVICE.url))
        self.sandbox = await self.enterAsyncContext(AsyncSandbox(client=self.client))

    async def test_openai_agents_runs_code(self) -> None:
        tool = adapter("openai_agents").code_tool(self.sandbox, needs_approval=True)
        self.assertEqual(("run_python", True, ["code"]), (tool.name, tool.needs_approval, tool.params_json_schema["required"]))
        self.assertTrue(tool.description.startswith("Runs Python code."))
        await tool.on_invoke_tool("x = 40")
        self.assertEqual("42", await tool.on_invoke_tool("x + 2"))
        text, image = await tool.on_invoke_tool(PICTURE)
        self.assertEqual(("a picture\n[1 image]", f"data:image/png;base64,{base64.b64encode(PNG).decode()}"), (text.text, image.image_url))

    async def test_openai_agents_runs_commands(self) -> None:
        agents = adapter("openai_agents")._agents
        tool = adapter("openai_agents").shell_tool(self.sandbox)

        async def shell(*commands: str, timeout_ms: int | None = None, max_output_length: int | None = None) -> Any:
            action = agents.ShellActionRequest(list(commands), timeout_ms, max_output_length)
            return await tool.executor(agents.ShellCommandRequest(None, agents.ShellCallData("c", action)))

        result = await shell("echo out; echo err >&2; exit 3", "pwd", max_output_length=500)
        self.assertEqual(500, result.max_output_length)
        self.assertEqual([("out\n", "err\n", "exit", 3), ("/root\n", "", "exit", 0)], [(each.stdout, each.stderr, each.outcome.type, each.outcome.exit_code) for each in result.output])
        result = await shell("echo begun; exec sleep 60", "echo never", timeout_ms=1000)
        self.assertEqual([("begun\n", "timeout", None)], [(each.stdout, each.outcome.type, each.outcome.exit_code) for each in result.output])

    async def test_pydantic_ai_runs_code(self) -> None:
        toolset = adapter("pydantic_ai").code_toolset(self.sandbox, requires_approval=True)
        run = toolset.tools["run_python"]
        self.assertEqual(("podflare", True), (toolset.id, toolset.requires_approval))
        await run("x = 40")
        self.assertEqual("42", await run(code="x + 2"))
        text, image = await run(PICTURE)
        self.assertEqual(("a picture\n[1 image]", PNG, "image/png"), (text, image.data, image.media_type))

    async def test_llamaindex_runs_code_in_a_context(self) -> None:
        await self.sandbox.contexts.create("agent")
        execute = adapter("llamaindex").code_execute_fn(self.sandbox, context="agent")
        await execute("x = 40")
        self.assertEqual("42", await execute("x + 2"))
        self.assertEqual("NameError", (await self.sandbox.run_code("x")).error.name)
        with Sandbox.attach(self.sandbox.id, client=Client(SERVICE.url)) as blocking:
            self.assertEqual("40", await adapter("llamaindex").code_execute_fn(blocking, context="agent")("x"))

    async def test_autogen_runs_blocks(self) -> None:
        module = adapter("autogen")
        from autogen_core import CancellationToken
        from autogen_core.code_executor import CodeBlock

        executor = module.PodflareCodeExecutor(client=self.client, timeout_seconds=20)
        self.assertRaises(RuntimeError, executor._started)
        async with executor:
            own = executor._sandbox
            result = await executor.execute_code_blocks([CodeBlock("x = 40", "python"), CodeBlock("echo $((x + 2)); cd /tmp; pwd", "sh"), CodeBlock("x + 2", "Python")], CancellationToken())
            self.assertEqual((0, "[no output]\n2\n/tmp\n\n42"), (result.exit_code, result.output))
            result = await executor.execute_code_blocks([CodeBlock("1 / 0", "python"), CodeBlock("x", "python")], CancellationToken())
            self.assertEqual(1, result.exit_code)
            self.assertTrue(result.output.endswith("[exit code 1]"))
            await executor.restart()
            self.assertIn("NameError", (await executor.execute_code_blocks([CodeBlock("x", "python")], CancellationToken())).output)
            with self.assertRaisesRegex(ValueError, "ruby"):
                await executor.execute_code_blocks([CodeBlock("1", "ruby")], CancellationToken())
        with self.assertRaises(SandboxEndedError):
            await own.run_code("1")

    async def test_autogen_interrupts_a_cancelled_block(self) -> None:
        module = adapter("autogen")
        from autogen_core import CancellationToken
        from autogen_core.code_executor import CodeBlock

        async with module.PodflareCodeExecutor(self.sandbox) as executor:
            token = CancellationToken()
            call = asyncio.ensure_future(executor.execute_code_blocks([CodeBlock("kept = 1\nopen('started', 'w').close()\nwhile True: pass", "python")], token))
            async with asyncio.timeout(20):
                while not await self.sandbox.files.exists("started"):
                    await asyncio.sleep(0.05)
            token.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await call
            self.assertEqual("1", (await executor.execute_code_blocks([CodeBlock("kept", "python")], CancellationToken())).output)
        # It belongs to the caller.
        self.assertEqual("1", (await self.sandbox.run_code("1")).text)
