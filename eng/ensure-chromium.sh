#!/usr/bin/env bash
# Makes sure that Chromium is installed, for the browser tests; starts nothing.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

say "== Chromium: making sure that it is installed"
[ -x /usr/bin/chromium ] || apt_install chromium fonts-dejavu-core
/usr/bin/chromium --version --no-sandbox 2>/dev/null || die "/usr/bin/chromium does not start"
