#!/usr/bin/env bash
# Builds everything that a release consists of into artifacts/release: build-release.sh [--without-images] [TAG]
#
# nuget/    the packages of the .NET SDK, of its adapters for agents, of the grain client, and of the command as a .NET tool
# python/   wheel and sdist
# npm/      the package of the TypeScript SDK (needs npm)
# cli/      the command as one file for each platform
# images/   the images of the service and of the default sandbox, for `docker load` (needs Docker)
# server/   the programs of the server with their own .NET, units and the installer for plain hosts
# deploy/   the Compose file and the Helm chart
# sbom/     what each program and package consists of (CycloneDX)
# SHA256SUMS has the checksum of every file.
#
# SDK, RUNTIME and BASE name other base images, as for build-service-images.sh.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. eng/lib.sh
SERVER_RUNTIMES="linux-x64 linux-arm64"
RUNTIMES="linux-x64 linux-arm64 osx-x64 osx-arm64 win-x64"
PACKAGES="Client.ExtensionsAI Client.Agents Grains.Abstractions Streaming GrainClient"
SERVICE_IMAGES="frontend worker status default"
release=$PWD/artifacts/release

images=1
if [ "${1:-}" = --without-images ]; then
  images=
  shift
fi
eng/check-version.sh "$@"
version=$(<VERSION)
command -v npm >/dev/null || die "npm is missing: the package of the TypeScript SDK is built with it. Install Node 20 or newer."
[ -z "$images" ] || docker info >/dev/null 2>&1 || die "Docker does not answer: the images are built with it. Start it, or use --without-images."
rm -rf "$release" artifacts/packages
mkdir -p "$release"/{nuget,npm,cli,server,deploy,sbom}

build_commands() {
  local runtime
  for runtime in $RUNTIMES; do
    eng/build-cli.sh "$runtime" "artifacts/cli/$runtime"
    case $runtime in
      win-*) cp "artifacts/cli/$runtime/podflare.exe" "$release/cli/podflare-$runtime.exe" ;;
      *) tar -C "artifacts/cli/$runtime" -czf "$release/cli/podflare-$runtime.tar.gz" podflare ;;
    esac
  done
}

build_packages() {
  local project
  for project in $PACKAGES; do
    dotnet pack "src/$project/$project.csproj" -c Release -o artifacts/packages --disable-build-servers --nologo -v quiet
  done
  cp artifacts/packages/*.nupkg artifacts/packages/*.snupkg "$release/nuget/"
  eng/build-python-sdk.sh "$release/python"
}

build_npm() {
  say "== TypeScript SDK: building the package"
  [ -x clients/typescript/node_modules/.bin/tsc ] || (cd clients/typescript && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
  (cd clients/typescript && npm pack --silent --pack-destination "$release/npm")
}

build_images() {
  local name names=()
  eng/build-service-images.sh podflare "$version"
  mkdir -p "$release/images"
  for name in $SERVICE_IMAGES; do names+=("podflare/$name:$version"); done
  docker save "${names[@]}" | gzip >"$release/images/podflare-images-$version-linux-$(uname -m).tar.gz"
}

copy_deployment() {
  tar -czf "$release/deploy/podflare-compose-$version.tar.gz" docker-compose.yml eng/cluster-certificates.sh eng/lib.sh
  tar -C deploy/helm -czf "$release/deploy/podflare-$version.tgz" podflare
}

build_server() {
  local runtime folder
  for runtime in $SERVER_RUNTIMES; do
    folder=artifacts/server/$runtime/podflare-server
    rm -rf "$folder"
    mkdir -p "$folder"
    cp -R deploy/systemd/{install.sh,README.md,units,settings} "$folder/"
    eng/build-server.sh "$folder/programs" "$runtime"
    tar -C "$(dirname "$folder")" -czf "$release/server/podflare-server-$version-$runtime.tar.gz" podflare-server
  done
}

describe_contents() {
  local project
  say "== SBOMs"
  dotnet tool restore >/dev/null
  for project in Frontend Silo StatusPage Egress Cli Client Client.ExtensionsAI Client.Agents GrainClient; do
    dotnet dotnet-CycloneDX "src/$project/$project.csproj" --output "$release/sbom" --filename "$project.cdx.json" --output-format Json --set-version "$version" >/dev/null
  done
  (cd clients/typescript && npm sbom --sbom-format cyclonedx --omit dev) >"$release/sbom/typescript.cdx.json"
}

build_commands
build_packages
build_npm
build_server
copy_deployment
describe_contents
[ -z "$images" ] || build_images
(cd "$release" && find . -type f ! -name SHA256SUMS -printf '%P\n' | sort | xargs sha256sum >SHA256SUMS)
find "$release" -type f -printf '%P, %k KiB\n' | sort
