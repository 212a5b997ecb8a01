#!/usr/bin/env bash
# Checks deploy/systemd without starting anything: install.sh below a temporary folder, twice, and the units with systemd-analyze.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. eng/lib.sh

say "== systemd units: checking deploy/systemd"
bash -n deploy/systemd/install.sh
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
root=$folder/root
for program in frontend/Podflare.Frontend worker/Podflare.Silo status/Podflare.StatusPage; do
  mkdir -p "$folder/programs/$(dirname "$program")"
  printf '#!/bin/sh\n' >"$folder/programs/$program"
  chmod +x "$folder/programs/$program"
done
install=(deploy/systemd/install.sh --prefix "$root" --programs "$folder/programs")

"${install[@]}" single status >/dev/null
echo changed >>"$root/etc/podflare/single.env"
"${install[@]}" single status >/dev/null
grep -q changed "$root/etc/podflare/single.env" || die "install.sh does not keep settings."
"${install[@]}" worker frontend >/dev/null
for wrong in "" "single worker" "no-such-role" "--purge"; do
  # shellcheck disable=SC2086 # words
  ! "${install[@]}" $wrong >/dev/null 2>&1 || die "install.sh accepts '$wrong'."
done
if command -v systemd-analyze >/dev/null; then
  # verify looks for everything below the root: the basic targets, and programs that units of the system name.
  mkdir -p "$root/usr/lib/systemd/system" "$root/bin"
  cp /usr/lib/systemd/system/*.target "$root/usr/lib/systemd/system/" 2>/dev/null || cp /lib/systemd/system/*.target "$root/usr/lib/systemd/system/"
  output=$(systemd-analyze verify --root="$root" --man=no podflare.service podflare-worker.service podflare-frontend.service podflare-status.service 2>&1 | grep -i podflare) || true
  [ -z "$output" ] || die "$output"
else
  say "systemd-analyze is not installed: the units themselves are not checked"
fi
deploy/systemd/install.sh --prefix "$root" --uninstall --purge >/dev/null
left=$(find "$root" -path '*podflare*') || true
[ -z "$left" ] || die "install.sh --uninstall --purge leaves $left"
say "the units are valid, and install.sh does what it says"
