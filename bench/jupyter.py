"""A Jupyter kernel over zmq, with the distribution's python3-ipykernel and python3-jupyter-client.

Reads lines `what times`, answers each with a JSON list of milliseconds. `start`: until a new kernel answers; `print`: print(1) in a
warm kernel, until its reply and the end of its output are here; `lines`: a million of them.
"""

from __future__ import annotations

import json
import os
import sys
import time

# Else each kernel warns on stderr that a debugger might miss breakpoints.
os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"

from jupyter_client.blocking import BlockingKernelClient  # noqa: E402
from jupyter_client.manager import KernelManager  # noqa: E402


def start() -> tuple[KernelManager, BlockingKernelClient]:
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=60)
    return manager, client


def stop(manager: KernelManager, client: BlockingKernelClient) -> None:
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def run(client: BlockingKernelClient, code: str, lines: int) -> None:
    request = client.execute(code)
    seen = 0
    while True:
        message = client.get_iopub_msg(timeout=120)
        if message["parent_header"].get("msg_id") != request:
            continue
        if message["msg_type"] == "stream":
            seen += message["content"]["text"].count("\n")
        elif message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
            break
    while client.get_shell_msg(timeout=60)["parent_header"].get("msg_id") != request:
        pass
    if seen != lines:
        raise RuntimeError(f"{lines} lines were expected, {seen} came")


def main() -> None:
    manager, client = start()
    try:
        for line in sys.stdin:
            what, times = line.split()
            took = []
            for _ in range(int(times)):
                began = time.perf_counter_ns()
                if what == "print":
                    run(client, "print(1)", 1)
                elif what == "lines":
                    run(client, "for i in range(1000000): print(i)", 1_000_000)
                else:
                    other = start()
                took.append((time.perf_counter_ns() - began) / 1e6)
                if what == "start":
                    stop(*other)
            print(json.dumps(took), flush=True)
    finally:
        stop(manager, client)


if __name__ == "__main__":
    main()
