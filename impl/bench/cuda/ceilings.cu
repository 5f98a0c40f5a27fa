// The ceilings: what the card does when nothing else is asked of it.
#include "impl/bench/cuda/measure.hpp"
#include "impl/cuda/hashing/chains.hpp"
#include "impl/cuda/launch.hpp"
#include "impl/cuda/pages/kernels.hpp"

namespace kvspec::cuda::bench {
namespace {

// Compressions one after another, each of a message that follows from the one before.
struct Compress {
  std::uint32_t* out;
  std::uint32_t count;

  KVSPEC_EXEC void operator()(std::uint64_t i) const {
    Sha256State state = initial_state();
    state.words[0] ^= static_cast<std::uint32_t>(i);
    for (std::uint32_t n = 0; n < count; ++n) {
      std::uint32_t words[16];
      KVSPEC_UNROLL
      for (std::uint32_t w = 0; w < 16; ++w) words[w] = state.words[w % 8] + w;
      compress(state, words);
    }
    out[i] = state.words[0] ^ state.words[7];
  }
};

// Reads of 32 bytes at places that do not follow from what is read, so that many can be under way.
struct ReadAtRandom {
  const Lane* lanes;
  std::uint64_t num_sectors;
  std::uint64_t* out;
  std::uint32_t count;

  KVSPEC_EXEC void operator()(std::uint64_t i) const {
    std::uint64_t sum = 0;
    KVSPEC_UNROLL
    for (std::uint32_t n = 0; n < 8; ++n) {
      if (n >= count) break;
      const std::uint64_t sector = (mixed(i * 8 + n) >> 32) * num_sectors >> 32;
      sum += lanes[2 * sector].low + lanes[2 * sector + 1].high;
    }
    if (sum == 1) out[0] = sum;  // never, but the compiler does not know
  }
};

double per_second(double count, const Times& times) { return count / (times.median * 1e-3); }

}  // namespace

Ceilings measure_ceilings(Stream& stream) {
  Ceilings ceilings;
  {
    constexpr std::uint64_t threads = 132 * 2048 * 4;
    constexpr std::uint32_t count = 256;
    Buffer<std::uint32_t> out(stream, threads);
    const Times times = measure(stream, [&] { launch(stream, threads, Compress{out.data(), count}); });
    ceilings.compressions = per_second(double{threads} * count, times);
  }
  {
    constexpr std::uint64_t bytes = std::uint64_t{768} << 20;
    constexpr std::uint64_t threads = std::uint64_t{1} << 24;
    Buffer<Lane> lanes(stream, bytes / sizeof(Lane));
    Buffer<std::uint64_t> out(stream, 1);
    stream.fill(lanes.data(), 0x5a, bytes);
    const ReadAtRandom body{lanes.data(), bytes / 32, out.data(), 8};
    const Times times = measure(stream, [&] { launch(stream, threads, body); });
    ceilings.reads = per_second(double{threads} * 8, times);
  }
  {
    constexpr std::uint64_t bytes = std::uint64_t{4} << 30;
    Buffer<Lane> from(stream, bytes / sizeof(Lane));
    Buffer<Lane> to(stream, bytes / sizeof(Lane));
    stream.fill(from.data(), 0x5a, bytes);
    ceilings.copied = per_second(2.0 * bytes, measure(stream, [&] { stream.copy(to.data(), from.data(), bytes); }));
    ceilings.filled = per_second(1.0 * bytes, measure(stream, [&] { stream.fill(to.data(), 0, bytes); }));
  }
  return ceilings;
}

}  // namespace kvspec::cuda::bench
