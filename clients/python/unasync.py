#!/usr/bin/env python3
"""Generates the blocking half of the SDK (src/podflare/_sync) from the asyncio half (src/podflare/_async).

    unasync.py            writes the files
    unasync.py --check    exits with 1 and names the files that are out of date

The source is rewritten line by line, docstrings included. A line that ends with ``# async only`` is left out, and ``# blocking only: CODE``
becomes CODE. ``io.py`` is written separately for each half.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

PACKAGE = Path(__file__).parent / "src/podflare"
MODULES = ("client", "administration", "hosts", "keys", "telemetry", "tenants", "webhooks", "stdin", "tools", "stream", "terminal", "watch", "code", "processes", "runs", "contexts", "files", "folders", "lifetime", "observation", "sandbox")

HEADER = "# Generated from ../_async/{name}.py by unasync.py. Do not edit.\n"

# In order. A sentence that only fits one half is replaced as a whole.
RULES = (
    (r"Entering it with ``async with``, or awaiting it, creates the sandbox;", "Creating the object creates the sandbox;"),
    (r"An asynchronous connection to a Podflare server, to be shared by sandboxes and tasks", "A connection to a Podflare server, to be shared by sandboxes and threads"),
    (r"``await AsyncSandbox\(…\)``", "``Sandbox(…)``"),
    (r"Task cancellation or Ctrl-C", "Ctrl-C"),
    (r"asynchronous code", "blocking code"),
    (r", or be asynchronous", ""),
    (r" The function may be asynchronous\.", ""),
    (r" The functions may be asynchronous\.", ""),
    (r"\[event async for event in (\w+)\]", r"list(\1)"),
    (r"\basync (def|with|for)\b", r"\1"),
    (r"\bawait ", ""),
    (r"\bAsync(Administration|Client|Context|Contexts|Data|Feed|Files|Hosts|Iterator|Keys|RunStream|Sandbox\w*|Telemetry|Tenants|Terminal|ToolRunner|Watch|Webhooks)\b", r"\1"),
    (r"\bStopAsyncIteration\b", "StopIteration"),
    (r"\b__a(enter|exit|iter|next)__\b", r"__\1__"),
    (r"\ba(close|read)\(", r"\1("),
    (r'"aclose"', '"close"'),
    (r"\.\._async\b", ".._sync"),
)


def to_blocking(name: str, source: str) -> str:
    lines = []
    for line in source.splitlines(keepends=True):
        if line.rstrip().endswith("# async only"):
            continue
        line = re.sub(r"# blocking only: ", "", line)
        for pattern, replacement in RULES:
            line = re.sub(pattern, replacement, line)
        lines.append(line)
    # What is left out may leave three empty lines, or two inside of a class.
    return HEADER.format(name=name) + re.sub(r"\n\n\n+(?=[ #])", "\n\n", "".join(lines))


def main() -> int:
    is_check = sys.argv[1:] == ["--check"]
    if sys.argv[1:] and not is_check:
        print("usage: unasync.py [--check]", file=sys.stderr)
        return 2
    stale = []
    for name in MODULES:
        target = PACKAGE / "_sync" / f"{name}.py"
        generated = to_blocking(name, (PACKAGE / "_async" / f"{name}.py").read_text(encoding="utf-8"))
        if target.exists() and target.read_text(encoding="utf-8") == generated:
            continue
        stale.append(target)
        if not is_check:
            target.write_text(generated, encoding="utf-8")
    for path in stale:
        print(f"{path} {'is out of date: run clients/python/unasync.py' if is_check else 'was written'}")
    return 1 if is_check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
