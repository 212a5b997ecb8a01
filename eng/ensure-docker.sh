#!/usr/bin/env bash
# Makes sure that a Docker engine answers on /var/run/docker.sock. Installs and starts one only if there is none.
#
# The engine keeps running when this script ends. A second run changes nothing.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

SOCKET=/var/run/docker.sock
PID_FILE=/var/run/docker.pid
LOG=${PODFLARE_DOCKERD_LOG:-/var/log/podflare/dockerd.log}
LIMIT_SECONDS=60

ping_engine() { [ "$(curl -s -m 5 --unix-socket "$SOCKET" http://docker/_ping 2>/dev/null)" = OK ]; }

wait_for_engine() {
  local deadline=$((SECONDS + LIMIT_SECONDS))
  until ping_engine; do
    [ "$SECONDS" -lt "$deadline" ] || return 1
    # $1, if given, is the process that is expected to answer; without it, waiting makes no sense.
    [ -z "${1:-}" ] || kill -0 "$1" 2>/dev/null || return 1
    sleep 0.2
  done
}

# running NAME: pids of the processes of that name on this host (not those in containers, which have a pid namespace of their own).
running() {
  local process own
  own=$(readlink /proc/self/ns/pid)
  for process in /proc/[0-9]*; do
    if [ "$(cat "$process/comm" 2>/dev/null)" = "$1" ] && [ "$(readlink "$process/ns/pid" 2>/dev/null)" = "$own" ] \
      && process_lives "${process##*/}"; then
      printf '%s\n' "${process##*/}"
    fi
  done
}

check_cgroups() {
  local controller missing=()
  if [ -e /sys/fs/cgroup/cgroup.controllers ]; then # version 2 alone; it limits devices by BPF, not by a controller
    for controller in cpu memory pids; do
      grep -qw "$controller" /sys/fs/cgroup/cgroup.controllers || missing+=("$controller")
    done
  else
    for controller in devices memory cpu pids; do
      awk -v name="$controller" '$3 == "cgroup" && ("," $4 ",") ~ ("," name ",") { found = 1 } END { exit !found }' /proc/mounts \
        || missing+=("$controller")
    done
  fi
  [ ${#missing[@]} -eq 0 ] \
    || die "no cgroup mount for: ${missing[*]}. Containers could not be limited. Mount them (on Debian: apt-get install cgroupfs-mount && cgroupfs-mount), then run this again."
}

# Files of an engine that was killed make a new one refuse to start, or wait for a containerd that does not exist.
remove_stale_files() {
  rm -f "$PID_FILE"
  if [ -z "$(running containerd)" ]; then
    rm -f /run/containerd/containerd.sock /run/docker/containerd/containerd.pid
  fi
}

start_with_systemd() {
  systemctl start docker || die "systemctl start docker failed; see: journalctl -u docker"
  wait_for_engine || die "the engine did not answer within $LIMIT_SECONDS s; see: journalctl -u docker"
}

start_detached() {
  mkdir -p "$(dirname "$LOG")"
  remove_stale_files
  detach "$LOG" dockerd
  wait_for_engine "$DETACHED" || {
    say "last lines of $LOG:" >&2
    tail -n 20 "$LOG" >&2
    process_lives "$DETACHED" || die "Docker cannot run here: dockerd ended at once (its last lines are above, the whole log is $LOG). Docker needs a real or virtual machine, or a privileged container."
    die "dockerd (pid $DETACHED) did not answer on $SOCKET within $LIMIT_SECONDS s; its log is $LOG. It was left running."
  }
}

# Newer releases of Debian package the client separately.
ensure_client() {
  command -v docker >/dev/null && return 0
  apt-cache show docker-cli >/dev/null 2>&1 || die "the engine answers, but there is no docker command on the PATH; install it."
  apt_install docker-cli
}

say "== Docker engine: making sure that one answers on $SOCKET"
command -v curl >/dev/null || apt_install curl
if ping_engine; then
  ensure_client
  say "the engine answers"
  exit 0
fi

need_root "no Docker engine answers on $SOCKET, or you have no access to it; root can install and start one"
mkdir -p /run/lock
exec 9>/var/lock/podflare-docker.lock
flock -w 300 9 || die "another ensure-docker.sh has held /var/lock/podflare-docker.lock for five minutes."
deadline=$((SECONDS + LIMIT_SECONDS))
[ -z "$(running dockerd)" ] || say "a dockerd runs (pid $(running dockerd | paste -sd' ')) and did not answer: waiting for it"
# It may answer, or end.
while [ -n "$(running dockerd)" ]; do
  if ping_engine; then
    say "the engine answers"
    exit 0
  fi
  [ "$SECONDS" -lt "$deadline" ] || die "it did not answer within $LIMIT_SECONDS s. A second engine is never started beside it. Read its log, or stop it yourself."
  sleep 0.2
done

started=$SECONDS
# An installed engine is used, whatever its origin.
command -v dockerd >/dev/null || apt_install docker.io iptables ca-certificates
check_cgroups
# If the kernel enforces AppArmor profiles, the engine loads its own with this tool, and fails without it.
if [ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)" = Y ] && ! command -v apparmor_parser >/dev/null; then
  apt_install apparmor
fi
say "starting the engine (a few seconds)"
if [ -d /run/systemd/system ]; then start_with_systemd; else start_detached; fi
ensure_client
say "the engine answers (it took $(seconds_since "$started") s)"
