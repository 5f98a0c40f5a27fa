#!/usr/bin/env bash
# What OSS-Fuzz does with a project, on this machine and with clang 19: the build script with their variables, then each
# target for a second, from the folder of the results, on its unzipped seed corpus and with its options. CXXFLAGS, if set,
# are those of another sanitizer than theirs for addresses.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

work="$PWD/build/oss-fuzz"
rm -rf "$work/out" "$work/src"
mkdir -p "$work/out" "$work/src/kvspec" "$work/work"
# They copy the sources; a link would lead CMake back into this tree.
git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -t "$work/src/kvspec"

echo "==> fuzz/oss-fuzz/build.sh"
if ! CXX=clang++-19 LIB_FUZZING_ENGINE=-fsanitize=fuzzer SRC="$work/src" OUT="$work/out" WORK="$work/work" \
  CXXFLAGS="${CXXFLAGS:--O1 -fno-omit-frame-pointer -gline-tables-only -fsanitize=address,fuzzer-no-link}" \
  bash fuzz/oss-fuzz/build.sh >"$work/build.log" 2>&1; then
  tail -n 40 "$work/build.log"
  exit 1
fi

cd "$work/out"
for options in *_fuzzer.options; do
  name="${options%.options}"
  echo "==> $name"
  ! ldd "$name" | grep -E 'libfmt|libcrypto' || { echo "$name needs a library that the runner lacks"; exit 1; }
  mapfile -t arguments < <(sed -n 's/^\([a-z_]*\) = /-\1=/p' "$options")
  [[ ! -f "$name.dict" ]] || arguments+=(-dict="$name.dict")
  mkdir -p "found/$name" seeds
  unzip -q -o "${name}_seed_corpus.zip" -d "seeds/$name"
  "./$name" -max_total_time=1 "${arguments[@]}" "found/$name" "seeds/$name" >"$name.log" 2>&1 || { tail -n 40 "$name.log"; exit 1; }
  grep -E 'INITED|^Done' "$name.log"
done
