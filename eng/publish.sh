#!/usr/bin/env bash
# Publishes what build-release.sh has built: publish.sh nuget | github TAG
#
# nuget   pushes the packages to NUGET_SOURCE with NUGET_API_KEY; versions that are already there are skipped
# github  creates the release of TAG with the command line, the wheel and the packages, with the GitHub CLI (GH_TOKEN)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. eng/lib.sh
release=artifacts/release

case ${1:-} in
  nuget)
    [ -n "${NUGET_SOURCE:-}" ] && [ -n "${NUGET_API_KEY:-}" ] || die "NUGET_SOURCE and NUGET_API_KEY must be set."
    # Symbol packages are pushed with the packages beside them.
    for package in "$release"/nuget/*.nupkg; do
      dotnet nuget push "$package" --source "$NUGET_SOURCE" --api-key "$NUGET_API_KEY" --skip-duplicate
    done
    ;;
  github)
    [ $# = 2 ] || die "usage: publish.sh github TAG"
    gh release create "$2" --verify-tag --generate-notes --title "Podflare ${2#v}" "$release"/cli/* "$release"/python/* "$release"/nuget/*
    ;;
  *) die "usage: publish.sh nuget | github TAG" ;;
esac
