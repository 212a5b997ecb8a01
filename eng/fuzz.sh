#!/usr/bin/env bash
# Sends malformed input to what reads input of strangers, and fails at a crash, a hang, an internal error or growing memory. Run manually.
#
#   fuzz.sh frames [COUNT] [SEED]     a guest's frames to the real listener, decoder, grain and event log in one process (default 1,000,000)
#   fuzz.sh decoder [MINUTES]         the same decoder under afl-fuzz, which finds its way by coverage (default 10); needs Debian's afl++
#   fuzz.sh guest [COUNT] [SEED]      a worker's frames to the real supervisor (default 50,000); needs root
#   fuzz.sh requests URL [COUNT]      HTTP requests to a running service (default 100,000); PODFLARE_API_KEY is its key
#
# `frames` and `guest` make their frames themselves, out of a corpus and a seed: grain, sockets and processes are neither deterministic nor fast
# enough for coverage to guide a fuzzer. `decoder` is, so afl-fuzz drives it, through SharpFuzz. A failure names the seed, or the folder of inputs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. eng/lib.sh
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

frames() {
  need_sdk
  dotnet build tests/Grains/GrainTests.csproj -c Release -v quiet --nologo
  local report lines
  report=$(mktemp)
  # Shown while it runs: the test itself is silent until its end.
  tail -f "$report" &
  lines=$!
  trap 'kill "$lines"; rm -f "$report"' EXIT
  PODFLARE_FUZZ_FRAMES=$1 PODFLARE_FUZZ_SEED=$2 PODFLARE_FUZZ_REPORT=$report \
    dotnet artifacts/bin/GrainTests/release/Podflare.GrainTests.dll --filter-class '*FrameFuzzTests' --no-ansi --no-progress
}

decoder() {
  need_sdk
  command -v afl-fuzz >/dev/null || apt_install afl++
  dotnet tool restore >/dev/null
  dotnet build eng/Fuzz/Fuzz.csproj -c Release -v quiet --nologo
  local folder=artifacts/fuzz
  rm -rf "$folder"
  mkdir -p "$folder"
  cp -r artifacts/bin/Fuzz/release "$folder/program"
  dotnet "$folder/program/Podflare.Fuzz.dll" corpus "$folder/corpus"
  dotnet sharpfuzz "$folder/program/Podflare.Grains.dll"
  AFL_SKIP_BIN_CHECK=1 AFL_NO_UI=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 AFL_SKIP_CPUFREQ=1 AFL_NO_AFFINITY=1 \
    afl-fuzz -i "$folder/corpus" -o "$folder/found" -t 5000 -m none -V "$(($1 * 60))" -- "$(command -v dotnet)" "$folder/program/Podflare.Fuzz.dll" >"$folder/log"
  local stats=$folder/found/default/fuzzer_stats
  grep -E '^(execs_done|execs_per_sec|corpus_count|edges_found|saved_crashes|saved_hangs) ' "$stats"
  grep -qE '^saved_crashes +: 0$' "$stats" && grep -qE '^saved_hangs +: 0$' "$stats" || die "inputs that crash or hang the decoder are in $folder/found/default."
}

case ${1:-} in
  frames) frames "${2:-1000000}" "${3:-$RANDOM}" ;;
  decoder) decoder "${2:-10}" ;;
  guest) python3 tests/Guest/fuzz_frames.py --frames "${2:-50000}" --seed "${3:-$RANDOM}" ;;
  requests) python3 eng/fuzz-service.py --url "${2:?which service}" --requests "${3:-100000}" --frames 0 ;;
  *) die "usage: fuzz.sh frames|decoder|guest|requests [...]" ;;
esac
