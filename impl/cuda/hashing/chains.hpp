// The kernels' bodies that hash chains of blocks: one thread per chain, since each block waits for the one before it.
// [HASH-01]
//
// Plain chains are the many, and their body is arranged for a warp, whose threads have to compress together, as that is
// what takes the time. Their messages differ in length, and a thread whose message takes one compression more must not
// keep the others waiting. So a thread has two messages in its scratch memory, the one that it compresses and the next:
// what is encoded does not depend on the parent's digest, which is in front of it and comes in from registers. In a
// round all threads whose next message is missing encode it, and then all compress twice, whatever is at hand; one that
// has done with a message goes on with the next. There is one copy of the compression, as several would not fit in the
// instruction cache. All other chains are hashed one message after another.
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
  std::uint64_t first_token = 0;     // of the narrow tokens when the chain is plain; then a multiple of tokens_at_once
  std::uint64_t first_digest = 0;    // where the digests go
  std::uint64_t first_key_list = 0;  // of chains that are not plain: one list per block
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

// Tokens as nearly all are: in 32 bits, read four at a time. Chains of blocks of such tokens are plain when the blocks
// have no extra keys, tokens in fours but not too many, and a parent of 32 bytes.
using NarrowToken = std::int32_t;
inline constexpr std::uint32_t most_plain_tokens = 64;  // per block; of more, too few threads share the shared memory
static_assert(most_plain_tokens < 256, "what the encodings say of what is around tokens");
inline constexpr std::uint32_t tokens_at_once = 4;
struct alignas(16) FourTokens {
  NarrowToken tokens[tokens_at_once];
};

struct ChainArrays {
  const Token* tokens = nullptr;
  const NarrowToken* narrow_tokens = nullptr;
  const Chain* chains = nullptr;
  const KeyList* key_lists = nullptr;
  const Key* keys = nullptr;
  const std::uint8_t* bytes = nullptr;
  DigestWords* digests = nullptr;
  Sha256State mask{};            // the bits of a digest that are kept [HASH-13]
  std::uint32_t block_size = 1;  // tokens
};

namespace detail {

KVSPEC_EXEC inline void keep_bits(Sha256State& state, const Sha256State& mask) {
  KVSPEC_UNROLL
  for (unsigned i = 0; i < 8; ++i) state.words[i] &= mask.words[i];
}
KVSPEC_EXEC inline DigestWords digest_of(const Sha256State& state) {
  DigestWords digest;
  KVSPEC_UNROLL
  for (unsigned i = 0; i < 8; ++i) digest.words[i] = bytes_swapped(state.words[i]);
  return digest;
}
KVSPEC_EXEC inline Sha256State state_of(const DigestWords& digest) {
  Sha256State state;
  KVSPEC_UNROLL
  for (unsigned i = 0; i < 8; ++i) state.words[i] = bytes_swapped(digest.words[i]);
  return state;
}

}  // namespace detail

// A plain chain.
template <class Encoding>
class HashPlainChain {
 public:
  // Precondition: the blocks have at most most_plain_tokens.
  explicit HashPlainChain(const ChainArrays& arrays) : arrays_(arrays), message_words_(words_of_message()) {}

  std::uint32_t scratch_words() const { return 2 * message_words_; }

  KVSPEC_EXEC void operator()(std::uint64_t i, std::uint32_t* scratch) const {
    const Chain chain = arrays_.chains[i];
    TokenQueue tokens(arrays_.narrow_tokens + chain.first_token, std::uint64_t{chain.num_blocks} * arrays_.block_size);
    DigestWords* const digests = arrays_.digests + chain.first_digest;
    Sha256State state = detail::state_of(chain.parent);
    std::uint32_t num_encoded = 0;  // messages; those with odd numbers lie behind those with even ones
    std::uint32_t num_begun = 0;    // of them, at most one fewer
    std::uint32_t next_size = 0;    // bytes of the last message encoded
    std::uint32_t size = 0;         // of the last one begun
    std::uint32_t num_done = 0;     // its compressions, of
    std::uint32_t num_needed = 0;
    while (num_begun < chain.num_blocks || num_done < num_needed) {
      if (num_encoded < chain.num_blocks && num_encoded == num_begun) {
        next_size = encode(tokens, scratch + (num_encoded % 2) * message_words_);
        ++num_encoded;
      }
      KVSPEC_NO_UNROLL
      for (int turn = 0; turn < compressions_per_round; ++turn) {
        if (num_done == num_needed && num_begun < num_encoded) {
          size = next_size;
          num_needed = compressions_of(size);
          num_done = 0;
          ++num_begun;
        }
        if (num_done == num_needed) continue;
        const std::uint32_t* const words = scratch + ((num_begun + 1) % 2) * message_words_;
        std::uint32_t block[16];
        if (num_done == 0) {
          FirstWords first(block);
          Encoding::before_parent(first, size - Encoding::outside_frame, 32);
          KVSPEC_UNROLL
          for (const std::uint32_t word : state.words) first.put(word, 4);
          state = initial_state();
        } else {
          KVSPEC_UNROLL
          for (std::uint32_t w = 0; w < first_word; ++w) {
            block[w] = bytes_swapped(words[16 * num_done + w - first_word]);
          }
          block[first_word] = 0;
        }
        block[first_word] |= bytes_swapped(words[16 * num_done]);
        KVSPEC_UNROLL
        for (std::uint32_t w = first_word + 1; w < 15; ++w) {
          block[w] = bytes_swapped(words[16 * num_done + w - first_word]);
        }
        ++num_done;
        block[15] = num_done == num_needed ? 8 * size : bytes_swapped(words[16 * num_done - 1 - first_word]);
        compress(state, block);
        if (num_done == num_needed) {
          detail::keep_bits(state, arrays_.mask);
          digests[num_begun - 1] = detail::digest_of(state);
        }
      }
    }
  }

 private:
  // The word of a message in which the parent ends and what is in scratch memory begins.
  static constexpr std::uint32_t first_word = (Encoding::parent_at + 32) / 4;
  static constexpr std::uint32_t bytes_of_parent = (Encoding::parent_at + 32) % 4;  // of that word
  // What a message of 16 tokens of a vocabulary takes: always in CBOR, four times in five in pickle.
  static constexpr int compressions_per_round = 2;

  // The tokens of a chain, some of them read ahead: while a message is compressed the tokens of the next arrive.
  class TokenQueue {
   public:
    KVSPEC_EXEC TokenQueue(const NarrowToken* tokens, std::uint64_t count)
        : next_(reinterpret_cast<const FourTokens*>(tokens)), end_(next_ + count / tokens_at_once) {
      KVSPEC_UNROLL
      for (FourTokens& four : ahead_) read(four);
    }
    KVSPEC_EXEC FourTokens pop() {
      const FourTokens first = ahead_[0];
      KVSPEC_UNROLL
      for (std::uint32_t i = 1; i < fours_ahead; ++i) ahead_[i - 1] = ahead_[i];
      read(ahead_[fours_ahead - 1]);
      return first;
    }

   private:
    static constexpr std::uint32_t fours_ahead = 2;

    KVSPEC_EXEC void read(FourTokens& four) {
      if (next_ != end_) four = *next_++;
    }

    const FourTokens* next_;
    const FourTokens* end_;
    FourTokens ahead_[fours_ahead]{};
  };

  // The last word of a message, its length, is never stored.
  std::uint32_t words_of_message() const {
    const std::uint32_t tokens = arrays_.block_size * Encoding::longest_narrow_token;
    return 16 * compressions_of(Encoding::parent_at + 32 + tokens + Encoding::around_tokens) - 1 - first_word;
  }

  // Encodes what follows the parent in the next message, and the mark behind it, in the words of the message, whose
  // bytes are in memory order. The size of the whole message, without the mark.
  KVSPEC_EXEC std::uint32_t encode(TokenQueue& tokens, std::uint32_t* words) const {
    for (std::uint32_t w = 0; w < message_words_; ++w) words[w] = 0;
    std::uint8_t* const begin = reinterpret_cast<std::uint8_t*>(words);
    Bytes out(begin + bytes_of_parent);
    Encoding::before_tokens(out, arrays_.block_size);
    for (std::uint32_t i = 0; i < arrays_.block_size; i += tokens_at_once) {
      const FourTokens four = tokens.pop();
      KVSPEC_UNROLL
      for (const NarrowToken token : four.tokens) Encoding::token(out, token);
    }
    Encoding::after_tokens(out, arrays_.block_size);
    Encoding::no_keys(out);
    Encoding::after_keys(out);
    out.put(0x80, 1);
    return 4 * first_word + static_cast<std::uint32_t>(out.end() - begin) - 1;
  }

  ChainArrays arrays_;
  std::uint32_t message_words_;  // of the part of a message that lies in scratch memory
};

// Any other chain.
template <class Encoding>
struct HashChain {
  static constexpr std::uint32_t scratch_words = hashed_message_words;

  ChainArrays arrays;

  KVSPEC_EXEC void operator()(std::uint64_t i, std::uint32_t* scratch) const {
    const Chain& chain = arrays.chains[i];
    Sha256State parent = detail::state_of(chain.parent);
    std::uint32_t parent_size = chain.parent_size;
    for (std::uint32_t block = 0; block < chain.num_blocks; ++block) {
      const Token* tokens = arrays.tokens + chain.first_token + std::uint64_t{block} * arrays.block_size;
      const KeyList keys = arrays.key_lists[chain.first_key_list + block];
      std::uint32_t frame_length = 0;
      if constexpr (Encoding::outside_frame > 0) {
        MessageLength length;
        write(length, tokens, parent, parent_size, keys, 0);
        frame_length = length.size() - Encoding::outside_frame;
      }
      HashedMessage message(scratch);
      write(message, tokens, parent, parent_size, keys, frame_length);
      parent = message.finish();
      parent_size = 32;
      detail::keep_bits(parent, arrays.mask);
      arrays.digests[chain.first_digest + block] = detail::digest_of(parent);
    }
  }

 private:
  template <class Out>
  KVSPEC_EXEC void write(Out& out, const Token* tokens, const Sha256State& parent, std::uint32_t parent_size,
                         KeyList keys, std::uint32_t frame_length) const {
    Encoding::before_parent(out, frame_length, parent_size);
    for (std::uint32_t i = 0; i < parent_size / 4; ++i) out.put(parent.words[i], 4);
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
