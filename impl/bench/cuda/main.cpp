// kvspec_cuda_bench: what the parts on a device do, beside what the card can do. Exit code: 0, or 2 if there is no
// device or something fails.
#include <cstdio>

#include "impl/bench/cuda/measure.hpp"

int main() {
  using namespace kvspec;
  using namespace kvspec::cuda;
  Result<Stream> opened = Stream::open(Place::device);
  const auto refuse = [](Error error) {
    const ClauseEntry& clause = describe(error.clause);
    std::fprintf(stderr, "kvspec_cuda_bench: %s (offending: %lld) [%s]\n", clause.sentence.data(),
                 static_cast<long long>(error.offending), clause.id.data());
    return 2;
  };
  if (!opened) return refuse(opened.error());
  Stream stream = std::move(opened.value());
  std::printf("%s; median of %d [fastest, slowest]\n", describe(Place::device).c_str(), bench::repetitions);
  const bench::Ceilings ceilings = bench::measure_ceilings(stream);
  std::printf(
      "ceilings: %.4g compressions/s, %.4g random 32-byte reads/s over 768 MiB, copy %.4g bytes/s (read and "
      "written), fill %.4g bytes/s\n",
      ceilings.compressions, ceilings.reads, ceilings.copied, ceilings.filled);
  bench::measure_hashing(stream, ceilings);
  bench::measure_look_up(stream, ceilings);
  bench::measure_pages(stream, ceilings);
  const Result<Done> done = stream.finish();
  return done ? 0 : refuse(done.error());
}
