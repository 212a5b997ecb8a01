#!/usr/bin/env bash
# Restarts the container engine of this machine, with everything that runs on it: for eng/chaos.sh --engine alone.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/lib.sh"

say "== Docker engine: restarting it"
need_root "it restarts the container engine"
if [ -d /run/systemd/system ]; then
  systemctl restart docker
else
  pid=$(cat /var/run/docker.pid 2>/dev/null) && process_lives "$pid" || die "no dockerd runs."
  stop_process "$pid" 60
fi
exec "$here/ensure-docker.sh"
