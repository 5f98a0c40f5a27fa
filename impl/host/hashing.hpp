// The hash chain of a request: one digest for each full block of hash_block_size tokens. [HASH-01, HASH-12]
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "impl/host/extra_keys.hpp"
#include "impl/host/hash256.hpp"
#include "impl/host/sha256.hpp"
#include "spec/config.hpp"
#include "spec/storage.hpp"
#include "spec/vocabulary.hpp"

namespace kvspec::host {

// Consecutive blocks of a request that are to be hashed.
struct HashRun {
  std::span<const Token> tokens{};  // of these blocks: their number times the block size
  std::size_t block_size = 1;       // tokens
  std::int64_t start = 0;           // of the first token within the request
  const Hash256* parent = nullptr;  // the digest of the block before; null: the none hash
  bool only_last_item = false;      // of the multimodal items [DEV-04]
};

// One function for the life of a manager. Keeps its buffers, so that hashing allocates nothing once it has seen the
// longest block.
class BlockHasher {
 public:
  BlockHasher() = default;
  // The function, the none hash and the number of bits kept; the configuration is valid.
  explicit BlockHasher(const Config<Growing>& config);

  // The parent of the first block. [HASH-04]
  const Digest& none_hash() const { return none_hash_; }
  // Bytes of a digest, 32 or 16. [HASH-14]
  std::size_t digest_size() const { return digest_size_; }

  // Writes the digest of each block to out.
  //
  // With SHA-256 a message is written as far as it goes while the digest before it is still being computed; only the
  // parent's digest is filled in at the end. SHA-256 waits for itself most of the time, so the writing is nearly free
  // then.
  void hash(const HashRun& run, const KeySources& sources, Hash256* out);

 private:
  template <class Writer>
  void hash_with_sha256(const HashRun& run, const KeySources& sources, Hash256* out);
  template <class Writer>
  void hash_with_xxh3(const HashRun& run, const KeySources& sources, Hash256* out);
  Hash256 masked(const Hash256& digest) const;
  // Writes a message with all but the parent, for which it returns the place.
  template <class Writer>
  std::uint8_t* write(Sha256Message& message, std::size_t parent_size, std::span<const Token> tokens,
                      const KeySources& sources, const BlockKeys* keys, std::int64_t start);

  std::array<Sha256Message, 2> messages_{};  // the one being hashed and the one being written
  BlockKeys keys_{};
  Digest none_hash_{};
  Hash256 mask_{};  // the bits that are kept [HASH-13]
  HashFunction function_ = HashFunction::sha256;
  std::size_t digest_size_ = sizeof(Hash256);
};

}  // namespace kvspec::host
