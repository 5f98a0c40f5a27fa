// Hashes the blocks of many requests at once: the same digests as host::BlockHasher, byte for byte. [HASH-01 ..
// HASH-07]
//
// A batch is a list of runs of blocks, each of one request. It is put together on the host and hashed where the stream
// works; encoding and hashing are one kernel, and the encoded bytes never leave a multiprocessor. The digests stay
// where they were made, for a look-up to go on with, and can be read.
//
// Not done here: the xxhash functions, which are a library's, and digests of prompt embeddings [HASH-09], which the
// host makes one by one as the extra keys of a block are found.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "impl/cuda/device.hpp"
#include "impl/cuda/hashing/chains.hpp"
#include "impl/host/extra_keys.hpp"
#include "impl/host/hash256.hpp"
#include "impl/host/hashing.hpp"
#include "spec/config.hpp"
#include "spec/result.hpp"
#include "spec/storage.hpp"

namespace kvspec::cuda {

// Asks the stream to hash chains whose arrays lie in its place: the first `num_plain` of arrays.chains are plain, the
// `num_others` behind them are not.
void hash_chains(Stream& stream, HashFunction function, const ChainArrays& arrays, std::size_t num_plain,
                 std::size_t num_others);
// Threads of a block of the kernel for `n` plain chains, each with `num_words` words of scratch memory: 32, 128 or 384.
std::uint32_t threads_per_block(const Stream::Capacity& capacity, std::uint64_t n, std::uint32_t num_words);

class BlockHashing {
 public:
  static bool supports(HashFunction function) {
    return function == HashFunction::sha256 || function == HashFunction::sha256_cbor;
  }

  // Precondition: the configuration is valid and supports(config.hash_fn). The stream lives as long as this.
  BlockHashing(Stream& stream, const Config<Growing>& config);

  // Adds the blocks of a run, whose digests come behind those of the runs before it. run.block_size is the
  // configuration's hash block size. DEVICE-06, and nothing is added.
  Result<Done> add(const host::HashRun& run, const host::KeySources& sources);
  // Blocks of the batch.
  std::size_t num_blocks() const { return num_digests_; }
  // Hashes the batch, which is empty afterwards.
  void hash();

  // The digests of the last batch, at the stream's place until the next one.
  const DigestWords* digests() const { return digests_.data(); }
  // The same on the host; waits.
  std::vector<host::Hash256> read() const;

 private:
  std::size_t bound_of(const host::KeySources& sources) const;
  bool is_plain(const Chain& chain, std::span<const Token> tokens, const host::KeySources& sources) const;
  void add_keys(const host::HashRun& run, const host::KeySources& sources);
  void add_key(Key::Kind kind, const void* bytes, std::size_t size, std::int64_t number);

  Stream& stream_;
  HashFunction function_;
  std::size_t block_size_;  // tokens
  Sha256State mask_{};
  Digest none_hash_{};

  // The batch, on the host.
  std::vector<Token> tokens_{};
  std::vector<NarrowToken> narrow_tokens_{};
  std::vector<Chain> plain_{};
  std::vector<Chain> others_{};
  std::vector<KeyList> key_lists_{};
  std::vector<Key> keys_{};
  std::vector<std::uint8_t> bytes_{};
  std::size_t num_digests_ = 0;

  // And where it is hashed.
  Buffer<Token> token_buffer_{};
  Buffer<NarrowToken> narrow_token_buffer_{};
  Buffer<Chain> chain_buffer_{};
  Buffer<KeyList> key_list_buffer_{};
  Buffer<Key> key_buffer_{};
  Buffer<std::uint8_t> byte_buffer_{};
  Buffer<DigestWords> digests_{};
  std::size_t num_read_ = 0;  // digests of the last batch
};

}  // namespace kvspec::cuda
