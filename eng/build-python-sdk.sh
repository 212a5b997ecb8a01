#!/usr/bin/env bash
# Builds the Python SDK's wheel and sdist with what is installed, without a network: build-python-sdk.sh [FOLDER]
#
# FOLDER is where they go (default artifacts/python).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/lib.sh"

folder=${1:-$here/../artifacts/python}
"$here/ensure-python-sdk.sh"
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
say "== Python SDK: building wheel and sdist into $folder"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# Unchecked, because hatchling asks for what only editable installs need. The wheel is made from the sdist, as by an installer.
if ! /usr/bin/python3 -m build --no-isolation --skip-dependency-check --outdir "$folder" "$here/../clients/python" >"$log" 2>&1; then
  tail -n 25 "$log" >&2
  die "the build failed; its last lines are above."
fi
(cd "$folder" && printf '%s\n' podflare_selfhosted-*)
