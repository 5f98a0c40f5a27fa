#include "impl/cuda/hashing/block_hashing.hpp"
#include "impl/cuda/hashing/chains.hpp"
#include "impl/cuda/launch.hpp"

namespace kvspec::cuda {
namespace {

// 768 threads of a multiprocessor: what a compression and its block need of registers, and the chains of 100,000
// requests all run at once on an H100. A multiprocessor serves an older block before a younger one, and the last one
// that is left cannot keep it busy; so there should be few blocks, as long as no multiprocessor gets more threads by
// that.
constexpr std::uint32_t small_block = 128;
constexpr std::uint32_t large_block = 384;
constexpr std::uint32_t threads_at_once = 768;
constexpr std::uint32_t shared_bytes_at_once = 226 << 10;  // what blocks of all these threads may ask for

// Threads of the multiprocessor that gets most.
std::uint64_t most_threads(std::uint64_t n, std::uint32_t block, std::uint32_t multiprocessors) {
  const std::uint64_t blocks = (n + block - 1) / block;
  return (blocks + multiprocessors - 1) / multiprocessors * block;
}

template <class Encoding>
void hash_plain(Stream& stream, const ChainArrays& arrays, std::size_t n) {
  const HashPlainChain<Encoding> body(arrays);
  const auto launch_blocks_of = [&]<std::uint32_t threads> {
    launch_with_scratch<threads, threads_at_once / threads>(stream, n, body.scratch_words(), body);
  };
  const bool all_at_once = sizeof(std::uint32_t) * (body.scratch_words() | 1) * threads_at_once <= shared_bytes_at_once;
  const std::uint32_t shared_by = stream.multiprocessors();
  if (all_at_once && most_threads(n, large_block, shared_by) <= most_threads(n, small_block, shared_by)) {
    launch_blocks_of.template operator()<large_block>();
  } else {
    launch_blocks_of.template operator()<small_block>();
  }
}

template <class Encoding>
void hash(Stream& stream, const ChainArrays& arrays, std::size_t num_plain, std::size_t num_others) {
  hash_plain<Encoding>(stream, arrays, num_plain);
  HashChain<Encoding> body{arrays};
  body.arrays.chains += num_plain;
  launch_with_scratch<small_block, 1>(stream, num_others, body.scratch_words, body);
}

}  // namespace

void hash_chains(Stream& stream, HashFunction function, const ChainArrays& arrays, std::size_t num_plain,
                 std::size_t num_others) {
  if (function == HashFunction::sha256_cbor) return hash<CborEncoding>(stream, arrays, num_plain, num_others);
  return hash<PickleEncoding>(stream, arrays, num_plain, num_others);
}

}  // namespace kvspec::cuda
