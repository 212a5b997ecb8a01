#!/usr/bin/env bash
# Runs Podflare on this machine: sets up what is missing, builds, and serves in the foreground, the service in one process
# and its status page in another.
#
# PODFLARE_HOSTD_ADDR      where the service listens (default 127.0.0.1:7070)
# PODFLARE_STATUS_ADDR     where the status page listens (default 127.0.0.1:7071); `off` leaves it out
# PODFLARE_SKIP_SETUP=1    neither Docker nor the sandbox images are looked at
# The first run on a new machine takes two to three minutes, later ones some seconds. Ctrl-C stops both.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
. eng/lib.sh
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
export PODFLARE_HOSTD_ADDR=${PODFLARE_HOSTD_ADDR:-127.0.0.1:7070}
export PODFLARE_STATUS_ADDR=${PODFLARE_STATUS_ADDR:-127.0.0.1:7071}

# What to ask on this machine when it listens on every address.
here() { sed -E 's/^(0\.0\.0\.0|\*|\[::\]|):/127.0.0.1:/' <<<"$1"; }
probe=$(here "$PODFLARE_HOSTD_ADDR")
page=$(here "$PODFLARE_STATUS_ADDR")

status_page_answers() { command -v curl >/dev/null && [[ $(curl -s -m 3 "http://$page/api/v2/status.json") == *'"indicator"'* ]]; }

say_status_page() {
  if [ "$page" = off ]; then
    say "without a status page (PODFLARE_STATUS_ADDR=off)"
  elif status_page_answers; then
    say "its status page answers on http://$page"
  else
    say "no status page answers on http://$page; stop the service and run this again to have both"
  fi
}

# status_page: keeps the page running as long as the service. The service holds the other end of the pipe that is our
# input, without knowing of it: however it ends, we read the end of the pipe and end the page.
status_page() {
  local pid= code started
  trap '' INT
  trap '[ -z "$pid" ] || stop_process "$pid" 20; exit 0' TERM
  # Not before there is something to measure; its own first answers would be failures.
  until [ "$(curl -s -m 2 -o /dev/null -w '%{http_code}' "http://$probe/readyz")" = 200 ]; do
    service_lives || return 0
  done
  while :; do
    started=$SECONDS
    dotnet artifacts/bin/StatusPage/release/Podflare.StatusPage.dll </dev/null &
    pid=$!
    while process_lives "$pid"; do
      if ! service_lives; then
        stop_process "$pid" 20
        return 0
      fi
    done
    code=0
    wait "$pid" || code=$?
    if [ "$(seconds_since "$started")" -lt 10 ]; then
      say "the status page ended at once with exit code $code (above); the service runs without it" >&2
      return 0
    fi
    say "the status page ended with exit code $code; starting it again" >&2
  done
}

# Nothing is ever written into the pipe, so a read either waits in vain, which is more than 128, or meets its end.
service_lives() {
  local code=0
  read -r -t 1 || code=$?
  [ "$code" -gt 128 ]
}

say "== Podflare: setting up, building, and serving on http://$probe"
if command -v curl >/dev/null && answer=$(curl -s -m 5 "http://$probe/v1/healthz"); then
  [ "$answer" = ok ] || die "another program answers on $probe; choose an address with PODFLARE_HOSTD_ADDR=127.0.0.1:7170 $0"
  say "Podflare runs already and is healthy"
  say_status_page
  exit 0
fi

need_sdk
if [ "${PODFLARE_SKIP_SETUP:-}" != 1 ]; then
  eng/ensure-docker.sh
  eng/build-images.sh
fi
say "building (half a minute the first time)"
build_project src/Frontend/Frontend.csproj
if [ "$page" = off ]; then
  say_status_page
elif status_page_answers; then
  say "a status page answers on http://$page already; it is left as it is"
else
  command -v curl >/dev/null || apt_install curl
  build_project src/StatusPage/StatusPage.csproj
  # It is a user like any other, with a key and a tenant of its own. Without keys, whoever asks is let in.
  if [ -n "${PODFLARE_API_KEYS:-}" ] && [ -z "${Status__Probes__Key:-}" ]; then
    Status__Probes__Key=$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')
    PODFLARE_API_KEYS+=,status:$Status__Probes__Key
    export Status__Probes__Key
  fi
  export Status__Probes__Platform=${Status__Probes__Platform:-http://$probe}
  exec 3> >(status_page)
  say "the status page will be on http://$page"
fi
say "serving on http://$probe; Ctrl-C stops it"
# exec: signals reach the service itself, and its exit code is this script's.
exec dotnet artifacts/bin/Frontend/release/Podflare.Frontend.dll
