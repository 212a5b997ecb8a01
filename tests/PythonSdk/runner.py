"""Runs the tests of this folder; the last line is ``N passed, N failed``."""

import logging
import signal
import sys
import unittest
from pathlib import Path

from service import SERVICE, WITH_KEYS


def main() -> int:
    loader = unittest.TestLoader()
    # Retries are what many tests are about. Those that look at the log capture it.
    logging.getLogger("podflare").addHandler(logging.NullHandler())
    here = str(Path(__file__).parent)
    suite = loader.loadTestsFromNames(sys.argv[1:]) if sys.argv[1:] else loader.discover(here, top_level_dir=here)
    # So that the service is stopped then too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        result = unittest.TextTestRunner(sys.stdout, verbosity=2).run(suite)
    finally:
        SERVICE.stop()
        WITH_KEYS.stop()
    bad = len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)
    passed = max(0, result.testsRun - bad - len(result.skipped))
    skipped = f", {len(result.skipped)} skipped" if result.skipped else ""
    # An error outside any test, in a module or a class, is counted although nothing ran.
    print(f"{passed} passed, {bad or int(passed == 0)} failed{skipped}", flush=True)
    return 0 if bad == 0 and passed else 1


if __name__ == "__main__":
    sys.exit(main())
