#!/usr/bin/env bash
# Builds the images of the service: build-service-images.sh [--push] PREFIX TAG
#
# PREFIX/frontend:TAG, PREFIX/worker:TAG, PREFIX/status:TAG, and the default sandbox PREFIX/default:TAG. A `v` in front of TAG is left out.
# BUILD_NETWORK is the network of the builds, such as host where packages come from this machine.
# SDK and RUNTIME name other base images than those in the Dockerfiles; BASE is that of the sandbox (default debian:stable-slim).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. eng/lib.sh

push=
if [ "${1:-}" = --push ]; then
  push=1
  shift
fi
[ $# = 2 ] || die "usage: build-service-images.sh [--push] PREFIX TAG"
prefix=$1 tag=${2#v}
arguments=()
[ -z "${BUILD_NETWORK:-}" ] || arguments+=(--network "$BUILD_NETWORK")
[ -z "${SDK:-}" ] || arguments+=(--build-arg "SDK=$SDK")
[ -z "${RUNTIME:-}" ] || arguments+=(--build-arg "RUNTIME=$RUNTIME")

build() { # name, folder of the Dockerfile, context, argument...
  say "== $prefix/$1:$tag"
  docker build --file "$2/Dockerfile" --tag "$prefix/$1:$tag" --label "org.opencontainers.image.version=$tag" "${@:4}" "$3"
  [ -z "$push" ] || docker push "$prefix/$1:$tag"
}

build frontend src/Frontend . "${arguments[@]}"
build worker src/Silo . "${arguments[@]}"
build status src/StatusPage . "${arguments[@]}"
# The template's own layers, and then those that every sandbox needs.
layers=podflare-build/default:$tag
docker build --tag "$layers" --build-arg "BASE=${BASE:-debian:stable-slim}" images/default
finish=$(mktemp -d)
cp images/finish.Dockerfile "$finish/Dockerfile"
build default "$finish" "$finish" --build-arg "BASE=$layers"
rm -r "$finish"
docker image rm "$layers" >/dev/null
