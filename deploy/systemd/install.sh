#!/usr/bin/env bash
# Installs Podflare as systemd units: install.sh [OPTION...] ROLE...
#
# ROLE is `single` (API and sandboxes in one process), or `worker`, `frontend` and `status` for the parts of a cluster. Run it again
# with newer programs to upgrade: settings in /etc/podflare are kept. It starts nothing that does not run already; at the end it says what to do next.
#
# --programs FOLDER  the published programs (default: the folder `programs` beside this script, which the release has;
#                    eng/build-server.sh makes it in a clone)
# --prefix FOLDER    installs below FOLDER instead of /, for images and packages; creates no user and does not call systemctl
# --uninstall        stops and removes units and programs; settings and data are kept
# --purge            with --uninstall: removes settings, data and the user too
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROLES="single worker frontend status"
# By role: unit, program, and the folder of the program.
declare -A UNITS=([single]=podflare.service [worker]=podflare-worker.service [frontend]=podflare-frontend.service [status]=podflare-status.service)
declare -A PROGRAMS=([single]=frontend/Podflare.Frontend [worker]=worker/Podflare.Silo [frontend]=frontend/Podflare.Frontend [status]=status/Podflare.StatusPage)
ACCOUNT=podflare

say() { printf '%s\n' "$*"; }

fail() { # message
  printf 'install.sh: %s\n' "$*" >&2
  exit 1
}

usage() { sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"; }

programs=$here/programs prefix= uninstall= purge= roles=()
while [ $# -gt 0 ]; do
  case $1 in
    --programs | --prefix)
      [ $# -gt 1 ] || fail "$1 needs a folder."
      if [ "$1" = --programs ]; then programs=$2; else prefix=${2%/}; fi
      shift
      ;;
    --uninstall) uninstall=1 ;;
    --purge) purge=1 ;;
    -h | --help)
      usage
      exit 0
      ;;
    -*) fail "unknown option '$1'; install.sh --help lists the options." ;;
    *)
      [[ " $ROLES " == *" $1 "* ]] || fail "unknown role '$1'; roles are single, worker, frontend and status."
      roles+=("$1")
      ;;
  esac
  shift
done
[ -z "$purge" ] || [ -n "$uninstall" ] || fail "--purge belongs to --uninstall."
[ -n "$prefix" ] || [ "$(id -u)" = 0 ] || fail "must run as root, because it installs units. Run: sudo $0 ..."

library=$prefix/usr/lib/podflare settings=$prefix/etc/podflare units=$prefix/etc/systemd/system

# systemctl ARGUMENT...: only where this machine's own systemd is meant, and runs.
systemd() { [ -n "$prefix" ] || [ ! -d /run/systemd/system ] || systemctl "$@"; }

if [ -n "$uninstall" ]; then
  [ ${#roles[@]} -gt 0 ] || read -ra roles <<<"$ROLES"
  for role in "${roles[@]}"; do
    [ -e "$units/${UNITS[$role]}" ] || continue
    systemd disable --now "${UNITS[$role]}" || true
    rm -f "$units/${UNITS[$role]}"
    say "removed ${UNITS[$role]}"
  done
  systemd daemon-reload
  if ! compgen -G "$units/podflare*.service" >/dev/null; then rm -rf "$library"; fi
  if [ -n "$purge" ]; then
    rm -rf "$settings" "$prefix/var/lib/podflare" "$prefix/var/lib/podflare-status"
    [ -n "$prefix" ] || ! getent passwd "$ACCOUNT" >/dev/null || userdel "$ACCOUNT"
    say "removed settings, data and the user $ACCOUNT"
  else
    say "kept $settings and the data in $prefix/var/lib; --purge removes them"
  fi
  exit 0
fi

[ ${#roles[@]} -gt 0 ] || fail "name at least one role: single, worker, frontend or status."
for role in "${roles[@]}"; do
  [ "$role" != single ] || [[ " ${roles[*]} " != *" worker "* && " ${roles[*]} " != *" frontend "* ]] || fail "single is worker and frontend in one process: leave those out."
  [ -x "$programs/${PROGRAMS[$role]}" ] || fail "there is no program $programs/${PROGRAMS[$role]}. Use --programs, or build the programs in a clone with eng/build-server.sh $here/programs."
done
if [ -z "$prefix" ]; then
  [ -d /run/systemd/system ] || fail "systemd does not run on this machine. Use --prefix to prepare an image, or docker-compose.yml."
  for role in "${roles[@]}"; do
    case $role in
      single | worker) [ -S /var/run/docker.sock ] || say "warning: there is no Docker Engine at /var/run/docker.sock yet; sandboxes need one." >&2 ;;
    esac
  done
  getent passwd "$ACCOUNT" >/dev/null || useradd --system --home-dir /nonexistent --no-create-home --shell /usr/sbin/nologin --user-group "$ACCOUNT"
fi

install -d -m 755 "$library" "$units"
install -d -m 750 "$settings"
keep() { # file: a file of settings that exists is the operator's
  [ -e "$settings/$1" ] || install -m 640 "$here/settings/$1" "$settings/$1"
}
keep common.env
for role in "${roles[@]}"; do
  folder=${PROGRAMS[$role]%%/*}
  # Beside the old one, and then in its place: running processes keep the files that they have open.
  rm -rf "$library/$folder.new" "$library/$folder.old"
  cp -R "$programs/$folder" "$library/$folder.new"
  [ ! -e "$library/$folder" ] || mv "$library/$folder" "$library/$folder.old"
  mv "$library/$folder.new" "$library/$folder"
  rm -rf "$library/$folder.old"
  keep "$role.env"
  install -m 644 "$here/units/${UNITS[$role]}" "$units/${UNITS[$role]}"
  case $role in single | worker) install -d -m 711 "$prefix/var/lib/podflare" ;; esac
done
install -m 644 "$here/README.md" "$library/README.md"
if [ -z "$prefix" ]; then
  chown -R "root:$ACCOUNT" "$settings"
  systemctl daemon-reload
fi

say "installed: ${roles[*]}"
say "1. Look through $settings/*.env."
case " ${roles[*]} " in *" single "* | *" worker "*) say "2. Build or load the sandbox image: eng/build-images.sh in a clone, or docker load < podflare-images-*.tar.gz; it must be tagged podflare/default:local." ;; esac
for role in "${roles[@]}"; do
  if [ -z "$prefix" ] && systemctl is-active --quiet "${UNITS[$role]}"; then
    say "- ${UNITS[$role]} runs the old program: systemctl restart ${UNITS[$role]}"
  else
    say "- Start it: systemctl enable --now ${UNITS[$role]}; its log: journalctl -u ${UNITS[$role]}"
  fi
done
