#!/usr/bin/env bash
# Removes the network of sandboxes with network access from this host, with its rules: remove-egress.sh [NETWORK]
#
# NETWORK is Podflare:Egress:Network (default podflare). Workers create it again when a sandbox asks for it, so stop them first.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
export DOCKER_HOST=unix:///var/run/docker.sock

network=${1:-podflare}
[[ $network =~ ^[a-z][a-z0-9]{1,10}$ ]] || die "usage: remove-egress.sh [NETWORK], 2 to 11 of a-z and 0-9"
need_root "it changes the packet filter"
say "== Egress: removing network '$network' and its rules"

# The network is removed first: while it exists, its rules must stay.
if docker network inspect "$network" >/dev/null 2>&1; then
  docker network rm "$network" >/dev/null || die "the network is in use; delete its sandboxes, or stop the worker and remove its containers."
fi
iptables -w -S | sed -nE "s/^-A ((DOCKER-USER|INPUT) .*-j $network-(out|in|host))$/\1/p" | while read -r rule; do
  # shellcheck disable=SC2086
  iptables -w -D $rule
done
for chain in out in host; do
  if iptables -w -S "$network-$chain" >/dev/null 2>&1; then
    iptables -w -F "$network-$chain"
    iptables -w -X "$network-$chain"
  fi
done
say "removed"
