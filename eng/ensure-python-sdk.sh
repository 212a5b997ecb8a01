#!/usr/bin/env bash
# Makes sure that the Debian packages are installed that the Python SDK needs to run, to be checked and to be built.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

say "== Python SDK: making sure that its packages are installed"
apt_install python3 python3-httpx python3-venv python3-hatchling python3-build mypy
# The distribution's own Python has them; another one that is first on the PATH does not.
/usr/bin/python3 -c 'import sys, httpx; assert sys.version_info >= (3, 10); print("Python %d.%d with httpx %s" % (*sys.version_info[:2], httpx.__version__))' \
  || die "the Python SDK needs Python 3.10 or newer with httpx, and /usr/bin/python3 is not that (above)."
