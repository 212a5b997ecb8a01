"""Entry of the supervisor: python3 -I -S main.py [--socket PATH] [--home DIR] [--memory-events PATH] [--preload MODULE,…] [--user NUMBER] [--probe] [--bytecode]."""

from __future__ import annotations

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from podflare_guest.settings import Settings  # noqa: E402
from podflare_guest.supervisor import Supervisor  # noqa: E402


def main() -> None:
    # As PID 1 kill(-1) ends this container; anywhere else it would end the machine.
    if os.getpid() != 1:
        sys.exit("podflare guest: must be PID 1 of its own pid namespace")
    settings = Settings.parse(sys.argv[1:])
    if settings.probe:
        from podflare_guest.isolation_probe import probe

        probe(settings)
    elif settings.bytecode:
        from podflare_guest.bytecode import compile_guest

        compile_guest(settings)
    else:
        Supervisor(settings).run()


if __name__ == "__main__":
    main()
