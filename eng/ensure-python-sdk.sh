#!/usr/bin/env bash
# Installs the Debian packages that the Python SDK needs to run, to be tested, type-checked and built.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

say "== Python SDK: installing missing packages"
apt_install python3 python3-httpx python3-trio python3-venv python3-hatchling python3-build mypy
# Only the distribution's own Python has these packages.
/usr/bin/python3 -c 'import sys, httpx; assert sys.version_info >= (3, 10); print("Python %d.%d with httpx %s" % (*sys.version_info[:2], httpx.__version__))' \
  || die "the Python SDK needs Python 3.10 or newer with httpx; /usr/bin/python3 is too old or has no httpx (see above)."
