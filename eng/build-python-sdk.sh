#!/usr/bin/env bash
# Builds the wheel and sdist of the Python SDK without a network: build-python-sdk.sh [FOLDER]
#
# FOLDER is the output folder. Default: artifacts/python.
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
# Dependencies are not checked, because hatchling names some that only editable installs need. The wheel is built from the sdist, as pip does.
if ! /usr/bin/python3 -m build --no-isolation --skip-dependency-check --outdir "$folder" "$here/../clients/python" >"$log" 2>&1; then
  tail -n 25 "$log" >&2
  die "the build failed; its last lines are above."
fi
(cd "$folder" && printf '%s\n' podflare_selfhosted-*)
