// The kernels' bodies that hash chains of blocks: one thread per chain, since each block waits for the one before it.
// [HASH-01]
//
// Chains without extra keys are the many, and their body is arranged for a warp. Tokens differ in length, so threads
// fill their 64 bytes at different tokens; every thread goes on until it has no room, or the end of the message, and
// then all compress. There is one place that compresses, as its code is larger than what a multiprocessor keeps at hand
// of several. Chains with extra keys are written straight down.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "impl/cuda/hashing/encodings.hpp"
#include "impl/cuda/hashing/message.hpp"
#include "impl/cuda/hashing/sha256.hpp"
#include "impl/cuda/launch.hpp"
#include "spec/execution.hpp"
#include "spec/vocabulary.hpp"

namespace kvspec::cuda {

// 32 bytes in memory order.
struct alignas(16) DigestWords {
  std::uint32_t words[8];

  bool operator==(const DigestWords&) const = default;
};

// On the host: the first `size` bytes, at most 32, and zeroes behind them.
inline DigestWords words_of(const std::uint8_t* bytes, std::size_t size) {
  DigestWords words{};
  std::memcpy(words.words, bytes, size);
  return words;
}

// Consecutive blocks of one request. Indices are into the arrays of the batch.
struct Chain {
  std::uint64_t first_token = 0;
  std::uint64_t first_digest = 0;    // where the digests go
  std::uint64_t first_key_list = 0;  // of the chains with keys: one list per block
  std::uint32_t num_blocks = 0;
  std::uint32_t parent_size = 32;  // bytes: 16 or 32
  DigestWords parent{};            // of the first block
};

// One extra key of a block. [HASH-06]
struct Key {
  enum class Kind : std::uint32_t {
    bare,    // a text [DEV-05]
    lora,    // the pair of "lora" and a text
    salt,    // the pair of "salt" and a text
    item,    // the pair of a text and a number
    digest,  // 32 bytes
  };
  Kind kind = Kind::bare;
  std::uint32_t size = 0;   // of the text, bytes
  std::uint64_t first = 0;  // of the text or the digest, into the batch's bytes
  std::int64_t number = 0;
};
struct KeyList {
  std::uint32_t first = 0;
  std::uint32_t count = 0;
};

// Tokens as nearly all are: in 32 bits, read four at a time.
using NarrowToken = std::int32_t;
inline constexpr std::uint32_t tokens_at_once = 4;
struct alignas(16) FourTokens {
  NarrowToken tokens[tokens_at_once];
};

struct ChainArrays {
  const Token* tokens = nullptr;
  const NarrowToken* narrow_tokens = nullptr;  // the same, if all tokens of chains without keys are so; else null
  const Chain* chains = nullptr;
  const KeyList* key_lists = nullptr;
  const Key* keys = nullptr;
  const std::uint8_t* bytes = nullptr;
  DigestWords* digests = nullptr;
  DigestWords mask{};            // the bits of a digest that are kept [HASH-13]
  std::uint32_t block_size = 1;  // tokens
};

namespace detail {

template <class Out>
KVSPEC_EXEC void put_parent(Out& out, const DigestWords& parent, std::uint32_t size) {
  KVSPEC_UNROLL
  for (std::uint32_t i = 0; i < 8; ++i) {
    if (4 * i < size) out.put(bytes_swapped(parent.words[i]), 4);
  }
}

KVSPEC_EXEC inline DigestWords digest_of(const Sha256State& state, const DigestWords& mask) {
  DigestWords digest;
  KVSPEC_UNROLL
  for (unsigned i = 0; i < 8; ++i) digest.words[i] = bytes_swapped(state.words[i]) & mask.words[i];
  return digest;
}

}  // namespace detail

// A chain whose blocks have no extra keys. `AnyToken` is Token or NarrowToken; with narrow ones the block size and
// every first_token are multiples of tokens_at_once.
template <class Encoding, class AnyToken>
struct HashPlainChain {
  ChainArrays arrays;

  KVSPEC_EXEC void operator()(std::uint64_t i, Scratch scratch) const {
    const Chain& chain = arrays.chains[i];
    const AnyToken* tokens = all_tokens() + chain.first_token;
    DigestWords* out = arrays.digests + chain.first_digest;
    const std::uint32_t size = arrays.block_size;
    DigestWords parent = chain.parent;
    std::uint32_t parent_size = chain.parent_size;
    for (std::uint32_t block = 0; block < chain.num_blocks; ++block, tokens += size) {
      parent = hash_block(tokens, parent, parent_size, scratch);
      parent_size = 32;
      out[block] = parent;
    }
  }

 private:
  static constexpr bool is_narrow = sizeof(AnyToken) == sizeof(NarrowToken);
  static constexpr std::uint32_t stride = is_narrow ? tokens_at_once : 1;

  KVSPEC_EXEC const AnyToken* all_tokens() const {
    if constexpr (is_narrow) {
      return arrays.narrow_tokens;
    } else {
      return arrays.tokens;
    }
  }

  // Puts `stride` tokens from the place on.
  template <class Out>
  static KVSPEC_EXEC void put_tokens(Out& out, const AnyToken* place) {
    if constexpr (is_narrow) {
      const FourTokens four = *reinterpret_cast<const FourTokens*>(place);
      KVSPEC_UNROLL
      for (std::uint32_t i = 0; i < tokens_at_once; ++i) Encoding::token(out, four.tokens[i]);
    } else {
      Encoding::token(out, *place);
    }
  }

  KVSPEC_EXEC DigestWords hash_block(const AnyToken* tokens, const DigestWords& parent, std::uint32_t parent_size,
                                     Scratch scratch) const {
    const std::uint32_t size = arrays.block_size;
    Message message(scratch);
    Encoding::before_parent(message, frame_length(tokens, parent_size), parent_size);
    detail::put_parent(message, parent, parent_size);
    Encoding::before_tokens(message, size);
    Sha256State state = initial_state();
    std::uint32_t next = 0;  // token; `size` is the end of the message
    while (next <= size) {
      for (; next <= size && message.has_room(); next += stride) {
        if (next < size) {
          put_tokens(message, tokens + next);
        } else {
          Encoding::after_tokens(message, size);
          Encoding::no_keys(message);
          Encoding::after_keys(message);
          message.end();
        }
      }
      std::uint32_t block = 0;
      for (; message.has_block(block); ++block) {
        std::uint32_t words[16];
        message.read_block(block, words);
        compress(state, words);
      }
      message.drop_blocks(block);
    }
    return detail::digest_of(state, arrays.mask);
  }

  KVSPEC_EXEC std::uint32_t frame_length(const AnyToken* tokens, std::uint32_t parent_size) const {
    if constexpr (!Encoding::has_frame) {
      return 0;
    } else {
      MessageLength length;
      Encoding::before_parent(length, 0, parent_size);
      length.put(0, parent_size);
      Encoding::before_tokens(length, arrays.block_size);
      for (std::uint32_t i = 0; i < arrays.block_size; i += stride) put_tokens(length, tokens + i);
      Encoding::after_tokens(length, arrays.block_size);
      Encoding::no_keys(length);
      Encoding::after_keys(length);
      return length.size() - Encoding::outside_frame;
    }
  }
};

// A message that compresses by itself whenever it has a block.
class HashedMessage {
 public:
  KVSPEC_EXEC explicit HashedMessage(Scratch scratch) : message_(scratch), state_(initial_state()) {}
  KVSPEC_EXEC void put(std::uint64_t value, std::uint32_t bytes) {
    message_.put(value, bytes);
    if (message_.has_block()) compress_block();
  }
  KVSPEC_EXEC void put_aligned(std::uint32_t high, std::uint32_t low, std::uint32_t bytes) {
    message_.put_aligned(high, low, bytes);
    if (message_.has_block()) compress_block();
  }
  KVSPEC_EXEC Sha256State finish() {
    message_.end();
    while (message_.has_block()) compress_block();
    return state_;
  }

 private:
  KVSPEC_APART KVSPEC_EXEC void compress_block() {
    std::uint32_t words[16];
    message_.read_block(0, words);
    compress(state_, words);
    message_.drop_blocks(1);
  }

  Message message_;
  Sha256State state_;
};

// A chain whose blocks may have extra keys.
template <class Encoding>
struct HashChainWithKeys {
  ChainArrays arrays;

  KVSPEC_EXEC void operator()(std::uint64_t i, Scratch scratch) const {
    const Chain& chain = arrays.chains[i];
    DigestWords parent = chain.parent;
    std::uint32_t parent_size = chain.parent_size;
    for (std::uint32_t block = 0; block < chain.num_blocks; ++block) {
      const Token* tokens = arrays.tokens + chain.first_token + std::uint64_t{block} * arrays.block_size;
      const KeyList keys = arrays.key_lists[chain.first_key_list + block];
      MessageLength length;
      if constexpr (Encoding::has_frame) write(length, tokens, parent, parent_size, keys, 0);
      HashedMessage message(scratch);
      write(message, tokens, parent, parent_size, keys, length.size());
      parent = detail::digest_of(message.finish(), arrays.mask);
      parent_size = 32;
      arrays.digests[chain.first_digest + block] = parent;
    }
  }

 private:
  template <class Out>
  KVSPEC_EXEC void write(Out& out, const Token* tokens, const DigestWords& parent, std::uint32_t parent_size,
                         KeyList keys, std::uint32_t length) const {
    if constexpr (Encoding::has_frame) {
      if (length > 0) length -= Encoding::outside_frame;
    }
    Encoding::before_parent(out, length, parent_size);
    detail::put_parent(out, parent, parent_size);
    Encoding::before_tokens(out, arrays.block_size);
    for (std::uint32_t i = 0; i < arrays.block_size; ++i) Encoding::token(out, tokens[i]);
    Encoding::after_tokens(out, arrays.block_size);
    if (keys.count == 0) {
      Encoding::no_keys(out);
    } else {
      Encoding::open_tuple(out, keys.count);
      for (std::uint32_t i = 0; i < keys.count; ++i) write_key(out, arrays.keys[keys.first + i]);
      Encoding::close_tuple(out, keys.count);
    }
    Encoding::after_keys(out);
  }

  template <class Out>
  KVSPEC_EXEC void write_key(Out& out, const Key& key) const {
    if (key.kind == Key::Kind::bare) return write_text(out, key);
    if (key.kind == Key::Kind::digest) {
      Encoding::before_bytes(out, 32);
      write_bytes(out, key.first, 32);
      return Encoding::after_string(out);
    }
    Encoding::open_tuple(out, 2);
    if (key.kind == Key::Kind::item) {
      write_text(out, key);
      Encoding::token(out, key.number);
    } else {
      Encoding::before_text(out, 4);
      out.put(key.kind == Key::Kind::lora ? 0x6c6f7261 : 0x73616c74, 4);  // "lora", "salt"
      Encoding::after_string(out);
      write_text(out, key);
    }
    Encoding::close_tuple(out, 2);
  }
  template <class Out>
  KVSPEC_EXEC void write_text(Out& out, const Key& key) const {
    Encoding::before_text(out, key.size);
    write_bytes(out, key.first, key.size);
    Encoding::after_string(out);
  }
  template <class Out>
  KVSPEC_EXEC void write_bytes(Out& out, std::uint64_t first, std::uint32_t count) const {
    for (std::uint32_t i = 0; i < count; ++i) out.put(arrays.bytes[first + i], 1);
  }
};

}  // namespace kvspec::cuda
