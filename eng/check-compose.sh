#!/usr/bin/env bash
# Checks docker-compose.yml without starting anything: it is valid, asks for API keys, and publishes only what it should.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/lib.sh"

say "== Compose file: checking docker-compose.yml"
cd "$here/.."
if docker compose version >/dev/null 2>&1; then
  compose=(docker compose)
  as_json() { "${compose[@]}" "$@" config --format json; }
else
  # The older program, which Debian has; it brings Python's yaml for the distribution's own python3.
  command -v docker-compose >/dev/null || apt_install docker-compose
  compose=(docker-compose)
  as_json() { "${compose[@]}" "$@" config | /usr/bin/python3 -c 'import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout, default=str)'; }
fi

secrets=$(mktemp -d)
trap 'rm -rf "$secrets"' EXIT
"$here/cluster-certificates.sh" "$secrets/cluster" >/dev/null
export PODFLARE_CLUSTER_SECRETS=$secrets/cluster PODFLARE_API_KEYS=checked PODFLARE_STATUS_KEY=checked-too
for key in PODFLARE_API_KEYS PODFLARE_STATUS_KEY; do
  ! env -u "$key" "${compose[@]}" config >/dev/null 2>&1 || die "it is accepted without $key."
done
config=$(as_json) || die "it is not valid (above)."
python3 "$here/check-compose.py" <<<"$config"
config=$(as_json -f docker-compose.yml -f docker-compose.build.yml) || die "docker-compose.build.yml is not valid (above)."
python3 "$here/check-compose.py" --build <<<"$config"
say "docker-compose.yml is as it should be"
