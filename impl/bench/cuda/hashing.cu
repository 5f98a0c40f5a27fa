// Batched hashing: n chains of 256 blocks of 16 tokens, tokens and digests in the device's memory.
#include <memory>
#include <vector>

#include "impl/bench/cuda/measure.hpp"
#include "impl/cuda/hashing/block_hashing.hpp"
#include "impl/cuda/launch.hpp"
#include "impl/host/hashing.hpp"

namespace kvspec::cuda::bench {
namespace {

constexpr std::uint32_t block_size = 16;  // tokens
constexpr std::uint32_t num_blocks = 256;
constexpr std::uint64_t vocabulary = 128000;

KVSPEC_EXEC Token token_at(std::uint64_t i) { return static_cast<Token>(mixed(i) % vocabulary); }

struct MakeTokens {
  NarrowToken* tokens;
  KVSPEC_EXEC void operator()(std::uint64_t i) const { tokens[i] = static_cast<NarrowToken>(token_at(i)); }
};
struct MakeChains {
  Chain* chains;
  KVSPEC_EXEC void operator()(std::uint64_t i) const {
    Chain chain{};
    chain.first_token = i * num_blocks * block_size;
    chain.first_digest = i * num_blocks;
    chain.num_blocks = num_blocks;
    chains[i] = chain;
  }
};

// Compressions that a block takes.
template <class Encoding>
std::uint32_t compressions_of_block(std::uint64_t block) {
  MessageLength length;
  Encoding::before_parent(length, 0, 32);
  length.put(0, 32);
  Encoding::before_tokens(length, block_size);
  for (std::uint32_t i = 0; i < block_size; ++i) Encoding::token(length, token_at(block * block_size + i));
  Encoding::after_tokens(length, block_size);
  Encoding::no_keys(length);
  Encoding::after_keys(length);
  return compressions_of(length.size());
}

// On average over the first chains.
template <class Encoding>
double compressions_per_block() {
  constexpr std::uint64_t counted = 256 * num_blocks;
  std::uint64_t sum = 0;
  for (std::uint64_t block = 0; block < counted; ++block) sum += compressions_of_block<Encoding>(block);
  return static_cast<double>(sum) / counted;
}

// Milliseconds in which the host hashes one chain, with OpenSSL on one core.
double host_time(HashFunction function) {
  Config<Growing> config = single_group_config<Growing>(GroupKind::full, block_size, 2);
  config.hash_fn = function;
  host::BlockHasher hasher(config);
  std::vector<Token> tokens(num_blocks * block_size);
  for (std::size_t i = 0; i < tokens.size(); ++i) tokens[i] = token_at(i);
  std::vector<host::Hash256> digests(num_blocks);
  host::HashRun run{};
  run.tokens = tokens;
  run.block_size = block_size;
  Stream on_host;
  return measure(on_host, [&] { hasher.hash(run, {}, digests.data()); }).median;
}

void measure_function(Stream& stream, const Ceilings& ceilings, HashFunction function, const char* name,
                      double compressions) {
  const double on_host = host_time(function);
  std::printf("%-34s %11.3f  compressions a block\n", name, compressions);
  std::printf("%-34s %11u  %9.4f ms on one core of the host\n", name, 1U, on_host);
  for (const std::uint64_t n : {1U, 10U, 100U, 1000U, 10000U, 100000U}) {
    const std::uint64_t blocks = n * num_blocks;
    Buffer<NarrowToken> tokens(stream, blocks * block_size);
    Buffer<Chain> chains(stream, n);
    Buffer<DigestWords> digests(stream, blocks);
    launch(stream, blocks * block_size, MakeTokens{tokens.data()});
    launch(stream, n, MakeChains{chains.data()});
    ChainArrays arrays{};
    arrays.narrow_tokens = tokens.data();
    arrays.chains = chains.data();
    arrays.digests = digests.data();
    arrays.block_size = block_size;
    for (std::uint32_t& word : arrays.mask.words) word = ~std::uint32_t{0};
    const Times times = measure(stream, [&] { hash_chains(stream, function, arrays, n, 0); });
    print_line(name, n, times, static_cast<double>(blocks) * compressions, "compressions/s", ceilings.compressions);
    if (n == 1)
      std::printf("%-34s %11.0f  chains take the host as long as they take the device\n", name, times.median / on_host);
  }
}

}  // namespace

void measure_hashing(Stream& stream, const Ceilings& ceilings) {
  measure_function(stream, ceilings, HashFunction::sha256_cbor, "hash chains, sha256_cbor",
                   compressions_per_block<CborEncoding>());
  measure_function(stream, ceilings, HashFunction::sha256, "hash chains, sha256",
                   compressions_per_block<PickleEncoding>());
}

}  // namespace kvspec::cuda::bench
