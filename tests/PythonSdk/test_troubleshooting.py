"""docs/troubleshooting.md: each of the common mistakes is made, and what the table quotes is read."""

from __future__ import annotations

import http.server
import os
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import unittest
from collections.abc import Mapping
from pathlib import Path

from service import ADMIN_KEY, REPOSITORY, SERVICE, WITH_KEYS, free_port, wait_until

LIMIT_SECONDS = 60
CLI = ["dotnet", str(REPOSITORY / "artifacts/bin/Cli/release/podflare.dll")]
FRONTEND = ["dotnet", str(REPOSITORY / "artifacts/bin/Frontend/release/Podflare.Frontend.dll")]
NOBODY = 65534


def quoted() -> list[str]:
    """The first text in backticks of each row of the table."""
    page = (REPOSITORY / "docs/troubleshooting.md").read_text(encoding="utf-8")
    table = page[page.index("| you see |") : page.index("## Installing")]
    rows = [line for line in table.splitlines()[2:] if line.startswith("|")]
    return [match[1] for row in rows if (match := re.search(r"`([^`]+)`", row))]


class TroubleshootingTests(unittest.TestCase):
    _left: list[str]

    @classmethod
    def setUpClass(cls) -> None:
        cls._left = quoted()

    @classmethod
    def tearDownClass(cls) -> None:
        if cls._left:
            raise AssertionError(f"no test makes these happen: {cls._left}")

    def setUp(self) -> None:
        self._folder = tempfile.mkdtemp(prefix="pfts.", dir="/tmp")
        self.addCleanup(shutil.rmtree, self._folder, ignore_errors=True)

    def check(self, text: str, output: str, **replaced: str) -> None:
        """text: the row; replaced: what the row has in place of this test's own values."""
        self.assertIn(text, quoted())
        for of_test, of_page in replaced.items():
            output = output.replace(of_page, {"port": "7070", "engine": "unix:///var/run/docker.sock"}[of_test])
        self.assertTrue(text in output, output[-2000:])
        type(self)._left = [row for row in self._left if row != text]

    def run_tool(self, command: list[str], settings: Mapping[str, str] | None = None) -> str:
        """The command's output; it must fail."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("PODFLARE_HOSTD", "PODFLARE_API"))}
        environment |= {"XDG_CONFIG_HOME": self._folder, "Podflare__RunFolder": self._folder, "Podflare__ClusterId": f"test-{free_port()}", **(settings or {})}
        done = subprocess.run(command, env=environment, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=LIMIT_SECONDS)
        self.assertNotEqual(0, done.returncode, done.stdout)
        return done.stdout

    def test_no_server(self) -> None:
        port = free_port()
        output = self.run_tool([*CLI, "run", "-c", "1"], {"PODFLARE_HOSTD_URL": f"http://127.0.0.1:{port}"})
        self.check("Cannot connect to http://127.0.0.1:7070: Connection refused.", output, port=str(port))

    def test_keys(self) -> None:
        output = self.run_tool([*CLI, "run", "-c", "1"], {"PODFLARE_HOSTD_URL": WITH_KEYS.url})
        self.check("The server requires an API key.", output)
        output = self.run_tool([*CLI, "run", "-c", "1"], {"PODFLARE_HOSTD_URL": WITH_KEYS.url, "PODFLARE_API_KEY": f"'{ADMIN_KEY}'"})
        self.check("The server does not accept this API key.", output)

    def test_another_service(self) -> None:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
        server.RequestHandlerClass.log_message = lambda *_: None  # type: ignore[method-assign]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        for url in (f"http://127.0.0.1:{server.server_port}", f"{SERVICE.url}/v1"):
            with self.subTest(url):
                output = self.run_tool([*CLI, "run", "-c", "1"], {"PODFLARE_HOSTD_URL": url})
                self.check("Check that this is the address of a Podflare server.", output)

    def test_a_body_without_its_type(self) -> None:
        output = self.run_tool(["curl", "-sS", "--fail-with-body", f"{SERVICE.url}/v1/sandboxes", "-d", "{}"])
        self.assertIn("unsupported_media_type", output)
        self.check("Content-Type", output)

    def test_run_without_root(self) -> None:
        if os.geteuid() != 0:
            self.check("Podflare must run as root", self.run_tool(["bash", "run.sh"]))
        else:
            self.check("Podflare must run as root", self.run_tool(["setpriv", f"--reuid={NOBODY}", "--clear-groups", "bash", "run.sh"]))

    def test_no_sdk(self) -> None:
        for name in ("bash", "sed", "awk", "dirname", "basename", "paste", "head"):
            os.symlink(shutil.which(name) or "", Path(self._folder, name))
        self.check("the .NET 10 SDK is missing", self.run_tool(["bash", "-c", ". eng/lib.sh; need_sdk"], {"PATH": self._folder}))

    def test_no_engine(self) -> None:
        environment = {**os.environ, "PODFLARE_HOSTD_ADDR": f"127.0.0.1:{free_port()}", "Podflare__RunFolder": self._folder, "Podflare__Engine__Endpoint": "unix:///no/such.sock"}
        log = Path(self._folder, "log")
        with log.open("wb") as file:
            process = subprocess.Popen(FRONTEND, env=environment, stdout=file, stderr=file)
        try:
            wait_until(lambda: "Start Docker" in log.read_text(encoding="utf-8"), LIMIT_SECONDS, "the engine is missed")
        finally:
            process.terminate()
            process.wait(LIMIT_SECONDS)
        # A signal during the start is an ordinary stop.
        self.assertEqual(0, process.returncode, log.read_text(encoding="utf-8"))
        self.check("the container engine at unix:///var/run/docker.sock does not answer.", log.read_text(encoding="utf-8"), engine="unix:///no/such.sock")

    def test_a_port_in_use(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            output = self.run_tool(FRONTEND, {"PODFLARE_HOSTD_ADDR": f"127.0.0.1:{port}"})
        self.check("the address 127.0.0.1:7070 is in use by another process", output, port=str(port))

    def test_a_public_address_without_keys(self) -> None:
        output = self.run_tool(FRONTEND, {"PODFLARE_HOSTD_ADDR": f"0.0.0.0:{free_port()}"})
        self.check("anyone on the network could run code on this machine", output)

    def test_no_redis(self) -> None:
        settings = {"ConnectionStrings__Redis": f"127.0.0.1:{free_port()}", "Podflare__Role": "Frontend", "Podflare__Redis__StartSeconds": "1", "PODFLARE_HOSTD_ADDR": f"127.0.0.1:{free_port()}"}
        self.check("has not answered for", self.run_tool(FRONTEND, settings))

    def test_an_unknown_template(self) -> None:
        self.check("template_not_found", self.run_tool([*CLI, "run", "-c", "1", "--template", "no-such"], {"PODFLARE_HOSTD_URL": SERVICE.url}))

    def test_an_ended_sandbox(self) -> None:
        settings = {"PODFLARE_HOSTD_URL": SERVICE.url}
        environment = {**os.environ, **settings, "XDG_CONFIG_HOME": self._folder}
        created = subprocess.run([*CLI, "sandbox", "create"], env=environment, capture_output=True, text=True, check=True, timeout=LIMIT_SECONDS).stdout.strip()
        subprocess.run([*CLI, "sandbox", "rm", created], env=environment, capture_output=True, check=True, timeout=LIMIT_SECONDS)
        self.check("sandbox_ended", self.run_tool([*CLI, "sandbox", "exec", created, "-c", "1"], settings))
