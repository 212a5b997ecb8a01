#!/usr/bin/env bash
# Runs Podflare on this machine in one process: sets up what is missing, builds, and serves in the foreground.
#
# PODFLARE_HOSTD_ADDR      where it listens (default 127.0.0.1:7070)
# PODFLARE_SKIP_SETUP=1    neither Docker nor the sandbox images are looked at
# The first run on a new machine takes two to three minutes, later ones some seconds. Ctrl-C stops it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
. eng/lib.sh
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
export PODFLARE_HOSTD_ADDR=${PODFLARE_HOSTD_ADDR:-127.0.0.1:7070}

# What to ask on this machine when it listens on every address.
probe=$(sed -E 's/^(0\.0\.0\.0|\*|\[::\]|):/127.0.0.1:/' <<<"$PODFLARE_HOSTD_ADDR")

say "== Podflare: setting up, building, and serving on http://$probe"
if command -v curl >/dev/null && answer=$(curl -s -m 5 "http://$probe/v1/healthz"); then
  [ "$answer" = ok ] || die "another program answers on $probe; choose an address with PODFLARE_HOSTD_ADDR=127.0.0.1:7170 $0"
  say "Podflare runs already and is healthy"
  exit 0
fi

need_sdk
if [ "${PODFLARE_SKIP_SETUP:-}" != 1 ]; then
  eng/ensure-docker.sh
  eng/build-images.sh
fi
say "building (half a minute the first time)"
build_project src/Frontend/Frontend.csproj
say "serving on http://$probe; Ctrl-C stops it"
# exec: signals reach the service itself, and its exit code is this script's.
exec dotnet artifacts/bin/Frontend/release/Podflare.Frontend.dll
