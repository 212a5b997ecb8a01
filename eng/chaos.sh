#!/usr/bin/env bash
# Breaks a cluster of its own N times under load and audits every event that is read: chaos.sh N [--seed S] [--kinds KIND,...] [--engine]
#
# The same seed makes the same faults, in the same order, and the same programs. Prints a table of faults, recovery times and what
# was audited, which is also written to PODFLARE_CHAOS_REPORT. Fails when anything was lost, repeated, out of order, ended wrongly or
# left over, and when the lists, the records in Redis and the containers differ after a fault; the cluster's logs are then kept.
#
# --kinds    makes only these faults, as tests/Faults/Chaos/Fault.cs names them, such as KillWorker,FillRedis
# --engine   restarts the container engine of this machine as well: never where it has other work
#
# Clocks are shifted only where there is gcc. Read-only folders need a mount; without the right to mount, a file takes the place of the
# socket folders.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/lib.sh"

usage() { die "usage: chaos.sh N [--seed S] [--kinds KIND,...] [--engine], with N the number of faults"; }

[[ ${1:-} =~ ^[1-9][0-9]*$ ]] || usage
export PODFLARE_CHAOS_FAULTS=$1
shift
while [ $# -gt 0 ]; do
  case $1 in
    --seed)
      [[ ${2:-} =~ ^[0-9]+$ ]] || usage
      export PODFLARE_CHAOS_SEED=$2
      shift 2
      ;;
    --kinds)
      [[ ${2:-} =~ ^[A-Za-z]+(,[A-Za-z]+)*$ ]] || usage
      export PODFLARE_CHAOS_KINDS=$2
      shift 2
      ;;
    --engine)
      need_root "--engine restarts the container engine"
      export PODFLARE_CHAOS_ENGINE=1
      shift
      ;;
    *) usage ;;
  esac
done

say "== Chaos: $PODFLARE_CHAOS_FAULTS faults"
if [ "${PODFLARE_SKIP_SETUP:-}" != 1 ]; then
  need_sdk
  "$here/ensure-docker.sh"
  "$here/ensure-redis.sh"
  "$here/build-images.sh"
  build_project "$here/../tests/Faults/Faults.csproj"
fi
PODFLARE_TEST_FOLDER=$(mktemp -d /tmp/pf.XXXXXX) # short: a unix socket's path ends at 107 bytes
PODFLARE_TEST_CLUSTER=chaos-$(od -An -N4 -tx1 /dev/urandom | tr -d ' \n')
export PODFLARE_TEST_FOLDER PODFLARE_TEST_CLUSTER
# The processes of the cluster have sessions of their own, and would outlive a script that is stopped.
stopped() {
  trap - INT TERM
  kill "$chaos" 2>/dev/null || true
  PODFLARE_CLUSTER_DIR=$PODFLARE_TEST_FOLDER/x PODFLARE_CLUSTER_ID=$PODFLARE_TEST_CLUSTER-x "$here/cluster.sh" down || true
  die "stopped; the logs are in $PODFLARE_TEST_FOLDER/x/logs"
}
trap stopped INT TERM
code=0
dotnet "$here/../artifacts/bin/Faults/release/Podflare.Faults.dll" --no-ansi --no-progress --filter-class Podflare.Faults.ChaosTests &
chaos=$!
wait "$chaos" || code=$?
trap - INT TERM
if [ "$code" -eq 0 ]; then
  rm -rf "$PODFLARE_TEST_FOLDER"
else
  say "the logs are in $PODFLARE_TEST_FOLDER/x/logs"
fi
exit "$code"
