"""The service that the tests talk to: the embedded process, started when the first test asks for it."""

from __future__ import annotations

import contextlib
import os
import random
import secrets
import shutil
import socket
import subprocess
import tempfile
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
_PROGRAM = REPOSITORY / "artifacts/bin/Frontend/release/Podflare.Frontend.dll"
_START_SECONDS = 60
_STOP_SECONDS = 35


def wait_until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Returns when the condition holds; raises after so many seconds."""
    polls = threading.Event()
    for _ in range(int(seconds / 0.05)):
        if condition():
            return
        polls.wait(0.05)
    raise TimeoutError(f"not within {seconds} s: {what}")


def free_port() -> int:
    # Below the ports of outgoing connections, of which other tests could take it before a service listens.
    while True:
        port = random.randrange(20_000, 32_000)
        with contextlib.suppress(OSError), socket.socket() as listener:
            listener.bind(("127.0.0.1", port))
            return port


class Service:
    """An embedded service. name: of its own, short. settings: environment variables. authority: with it, the service uses TLS."""

    def __init__(self, name: str = "", settings: Mapping[str, str] | None = None, authority: Path | None = None) -> None:
        self._settings = settings or {}
        self._tls = ssl.create_default_context(cafile=authority) if authority else None
        self._process: subprocess.Popen[bytes] | None = None
        self._folder = ""
        self._cluster = f"{os.environ.get('PODFLARE_TEST_CLUSTER') or 'test-' + secrets.token_hex(4)}-py{name}"
        self._port = 0

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    def __enter__(self) -> Service:
        return self

    def __exit__(self, *arguments: object) -> None:
        self.stop()

    @property
    def port(self) -> int:
        if self._process is None:
            self._start()
        return self._port

    def _start(self) -> None:
        # Short, because a unix socket's path ends at 107 bytes.
        self._folder = tempfile.mkdtemp(prefix="pfpy.", dir="/tmp")
        self._port = free_port()
        environment = {
            **os.environ,
            "PODFLARE_HOSTD_ADDR": f"127.0.0.1:{self._port}",
            "Podflare__RunFolder": self._folder,
            "Podflare__ClusterId": self._cluster,
            **self._settings,
        }
        with open(f"{self._folder}/log", "wb") as log:
            self._process = subprocess.Popen(["dotnet", str(_PROGRAM)], env=environment, stdout=log, stderr=log, cwd=self._folder)
        try:
            wait_until(self._is_ready, _START_SECONDS, "the service is ready")
        except BaseException:
            print(Path(self._folder, "log").read_text(errors="replace")[-4000:])
            self.stop()
            raise

    def _is_ready(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise RuntimeError(f"the service ended with code {self._process.returncode}")
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=5, context=self._tls) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def stop(self) -> None:
        """Stops the process, and removes what is left of its sandboxes."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None
        listed = subprocess.run(["docker", "ps", "-aq", "--filter", f"label=podflare.cluster={self._cluster}"], capture_output=True, text=True)
        if listed.returncode == 0 and listed.stdout.split():
            subprocess.run(["docker", "rm", "-fv", *listed.stdout.split()], capture_output=True)
        shutil.rmtree(self._folder, ignore_errors=True)


SERVICE = Service()
"""For all tests that need no key."""

ADMIN_KEY = secrets.token_hex(24)
API_KEY = secrets.token_hex(16)

WITH_KEYS = Service("-keys", {"PODFLARE_ADMIN_KEYS": ADMIN_KEY, "PODFLARE_API_KEYS": API_KEY})
"""For the tests of administrators."""
