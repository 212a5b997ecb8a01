#!/usr/bin/env bash
# Publishes the programs of the server for plain hosts, with their own .NET: build-server.sh FOLDER [RUNTIME]
#
# FOLDER   gets frontend/, worker/ and status/
# RUNTIME  linux-x64 or linux-arm64 (default: this machine's)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. eng/lib.sh
declare -A FOLDERS=([Frontend]=frontend [Silo]=worker [StatusPage]=status)

[ $# -ge 1 ] && [ $# -le 2 ] || die "usage: build-server.sh FOLDER [RUNTIME]"
need_sdk
case $(uname -m) in aarch64) default=linux-arm64 ;; *) default=linux-x64 ;; esac
runtime=${2:-$default}
for project in "${!FOLDERS[@]}"; do
  say "== ${FOLDERS[$project]}, $runtime"
  rm -rf "${1:?}/${FOLDERS[$project]}"
  dotnet publish "src/$project/$project.csproj" -c Release -r "$runtime" --self-contained --artifacts-path "$PWD/artifacts/server-build" -o "$1/${FOLDERS[$project]}" --disable-build-servers --nologo -v quiet -p:PublishReadyToRun=true -p:DebugType=none
done
