#!/usr/bin/env bash
# One step of a long run of the fuzz targets; `./dev fuzz --hours` and `--merge` take them in order.
#
#   campaign.sh run NAME SECONDS JOBS   in several processes that share what they find, kept in build/fuzz/corpus/NAME
#   campaign.sh merge NAME              few inputs, kept or found, of the same coverage become fuzz/corpus/...; those
#                                       written by hand, made_*, stay
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

name="$2" found="build/fuzz/corpus/$2" kept="fuzz/corpus/${2%_fuzzer}"
mkdir -p "$found" "$kept"

# Whatever libFuzzer prints is kept, and shown if it ends in failure.
logged() {
  local log="$1"
  shift
  "$@" >"$log" 2>&1 && return
  tail -n 60 "$log"
  printf '    %s failed; its whole output is in %s\n' "$name" "$log"
  return 1
}

run() {
  local artifacts="build/fuzz/artifacts/$name/" dictionary="fuzz/targets/$name.dict"
  local options=(-fork="$2" -max_total_time="$1" -timeout=20 -rss_limit_mb=4096 -entropic=0
    -artifact_prefix="$artifacts")
  mkdir -p "$artifacts"
  [[ ! -f "$dictionary" ]] || options+=(-dict="$dictionary")
  logged "build/fuzz/$name.log" "build/debug/$name" "${options[@]}" "$found" "$kept"
  printf '    %s: %s\n' "$name" "$(grep -E '^#[0-9]+: cov: ' "build/fuzz/$name.log" | tail -n 1)"
}

merge() {
  local merged="build/fuzz/merged/$name"
  rm -rf "$merged"
  mkdir -p "$merged"
  find "$kept" -name 'made_*' -exec cp {} "$merged" \;
  # Code and kinds of states that are reached count, not how often they are: that would keep several times the inputs.
  logged "build/fuzz/$name.merge.log" "build/debug/$name" -set_cover_merge=1 -use_counters=0 -timeout=20 \
    "$merged" "$kept" "$found"
  rm -rf "$kept"
  mv "$merged" "$kept"
  printf '    %s: %s inputs, %s\n' "$kept" "$(find "$kept" -type f | wc -l)" "$(du -sh --apparent-size "$kept" | cut -f1)"
}

case "$1" in
  run) run "$3" "$4" ;;
  merge) merge ;;
esac
