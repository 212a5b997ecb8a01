#!/usr/bin/env bash
# Runs a cluster on this machine as plain processes: a Redis, two workers and two frontends, each restarted when it dies.
#
#   cluster.sh up | down | status | kill NAME [SIGNAL] | restart NAME
#
# NAME is worker1, worker2, frontend1, frontend2 or redis. This is the cluster of docker-compose.yml without images, for tests of
# failures and for development. Everything listens on loopback only.
#
# PODFLARE_CLUSTER_DIR    logs, pid files, data and the workers' run folders (default /var/lib/podflare/cluster)
# PODFLARE_CLUSTER_PORT   first port B (default 7100): Redis B; HTTP of the frontends B+1, B+2; health of the workers B+3, B+4;
#                         silos B+11 to B+14; gateways B+21 to B+24
# PODFLARE_CLUSTER_ID     cluster id, which is also the label of its containers (default local)
# PODFLARE_CLUSTER_REDIS  address at which the processes look for Redis (default 127.0.0.1:B): tests put a proxy in between
# PODFLARE_CLUSTER_WORKER program of the workers (default artifacts/bin/Silo/release/Podflare.Silo.dll): tests have one that fails on demand
# PODFLARE_SKIP_SETUP=1   `up` does not build, and does not check Docker, Redis and the sandbox images
#
# Every other variable, such as PODFLARE_API_KEYS, is passed on from the environment of `up`. A file NAME.env in PODFLARE_CLUSTER_DIR holds
# variables of that process alone, one assignment per line. It is read whenever the process starts.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/lib.sh"
bypass_proxy_for_loopback

NAMES="redis worker1 worker2 frontend1 frontend2"
DIR=$(readlink -m "${PODFLARE_CLUSTER_DIR:-/var/lib/podflare/cluster}")
READY_SECONDS=60
STOP_SECONDS=35
LOG_LIMIT_BYTES=$((32 << 20))
export DOCKER_HOST=unix:///var/run/docker.sock

usage() { die "usage: cluster.sh up | down | status | kill NAME [SIGNAL] | restart NAME, with NAME one of: $NAMES"; }

known() { [[ " $NAMES " == *" $1 "* ]] || usage; }

# If a cluster is up in DIR, its own settings apply, whatever the environment says.
load_settings() {
  port=${PODFLARE_CLUSTER_PORT:-7100} id=${PODFLARE_CLUSTER_ID:-local}
  local wanted="$port $id"
  if [ -e "$DIR/settings" ]; then
    read -r port id <"$DIR/settings"
    [ "$1" != up ] || [ "$wanted" = "$port $id" ] \
      || die "$DIR holds a cluster '$id' on port $port; take it down first, or choose another PODFLARE_CLUSTER_DIR."
  fi
}

# The HTTP address of NAME, or the address of Redis.
address() {
  case $1 in
    redis) say "127.0.0.1:$port" ;;
    frontend?) say "127.0.0.1:$((port + ${1#frontend}))" ;;
    worker?) say "127.0.0.1:$((port + 2 + ${1#worker}))" ;;
  esac
}

# run NAME: becomes that process.
run() {
  local number role
  case $1 in
    redis) exec "$here/redis.sh" run "$DIR/redis" "$port" ;;
    worker?) number=${1#worker} role=Worker ;;
    frontend?) number=$((2 + ${1#frontend})) role=Frontend ;;
  esac
  export ConnectionStrings__Redis=${PODFLARE_CLUSTER_REDIS:-127.0.0.1:$port}
  export Podflare__Role=$role Podflare__ClusterId=$id Podflare__AdvertisedAddress=127.0.0.1
  export Podflare__SiloPort=$((port + 10 + number)) Podflare__GatewayPort=$((port + 20 + number))
  unset Podflare__HostId Podflare__RunFolder PODFLARE_HOSTD_ADDR PODFLARE_HEALTH_ADDR
  local http
  http=$(address "$1")
  if [ -e "$DIR/$1.env" ]; then
    set -a
    # shellcheck disable=SC1090
    . "$DIR/$1.env"
    set +a
  fi
  cd "$here/.."
  # A shell's background child ignores these two signals; `cluster.sh kill` must be able to send them.
  if [ "$role" = Worker ]; then
    export Podflare__RunFolder=$DIR/w$number PODFLARE_HEALTH_ADDR=$http
    exec env --default-signal=INT,QUIT dotnet "${PODFLARE_CLUSTER_WORKER:-artifacts/bin/Silo/release/Podflare.Silo.dll}"
  fi
  export PODFLARE_HOSTD_ADDR=$http
  exec env --default-signal=INT,QUIT dotnet artifacts/bin/Frontend/release/Podflare.Frontend.dll
}

# loop NAME: keeps that process alive until SIGTERM, which ends the loop and leaves the process to `down`.
loop() {
  local pid started pause stopping=
  trap 'stopping=1' TERM
  while [ -z "$stopping" ]; do
    if [ "$(stat -c %s "$DIR/logs/$1.log")" -gt "$LOG_LIMIT_BYTES" ]; then
      # Copied and cut, not renamed: this loop itself holds the file open.
      cp "$DIR/logs/$1.log" "$DIR/logs/$1.log.1"
      : >"$DIR/logs/$1.log"
    fi
    started=$SECONDS
    (run "$1") &
    pid=$!
    printf '%s\n' "$pid" >"$DIR/$1.pid"
    # A signal ends this wait early; then the process lives on.
    [ -n "$stopping" ] || wait "$pid" || true
    [ -z "$stopping" ] || break
    say "== $(date -u +%FT%TZ) $1 (pid $pid) has ended after $(seconds_since "$started") s; starting it again"
    # A process that dies at once must not use up a core. One that has run for a while is restarted at once.
    if [ "$(seconds_since "$started")" -ge 10 ]; then pause=0.2; else pause=1; fi
    sleep "$pause" &
    wait $! || true
  done
}

# A pid from a file counts only if that process carries our mark, because the number may belong to another program by now.
owned_pid() { # file
  local pid
  pid=$(cat "$DIR/$1" 2>/dev/null) && process_lives "$pid" \
    && tr '\0' '\n' 2>/dev/null <"/proc/$pid/environ" | grep -qxF "PODFLARE_CLUSTER_PROCESS=$DIR/${1%%.*}" && say "$pid"
}

ready() {
  if [ "$1" = redis ]; then
    [ "$(redis-cli -h 127.0.0.1 -p "$port" ping 2>/dev/null)" = PONG ]
  else
    [ "$(curl -s -m 2 -o /dev/null -w '%{http_code}' "http://$(address "$1")/readyz")" = 200 ]
  fi
}

# wait_ready NAME...: until each of them is ready and ours, so that another program on its port does not pass for it.
wait_ready() {
  local name log deadline=$((SECONDS + READY_SECONDS))
  for name; do
    until owned_pid "$name.pid" >/dev/null && ready "$name"; do
      if [ "$SECONDS" -ge "$deadline" ]; then
        for log in "${@/%/.log}"; do
          say "-- last lines of $DIR/logs/$log:"
          tail -n 15 "$DIR/logs/$log"
        done >&2
        die "not every process was ready within $READY_SECONDS s (log tails above). The cluster keeps running; see cluster.sh status and cluster.sh down."
      fi
      sleep 0.2
    done
  done
}

start() { # name
  local stray
  [ -z "$(owned_pid "$1.loop.pid")" ] || return 0
  # A process whose loop is gone: a new loop cannot wait for it, so it makes room.
  if stray=$(owned_pid "$1.pid"); then stop_process "$stray" "$STOP_SECONDS"; fi
  touch "$DIR/logs/$1.log"
  PODFLARE_CLUSTER_PROCESS=$DIR/$1 PODFLARE_CLUSTER_DIR=$DIR detach "$DIR/logs/$1.log" "$here/cluster.sh" loop "$1"
  printf '%s\n' "$DETACHED" >"$DIR/$1.loop.pid"
}

running() {
  local name
  for name in $NAMES; do
    [ -z "$(owned_pid "$name.loop.pid")$(owned_pid "$name.pid")" ] || say "$name"
  done
}

up() {
  # "/w1/s/<16 digits>/s" follows, and a unix socket's path ends at 107 bytes.
  [ ${#DIR} -le 80 ] || die "PODFLARE_CLUSTER_DIR is too long for the sockets below it: at most 80 characters."
  if [ "${PODFLARE_SKIP_SETUP:-}" != 1 ] && [ -z "$(running)" ]; then
    need_sdk
    "$here/ensure-docker.sh"
    "$here/ensure-redis.sh"
    "$here/build-images.sh"
    say "building (half a minute the first time)"
    build_project "$here/../src/Silo/Silo.csproj" "$here/../src/Frontend/Frontend.csproj"
  fi
  mkdir -p "$DIR/logs"
  lock
  printf '%s %s\n' "$port" "$id" >"$DIR/settings"
  local name
  start redis
  wait_ready redis
  for name in $NAMES; do start "$name"; done
  wait_ready worker1 worker2 frontend1 frontend2
  for name in $NAMES; do printf '%-10s %s\n' "$name" "$(address "$name")"; done
  say "the cluster '$id' is ready: http://$(address frontend1) and http://$(address frontend2), logs in $DIR/logs"
}

down() {
  if [ ! -d "$DIR" ]; then
    say "there is no cluster in $DIR"
    return 0
  fi
  lock
  local name pid stopped=()
  for name in $NAMES; do
    if pid=$(owned_pid "$name.loop.pid"); then kill -TERM "$pid" || true; fi
  done
  # A loop may be about to start its process again: only when it has ended does the pid file tell the last one.
  for name in $NAMES; do
    for _ in $(seq 20); do
      [ -n "$(owned_pid "$name.loop.pid")" ] || break
      sleep 0.1
    done
  done
  # All at once, and Redis only when those that write to it are gone.
  for name in ${NAMES/redis/}; do
    if pid=$(owned_pid "$name.pid"); then
      stop_process "$pid" "$STOP_SECONDS" &
      stopped+=("$name")
    fi
  done
  wait
  if pid=$(owned_pid redis.pid); then
    stop_process "$pid" "$STOP_SECONDS"
    stopped+=(redis)
  fi
  remove_containers
  for name in $NAMES; do rm -f "$DIR/$name.pid" "$DIR/$name.loop.pid"; done
  rm -f "$DIR/settings"
  say "stopped: ${stopped[*]:-nothing ran}"
}

remove_containers() {
  if ! docker info >/dev/null 2>&1; then
    say "no Docker engine answers, so containers labelled podflare.cluster=$id were not looked for" >&2
    return 0
  fi
  docker ps -aq --filter "label=podflare.cluster=$id" | xargs -r docker rm -fv >/dev/null
}

status() {
  local name pid state code=0
  for name in $NAMES; do
    if ! pid=$(owned_pid "$name.pid"); then
      pid=- state=down
    elif ready "$name"; then
      state=ready
    else
      state="not ready"
    fi
    [ -n "$(owned_pid "$name.loop.pid")" ] || state+=", nothing starts it again"
    [ "$state" = ready ] || code=1
    printf '%-10s %-16s pid %-8s %s\n' "$name" "$(address "$name")" "$pid" "$state"
  done
  return "$code"
}

# One `up` or `down` at a time in a folder. What they start does not inherit it (see detach).
lock() {
  exec 9>"$DIR/lock"
  flock -w 120 9 || die "another cluster.sh has been at work in $DIR for two minutes."
}

command=${1:-}
load_settings "$command"
[ "$command" = loop ] || say "== Cluster '$id' in $DIR: ${*:-usage}"
case $command in
  up | down | status)
    [ $# = 1 ] || usage
    "$command"
    ;;
  kill)
    [ $# = 2 ] || [ $# = 3 ] || usage
    known "$2"
    pid=$(owned_pid "$2.pid") || die "$2 does not run."
    kill -s "${3:-KILL}" "$pid"
    say "sent ${3:-KILL} to $2 (pid $pid)"
    ;;
  restart)
    [ $# = 2 ] || usage
    known "$2"
    [ -n "$(owned_pid "$2.loop.pid")" ] || die "nothing keeps $2 running; take the cluster up first."
    if pid=$(owned_pid "$2.pid"); then stop_process "$pid" "$STOP_SECONDS"; fi
    wait_ready "$2"
    say "$2 is ready again (pid $(owned_pid "$2.pid"))"
    ;;
  loop)
    known "$2"
    loop "$2"
    ;;
  *) usage ;;
esac
