#!/usr/bin/env bash
# Checks that everything that is released has the version in the file VERSION: check-version.sh [TAG]
#
# TAG, where given, must be v followed by that version.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. eng/lib.sh

version=$(<VERSION)
[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+(-[0-9a-z.]+)?$ ]] || die "VERSION holds '$version', which is not a version like 1.2.3."
[ $# -eq 0 ] || [ "$1" = "v$version" ] || die "the tag is $1, and VERSION holds $version. Tag v$version, or change VERSION."
python=$(sed -nE 's/^VERSION = "(.*)"$/\1/p' clients/python/src/podflare/_version.py)
typescript=$(sed -nE 's/^  "version": "(.*)",$/\1/p' clients/typescript/package.json)
[ "$python" = "$version" ] || die "clients/python/src/podflare/_version.py holds $python, and VERSION holds $version."
[ "$typescript" = "$version" ] || die "clients/typescript/package.json holds $typescript, and VERSION holds $version."
say "version $version"
