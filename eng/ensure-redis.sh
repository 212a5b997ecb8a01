#!/usr/bin/env bash
# Makes sure that redis-server and redis-cli are installed; starts nothing (redis.sh does).
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

say "== Redis: making sure that redis-server is installed"
if ! command -v redis-server >/dev/null || ! command -v redis-cli >/dev/null; then
  apt_install redis-server redis-tools
fi
redis-server --version | awk '{ print "redis-server " substr($3, 3) }'
