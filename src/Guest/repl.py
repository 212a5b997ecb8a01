"""Entry of the REPL, started by the supervisor: python3 repl.py CONTROL_FD RECORDS_FD [MODULE,…]."""

from __future__ import annotations

import os
import sys


def main() -> None:
    control, records = int(sys.argv[1]), int(sys.argv[2])
    modules = sys.argv[3].split(",") if len(sys.argv) > 3 else []
    guest = os.path.dirname(os.path.abspath(__file__))
    keep = sys.dont_write_bytecode
    sys.dont_write_bytecode = True
    sys.path[0] = guest  # replaces the folder of this script, and is replaced in turn below
    from podflare_guest.repl.driver import Driver

    sys.dont_write_bytecode = keep
    # As in an interactive Python: modules in the working directory can be imported.
    sys.path[0] = ""
    sys.argv[:] = [""]
    Driver(control, records, guest, modules).serve()


if __name__ == "__main__":
    main()
