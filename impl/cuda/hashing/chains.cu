#include "impl/cuda/hashing/block_hashing.hpp"
#include "impl/cuda/hashing/chains.hpp"
#include "impl/cuda/launch.hpp"

namespace kvspec::cuda {
namespace {

// 768 threads of a multiprocessor: what a compression and its block need of registers, and the chains of 100,000
// requests all run at once on an H100. A multiprocessor serves an older thread block before a younger one, and the last
// one that is left cannot keep it busy; so there should be few, as long as no multiprocessor gets more threads by that.
constexpr std::uint32_t threads_at_once = 768;
constexpr std::uint32_t many = 384;
constexpr std::uint32_t usual = 128;
constexpr std::uint32_t one_warp = 32;  // where there is too little shared memory for more

// Threads of the multiprocessor that gets most.
std::uint64_t most_threads(std::uint64_t n, std::uint32_t threads, std::uint32_t multiprocessors) {
  const std::uint64_t blocks = (n + threads - 1) / threads;
  return (blocks + multiprocessors - 1) / multiprocessors * threads;
}

template <class Encoding>
void hash_plain(Stream& stream, const ChainArrays& arrays, std::size_t n) {
  if (n == 0) return;
  const HashPlainChain<Encoding> body(arrays);
  const std::uint32_t num_words = body.scratch_words();
  const auto launch_with = [&]<std::uint32_t threads> {
    launch_with_scratch<threads, threads_at_once / threads>(stream, n, num_words, body);
  };
  switch (threads_per_block(stream.capacity(), n, num_words)) {
    case many:
      return launch_with.template operator()<many>();
    case usual:
      return launch_with.template operator()<usual>();
    default:
      return launch_with.template operator()<one_warp>();
  }
}

template <class Encoding>
void hash(Stream& stream, const ChainArrays& arrays, std::size_t num_plain, std::size_t num_others) {
  hash_plain<Encoding>(stream, arrays, num_plain);
  HashChain<Encoding> body{arrays};
  body.arrays.chains += num_plain;
  launch_with_scratch<usual, 1>(stream, num_others, body.scratch_words, body);
}

}  // namespace

std::uint32_t threads_per_block(const Stream::Capacity& capacity, std::uint64_t n, std::uint32_t num_words) {
  constexpr std::uint64_t reserved = 1024;  // bytes that a thread block takes besides
  const std::uint64_t bytes = scratch_bytes(num_words, many);
  const bool many_fit =
      bytes <= capacity.shared_bytes_of_a_block && threads_at_once / many * (bytes + reserved) <= capacity.shared_bytes;
  if (many_fit && most_threads(n, many, capacity.multiprocessors) <= most_threads(n, usual, capacity.multiprocessors)) {
    return many;
  }
  return scratch_bytes(num_words, usual) <= capacity.shared_bytes_of_a_block ? usual : one_warp;
}

void hash_chains(Stream& stream, HashFunction function, const ChainArrays& arrays, std::size_t num_plain,
                 std::size_t num_others) {
  if (function == HashFunction::sha256_cbor) return hash<CborEncoding>(stream, arrays, num_plain, num_others);
  return hash<PickleEncoding>(stream, arrays, num_plain, num_others);
}

}  // namespace kvspec::cuda
