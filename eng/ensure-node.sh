#!/usr/bin/env bash
# Makes sure that Node 20 or newer comes first on PATH. To be sourced, after lib.sh. Only tests need Node; nothing that a user runs does.
node_major() { node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0; }

if [ "$(node_major)" -lt 20 ]; then
  folder=${PODFLARE_TEST_FOLDER:-$PWD/artifacts/node}
  if [ ! -x "$folder/node_modules/.bin/node" ]; then
    say "== Node: installing the package node, because the machine has none or an older one"
    command -v npm >/dev/null || apt_install npm
    npm install --prefix "$folder" --no-audit --no-fund --loglevel=error node@22
  fi
  PATH=$folder/node_modules/.bin:$PATH
  export PATH
  [ "$(node_major)" -ge 20 ] || die "the tests of the TypeScript SDK need Node 20 or newer; the package node could not be installed (see above)."
fi
