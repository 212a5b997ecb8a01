#!/usr/bin/env bash
# Measures Podflare against local pipes: the embedded process, and a cluster of two workers and two frontends with Redis.
#
#   bench.sh [--only=PART,…] [--where=embedded|cluster] [--with-jupyter]
#   bench.sh --against=FOLDER [--where=embedded|cluster]
#   bench.sh --only=e2b
#
# Parts: floors, runs, tools, tracing, creates, refill, bursts, streams, neighbours, crowd, births, start, keys, codec; `sandboxes` is creates to births. One part with one
# service takes a minute or two, all of them about twenty-five. --with-jupyter also measures a Jupyter kernel from the distribution's packages.
# The part e2b compares the dialect of E2B with the native API. It needs Node, and runs only by itself.
# --against compares with another checkout, in alternate rounds: warm runs, bulk output, creates.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
. eng/lib.sh
options=() only='' where='' jupyter='' against=''
for argument; do
  case $argument in
    --only=?*) only=${argument#*=} options+=("$argument") ;;
    --where=embedded) where=embedded options+=("$argument") ;;
    --where=cluster) where=cluster options+=("--where=two processes") ;;
    --against=?*) against=$(realpath "${argument#*=}") only=against options+=(--only=against) ;;
    --with-jupyter) jupyter=1 options+=(--jupyter) ;;
    *) die "usage: bench.sh [--only=PART,…] [--where=embedded|cluster] [--with-jupyter] or bench.sh --against=FOLDER [--where=embedded|cluster]" ;;
  esac
done
# wants PART...: one of these parts was selected.
wants() {
  local part
  for part; do [[ -z $only || ,$only, == *,$part,* ]] && return 0; done
  return 1
}
say "== Podflare: measuring (about twenty-five minutes for everything; measure only on a quiet machine)"
need_sdk
eng/ensure-docker.sh
eng/ensure-redis.sh
eng/build-images.sh
[ -z "$jupyter" ] || apt_install python3-ipykernel python3-jupyter-client
dotnet build Podflare.sln -c Release --disable-build-servers --nologo -v quiet '-clp:ErrorsOnly;NoSummary'
[ -z "$against" ] || (cd "$against" && dotnet build Podflare.sln -c Release --disable-build-servers --nologo -v quiet '-clp:ErrorsOnly;NoSummary')
folder=$(mktemp -d /tmp/pf.XXXXXX)
# A template whose sandboxes never wait ready.
export Podflare__Templates__cold__Image=podflare/default:local Podflare__Templates__cold__PoolMax=0 Podflare__Hosts__PoolMemoryShare=0
export PODFLARE_CLUSTER_DIR=$folder/c PODFLARE_CLUSTER_PORT=${PODFLARE_BENCH_PORT:-7300} PODFLARE_CLUSTER_ID=bench-${folder##*.} PODFLARE_SKIP_SETUP=1
PODFLARE_CLUSTER_ID=${PODFLARE_CLUSTER_ID,,}
embedded=127.0.0.1:$((PODFLARE_CLUSTER_PORT + 50)) traced=127.0.0.1:$((PODFLARE_CLUSTER_PORT + 51)) hung=127.0.0.1:$((PODFLARE_CLUSTER_PORT + 52))
sink=$((PODFLARE_CLUSTER_PORT + 53)) hole=$((PODFLARE_CLUSTER_PORT + 54)) redis=$((PODFLARE_CLUSTER_PORT + 55)) births=127.0.0.1:$((PODFLARE_CLUSTER_PORT + 57))
pids=()
clean_up() {
  [ "${#pids[@]}" = 0 ] || kill "${pids[@]}" 2>/dev/null || true
  eng/cluster.sh down >/dev/null 2>&1 || true
  [ -z "$against" ] || cluster_of_other down >/dev/null 2>&1 || true
  [ "${#pids[@]}" = 0 ] || wait "${pids[@]}" 2>/dev/null || true
  rm -rf "$folder"
}
trap clean_up EXIT
# cluster_of_other up|down: the cluster of the other checkout, beside this one's.
cluster_of_other() {
  PODFLARE_CLUSTER_DIR=$folder/o PODFLARE_CLUSTER_PORT=$((PODFLARE_CLUSTER_PORT + 100)) PODFLARE_CLUSTER_ID=$PODFLARE_CLUSTER_ID-other "$against/eng/cluster.sh" "$1"
}
embedded() { # name address [checkout]: the single process; variables of the caller's count
  # A crowd of 200 needs room beside it for what is parked. What waits for a burst would count as a cost of the others.
  Podflare__Hosts__Slots=240 Podflare__Hosts__PoolMemoryShare=${PODFLARE_BENCH_POOL_SHARE:-0} PODFLARE_HOSTD_ADDR=$2 Podflare__RunFolder=$folder/$1 dotnet "${3:-.}/artifacts/bin/Frontend/release/Podflare.Frontend.dll" >"$folder/$1.log" 2>&1 &
  pids+=($!)
  for _ in $(seq 300); do curl -fs "http://$2/readyz" >/dev/null && return; sleep 0.1; done
}
if [ "$only" = e2b ]; then
  tests/E2b/prepare
  embedded e "$embedded"
  node bench/e2b.mjs "http://$embedded" "${pids[-1]}"
  exit
fi
services=()
if [ -n "$against" ] && [ "$where" != cluster ]; then
  embedded a "127.0.0.1:$((PODFLARE_CLUSTER_PORT + 56))" "$against"
  embedded e "$embedded"
  services+=("embedded=http://127.0.0.1:$((PODFLARE_CLUSTER_PORT + 56)),http://$embedded")
fi
if [ -n "$against" ] && [ "$where" != embedded ]; then
  cluster_of_other up
  eng/cluster.sh up
  services+=("two processes=http://127.0.0.1:$((PODFLARE_CLUSTER_PORT + 101)),http://127.0.0.1:$((PODFLARE_CLUSTER_PORT + 1))")
fi
if [ "$where" != cluster ] && [ "$only" != start ] && [ "$only" != keys ] && [ "$only" != codec ] && [ -z "$against" ]; then
  embedded e "$embedded"
  services+=("embedded=http://$embedded" "--folder=embedded:$folder/e")
fi
if [ "$where" != cluster ] && wants births sandboxes && [ -z "$against" ]; then
  PODFLARE_BENCH_POOL_SHARE=0.1 embedded b "$births"
  services+=("embedded, births=http://$births")
fi
if [ "$where" != embedded ] && [ "$only" != start ] && [ "$only" != keys ] && [ "$only" != codec ] && [ -z "$against" ]; then
  eng/cluster.sh up
  services+=("two processes=http://127.0.0.1:$((PODFLARE_CLUSTER_PORT + 1))" "--folder=two processes:$folder/c")
fi
if [ "$where" != cluster ] && wants tracing; then
  python3 bench/otlp_sink.py "$sink" "$hole" &
  pids+=($!)
  OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:$sink embedded t "$traced"
  OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:$hole embedded h "$hung"
  services+=("embedded, traced / not=http://$embedded,http://$traced" "embedded, OTLP hangs / answers=http://$traced,http://$hung")
fi
if wants start floors; then
  eng/redis.sh run "$folder/redis" "$redis" >"$folder/redis.log" 2>&1 &
  pids+=($!)
  services+=("--redis=127.0.0.1:$redis")
fi
if wants start; then
  say "compiling both programs ahead of time, as the service images are"
  for program in Silo Frontend; do
    dotnet publish "src/$program/$program.csproj" -c Release -o "artifacts/bench/$program" --nologo -v quiet --disable-build-servers \
      -p:UseAppHost=false --use-current-runtime --self-contained false -p:PublishReadyToRun=true
  done
  services+=("--programs=compiled ahead of time!:artifacts/bench/Silo/Podflare.Silo.dll,artifacts/bench/Frontend/Podflare.Frontend.dll"
    "--programs=as built:artifacts/bin/Silo/release/Podflare.Silo.dll,artifacts/bin/Frontend/release/Podflare.Frontend.dll")
fi
dotnet artifacts/bin/Bench/release/Podflare.Bench.dll "${options[@]}" "${services[@]}"
