#!/usr/bin/env bash
# Starts or stops a private Redis on loopback: redis.sh start DIR PORT | stop DIR | run DIR PORT (in the foreground)
#
# Data, log, pid file and settings are in DIR. It keeps an append-only file that is synced each second, evicts nothing, and
# writes no snapshots, which would write everything once more each minute while sandboxes print.
# It keeps running when this script ends. A second start or stop changes nothing.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/lib.sh"

usage() { die "usage: redis.sh start DIR PORT | stop DIR | run DIR PORT"; }

# Prints the pid of the redis-server that was started in folder $1, if it lives; a pid alone may belong to another program by now.
redis_pid() {
  local pid
  pid=$(cat "$1/redis.pid" 2>/dev/null) && [ "$(readlink -f "/proc/$pid/cwd" 2>/dev/null)" = "$1" ] \
    && [[ $(tr '\0' ' ' <"/proc/$pid/cmdline") == *redis-server* ]] && printf '%s' "$pid"
}

ping_redis() { [ "$(redis-cli -h 127.0.0.1 -p "$1" ping 2>/dev/null)" = PONG ]; }

# A title of its own would be written over its environment, by which others here tell whose process it is.
write_settings() { # folder, port
  cat >"$1/redis.conf" <<SETTINGS
bind 127.0.0.1
port $2
dir "$1"
logfile "$1/redis.log"
appendonly yes
appendfsync everysec
auto-aof-rewrite-min-size 256mb
save ""
maxmemory-policy noeviction
set-proc-title no
SETTINGS
}

start() { # folder, port
  local folder port=$2 pid
  mkdir -p "$1"
  folder=$(readlink -f "$1")
  if pid=$(redis_pid "$folder"); then
    ping_redis "$port" || die "the Redis in $folder (pid $pid) does not answer on port $port; stop it first, or name its port."
    say "redis-server runs in $folder (pid $pid)"
    return 0
  fi
  ! ping_redis "$port" || die "another Redis answers on port $port; it was not started in $folder, so it is left alone."
  write_settings "$folder" "$port"
  detach "$folder/redis.log" redis-server "$folder/redis.conf"
  pid=$DETACHED
  printf '%s\n' "$pid" >"$folder/redis.pid"
  local deadline=$((SECONDS + 30)) # a long append-only file takes a while to load
  until ping_redis "$port" && [ "$(redis_pid "$folder")" = "$pid" ]; do
    kill -0 "$pid" 2>/dev/null && [ "$SECONDS" -lt "$deadline" ] || {
      tail -n 15 "$folder/redis.log" >&2
      stop "$folder" >/dev/null
      die "redis-server did not answer on port $port; its last lines are above."
    }
    sleep 0.1
  done
  say "redis-server answers on 127.0.0.1:$port (pid $pid)"
}

stop() { # folder
  local folder pid
  folder=$(readlink -f "$1")
  if pid=$(redis_pid "$folder"); then
    stop_process "$pid" 10
    say "stopped redis-server (pid $pid)"
  fi
  rm -f "$folder/redis.pid"
}

case ${1:-} in
  start)
    [ $# = 3 ] || usage
    say "== Redis: starting one in $2"
    command -v redis-server >/dev/null && command -v redis-cli >/dev/null || die "no redis-server here; run eng/ensure-redis.sh first."
    start "$2" "$3"
    ;;
  run)
    [ $# = 3 ] || usage
    say "== Redis: running one in $2"
    mkdir -p "$2"
    folder=$(readlink -f "$2")
    write_settings "$folder" "$3"
    exec redis-server "$folder/redis.conf" --logfile ""
    ;;
  stop)
    [ $# = 2 ] || usage
    say "== Redis: stopping the one in $2"
    stop "$2"
    ;;
  *) usage ;;
esac
