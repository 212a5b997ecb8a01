#!/usr/bin/env bash
# Runs Podflare on this machine; `run.sh --help` describes how.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
. eng/lib.sh
# What this script starts bypasses the proxy; programs in other terminals may need the hint.
proxy_hint=
[ -z "${http_proxy:-}${HTTP_PROXY:-}${all_proxy:-}${ALL_PROXY:-}" ] || [[ ,${no_proxy:-${NO_PROXY:-}}, == *,127.0.0.1,* ]] || proxy_hint=1
bypass_proxy_for_loopback

usage() {
  cat <<'HELP'
Usage: sudo ./run.sh [-v | --verbose] [--template NAME]

Runs Podflare on this machine: the service in one process, and its status page in another. Installs and starts Docker and builds the sandbox
image where they are missing, builds the programs, and then serves in the foreground. The first run takes two to three minutes, later ones a
few seconds. Ctrl-C stops both processes; a second Ctrl-C kills them.

Options:
  -v, --verbose    Show the logs on the console too. They are JSON lines, and always go to files.
  --template NAME  Make NAME the default template. Its image is built from images/NAME if that folder exists; otherwise podflare/NAME:local
                   must exist (`podflare template build` makes it). python-datasci has numpy, pandas, matplotlib and scipy; the first
                   build of its image takes four minutes.
  -h, --help       Show this help.

Environment:
  PODFLARE_HOSTD_ADDR    Address of the service (default 127.0.0.1:7070)
  PODFLARE_STATUS_ADDR   Address of the status page (default 127.0.0.1:7071), or `off`
  PODFLARE_API_KEYS      Keys that clients may use, separated by commas; required if the service listens on a public address
  PODFLARE_LOG_DIR       Folder of the log files (default /var/log/podflare); the logs of the last five starts are kept
  PODFLARE_SKIP_SETUP=1  Do not check Docker, the sandbox images and the free disk space

All other settings: docs/configuration.md
HELP
}

misused() { # message
  say "run.sh: $1; run.sh --help lists the options" >&2
  exit 2
}

need_name() { [[ $1 =~ ^[a-z0-9][a-z0-9-]{0,62}$ ]] || misused "the name after --template must be 1 to 63 of a-z, 0-9 and -, not '$1'"; }

verbose= template=
while [ $# -gt 0 ]; do
  case $1 in
    -v | --verbose) verbose=1 ;;
    -h | --help)
      usage
      exit 0
      ;;
    --template)
      [ $# -gt 1 ] || misused "--template needs a name"
      template=$2
      need_name "$2"
      shift
      ;;
    --template=*)
      template=${1#*=}
      need_name "$template"
      ;;
    *) misused "unknown argument '$1'" ;;
  esac
  shift
done

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
export PODFLARE_HOSTD_ADDR=${PODFLARE_HOSTD_ADDR:-127.0.0.1:7070}
export PODFLARE_STATUS_ADDR=${PODFLARE_STATUS_ADDR:-127.0.0.1:7071}
logs=${PODFLARE_LOG_DIR:-/var/log/podflare}
LOG_FILES=5
LOG_LIMIT_BYTES=$((64 << 20))
READY_SECONDS=60
STOP_SECONDS=30
NEEDED_MIB=2048

# The address to use from this machine when the program listens on every address.
local_address() { sed -E 's/^(0\.0\.0\.0|\*|\[::\]|):/127.0.0.1:/' <<<"$1"; }
api=$(local_address "$PODFLARE_HOSTD_ADDR")
page=$(local_address "$PODFLARE_STATUS_ADDR")

# With a certificate, the service and the page speak HTTPS. It names a host, and this script asks an address, so it does not check the name.
api_url=http${PODFLARE_TLS_CERT:+s}://$api
page_url=http${PODFLARE_STATUS_TLS_CERT:+s}://$page

# fetch URL PATH [OPTION...]: the answer of a program on this machine, never through a proxy.
fetch() { curl --noproxy '*' -s -k -m 5 "$1$2" "${@:3}"; }

service_ready() { [ "$(fetch "$api_url" /readyz -o /dev/null -w '%{http_code}')" = 200 ]; }

status_page_answers() { [[ $(fetch "$page_url" /api/v2/status.json) == *'"indicator"'* ]]; }

# port_taken ADDRESS: something accepts connections there. curl ends with 7 if nothing does.
port_taken() {
  local code=0
  curl --noproxy '*' -s -m 2 -o /dev/null "http://$1/" || code=$?
  [ "$code" != 7 ] && [ "$code" != 6 ]
}

curl_has_json() { printf '7.82\n%s\n' "$(curl --version | awk 'NR == 1 { print $2 }')" | sort -VC; }

# need_space FOLDER: the file system of FOLDER, or of its nearest existing parent, has room for a build and an image.
need_space() {
  local folder=$1 free
  until [ -d "$folder" ]; do folder=$(dirname "$folder"); done
  free=$(($(df -Pk "$folder" | awk 'NR == 2 { print $4 }') / 1024))
  [ "$free" -ge "$NEEDED_MIB" ] \
    || die "the disk is full: $folder has $free MiB left, and Podflare needs $NEEDED_MIB MiB to build and to run. Free some space (\`docker system df\` shows what Docker uses), then run this again."
}

# rotate FILE: FILE becomes FILE.1, and so on; the oldest is removed.
rotate() {
  local number
  [ -s "$1" ] || return 0
  for number in $(seq $((LOG_FILES - 2)) -1 1); do
    [ ! -e "$1.$number" ] || mv "$1.$number" "$1.$((number + 1))"
  done
  mv "$1" "$1.1"
}

# The processes append to the file and keep it open, so a file that is too long is copied and emptied, not renamed.
limit_log() {
  [ "$(stat -c %s "$1" 2>/dev/null || echo 0)" -gt "$LOG_LIMIT_BYTES" ] || return 0
  cp "$1" "$1.1"
  : >"$1"
}

# Variables of the programs that a shell cannot export: the name of a template may have a hyphen.
settings=()

# set_template: makes $template the default. Settings in the environment win.
set_template() {
  export Podflare__Create__DefaultTemplate=$template
  # The service knows the images of these two.
  case $template in
    default) ;;
    python-datasci) warm_pool ;;
    *)
      template_setting Image "podflare/$template:local"
      warm_pool
      ;;
  esac
}

# As many containers wait ready as of the service's own default template.
warm_pool() { template_setting_of PoolMax >/dev/null || template_setting PoolMin 2; }

template_setting() { # key value
  template_setting_of "$1" >/dev/null || settings+=("Podflare__Templates__${template}__$1=$2")
}

template_setting_of() { printenv "Podflare__Templates__${template}__$1"; }

# ensure_images: builds those that have a folder, and finds the one of $template otherwise.
ensure_images() {
  local images=(default) image
  if [ -n "$template" ] && [ "$template" != default ]; then
    if image=$(template_setting_of Image); then
      : # The environment names another image.
    elif [ -e "images/$template/Dockerfile" ]; then
      images+=("$template") image=
    else
      image=podflare/$template:local
    fi
  fi
  eng/build-images.sh "${images[@]}"
  [ -z "${image:-}" ] || docker -H unix:///var/run/docker.sock image inspect "$image" >/dev/null 2>&1 \
    || die "template $template: there is no image $image on this machine, and no folder images/$template. Build the image, for example: podflare template build $template FOLDER"
}

# is_default_template: the service that runs uses $template for a create that names none.
is_default_template() {
  local key=()
  [ -z "${PODFLARE_API_KEYS:-}" ] || key=(-H "Authorization: Bearer $(sed -e 's/,.*//' -e 's/^[^:]*://' <<<"$PODFLARE_API_KEYS")")
  fetch "$api_url" /v1/templates "${key[@]}" | grep -qF "\"name\":\"$template\",\"default\":true"
}

# Of this environment, the status page gets only what concerns it: the service's keys and passwords are none of its business.
PAGE_VARIABLES='^(PATH|HOME|USER|LANG|LC_[A-Z]+|TZ|TMPDIR|DOTNET_[A-Za-z_]+|SSL_CERT_(FILE|DIR)|(NO|HTTP|HTTPS|ALL)_PROXY|(no|http|https|all)_proxy|OTEL_[A-Z_]+|Logging__[A-Za-z_]+|Status__[A-Za-z0-9_]+|PODFLARE_STATUS_[A-Z_]+|PODFLARE_TEST_[A-Z_]+)$'

# keep_page_variables: removes all others from the environment of this shell.
keep_page_variables() {
  local name
  while IFS= read -r name; do [[ $name =~ $PAGE_VARIABLES ]] || unset "$name"; done < <(compgen -e)
}

# start_program LOG DLL [NAME=VALUE...]: starts it with its log lines appended to LOG; its pid is then in STARTED. It stops when this script dies.
start_program() {
  local guard=()
  ! command -v setpriv >/dev/null || guard=(setpriv --pdeathsig TERM)
  "${guard[@]}" env "${@:3}" dotnet "$2" >>"$1" 2>&4 </dev/null &
  STARTED=$!
}

# watch_status_page: keeps the page running while the service runs.
watch_status_page() {
  local pid='' code started
  # This is a shell of its own.
  keep_page_variables
  trap '' INT
  trap '[ -z "$pid" ] || stop_process "$pid" 20; exit 0' TERM
  while process_lives "$service"; do
    started=$SECONDS
    start_program "$logs/status.log" artifacts/bin/StatusPage/release/Podflare.StatusPage.dll
    pid=$STARTED
    while process_lives "$pid" && process_lives "$service"; do
      limit_log "$logs/status.log"
      sleep 1 &
      wait $! || true
    done
    stop_process "$pid" 20
    process_lives "$service" || return 0
    code=0
    wait "$pid" || code=$?
    if [ "$(seconds_since "$started")" -lt 10 ]; then
      say "run.sh: the status page ended at once with exit code $code (see $logs/status.log); the service runs without it" >&4
      return 0
    fi
    say "run.sh: the status page ended with exit code $code; starting it again" >&4
  done
}

# Standard error of the programs and of our own messages. Standard error itself is closed where bash would report a killed job.
exec 4>&2
stops=0
stop() {
  stops=$((stops + 1))
  if [ "$stops" = 1 ]; then
    say "stopping (Ctrl-C again to kill)"
    kill -TERM "$service" 2>/dev/null || true
  else
    # Containers that are left over are removed at the next start.
    [ "$stops" -gt 2 ] || say "killing"
    exec 2>/dev/null
    # The page is found by its parent: its pid is known to that shell alone.
    [ -z "${watcher:-}" ] || pkill -KILL -P "$watcher" -f Podflare.StatusPage.dll 2>/dev/null || true
    kill -KILL "$service" 2>/dev/null || true
  fi
}

try_it() {
  local body=(--json) key=''
  [ -z "${PODFLARE_API_KEYS:-}" ] || key=" -H 'Authorization: Bearer KEY'"
  curl_has_json || body=(-H "'Content-Type: application/json'" -d)
  printf "S=\$(curl -sS %s/v1/sandboxes%s %s '{}' | grep -o 'sbx_[0-9a-f]*'); curl -sSN %s/v1/sandboxes/\$S/exec%s %s '{\"code\":\"print(6 * 7)\"}'" \
    "$api_url" "$key" "${body[*]}" "$api_url" "$key" "${body[*]}"
}

banner() { # first line
  say "$1"
  [ "${Podflare__Console__Enabled:-true}" = false ] || say "  Front page   $api_url"
  say "  API          $api_url/v1"
  [ "${Podflare__Console__Enabled:-true}" = false ] || say "  Console      $api_url/console"
  say "  Docs         $api_url/docs"
  [ -z "$template" ] || say "  Template     $template, unless a create names another one"
  if [ "$page" = off ]; then
    say "  Status page  off (PODFLARE_STATUS_ADDR)"
  elif status_page_answers; then
    say "  Status page  $page_url"
  else
    say "  Status page  does not answer on $page_url"
  fi
  say "  Try it       $(try_it)"
  say "  Logs         $logs/podflare.log (JSON; ./run.sh -v shows them here too)"
  curl_has_json || say "Note: this curl is older than 7.82 and has no --json. In the README's examples, replace it with: -H 'Content-Type: application/json' -d"
  [ -z "$proxy_hint" ] || say "Note: a proxy is set in your environment. Programs in this terminal need: export NO_PROXY=127.0.0.1,localhost"
}

for address in "$PODFLARE_HOSTD_ADDR" "$PODFLARE_STATUS_ADDR"; do
  [[ $address == off || $address =~ :[1-9][0-9]*$ ]] || die "'$address' is not an address; write it as 127.0.0.1:7070."
done
command -v curl >/dev/null || apt_install curl
if [ "$(fetch "$api_url" /v1/healthz)" = ok ]; then
  [ -z "$template" ] || is_default_template \
    || die "Podflare is already running on $api, and its default template is not $template. Stop it first, or choose a free port: PODFLARE_HOSTD_ADDR=127.0.0.1:7170 $0 --template $template"
  banner "Podflare is already running."
  exit 0
fi
if port_taken "$api"; then
  die "another program uses $api. Choose a free port: PODFLARE_HOSTD_ADDR=127.0.0.1:7170 $0"
fi
if [ "$page" != off ] && ! status_page_answers && port_taken "$page"; then
  die "another program uses $page, the address of the status page. Choose a free port: PODFLARE_STATUS_ADDR=127.0.0.1:7171 $0 (or PODFLARE_STATUS_ADDR=off)"
fi
[ "$(id -u)" = 0 ] || die "Podflare must run as root, because it manages containers and their sockets. Run: sudo $0"
need_sdk

say "== Podflare: setting up, building and starting (two to three minutes the first time)"
if [ "${PODFLARE_SKIP_SETUP:-}" != 1 ]; then
  for folder in "$PWD" /var/lib/docker "$logs"; do need_space "$folder"; done
  eng/ensure-docker.sh
  ensure_images
fi
[ -z "$template" ] || set_template
say "building the programs (half a minute the first time)"
build_project src/Frontend/Frontend.csproj
with_page=
if [ "$page" != off ] && ! status_page_answers; then
  with_page=1
  build_project src/StatusPage/StatusPage.csproj
  # The page is a user like any other, with a key and a tenant of its own. Without keys, every caller is let in.
  if [ -n "${PODFLARE_API_KEYS:-}" ] && [ -z "${Status__Probes__Key:-}" ]; then
    Status__Probes__Key=$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')
    PODFLARE_API_KEYS+=,status:$Status__Probes__Key
    export Status__Probes__Key
  fi
  export Status__Probes__Platform=${Status__Probes__Platform:-$api_url}
fi

mkdir -p "$logs"
rotate "$logs/podflare.log"
: >>"$logs/podflare.log"
if [ -n "$with_page" ]; then
  rotate "$logs/status.log"
  : >>"$logs/status.log"
fi
if [ -n "$verbose" ]; then tail -q -n 0 -F --pid=$$ "$logs/podflare.log" $([ -z "$with_page" ] || printf '%s' "$logs/status.log") 2>/dev/null & fi

start_program "$logs/podflare.log" artifacts/bin/Frontend/release/Podflare.Frontend.dll "${settings[@]}"
service=$STARTED
trap stop INT TERM HUP
started=$SECONDS
until service_ready; do
  process_lives "$service" || break
  if [ "$(seconds_since "$started")" -ge "$READY_SECONDS" ]; then
    say "run.sh: the service is not ready after $READY_SECONDS s and continues to start; its log is $logs/podflare.log" >&2
    break
  fi
  sleep 0.2 &
  wait $! || true
done

if process_lives "$service" && [ "$stops" = 0 ]; then
  if [ -n "$with_page" ]; then
    # After the service, because answers of a service that is starting would count as failures.
    watch_status_page 2>/dev/null &
    watcher=$!
    for _ in $(seq 50); do
      status_page_answers || ! process_lives "$watcher" || [ "$stops" != 0 ] || { sleep 0.2 & wait $! || true; continue; }
      break
    done
  fi
  [ "$stops" != 0 ] || banner "Podflare is running. Ctrl-C stops it."
fi

while process_lives "$service"; do
  limit_log "$logs/podflare.log"
  if [ "$stops" -gt 0 ] && [ "$(seconds_since "${stopping_since:=$SECONDS}")" -ge "$STOP_SECONDS" ]; then stop; fi
  sleep 0.3 &
  wait $! || true
done
code=0
wait "$service" || code=$?
[ -z "${watcher:-}" ] || { kill -TERM "$watcher" 2>/dev/null; wait "$watcher"; } || true
if [ "$stops" = 0 ]; then
  say "run.sh: the service ended with exit code $code; the last lines of $logs/podflare.log:" >&2
  tail -n 10 "$logs/podflare.log" >&2
elif [ "$code" = 0 ]; then
  say "stopped"
fi
exit "$code"
