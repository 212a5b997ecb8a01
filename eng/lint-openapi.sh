#!/usr/bin/env bash
# Checks an OpenAPI description with the linter that this repository pins: lint-openapi.sh FILE.json
#
# The linter is installed once, under artifacts/; it sends nothing anywhere.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/lib.sh"
LINTER=2.77.0

[ $# -eq 1 ] || die "usage: lint-openapi.sh FILE.json"
say "== OpenAPI: linting $1"
command -v npm >/dev/null || apt_install nodejs npm
folder=$here/../artifacts/redocly/$LINTER
if [ ! -x "$folder/node_modules/.bin/redocly" ]; then
  mkdir -p "$folder"
  npm install --prefix "$folder" --no-save --no-audit --no-fund --ignore-scripts "@redocly/cli@$LINTER" >&2
fi
REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true \
  "$folder/node_modules/.bin/redocly" lint --config "$here/redocly.yaml" --format=stylish "$1"
