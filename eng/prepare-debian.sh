#!/usr/bin/env bash
# Installs on a minimal Debian, such as a container of continuous integration, what the other scripts expect to be there.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

say "== Debian: installing what the scripts expect"
apt_install ca-certificates curl git procps python3 util-linux xz-utils libicu72
