// The words of the specification: ids, tokens, hashes, extra keys. Every room speaks them and none adds to them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "spec/execution.hpp"
#include "spec/storage.hpp"

namespace kvspec {

using Token = std::int64_t;     // a token id; placeholders may be negative
using BlockId = std::uint32_t;  // index of a block in the pool, 0 <= id < num_blocks
using GroupId = std::uint32_t;  // index of a group in the configuration
using Count = std::uint32_t;    // a number of tokens or blocks

// Block 0 is the null block: it stands for positions whose KV entries are not kept. [POOL-01]
inline constexpr BlockId null_block = 0;

template <class S>
using RequestId = typename S::text;
template <class S>
using Text = typename S::text;
template <class S>
using TokenList = typename S::template list<Token, Bound::tokens>;
template <class S>
using BlockList = typename S::template list<BlockId, Bound::blocks>;
template <class S>
using CountList = typename S::template list<Count, Bound::groups>;
template <class S>
using FloatList = typename S::template list<float, Bound::floats>;

// One block table, or one list of hits, per group.
template <class S>
using BlockTables = typename S::template list<BlockList<S>, Bound::groups>;

// The hash of one block of hash_block_size tokens. Sound hash functions give 32 bytes, xxh3-128 gives 16. [HASH-01]
struct Digest {
  std::array<std::uint8_t, 32> bytes{};
  std::uint8_t size = 32;

  KVSPEC_EXEC constexpr const std::uint8_t* begin() const { return bytes.data(); }
  KVSPEC_EXEC constexpr const std::uint8_t* end() const { return bytes.data() + size; }
  KVSPEC_EXEC constexpr std::span<const std::uint8_t> view() const { return {bytes.data(), size}; }
  bool operator==(const Digest&) const = default;
};

template <class S>
using DigestList = typename S::template list<Digest, Bound::hashes>;

// The hash of one block of a group: the concatenation of the digests it spans. [HASH-10]
template <class S>
using BlockHash = typename S::hash;

// What the index is keyed by: the same content in two groups is two keys. [HASH-11]
template <class S>
struct BlockKey {
  BlockHash<S> hash{};
  GroupId group = 0;

  bool operator==(const BlockKey&) const = default;
};

enum class HashFunction : std::uint8_t { sha256, sha256_cbor, xxhash, xxhash_cbor };

// One element of the extra keys a block's hash covers beside its tokens. [HASH-06]
enum class ExtraKeyKind : std::uint8_t {
  text,    // a bare string: a LoRA name or cache salt as recorded [DEV-05]
  lora,    // the pair of "lora" and the LoRA name
  salt,    // the pair of "salt" and the cache salt
  item,    // multimodal item: (identifier, offset of the item relative to the block's first token)
  digest,  // digest of the block's prompt-embedding rows: bytes
};

template <class S>
struct ExtraKey {
  ExtraKeyKind kind = ExtraKeyKind::text;
  Text<S> text{};           // text, lora, salt, item
  std::int64_t offset = 0;  // item
  Digest digest{};          // digest

  bool operator==(const ExtraKey&) const = default;
};

// Empty means None: a block without extra keys never has an empty tuple. [HASH-06]
template <class S>
using ExtraKeys = typename S::template list<ExtraKey<S>, Bound::keys>;

}  // namespace kvspec
