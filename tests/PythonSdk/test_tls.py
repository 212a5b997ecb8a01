"""A service whose certificate a private authority has issued, and both clients."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from podflare import AsyncClient, AsyncSandbox, Client, ConnectionFailedError, RetryPolicy, Sandbox
from service import Service

_LIMIT_SECONDS = 60
_PAIR = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-x509")


def write_certificates(folder: Path) -> None:
    """An authority, and a certificate for 127.0.0.1 and localhost that it has issued."""

    def request(name: str, *more: str | Path) -> None:
        command = ["openssl", "req", *_PAIR, "-keyout", folder / f"{name}-key.pem", "-out", folder / f"{name}.pem", "-subj", f"/CN={name}", *more]
        subprocess.run(command, check=True, capture_output=True, timeout=_LIMIT_SECONDS)

    request("authority", "-addext", "keyUsage=critical,keyCertSign")
    request("other", "-addext", "keyUsage=critical,keyCertSign")
    signed_by = ("-CA", folder / "authority.pem", "-CAkey", folder / "authority-key.pem")
    request("server", *signed_by, "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE")


class TlsTests(unittest.TestCase):
    service: Service
    folder: Path

    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        write_certificates(cls.folder)
        settings = {"PODFLARE_TLS_CERT": str(cls.folder / "server.pem"), "PODFLARE_TLS_KEY": str(cls.folder / "server-key.pem")}
        cls.service = cls.enterClassContext(Service("-tls", settings, cls.folder / "authority.pem"))

    def test_a_client_that_knows_the_authority_runs_code(self) -> None:
        authority = str(self.folder / "authority.pem")
        with Client(self.service.url, verify=authority) as client, Sandbox(client=client) as sandbox:
            self.assertEqual("42\n", sandbox.run_code("print(6 * 7)").stdout)

        async def run() -> str:
            async with AsyncClient(self.service.url, verify=authority) as client, AsyncSandbox(client=client) as sandbox:
                return "".join([event.data async for event in sandbox.run_code_stream("print(6 * 7)") if event.type == "stdout"])

        self.assertEqual("42\n", asyncio.run(run()))

    def test_a_client_that_does_not_is_told_what_to_do_and_sends_nothing(self) -> None:
        for verify in (True, str(self.folder / "other.pem")):
            for error in (self.failure(verify), asyncio.run(self.failure_of_async(verify))):
                self.assertTrue(error.is_unreachable)
                self.assertIn("verify='ca.pem'", str(error))

    def test_the_environment_names_the_authority_too(self) -> None:
        code = "from podflare import Client\nwith Client() as client: client.check_health()\nprint('trusted')"
        environment = {**os.environ, "PODFLARE_HOSTD_URL": self.service.url, "SSL_CERT_FILE": str(self.folder / "authority.pem")}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=_LIMIT_SECONDS)
        self.assertEqual((0, "trusted\n"), (done.returncode, done.stdout), done.stderr)

    def failure(self, verify: bool | str) -> ConnectionFailedError:
        with Client(self.service.url, verify=verify, retry=RetryPolicy.none()) as client, self.assertRaises(ConnectionFailedError) as raised:
            client.check_health()
        return raised.exception

    async def failure_of_async(self, verify: bool | str) -> ConnectionFailedError:
        async with AsyncClient(self.service.url, verify=verify, retry=RetryPolicy.none()) as client:
            with self.assertRaises(ConnectionFailedError) as raised:
                await client.check_health()
        return raised.exception
