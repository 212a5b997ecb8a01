#!/usr/bin/env bash
# Checks the types of the console's JavaScript with the TypeScript compiler of the TypeScript SDK. Needs Node.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. eng/lib.sh

tsc=clients/typescript/node_modules/.bin/tsc
if [ ! -x "$tsc" ]; then
  tsc=artifacts/typescript/node_modules/.bin/tsc
  version=$(node -p 'require("./clients/typescript/package.json").devDependencies.typescript')
  [ -x "$tsc" ] || npm install --prefix artifacts/typescript --no-save --no-audit --no-fund --silent "typescript@$version"
fi
"$tsc" -p src/Frontend/Console/tsconfig.json
