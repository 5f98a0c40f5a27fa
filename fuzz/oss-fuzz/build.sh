#!/bin/bash
# Builds the fuzz targets as OSS-Fuzz and ClusterFuzzLite expect it. They set CXX, CXXFLAGS (sanitizer and coverage
# flags included), LIB_FUZZING_ENGINE, SRC, OUT and WORK; `./dev oss-fuzz` sets the same on a machine of one's own.
# For each target $OUT then has the executable, a zipped seed corpus, its options and, for texts, a dictionary.
set -eu
cd "$SRC/kvspec"
build="${WORK:-build}/kvspec-oss-fuzz"

# The runner has none of our libraries: OpenSSL is linked in whole, fmt compiled in.
cmake -S . -B "$build" -G Ninja \
  -DCMAKE_BUILD_TYPE=None -DCMAKE_CXX_COMPILER="$CXX" -DCMAKE_CXX_FLAGS="$CXXFLAGS -DFMT_HEADER_ONLY" \
  -DCMAKE_EXE_LINKER_FLAGS=-Wl,--as-needed -DOPENSSL_USE_STATIC_LIBS=ON \
  -DKVSPEC_FUZZING_ENGINE="$LIB_FUZZING_ENGINE" -DKVSPEC_BUILD_FUZZERS=ON \
  -DKVSPEC_BUILD_TESTS=OFF -DKVSPEC_BUILD_PROOFS=OFF -DKVSPEC_BUILD_BENCH=OFF -DKVSPEC_CUDA=OFF \
  -DKVSPEC_WERROR=OFF -DKVSPEC_PCH=ON
cmake --build "$build" --target fuzzers --parallel "$(nproc)"

for fuzzer in "$build"/*_fuzzer; do
  name="$(basename "$fuzzer")"
  corpus="fuzz/corpus/${name%_fuzzer}"
  cp "$fuzzer" "$OUT/"
  zip -q -j -r "$OUT/${name}_seed_corpus.zip" "$corpus"
  cp fuzz/oss-fuzz/fuzzer.options "$OUT/$name.options"
  [[ ! -f "fuzz/targets/$name.dict" ]] || cp "fuzz/targets/$name.dict" "$OUT/$name.dict"
done
