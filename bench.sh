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
embedded=127.0.0.1:$((PODFLARE_CLUSTER_PORT + 50)) traced=127.0.0.1:$((PODFLARE_CLUSTER_PORT + 51)) hung=127.0.0.1:$((PODFLARE_CLUSTER_PORT + 52))
sink=$((PODFLARE_CLUSTER_PORT + 53)) hole=$((PODFLARE_CLUSTER_PORT + 54))
pids=()
clean_up() {
  [ "${#pids[@]}" = 0 ] || kill "${pids[@]}" 2>/dev/null || true
  eng/cluster.sh down >/dev/null 2>&1 || true
  [ "${#pids[@]}" = 0 ] || wait "${pids[@]}" 2>/dev/null || true
  rm -rf "$folder"
}
trap clean_up EXIT
embedded() { # name address: the single process; variables of the caller's count
  PODFLARE_HOSTD_ADDR=$2 Podflare__RunFolder=$folder/$1 dotnet artifacts/bin/Frontend/release/Podflare.Frontend.dll >"$folder/$1.log" 2>&1 &
  pids+=($!)
  for _ in $(seq 300); do curl -fs "http://$2/readyz" >/dev/null && return; sleep 0.1; done
}
python3 bench/otlp_sink.py "$sink" "$hole" &
pids+=($!)
embedded e "$embedded"
OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:$sink embedded t "$traced"
OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:$hole embedded h "$hung"
eng/cluster.sh up
dotnet artifacts/bin/Bench/release/Podflare.Bench.dll "$@" "embedded=http://$embedded" "two processes=http://127.0.0.1:$((PODFLARE_CLUSTER_PORT + 1))" \
  "embedded, traced / not=http://$embedded,http://$traced" "embedded, OTLP hangs / off=http://$embedded,http://$hung"
