#!/usr/bin/env bash
# Builds, checks and tests Podflare: test.sh [fast|full] [SUITE...]
#
# fast: no Docker, under two minutes.    full (the default): everything; installs what is missing.
# A suite is a folder of tests/. Named ones alone are run; otherwise those below and, with full, every other one there is.
# A suite holds a .NET test project, or Python unittests (test_*.py), or a script `run` whose last line counts as below.
# A script `prepare` in it is run first, and installs what that suite alone needs.
#
# The last line is 'N passed, N failed' or 'N passed, N failed, N skipped'. A check that fails, and a suite that runs no
# test, count as one failure. Each run has a folder and a cluster id of its own (PODFLARE_TEST_FOLDER, PODFLARE_TEST_CLUSTER);
# at its end, however it comes, processes and containers of this run are gone and nobody else's are touched.
set -euo pipefail

FAST_SUITES="Pure Http Guest"
FULL_SUITES="Cluster EndToEnd"
SUITE_LIMIT_MINUTES=30

cd "$(dirname "${BASH_SOURCE[0]}")"
. eng/lib.sh
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_CLI_UI_LANGUAGE=en DOCKER_HOST=unix:///var/run/docker.sock

passed=0 failed=0 skipped=0

# Ends what this run has started, however it ends: its own id, which is in their environment, tells them from all others.
clean_up() {
  local code=$?
  trap '' INT TERM HUP
  trap - EXIT
  [ -z "${beside:-}" ] || kill "$beside" 2>/dev/null || true
  stop_own_processes
  remove_own_containers
  rm -rf "$folder"
  # Whatever ended it early, a missing SDK or an interrupt, is not a run in which nothing failed.
  [ "$code" -eq 0 ] || [ "$failed" -gt 0 ] || failed=1
  if [ "$skipped" -gt 0 ]; then
    say "$passed passed, $failed failed, $skipped skipped"
  else
    say "$passed passed, $failed failed"
  fi
  [ "$failed" -eq 0 ] || [ "$code" -ne 0 ] || code=1
  exit "$code"
}

own_processes() {
  local process
  for process in /proc/[0-9]*; do
    # By its environment; that of this shell does not have the id. A Redis writes its title over it, but works in the folder.
    if { tr '\0' '\n' <"$process/environ" | grep -qxF "PODFLARE_TEST_CLUSTER=$cluster" \
      || [[ $(readlink "$process/cwd")/ == "$folder"/* ]]; } && process_lives "${process##*/}"; then
      printf '%s\n' "${process##*/}"
    fi
  done 2>/dev/null
}

stop_own_processes() {
  local signal try
  for signal in TERM KILL; do
    for try in $(seq 50); do
      [ -n "$(own_processes)" ] || return 0
      [ "$try" -gt 1 ] || own_processes | xargs -r kill -"$signal" 2>/dev/null || true
      sleep 0.1
    done
  done
}

# By label, and by mounts out of this run's folder, which find those of a process that chose its cluster id itself.
remove_own_containers() {
  [ -S /var/run/docker.sock ] && command -v docker >/dev/null || return 0
  docker ps -aq --filter label=podflare.cluster \
    | xargs -r docker inspect -f '{{.Id}} {{index .Config.Labels "podflare.cluster"}}{{range .Mounts}} {{.Source}}{{end}}' 2>/dev/null \
    | awk -v id="$cluster" -v folder="$folder/" '
        $2 == id || index($2, id "-") == 1 { print $1; next }
        { for (i = 3; i <= NF; i++) if (index($i "/", folder) == 1) { print $1; next } }' \
    | xargs -r docker rm -fv >/dev/null 2>&1 || true
}

# in_background COMMAND...: runs it so that a signal to this script is obeyed at once, not when the command has ended.
# What it starts has this run's id in its environment. An engine does not: it is started in the foreground, and lives on.
in_background() {
  (
    export PODFLARE_TEST_FOLDER=$folder PODFLARE_TEST_CLUSTER=$cluster
    "$@"
  ) &
  wait $!
}

# check NAME COMMAND...: a command that is right or wrong; only what is wrong is shown.
check() {
  local name=$1 started=$SECONDS log
  shift
  log=$(mktemp)
  if in_background "$@" >"$log" 2>&1; then
    say "== $name: ok in $(seconds_since "$started") s"
    rm -f "$log"
    return 0
  fi
  tail -n 100 "$log"
  rm -f "$log"
  say "== $name: FAILED in $(seconds_since "$started") s"
  failed=$((failed + 1))
  return 1
}

# meanwhile NAME COMMAND...: one check that goes on beside what follows, which mostly waits more than it computes. join ends it, and
# tells like check.
meanwhile() {
  beside_name=$1 beside_log=$(mktemp) beside_started=$SECONDS
  shift
  (
    export PODFLARE_TEST_FOLDER=$folder PODFLARE_TEST_CLUSTER=$cluster
    "$@" >"$beside_log" 2>&1
  ) &
  beside=$!
}

join() {
  local code=0
  wait "$beside" || code=$?
  beside=
  if [ "$code" -eq 0 ]; then
    say "== $beside_name: ok within $(seconds_since "$beside_started") s"
  else
    tail -n 100 "$beside_log"
    say "== $beside_name: FAILED within $(seconds_since "$beside_started") s"
    failed=$((failed + 1))
  fi
  rm -f "$beside_log"
  return "$code"
}

# The runner's own limit names the test that hangs; the outer one is for a runner that hangs.
dotnet_suite() {
  timeout "$((SUITE_LIMIT_MINUTES + 1))m" dotnet test --test-modules "artifacts/bin/$1/release/Podflare.$1.dll" --no-ansi --no-progress \
    --results-directory "$folder/results" --minimum-expected-tests 1 --timeout "${SUITE_LIMIT_MINUTES}m"
}

python_suite() { timeout "${SUITE_LIMIT_MINUTES}m" python3 -m unittest discover -s "tests/$1" -t "tests/$1"; }

script_suite() { timeout "${SUITE_LIMIT_MINUTES}m" "tests/$1/run"; }

kind_of() {
  if [ -x "tests/$1/run" ]; then
    say script
  elif compgen -G "tests/$1/*.csproj" >/dev/null; then
    say dotnet
  elif compgen -G "tests/$1/test_*.py" >/dev/null; then
    say python
  fi
}

# count KIND LOG: prints passed, failed and skipped, from what the runner said last.
count() {
  case $1 in
    # One module's crash is an "error" there, and no test has failed.
    dotnet) awk '/^ *succeeded: / { p = $2 } /^ *failed: [0-9]/ { f = $2 } /^ *skipped: / { s = $2 } END { print p + 0, f + 0, s + 0 }' "$2" ;;
    python) awk '
        /^Ran [0-9]+ tests? in / { total = $2; bad = skip = 0 }
        /^(OK|FAILED)( \(|$)/ {
          gsub(/[(),]/, " ")
          for (i = 2; i <= NF; i++) { n = split($i, pair, "="); if (n == 2) {
            if (pair[1] == "skipped") skip = pair[2]
            # "expected failures" are none, "unexpected successes" are.
            else if (pair[1] == "errors" || pair[1] == "successes" || (pair[1] == "failures" && $(i - 1) != "expected")) bad += pair[2]
          } }
        }
        END { p = total - bad - skip; print (p > 0 ? p : 0), bad + 0, skip + 0 }' "$2" ;;
    script) tail -n 1 "$2" | sed -nE 's/^([0-9]+) passed, ([0-9]+) failed(, ([0-9]+) skipped)?$/\1 \2 \4/p' ;;
  esac
}

suite() { # name
  local kind log started=$SECONDS code=0 p=0 f=0 s=0 note=
  kind=$(kind_of "$1")
  if [ -z "$kind" ]; then
    say "== $1: FAILED, tests/$1 has nothing to run"
    failed=$((failed + 1))
    return 0
  fi
  say "== $1"
  log=$folder/$1.log
  [ ! -x "tests/$1/prepare" ] || check "$1's needs" "tests/$1/prepare" || return 0
  in_background "${kind}_suite" "$1" > >(tee "$log") 2>&1 || code=$?
  sleep 0.2 # tee writes the last lines
  read -r p f s <<<"$(count "$kind" "$log")" || true
  p=${p:-0} f=${f:-0} s=${s:-0}
  if [ $((p + f)) -eq 0 ]; then
    note=" (it ran no test, exit code $code)" f=1
  elif [ "$code" -ne 0 ] && [ "$f" -eq 0 ]; then
    note=" (it ended with exit code $code)" f=1
  fi
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
  say "== $1: $p passed$([ "$f" -eq 0 ] || printf ', %s FAILED' "$f")$([ "$s" -eq 0 ] || printf ', %s skipped' "$s")$note in $(seconds_since "$started") s"
}

shell_syntax() {
  local script code=0
  for script in run.sh test.sh bench.sh .ci/run eng/*.sh; do
    [ ! -e "$script" ] || bash -n "$script" || code=1
  done
  return "$code"
}

build() {
  local project
  for project in "$@"; do
    dotnet build "$project" -c Release --disable-build-servers --nologo -v quiet '-clp:ErrorsOnly;NoSummary' || return 1
  done
}

check_format() { dotnet restore Podflare.sln -v quiet && dotnet format Podflare.sln --verify-no-changes --no-restore; }

mode=full
case ${1:-} in
  fast | full)
    mode=$1
    shift
    ;;
  -*) die "usage: test.sh [fast|full] [SUITE...]" ;;
esac

export PODFLARE_TEST_MODE=$mode
say "== Podflare: building, checking and testing ($mode)"
folder=$(mktemp -d /tmp/pf.XXXXXX) # short: a unix socket's path ends at 107 bytes
cluster=test-$(od -An -N4 -tx1 /dev/urandom | tr -d ' \n')
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
need_sdk
command -v python3 >/dev/null || apt_install python3

if [ "$mode" = full ]; then
  eng/ensure-docker.sh
  eng/ensure-redis.sh
  say "building the sandbox images whose inputs have changed, beside what follows"
  meanwhile "sandbox images" eng/build-images.sh
fi

check "shell syntax" shell_syntax || true
targets=Podflare.sln
if [ "$mode" = fast ]; then targets=$(for name in ${*:-$FAST_SUITES}; do compgen -G "tests/$name/*.csproj"; done || true); fi
check "build" build $targets || exit 1
[ "$mode" != full ] || join || exit 1
meanwhile "format" check_format
if [ "$mode" = full ]; then
  check "compose file" eng/check-compose.sh || true
fi

suites="$*"
if [ -z "$suites" ]; then
  for name in $FAST_SUITES $([ "$mode" = fast ] || printf '%s' "$FULL_SUITES"); do
    if [ -d "tests/$name" ]; then suites+=" $name"; else say "== $name: not there yet"; fi
  done
  if [ "$mode" = full ]; then
    for name in $(cd tests 2>/dev/null && printf '%s\n' */ | tr -d /); do
      [[ " $suites " == *" $name "* ]] || [ -z "$(kind_of "$name")" ] || suites+=" $name"
    done
  fi
fi
[ -n "$suites" ] || { say "there is no test"; failed=$((failed + 1)); }
for name in $suites; do suite "$name"; done
join || true
