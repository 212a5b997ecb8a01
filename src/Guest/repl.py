"""Entry of the interpreter, started by the supervisor: python3 repl.py CONTROL_FD RECORDS_FD BEGUN_FD [MODULE,…]."""

from __future__ import annotations

import os
import sys


def main() -> None:
    control, records, begun = (int(argument) for argument in sys.argv[1:4])
    modules = sys.argv[4].split(",") if len(sys.argv) > 4 else []
    guest = os.path.dirname(os.path.abspath(__file__))
    keep = sys.dont_write_bytecode
    sys.dont_write_bytecode = True
    sys.path[0] = guest  # replaces the folder of this script, and is replaced in turn below
    from podflare_guest.repl.driver import Driver

    sys.argv[:] = [""]
    driver = Driver(control, records, begun, guest, modules)
    # Until here nothing of the user's is on the path, so none of his files can be executed in place of a library's.
    driver.set_up()
    sys.dont_write_bytecode = keep
    # As in an interactive Python: modules in the working directory can be imported.
    sys.path[0] = ""
    # What pip has installed for the user, without the .pth files in it, which are code.
    sys.path.append(os.path.expanduser(f"~/.local/lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"))
    # Last: a module of the user's with the same name is the one that is found.
    sys.path.append(os.path.join(guest, "lib"))
    driver.serve()


if __name__ == "__main__":
    main()
