#!/usr/bin/env bash
# Builds, checks and tests Podflare: test.sh [fast|full] [SUITE...]
#
# fast              needs neither Docker nor root, and takes less than four minutes. Tests that need root are skipped there.
# full (default)    runs everything, and installs what is missing. It needs root. A test that was skipped because it needs something counts as a failure.
#
# A suite is a folder of tests/. It holds a .NET test project, Python unittests (test_*.py), or a script `run` whose last line has
# the form below. A script `prepare` in the folder runs first; it installs what only that suite needs.
# Without a SUITE, `fast` runs FAST_SUITES and checks whitespace, `full` runs every suite that exists and checks the format of the code.
# Suites that share nothing run two at a time. The output of such a suite is shown when it ends.
#
# The last line is 'N passed, N failed' or 'N passed, N failed, N skipped'. A check that fails counts as one failure, and so does a suite
# that runs no test. Each run has its own folder and cluster id (PODFLARE_TEST_FOLDER, PODFLARE_TEST_CLUSTER). When a run ends, for whatever
# reason, its processes and containers are removed; nothing else is touched. Each suite gets a subfolder, and an id that begins with that of the run.
set -euo pipefail

FAST_SUITES="Guest Http Pure Grains" # the longest first
# Each of these starts its own services, and none measures time or takes the whole machine.
SHARED_SUITES="Status Browser PythonSdk NetSdk Agents TypeScriptSdk Mcp E2b"
# These measure time, fill a host, or stop the engine, so each runs alone, and in this order. Suites that are in no list follow them.
ALONE_SUITES="Cluster EndToEnd Isolation Telemetry"
SUITES_AT_A_TIME=2
SUITE_LIMIT_MINUTES=30

cd "$(dirname "${BASH_SOURCE[0]}")"
. eng/lib.sh
# CI: compilers then replace the paths of sources, and tests that depend on such paths should fail on every machine.
export CI=true DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_CLI_UI_LANGUAGE=en DOCKER_HOST=unix:///var/run/docker.sock
# Containers that wait for a burst would be in the way of tests that count them.
export Podflare__Hosts__PoolMemoryShare=0

passed=0 failed=0 skipped=0
FAILURE_LINES=150 # of all suites together, repeated at the end

# Stops what this run has started. Its processes are recognised by this run's id in their environment.
clean_up() {
  local code=$?
  trap '' INT TERM HUP
  trap - EXIT
  # Children that are this shell's own functions; the programs that they started are stopped below.
  jobs -p | xargs -r kill 2>/dev/null || true
  stop_own_processes
  remove_own_containers
  if [ -s "$folder/failures" ]; then
    say "== What failed"
    head -n "$FAILURE_LINES" "$folder/failures"
  fi
  rm -rf "$folder"
  # A run that ended early, because of a missing SDK or an interrupt, is not a run without failures.
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
    # The environment of this shell does not contain the id. Redis overwrites its environment with its title, but its working directory is in the folder.
    if { tr '\0' '\n' <"$process/environ" | grep -qE "^PODFLARE_TEST_CLUSTER=$cluster(-.*)?$" \
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

# Containers are found by their label, and by mounts from this run's folder: some processes choose their own cluster id.
remove_own_containers() {
  [ -S /var/run/docker.sock ] && command -v docker >/dev/null || return 0
  docker ps -aq --filter label=podflare.cluster 2>/dev/null \
    | xargs -r docker inspect -f '{{.Id}} {{index .Config.Labels "podflare.cluster"}}{{range .Mounts}} {{.Source}}{{end}}' 2>/dev/null \
    | awk -v id="$cluster" -v folder="$folder/" '
        $2 == id || index($2, id "-") == 1 { print $1; next }
        { for (i = 3; i <= NF; i++) if (index($i "/", folder) == 1) { print $1; next } }' \
    | xargs -r docker rm -fv >/dev/null 2>&1 || true
}

# with_run_id COMMAND...: runs it with the id and folder of this run, or of the suite, in its environment.
with_run_id() {
  (
    export PODFLARE_TEST_FOLDER=${suite_folder:-$folder} PODFLARE_TEST_CLUSTER=${suite_cluster:-$cluster} PODFLARE_TEST_MODE=$mode
    "$@"
  )
}

# in_background COMMAND...: the same, so that a signal to this script is handled at once and not when the command has ended.
in_background() {
  with_run_id "$@" &
  wait $!
}

# check NAME COMMAND...: a command that succeeds or fails. Its output is shown only when it fails.
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
  { say "== $name"; tail -n 20 "$log"; } >>"$folder/failures"
  rm -f "$log"
  say "== $name: FAILED in $(seconds_since "$started") s"
  failed=$((failed + 1))
  return 1
}

# meanwhile NAME COMMAND...: starts one check that runs beside what follows. join waits for it and reports like check.
meanwhile() {
  beside_name=$1 beside_log=$(mktemp) beside_started=$SECONDS
  shift
  with_run_id "$@" >"$beside_log" 2>&1 &
  beside=$!
}

join() {
  local code=0
  wait "$beside" || code=$?
  if [ "$code" -eq 0 ]; then
    say "== $beside_name: ok within $(seconds_since "$beside_started") s"
  else
    tail -n 100 "$beside_log"
    { say "== $beside_name"; tail -n 20 "$beside_log"; } >>"$folder/failures"
    say "== $beside_name: FAILED within $(seconds_since "$beside_started") s"
    failed=$((failed + 1))
  fi
  rm -f "$beside_log"
  return "$code"
}

# The runner's own limit names the test that hangs. The outer limit is for a runner that hangs.
dotnet_suite() {
  local project
  project=$(basename "tests/$1"/*.csproj .csproj) # its name is not always that of its folder
  timeout "$((SUITE_LIMIT_MINUTES + 1))m" dotnet test --test-modules "artifacts/bin/$project/release/Podflare.$project.dll" --no-ansi --no-progress \
    --results-directory "$folder/results" --minimum-expected-tests 1 --timeout "${SUITE_LIMIT_MINUTES}m"
}

# Verbose, because only then unittest gives the reasons of skipped tests; lines of tests that passed are left out.
python_suite() {
  timeout "${SUITE_LIMIT_MINUTES}m" python3 -m unittest discover -v -s "tests/$1" -t "tests/$1" 2>&1 | awk '!/ \.\.\. ok$/ { print; fflush() }'
}

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

# count KIND LOG: prints passed, failed and skipped, from the last lines of the runner.
count() {
  case $1 in
    # A module that crashes is an "error" there, although no test has failed.
    dotnet) awk '/^ *succeeded: / { p = $2 } /^ *failed: [0-9]/ { f = $2 } /^ *skipped: / { s = $2 } END { print p + 0, f + 0, s + 0 }' "$2" ;;
    python) awk '
        /^Ran [0-9]+ tests? in / { total = $2; bad = skip = 0 }
        /^(OK|FAILED)( \(|$)/ {
          gsub(/[(),]/, " ")
          for (i = 2; i <= NF; i++) { n = split($i, pair, "="); if (n == 2) {
            if (pair[1] == "skipped") skip = pair[2]
            # "expected failures" are no failures, "unexpected successes" are.
            else if (pair[1] == "errors" || pair[1] == "successes" || (pair[1] == "failures" && $(i - 1) != "expected")) bad += pair[2]
          } }
        }
        END { p = total - bad - skip; print (p > 0 ? p : 0), bad + 0, skip + 0 }' "$2" ;;
    script) tail -n 1 "$2" | sed -nE 's/^([0-9]+) passed, ([0-9]+) failed(, ([0-9]+) skipped)?$/\1 \2 \4/p' ;;
  esac
}

# run_suite NAME: runs one suite; its exit code and duration go to a file, from which report reads them.
run_suite() {
  local started=$SECONDS code=0 suite_folder suite_cluster
  # Its own: suites that run side by side would otherwise share names, and remove each other's containers.
  suite_folder=$(mktemp -d "$folder/XXX")
  suite_cluster=$cluster-${suite_folder##*/}
  suite_cluster=${suite_cluster,,}
  if [ ! -x "tests/$1/prepare" ] || with_run_id "tests/$1/prepare"; then
    with_run_id "$(kind_of "$1")_suite" "$1" || code=$?
  else
    say "tests/$1/prepare failed"
    code=1
  fi
  printf '%s %s\n' "$code" "$(seconds_since "$started")" >"$folder/$1.end"
}

# skip_reasons LOG: each reason that unittest or the .NET runner gave for a skipped test, once.
skip_reasons() {
  sed -nE "s/^.*\.\.\. skipped ['\"](.*)['\"]$/\1/p; /^skipped /{n; s/^ +//p}" "$1" | sort | uniq -c | awk '{ n = $1; sub(/^ *[0-9]+ /, ""); print n " skipped: " $0 }'
}

# failures KIND LOG: the name of each failed test with the first lines of its message, so that the end of a long output tells what failed.
failures() {
  case $1 in
    dotnet) awk '/^failed / { n = 8 } n > 0 { print; n-- }' "$2" ;;
    python) awk '
        /^={20,}$/ { if (head) print head "\n  " last; head = ""; next }
        /^(FAIL|ERROR): / { head = $0; next }
        /^-{20,}$/ { next }
        /^Ran [0-9]+ tests? in / { if (head) print head "\n  " last; head = "" }
        NF { last = $0 }' "$2" ;;
    script) grep -E -A 8 '^(FAIL|ERROR|FAILED|failed)[: ]' "$2" | head -n 40 || true ;;
  esac
}

report() { # name
  local log=$folder/$1.log code=1 seconds=0 p=0 f=0 s=0 needs note=
  read -r code seconds <"$folder/$1.end" || true
  read -r p f s <<<"$(count "$(kind_of "$1")" "$log")" || true
  p=${p:-0} f=${f:-0} s=${s:-0}
  if [ $((p + f + s)) -eq 0 ]; then
    note=" (it ran no test, exit code $code)" f=1
  elif [ "$code" -ne 0 ] && [ "$f" -eq 0 ]; then
    note=" (it ended with exit code $code)" f=1
  fi
  if [ "$f" -gt 0 ]; then
    say "== $1$note" >>"$folder/failures"
    failures "$(kind_of "$1")" "$log" >>"$folder/failures"
  fi
  skip_reasons "$log"
  if [ "$mode" = full ]; then
    needs=$(skip_reasons "$log" | awk '/^[0-9]+ skipped: (It )?needs / { n += $1 } END { print n + 0 }')
    if [ "$needs" -gt 0 ]; then
      note+=" ($needs that were skipped must run here)" f=$((f + needs)) s=$((s - needs))
    fi
  fi
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
  say "== $1: $p passed$([ "$f" -eq 0 ] || printf ', %s FAILED' "$f")$([ "$s" -eq 0 ] || printf ', %s skipped' "$s")$note in $seconds s"
}

suite_exists() { # name
  [ -z "$(kind_of "$1")" ] || return 0
  say "== $1: FAILED, tests/$1 has nothing to run"
  failed=$((failed + 1))
  return 1
}

alone() { # name
  suite_exists "$1" || return 0
  say "== $1"
  run_suite "$1" > >(tee "$folder/$1.log") 2>&1 &
  wait $!
  sleep 0.2 # tee writes the last lines
  report "$1"
}

# side_by_side NAME...: runs suites SUITES_AT_A_TIME, and shows the output of each when it ends.
side_by_side() {
  local -A running=()
  local name ended
  while [ $# -gt 0 ] || [ ${#running[@]} -gt 0 ]; do
    if [ $# -gt 0 ] && [ ${#running[@]} -lt "$SUITES_AT_A_TIME" ]; then
      name=$1
      shift
      suite_exists "$name" || continue
      say "== $name: started"
      run_suite "$name" >"$folder/$name.log" 2>&1 &
      running[$!]=$name
      continue
    fi
    wait -n -p ended "${!running[@]}" || true
    name=${running[$ended]}
    unset "running[$ended]"
    say "== $name"
    grep -v '\.\.\. skipped ' "$folder/$name.log" || true
    report "$name"
  done
}

# among LIST NAME: NAME is a word of LIST.
among() { [[ " $1 " == *" $2 "* ]]; }

shell_syntax() {
  local script code=0
  for script in *.sh .ci/run eng/*.sh tests/*/run tests/*/prepare; do
    bash -n "$script" || code=1
  done
  return "$code"
}

build() {
  local project
  for project in "$@"; do
    dotnet build "$project" -c Release --disable-build-servers --nologo -v quiet '-clp:ErrorsOnly;NoSummary' || return 1
  done
}

check_format() {
  # Loading the whole solution takes longer than the suites of fast. What a build treats as an error, such as a warning about style, is found there too.
  if [ "$mode" = fast ]; then
    dotnet format whitespace . --folder --exclude artifacts --verify-no-changes
    return
  fi
  dotnet restore Podflare.sln -v quiet && dotnet format Podflare.sln --verify-no-changes --no-restore
}

mode=full
case ${1:-} in
  fast | full)
    mode=$1
    shift
    ;;
  -*) die "usage: test.sh [fast|full] [SUITE...]" ;;
esac

say "== Podflare: building, checking and testing ($mode)"
[ "$mode" = fast ] || need_root "full uses Docker, PID namespaces and packages of the distribution; ./test.sh fast does without"
folder=$(mktemp -d /tmp/pf.XXXXXX) # short: the path of a unix socket is limited to 107 bytes
cluster=test-$(od -An -N4 -tx1 /dev/urandom | tr -d ' \n')
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
need_sdk
command -v python3 >/dev/null || apt_install python3

suites="$*" named="$*"
if [ -z "$suites" ]; then
  for name in $FAST_SUITES $([ "$mode" = fast ] || printf '%s' "$SHARED_SUITES $ALONE_SUITES"); do
    if [ -d "tests/$name" ]; then suites+=" $name"; else say "== $name: there is no folder tests/$name"; fi
  done
  if [ "$mode" = full ]; then
    for name in $(cd tests && printf '%s\n' */ | tr -d /); do
      among "$suites" "$name" || [ -z "$(kind_of "$name")" ] || suites+=" $name"
    done
  fi
fi

if [ "$mode" = full ]; then
  eng/ensure-docker.sh
  eng/ensure-redis.sh
  say "building the sandbox images whose inputs have changed, beside what follows"
  meanwhile "sandbox images" eng/build-images.sh
fi

check "shell syntax" shell_syntax || true
check "version" eng/check-version.sh || true
if command -v npm >/dev/null; then
  check "console types" eng/check-console.sh || true
  check "documentation" eng/check-docs.sh || true
else
  say "== console types and documentation: not checked, because this machine has no Node"
fi
targets=Podflare.sln
if [ "$mode" = fast ]; then targets=$(for name in $suites; do compgen -G "tests/$name/*.csproj"; done || true); fi
check "build" build $targets || exit 1
[ "$mode" != full ] || join || exit 1
[ -n "$named" ] || meanwhile "format" check_format
if [ "$mode" = full ]; then
  check "compose file" eng/check-compose.sh || true
  check "workflows" eng/check-workflows.sh || true
  check "systemd units" eng/check-units.sh || true
  check "Helm chart" eng/check-chart.sh || true
fi

together=() separate=()
for name in $suites; do
  if among "$FAST_SUITES $SHARED_SUITES" "$name"; then together+=("$name"); else separate+=("$name"); fi
done
side_by_side "${together[@]}"
for name in "${separate[@]}"; do alone "$name"; done
[ -n "$named" ] || join || true
