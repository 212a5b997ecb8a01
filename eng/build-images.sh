#!/usr/bin/env bash
# Builds the sandbox images podflare/<template>:local whose inputs have changed: build-images.sh [--fresh] [template...]
#
# A template is a folder images/<template> with a Dockerfile. images/finish.Dockerfile then adds what every sandbox needs.
# If the folder also has a list `packages`, its Dockerfile begins with a base that has these Debian packages, as the argument BASE. A list
# `removed` has paths that are removed from that base, and a file `home` the home of the sandbox's user (default /root). Without arguments, only the default template is built, because the others take minutes.
# BASE names the image to start from, such as debian:stable-slim. Without BASE, a base is made from this machine's own package
# sources with mmdebstrap, so that no image registry is needed. --fresh makes the base again, with today's packages.
# Bases are kept as tar files in PODFLARE_CACHE (default /var/cache/podflare).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/lib.sh"

IMAGES=$here/../images
CACHE=${PODFLARE_CACHE:-/var/cache/podflare}
export DOCKER_HOST=unix:///var/run/docker.sock
export DOCKER_BUILDKIT=0 # this builder finds bases that exist only locally, and needs no plug-in

# Not needed in a sandbox.
EXCLUDED=('/usr/share/doc/*' '/usr/share/man/*' '/usr/share/info/*' '/usr/share/icons/*' '/usr/share/locale/*' '/usr/share/lintian/*')
REMOVED=('/var/cache/*' '/var/lib/apt/*' '/var/log/*' '/usr/share/perl*' '/usr/lib/*/perl*' '/usr/lib/*/gconv' '/usr/lib/python3*/test')
# A user that no image knows: each sandbox has a number of its own.
VERIFIER=1879048192

packages_of() { sed -e 's/#.*//' "$IMAGES/$1/packages" | xargs -n 1; }

# The paths above and the template's own.
removed_from() {
  printf '%s\n' "${REMOVED[@]}"
  [ ! -e "$IMAGES/$1/removed" ] || sed -e 's/#.*//' -e '/^ *$/d' "$IMAGES/$1/removed"
}

# The file that names this machine's mirror, which is also used for the image.
apt_sources() {
  local file
  for file in /etc/apt/sources.list.d/{debian,ubuntu}.sources /etc/apt/sources.list; do
    if [ -e "$file" ] && grep -qw "$VERSION_CODENAME" "$file"; then
      printf '%s' "$file"
      return 0
    fi
  done
  die "no file under /etc/apt names the packages of $VERSION_CODENAME. Name an image to start from: BASE=debian:stable-slim $0"
}

# Everything that determines the content of a base, apart from the day on which it is made.
base_recipe() {
  printf '%s\n' "$ID $VERSION_CODENAME" "$(uname -m)" "${EXCLUDED[*]}" "${REMOVED[*]}" "$(packages_of "$1")"
  declare -f make_base
}

make_base() { # template, tar
  local include options=() path
  include=$(packages_of "$1" | paste -sd,)
  for path in "${EXCLUDED[@]}"; do options+=("--dpkgopt=path-exclude=$path"); done
  # The hook is a shell line in which $1 is the new root.
  local hook='cd "$1" && rm -rf'
  for path in "${REMOVED[@]}"; do hook+=" .$path"; done
  mmdebstrap --mode=root --variant=essential --include="$include" "${options[@]}" --customize-hook="$hook" \
    --format=tar "$VERSION_CODENAME" "$2" "$(apt_sources)"
}

# ensure_base TEMPLATE: sets `base` to a local image with the template's packages. Imports or makes it if it is missing.
ensure_base() {
  local hash tar log started=$SECONDS
  hash=$(base_recipe "$1" | sha256sum | cut -c1-16)
  tar=$CACHE/base-$1-$hash.tar
  # A name of our own, because an image with an upstream name would hide what the Dockerfile lacks.
  base=podflare-base:$1-$hash
  if [ ! -e "$tar" ]; then
    command -v mmdebstrap >/dev/null || apt_install mmdebstrap
    say "making the base of '$1' from the packages of $ID $VERSION_CODENAME (half a minute to four minutes)"
    mkdir -p "$CACHE"
    log=$CACHE/base-$1.log
    make_base "$1" "$tar.partial" >"$log" 2>&1 || {
      rm -f "$tar.partial"
      tail -n 25 "$log" >&2
      die "mmdebstrap failed; its last lines are above, all of them in $log."
    }
    mv "$tar.partial" "$tar"
    say "made $(du -h "$tar" | cut -f1) in $(seconds_since "$started") s"
    docker import "$tar" "$base" >/dev/null
  elif ! docker image inspect "$base" >/dev/null 2>&1; then
    docker import "$tar" "$base" >/dev/null
  fi
}

# As the service runs it: no network, nothing to write to but two tmpfs, an unprivileged user without capabilities.
verify() { # image, home
  docker run --rm --network none --read-only --user "$VERIFIER:$VERIFIER" --cap-drop ALL --security-opt no-new-privileges \
    --env USER_HOME="$2" --tmpfs "$2:uid=$VERIFIER,gid=$VERIFIER,mode=0755,exec,size=16m" --tmpfs /tmp:exec,size=16m \
    --memory 512m --pids-limit 128 "$1" python3 -c "$(<"$here/verify-image.py")"
}

# Removes the image that had the name before, unless a container or another name still uses it.
remove_unnamed() { # id, or nothing
  if [ -n "$1" ] && [ "$(docker image inspect -f '{{len .RepoTags}}' "$1" 2>/dev/null)" = 0 ]; then
    docker image rm "$1" >/dev/null 2>&1 || true
  fi
}

# The ids of the local images that a Dockerfile names: it is built again when one of them changes.
bases_of() { # Dockerfile
  sed -nE 's/^FROM +([^$ ]+).*/\1/Ip' "$1" | xargs -r -n 1 docker image inspect -f '{{.Id}}' 2>/dev/null || true
}

# docker_build LOG ARGUMENT...: prints the id of the new image.
docker_build() {
  local log=$1 id
  shift
  id=$(mktemp)
  docker build --iidfile "$id" "$@" >>"$log" 2>&1 || {
    rm -f "$id"
    return 1
  }
  cat "$id"
  rm -f "$id"
}

build() { # template
  local template=$1 folder=$IMAGES/$1 image=podflare/$1:local inputs base started=$SECONDS log removed home=/root
  # The functions that it calls see this one.
  mapfile -t removed < <(removed_from "$template")
  local REMOVED=("${removed[@]}")
  [ -f "$folder/Dockerfile" ] || die "images/$template/Dockerfile does not exist."
  [ ! -f "$folder/home" ] || home=$(cat "$folder/home")
  inputs=$({
    (cd "$folder" && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum)
    bases_of "$folder/Dockerfile"
    if [ -n "${BASE:-}" ]; then printf '%s\n' "$BASE"; elif [ -f "$folder/packages" ]; then base_recipe "$template"; fi
    cat "$IMAGES/finish.Dockerfile" "$here/verify-image.py"
  } | sha256sum | cut -c1-16)
  if [ -z "$fresh" ] \
    && [ "$(docker image inspect -f '{{index .Config.Labels "podflare.inputs"}}' "$image" 2>/dev/null)" = "$inputs" ]; then
    say "$image is up to date"
    return 0
  fi
  base=${BASE:-}
  [ -n "$base" ] || [ ! -f "$folder/packages" ] || ensure_base "$template"
  say "building $image${base:+ on $base} (some seconds)"
  log=$(mktemp)
  local layers built
  # The folder's Dockerfile, and then the layers that every sandbox needs. The latter need no files.
  { layers=$(docker_build "$log" ${base:+--build-arg BASE="$base"} "$folder") \
    && built=$(docker_build "$log" --build-arg BASE="$layers" --build-arg USER_HOME="$home" --label podflare.inputs="$inputs" - <"$IMAGES/finish.Dockerfile"); } || {
    tail -n 25 "$log" >&2
    rm -f "$log"
    die "docker build of images/$template failed; its last lines are above."
  }
  grep '^warning: ' "$log" >&2 || true
  rm -f "$log"
  # Only an image that passed its check gets the name.
  verify "$built" "$home" || die "the new image for $template failed its check (above); $image is unchanged."
  local old
  old=$(docker image inspect -f '{{.Id}}' "$image" 2>/dev/null) || old=
  docker tag "$built" "$image"
  remove_unnamed "$old"
  say "$image: $(docker image inspect -f '{{.Size}}' "$image" | awk '{ printf "%d MB", $1 / 1e6 }'), built and checked in $(seconds_since "$started") s"
}

say "== Sandbox images: building those whose inputs have changed"
fresh=
if [ "${1:-}" = --fresh ]; then
  fresh=1
  shift
fi
[ $# -gt 0 ] || set -- default
. /etc/os-release
VERSION_CODENAME=${VERSION_CODENAME:-unknown}

# Two builds at once would make the same base twice and race for one name.
exec 9>/var/lock/podflare-images.lock
flock -w 900 9 || die "another build-images.sh has held /var/lock/podflare-images.lock for a quarter of an hour."
for template; do
  if [ -n "$fresh" ] && [ -z "${BASE:-}" ] && [ -f "$IMAGES/$template/packages" ]; then
    hash=$(base_recipe "$template" | sha256sum | cut -c1-16)
    rm -f "$CACHE/base-$template-$hash.tar"
  fi
  build "$template"
done
