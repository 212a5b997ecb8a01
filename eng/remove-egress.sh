#!/usr/bin/env bash
# Removes the networks of sandboxes with network access from this host, with their rules: remove-egress.sh [NETWORK]
#
# NETWORK is Podflare:Egress:Network (default podflare); the network for named hosts is NETWORK-n. Workers create them again when a sandbox
# asks for one, so stop them first.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
export DOCKER_HOST=unix:///var/run/docker.sock

network=${1:-podflare}
[[ $network =~ ^[a-z][a-z0-9]{1,10}$ ]] || die "usage: remove-egress.sh [NETWORK], 2 to 11 of a-z and 0-9"
need_root "it changes the packet filter"
say "== Egress: removing the networks '$network' and '$network-n' with their rules"

remove() { # network
  local rule chain
  # The network is removed first: while it exists, its rules must stay.
  if docker network inspect "$1" >/dev/null 2>&1; then
    docker network rm "$1" >/dev/null || die "the network $1 is in use; delete its sandboxes, or stop the worker and remove its containers."
  fi
  iptables -w -S | sed -nE "s/^-A ((DOCKER-USER|INPUT|OUTPUT) .*-j $1-(out|in|host|ans))$/\1/p" | while read -r rule; do
    # shellcheck disable=SC2086
    iptables -w -D $rule
  done
  for chain in out in host ans; do
    if iptables -w -S "$1-$chain" >/dev/null 2>&1; then
      iptables -w -F "$1-$chain"
      iptables -w -X "$1-$chain"
    fi
  done
}

remove "$network"
remove "$network-n"
say "removed"
