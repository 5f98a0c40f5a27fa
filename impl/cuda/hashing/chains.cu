#include "impl/cuda/hashing/block_hashing.hpp"
#include "impl/cuda/hashing/chains.hpp"
#include "impl/cuda/launch.hpp"

namespace kvspec::cuda {
namespace {

// 768 threads of a multiprocessor: 80 registers each, which is what a compression and its block need, and the chains of
// 100,000 requests all run at once on an H100.
constexpr std::uint32_t threads = 128;
constexpr std::uint32_t blocks_at_once = 6;

template <class Encoding>
void hash(Stream& stream, const ChainArrays& arrays, std::size_t num_plain, std::size_t num_with_keys) {
  if (arrays.narrow_tokens != nullptr) {
    launch_with_scratch<message_words, threads, blocks_at_once>(stream, num_plain,
                                                                HashPlainChain<Encoding, NarrowToken>{arrays});
  } else {
    launch_with_scratch<message_words, threads, blocks_at_once>(stream, num_plain,
                                                                HashPlainChain<Encoding, Token>{arrays});
  }
  ChainArrays others = arrays;
  others.chains += num_plain;
  launch_with_scratch<message_words, threads, 1>(stream, num_with_keys, HashChainWithKeys<Encoding>{others});
}

}  // namespace

void hash_chains(Stream& stream, HashFunction function, const ChainArrays& arrays, std::size_t num_plain,
                 std::size_t num_with_keys) {
  if (function == HashFunction::sha256_cbor) return hash<CborEncoding>(stream, arrays, num_plain, num_with_keys);
  return hash<PickleEncoding>(stream, arrays, num_plain, num_with_keys);
}

}  // namespace kvspec::cuda
