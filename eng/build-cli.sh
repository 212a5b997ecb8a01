#!/usr/bin/env bash
# Builds the podflare command as one self-contained file, and the packages of the .NET client and of the command as a .NET tool:
# build-cli.sh [RUNTIME [FOLDER]]
#
# RUNTIME  a .NET runtime id, as linux-x64, osx-arm64 or win-x64 (default: this machine's)
# FOLDER   where it goes (default artifacts/cli, or artifacts/cli/RUNTIME where one is named); the packages go to artifacts/packages
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. eng/lib.sh
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

say "== building the podflare command and the .NET packages"
need_sdk
runtime=${1:-$(dotnet --info | sed -n 's/^ *RID: *//p' | head -1)}
# Debian's own id has no packs; the portable one runs everywhere.
case $runtime in
  linux-* | osx-* | win-*) ;;
  *-x64) runtime=linux-x64 ;;
  *-arm64) runtime=linux-arm64 ;;
esac
folder=${2:-artifacts/cli${1:+/$1}}
# Properties of a publish reach the projects that it refers to, so that it would rewrite what a build of the solution left, perhaps while somebody runs it.
build=$PWD/artifacts/cli-build

dotnet publish src/Cli/Cli.csproj -c Release --artifacts-path "$build" -r "$runtime" --self-contained -o "$folder" --disable-build-servers --nologo -v quiet \
  -p:PublishSingleFile=true -p:PublishTrimmed=true -p:DebugType=none -p:PackAsTool=false
say "$(find "$folder" -maxdepth 1 \( -name podflare -o -name podflare.exe \) -printf '%p, %k KiB')"

dotnet pack src/Client/Client.csproj -c Release --artifacts-path "$build" -o artifacts/packages --disable-build-servers --nologo -v quiet
dotnet pack src/Cli/Cli.csproj -c Release --artifacts-path "$build" -o artifacts/packages --disable-build-servers --nologo -v quiet
find artifacts/packages -name '*.nupkg' -printf '%p, %k KiB\n'
