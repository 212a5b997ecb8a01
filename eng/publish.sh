#!/usr/bin/env bash
# Publishes what build-release.sh has built: publish.sh nuget | npm | github TAG
#
# nuget   pushes the packages to NUGET_SOURCE with NUGET_API_KEY; versions that are already there are skipped
# npm     publishes the package of the TypeScript SDK, with NODE_AUTH_TOKEN
# github  creates the release of TAG with all files of all folders, with the GitHub CLI (GH_TOKEN)
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
  npm)
    [ -n "${NODE_AUTH_TOKEN:-}" ] || die "NODE_AUTH_TOKEN must be set."
    npm publish "$release"/npm/*.tgz --access public --provenance
    ;;
  github)
    [ $# = 2 ] || die "usage: publish.sh github TAG"
    mapfile -t files < <(find "$release" -type f)
    gh release create "$2" --verify-tag --generate-notes --title "Podflare ${2#v}" "${files[@]}"
    ;;
  *) die "usage: publish.sh nuget | npm | github TAG" ;;
esac
