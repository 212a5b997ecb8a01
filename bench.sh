#!/usr/bin/env bash
# Measures Podflare against local pipes in one run: the embedded process, and a cluster of two workers and two frontends with Redis.
# bench.sh [--only=runs|sandboxes]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
. eng/lib.sh
say "== Podflare: measuring (about ten minutes; figures count only on a quiet machine)"
need_sdk
eng/ensure-docker.sh
eng/ensure-redis.sh
eng/build-images.sh
dotnet build Podflare.sln -c Release --disable-build-servers --nologo -v quiet '-clp:ErrorsOnly;NoSummary'
folder=$(mktemp -d /tmp/pf.XXXXXX)
export PODFLARE_CLUSTER_DIR=$folder/c PODFLARE_CLUSTER_PORT=${PODFLARE_BENCH_PORT:-7300} PODFLARE_CLUSTER_ID=bench-${folder##*.} PODFLARE_SKIP_SETUP=1
PODFLARE_CLUSTER_ID=${PODFLARE_CLUSTER_ID,,}
embedded=127.0.0.1:$((PODFLARE_CLUSTER_PORT + 50))
pid=
clean_up() {
  [ -z "$pid" ] || kill "$pid" 2>/dev/null || true
  eng/cluster.sh down >/dev/null 2>&1 || true
  [ -z "$pid" ] || wait "$pid" 2>/dev/null || true
  rm -rf "$folder"
}
trap clean_up EXIT
PODFLARE_HOSTD_ADDR=$embedded Podflare__RunFolder=$folder/e dotnet artifacts/bin/Frontend/release/Podflare.Frontend.dll >"$folder/embedded.log" 2>&1 &
pid=$!
eng/cluster.sh up
for _ in $(seq 300); do curl -fs "http://$embedded/readyz" >/dev/null && break; sleep 0.1; done
dotnet artifacts/bin/Bench/release/Podflare.Bench.dll "$@" "embedded=http://$embedded" "two processes=http://127.0.0.1:$((PODFLARE_CLUSTER_PORT + 1))"
