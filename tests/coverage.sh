#!/usr/bin/env bash
# Line and branch coverage of spec/, model/ and impl/ by all tests, the corpus and two short lockstep runs, as a table.
# `./dev coverage` builds what it runs.
#
#   --seconds S   length of each lockstep run (default 20)
#   --min L,B     exit 1 below L % of lines or B % of branches (default 98,95)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

seconds=20 min=98,95
while (($#)); do
  case "$1" in
    --seconds) seconds="${2:?}" ;;
    --min) min="${2:?}" ;;
    *) echo "coverage: unknown option '$1' (see ./dev help)" >&2 && exit 2 ;;
  esac
  shift 2
done

built=build/coverage failed=0
rm -rf "$built/profiles"
mkdir -p "$built/profiles"
# Processes of one program share eight files and add to them.
export LLVM_PROFILE_FILE="$PWD/$built/profiles/%8m.profraw"
ctest --preset coverage --parallel "${DEV_JOBS:-$(nproc)}" --exclude-regex '^(headers|install)\.' || failed=1
"$built/kvspec" lockstep --seconds "$seconds" --seed 1 --trace-dir "$built" 2>/dev/null || failed=1
"$built/kvspec" lockstep --seconds "$seconds" --seed 1 --semantics recorded --trace-dir "$built" >"$built/recorded.log" 2>&1 ||
  failed=1
for name in lockstep config hashing events trace; do
  "$built/fuzz/replay_inputs" "$name" "fuzz/corpus/$name" 2>/dev/null || failed=1
done

llvm-profdata-19 merge -sparse "$built"/profiles/*.profraw -o "$built/all.profdata"
objects=("$built/kvspec")
for name in unit seed golden property engine; do objects+=(-object "$built/tests/${name}_tests"); done
llvm-cov-19 report "${objects[@]}" -object "$built/fuzz/replay_inputs" -instr-profile "$built/all.profdata" \
  -show-region-summary=false -ignore-filename-regex='^/usr|/(fuzz|tests|proofs|impl/cuda)/' |
  tee "$built/report.txt" | awk -v min="$min" '
    { print }
    $1 == "TOTAL" { lines = $7; branches = $10 }
    END {
      split(min, wanted, ",")
      printf "lines %s, branches %s; at least %s%% and %s%% are wanted\n", lines, branches, wanted[1], wanted[2]
      exit lines + 0 < wanted[1] + 0 || branches + 0 < wanted[2] + 0
    }' || failed=1
exit $failed
