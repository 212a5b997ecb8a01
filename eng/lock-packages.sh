#!/usr/bin/env bash
# Writes the packages.lock.json of each project, after a change to Directory.Packages.props or to a project's references: lock-packages.sh [--check]
#
# With --check it writes nothing, and fails if the lock files are not those of the projects.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. eng/lib.sh
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

need_sdk
case ${1:-} in
  '') dotnet restore Podflare.sln -v quiet -p:RestorePackagesWithLockFile=true --force-evaluate ;;
  --check)
    compgen -G 'src/*/packages.lock.json' >/dev/null || die "there is no lock file; run eng/lock-packages.sh and commit what it writes."
    dotnet restore Podflare.sln -v quiet --locked-mode || die "the lock files are not those of the projects; run eng/lock-packages.sh and commit what it writes."
    ;;
  *) die "usage: lock-packages.sh [--check]" ;;
esac
