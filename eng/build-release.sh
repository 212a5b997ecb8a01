#!/usr/bin/env bash
# Builds what a release consists of, apart from container images, into artifacts/release: build-release.sh [TAG]
#
# nuget/   the packages of the .NET SDK, of its adapters for agents, and of the command as a .NET tool
# python/  wheel and sdist
# cli/     the command as one file for each platform, and SHA256SUMS
# sbom/    what each program and package consists of (CycloneDX)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. eng/lib.sh
RUNTIMES="linux-x64 linux-arm64 osx-x64 osx-arm64 win-x64"
release=artifacts/release

eng/check-version.sh "$@"
rm -rf "$release" artifacts/packages
mkdir -p "$release/nuget" "$release/cli"
for runtime in $RUNTIMES; do
  eng/build-cli.sh "$runtime" "artifacts/cli/$runtime"
  case $runtime in
    win-*) cp "artifacts/cli/$runtime/podflare.exe" "$release/cli/podflare-$runtime.exe" ;;
    *) tar -C "artifacts/cli/$runtime" -czf "$release/cli/podflare-$runtime.tar.gz" podflare ;;
  esac
done
(cd "$release/cli" && sha256sum podflare-* >SHA256SUMS)
for project in Client.ExtensionsAI Client.Agents; do
  dotnet pack "src/$project/$project.csproj" -c Release -o artifacts/packages --disable-build-servers --nologo -v quiet
done
cp artifacts/packages/*.nupkg artifacts/packages/*.snupkg "$release/nuget/"
eng/build-python-sdk.sh "$release/python"
dotnet tool restore >/dev/null
for project in Frontend Silo StatusPage Cli Client Client.ExtensionsAI Client.Agents GrainClient; do
  dotnet dotnet-CycloneDX "src/$project/$project.csproj" --output "$release/sbom" --filename "$project.cdx.json" --output-format Json --recursive --set-version "$(cat VERSION)" >/dev/null
done
find "$release" -type f -printf '%p, %k KiB\n' | sort
