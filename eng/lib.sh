# shellcheck shell=bash
# Shared by the scripts; sourced, never run. It only defines functions.

say() { printf '%s\n' "$*"; }

# die MESSAGE: ends a script that cannot continue. The message says what is wrong, and what to do about it.
die() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

need_root() { [ "$(id -u)" = 0 ] || die "must run as root: $1."; }

# bypass_proxy_for_loopback: programs that are started from here reach loopback without a proxy. Everything else still uses it.
bypass_proxy_for_loopback() {
  local host
  NO_PROXY=${NO_PROXY:-${no_proxy:-}}
  for host in 127.0.0.1 localhost ::1; do
    [[ ,$NO_PROXY, == *,$host,* ]] || NO_PROXY=${NO_PROXY:+$NO_PROXY,}$host
  done
  export NO_PROXY no_proxy=$NO_PROXY
}

# seconds_since START: whole seconds since START, a value of $SECONDS.
seconds_since() { printf '%s' $((SECONDS - $1)); }

# apt_install PACKAGE...: installs missing packages of the distribution, without letting a package start a service.
apt_install() {
  local missing=() package
  command -v dpkg-query >/dev/null && command -v apt-get >/dev/null \
    || die "$* needed, and this is not Debian or Ubuntu: install them yourself, then run this again."
  for package; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q '^install ok installed$' || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  need_root "it installs ${missing[*]}"
  say "installing ${missing[*]} (up to two minutes)"
  local log
  log=$(mktemp)
  if ! apt_install_quietly "${missing[@]}" >"$log" 2>&1; then
    tail -n 25 "$log" >&2
    rm -f "$log"
    die "apt-get could not install ${missing[*]}; its last lines are above."
  fi
  rm -f "$log"
}

# A subshell, so that its trap restores policy-rc.d in every case.
apt_install_quietly() (
  policy=/usr/sbin/policy-rc.d saved=/usr/sbin/policy-rc.d.podflare-saved
  restore() { rm -f "$policy"; if [ -e "$saved" ] || [ -L "$saved" ]; then mv "$saved" "$policy"; fi; }
  # One install at a time: two at once would save each other's policy.
  exec 8>/var/lock/podflare-apt.lock
  flock 8
  trap restore EXIT
  trap 'exit 130' INT TERM HUP
  # A saved file is the machine's own, left by a run that was killed.
  if [ ! -e "$saved" ] && { [ -e "$policy" ] || [ -L "$policy" ]; }; then mv "$policy" "$saved"; fi
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
  export DEBIAN_FRONTEND=noninteractive
  install=(apt-get -y -q -o DPkg::Lock::Timeout=300 install --no-install-recommends "$@")
  if compgen -G '/var/lib/apt/lists/*_Packages*' >/dev/null && "${install[@]}" 8>&-; then exit 0; fi
  # There are no lists, or old ones. The update may fail for a third-party source; only the result of the install matters.
  apt-get -q -o DPkg::Lock::Timeout=300 update 8>&- || true
  "${install[@]}" 8>&-
)

# detach LOG COMMAND...: starts a command that outlives this script, in a session of its own; its pid is then in DETACHED.
detach() {
  local log=$1
  shift
  # Other descriptors of the caller, such as a lock or a pipe that somebody reads to its end, must not stay open in the command.
  (
    for descriptor in /proc/self/fd/*; do
      descriptor=${descriptor##*/}
      [ "$descriptor" -le 2 ] || eval "exec $descriptor>&-"
    done
    exec setsid nohup "$@"
  ) >>"$log" 2>&1 </dev/null &
  # In a script a child is no leader of a process group, so setsid does not fork: this is the pid of the command itself.
  DETACHED=$!
}

# stop_process PID SECONDS: SIGTERM, and SIGKILL when it has not ended after that time. A pid that no longer exists is fine.
stop_process() {
  local deadline=$((SECONDS + $2))
  kill -TERM "$1" 2>/dev/null || return 0
  while process_lives "$1"; do
    if [ "$SECONDS" -ge "$deadline" ]; then
      say "process $1 did not end within $2 s: killing it" >&2
      kill -KILL "$1" 2>/dev/null || true
      deadline=$((SECONDS + 5))
    fi
    sleep 0.1
  done
}

# A zombie counts as gone.
process_lives() { [ -e "/proc/$1" ] && ! grep -q '^State:[[:space:]]*[ZX]' "/proc/$1/status" 2>/dev/null; }

# need_sdk: the .NET SDK that global.json asks for is there.
need_sdk() {
  local wanted found get='Install it from https://dotnet.microsoft.com/download/dotnet/10.0 (sudo may need: sudo env "PATH=$PATH" ...)'
  command -v dotnet >/dev/null || die "the .NET 10 SDK is missing: there is no dotnet on the PATH. $get"
  found=$(dotnet --version 2>/dev/null) && [[ $found == 10.* ]] && return 0
  wanted=$(sed -nE 's/.*"version": *"([^"]+)".*/\1/p' "$(dirname "${BASH_SOURCE[0]}")/../global.json")
  found=$(dotnet --list-sdks 2>/dev/null | awk '{ print $1 }' | paste -sd' ') || true
  # An SDK that is there and does not start has a reason of its own, such as a home folder that does not exist.
  [[ " $found" != *" 10."* ]] || die "the .NET 10 SDK does not start: $(dotnet --version 2>&1 | sed '/^$/d' | head -n 1)"
  die "the .NET 10 SDK is missing: global.json asks for $wanted or a later 10.0 SDK, and this machine has ${found:-none}. $get"
}

# build_project PROJECT...: a Release build of which only the errors are shown.
build_project() {
  local project output
  for project; do
    output=$(dotnet build "$project" -c Release --disable-build-servers --nologo -v quiet 2>&1) || {
      printf '%s\n' "$output" | grep -E '(error|warning) ' | sort -u >&2 || printf '%s\n' "$output" >&2
      die "the build of $project failed (above)."
    }
  done
}
