#!/usr/bin/env bash
# Takes the pictures of docs/console.md from a real cluster, and draws the animation: make-console-pictures.sh
#
# The pictures are those that the test of the whole walk takes on its way. pngquant, where it is installed, makes them a third as large.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. eng/lib.sh

tests/Browser/prepare
build_project src/Silo/Silo.csproj src/Frontend/Frontend.csproj tests/Browser/Browser.csproj
shots=$(mktemp -d)
trap 'rm -rf "$shots"' EXIT
PODFLARE_SHOTS=$shots PODFLARE_TEST_MODE=full dotnet artifacts/bin/Browser/release/Podflare.Browser.dll --filter-class '*WalkTests' --no-ansi --no-progress
for picture in try run; do
  if command -v pngquant >/dev/null; then pngquant --force --output "$shots/console-$picture.png" 64 "$shots/console-$picture.png"; fi
  cp "$shots/console-$picture.png" docs/images/
done
python3 eng/make-console-animation.py
