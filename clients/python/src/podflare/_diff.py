"""The differences between the files of two sandboxes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from ._errors import ProtocolError
from ._result import RunResult

FOLDERS = ("/root", "/tmp")

# Runs in the sandbox as a bash run, in a process of its own, so that the variables of the Python REPL are not touched. It lists regular files
# and links only and opens nothing else, since a pipe would block it. Names that are not UTF-8 are escaped, as JSON text is ASCII.
SCAN = r"""exec python3 -I -c '
import hashlib, json, os, stat, sys
for top in sys.argv[1:]:
    for folder, _, _ in os.walk(top):
        for entry in os.scandir(folder):
            digest = None
            try:
                mode = entry.stat(follow_symlinks=False).st_mode
                if stat.S_ISLNK(mode):
                    digest = "link:" + os.readlink(entry.path)
                elif stat.S_ISREG(mode):
                    whole = hashlib.sha256()
                    with open(entry.path, "rb") as file:
                        while piece := file.read(1 << 20):
                            whole.update(piece)
                    digest = whole.hexdigest()
                else:
                    continue
            except FileNotFoundError:
                continue
            except OSError:
                pass
            print(json.dumps([entry.path, digest]))
print(json.dumps("end"))
' """ + " ".join(FOLDERS)


@dataclass(frozen=True, slots=True)
class SandboxDiff:
    """The differences between the files of two sandboxes under ``/root`` and ``/tmp``. Paths are absolute and sorted."""

    only_here: tuple[str, ...]
    only_there: tuple[str, ...]
    changed: tuple[str, ...]
    """In both, with different content (by SHA-256) or with different link targets."""
    unreadable: tuple[str, ...] = ()
    """In both, but not readable in at least one, so they were not compared."""

    def __bool__(self) -> bool:
        """Whether anything is known to differ."""
        return bool(self.only_here or self.only_there or self.changed)


def files_of(scan: RunResult) -> Mapping[str, str | None]:
    """Parses the output of SCAN: a digest for each path, None if the file cannot be read."""
    lines = scan.stdout.splitlines()
    # The exit code alone would not show that a line is missing.
    if not scan.ok or not lines or lines.pop() != '"end"':
        error = ProtocolError(f"the files of a sandbox could not be listed: exit code {scan.exit_code}, {scan.stderr.strip()[-300:] or 'no message'}")
        error.run_id = scan.run_id
        raise error
    return {path: digest for path, digest in map(json.loads, lines)}


def compare(here: Mapping[str, str | None], there: Mapping[str, str | None]) -> SandboxDiff:
    both = sorted(here.keys() & there.keys())
    unknown = tuple(path for path in both if here[path] is None or there[path] is None)
    return SandboxDiff(
        only_here=tuple(sorted(here.keys() - there.keys())),
        only_there=tuple(sorted(there.keys() - here.keys())),
        changed=tuple(path for path in both if here[path] is not None and there[path] is not None and here[path] != there[path]),
        unreadable=unknown,
    )
