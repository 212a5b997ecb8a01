#!/usr/bin/env bash
# Makes the certificates of a cluster: cluster-certificates.sh FOLDER [NAME...]
#
# FOLDER gets authority.pem and its key (authority.key), and for each NAME a folder NAME with certificate.pem, key.pem and a copy of authority.pem.
# NAME is a process or a server, such as worker1 or redis, and the certificate is valid for that host name, for localhost and for 127.0.0.1.
# Without NAMEs it makes everything that docker-compose.yml needs: the certificates of its services, a Redis user that may use no other keys than the
# cluster's (redis/users.acl), and the connection string with that user's password (redis.env). What exists is kept, so that a later call adds processes to the same authority; to renew
# a certificate, remove its folder first. Running processes notice new files within 30 seconds.
#
# Whoever has one of these pairs is part of the cluster and can act for every tenant. Keep authority.key off the machines of the cluster.
#
# CERTIFICATE_DAYS     days for which certificates are valid (default 825); the authority's is valid for 3650
# PODFLARE_CLUSTER_ID  id of the cluster whose keys the Redis user may use (default compose)
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

COMPOSE_NAMES="redis worker1 worker2 frontend1 frontend2"
# The users in the images, who must be able to read the keys. A worker runs as root.
declare -A COMPOSE_OWNERS=([redis]=999:999 [frontend1]=1654:1654 [frontend2]=1654:1654)
id=${PODFLARE_CLUSTER_ID:-compose}
days=${CERTIFICATE_DAYS:-825}

[ $# -ge 1 ] || die "usage: cluster-certificates.sh FOLDER [NAME...]"
[[ $days =~ ^[1-9][0-9]*$ ]] || die "CERTIFICATE_DAYS is '$days'; it must be a number of days."
command -v openssl >/dev/null || apt_install openssl
[[ $id =~ ^[a-z0-9][a-z0-9-]{0,62}$ ]] || die "PODFLARE_CLUSTER_ID is '$id'; it must be 1 to 63 of a-z, 0-9 and -."
folder=$1
shift
is_compose=
if [ $# = 0 ]; then
  need_root "it gives each key to the user of its container"
  is_compose=1
  # shellcheck disable=SC2086
  set -- $COMPOSE_NAMES
fi
for name; do [[ $name =~ ^[A-Za-z0-9]([A-Za-z0-9.-]{0,61}[A-Za-z0-9])?$ ]] || die "'$name' is not a host name."; done

umask 077
mkdir -p "$folder"
cd "$folder"
new_key() { openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out "$1"; }

# make_redis_user FOLDER: a user for the processes, with the keys of this cluster, and one that can only ping, for the health check.
make_redis_user() {
  local password hash
  password=$(openssl rand -hex 32)
  hash=$(printf %s "$password" | openssl dgst -sha256 -r | cut -d' ' -f1)
  printf '%s\n' "user default off" "user health on nopass -@all +ping" \
    "user podflare on #$hash ~podflare:* ~$id/* &__Booksleeve_MasterChanged +@all -@dangerous -@admin +info" >"$1/users.acl"
  printf 'ConnectionStrings__Redis=redis:6379,ssl=true,user=podflare,password=%s\n' "$password" >redis.env
}

if [ ! -e authority.pem ]; then
  [ ! -e authority.key ] || die "$folder has an authority.key without its authority.pem."
  new_key authority.key
  openssl req -x509 -new -key authority.key -sha256 -days 3650 -subj "/CN=Podflare cluster authority" \
    -addext basicConstraints=critical,CA:TRUE,pathlen:0 -addext keyUsage=critical,keyCertSign,cRLSign -out authority.pem
  say "made the authority $folder/authority.pem"
fi
[ -e authority.key ] || die "$folder has no authority.key, which is needed to issue certificates."

for name; do
  if [ -e "$name" ]; then
    say "kept $folder/$name"
    continue
  fi
  # Complete or not there at all.
  rm -rf ".$name"
  mkdir ".$name"
  new_key ".$name/key.pem"
  openssl req -new -key ".$name/key.pem" -subj "/CN=$name" -out ".$name/request"
  openssl x509 -req -in ".$name/request" -CA authority.pem -CAkey authority.key -sha256 -days "$days" -set_serial "0x$(openssl rand -hex 16 | sed 's/^./1/')" \
    -extfile <(printf '%s\n' "subjectAltName=DNS:$name,DNS:localhost,IP:127.0.0.1" basicConstraints=critical,CA:FALSE \
      keyUsage=critical,digitalSignature extendedKeyUsage=serverAuth,clientAuth) -out ".$name/certificate.pem" 2>/dev/null
  rm ".$name/request"
  cp authority.pem ".$name/authority.pem"
  [ "$name" != redis ] || [ -z "$is_compose" ] || make_redis_user ".$name"
  [ -z "$is_compose" ] || chown -R "${COMPOSE_OWNERS[$name]:-0:0}" ".$name"
  mv ".$name" "$name"
  say "made $folder/$name"
done
