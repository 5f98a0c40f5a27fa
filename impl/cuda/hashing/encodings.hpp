// The encodings of a block, piece by piece: what is in front of the tokens, a token, what is behind them. Each piece is
// put into anything with put(value, bytes), at most 8 at once. [HASH-02, HASH-03]
//
// Tokens of 32 bits have a way of their own, straight into memory: nearly all of them take 3 or 5 bytes, and there is
// no branch between the two.
//
// Blocks whose encoding reaches 64 KiB are not encoded here: then all of a pickle is one frame. [HASH-05, DEVICE-06]
#pragma once

#include <cstdint>

#include "impl/cuda/hashing/message.hpp"
#include "impl/cuda/hashing/sha256.hpp"
#include "spec/execution.hpp"
#include "spec/vocabulary.hpp"

namespace kvspec::cuda {

// Canonical CBOR.
struct CborEncoding {
  // In bytes.
  static constexpr std::uint32_t parent_at = 3;      // what is in front of a parent of 32 bytes
  static constexpr std::uint32_t around_tokens = 3;  // at most, between it and fewer than 256 tokens, and behind them
  static constexpr std::uint32_t longest_token = 9;
  static constexpr std::uint32_t longest_narrow_token = 5;  // of 32 bits
  static constexpr std::uint32_t outside_frame = 0;         // there is no frame

  // What stands in front of the parent's digest.
  template <class Out>
  static KVSPEC_EXEC void before_parent(Out& out, std::uint32_t, std::uint32_t parent_size) {
    out.put(0x83, 1);
    head(out, byte_string, parent_size);
  }
  template <class Out>
  static KVSPEC_EXEC void before_tokens(Out& out, std::uint32_t num_tokens) {
    head(out, array, num_tokens);
  }
  static KVSPEC_EXEC void token(Bytes& out, std::int32_t value) {
    if (value < 0x100) return rare_token(out, value);
    const std::uint32_t n = static_cast<std::uint32_t>(value);
    const bool is_wide = n > 0xffff;
    out.put_most_significant_first(is_wide ? 0x1a : 0x19, n, is_wide);
  }
  template <class Out>
  static KVSPEC_EXEC void token(Out& out, Token value) {
    const bool is_negative = value < 0;
    const std::uint64_t number = static_cast<std::uint64_t>(is_negative ? -1 - value : value);
    head(out, is_negative ? negative : positive, number);
  }
  template <class Out>
  static KVSPEC_EXEC void after_tokens(Out&, std::uint32_t) {}
  template <class Out>
  static KVSPEC_EXEC void no_keys(Out& out) {
    out.put(0xf6, 1);
  }
  template <class Out>
  static KVSPEC_EXEC void after_keys(Out&) {}

  // For extra keys: a tuple, a text's or byte string's head and what follows its bytes.
  template <class Out>
  static KVSPEC_EXEC void open_tuple(Out& out, std::uint32_t size) {
    head(out, array, size);
  }
  template <class Out>
  static KVSPEC_EXEC void close_tuple(Out&, std::uint32_t) {}
  template <class Out>
  static KVSPEC_EXEC void before_text(Out& out, std::uint32_t size) {
    head(out, text_string, size);
  }
  template <class Out>
  static KVSPEC_EXEC void before_bytes(Out& out, std::uint32_t size) {
    head(out, byte_string, size);
  }
  template <class Out>
  static KVSPEC_EXEC void after_string(Out&) {}

 private:
  static constexpr std::uint32_t positive = 0x00;
  static constexpr std::uint32_t negative = 0x20;
  static constexpr std::uint32_t byte_string = 0x40;
  static constexpr std::uint32_t text_string = 0x60;
  static constexpr std::uint32_t array = 0x80;

  // One that is negative or takes 1 or 2 bytes.
  static KVSPEC_EXEC void rare_token(Bytes& out, std::int32_t value) {
    const std::uint32_t major = value < 0 ? negative : positive;
    const std::uint32_t n = static_cast<std::uint32_t>(value < 0 ? -1 - value : value);
    if (n < 24) {
      out.put(major | n, 1);
    } else if (n <= 0xff) {
      out.put((major | 0x18) << 8 | n, 2);
    } else {
      out.put_most_significant_first(major | (n > 0xffff ? 0x1a : 0x19), n, n > 0xffff);
    }
  }

  // 0 .. 23 in the head itself, then a head and 1, 2, 4 or 8 bytes, most significant first.
  template <class Out>
  static KVSPEC_EXEC void head(Out& out, std::uint32_t major, std::uint64_t number) {
    if (number <= 0xffffffff) {
      const std::uint32_t n = static_cast<std::uint32_t>(number);
      const std::uint32_t size = n < 24 ? 0 : n <= 0xff ? 1 : n <= 0xffff ? 2 : 4;
      const std::uint32_t first = n < 24 ? n : n <= 0xff ? 0x18 : n <= 0xffff ? 0x19 : 0x1a;
      out.put(std::uint64_t{major | first} << (8 * size) | (size == 0 ? 0 : n), 1 + size);
      return;
    }
    out.put(major | 0x1b, 1);
    out.put(number >> 32, 4);
    out.put(number & 0xffffffff, 4);
  }
};

// Pickle, protocol 5, in one frame.
struct PickleEncoding {
  static constexpr std::uint32_t parent_at = 13;
  static constexpr std::uint32_t around_tokens = 8;
  static constexpr std::uint32_t longest_token = 10;
  static constexpr std::uint32_t longest_narrow_token = 5;
  static constexpr std::uint32_t outside_frame = 11;  // the protocol and the frame's head

  template <class Out>
  static KVSPEC_EXEC void before_parent(Out& out, std::uint32_t frame_length, std::uint32_t parent_size) {
    out.put(0x800595, 3);
    out.put(bytes_swapped(frame_length), 4);
    out.put(0, 4);
    out.put('C', 1);
    out.put(parent_size, 1);
  }
  template <class Out>
  static KVSPEC_EXEC void before_tokens(Out& out, std::uint32_t num_tokens) {
    out.put(memoize, 1);
    open_tuple(out, num_tokens);
  }
  static KVSPEC_EXEC void token(Bytes& out, std::int32_t value) {
    const std::uint32_t n = static_cast<std::uint32_t>(value);
    if (n <= 0xff) return out.put('K' << 8 | n, 2);
    const bool is_wide = n > 0xffff;
    out.put_least_significant_first(is_wide ? 'J' : 'M', n, is_wide);
  }
  // BININT1, BININT2, BININT with 1, 2, 4 bytes, least significant first; LONG1 with as many as are needed.
  template <class Out>
  static KVSPEC_EXEC void token(Out& out, Token value) {
    if (value == static_cast<std::int32_t>(value)) {
      const std::uint32_t n = static_cast<std::uint32_t>(value);
      const std::uint32_t size = n <= 0xff ? 1 : n <= 0xffff ? 2 : 4;
      const std::uint32_t opcode = n <= 0xff ? 'K' : n <= 0xffff ? 'M' : 'J';
      out.put(std::uint64_t{opcode} << (8 * size) | bytes_swapped(n) >> (32 - 8 * size), 1 + size);
      return;
    }
    // A byte is left out when the one below it still has the sign.
    std::uint32_t size = 8;
    while (fits(value, size - 1)) --size;
    out.put(0x8a, 1);
    out.put(size, 1);
    for (std::uint32_t i = 0; i < size; ++i) out.put(static_cast<std::uint64_t>(value) >> (8 * i) & 0xff, 1);
  }
  template <class Out>
  static KVSPEC_EXEC void after_tokens(Out& out, std::uint32_t num_tokens) {
    close_tuple(out, num_tokens);
  }
  template <class Out>
  static KVSPEC_EXEC void no_keys(Out& out) {
    out.put('N', 1);
  }
  template <class Out>
  static KVSPEC_EXEC void after_keys(Out& out) {
    out.put(std::uint64_t{0x87} << 16 | memoize << 8 | '.', 3);
  }

  template <class Out>
  static KVSPEC_EXEC void open_tuple(Out& out, std::uint32_t size) {
    if (size > 3) out.put('(', 1);
  }
  template <class Out>
  static KVSPEC_EXEC void close_tuple(Out& out, std::uint32_t size) {
    const std::uint32_t opcode = size > 3 ? 't' : 0x84 + size;
    out.put(std::uint64_t{opcode} << 8 | memoize, 2);
  }
  template <class Out>
  static KVSPEC_EXEC void before_text(Out& out, std::uint32_t size) {
    if (size <= 0xff) {
      out.put(std::uint64_t{0x8c} << 8 | size, 2);
    } else {
      out.put(std::uint64_t{'X'} << 32 | bytes_swapped(size), 5);
    }
  }
  template <class Out>
  static KVSPEC_EXEC void before_bytes(Out& out, std::uint32_t size) {
    out.put(std::uint64_t{'C'} << 8 | size, 2);
  }
  template <class Out>
  static KVSPEC_EXEC void after_string(Out& out) {
    out.put(memoize, 1);
  }

 private:
  static constexpr std::uint64_t memoize = 0x94;

  static KVSPEC_EXEC bool fits(Token value, std::uint32_t bytes) {
    const std::uint32_t shift = 64 - 8 * bytes;
    return static_cast<Token>(static_cast<std::uint64_t>(value) << shift) >> shift == value;
  }
};

}  // namespace kvspec::cuda
