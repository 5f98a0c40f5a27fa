// The canonical CBOR (RFC 8949, 4.2.1) of a block's content and of a seed, byte for byte what Python's
// cbor2.dumps(x, canonical=True) writes. [HASH-02]
//
// Every item starts with a head: three bits of major type and an argument, which is a value or a length, in the
// fewest bytes that hold it. A sink is anything with update(std::uint8_t); SHA-256 is one, so no buffer is needed.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "model/hashing/block_content.hpp"
#include "spec/execution.hpp"
#include "spec/vocabulary.hpp"

namespace kvspec::model {

// Writes items. The functions below which most bytes pass stay out of line, which costs a host nothing and saves a
// device compiler most of its work.
template <class Sink>
class CborWriter {
 public:
  KVSPEC_EXEC constexpr explicit CborWriter(Sink& sink) : sink_(sink) {}

  [[gnu::noinline]] KVSPEC_EXEC constexpr void save(std::int64_t value) {
    // A negative integer n is written as -1 - n, which is the complement of its two's complement bits.
    const std::uint64_t bits = static_cast<std::uint64_t>(value);
    if (value >= 0) {
      head(Major::unsigned_integer, bits);
    } else {
      head(Major::negative_integer, ~bits);
    }
  }
  [[gnu::noinline]] KVSPEC_EXEC constexpr void save(std::string_view text) {
    head(Major::text, text.size());
    for (const char c : text) sink_.update(static_cast<std::uint8_t>(c));
  }
  [[gnu::noinline]] KVSPEC_EXEC constexpr void save(const Digest& digest) {
    head(Major::bytes, digest.size);
    for (const std::uint8_t byte : digest) sink_.update(byte);
  }
  KVSPEC_EXEC constexpr void save(std::span<const Token> tokens) {
    head(Major::array, tokens.size());
    for (const Token token : tokens) save(token);
  }
  template <class S>
  KVSPEC_EXEC constexpr void save(const ExtraKey<S>& key) {
    switch (key.kind) {
      case ExtraKeyKind::text:
        return save(std::string_view(key.text));
      case ExtraKeyKind::lora:
        return save_tagged("lora", key.text);
      case ExtraKeyKind::salt:
        return save_tagged("salt", key.text);
      case ExtraKeyKind::item:
        head(Major::array, 2);
        save(std::string_view(key.text));
        return save(key.offset);
      case ExtraKeyKind::digest:
        return save(key.digest);
    }
  }
  template <class S>
  KVSPEC_EXEC constexpr void save(const BlockContent<S>& content) {
    head(Major::array, 3);
    save(content.parent);
    save(content.tokens);
    if (content.keys.empty()) {
      head(Major::simple, null_value);
      return;
    }
    head(Major::array, content.keys.size());
    for (const ExtraKey<S>& key : content.keys) save(key);
  }

 private:
  enum class Major : std::uint8_t {
    unsigned_integer = 0,
    negative_integer = 1,
    bytes = 2,
    text = 3,
    array = 4,
    simple = 7,
  };
  static constexpr std::uint64_t null_value = 22;  // of the simple values; Python's None

  // The pair of a tag and a text. [HASH-06]
  KVSPEC_EXEC constexpr void save_tagged(std::string_view tag, std::string_view text) {
    head(Major::array, 2);
    save(tag);
    save(text);
  }
  KVSPEC_EXEC constexpr void head(Major major, std::uint64_t argument) {
    if (argument < 24) return head_bytes(major, static_cast<std::uint8_t>(argument), 0, argument);
    if (argument <= 0xff) return head_bytes(major, 24, 1, argument);
    if (argument <= 0xffff) return head_bytes(major, 25, 2, argument);
    if (argument <= 0xffff'ffff) return head_bytes(major, 26, 4, argument);
    return head_bytes(major, 27, 8, argument);
  }
  // The first byte, with `information` in its low five bits, and `count` big-endian bytes of the argument.
  KVSPEC_EXEC constexpr void head_bytes(Major major, std::uint8_t information, int count, std::uint64_t argument) {
    sink_.update(static_cast<std::uint8_t>(static_cast<std::uint8_t>(major) << 5 | information));
    for (int i = count - 1; i >= 0; --i) sink_.update(static_cast<std::uint8_t>(argument >> (8 * i)));
  }

  Sink& sink_;
};

// Writes a BlockContent<S> or a std::string_view.
template <class Sink, class Value>
KVSPEC_EXEC constexpr void encode_cbor(Sink& sink, const Value& value) {
  CborWriter<Sink>(sink).save(value);
}

}  // namespace kvspec::model
